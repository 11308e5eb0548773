/* host_index.h - host name -> position of the most specific pattern, at a cost that does not grow with their number.
 *
 * Layer:  conf. Immutable after building, inside a snapshot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"

struct conf_arena;
struct host_index;

enum { HOST_NONE = -1, HOST_BYTES_MAX = 255 };

/* patterns: "x", "*.x", "*" or "", lower case, each once. NULL: the arena is full. */
MUST_CHECK const struct host_index *host_index_build(struct conf_arena *arena, const struct span *patterns, uint32_t n);
/* Position of the pattern that serves host (no port, any case, one dot at the end forgiven), or HOST_NONE. "x" beats "*.x",
 * a longer "*.x" a shorter one, which beats "*". "*.x" serves a.x and b.a.x, not x (Gateway API). */
int32_t host_index_find(const struct host_index *index, struct span host);
/* Position of the pattern itself, or of the most specific one above it; HOST_NONE when nothing covers it. */
int32_t host_index_cover(const struct host_index *index, struct span pattern);
/* Position of the most specific pattern above this one, itself left out; HOST_NONE when there is none. */
int32_t host_index_above(const struct host_index *index, struct span pattern);

bool host_is_any(struct span pattern);
bool host_is_wildcard(struct span pattern);
/* Does the pattern serve everything that narrow serves? */
bool host_covers(struct span pattern, struct span narrow);
/* Most specific first: names, then wildcards, then any; longer before shorter; then by alphabet, so that equal ones meet. */
int host_order(struct span a, struct span b);
