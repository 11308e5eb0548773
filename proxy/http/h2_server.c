/* h2_server.c - HTTP/2 towards clients: requests become streams, answers go back, what must be refused is.
 *
 * Spec:   RFC 9113 s5.1.2 (concurrency), s8.1 (messages), s8.3.1 (requests); RFC 8441 (extended CONNECT).
 * Layer:  http.
 * Bounds: H2_STREAMS_MAX requests in progress.
 */
#include "base/must.h"
#include "http/h2_nv.h"
#include "http/h2_session.h"
#include "http/problem.h"

/* ---- refusing ---- */

/* Answer with a problem document. The exchange, if there is one, is told and may leave at once. */
static void server_refuse(struct h2_session *s, struct h2_stream *x, enum why why)
{
    nghttp2_data_provider2 source = h2_payload_source(x);
    char json[PROBLEM_BYTES_MAX];
    uint32_t bytes = problem_print(why, SPAN_NONE, json);
    struct h2_nv nv;
    bool has_body;
    int rv;

    MUST(why_http(why) != 0 && !x->is_own);
    if (x->st != NULL) /* Else whoever had no place for it has counted. */
        counter_why(&s->base.shard->counters, why);
    x->is_own = true;
    h2_stream_gone(s, x, why);
    has_body = !x->is_head && bufq_push_copy(&s->base.shard->queues, &x->answer, span_of(json, bytes)) == WHY_OK;
    h2_nv_problem(&nv, problem_status(why), SPAN_LIT("application/problem+json"), has_body || x->is_head ? bytes : 0);
    rv = nghttp2_submit_response2(s->ng, x->id, nv.at, nv.n, has_body ? &source : NULL);
    if (rv != 0)
        h2_session_blame(s, WHY_H2_MEMORY);
}

/* ---- heads in ---- */

static void server_begin_request(struct h2_session *s, int32_t id)
{
    const nghttp2_extpri share = { .urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1 };
    const struct session_hooks *hooks = s->base.hooks;
    struct h2_stream *x = h2_stream_take(s);
    struct stream *st;

    MUST(hooks != NULL && s->used_n <= H2_STREAMS_MAX);
    if (x == NULL) {
        /* RFC 9113 s5.1.2, s8.7: not processed, so the client may try again. */
        counter_why(&s->base.shard->counters, WHY_H2_STREAM_REFUSED);
        h2_guard_closed(&s->guard, (uint32_t)id, true);
        if (nghttp2_submit_rst_stream(s->ng, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM) != 0)
            h2_session_blame(s, WHY_H2_MEMORY);
        h2_session_odd(s, 1);
        return;
    }
    s->base.requests_n++;
    h2_stream_opened(s, x, id);
    st = hooks->stream_open(hooks->owner, &s->base);
    if (st != NULL)
        h2_stream_bind(s, x, st);
    nghttp2_session_set_stream_user_data(s->ng, id, x);
    /* Unless the client says otherwise (RFC 9218), streams share the connection: one large download must not starve a call. */
    nghttp2_session_change_extpri_stream_priority(s->ng, id, &share, 0);
    s->block_of = x;
    if (st != NULL)
        head_init(st->rx_head, st->rx_head->arena);
    h2_block_begin(&s->block, H2_BLOCK_REQUEST, st != NULL ? st->rx_head : NULL, false);
    if (st != NULL)
        st->rx_head->scheme = s->base.is_tls ? SPAN_LIT("https") : SPAN_LIT("http");
}

static void server_begin_head(struct h2_session *s, const nghttp2_frame *frame)
{
    struct h2_stream *x;

    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        server_begin_request(s, frame->hd.stream_id);
        return;
    }
    x = h2_stream_find(s, frame->hd.stream_id);
    if (x == NULL || x->st == NULL || x->is_own)
        return;
    s->block_of = x;
    h2_block_begin(&s->block, H2_BLOCK_TRAILERS, x->st->rx_trailers, false);
}

static void server_end_request(struct h2_session *s, struct h2_stream *x, bool is_end)
{
    enum why why = WHY_POOL_EXCHANGE_EMPTY;

    x->has_peer_end = is_end;
    x->is_head = s->block.is_head;
    if (x->st != NULL)
        why = h2_block_end_request(&s->block, is_end);
    if (why != WHY_OK) {
        server_refuse(s, x, why);
        return;
    }
    x->st->rx_has_head = true;
    if (is_end)
        h2_stream_received_end(s, x);
    h2_stream_wake(s, x);
}

static void server_end_head(struct h2_session *s, const nghttp2_frame *frame)
{
    struct h2_stream *x = s->block_of;
    bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    enum why why;

    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        server_end_request(s, x, is_end);
        return;
    }
    why = h2_block_end_trailers(&s->block);
    if (why == WHY_OK)
        h2_stream_received_end(s, x); /* nghttp2 lets trailers pass only with END_STREAM. */
    else
        h2_stream_reset(s, x, why);
}

/* ---- heads out ---- */

static bool server_has_body(const struct h2_stream *x, const struct head *h)
{
    const struct stream *st = x->st;

    if (x->is_head || h->status == 204 || h->status == 304)
        return false;
    return !st->tx_end || st->tx.bytes > 0 || (st->tx_trailers != NULL && st->tx_trailers->fields_n > 0);
}

static void server_send(struct h2_session *s, struct h2_stream *x)
{
    struct stream *st = x->st;
    nghttp2_data_provider2 source = h2_payload_source(x);
    struct h2_nv nv;
    int rv;

    if (!st->tx_has_head || st->tx_head_done || !x->is_open || x->is_reset)
        return;
    h2_nv_response(&nv, st->tx_head);
    if (st->tx_head->status < 200 && st->tx_head->status != 101) {
        rv = nghttp2_submit_headers(s->ng, NGHTTP2_FLAG_NONE, x->id, NULL, nv.at, nv.n, NULL);
        h2_stream_wake(s, x); /* The exchange waits for tx_head_done before it shows the next head. */
    } else {
        x->is_bodyless = !server_has_body(x, st->tx_head);
        rv = nghttp2_submit_response2(s->ng, x->id, nv.at, nv.n, x->is_bodyless ? NULL : &source);
    }
    st->tx_head_done = true;
    if (rv != 0)
        h2_session_blame(s, WHY_H2_MEMORY);
}

static enum why server_ending(struct h2_session *s, struct h2_stream *x, uint32_t code)
{
    enum why why = x->why;

    UNUSED(code);
    if (x->st->rx_end && x->st->tx_done)
        return WHY_OK;
    /* Without a reset by the client it was nghttp2 that found the request wanting, and it does not say more. */
    if (why == WHY_OK)
        why = x->has_peer_end ? WHY_H2_CANCELLED : WHY_H2_MESSAGE;
    if (!x->st->rx_has_head) /* No exchange has begun that would count it. */
        counter_why(&s->base.shard->counters, why);
    return why;
}

static enum why server_name(enum why why)
{
    return why;
}

/* ---- the type ---- */

static enum why server_start(struct session *s, struct stream *st)
{
    UNUSED(s);
    UNUSED(st);
    must_not_reach("h2_server: it is the client that begins streams");
}

static const struct session_type server_type = {
    .name = "h2-server", .is_server = true, .is_multiplexed = true,
    .feed = h2_session_feed, .feed_end = h2_session_feed_end, .pull = h2_session_pull,
    .stream_start = server_start, .stream_leave = h2_stream_leave, .stream_touch = h2_stream_touch,
    .drain = h2_session_drain, .fini = h2_session_fini,
};
static const struct h2_side server_side = {
    .begin_head = server_begin_head, .end_head = server_end_head, .send = server_send,
    .ending = server_ending, .name = server_name,
};

enum why h2_server_open(struct pool *pool, struct shard *shard, struct session **out_session)
{
    /* The first one is what nghttp2 believes: more than the odd account lets anybody try at once, so that the refusals are
     * ours. See pull_first_settings of h2_session.c. */
    STATIC_MUST(4 * H2_STREAMS_MAX > H2_STREAMS_MAX + H2_GLITCHES_BURST, "nghttp2 would end the connection first");
    static const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 4 * H2_STREAMS_MAX },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW_BYTES },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_BYTES_MAX },
        { NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
        { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
    };

    return h2_session_open(pool, shard, &server_type, &server_side, settings, COUNT(settings), H2_CONN_WINDOW_BYTES,
                           out_session);
}
