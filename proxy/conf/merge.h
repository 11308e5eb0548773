/* merge.h - one configuration laid over another: trees of nodes in, a tree of nodes out, each node with the place it came from.
 *
 * Spec:   RFC 7396 (JSON merge patch); kuma-dialect.md 3.8.
 * Layer:  conf.
 * Owner:  results live in the arena and share the nodes of what went in, which stays as it is.
 *
 * Groups of fields merge field by field, a null takes a field out, everything else is replaced whole. A table, where there is one,
 * changes that for some of its rows: lists of is_appended rows are put one behind the other, groups of is_atomic rows and
 * references are replaced whole. Provenance needs nothing further: a leaf's file, line and column are those of its document.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

struct conf_arena;
struct field_row;
struct node;
struct object_table;

struct merge {
    struct conf_arena *arena;
    uint64_t           steps;   /* nodes looked at, since it was zero: what merging costs */
};

/* patch over base; base may be NULL, table as well. NULL: the arena is full. Post: no null is left in what patch brought. */
MUST_CHECK const struct node *merge_over(struct merge *m, const struct object_table *table, const struct node *base,
                                         const struct node *patch);
/* Do both say the same, wherever they say it? Fields of a group may stand in any order. Either may be NULL. */
bool merge_is_equal(const struct node *a, const struct node *b);
/* Is the value of such a row replaced whole? */
bool merge_is_whole(const struct field_row *row);
