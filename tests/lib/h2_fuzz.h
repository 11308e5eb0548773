/* h2_fuzz.h - an HTTP/2 session under random bytes, with exchanges that do random things, all by the input's own seed.
 *
 * Method: input is 4 bytes of seed, 1 byte of switches, then the wire. The wire is cut at random; between the cuts exchanges
 *         read, answer, end, leave, time passes, pools fail. After each step the promises of h2_session.h are checked.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/shard.h"
#include "http/h2_session.h"

#define FUZZ_CHECK(cond)                                                                  \
    do {                                                                                  \
        if (!(cond)) {                                                                    \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond);          \
            abort();                                                                      \
        }                                                                                 \
    } while (0)

enum { FUZZ_EXCHANGES_N = H2_STREAMS_MAX + 1, FUZZ_TURNS_MAX = 4000 };

struct fuzz_exchange {
    struct task   task;
    struct stream st;
    struct arena  arena;
    struct head   in, out, in_trailers, out_trailers;
    bool          is_used;
};

struct fuzz {
    struct shard    shard;
    struct pool     pool;
    struct session *s;
    struct rng      rng;
    struct bufq     wire, out;
    struct fuzz_exchange x[FUZZ_EXCHANGES_N];
    unsigned        live_n, rings_n;
    bool            is_server, is_open, may_fail;
};

/* ---- ring buffers ---- */

struct fuzz_ring {
    struct buf   buf;
    struct fuzz *f;
    uint8_t      mem[];
};

static inline void fuzz_ring_free(struct buf *b)
{
    struct fuzz_ring *r = container_of(b, struct fuzz_ring, buf);

    r->f->rings_n--;
    free(r);
}

static inline bool fuzz_wire(struct fuzz *f, const uint8_t *at, size_t len)
{
    struct fuzz_ring *r = malloc(sizeof(*r) + len);

    FUZZ_CHECK(r != NULL);
    r->f = f;
    r->buf = (struct buf){ .mem = r->mem, .bytes = (uint32_t)len, .refs = 1, .used = (uint32_t)len, .on_free = fuzz_ring_free };
    memcpy(r->mem, at, len);
    f->rings_n++;
    return bufq_push_buf(&f->shard.queues, &f->wire, &r->buf, r->mem, (uint32_t)len) == WHY_OK;
}

/* ---- exchanges ---- */

static inline struct fuzz_exchange *fuzz_exchange_new(struct fuzz *f)
{
    for (unsigned i = 0; i < FUZZ_EXCHANGES_N; i++) {
        struct fuzz_exchange *x = &f->x[i];
        if (x->is_used)
            continue;
        memset(x, 0, sizeof(*x));
        x->is_used = true;
        f->live_n++;
        FUZZ_CHECK(f->live_n <= H2_STREAMS_MAX);
        arena_init(&x->arena, &f->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
        head_init(&x->in, &x->arena);
        head_init(&x->out, &x->arena);
        head_init(&x->in_trailers, &x->arena);
        head_init(&x->out_trailers, &x->arena);
        x->st.rx_head = &x->in;
        x->st.rx_trailers = &x->in_trailers;
        x->st.reader = &x->task;
        return x;
    }
    abort();
}

static inline struct stream *fuzz_stream_open(void *owner, struct session *s)
{
    struct fuzz *f = owner;

    FUZZ_CHECK(s == f->s);
    return f->may_fail && rng_below(&f->rng, 20) == 0 ? NULL : &fuzz_exchange_new(f)->st;
}

static inline void fuzz_leave(struct fuzz *f, struct fuzz_exchange *x)
{
    static const enum why whys[] = { WHY_OK, WHY_H2_CANCELLED, WHY_UP_TIMEOUT, WHY_POLICY_BODY_CAP };

    if (x->st.session != NULL)
        x->st.session->type->stream_leave(x->st.session, &x->st, whys[rng_below(&f->rng, COUNT(whys))]);
    FUZZ_CHECK(x->st.session == NULL);
    bufq_clear(&f->shard.queues, &x->st.rx);
    bufq_clear(&f->shard.queues, &x->st.tx);
    arena_fini(&x->arena);
    list_remove(&x->task.node);
    x->is_used = false;
    f->live_n--;
}

static inline void fuzz_say(struct fuzz *f, struct fuzz_exchange *x)
{
    static const uint16_t statuses[] = { 200, 200, 204, 304, 100, 103, 101, 500 };

    if (x->st.tx_head == NULL || (x->st.tx_head_done && x->out.status >= 100 && x->out.status < 200 && x->out.status != 101)) {
        head_init(&x->out, &x->arena);
        x->out.status = statuses[rng_below(&f->rng, COUNT(statuses))];
        x->out.has_content_length = rng_below(&f->rng, 2) == 0;
        for (unsigned i = rng_below(&f->rng, 5); i > 0; i--)
            if (!head_add(&x->out, SPAN_LIT("x-field"), SPAN_LIT("value"), (uint8_t)rng_below(&f->rng, 2)))
                break;
        x->st.tx_head = &x->out;
        x->st.tx_has_head = true;
        x->st.tx_head_done = false;
        x->st.tx_tunnel = x->out.status == 101;
    }
}

static inline void fuzz_act(struct fuzz *f, struct fuzz_exchange *x)
{
    static const uint8_t body[20000];
    uint32_t what = rng_below(&f->rng, 8);

    FUZZ_CHECK(x->st.rx.bytes <= H2_STREAM_WINDOW_BYTES);
    if (x->st.gone != WHY_OK || x->st.session == NULL || (x->st.tx_done && x->st.rx_end)) {
        if (what < 6)
            fuzz_leave(f, x);
        return;
    }
    if (what == 0 && rng_below(&f->rng, 8) == 0) {
        fuzz_leave(f, x);
        return;
    }
    if (what == 1)
        bufq_eat(&f->shard.queues, &x->st.rx, x->st.rx.bytes > 0 ? 1 + rng_below(&f->rng, x->st.rx.bytes) : 0);
    if (what == 2)
        bufq_clear(&f->shard.queues, &x->st.rx);
    if (what == 3 && x->st.rx_interim)
        x->st.rx_has_head = x->st.rx_interim = false;
    if (what == 4 && f->is_server && x->st.rx_has_head)
        fuzz_say(f, x);
    if (what == 5 && !x->st.tx_end && x->st.tx.bytes < 100000 &&
        bufq_push_copy(&f->shard.queues, &x->st.tx, span_of(body, rng_below(&f->rng, sizeof(body)))) != WHY_OK)
        x->st.tx_end = true;
    if (what == 6 && rng_below(&f->rng, 3) == 0) {
        x->st.tx_end = true;
        if (rng_below(&f->rng, 2) == 0 && x->st.tx_trailers == NULL &&
            head_add(&x->out_trailers, SPAN_LIT("x-trailer"), SPAN_LIT("1"), 0))
            x->st.tx_trailers = &x->out_trailers;
    }
    if (what > 0)
        x->st.session->type->stream_touch(x->st.session, &x->st);
}

/* ---- one input ---- */

static inline void fuzz_pull(struct fuzz *f, enum why *io_why)
{
    while (f->s->wants_write) {
        enum why why = f->s->type->pull(f->s, &f->out, 1 + rng_below(&f->rng, 40000));
        bool got = !bufq_is_empty(&f->out);
        bufq_clear(&f->shard.queues, &f->out);
        if (*io_why == WHY_OK)
            *io_why = why;
        if (!got || why != WHY_OK || rng_below(&f->rng, 4) == 0)
            return;
    }
}

static inline void fuzz_promises(const struct fuzz *f)
{
    struct h2_session *s = (struct h2_session *)f->s;
    uint32_t unread = 0, used_n = 0;

    for (unsigned i = 0; i < s->fresh; i++) {
        const struct h2_stream *x = h2_stream_at(s, i);
        unread += x->is_used ? x->rx_owed : 0;
        used_n += x->is_used;
    }
    FUZZ_CHECK(unread == s->rx_unread && used_n == s->used_n && s->open_n <= s->used_n);
    FUZZ_CHECK(s->used_n + s->free_n == s->fresh && s->fresh <= H2_STREAMS_MAX);
    FUZZ_CHECK(s->mem.bytes <= s->mem.bytes_max + 65536);
    FUZZ_CHECK(!f->is_server || s->rx_unread <= H2_CONN_RX_BYTES_HIGH + H2_CONN_WINDOW_BYTES);
    FUZZ_CHECK(s->base.streams_n == s->used_n && s->base.is_idle == (s->used_n == 0));
}

/* begin: called once before the wire, may be NULL. */
static inline void fuzz_run(struct fuzz *f, bool is_server, const uint8_t *data, size_t size,
                            void (*on_turn)(struct fuzz *f))
{
    struct session_hooks hooks = { .stream_open = fuzz_stream_open, .owner = f };
    struct task conn_task = { 0 };
    enum why why = WHY_OK;
    size_t at = 5;

    if (size < 5)
        return;
    if (!f->is_open) {
        FUZZ_CHECK(shard_open(&f->shard, 0, 1) == WHY_OK);
        FUZZ_CHECK(pool_open(&f->pool, "h2-session", h2_session_bytes(), 1) == WHY_OK);
        f->is_open = true;
    }
    f->is_server = is_server;
    f->shard.now_ns = NS_PER_S;
    rng_init(&f->rng, (uint64_t)data[0] | (uint64_t)data[1] << 8 | (uint64_t)data[2] << 16 | (uint64_t)data[3] << 24);
    f->may_fail = (data[4] & 1) != 0;
    FUZZ_CHECK((is_server ? h2_server_open(&f->pool, &f->shard, &f->s) : h2_client_open(&f->pool, &f->shard, &f->s)) == WHY_OK);
    f->s->hooks = &hooks;
    f->s->conn_task = &conn_task;
    if (f->may_fail && rng_below(&f->rng, 2) == 0)
        ((struct h2_session *)f->s)->mem.fail_after = 1 + rng_below(&f->rng, 500);
    if (f->may_fail && rng_below(&f->rng, 2) == 0)
        pool_fail_after(&f->shard.queues.segs, 1 + rng_below(&f->rng, 500));
    for (unsigned turn = 0; at < size && why == WHY_OK && turn < FUZZ_TURNS_MAX; turn++) {
        size_t n = 1 + rng_below(&f->rng, rng_below(&f->rng, 4) == 0 ? 10 : 3000);
        if (n > size - at)
            n = size - at;
        if (!fuzz_wire(f, data + at, n))
            break;
        at += n;
        why = f->s->type->feed(f->s, &f->wire);
        FUZZ_CHECK(bufq_is_empty(&f->wire));
        fuzz_promises(f);
        if (on_turn != NULL && why == WHY_OK)
            on_turn(f);
        for (unsigned i = 0; i < FUZZ_EXCHANGES_N; i++)
            if (f->x[i].is_used)
                fuzz_act(f, &f->x[i]);
        if (why == WHY_OK && rng_below(&f->rng, 100) == 0)
            f->s->type->drain(f->s);
        if (rng_below(&f->rng, 4) > 0)
            fuzz_pull(f, &why);
        fuzz_promises(f);
        f->shard.now_ns += rng_below(&f->rng, 20) * NS_PER_MS;
    }
    fuzz_pull(f, &why);
    if (why == WHY_OK)
        why = f->s->type->feed_end(f->s);
    f->s->type->fini(f->s, why);
    pool_fail_after(&f->shard.queues.segs, 0);
    for (unsigned i = 0; i < FUZZ_EXCHANGES_N; i++)
        if (f->x[i].is_used)
            fuzz_leave(f, &f->x[i]);
    bufq_clear(&f->shard.queues, &f->wire);
    while (list_pop(&f->shard.ready) != NULL)
        ;
    FUZZ_CHECK(f->rings_n == 0 && f->live_n == 0 && f->pool.live_n == 0);
    FUZZ_CHECK(f->shard.queues.segs.live_n == 0 && buf_pool_live_n(&f->shard.queues.bufs) == 0);
}
