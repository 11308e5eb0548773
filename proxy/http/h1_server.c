/* h1_server.c - HTTP/1 towards clients: keep-alive, pipelining, interim answers, upgrades, refusals of its own.
 *
 * Spec:   RFC 9112 s9.3 (persistence), s9.3.2 (pipelining), s9.6 (closing), RFC 9110 s7.8 (Upgrade), s10.1.1 (Expect),
 *         s15.2 (1xx).
 * Layer:  http. No I/O.
 * Owner:  see h1_session.h.
 * Bounds: the next request is read when the exchange of the previous one has left; until then its bytes stay in wire.
 *
 * A stream of a request to upgrade has no rx_end before its answer: a refusal sets it, a switch opens the tunnel.
 */
#include "http/session.h"

#include "base/limits.h"
#include "http/h1_session.h"
#include "http/h1_websocket.h"
#include "http/problem.h"

/* The connection ends here; a client that is still without an answer gets ours. Until its head is complete a request is no
 * exchange's to count (a full pool of exchanges is counted where it was found). */
static enum why server_fail(struct h1_session *h, enum why why)
{
    bool may_answer = !h->has_begun && why_http(why) != 0;

    if ((h->state == H1_AWAIT_MESSAGE || h->state == H1_AWAIT_HEAD) && why != WHY_POOL_EXCHANGE_EMPTY)
        counter_why(&h->base.shard->counters, why);
    h1_session_cut(h, why);
    h1_session_end(h);
    h->error = (uint16_t)(may_answer ? why : WHY_OK);
    h->base.wants_write = may_answer;
    h->base.must_linger = true;
    return why;
}

/* ---- requests ---- */

/* The first byte of a request takes a place for it. */
static enum why server_begin(struct h1_session *h, struct bufq *wire, bool *out_goes_on)
{
    struct session *s = &h->base;
    enum why why = WHY_OK;
    struct stream *st;

    *out_goes_on = h1_reader_begin(&h->reader, &s->shard->queues, wire, &why) == H1_DONE;
    if (!*out_goes_on)
        return why;
    st = s->hooks->stream_open(s->hooks->owner, s);
    if (st == NULL)
        return WHY_POOL_EXCHANGE_EMPTY;
    h1_session_bind(h, st);
    h->is_head = false;
    s->in_head = true;
    h->state = H1_AWAIT_HEAD;
    return WHY_OK;
}

static enum why server_read_head(struct h1_session *h, struct bufq *wire, bool *out_goes_on)
{
    struct stream *st = h->stream;
    struct head *request = st->rx_head;
    struct h1_facts facts;
    enum why why = WHY_OK;

    *out_goes_on = h1_reader_head(&h->reader, &h->base.shard->queues, wire, request, NULL, &facts, &why) == H1_DONE;
    if (!*out_goes_on)
        return why;
    request->scheme = h->base.is_tls ? SPAN_LIT("https") : SPAN_LIT("http");
    h->keeps = facts.keeps && !h->is_draining;
    h->is_head = request->method == METHOD_HEAD;
    h->base.in_head = false;
    h->state = request->has_body ? H1_AWAIT_BODY : H1_AWAIT_LEAVE;
    st->rx_end = !request->has_body && !request->is_upgrade;
    st->rx_has_head = true;
    h1_session_wake(h);
    return WHY_OK;
}

static enum why server_feed(struct session *s, struct bufq *wire)
{
    struct h1_session *h = h1_session_of(s);
    bool goes_on = true;
    enum why why = WHY_OK;

    while (why == WHY_OK && goes_on && wire->bytes > 0) {
        switch ((enum h1_state)h->state) {
        case H1_AWAIT_MESSAGE:
            why = server_begin(h, wire, &goes_on);
            break;
        case H1_AWAIT_HEAD:
            why = server_read_head(h, wire, &goes_on);
            break;
        case H1_AWAIT_BODY:
            why = h1_session_feed_body(h, wire, &goes_on);
            break;
        case H1_AWAIT_BYTES:
            goes_on = false;
            why = h1_session_feed_bytes(h, wire);
            break;
        case H1_AWAIT_LEAVE:
            s->wants_read = wire->bytes < H1_PIPELINE_BYTES_MAX;
            return WHY_OK;
        case H1_ENDED:
            return WHY_OK;
        case H1_AWAIT_START:
        case H1_AWAIT_TAKEN:
            must_not_reach("server_feed: a client's state");
        }
    }
    return why == WHY_OK ? WHY_OK : server_fail(h, why);
}

static enum why server_feed_end(struct session *s)
{
    struct h1_session *h = h1_session_of(s);

    switch ((enum h1_state)h->state) {
    case H1_AWAIT_MESSAGE:
        h1_session_end(h);
        return WHY_OK;
    case H1_AWAIT_HEAD:
    case H1_AWAIT_BODY:
        return server_fail(h, WHY_H1_REQUEST_CUT);
    case H1_AWAIT_LEAVE:
        /* A client that closes and one that only shuts its sending side look the same. Like nginx and Envoy, we take it for
         * gone: the upstream's work for nobody (a long query, a paid-for model) ends now and not when we try to write. */
        return server_fail(h, WHY_IO_EOF);
    case H1_AWAIT_BYTES:
        h->stream->rx_end = true;
        h1_session_wake(h);
        return WHY_OK;
    case H1_ENDED:
        return WHY_OK;
    case H1_AWAIT_START:
    case H1_AWAIT_TAKEN:
        break;
    }
    must_not_reach("server_feed_end: a client's state");
}

/* ---- answers ---- */

/* What a refused client reads; there may be no arena to build it in. */
static enum why server_write_error(struct h1_session *h, struct bufq *out)
{
    enum why why = (enum why)h->error;
    char json[PROBLEM_BYTES_MAX];
    uint32_t len = problem_print(why, SPAN_NONE, json);
    struct field type = { .name = field_name(FIELD_CONTENT_TYPE), .value = SPAN_LIT("application/problem+json"),
                          .id = FIELD_CONTENT_TYPE };
    struct head head = { .fields = &type, .fields_n = 1, .fields_cap = 1, .status = problem_status(why),
                         .has_content_length = true, .content_length = len,
                         .bytes = (uint32_t)(type.name.len + type.value.len + 32) };
    struct h1_client_asked asked = { .version = HTTP_VERSION_11, .is_head = h->is_head };
    struct h1_queued queued = { .bytes = len, .is_all = true };
    struct h1_plan plan = h1_writer_plan_response(&head, &asked, &queued);

    h->error = WHY_OK;
    why = h1_writer_response(&h->base.shard->queues, out, &head, &plan);
    if (why == WHY_OK && plan.mode != H1_MODE_NONE)
        why = bufq_push_copy(&h->base.shard->queues, out, span_of(json, len));
    return why;
}

/* HTTP/1.0 has no interim answers (RFC 9110 s15.2). */
static enum why server_write_interim(struct h1_session *h, struct bufq *out)
{
    struct stream *st = h->stream;
    struct h1_plan plan = { .mode = H1_MODE_NONE };

    st->tx_head_done = true;
    h1_session_wake(h);
    if (st->rx_head->version == HTTP_VERSION_10)
        return WHY_OK;
    return h1_writer_response(&h->base.shard->queues, out, st->tx_head, &plan);
}

/* From here on both sides carry raw bytes; what is in wire already is the tunnel's. */
static enum why server_open_tunnel(struct h1_session *h)
{
    struct stream *st = h->stream;
    const struct head *request = st->rx_head;

    MUST(request->is_upgrade);
    if (st->tx_head->protocol.len == 0)
        st->tx_head->protocol = request->protocol;
    if (h1_websocket_is(request) && !h1_websocket_add_accept(st->tx_head, request))
        return WHY_ARENA_FULL;
    h->base.is_tunnel = true;
    h->base.wants_read = true;
    h->state = H1_AWAIT_BYTES;
    h->keeps = false;
    st->rx_tunnel = true;
    shard_wake(h->base.shard, h->base.conn_task);
    return WHY_OK;
}

static enum why server_write_head(struct h1_session *h, struct bufq *out)
{
    struct stream *st = h->stream;
    struct h1_queued queued = { .bytes = st->tx.bytes, .is_all = st->tx_end,
                                .has_trailers = st->tx_trailers != NULL && st->tx_trailers->fields_n > 0 };
    struct h1_client_asked asked = { .version = st->rx_head->version, .is_head = h->is_head,
                                     .is_tunnel = st->tx_tunnel };
    enum why why = WHY_OK;

    if (st->tx_head->status < 200 && !st->tx_tunnel)
        return server_write_interim(h, out);
    if (st->tx_tunnel)
        why = server_open_tunnel(h);
    else if (st->rx_head->is_upgrade)
        st->rx_end = true;
    if (why != WHY_OK)
        return why;
    /* A whole answer to a request that is still coming: the rest of the request will not be read. */
    if (h->is_draining || (h->state == H1_AWAIT_BODY && st->tx_end))
        h->keeps = false;
    asked.keeps = h->keeps;
    struct h1_plan plan = h1_writer_plan_response(st->tx_head, &asked, &queued);
    h->keeps = !plan.says_close && plan.mode != H1_MODE_RAW;
    h->mode = plan.mode;
    h->left_bytes = plan.length;
    h->has_begun = true;
    st->tx_head_done = true;
    h1_session_wake(h);
    return h1_writer_response(&h->base.shard->queues, out, st->tx_head, &plan);
}

static enum why server_pull(struct session *s, struct bufq *out, uint32_t room)
{
    struct h1_session *h = h1_session_of(s);
    struct stream *st = h->stream;
    enum why why = WHY_OK;

    s->wants_write = false;
    if (h->error != WHY_OK)
        return server_write_error(h, out);
    if (st == NULL)
        return WHY_OK;
    if (st->tx_has_head && !st->tx_head_done)
        why = server_write_head(h, out);
    if (why == WHY_OK)
        why = h1_session_pull_payload(h, out, room);
    if (why != WHY_OK) {
        /* Part of an answer is out: the client must see that it was cut, not a second one. */
        h->has_begun = true;
        return server_fail(h, why);
    }
    s->wants_write = h1_session_has_output(h);
    if (st->tx_done && (!h->keeps || h->state != H1_AWAIT_LEAVE)) {
        s->must_linger = h->state == H1_AWAIT_BODY;
        h1_session_end(h);
    }
    return WHY_OK;
}

static void server_leave(struct session *s, struct stream *st, enum why why)
{
    struct h1_session *h = h1_session_of(s);
    bool goes_on = st->tx_done && h->keeps && h->state == H1_AWAIT_LEAVE && !s->is_done;

    UNUSED(why);
    MUST(st == h->stream);
    h1_session_unbind(h);
    s->wants_read = true;
    if (goes_on) {
        h->state = H1_AWAIT_MESSAGE;
        s->is_idle = true;
    } else {
        s->must_linger = s->must_linger || h->state == H1_AWAIT_BODY;
        s->must_reset = h->has_begun && !st->tx_done && h->mode == H1_MODE_CLOSE;
        h1_session_end(h);
    }
    shard_wake(s->shard, s->conn_task);
}

static void server_drain(struct session *s)
{
    struct h1_session *h = h1_session_of(s);

    h->is_draining = true;
    if (h->state == H1_AWAIT_MESSAGE)
        h1_session_end(h);
    else
        h->keeps = false;
}

/* A head that took too long: 408 (RFC 9110 s15.5.9). */
static void server_expire(struct session *s, enum why why)
{
    (void)server_fail(h1_session_of(s), why);
}

static const struct session_type server_type = {
    .name = "h1-server",
    .is_server = true,
    .feed = server_feed,
    .feed_end = server_feed_end,
    .pull = server_pull,
    .stream_leave = server_leave,
    .stream_touch = h1_session_touch,
    .expire = server_expire,
    .drain = server_drain,
    .fini = h1_session_fini,
};

enum why h1_server_open(struct pool *pool, struct shard *shard, struct session **out_session)
{
    return h1_session_open(pool, shard, &server_type, out_session);
}
