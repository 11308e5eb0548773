/* conn_world.h - connections with somebody above them: requests are answered as the test says, ends are written down.
 *
 * Method: tests/lib/conn_lab.h with streams that stand where exchanges would. A request is answered when it is whole.
 */
#pragma once

#include <stdlib.h>

#include "lib/conn_lab.h"

enum { WORLD_CALLS_MAX = 40 };

struct call {
    struct task   task;
    struct stream st;
    struct arena  arena;
    struct head   rx_head, rx_trailers, tx_head;
    bool          is_used, has_answered;
};

struct world {
    struct lab          lab;
    struct conn_hooks   hooks;
    struct conn_timeouts timeouts;
    enum conn_proxy     proxy;
    struct tls_server  *tls_server;  /* what tls_pick answers                    */
    enum tls_alpn       alpn;
    struct call         calls[WORLD_CALLS_MAX];
    uint32_t            answer_bytes;/* of each answer's body                    */
    bool                is_silent;   /* requests are not answered                */
    uint32_t            requests_n, gone_n;
    enum why            gone_why;    /* of the connection that ended last        */
    enum why            call_why;    /* of the stream that was cut last          */
    enum why            up_why;      /* of the upstream connection that ended last */
    uint16_t            up_status;   /* of the last answer of an upstream        */
    char               *text;        /* LAB_TEXT_BYTES                           */
};

static inline struct call *world_call(struct world *w)
{
    for (uint32_t i = 0; i < WORLD_CALLS_MAX; i++) {
        struct call *call = &w->calls[i];
        if (call->is_used)
            continue;
        memset(call, 0, sizeof(*call));
        call->is_used = true;
        call->task.kind = TASK_EXCHANGE;
        arena_init(&call->arena, &w->lab.shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
        head_init(&call->rx_head, &call->arena);
        head_init(&call->rx_trailers, &call->arena);
        head_init(&call->tx_head, &call->arena);
        call->st.rx_head = &call->rx_head;
        call->st.rx_trailers = &call->rx_trailers;
        call->st.reader = &call->task;
        return call;
    }
    return NULL;
}

static inline struct stream *world_stream_open(void *owner, struct session *s)
{
    struct call *call = world_call(owner);

    UNUSED(s);
    return call != NULL ? &call->st : NULL;
}

static inline void world_end_call(struct world *w, struct call *call, enum why why)
{
    struct session *s = call->st.session;

    if (s != NULL) {
        s->type->stream_leave(s, &call->st, why);
        shard_wake(&w->lab.shard, s->conn_task);
    }
    bufq_clear(&w->lab.shard.queues, &call->st.rx);
    bufq_clear(&w->lab.shard.queues, &call->st.tx);
    list_remove(&call->task.node);
    arena_fini(&call->arena);
    call->is_used = false;
}

static inline void world_answer(struct world *w, struct call *call)
{
    static const char bytes[1024] = "body";
    struct session *s = call->st.session;

    w->requests_n++;
    call->has_answered = true;
    call->tx_head.status = 200;
    call->tx_head.version = HTTP_VERSION_11;
    call->tx_head.has_content_length = true;
    call->tx_head.content_length = w->answer_bytes;
    call->st.tx_head = &call->tx_head;
    call->st.tx_has_head = call->st.tx_end = true;
    for (uint32_t left = w->answer_bytes, n; left > 0; left -= n) {
        n = left < sizeof(bytes) ? left : (uint32_t)sizeof(bytes);
        CHECK(bufq_push_copy(&w->lab.shard.queues, &call->st.tx, span_of(bytes, n)) == WHY_OK, "no buffers\n");
    }
    if (s->type->stream_touch != NULL)
        s->type->stream_touch(s, &call->st);
    shard_wake(&w->lab.shard, s->conn_task);
}

static inline void world_on_task(void *owner, struct task *t)
{
    struct call *call = container_of(t, struct call, task);
    struct world *w = owner;
    struct stream *st = &call->st;

    if (!call->is_used)
        return;
    if (st->session != NULL && st->session->type->is_server) {
        bufq_clear(&w->lab.shard.queues, &st->rx);
        if (st->gone == WHY_OK && st->rx_has_head && st->rx_end && !call->has_answered && !w->is_silent)
            world_answer(w, call);
    } else if (st->rx_has_head && call->rx_head.status > 0) {
        w->up_status = call->rx_head.status;
    }
    if (st->gone != WHY_OK)
        w->call_why = st->gone;
    bool is_answered = st->session != NULL && !st->session->type->is_server && st->rx_end;
    if (st->gone != WHY_OK || st->tx_done || is_answered)
        if (st->gone != WHY_OK || is_answered || (st->session != NULL && st->session->type->is_server))
            world_end_call(w, call, st->gone);
}

static inline void world_on_gone(void *owner, struct conn *c)
{
    struct world *w = owner;

    w->gone_n++;
    w->gone_why = (enum why)c->why;
    if (!c->is_client)
        w->up_why = (enum why)c->why;
    list_remove(&c->link);
}

static inline struct tls_server *world_tls_pick(void *owner, struct conn *c, const struct tls_hello *hello, enum tls_alpn *out_alpn,
                                                enum why *out_why)
{
    struct world *w = owner;

    UNUSED(c);
    UNUSED(hello);
    *out_why = WHY_TLS_NO_HOST;
    *out_alpn = w->alpn;
    return w->tls_server;
}

static inline struct conn_timeouts world_timeouts(void *owner, const struct conn *c)
{
    UNUSED(c);
    return ((struct world *)owner)->timeouts;
}

static inline enum conn_proxy world_proxy(void *owner, const struct conn *c)
{
    UNUSED(c);
    return ((struct world *)owner)->proxy;
}

static inline struct world *world_open(const struct ring_sim_odds *odds)
{
    struct world *w = calloc(1, sizeof(*w));

    CHECK(w != NULL && (w->text = malloc(LAB_TEXT_BYTES)) != NULL, "no memory\n");
    w->timeouts = (struct conn_timeouts){ .idle_ns = 5 * NS_PER_S, .head_ns = 2 * NS_PER_S };
    w->hooks = (struct conn_hooks){
        .sessions = { .stream_open = world_stream_open, .owner = w }, .tls_pick = world_tls_pick, .timeouts = world_timeouts,
        .on_gone = world_on_gone, .proxy = world_proxy, .owner = w,
    };
    w->lab.on_task = world_on_task;
    w->lab.owner = w;
    w->answer_bytes = 4;
    lab_open(&w->lab, &w->hooks, odds);
    return w;
}

static inline void world_close(struct world *w)
{
    lab_end(&w->lab);
    for (uint32_t i = 0; i < WORLD_CALLS_MAX; i++) {
        CHECK(!w->calls[i].is_used || w->calls[i].st.session == NULL, "a session that is gone has a stream\n");
        if (w->calls[i].is_used)
            world_end_call(w, &w->calls[i], WHY_OK);
    }
    lab_close(&w->lab);
    free(w->text);
    free(w);
}

/* An upstream connection to that port, with a request on it that has a body of body_bytes. NULL: *out_why. */
static inline struct conn *world_ask_up(struct world *w, uint16_t port, uint32_t body_bytes, enum why *out_why)
{
    struct socket_address addr = ring_sim_address(port);
    struct conn_target target = { .address = &addr, .connect_timeout_ns = NS_PER_S, .idle_timeout_ns = 3 * NS_PER_S };
    struct conn *c = NULL;

    *out_why = conn_connect(&w->lab.conns, &target, NULL, &c);
    if (*out_why != WHY_OK)
        return NULL;
    struct call *call = world_call(w);
    CHECK(call != NULL, "too many calls\n");
    call->tx_head.method = METHOD_POST;
    call->tx_head.method_text = SPAN_LIT("POST");
    call->tx_head.target = SPAN_LIT("/");
    call->tx_head.authority = SPAN_LIT("a");
    call->tx_head.has_content_length = call->tx_head.has_body = true;
    call->tx_head.content_length = body_bytes;
    call->st.tx_head = &call->tx_head;
    call->st.tx_has_head = call->st.tx_end = true;
    for (uint32_t i = 0; i < body_bytes; i += 1000)
        CHECK(bufq_push_copy(&w->lab.shard.queues, &call->st.tx, span_of(w->text, body_bytes - i < 1000 ? body_bytes - i : 1000)) == WHY_OK,
              "no buffers\n");
    CHECK(c->session->type->stream_start(c->session, &call->st) == WHY_OK, "no room\n");
    shard_wake(&w->lab.shard, &c->task);
    return c;
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
