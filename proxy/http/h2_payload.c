/* h2_payload.c - the payload of HTTP/2 streams: from the wire to the exchange with its windows, from the exchange to the wire.
 *
 * Spec:   RFC 9113 s5.2 (flow control), s6.1 (DATA), s8.1 (trailers).
 * Layer:  http.
 * Bounds: H2_STREAM_WINDOW_BYTES unread per stream; of a client's streams together H2_CONN_RX_BYTES_HIGH and one window.
 */
#include "base/must.h"
#include "http/h2_nv.h"
#include "http/h2_session.h"

/* ---- payload in ---- */

/* The connection's window goes back at once, so that one slow stream does not hold up the rest; only when a client has much
 * unread altogether it waits for the readers. An upstream's connection carries streams of many clients, and none of them may
 * stop the others: there the streams' own windows are the bound. */
static void payload_credit_connection(struct h2_session *s)
{
    if (s->rx_held == 0 || (s->base.type->is_server && s->rx_unread > H2_CONN_RX_BYTES_HIGH))
        return;
    if (nghttp2_session_consume_connection(s->ng, s->rx_held) != 0)
        h2_session_blame(s, WHY_H2_MEMORY);
    s->rx_held = 0;
}

void h2_payload_credit(struct h2_session *s, struct h2_stream *x)
{
    uint32_t left = x->st != NULL ? x->st->rx.bytes : 0;
    uint32_t taken = x->rx_owed - left;

    MUST(left <= x->rx_owed && s->rx_unread >= taken);
    x->rx_owed = left;
    s->rx_unread -= taken;
    if (taken > 0 && x->is_open && nghttp2_session_consume_stream(s->ng, x->id, taken) != 0)
        h2_session_blame(s, WHY_H2_MEMORY);
    payload_credit_connection(s);
}

/* Payload points into the piece that feed is at: large parts are held there, small ones copied. */
static enum why payload_store(struct h2_session *s, struct stream *st, struct span payload)
{
    struct bufq_env *env = &s->base.shard->queues;
    struct buf *b = s->piece->buf;

    if (payload.len <= BUFQ_COPY_BYTES_MAX)
        return bufq_push_copy(env, &st->rx, payload);
    MUST(payload.at >= b->mem && payload.at + payload.len <= b->mem + b->bytes);
    buf_hold(b);
    return bufq_push_buf(env, &st->rx, b, b->mem + (payload.at - b->mem), (uint32_t)payload.len);
}

void h2_payload_receive(struct h2_session *s, int32_t id, struct span payload)
{
    struct h2_stream *x = h2_stream_find(s, id);

    MUST(s->piece != NULL && payload.len > 0);
    s->rx_held += (uint32_t)payload.len;
    if (x == NULL || x->st == NULL || x->is_own || x->is_reset || x->st->gone != WHY_OK) {
        payload_credit_connection(s); /* Nobody reads it: no new window for the stream, so that not much more can come. */
        return;
    }
    if (payload_store(s, x->st, payload) != WHY_OK) {
        h2_stream_reset(s, x, WHY_POOL_BUFFER_EMPTY);
        return;
    }
    x->rx_owed += (uint32_t)payload.len;
    s->rx_unread += (uint32_t)payload.len;
    x->st->rx_wire_bytes += payload.len;
    payload_credit_connection(s);
    h2_stream_wake(s, x);
}

/* ---- payload out ---- */

static struct bufq *payload_tx(struct h2_stream *x)
{
    return x->is_own ? &x->answer : &x->st->tx;
}

/* The last of the payload is going out; trailers follow in a frame of their own. */
static void payload_end(struct h2_session *s, struct h2_stream *x, uint32_t *flags)
{
    const struct head *trailers = x->is_own ? NULL : x->st->tx_trailers;
    struct h2_nv nv;

    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (trailers == NULL || trailers->fields_n == 0)
        return;
    h2_nv_trailers(&nv, trailers);
    if (nv.n == 0)
        return;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (nghttp2_submit_trailer(s->ng, x->id, nv.at, nv.n) != 0)
        h2_session_blame(s, WHY_H2_MEMORY);
}

static nghttp2_ssize payload_on_read(nghttp2_session *ng, int32_t id, uint8_t *at, size_t length, uint32_t *flags,
                                    nghttp2_data_source *source, void *user)
{
    struct h2_session *s = user;
    struct h2_stream *x = source->ptr;
    bool is_end;
    size_t n;

    UNUSED(ng);
    UNUSED(id);
    UNUSED(at);
    MUST(s->out != NULL && x->is_used && x->is_open);
    if ((x->st == NULL && !x->is_own) || list_has(&x->turn)) {
        x->is_deferred = true; /* Left, and RST_STREAM is on its way; or its turn is over. */
        return NGHTTP2_ERR_DEFERRED;
    }
    if (s->out->bytes >= s->out_max)
        return NGHTTP2_ERR_PAUSE;
    n = payload_tx(x)->bytes;
    is_end = x->is_own || x->st->tx_end;
    if (n == 0 && !is_end) {
        x->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (n > length) {
        n = length;
        is_end = false;
    }
    if (n > 0)
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (is_end)
        payload_end(s, x, flags);
    return (nghttp2_ssize)n;
}

nghttp2_data_provider2 h2_payload_source(struct h2_stream *x)
{
    return (nghttp2_data_provider2){ .source.ptr = x, .read_callback = payload_on_read };
}

int h2_payload_on_send(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *head, size_t length,
                      nghttp2_data_source *source, void *user)
{
    struct h2_session *s = user;
    struct h2_stream *x = source->ptr;
    struct bufq_env *env = &s->base.shard->queues;
    enum why why;

    UNUSED(ng);
    MUST(frame->data.padlen == 0 && length <= payload_tx(x)->bytes);
    why = bufq_push_copy(env, s->out, span_of(head, H2_FRAME_HEAD_BYTES));
    if (why == WHY_OK)
        why = bufq_move(env, payload_tx(x), s->out, (uint32_t)length);
    if (why != WHY_OK) {
        h2_session_blame(s, why); /* The frame is torn: nothing can follow it on this wire. */
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    h2_guard_earn(&s->guard);
    if (x->st == NULL || x->is_own)
        return 0;
    x->st->tx_wire_bytes += length;
    h2_stream_wake(s, x);
    /* A server's streams take turns inside nghttp2 (RFC 9218, incremental); a client's would not. */
    if (!s->base.type->is_server && x->st->tx.bytes > 0)
        list_push(&s->turns, &x->turn);
    return 0;
}

void h2_payload_resume(struct h2_session *s, struct h2_stream *x)
{
    if (!x->is_deferred || !x->is_open || list_has(&x->turn) || x->st == NULL || (x->st->tx.bytes == 0 && !x->st->tx_end))
        return;
    x->is_deferred = false;
    if (nghttp2_session_resume_data(s->ng, x->id) == NGHTTP2_ERR_NOMEM)
        h2_session_blame(s, WHY_H2_MEMORY);
}

bool h2_payload_next_turn(struct h2_session *s)
{
    struct list_node *n;

    if (list_is_empty(&s->turns) || nghttp2_session_get_remote_window_size(s->ng) <= 0)
        return false;
    while ((n = list_pop(&s->turns)) != NULL) {
        struct h2_stream *x = container_of(n, struct h2_stream, turn);
        h2_payload_resume(s, x);
    }
    return true;
}
