/* arena.c - bump allocation in chunks.
 *
 * Layer:  base.
 * Bounds: bytes_max of what was given out; one allocation fits a large chunk.
 * Thread: one.
 */
#include "base/arena.h"

#include <string.h>

#include "base/limits.h"

/* A chunk starts with the pointer to the chunk taken before it. */
enum { LINK_BYTES = 8 };
STATIC_MUST(sizeof(struct buf *) <= LINK_BYTES, "the link must fit");

static struct buf *next_of(const struct buf *b)
{
    struct buf *next;

    memcpy(&next, b->mem, sizeof next);
    return next;
}

void arena_init(struct arena *a, struct buf_pool *bufs, uint32_t bytes_max)
{
    *a = (struct arena){ ._bufs = bufs, .bytes_max = bytes_max };
}

void arena_fini(struct arena *a)
{
    while (a->_first != NULL) {
        struct buf *b = a->_first;
        a->_first = next_of(b);
        buf_drop(b);
    }
    arena_init(a, a->_bufs, a->bytes_max);
}

static void *refuse(struct arena *a)
{
    a->is_full = true;
    return NULL;
}

/* From a new chunk, which becomes the current one unless less would be left in it than in the old. */
static void *take_in_new(struct arena *a, size_t bytes)
{
    enum buf_size size = bytes <= BUF_SMALL_BYTES - LINK_BYTES ? BUF_SMALL : BUF_LARGE;
    struct buf   *b = buf_take(a->_bufs, size);
    uint8_t      *at, *end;

    if (b == NULL)
        return refuse(a);
    memcpy(b->mem, &a->_first, sizeof a->_first);
    a->_first = b;
    at = b->mem + LINK_BYTES;
    end = b->mem + b->bytes;
    a->bytes += (uint32_t)bytes;
    if (end - (at + bytes) >= a->_end - a->_at) {
        a->_at = at + bytes;
        a->_end = end;
    }
    return at;
}

void *arena_take(struct arena *a, size_t bytes)
{
    size_t pad = (size_t)(0 - (uintptr_t)a->_at) & 7;

    if (bytes > BUF_LARGE_BYTES - 64 || bytes + pad > a->bytes_max - a->bytes)
        return refuse(a);
    if (a->_at == NULL || bytes + pad > (size_t)(a->_end - a->_at))
        return take_in_new(a, bytes);
    uint8_t *at = a->_at + pad;
    a->_at = at + bytes;
    a->bytes += (uint32_t)(bytes + pad);
    return at;
}

struct span arena_copy(struct arena *a, struct span s)
{
    void *at;

    if (s.len == 0)
        return SPAN_LIT("");
    at = arena_take(a, s.len);
    if (at == NULL)
        return SPAN_NONE;
    memcpy(at, s.at, s.len);
    return span_of(at, s.len);
}

struct span arena_append(struct arena *a, struct span prev, struct span more)
{
    uint8_t *at;

    if (prev.len == 0)
        return arena_copy(a, more);
    if (more.len == 0)
        return prev;
    if (prev.at + prev.len == a->_at && more.len <= (size_t)(a->_end - a->_at) &&
        more.len <= a->bytes_max - a->bytes) {
        memcpy(a->_at, more.at, more.len);
        a->_at += more.len;
        a->bytes += (uint32_t)more.len;
        return span_of(prev.at, prev.len + more.len);
    }
    /* Each is at most what fits in memory, so the sum cannot wrap; arena_take refuses what is too long. */
    at = arena_take(a, prev.len + more.len);
    if (at == NULL)
        return SPAN_NONE;
    memcpy(at, prev.at, prev.len);
    memcpy(at + prev.len, more.at, more.len);
    return span_of(at, prev.len + more.len);
}
