/* memory.h - memory for what lives as long as its thread or a whole configuration: mapped, zeroed, never on a hot path.
 *
 * Layer:  base.
 * Owner:  whoever mapped it gives it back with the same size.
 */
#pragma once

#include <stddef.h>

#include "base/must.h"

/* Zeroed pages, or NULL when the kernel has none. */
MUST_CHECK void *memory_map(size_t bytes);
/* Accepts NULL. */
void memory_unmap(void *at, size_t bytes);
