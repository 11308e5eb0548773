/* conf_arena.h - memory of one configuration: one reserved block, bump allocation, freed whole.
 *
 * Layer:  conf.
 * Owner:  a snapshot owns the one it lies in; a load owns a second one for the documents, dropped after compiling.
 * Bounds: bytes_max of address space; only what is touched becomes memory. Past it the arena is full, which sticks.
 * Thread: one while it grows; any after that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"

struct conf_arena {
    size_t bytes;        /* given out, this header included */
    size_t bytes_max;    /* reserved                        */
    bool   is_full;      /* something did not fit           */
};

/* NULL: the kernel has no address space to give. */
MUST_CHECK struct conf_arena *conf_arena_open(size_t bytes_max);
/* Accepts NULL. */
void conf_arena_close(struct conf_arena *a);
/* 16-byte aligned and zeroed; NULL and is_full when there is no more. bytes may be 0. */
MUST_CHECK void *conf_arena_take(struct conf_arena *a, size_t bytes);
/* count * size, refused when that overflows. */
MUST_CHECK void *conf_arena_array(struct conf_arena *a, size_t count, size_t size);
/* A copy with a terminating zero behind its end, or SPAN_NONE with is_full set. An empty s gives a non-NULL empty span. */
struct span conf_arena_copy(struct conf_arena *a, struct span s);
/* As printf; SPAN_NONE with is_full set when there is no more. */
struct span conf_arena_format(struct conf_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
