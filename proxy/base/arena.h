/* arena.h - memory of one request: bump allocation, one cap, freed whole.
 *
 * Layer:  base.
 * Owner:  the request. Nothing in it may be pointed at from outside the request.
 * Bounds: bytes_max; past it (or with the pool empty) the arena is *full*, which sticks and is checked once a phase.
 * Thread: one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct arena {
    struct buf_pool *_bufs;
    struct buf      *_first;      /* newest block; blocks are chained through their first bytes */
    uint8_t         *_at, *_end;  /* free part of the newest block                             */
    uint32_t         bytes;       /* given out so far                                          */
    uint32_t         bytes_max;
    bool             is_full;     /* an allocation failed: answer WHY_ARENA_FULL                */
};

/* Takes no block yet. */
void arena_init(struct arena *a, struct buf_pool *bufs, uint32_t bytes_max);
/* Give all blocks back; accepts a zeroed arena. The arena is as after init. */
void arena_fini(struct arena *a);
/* 8-byte aligned, not zeroed, <= BUF_LARGE_BYTES - 64; NULL and is_full when there is no more. */
MUST_CHECK void *arena_take(struct arena *a, size_t bytes);
/* A copy of s (no terminator), or SPAN_NONE with is_full set. An empty s gives a non-NULL empty span. */
struct span arena_copy(struct arena *a, struct span s);
/* prev grown by more: in place when prev is the newest allocation, else copied. prev may be SPAN_NONE. */
struct span arena_append(struct arena *a, struct span prev, struct span more);
