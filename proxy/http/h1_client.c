/* h1_client.c - HTTP/1 towards upstreams: one request at a time, answers read with suspicion.
 *
 * Spec:   RFC 9112 s6.3 (ends of answers), s9.2 (pairing), s9.3, s9.5; RFC 9110 s15.2 (1xx), s7.8 (Upgrade).
 * Layer:  http. No I/O.
 * Owner:  see h1_session.h.
 * Bounds: H1_INTERIMS_MAX 1xx heads an answer; bytes that answer nothing end the connection.
 *
 * The connection is used again only when both messages went whole and nothing came behind the answer. An answer may
 * come before the request is sent (RFC 9112 s9.5): it counts, the connection does not.
 */
#include "http/session.h"

#include "base/limits.h"
#include "http/h1_session.h"
#include "http/h1_websocket.h"

static enum why client_fail(struct h1_session *h, enum why why)
{
    if (h->stream == NULL) /* Else it is the exchange that counts. */
        counter_why(&h->base.shard->counters, why);
    h1_session_cut(h, why);
    h1_session_end(h);
    return why;
}

/* ---- answers ---- */

static enum why client_begin(struct h1_session *h, struct bufq *wire, bool *out_goes_on)
{
    enum why why = WHY_OK;

    /* What came before we asked is the end of an idle connection that crossed with our lending it out. */
    if (!h->has_begun)
        return WHY_UP_RESET_EARLY;
    *out_goes_on = h1_reader_begin(&h->reader, &h->base.shard->queues, wire, &why) == H1_DONE;
    if (*out_goes_on)
        h->state = H1_AWAIT_HEAD;
    return why;
}

/* 1xx: the exchange takes it, then the next head comes into the same place. */
static enum why client_take_interim(struct h1_session *h)
{
    if (++h->interims_n > H1_INTERIMS_MAX)
        return WHY_H1_ANSWER_INTERIMS;
    h->stream->rx_interim = true;
    h->stream->rx_has_head = true;
    h->state = H1_AWAIT_TAKEN;
    h1_session_wake(h);
    return WHY_OK;
}

static enum why client_open_tunnel(struct h1_session *h)
{
    struct stream *st = h->stream;

    /* A key of ours is ours to check; a client's own is checked by the client. */
    if (st->tx_head->method == METHOD_CONNECT && h1_websocket_is(st->tx_head) &&
        !h1_websocket_fits(st->rx_head, st->tx_head))
        return WHY_H1_ANSWER_UPGRADE;
    h->base.is_tunnel = true;
    h->keeps = false;
    h->state = H1_AWAIT_BYTES;
    st->rx_tunnel = true;
    return WHY_OK;
}

static enum why client_take_final(struct h1_session *h, const struct h1_facts *facts)
{
    struct stream *st = h->stream;
    enum why why = WHY_OK;

    h->keeps = facts->keeps && !h->is_draining;
    if (st->rx_head->status == 101) {
        why = client_open_tunnel(h);
    } else {
        st->tx_done = st->tx_done || h->mode == H1_MODE_RAW; /* An upgrade that was refused: the head was all. */
        st->rx_end = !st->rx_head->has_body;
        h->state = st->rx_head->has_body ? H1_AWAIT_BODY : H1_AWAIT_LEAVE;
    }
    st->rx_has_head = why == WHY_OK;
    h->base.wants_write = h1_session_has_output(h);
    h1_session_wake(h);
    return why;
}

static enum why client_read_head(struct h1_session *h, struct bufq *wire, bool *out_goes_on)
{
    struct stream *st = h->stream;
    struct h1_asked asked = { .is_head = st->tx_head->method == METHOD_HEAD, .is_upgrade = h->mode == H1_MODE_RAW };
    struct h1_facts facts;
    enum why why = WHY_OK;
    enum h1_got got = h1_reader_head(&h->reader, &h->base.shard->queues, wire, st->rx_head, &asked, &facts, &why);

    *out_goes_on = got == H1_DONE;
    if (got != H1_DONE)
        return why;
    if (st->rx_head->status < 200 && st->rx_head->status != 101)
        return client_take_interim(h);
    return client_take_final(h, &facts);
}

/* Has the exchange taken the interim head. */
static bool client_is_taken(struct h1_session *h)
{
    struct stream *st = h->stream;

    if (st->rx_interim || st->rx_has_head)
        return false;
    head_init(st->rx_head, st->rx_head->arena);
    h->state = H1_AWAIT_MESSAGE;
    return true;
}

static enum why client_feed(struct session *s, struct bufq *wire)
{
    struct h1_session *h = h1_session_of(s);
    bool goes_on = true;
    enum why why = WHY_OK;

    while (why == WHY_OK && goes_on && wire->bytes > 0) {
        switch ((enum h1_state)h->state) {
        case H1_AWAIT_START:
            why = WHY_H1_ANSWER_UNASKED;
            break;
        case H1_AWAIT_MESSAGE:
            why = client_begin(h, wire, &goes_on);
            break;
        case H1_AWAIT_HEAD:
            why = client_read_head(h, wire, &goes_on);
            break;
        case H1_AWAIT_TAKEN:
            goes_on = client_is_taken(h);
            s->wants_read = goes_on || wire->bytes < H1_PIPELINE_BYTES_MAX;
            break;
        case H1_AWAIT_BODY:
            why = h1_session_feed_body(h, wire, &goes_on);
            break;
        case H1_AWAIT_LEAVE: /* Behind its answer: whatever that is, the next request must not get it. */
            if (s->wants_read)
                counter_why(&s->shard->counters, WHY_H1_ANSWER_UNASKED);
            h->keeps = false;
            s->wants_read = false;
            return WHY_OK;
        case H1_AWAIT_BYTES:
            goes_on = false;
            why = h1_session_feed_bytes(h, wire);
            break;
        case H1_ENDED:
            return WHY_OK;
        }
    }
    return why == WHY_OK ? WHY_OK : client_fail(h, why);
}

static enum why client_feed_end(struct session *s)
{
    struct h1_session *h = h1_session_of(s);

    switch ((enum h1_state)h->state) {
    case H1_AWAIT_START:
        h1_session_end(h);
        return WHY_OK;
    case H1_AWAIT_MESSAGE:
        return client_fail(h, WHY_UP_RESET_EARLY);
    case H1_AWAIT_HEAD:
    case H1_AWAIT_TAKEN:
        return client_fail(h, WHY_UP_RESET_LATE);
    case H1_AWAIT_BODY:
        if (!h1_reader_may_end(&h->reader))
            return client_fail(h, WHY_UP_RESET_LATE);
        h->state = H1_AWAIT_LEAVE;
        break;
    case H1_AWAIT_BYTES:
        break;
    case H1_AWAIT_LEAVE:
        h->keeps = false;
        return WHY_OK;
    case H1_ENDED:
        return WHY_OK;
    }
    h->keeps = false;
    h->stream->rx_end = true;
    h1_session_wake(h);
    return WHY_OK;
}

/* ---- requests ---- */

static enum why client_start(struct session *s, struct stream *st)
{
    struct h1_session *h = h1_session_of(s);

    MUST(s->may_start && h->state == H1_AWAIT_START && st->tx_head != NULL);
    h1_session_bind(h, st);
    h->state = H1_AWAIT_MESSAGE;
    h->keeps = !h->is_draining;
    h->mode = H1_MODE_NONE;
    s->wants_write = h1_session_has_output(h);
    return WHY_OK;
}

static enum why client_write_head(struct h1_session *h, struct bufq *out)
{
    struct stream *st = h->stream;
    struct h1_queued queued = { .bytes = st->tx.bytes, .is_all = st->tx_end,
                                .has_trailers = st->tx_trailers != NULL && st->tx_trailers->fields_n > 0 };
    struct h1_plan plan = h1_writer_plan_request(st->tx_head, &queued);

    if (h1_websocket_is(st->tx_head) && !h1_websocket_add_key(st->tx_head, &h->base.shard->rng))
        return WHY_ARENA_FULL;
    h->mode = plan.mode;
    h->left_bytes = plan.length;
    h->has_begun = true;
    st->tx_head_done = true;
    h1_session_wake(h);
    return h1_writer_request(&h->base.shard->queues, out, st->tx_head, &plan);
}

static enum why client_pull(struct session *s, struct bufq *out, uint32_t room)
{
    struct h1_session *h = h1_session_of(s);
    struct stream *st = h->stream;
    enum why why = WHY_OK;

    s->wants_write = false;
    if (st == NULL)
        return WHY_OK;
    if (st->tx_has_head && !st->tx_head_done)
        why = client_write_head(h, out);
    if (why == WHY_OK)
        why = h1_session_pull_payload(h, out, room);
    if (why != WHY_OK)
        return client_fail(h, why);
    s->wants_write = h1_session_has_output(h);
    if (st->tx_done && s->is_tunnel)
        h1_session_end(h);
    return WHY_OK;
}

static void client_leave(struct session *s, struct stream *st, enum why why)
{
    struct h1_session *h = h1_session_of(s);

    UNUSED(why);
    MUST(st == h->stream);
    h1_session_unbind(h);
    s->wants_read = true;
    if (st->tx_done && h->keeps && h->state == H1_AWAIT_LEAVE && !s->is_done) {
        h->state = H1_AWAIT_START;
        s->may_start = true;
        s->is_idle = true;
    } else {
        h1_session_end(h);
    }
}

static void client_drain(struct session *s)
{
    struct h1_session *h = h1_session_of(s);

    h->is_draining = true;
    h->keeps = false;
    if (h->state == H1_AWAIT_START)
        h1_session_end(h);
}

static const struct session_type client_type = {
    .name = "h1-client",
    .feed = client_feed,
    .feed_end = client_feed_end,
    .pull = client_pull,
    .stream_start = client_start,
    .stream_leave = client_leave,
    .stream_touch = h1_session_touch,
    .drain = client_drain,
    .fini = h1_session_fini,
};

enum why h1_client_open(struct pool *pool, struct shard *shard, struct session **out_session)
{
    return h1_session_open(pool, shard, &client_type, out_session);
}
