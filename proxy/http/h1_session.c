/* h1_session.c - see h1_session.h.
 *
 * Spec:   RFC 9112 s7, s9.
 * Layer:  http. No I/O.
 */
#include "http/h1_session.h"

#include "base/limits.h"

uint32_t h1_session_bytes(void)
{
    return sizeof(struct h1_session);
}

enum why h1_session_open(struct pool *pool, struct shard *shard, const struct session_type *type,
                         struct session **out_session)
{
    struct h1_session *h = pool_take(pool);

    if (h == NULL)
        return WHY_POOL_SESSION_EMPTY;
    h->base.type = type;
    h->base.shard = shard;
    h->base.wants_read = true;
    h->base.is_idle = true;
    h->base.may_start = !type->is_server;
    h->pool = pool;
    h->state = type->is_server ? H1_AWAIT_MESSAGE : H1_AWAIT_START;
    h1_reader_init(&h->reader, !type->is_server);
    *out_session = &h->base;
    return WHY_OK;
}

void h1_session_bind(struct h1_session *h, struct stream *st)
{
    MUST(h->stream == NULL && st->rx_head != NULL && st->reader != NULL);
    st->session = &h->base;
    h->stream = st;
    h->base.streams_n = 1;
    h->base.requests_n++;
    h->base.is_idle = false;
    h->base.may_start = false;
    h->has_begun = false;
    h->interims_n = 0;
}

void h1_session_unbind(struct h1_session *h)
{
    h->stream->session = NULL;
    h->stream = NULL;
    h->base.streams_n = 0;
    h->base.wants_write = false;
}

void h1_session_wake(struct h1_session *h)
{
    shard_wake(h->base.shard, h->stream->reader);
}

void h1_session_cut(struct h1_session *h, enum why why)
{
    if (h->stream == NULL)
        return;
    h->stream->gone = why;
    h1_session_wake(h);
    h1_session_unbind(h);
}

void h1_session_end(struct h1_session *h)
{
    h->state = H1_ENDED;
    h->base.is_done = true;
    h->base.wants_read = false;
    h->base.is_idle = false;
    h->base.may_start = false;
    h->base.in_head = false;
}

/* ---- from the wire ---- */

enum why h1_session_feed_body(struct h1_session *h, struct bufq *wire, bool *out_goes_on)
{
    struct stream *st = h->stream;
    uint32_t before = st->rx.bytes;
    enum why why = WHY_OK;
    enum h1_got got = h1_reader_body(&h->reader, &h->base.shard->queues, wire, &st->rx, st->rx_trailers, &why);

    st->rx_wire_bytes += st->rx.bytes - before;
    *out_goes_on = got == H1_DONE;
    h->base.wants_read = got != H1_FULL;
    if (got == H1_DONE) {
        st->rx_end = true;
        h->state = H1_AWAIT_LEAVE;
    }
    if (got == H1_DONE || st->rx.bytes != before)
        h1_session_wake(h);
    return why;
}

enum why h1_session_feed_bytes(struct h1_session *h, struct bufq *wire)
{
    struct stream *st = h->stream;
    uint32_t bytes = wire->bytes;
    enum why why;

    h->base.wants_read = st->rx.bytes < STREAM_RX_BYTES_HIGH;
    if (!h->base.wants_read || bytes == 0)
        return WHY_OK;
    why = bufq_move(&h->base.shard->queues, wire, &st->rx, bytes);
    st->rx_wire_bytes += bytes - wire->bytes;
    h1_session_wake(h);
    return why;
}

/* ---- to the wire ---- */

/* A client that asked for an upgrade sends nothing until the answer says what follows. */
static bool may_send_payload(const struct h1_session *h)
{
    return h->has_begun && (h->mode != H1_MODE_RAW || h->base.is_tunnel);
}

bool h1_session_has_output(const struct h1_session *h)
{
    const struct stream *st = h->stream;

    if (st == NULL)
        return h->error != WHY_OK;
    if (st->tx_has_head && !st->tx_head_done)
        return true;
    return may_send_payload(h) && !st->tx_done && (st->tx.bytes > 0 || st->tx_end);
}

enum why h1_session_pull_payload(struct h1_session *h, struct bufq *out, uint32_t room)
{
    struct stream *st = h->stream;
    struct bufq_env *env = &h->base.shard->queues;
    uint32_t before = st->tx.bytes;
    enum why why;

    if (!may_send_payload(h) || st->tx_done)
        return WHY_OK;
    why = h1_writer_payload(env, out, &st->tx, room, (enum h1_mode)h->mode, &h->left_bytes);
    if (h->mode != H1_MODE_NONE)
        st->tx_wire_bytes += before - st->tx.bytes;
    if (why == WHY_OK && st->tx_end && st->tx.bytes == 0) {
        why = h1_writer_end(env, out, st->tx_trailers, (enum h1_mode)h->mode, h->left_bytes);
        st->tx_done = why == WHY_OK;
        /* A connection ends both ways at once: when one side of a tunnel is over, so is the other. */
        if (st->tx_done && h->base.is_tunnel)
            st->rx_end = true;
    }
    if (st->tx_done || st->tx.bytes != before)
        h1_session_wake(h);
    return why;
}

/* ---- members of both types ---- */

void h1_session_touch(struct session *s, struct stream *st)
{
    struct h1_session *h = h1_session_of(s);

    MUST(st == h->stream);
    if (st->rx.bytes <= STREAM_RX_BYTES_LOW)
        s->wants_read = true;
    s->wants_write = h1_session_has_output(h);
}

void h1_session_fini(struct session *s, enum why why)
{
    struct h1_session *h = h1_session_of(s);

    h1_session_cut(h, why);
    pool_give(h->pool, h);
}
