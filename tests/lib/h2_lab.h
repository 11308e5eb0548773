/* h2_lab.h - an HTTP/2 session of ours in memory, with exchanges that do what the test says.
 *
 * Method: bytes go in with lab_feed, cut as the test wants, in buffers of the kind that the ring hands out; bytes come out
 *         into a dump and a flat copy. lab_close checks that every buffer and session came back.
 */
#pragma once

#include <stdlib.h>

#include "base/limits.h"
#include "base/shard.h"
#include "http/session.h"
#include "lib/h2_wire.h"

enum { LAB_EXCHANGES_N = 4096 };

struct lab_exchange {
    struct task   task;
    struct stream st;
    struct arena  arena;
    struct head   request, response; /* server: request came in, response goes out; client: the other way round */
    struct head   request_trailers, response_trailers;
    bool          is_used;
};

struct lab {
    struct shard    shard;
    struct pool     pool;
    struct session *s;
    struct task     conn_task;
    struct session_hooks hooks;
    struct bufq     wire, out;
    struct lab_exchange *x;
    unsigned        x_n;       /* opened, ever                                      */
    unsigned        live_max;  /* most at once                                      */
    unsigned        live_n;
    bool            is_full;   /* stream_open answers NULL                          */
    enum why        ended;     /* first why that feed or pull answered              */
    struct h2_wire  sent;      /* flat copy of what came out since the last clear   */
    struct h2_dump  dump;
    unsigned        rings_n;   /* ring buffers out                                  */
};

/* ---- ring buffers ---- */

struct lab_ring {
    struct buf  buf;
    struct lab *lab;
    uint8_t     mem[];
};

static inline void lab_ring_free(struct buf *b)
{
    struct lab_ring *r = container_of(b, struct lab_ring, buf);

    r->lab->rings_n--;
    free(r);
}

static inline void lab_wire(struct lab *l, const void *at, size_t len)
{
    struct lab_ring *r = malloc(sizeof(*r) + len);

    CHECK(r != NULL, "no memory\n");
    r->lab = l;
    r->buf = (struct buf){ .mem = r->mem, .bytes = (uint32_t)len, .refs = 1, .used = (uint32_t)len, .on_free = lab_ring_free };
    memcpy(r->mem, at, len);
    l->rings_n++;
    CHECK(bufq_push_buf(&l->shard.queues, &l->wire, &r->buf, r->mem, (uint32_t)len) == WHY_OK, "no segment\n");
}

/* ---- exchanges ---- */

static inline struct lab_exchange *lab_exchange_new(struct lab *l)
{
    struct lab_exchange *x = &l->x[l->x_n];

    CHECK(l->x_n < LAB_EXCHANGES_N, "too many exchanges\n");
    l->x_n++;
    if (++l->live_n > l->live_max)
        l->live_max = l->live_n;
    x->is_used = true;
    arena_init(&x->arena, &l->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(&x->request, &x->arena);
    head_init(&x->response, &x->arena);
    head_init(&x->request_trailers, &x->arena);
    head_init(&x->response_trailers, &x->arena);
    x->st.reader = &x->task;
    return x;
}

static inline struct stream *lab_stream_open(void *owner, struct session *s)
{
    struct lab *l = owner;
    struct lab_exchange *x;

    CHECK(s == l->s, "wrong session\n");
    if (l->is_full)
        return NULL;
    x = lab_exchange_new(l);
    x->st.rx_head = &x->request;
    x->st.rx_trailers = &x->request_trailers;
    return &x->st;
}

/* The exchange ends. */
static inline void lab_leave(struct lab *l, struct lab_exchange *x, enum why why)
{
    if (x->st.session != NULL)
        l->s->type->stream_leave(l->s, &x->st, why);
    CHECK(x->st.session == NULL, "leave did not unbind\n");
    bufq_clear(&l->shard.queues, &x->st.rx);
    bufq_clear(&l->shard.queues, &x->st.tx);
    arena_fini(&x->arena);
    list_remove(&x->task.node);
    x->is_used = false;
    l->live_n--;
}

static inline bool lab_was_woken(struct lab_exchange *x)
{
    bool was = list_has(&x->task.node);

    list_remove(&x->task.node);
    return was;
}

/* ---- the session ---- */

static inline struct lab *lab_open(bool is_server)
{
    struct lab *l = calloc(1, sizeof(*l));
    enum why why;

    CHECK(l != NULL, "no memory\n");
    l->x = calloc(LAB_EXCHANGES_N, sizeof(*l->x));
    CHECK(l->x != NULL && shard_open(&l->shard, 0, 1) == WHY_OK, "no memory\n");
    CHECK(pool_open(&l->pool, "h2-session", h2_session_bytes(), 4) == WHY_OK, "no memory\n");
    why = is_server ? h2_server_open(&l->pool, &l->shard, &l->s) : h2_client_open(&l->pool, &l->shard, &l->s);
    CHECK(why == WHY_OK, "open: %s\n", why_name(why));
    l->hooks = (struct session_hooks){ .stream_open = lab_stream_open, .owner = l };
    l->s->hooks = &l->hooks;
    l->s->conn_task = &l->conn_task;
    h2_dump_init(&l->dump, true);
    return l;
}

/* Let the session say what it has; at most room bytes (or so) a call, until it has no more. */
static inline void lab_pull(struct lab *l, uint32_t room)
{
    unsigned calls_n = 0;

    while (l->s->wants_write) {
        struct span piece;
        uint32_t before = l->out.bytes;
        enum why why = l->s->type->pull(l->s, &l->out, room);
        bool got = l->out.bytes > before;
        if (why != WHY_OK && l->ended == WHY_OK)
            l->ended = why;
        while ((piece = bufq_front(&l->out)).len > 0) {
            h2_wire_bytes(&l->sent, piece.at, piece.len);
            h2_dump_feed(&l->dump, piece.at, piece.len);
            bufq_eat(&l->shard.queues, &l->out, (uint32_t)piece.len);
        }
        CHECK(++calls_n < 100000, "pull never ends\n");
        if (!got || why != WHY_OK)
            break;
    }
}

/* Feed without asking for output. */
static inline enum why lab_feed_only(struct lab *l, const void *at, size_t len, size_t cut)
{
    for (size_t done = 0; done < len && l->ended == WHY_OK; done += cut) {
        lab_wire(l, (const uint8_t *)at + done, len - done < cut ? len - done : cut);
        l->ended = l->s->type->feed(l->s, &l->wire);
        CHECK(bufq_is_empty(&l->wire), "the session left %u bytes\n", l->wire.bytes);
    }
    return l->ended;
}

static inline enum why lab_feed(struct lab *l, const void *at, size_t len)
{
    lab_feed_only(l, at, len, len);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    return l->ended;
}

/* What a test has written by hand; the wire is empty again. */
static inline enum why lab_feed_wire(struct lab *l, struct h2_wire *w)
{
    enum why why = lab_feed(l, w->at, w->len);

    w->len = 0;
    return why;
}

static inline void lab_touch(struct lab *l, struct lab_exchange *x)
{
    l->s->type->stream_touch(l->s, &x->st);
}

static inline void lab_tx(struct lab *l, struct lab_exchange *x, const void *at, size_t len)
{
    enum why why = bufq_push_copy(&l->shard.queues, &x->st.tx, span_of(at, len));

    CHECK(why == WHY_OK, "tx: %s\n", why_name(why));
}

/* Answer with a status, a body and the end. */
static inline void lab_answer(struct lab *l, struct lab_exchange *x, uint16_t status, const char *body)
{
    head_init(&x->response, &x->arena);
    x->response.status = status;
    x->response.has_content_length = true;
    x->response.content_length = strlen(body);
    x->st.tx_head = &x->response;
    x->st.tx_has_head = true;
    lab_tx(l, x, body, strlen(body));
    x->st.tx_end = true;
    lab_touch(l, x);
}

/* Read what has come, as the exchange does. Answers how many bytes. */
static inline uint32_t lab_take(struct lab *l, struct lab_exchange *x)
{
    uint32_t bytes = x->st.rx.bytes;

    bufq_clear(&l->shard.queues, &x->st.rx);
    if (x->st.session != NULL)
        lab_touch(l, x);
    return bytes;
}

/* Every exchange that is gone or complete leaves, as the engine would at its next step. */
static inline void lab_sweep(struct lab *l)
{
    for (unsigned i = 0; i < l->x_n; i++) {
        struct lab_exchange *x = &l->x[i];
        if (x->is_used && (x->st.gone != WHY_OK || (x->st.tx_done && x->st.rx_end)))
            lab_leave(l, x, x->st.gone);
    }
}

static inline void lab_close(struct lab *l)
{
    if (l->s != NULL)
        l->s->type->fini(l->s, l->ended != WHY_OK ? l->ended : WHY_IO_EOF);
    for (unsigned i = 0; i < l->x_n; i++)
        if (l->x[i].is_used)
            lab_leave(l, &l->x[i], WHY_OK);
    bufq_clear(&l->shard.queues, &l->wire);
    bufq_clear(&l->shard.queues, &l->out);
    while (list_pop(&l->shard.ready) != NULL)
        ;
    CHECK(l->rings_n == 0, "%u ring buffers are still held\n", l->rings_n);
    CHECK(l->shard.queues.segs.live_n == 0, "%u segments left\n", l->shard.queues.segs.live_n);
    CHECK(buf_pool_live_n(&l->shard.queues.bufs) == 0, "%u buffers left\n", buf_pool_live_n(&l->shard.queues.bufs));
    CHECK(l->pool.live_n == 0, "%u sessions left\n", l->pool.live_n);
    pool_close(&l->pool);
    shard_close(&l->shard);
    h2_dump_fini(&l->dump);
    free(l->x);
    free(l);
}
