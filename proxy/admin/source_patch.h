/* source_patch.h - edits made here, as a patch against the source's own files.
 *
 * Layer:  admin.
 * Owner:  the answer lies in the caller's arena.
 * Thread: control's.
 */
#pragma once

#include "base/span.h"

struct conf_arena;
struct keeper;
struct source_tree;

/* A unified diff that `git apply` takes; empty when nothing was edited. SPAN_NONE: memory is out, or the store does not answer. */
struct span source_patch_make(struct keeper *k, struct span source, const struct source_tree *tree, struct conf_arena *arena);
