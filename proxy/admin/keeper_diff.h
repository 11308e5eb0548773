/* keeper_diff.h - what two texts have not in common, line by line: generations compare documents by it, forgectl folders.
 *
 * Layer:  admin.
 * Owner:  the answer lies in the caller's arena.
 * Bounds: KEEPER_DIFF_CELLS_MAX.
 */
#pragma once

#include "base/span.h"

struct conf_arena;

/* Lines of both texts after " ", "-", "+". SPAN_NONE: memory is out. */
struct span keeper_lines(struct conf_arena *arena, struct span from, struct span to);
