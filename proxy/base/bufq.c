/* bufq.c - queues of pieces: appending, moving, eating.
 *
 * Layer:  base.
 * Owner:  see bufq.h. A queue may end in one empty piece: room that was reserved and not yet committed.
 * Bounds: the pools of the env.
 * Thread: one.
 */
#include "base/bufq.h"

#include <string.h>

#include "base/limits.h"

enum why bufq_env_open(struct bufq_env *env, uint32_t segs_max, uint32_t small_max, uint32_t large_max)
{
    enum why why = pool_open(&env->segs, "segments", sizeof(struct bufseg), segs_max);

    if (why != WHY_OK)
        return why;
    why = buf_pool_open(&env->bufs, small_max, large_max);
    if (why != WHY_OK)
        pool_close(&env->segs);
    return why;
}

void bufq_env_close(struct bufq_env *env)
{
    pool_close(&env->segs);
    buf_pool_close(&env->bufs);
}

/* ---- pieces ---- */

static void link_last(struct bufq *q, struct bufseg *seg)
{
    seg->next = NULL;
    if (q->last != NULL)
        q->last->next = seg;
    else
        q->first = seg;
    q->last = seg;
    q->segs++;
    q->bytes += seg->len;
}

static struct bufseg *unlink_first(struct bufq *q)
{
    struct bufseg *seg = q->first;

    q->first = seg->next;
    if (q->first == NULL)
        q->last = NULL;
    q->segs--;
    q->bytes -= seg->len;
    return seg;
}

static void free_seg(struct bufq_env *env, struct bufseg *seg)
{
    buf_drop(seg->buf);
    pool_give(&env->segs, seg);
}

/* A new last piece on one reference of b, which passes to it in success only. */
static bool add_seg(struct bufq_env *env, struct bufq *q, struct buf *b, uint8_t *at, uint32_t len)
{
    struct bufseg *seg = pool_take_dirty(&env->segs);

    if (seg == NULL)
        return false;
    seg->buf = b;
    seg->at = at;
    seg->len = len;
    link_last(q, seg);
    return true;
}

/* The empty piece at the end becomes [at, at+len) of b; false when there is none. */
static bool reuse_reserved(struct bufq *q, struct buf *b, uint8_t *at, uint32_t len)
{
    struct bufseg *last = q->last;

    if (last == NULL || last->len != 0)
        return false;
    buf_drop(last->buf);
    last->buf = b;
    last->at = at;
    last->len = len;
    q->bytes += len;
    return true;
}

/* Bytes that can be written behind the last piece, because it ends where its chunk's filled part does. */
static uint32_t tail_room(const struct bufq *q)
{
    const struct bufseg *last = q->last;

    if (last == NULL || last->at + last->len != last->buf->mem + last->buf->used)
        return 0;
    return last->buf->bytes - last->buf->used;
}

static void tail_grow(struct bufq *q, uint32_t len)
{
    q->last->buf->used += len;
    q->last->len += len;
    q->bytes += len;
}

static void tail_write(struct bufq *q, const uint8_t *at, uint32_t len)
{
    memcpy(q->last->at + q->last->len, at, len);
    tail_grow(q, len);
}

/* A new empty chunk as the last piece, of a size that suits want; when that size is out, of the other one. */
static bool add_chunk(struct bufq_env *env, struct bufq *q, uint32_t want)
{
    enum buf_size size = want <= BUF_SMALL_BYTES ? BUF_SMALL : BUF_LARGE;
    struct buf   *b = buf_take(&env->bufs, size);

    if (b == NULL)
        b = buf_take(&env->bufs, size == BUF_SMALL ? BUF_LARGE : BUF_SMALL);
    if (b == NULL)
        return false;
    if (add_seg(env, q, b, b->mem, 0))
        return true;
    buf_drop(b);
    return false;
}

/* ---- appending ---- */

/* Append a piece on a reference that passes in success only. */
static enum why push_piece(struct bufq_env *env, struct bufq *q, struct buf *b, uint8_t *at, uint32_t len)
{
    if (reuse_reserved(q, b, at, len) || add_seg(env, q, b, at, len))
        return WHY_OK;
    return WHY_POOL_BUFFER_EMPTY;
}

/* [at, at+len) of b goes on right behind the last piece, in the same buffer. */
static bool goes_on(const struct bufq *q, const struct buf *b, const uint8_t *at)
{
    return q->last != NULL && q->last->buf == b && q->last->at + q->last->len == at;
}

enum why bufq_push_buf(struct bufq_env *env, struct bufq *q, struct buf *b, uint8_t *at, uint32_t len)
{
    enum why why = WHY_OK;

    MUST(at >= b->mem && len <= b->bytes && at + len <= b->mem + b->bytes);
    if (goes_on(q, b, at)) {
        q->last->len += len;
        q->bytes += len;
    } else if (len > BUFQ_COPY_BYTES_MAX) {
        why = push_piece(env, q, b, at, len);
        if (why == WHY_OK)
            return WHY_OK;
    } else {
        why = bufq_push_copy(env, q, span_of(at, len));
    }
    buf_drop(b);
    return why;
}

/* All or nothing for what does not fit behind the last piece: chunks are filled apart, and joined when all are there. */
static enum why push_rest(struct bufq_env *env, struct bufq *q, const uint8_t *at, uint32_t len, uint32_t room)
{
    struct bufq rest = { 0 };

    for (uint32_t done = room; done < len;) {
        if (!add_chunk(env, &rest, len - done)) {
            bufq_clear(env, &rest);
            return WHY_POOL_BUFFER_EMPTY;
        }
        uint32_t part = rest.last->buf->bytes;
        if (part > len - done)
            part = len - done;
        tail_write(&rest, at + done, part);
        done += part;
    }
    if (room > 0)
        tail_write(q, at, room);
    /* An empty reserved piece has room, so it has taken some and is not empty now. */
    MUST(q->last == NULL || q->last->len > 0);
    while (rest.first != NULL)
        link_last(q, unlink_first(&rest));
    return WHY_OK;
}

enum why bufq_push_copy(struct bufq_env *env, struct bufq *q, struct span bytes)
{
    uint32_t room = tail_room(q);
    uint32_t len = (uint32_t)bytes.len;

    MUST(bytes.len <= UINT32_MAX - q->bytes);
    if (len > room && (room > 0 || len > BUF_SMALL_BYTES))
        return push_rest(env, q, bytes.at, len, room);
    if (len > room && !add_chunk(env, q, len))
        return WHY_POOL_BUFFER_EMPTY;
    if (len > 0)
        tail_write(q, bytes.at, len);
    return WHY_OK;
}

uint8_t *bufq_reserve(struct bufq_env *env, struct bufq *q, uint32_t want, uint32_t *out_room)
{
    uint32_t room = tail_room(q);

    MUST(want > 0 && want <= BUF_LARGE_BYTES);
    if (room < want) {
        struct bufq fresh = { 0 };
        /* Made apart: a small chunk may stand in for a large one, and then it is of no use here. */
        if (!add_chunk(env, &fresh, want) || fresh.last->buf->bytes < want) {
            bufq_clear(env, &fresh);
            return NULL;
        }
        if (reuse_reserved(q, fresh.last->buf, fresh.last->at, 0))
            pool_give(&env->segs, fresh.last);
        else
            link_last(q, fresh.last);
        room = q->last->buf->bytes;
    }
    *out_room = room;
    return q->last->at + q->last->len;
}

void bufq_commit(struct bufq *q, uint32_t len)
{
    MUST(q->last != NULL && len <= tail_room(q));
    tail_grow(q, len);
}

/* ---- moving ---- */

/* A whole piece: its segment changes queues, or its bytes do when they fit behind the last ones. */
static void move_whole(struct bufq_env *env, struct bufq *from, struct bufq *to)
{
    struct bufseg *seg = unlink_first(from);

    if (seg->len == 0) {
        free_seg(env, seg);
    } else if (goes_on(to, seg->buf, seg->at)) {
        to->last->len += seg->len;
        to->bytes += seg->len;
        free_seg(env, seg);
    } else if (seg->len <= BUFQ_COPY_BYTES_MAX && seg->len <= tail_room(to)) {
        tail_write(to, seg->at, seg->len);
        free_seg(env, seg);
    } else if (reuse_reserved(to, seg->buf, seg->at, seg->len)) {
        pool_give(&env->segs, seg);
    } else {
        link_last(to, seg);
    }
}

enum why bufq_move(struct bufq_env *env, struct bufq *from, struct bufq *to, uint32_t max)
{
    MUST(from != to && to->bytes <= UINT32_MAX - (max < from->bytes ? max : from->bytes));
    while (from->bytes > 0 && max >= from->first->len) {
        max -= from->first->len;
        move_whole(env, from, to);
    }
    if (from->bytes == 0 || max == 0)
        return WHY_OK;
    struct bufseg *seg = from->first;
    buf_hold(seg->buf);
    enum why why = bufq_push_buf(env, to, seg->buf, seg->at, max);
    if (why == WHY_OK)
        bufq_eat(env, from, max);
    return why;
}

/* Memory that is not a chunk's own is the ring's. */
static bool is_foreign(const struct bufq_env *env, const struct buf *b)
{
    return b->home != &env->bufs._pool[BUF_SMALL] && b->home != &env->bufs._pool[BUF_LARGE];
}

enum why bufq_settle(struct bufq_env *env, struct bufq *q)
{
    for (struct bufseg *seg = q->first; seg != NULL; seg = seg->next) {
        if (seg->len == 0 || seg->len > BUFQ_COPY_BYTES_MAX || !is_foreign(env, seg->buf))
            continue;
        struct buf *b = buf_take(&env->bufs, BUF_SMALL);
        if (b == NULL)
            return WHY_POOL_BUFFER_EMPTY;
        memcpy(b->mem, seg->at, seg->len);
        b->used = seg->len;
        buf_drop(seg->buf);
        seg->buf = b;
        seg->at = b->mem;
    }
    return WHY_OK;
}

/* ---- reading and eating ---- */

void bufq_eat(struct bufq_env *env, struct bufq *q, uint32_t len)
{
    MUST(len <= q->bytes);
    while (len > 0) {
        struct bufseg *seg = q->first;
        if (len < seg->len) {
            seg->at += len;
            seg->len -= len;
            q->bytes -= len;
            return;
        }
        len -= seg->len;
        free_seg(env, unlink_first(q));
    }
    if (q->bytes == 0)
        bufq_clear(env, q);
}

struct span bufq_front(const struct bufq *q)
{
    return q->bytes > 0 ? span_of(q->first->at, q->first->len) : SPAN_NONE;
}

unsigned bufq_iovec(const struct bufq *q, struct iovec *iov, unsigned iov_max, uint32_t *out_bytes)
{
    unsigned n = 0;
    uint32_t bytes = 0;

    for (const struct bufseg *seg = q->first; seg != NULL && n < iov_max && seg->len > 0; seg = seg->next) {
        iov[n++] = (struct iovec){ .iov_base = seg->at, .iov_len = seg->len };
        bytes += seg->len;
    }
    *out_bytes = bytes;
    return n;
}

uint32_t bufq_peek(const struct bufq *q, uint8_t *at, uint32_t len)
{
    uint32_t done = 0;

    for (const struct bufseg *seg = q->first; seg != NULL && done < len; seg = seg->next) {
        uint32_t part = seg->len < len - done ? seg->len : len - done;
        memcpy(at + done, seg->at, part);
        done += part;
    }
    return done;
}

void bufq_clear(struct bufq_env *env, struct bufq *q)
{
    while (q->first != NULL)
        free_seg(env, unlink_first(q));
    MUST(q->bytes == 0 && q->segs == 0);
}
