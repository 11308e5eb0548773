/* h2_client.c - HTTP/2 towards upstreams: streams of exchanges become requests, answers come back.
 *
 * Spec:   RFC 9113 s8.1 (messages, early answers), s8.3.2 (responses), s6.8 (GOAWAY), s8.7 (what may be retried); RFC 8441.
 * Layer:  http.
 * Bounds: H2_STREAMS_MAX or what the upstream allows, whichever is less; H2_INTERIMS_MAX heads before an answer.
 */
#include "base/must.h"
#include "http/h2_nv.h"
#include "http/h2_session.h"

/* ---- requests out ---- */

/* May x be submitted in this pull? false: it waits for SETTINGS or for room, or has been told why not. (What nghttp2 would
 * queue, it would encode later, from a head that may be gone by then.) */
static bool client_may_submit(struct h2_session *s, struct h2_stream *x)
{
    bool has_room = s->open_n < nghttp2_session_get_remote_settings(s->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

    if (s->is_draining || !nghttp2_session_check_request_allowed(s->ng)) {
        h2_stream_gone(s, x, WHY_H2_UP_REFUSED);
        return false;
    }
    if (!has_room || (x->st->tx_head->is_upgrade && !s->has_peer_settings)) {
        h2_stream_wait(s, x);
        return false;
    }
    if (!x->st->tx_head->is_upgrade)
        return true;
    if (nghttp2_session_get_remote_settings(s->ng, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1)
        return true;
    h2_stream_gone(s, x, WHY_H2_UP_NO_CONNECT);
    return false;
}

/* The final head behind an interim one, once both are there: it complete, the interim taken. */
static void client_show_pending(struct h2_session *s, struct h2_stream *x)
{
    struct stream *st = x->st;

    if (x->pending == NULL || st->rx_has_head)
        return;
    *st->rx_head = *x->pending;
    x->pending = NULL;
    st->rx_has_head = true;
    h2_stream_wake(s, x);
}

static void client_send(struct h2_session *s, struct h2_stream *x)
{
    struct stream *st = x->st;
    const struct head *h = st->tx_head;
    nghttp2_data_provider2 source = h2_payload_source(x);
    struct h2_nv nv;
    int32_t id;

    client_show_pending(s, x);
    if (x->id != 0 || !st->tx_has_head || !client_may_submit(s, x))
        return;
    x->has_tunnel = h->is_upgrade;
    x->is_head = h->method == METHOD_HEAD;
    x->is_bodyless = !h->is_upgrade && st->tx_end && st->tx.bytes == 0 &&
                     (st->tx_trailers == NULL || st->tx_trailers->fields_n == 0);
    h2_nv_request(&nv, h);
    id = nghttp2_submit_request2(s->ng, NULL, nv.at, nv.n, x->is_bodyless ? NULL : &source, x);
    if (id < 0) {
        /* Out of stream numbers: 2^30 requests on one connection. Another one will do. */
        s->is_draining = true;
        h2_stream_gone(s, x, WHY_H2_UP_REFUSED);
        return;
    }
    h2_stream_opened(s, x, id);
    st->tx_head_done = true;
}

static enum why client_start(struct session *base, struct stream *st)
{
    struct h2_session *s = (struct h2_session *)base;
    struct h2_stream *x;

    MUST(base->may_start && st->session == NULL);
    x = h2_stream_take(s);
    if (x == NULL)
        return WHY_H2_MEMORY;
    base->requests_n++;
    h2_stream_bind(s, x, st);
    h2_stream_touch(base, st);
    h2_session_publish(s);
    return WHY_OK;
}

/* ---- answers in ---- */

static void client_begin_head(struct h2_session *s, const nghttp2_frame *frame)
{
    struct h2_stream *x = h2_stream_find(s, frame->hd.stream_id);
    struct stream *st;
    struct head *head;

    if (x == NULL || x->st == NULL || x->st->gone != WHY_OK)
        return;
    st = x->st;
    s->block_of = x;
    if (x->has_final) {
        h2_block_begin(&s->block, H2_BLOCK_TRAILERS, st->rx_trailers, true);
        return;
    }
    head = st->rx_head;
    if (st->rx_has_head) {
        /* The exchange still shows the interim head to its client: this one waits in the exchange's memory. */
        head = arena_take(st->rx_head->arena, sizeof(*head));
        if (head == NULL) {
            s->block_of = NULL;
            h2_stream_reset(s, x, WHY_ARENA_FULL);
            return;
        }
    }
    head_init(head, st->rx_head->arena);
    h2_block_begin(&s->block, H2_BLOCK_RESPONSE, head, true);
}

/* A 1xx. One at a time is shown; while it is, others are passed over, as a proxy may (RFC 9110 s15.2). */
static void client_end_interim(struct h2_session *s, struct h2_stream *x)
{
    struct stream *st = x->st;

    if (++x->interims_n > H2_INTERIMS_MAX) {
        h2_stream_reset(s, x, WHY_H2_UP_INTERIMS);
        return;
    }
    if (s->block.head != st->rx_head)
        return;
    st->rx_interim = st->rx_has_head = true;
    h2_stream_wake(s, x);
}

static void client_end_final(struct h2_session *s, struct h2_stream *x, bool is_end)
{
    struct stream *st = x->st;

    MUST(!x->has_final && x->pending == NULL);
    x->has_final = true;
    if (x->has_tunnel && s->block.head->status < 300)
        st->rx_tunnel = true;
    if (s->block.head == st->rx_head)
        st->rx_has_head = true;
    else
        x->pending = s->block.head;
    client_show_pending(s, x); /* The interim head may have been taken while this one was still coming in. */
    if (is_end)
        h2_stream_received_end(s, x);
    h2_stream_wake(s, x);
}

static void client_end_head(struct h2_session *s, const nghttp2_frame *frame)
{
    struct h2_stream *x = s->block_of;
    bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    enum why why;

    why = x->has_final ? h2_block_end_trailers(&s->block)
                       : h2_block_end_response(&s->block, is_end, !x->is_head && !x->has_tunnel);
    if (why != WHY_OK)
        h2_stream_reset(s, x, why);
    else if (x->has_final)
        h2_stream_received_end(s, x);
    else if (s->block.head->status < 200)
        client_end_interim(s, x);
    else
        client_end_final(s, x, is_end);
}

static enum why client_ending(struct h2_session *s, struct h2_stream *x, uint32_t code)
{
    UNUSED(s);
    if (x->st->rx_end) {
        /* RFC 9113 s8.1: a complete answer counts, whatever became of the rest of the request. */
        x->is_bodyless = true;
        x->st->tx_done = true;
        h2_stream_wake(s, x);
        return WHY_OK;
    }
    if (x->why != WHY_OK)
        return x->why;
    return code == NGHTTP2_REFUSED_STREAM ? WHY_H2_UP_REFUSED : WHY_H2_UP_RESET;
}

static enum why client_name(enum why why)
{
    switch ((int)why) {
    case WHY_H2_RESET_FLOOD:
    case WHY_H2_CONTROL_FLOOD:
    case WHY_H2_CONTINUATION_FLOOD:
    case WHY_H2_SETTINGS_FLOOD:
    case WHY_H2_REPLIES_UNSENT:
        return WHY_H2_UP_FLOOD;
    case WHY_H2_MESSAGE:
        return WHY_H2_UP_MESSAGE;
    case WHY_H2_HEAD_LARGE:
        return WHY_H2_UP_HEAD_LARGE;
    case WHY_H2_MEMORY:
    case WHY_POOL_BUFFER_EMPTY:
        return why;
    }
    return WHY_H2_UP_PROTOCOL;
}

/* ---- the type ---- */

static const struct session_type client_type = {
    .name = "h2-client", .is_server = false, .is_multiplexed = true,
    .feed = h2_session_feed, .feed_end = h2_session_feed_end, .pull = h2_session_pull,
    .stream_start = client_start, .stream_leave = h2_stream_leave, .stream_touch = h2_stream_touch,
    .drain = h2_session_drain, .fini = h2_session_fini,
};
static const struct h2_side client_side = {
    .begin_head = client_begin_head, .end_head = client_end_head, .send = client_send,
    .ending = client_ending, .name = client_name,
};

enum why h2_client_open(struct pool *pool, struct shard *shard, struct session **out_session)
{
    static const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW_BYTES },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_BYTES_MAX },
    };

    return h2_session_open(pool, shard, &client_type, &client_side, settings, COUNT(settings), H2_UP_CONN_WINDOW_BYTES,
                           out_session);
}
