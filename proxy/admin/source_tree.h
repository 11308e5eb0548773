/* source_tree.h - the documents' files of a source at one moment: read from a folder or an archive.
 *
 * Layer:  admin.
 * Owner:  whoever opened it; all of it lies in its arena.
 * Bounds: SOURCE_TREE_BYTES_MAX, KEEPER_CHANGE_TEXTS_MAX files, CONF_FILE_BYTES_MAX each, SOURCE_DEPTH_MAX folders deep.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "admin/keeper.h"
#include "base/must.h"
#include "base/span.h"
#include "base/why.h"

enum { SOURCE_REVISION_BYTES = 65 };

struct source_tree {
    struct conf_arena  *arena;         /* it lies in there itself */
    struct keeper_text *texts;         /* by name; names are relative to the source's top */
    uint32_t            texts_n;
    uint64_t            bytes;
    char                revision[SOURCE_REVISION_BYTES]; /* commit, or SHA-256 of names and contents */
    const char         *author, *reason;
};

/* NULL: memory is out. */
MUST_CHECK struct source_tree *source_tree_open(void);
/* Accepts NULL. */
void source_tree_close(struct source_tree *t);

/* *.yaml, *.yml and *.json below dir/path ("" for all). out_error: what is wrong and what to do. */
MUST_CHECK enum why source_tree_read_dir(struct source_tree *t, const char *dir, const char *path, char *out_error,
                                         uint32_t out_error_bytes);
/* ... of a tar archive, packed or not. strips: a Git host puts everything into one folder, whose name counts for nothing. */
MUST_CHECK enum why source_tree_read_archive(struct source_tree *t, struct span archive, const char *path, bool strips, char *out_error,
                                             uint32_t out_error_bytes);
