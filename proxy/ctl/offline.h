/* offline.h - documents of -f as a candidate, for what needs no gateway.
 *
 * Layer:  ctl.
 * Owner:  the caller closes what was opened.
 */
#pragma once

#include <stdbool.h>

#include "base/must.h"
#include "ctl/files.h"

struct candidate;
struct conf_document;
struct ctl;
struct snapshot;

struct offline {
    struct files      files;
    struct candidate *candidate;
    struct snapshot  *snapshot;  /* after offline_compile */
};

/* Read and filled; ctl->diag has what is wrong so far. false: nothing can be asked. offline_close in every outcome. */
MUST_CHECK bool offline_open(struct ctl *ctl, struct offline *out);
/* The same of one path that is no -f. */
MUST_CHECK bool offline_open_path(struct ctl *ctl, const char *path, struct offline *out);
/* false: ctl->diag has errors. */
MUST_CHECK bool offline_compile(struct ctl *ctl, struct offline *o);
void offline_close(struct offline *o);
/* All documents by kind (in the order of kind_list), mesh and name; NULL as io begins with and at the end. */
struct conf_document *offline_next(const struct offline *o, const struct conf_document *doc);
