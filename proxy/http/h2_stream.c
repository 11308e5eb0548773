/* h2_stream.c - the streams of an HTTP/2 session: slots, ends, and what the exchange changed.
 *
 * Spec:   RFC 9113 s5.1 (states), s8.1 (early answers), s6.4 (RST_STREAM).
 * Layer:  http.
 */
#include "base/must.h"
#include "http/h2_session.h"

enum { SEND_SOME_N = 8 }; /* heads submitted before nghttp2 is emptied: what goes over the room is bounded by them */

/* ---- slots ---- */

void h2_stream_bind(struct h2_session *s, struct h2_stream *x, struct stream *st)
{
    MUST(x->st == NULL && st->rx.bytes == 0);
    x->st = st;
    st->session = &s->base;
    st->id = (uint32_t)x->id;
    st->slot = x->slot;
}

/* A slot that was never used since the last trim. */
static struct h2_stream *stream_fresh(struct h2_session *s)
{
    unsigned past = s->fresh - H2_STREAMS_FIRST;

    if (s->fresh >= H2_STREAMS_MAX)
        return NULL;
    if (s->fresh >= H2_STREAMS_FIRST && past % H2_STREAMS_A_GROUP == 0) {
        struct h2_stream **group = &s->groups[past / H2_STREAMS_A_GROUP];
        MUST(*group == NULL);
        *group = h2_mem_take(&s->mem, H2_STREAMS_A_GROUP * sizeof(**group));
        if (*group == NULL)
            return NULL;
    }
    return h2_stream_at(s, s->fresh++);
}

void h2_stream_trim(struct h2_session *s)
{
    for (unsigned i = 0; i < H2_STREAM_GROUPS && s->groups[i] != NULL; i++) {
        h2_mem_give(&s->mem, s->groups[i]);
        s->groups[i] = NULL;
    }
    s->fresh = s->free_n = 0;
}

struct h2_stream *h2_stream_take(struct h2_session *s)
{
    unsigned n = s->free_n > 0 ? s->free[--s->free_n] : s->fresh;
    struct h2_stream *x = n < s->fresh ? h2_stream_at(s, n) : stream_fresh(s);

    if (x == NULL)
        return NULL;
    *x = (struct h2_stream){ .is_used = true, .slot = (uint8_t)n };
    s->used_n++;
    return x;
}

void h2_stream_settle(struct h2_session *s, struct h2_stream *x)
{
    if (x->is_open || x->st != NULL)
        return;
    MUST(x->is_used && x->rx_owed == 0 && s->used_n > 0);
    if (s->block_of == x)
        s->block_of = NULL;
    list_remove(&x->touched);
    list_remove(&x->turn);
    bufq_clear(&s->base.shard->queues, &x->answer);
    s->waiting_n = (uint16_t)(s->waiting_n - x->is_waiting);
    x->is_used = false;
    s->used_n--;
    s->free[s->free_n++] = x->slot;
    if (s->used_n > 0)
        return;
    if (s->fresh > H2_STREAMS_FIRST)
        h2_stream_trim(s);
    if (s->is_draining && !s->base.type->is_server)
        h2_session_goodbye(s);
}

void h2_stream_opened(struct h2_session *s, struct h2_stream *x, int32_t id)
{
    MUST(x->is_used && !x->is_open && id > 0 && s->open_n < s->used_n);
    x->id = id;
    x->is_open = true;
    s->open_n++;
    if (x->st != NULL)
        x->st->id = (uint32_t)id;
    if (x->is_waiting) {
        x->is_waiting = false;
        s->waiting_n--;
    }
}

void h2_stream_wait(struct h2_session *s, struct h2_stream *x)
{
    if (x->is_waiting)
        return;
    x->is_waiting = true;
    s->waiting_n++;
}

void h2_stream_retry(struct h2_session *s)
{
    if (s->waiting_n == 0)
        return;
    for (unsigned i = 0; i < s->fresh; i++) {
        struct h2_stream *x = h2_stream_at(s, i);
        if (x->is_used && x->is_waiting && x->st != NULL && !list_has(&x->touched))
            list_push(&s->touched, &x->touched);
    }
}

struct h2_stream *h2_stream_of(struct h2_session *s, const struct stream *st)
{
    struct h2_stream *x;

    MUST(st->session == &s->base && st->slot < s->fresh);
    x = h2_stream_at(s, st->slot);
    MUST(x->is_used && x->st == st);
    return x;
}

struct h2_stream *h2_stream_find(const struct h2_session *s, int32_t id)
{
    return nghttp2_session_get_stream_user_data(s->ng, id);
}

void h2_stream_wake(struct h2_session *s, struct h2_stream *x)
{
    if (x->st != NULL && x->st->reader != NULL)
        shard_wake(s->base.shard, x->st->reader);
}

void h2_stream_gone(struct h2_session *s, struct h2_stream *x, enum why why)
{
    if (x->st == NULL)
        return;
    if (x->st->gone == WHY_OK)
        x->st->gone = why;
    h2_stream_wake(s, x);
}

/* ---- ends ---- */

static uint32_t stream_code(const struct h2_session *s, enum why why)
{
    if (!s->base.type->is_server)
        return NGHTTP2_CANCEL;
    return why_fault(why) == WHY_FAULT_CLIENT ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR;
}

static void stream_submit_reset(struct h2_session *s, struct h2_stream *x, uint32_t code)
{
    MUST(x->is_open);
    if (x->is_reset)
        return;
    x->is_reset = true;
    if (nghttp2_submit_rst_stream(s->ng, NGHTTP2_FLAG_NONE, x->id, code) != 0)
        h2_session_blame(s, WHY_H2_MEMORY);
    s->base.wants_write = true;
}

void h2_stream_reset(struct h2_session *s, struct h2_stream *x, enum why why)
{
    h2_stream_gone(s, x, why);
    if (x->is_open)
        stream_submit_reset(s, x, stream_code(s, why));
}

void h2_stream_received_end(struct h2_session *s, struct h2_stream *x)
{
    x->has_peer_end = true;
    if (x->st == NULL || x->is_own)
        return;
    x->st->rx_end = true;
    h2_stream_wake(s, x);
}

void h2_stream_sent_end(struct h2_session *s, struct h2_stream *x)
{
    if (x->is_own) {
        /* RFC 9113 s8.1: the answer is complete and the rest of the request is not wanted. */
        if (!x->has_peer_end)
            stream_submit_reset(s, x, NGHTTP2_NO_ERROR);
        return;
    }
    if (x->st == NULL)
        return;
    x->st->tx_done = true;
    h2_stream_wake(s, x);
}

void h2_stream_closed(struct h2_session *s, int32_t id, uint32_t code)
{
    struct h2_stream *x = h2_stream_find(s, id);
    enum why why;

    if (x == NULL)
        return;
    MUST(x->is_open && x->id == id);
    x->is_open = false;
    s->open_n--;
    h2_stream_retry(s);
    list_remove(&x->turn);
    h2_guard_closed(&s->guard, (uint32_t)id, !x->has_peer_end);
    if (x->st != NULL && !x->is_own && (why = s->side->ending(s, x, code)) != WHY_OK)
        h2_stream_gone(s, x, why);
    h2_stream_settle(s, x);
}

void h2_stream_leave(struct session *base, struct stream *st, enum why why)
{
    struct h2_session *s = (struct h2_session *)base;
    struct h2_stream *x = h2_stream_of(s, st);

    /* What was not read does not count any more, neither for the stream nor for the connection. */
    s->rx_unread -= x->rx_owed;
    x->rx_owed = 0;
    x->st = NULL;
    x->pending = NULL;
    st->session = NULL;
    if (s->block_of == x)
        s->block_of = NULL;
    list_remove(&x->touched);
    h2_payload_credit(s, x);
    if (x->is_open && !x->is_own && s->fail == WHY_OK)
        stream_submit_reset(s, x, st->tx_done && s->base.type->is_server ? NGHTTP2_NO_ERROR : stream_code(s, why));
    h2_stream_settle(s, x);
    h2_session_publish(s);
}

/* ---- the exchange has changed something ---- */

void h2_stream_touch(struct session *base, struct stream *st)
{
    struct h2_session *s = (struct h2_session *)base;
    struct h2_stream *x = h2_stream_of(s, st);

    if (!list_has(&x->touched))
        list_push(&s->touched, &x->touched);
    s->base.wants_write = true;
}

static void stream_send(struct h2_session *s, struct h2_stream *x)
{
    struct stream *st = x->st;

    MUST(st != NULL);
    h2_payload_credit(s, x);
    if (x->is_own || st->gone != WHY_OK)
        return;
    s->side->send(s, x);
    if (x->is_bodyless)
        bufq_clear(&s->base.shard->queues, &st->tx);
    else
        h2_payload_resume(s, x);
}

bool h2_stream_send_some(struct h2_session *s)
{
    for (int i = 0; i < SEND_SOME_N; i++) {
        struct list_node *n = list_pop(&s->touched);
        if (n == NULL)
            return false;
        stream_send(s, container_of(n, struct h2_stream, touched));
    }
    return true;
}
