/* route_index.h - path -> the few routes that can match it, at a cost that does not grow with their number.
 *
 * Spec:   kuma-dialect.md 3.3 (precedence).
 * Layer:  conf. Immutable after building, inside a snapshot.
 *
 * Routes come sorted by precedence: all Exact paths, then prefixes, then regular expressions, then those without a path. A
 * lookup asks for the exact path (one hash), then for prefixes from the longest down (one hash for each *length* that
 * some prefix has and that ends at a segment of the path), then walks the rest. What it is given is in precedence order, so
 * the first route that matches in full is the one.
 */
#pragma once

#include <stdint.h>

#include "base/must.h"
#include "base/span.h"

struct conf_arena;
struct route;

/* Positions of routes with one path, ascending. */
struct route_bucket {
    struct span     path;
    const uint32_t *routes;
    uint32_t        routes_n;  /* 0: free slot */
    uint32_t        hash;
};

struct route_table {
    const struct route_bucket *slots;
    uint32_t slots_n;          /* power of two, at most half full; 0: no paths */
};

struct route_index {
    struct route_table exact, prefixes;
    uint32_t           exact_bytes_max;
    const uint16_t    *prefix_bytes; /* lengths that prefixes have, longest first */
    uint32_t           prefix_bytes_n;
    uint32_t           rest_first;   /* from here on: regular expressions, then no path */
};

/* Pre: routes are in precedence order. NULL: the arena is full. */
MUST_CHECK const struct route_index *route_index_build(struct conf_arena *arena, const struct route *routes, uint32_t n);
/* Routes of exactly that path, or NULL. */
const struct route_bucket *route_index_exact(const struct route_index *index, struct span path);
/* Next bucket of a prefix of path; *io_level starts at 0. NULL: no more. */
const struct route_bucket *route_index_prefix(const struct route_index *index, struct span path, uint32_t *io_level);
