/* buf.h - reference-counted memory that bytes land in and are sent from.
 *
 * Layer:  base.
 * Owner:  whoever holds a reference. Two makers: a buf_pool (chunks that we fill) and the ring
 *         (buffers that the kernel fills); both get theirs back at the last drop.
 * Thread: one. References never leave the worker, so they are plain integers.
 */
#pragma once

#include <stdint.h>

#include "base/must.h"
#include "base/pool.h"

struct buf;

/* Called at the last drop; home is whatever the maker put there. */
typedef void buf_free_fn(struct buf *b);

struct buf {
    uint8_t     *mem;
    uint32_t     bytes;    /* size of mem                                  */
    uint32_t     refs;
    uint32_t     used;     /* chunks: bytes filled from the front, so that  */
                           /* the last writer may go on behind them         */
    uint32_t     id;       /* maker's own number                           */
    void        *home;     /* maker                                        */
    buf_free_fn *on_free;
};

static inline void buf_hold(struct buf *b)
{
    MUST(b->refs > 0);
    b->refs++;
}

static inline void buf_drop(struct buf *b)
{
    MUST(b->refs > 0);
    if (--b->refs == 0)
        b->on_free(b);
}

/* Two sizes of chunk: small for heads and small bodies, large for records and bulk copies. */
enum buf_size {
    BUF_SMALL = 0, /* BUF_SMALL_BYTES of limits.h */
    BUF_LARGE,     /* BUF_LARGE_BYTES             */
    BUF_SIZES_N
};

struct buf_pool {
    struct pool _pool[BUF_SIZES_N]; /* struct buf with its memory right behind it */
};

MUST_CHECK enum why buf_pool_open(struct buf_pool *p, uint32_t small_max, uint32_t large_max);
void buf_pool_close(struct buf_pool *p);
/* One reference, used == 0, contents not zeroed; NULL when all are out. */
MUST_CHECK struct buf *buf_take(struct buf_pool *p, enum buf_size size);
uint32_t buf_pool_live_n(const struct buf_pool *p);
