/* buf.c - chunks: buffers of two sizes, each with its memory right behind its header.
 *
 * Layer:  base.
 * Bounds: the two counts given to buf_pool_open.
 * Thread: one.
 */
#include "base/buf.h"

#include "base/limits.h"

static const uint32_t chunk_bytes[BUF_SIZES_N] = { [BUF_SMALL] = BUF_SMALL_BYTES, [BUF_LARGE] = BUF_LARGE_BYTES };

STATIC_MUST(sizeof(struct buf) % 8 == 0, "memory behind a chunk's header must be aligned");

static void chunk_give(struct buf *b)
{
    pool_give(b->home, b);
}

enum why buf_pool_open(struct buf_pool *p, uint32_t small_max, uint32_t large_max)
{
    enum why why;

    why = pool_open(&p->_pool[BUF_SMALL], "buffers-small", sizeof(struct buf) + BUF_SMALL_BYTES, small_max);
    if (why != WHY_OK)
        return why;
    why = pool_open(&p->_pool[BUF_LARGE], "buffers-large", sizeof(struct buf) + BUF_LARGE_BYTES, large_max);
    if (why != WHY_OK)
        pool_close(&p->_pool[BUF_SMALL]);
    return why;
}

void buf_pool_close(struct buf_pool *p)
{
    for (unsigned size = 0; size < BUF_SIZES_N; size++)
        pool_close(&p->_pool[size]);
}

struct buf *buf_take(struct buf_pool *p, enum buf_size size)
{
    struct buf *b;

    MUST((unsigned)size < BUF_SIZES_N);
    b = pool_take_dirty(&p->_pool[size]);
    if (b == NULL)
        return NULL;
    *b = (struct buf){
        .mem = (uint8_t *)(b + 1),
        .bytes = chunk_bytes[size],
        .refs = 1,
        .id = (uint32_t)size,
        .home = &p->_pool[size],
        .on_free = chunk_give,
    };
    return b;
}

uint32_t buf_pool_live_n(const struct buf_pool *p)
{
    return p->_pool[BUF_SMALL].live_n + p->_pool[BUF_LARGE].live_n;
}
