/* bufq.h - bytes in order, as a queue of pieces of buffers: moved between queues, not copied.
 *
 * Layer:  base.
 * Owner:  the queue holds one reference on each piece's buffer and one slot of the segment pool.
 * Bounds: bytes and segs are counted; callers keep them under their watermarks. Small appends go into the
 *         last chunk when there is room (BUFQ_COPY_BYTES_MAX), so a flood of tiny pieces cannot eat the segments, and
 *         a small piece never keeps a whole receive buffer from the kernel.
 * Thread: one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/span.h"
#include "base/why.h"

struct bufseg {
    struct bufseg *next;
    struct buf    *buf;
    uint8_t       *at;
    uint32_t       len;
};

struct bufq {
    struct bufseg *first, *last;
    uint32_t       bytes;
    uint32_t       segs;
};

/* What queues of one thread draw from. */
struct bufq_env {
    struct pool     segs;
    struct buf_pool bufs;
};

MUST_CHECK enum why bufq_env_open(struct bufq_env *env, uint32_t segs_max, uint32_t small_max, uint32_t large_max);
void bufq_env_close(struct bufq_env *env);

/* Append [at, at+len) of b. Takes over the caller's reference, in every outcome. Pieces of at most
 * BUFQ_COPY_BYTES_MAX are copied behind the last chunk (or into a new small one) and b is dropped at once, unless
 * the piece lies right behind the last one in the same buffer: then that one grows.
 * Errors: WHY_POOL_BUFFER_EMPTY, the queue is as before. */
MUST_CHECK enum why bufq_push_buf(struct bufq_env *env, struct bufq *q, struct buf *b, uint8_t *at, uint32_t len);
/* Append a copy of bytes, filling the last chunk first. All or nothing. Errors: WHY_POOL_BUFFER_EMPTY. */
MUST_CHECK enum why bufq_push_copy(struct bufq_env *env, struct bufq *q, struct span bytes);
/* Room for at least want bytes (<= BUF_LARGE_BYTES) in one piece behind the end, to be written by the caller and then
 * accepted with bufq_commit; NULL when the pool is empty. */
MUST_CHECK uint8_t *bufq_reserve(struct bufq_env *env, struct bufq *q, uint32_t want, uint32_t *out_room);
/* Pre: len <= room. Nothing else was done to q since the reserve. 0 is allowed: the room goes back with the next eat,
 * push or clear. */
void bufq_commit(struct bufq *q, uint32_t len);
/* Copy small pieces that lie in buffers of the ring into chunks, so that a peer that sends half a head and then nothing
 * keeps 4 KiB and not a receive buffer. For queues that will wait. Errors: WHY_POOL_BUFFER_EMPTY, bytes as before. */
MUST_CHECK enum why bufq_settle(struct bufq_env *env, struct bufq *q);
/* Move up to max bytes from one queue to another: whole pieces by relinking them, a split piece by holding its buffer
 * twice. Small ones are copied when there is room behind the last chunk of to; a small part of a piece always is.
 * Errors: WHY_POOL_BUFFER_EMPTY, with a prefix possibly moved. */
MUST_CHECK enum why bufq_move(struct bufq_env *env, struct bufq *from, struct bufq *to, uint32_t max);
/* Drop len bytes from the front. Pre: len <= q->bytes. */
void bufq_eat(struct bufq_env *env, struct bufq *q, uint32_t len);
/* The first piece as a span; empty when the queue is. */
struct span bufq_front(const struct bufq *q);
/* Fill up to iov_max entries with the front of the queue; answers how many, and their bytes in *out_bytes. */
unsigned bufq_iovec(const struct bufq *q, struct iovec *iov, unsigned iov_max, uint32_t *out_bytes);
/* Copy up to len bytes from the front into at without eating them; answers how many. */
uint32_t bufq_peek(const struct bufq *q, uint8_t *at, uint32_t len);
/* Drop everything. Accepts a zeroed queue. */
void bufq_clear(struct bufq_env *env, struct bufq *q);

static inline bool bufq_is_empty(const struct bufq *q)
{
    return q->bytes == 0;
}
