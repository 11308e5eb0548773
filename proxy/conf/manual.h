/* manual.h - the page of a kind in the reference manual, as Markdown, generated from its tables. There is no other one.
 *
 * Layer:  conf.
 */
#pragma once

#include "base/span.h"

struct conf_arena;
struct kind;

/* What it is, an example, a table of fields for each group, what was removed and what to write instead.
 * SPAN_NONE with arena->is_full when memory is out. */
struct span manual_page(const struct kind *kind, struct conf_arena *arena);
/* One line a kind: name, what it is, whether this version enforces it. */
struct span manual_index(struct conf_arena *arena);
