/* h1_world.h - an HTTP/1 session between a wire of text and an exchange that does what the test says.
 *
 * For tests and fuzz targets. The exchange is the least that stream.h allows: it lends heads, takes what comes, and
 * sends what the test puts there; a task that was woken is taken off the ready list and counted.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/shard.h"
#include "http/h1_session.h"
#include "http/session.h"

enum { H1_WORLD_TEXT_BYTES = 1 << 18 };

struct h1_exchange {
    struct stream st;
    struct arena  arena;
    struct head   rx_head, rx_trailers, tx_head, tx_trailers;
    struct task   task;
};

struct h1_world {
    struct shard         shard;
    struct pool          pool;
    struct session      *session;
    struct session_hooks hooks;
    struct task          conn_task;
    struct h1_exchange   x;
    struct bufq          wire, out;
    bool                 no_streams;   /* stream_open answers NULL */
    unsigned             opened_n, exchange_wakes_n, conn_wakes_n;
    char                 text[H1_WORLD_TEXT_BYTES];
};

static inline void h1_world_exchange_open(struct h1_world *w)
{
    struct h1_exchange *x = &w->x;

    memset(x, 0, sizeof(*x));
    arena_init(&x->arena, &w->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(&x->rx_head, &x->arena);
    head_init(&x->rx_trailers, &x->arena);
    head_init(&x->tx_head, &x->arena);
    head_init(&x->tx_trailers, &x->arena);
    x->task.kind = TASK_EXCHANGE;
    x->st.rx_head = &x->rx_head;
    x->st.rx_trailers = &x->rx_trailers;
    x->st.reader = &x->task;
    w->opened_n++;
}

static inline void h1_world_exchange_close(struct h1_world *w)
{
    bufq_clear(&w->shard.queues, &w->x.st.rx);
    bufq_clear(&w->shard.queues, &w->x.st.tx);
    arena_fini(&w->x.arena);
    list_remove(&w->x.task.node);
}

static inline struct stream *h1_world_stream_open(void *owner, struct session *s)
{
    struct h1_world *w = owner;

    (void)s;
    if (w->no_streams)
        return NULL;
    h1_world_exchange_open(w);
    return &w->x.st;
}

static inline bool h1_world_open(struct h1_world *w, bool is_server)
{
    memset(w, 0, sizeof(*w));
    if (shard_open(&w->shard, 0, 1) != WHY_OK || pool_open(&w->pool, "h1", h1_session_bytes(), 4) != WHY_OK)
        return false;
    if ((is_server ? h1_server_open(&w->pool, &w->shard, &w->session)
                   : h1_client_open(&w->pool, &w->shard, &w->session)) != WHY_OK)
        return false;
    w->hooks = (struct session_hooks){ .stream_open = h1_world_stream_open, .owner = w };
    w->session->hooks = is_server ? &w->hooks : NULL;
    w->session->conn_task = &w->conn_task;
    w->conn_task.kind = TASK_CONN;
    return true;
}

/* Answers how many buffers, segments and sessions are left over: must be 0. */
static inline unsigned h1_world_close(struct h1_world *w)
{
    unsigned left;

    w->session->type->fini(w->session, WHY_IO_EOF);
    h1_world_exchange_close(w);
    list_remove(&w->conn_task.node);
    bufq_clear(&w->shard.queues, &w->wire);
    bufq_clear(&w->shard.queues, &w->out);
    left = w->pool.live_n + w->shard.queues.segs.live_n + buf_pool_live_n(&w->shard.queues.bufs);
    if (left == 0) {
        pool_close(&w->pool);
        shard_close(&w->shard);
    }
    return left;
}

/* Take woken tasks off the ready list, as the worker would. */
static inline void h1_world_count_wakes(struct h1_world *w)
{
    struct list_node *n;

    while ((n = list_pop(&w->shard.ready)) != NULL) {
        w->exchange_wakes_n += n == &w->x.task.node;
        w->conn_wakes_n += n == &w->conn_task.node;
    }
}

/* What is in wire, to the session; as the connection does it. */
static inline enum why h1_world_turn(struct h1_world *w)
{
    enum why why = WHY_OK;

    if (w->session->wants_read && w->wire.bytes > 0)
        why = w->session->type->feed(w->session, &w->wire);
    h1_world_count_wakes(w);
    return why;
}

static inline enum why h1_world_feed(struct h1_world *w, const void *at, size_t len)
{
    if (bufq_push_copy(&w->shard.queues, &w->wire, span_of(at, len)) != WHY_OK)
        abort();
    return h1_world_turn(w);
}

static inline enum why h1_world_feed_str(struct h1_world *w, const char *text)
{
    return h1_world_feed(w, text, strlen(text));
}

static inline void h1_world_touch(struct h1_world *w)
{
    if (w->x.st.session != NULL)
        w->session->type->stream_touch(w->session, &w->x.st);
    h1_world_count_wakes(w);
}

/* All that the session has to say, as text. */
static inline enum why h1_world_pull(struct h1_world *w, const char **out_text)
{
    enum why why = WHY_OK;

    while (why == WHY_OK && w->session->wants_write) {
        uint32_t before = w->out.bytes;
        why = w->session->type->pull(w->session, &w->out, CONN_OUT_BYTES_HIGH);
        if (w->out.bytes == before)
            break;
    }
    h1_world_count_wakes(w);
    uint32_t len = bufq_peek(&w->out, (uint8_t *)w->text, sizeof(w->text) - 1);
    w->text[len] = 0;
    bufq_clear(&w->shard.queues, &w->out);
    *out_text = w->text;
    return why;
}

/* The payload that has come so far, as text, taken. */
static inline const char *h1_world_take(struct h1_world *w)
{
    uint32_t len = bufq_peek(&w->x.st.rx, (uint8_t *)w->text, sizeof(w->text) - 1);

    w->text[len] = 0;
    bufq_clear(&w->shard.queues, &w->x.st.rx);
    h1_world_touch(w);
    return w->text;
}

static inline void h1_world_leave(struct h1_world *w, enum why why)
{
    if (w->x.st.session != NULL)
        w->session->type->stream_leave(w->session, &w->x.st, why);
    h1_world_count_wakes(w);
    h1_world_exchange_close(w);
}

/* Queue payload of the exchange. */
static inline void h1_world_send(struct h1_world *w, const char *payload, bool is_end)
{
    if (bufq_push_copy(&w->shard.queues, &w->x.st.tx, span_str(payload)) != WHY_OK)
        abort();
    w->x.st.tx_end = is_end;
    h1_world_touch(w);
}

/* Queue a head of the exchange: what stands in tx_head. */
static inline void h1_world_send_head(struct h1_world *w)
{
    w->x.st.tx_head = &w->x.tx_head;
    w->x.st.tx_has_head = true;
    w->x.st.tx_head_done = false;
    h1_world_touch(w);
}

/* A whole answer with a length. */
static inline void h1_world_answer(struct h1_world *w, uint16_t status, const char *payload)
{
    w->x.tx_head.status = status;
    w->x.tx_head.has_content_length = true;
    w->x.tx_head.content_length = strlen(payload);
    w->x.st.tx_end = true;
    h1_world_send_head(w);
    h1_world_send(w, payload, true);
}
