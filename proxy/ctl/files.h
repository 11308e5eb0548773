/* files.h - what stands behind -f: files, folders and standard input, read whole.
 *
 * Layer:  ctl.
 * Owner:  texts lie in ctl's arena.
 * Bounds: FILES_MAX files of CONF_FILE_BYTES_MAX each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct candidate;
struct ctl;

enum { FILES_MAX = 4096 };

struct files_item {
    const char *name;  /* as the operator wrote it: sentences begin with it */
    struct span text;
};

struct files {
    struct files_item *items;
    uint32_t           n;
    const char        *dir;  /* relative names of files that documents name start here */
};

/* All -f of the command line, a folder's *.yaml, *.yml and *.json in the order of their names. false: ctl->diag says why. */
bool files_read(struct ctl *ctl, struct files *out);
/* One path more: a file, a folder, "-". out begins with files_init. */
bool files_init(struct ctl *ctl, struct files *out);
bool files_add(struct ctl *ctl, struct files *out, const char *path);
/* A small file whole (a token, a certificate); NULL, or what is wrong with it. */
const char *files_slurp(struct ctl *ctl, const char *path, struct span *out);
