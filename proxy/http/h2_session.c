/* h2_session.c - see h2_session.h. Opening and ending, the way of the bytes in and out, and what nghttp2 calls back.
 *
 * Spec:   RFC 9113 s3.4, s5.4 (errors), s6.5 (SETTINGS), s6.8 (GOAWAY).
 * Layer:  http.
 */
#include "http/h2_session.h"

#include "base/must.h"

static const uint8_t drain_ping[8] = { 'd', 'r', 'a', 'i', 'n', 0, 0, 1 };

uint32_t h2_session_bytes(void)
{
    return sizeof(struct h2_session);
}

/* ---- the connection's end ---- */

static uint32_t session_code(enum why why)
{
    switch ((int)why) {
    case WHY_H2_FRAME_SIZE:
        return NGHTTP2_FRAME_SIZE_ERROR;
    case WHY_H2_STREAM_CLOSED:
        return NGHTTP2_STREAM_CLOSED;
    case WHY_H2_RESET_FLOOD:
    case WHY_H2_CONTROL_FLOOD:
    case WHY_H2_CONTINUATION_FLOOD:
    case WHY_H2_SETTINGS_FLOOD:
    case WHY_H2_REPLIES_UNSENT:
        return NGHTTP2_ENHANCE_YOUR_CALM;
    case WHY_H2_MEMORY:
    case WHY_POOL_BUFFER_EMPTY:
        return NGHTTP2_INTERNAL_ERROR;
    }
    return NGHTTP2_PROTOCOL_ERROR;
}

static void session_fail(struct h2_session *s, enum why why)
{
    if (s->fail != WHY_OK)
        return;
    MUST(why != WHY_OK && s->piece == NULL);
    s->fail = s->side->name(why);
    counter_why(&s->base.shard->counters, s->fail); /* The connection's own ending, beside those of its requests. */
    /* When there is no memory even for this, the connection closes without a word. */
    (void)nghttp2_session_terminate_session(s->ng, session_code(why));
    for (unsigned i = 0; i < s->fresh; i++)
        if (h2_stream_at(s, i)->is_used)
            h2_stream_gone(s, h2_stream_at(s, i), s->fail);
}

void h2_session_blame(struct h2_session *s, enum why why)
{
    if (s->blame == WHY_OK)
        s->blame = why;
}

void h2_session_odd(struct h2_session *s, uint32_t n)
{
    enum why why = h2_guard_odd(&s->guard, n, h2_session_now_ns(s));

    if (why != WHY_OK)
        h2_session_blame(s, why);
}

/* What nghttp2 says when it stops at once. */
static enum why session_error(const struct h2_session *s, nghttp2_ssize error)
{
    switch (error) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
        return WHY_H2_PREFACE;
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
        return WHY_H2_CONTINUATION_FLOOD;
    case NGHTTP2_ERR_FLOODED:
        return WHY_H2_REPLIES_UNSENT;
    }
    return s->mem.was_denied ? WHY_H2_MEMORY : WHY_H2_PROTOCOL;
}

/* What nghttp2 decided by itself, by the code of its GOAWAY. */
static enum why session_goaway_why(const struct h2_session *s, uint32_t code)
{
    if (s->mem.was_denied)
        return WHY_H2_MEMORY;
    if (!s->has_peer_settings)
        return WHY_H2_PREFACE;
    switch (code) {
    case NGHTTP2_FLOW_CONTROL_ERROR:
        return WHY_H2_FLOW_CONTROL;
    case NGHTTP2_FRAME_SIZE_ERROR:
        return WHY_H2_FRAME_SIZE;
    case NGHTTP2_COMPRESSION_ERROR:
        return WHY_H2_HPACK;
    case NGHTTP2_STREAM_CLOSED:
        return WHY_H2_STREAM_CLOSED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
    case NGHTTP2_INTERNAL_ERROR: /* its limit of resets */
        return WHY_H2_RESET_FLOOD;
    }
    return WHY_H2_PROTOCOL;
}

/* ---- what nghttp2 calls back ---- */

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct h2_session *s = user;

    UNUSED(ng);
    s->block_of = NULL;
    if (frame->hd.type == NGHTTP2_HEADERS)
        s->side->begin_head(s, frame);
    return 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, nghttp2_rcbuf *name, nghttp2_rcbuf *value,
                     uint8_t flags, void *user)
{
    struct h2_session *s = user;
    nghttp2_vec n, v;

    UNUSED(ng);
    UNUSED(frame);
    if (s->block_of == NULL)
        return 0;
    n = nghttp2_rcbuf_get_buf(name);
    v = nghttp2_rcbuf_get_buf(value);
    h2_block_field(&s->block, span_of(n.base, n.len), span_of(v.base, v.len), (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0);
    return 0;
}

static int on_invalid_header(nghttp2_session *ng, const nghttp2_frame *frame, nghttp2_rcbuf *name, nghttp2_rcbuf *value,
                             uint8_t flags, void *user)
{
    struct h2_session *s = user;

    UNUSED(ng);
    UNUSED(frame);
    UNUSED(name);
    UNUSED(value);
    UNUSED(flags);
    if (s->block_of != NULL)
        h2_block_bad_field(&s->block);
    return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *at, size_t len, void *user)
{
    UNUSED(ng);
    UNUSED(flags);
    h2_payload_receive(user, id, span_of(at, len));
    return 0;
}

static void session_on_ping(struct h2_session *s, const nghttp2_ping *ping)
{
    /* Whatever the client began before it heard the notice has arrived by now. */
    if ((ping->hd.flags & NGHTTP2_FLAG_ACK) != 0 && s->is_draining &&
        memcmp(ping->opaque_data, drain_ping, sizeof(drain_ping)) == 0)
        h2_session_goodbye(s);
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct h2_session *s = user;
    struct h2_stream *x;

    UNUSED(ng);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (s->block_of != NULL)
            s->side->end_head(s, frame);
        s->block_of = NULL;
        break;
    case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && (x = h2_stream_find(s, frame->hd.stream_id)) != NULL)
            h2_stream_received_end(s, x);
        break;
    case NGHTTP2_RST_STREAM:
        if ((x = h2_stream_find(s, frame->hd.stream_id)) != NULL)
            x->has_peer_end = true;
        break;
    case NGHTTP2_SETTINGS:
        s->has_peer_settings = true;
        h2_stream_retry(s);
        break;
    case NGHTTP2_PING:
        session_on_ping(s, &frame->ping);
        break;
    case NGHTTP2_GOAWAY: /* From a client it forbids pushes, which there are none of. */
        s->has_peer_goaway = true;
        if (!s->base.type->is_server)
            s->is_draining = true;
        break;
    }
    return 0;
}

/* A frame that breaks a rule, after nghttp2 has decided what to do about it: a stream's error is named for its exchange. */
static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *user)
{
    struct h2_session *s = user;
    struct h2_stream *x = h2_stream_find(s, frame->hd.stream_id);

    UNUSED(ng);
    UNUSED(error);
    if (x != NULL && x->why == WHY_OK)
        x->why = s->side->name(WHY_H2_MESSAGE);
    h2_session_odd(s, 1);
    return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
    UNUSED(ng);
    h2_stream_closed(user, id, code);
    return 0;
}

static void session_sent_goaway(struct h2_session *s, const nghttp2_goaway *goaway)
{
    if (goaway->error_code != NGHTTP2_NO_ERROR) {
        if (s->fail == WHY_OK)
            h2_session_blame(s, session_goaway_why(s, goaway->error_code));
    } else if (s->base.type->is_server && !s->is_goodbye_out) {
        /* The notice is out; a PING behind it tells when the client has seen it. (nghttp2 sends a PING before whatever else
         * waits, so it must not wait together with the notice.) */
        if (nghttp2_submit_ping(s->ng, NGHTTP2_FLAG_NONE, drain_ping) != 0)
            h2_session_blame(s, WHY_H2_MEMORY);
    }
}

static int on_frame_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct h2_session *s = user;
    struct h2_stream *x;

    UNUSED(ng);
    if (frame->hd.type == NGHTTP2_GOAWAY)
        session_sent_goaway(s, &frame->goaway);
    if (frame->hd.type > NGHTTP2_HEADERS || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    if ((x = h2_stream_find(s, frame->hd.stream_id)) != NULL)
        h2_stream_sent_end(s, x);
    return 0;
}

/* A head that nghttp2 could not encode. When the stream or the session is ending there is nothing to add. */
static int on_frame_not_sent(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *user)
{
    struct h2_session *s = user;
    struct h2_stream *x;

    UNUSED(ng);
    if (frame->hd.type != NGHTTP2_HEADERS || error != NGHTTP2_ERR_FRAME_SIZE_ERROR)
        return 0;
    if ((x = h2_stream_find(s, frame->hd.stream_id)) != NULL)
        h2_stream_reset(s, x, s->side->name(WHY_H2_HEAD_LARGE));
    return 0;
}

/* ---- opening ---- */

static nghttp2_session_callbacks *session_callbacks(void)
{
    nghttp2_session_callbacks *c;

    if (nghttp2_session_callbacks_new(&c) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(c, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(c, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(c, on_frame_not_sent);
    nghttp2_session_callbacks_set_send_data_callback(c, h2_payload_on_send);
    return c;
}

static nghttp2_option *session_options(bool is_server)
{
    nghttp2_option *o;

    if (nghttp2_option_new(&o) != 0)
        return NULL;
    nghttp2_option_set_no_auto_window_update(o, 1);
    nghttp2_option_set_peer_max_concurrent_streams(o, H2_STREAMS_MAX);
    nghttp2_option_set_max_deflate_dynamic_table_size(o, H2_HPACK_BYTES_MAX);
    nghttp2_option_set_max_send_header_block_length(o, H2_HEAD_SEND_BYTES_MAX);
    nghttp2_option_set_max_continuations(o, H2_CONTINUATIONS_MAX);
    nghttp2_option_set_max_settings(o, H2_SETTINGS_MAX);
    nghttp2_option_set_max_outbound_ack(o, H2_REPLIES_UNSENT_MAX);
    /* Ours strike earlier. On an upstream's connection its limit would take our own cancels for its glitches. */
    if (!is_server)
        nghttp2_option_set_glitch_rate_limit(o, H2_UP_GLITCHES_BURST * 10, H2_UP_GLITCHES_A_SECOND * 10);
    return o;
}

static nghttp2_session *session_new(struct h2_session *s)
{
    nghttp2_session_callbacks *callbacks = session_callbacks();
    nghttp2_option *options = session_options(s->base.type->is_server);
    nghttp2_mem hooks = h2_mem_hooks(&s->mem);
    nghttp2_session *ng = NULL;
    int rv = NGHTTP2_ERR_NOMEM;

    if (callbacks != NULL && options != NULL)
        rv = s->base.type->is_server ? nghttp2_session_server_new3(&ng, callbacks, s, options, &hooks)
                                     : nghttp2_session_client_new3(&ng, callbacks, s, options, &hooks);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(options);
    return rv == 0 ? ng : NULL;
}

enum why h2_session_open(struct pool *pool, struct shard *shard, const struct session_type *type, const struct h2_side *side,
                         const nghttp2_settings_entry *settings, size_t settings_n, int32_t window_bytes,
                         struct session **out_session)
{
    struct h2_session *s = pool_take_dirty(pool);

    MUST(pool->slot_bytes >= h2_session_bytes() && settings_n > 0 && window_bytes >= H2_STREAM_WINDOW_BYTES);
    if (s == NULL)
        return WHY_POOL_SESSION_EMPTY;
    /* Slots are set up one by one as they are used. */
    memset(s, 0, offsetof(struct h2_session, first));
    s->base.type = type;
    s->base.shard = shard;
    s->pool = pool;
    s->side = side;
    list_init(&s->touched);
    list_init(&s->turns);
    h2_mem_init(&s->mem, H2_LIB_BYTES_MAX);
    h2_walk_init(&s->walk, type->is_server);
    h2_guard_init(&s->guard, type->is_server);
    s->ng = session_new(s);
    if (s->ng == NULL || nghttp2_submit_settings(s->ng, NGHTTP2_FLAG_NONE, settings, settings_n) != 0 ||
        nghttp2_session_set_local_window_size(s->ng, NGHTTP2_FLAG_NONE, 0, window_bytes) != 0) {
        nghttp2_session_del(s->ng);
        pool_give(pool, s);
        return WHY_POOL_SESSION_EMPTY;
    }
    h2_session_publish(s);
    *out_session = &s->base;
    return WHY_OK;
}

void h2_session_fini(struct session *base, enum why why)
{
    struct h2_session *s = (struct h2_session *)base;

    MUST(s->piece == NULL && s->out == NULL); /* not from within a callback */
    nghttp2_session_del(s->ng);
    for (unsigned i = 0; i < s->fresh; i++) {
        struct h2_stream *x = h2_stream_at(s, i);
        if (!x->is_used)
            continue;
        bufq_clear(&base->shard->queues, &x->answer);
        h2_stream_gone(s, x, why);
        if (x->st != NULL)
            x->st->session = NULL;
    }
    h2_stream_trim(s);
    PARANOID(s->mem.bytes == 0);
    pool_give(s->pool, s);
}

void h2_session_publish(struct h2_session *s)
{
    struct session *b = &s->base;
    bool wants_read = nghttp2_session_want_read(s->ng) != 0, wants_write = nghttp2_session_want_write(s->ng) != 0;
    bool is_head_frame = s->frame.type == H2_HEADERS || s->frame.type == H2_CONTINUATION;

    b->streams_n = s->used_n;
    b->is_idle = s->used_n == 0;
    b->wants_read = wants_read && s->fail == WHY_OK;
    b->wants_write = wants_write || !list_is_empty(&s->touched) ||
                     (!list_is_empty(&s->turns) && nghttp2_session_get_remote_window_size(s->ng) > 0);
    b->is_done = s->used_n == 0 && ((!wants_read && !wants_write) || s->has_eof);
    b->must_linger = b->type->is_server && !s->has_eof; /* Late window updates must not become a reset of our last answer. */
    if (b->type->is_server)
        b->in_head = (h2_walk_is_inside(&s->walk) && (is_head_frame || b->requests_n == 0)) ||
                     (is_head_frame && (s->frame.flags & H2_END_HEADERS) == 0);
    else
        b->may_start = !s->is_draining && s->fail == WHY_OK && s->used_n < H2_STREAMS_MAX &&
                       s->used_n < nghttp2_session_get_remote_settings(s->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

/* ---- bytes in ---- */

static enum why feed_verdict(struct h2_session *s)
{
    const struct h2_frame *f = &s->frame;
    enum h2_guard_stream stream = H2_GUARD_NONE;

    if (f->id != 0 && (f->type == H2_HEADERS || f->type == H2_DATA || f->type == H2_RST_STREAM)) {
        struct h2_stream *x = h2_stream_find(s, (int32_t)f->id);
        if (x != NULL)
            stream = H2_GUARD_OPEN;
    }
    return h2_guard_frame(&s->guard, f, stream, h2_session_now_ns(s));
}

/* Replies that wait in nghttp2 because the peer does not read (each is small, and nothing else bounds their number). */
static bool feed_has_backlog(const struct h2_session *s)
{
    return nghttp2_session_get_outbound_queue_size(s->ng) > (size_t)H2_REPLIES_UNSENT_MAX + 2U * s->used_n;
}

static enum why feed_span(struct h2_session *s, struct span wire)
{
    while (wire.len > 0) {
        bool is_new;
        size_t n = h2_walk_next(&s->walk, wire, &s->frame, &is_new);
        enum why why = is_new ? feed_verdict(s) : WHY_OK;
        nghttp2_ssize rv;
        if (why != WHY_OK)
            return why;
        rv = nghttp2_session_mem_recv2(s->ng, wire.at, n);
        if (rv < 0)
            return session_error(s, rv);
        MUST((size_t)rv == n); /* No callback of ours pauses. */
        if (s->blame != WHY_OK)
            return s->blame;
        if (feed_has_backlog(s))
            return WHY_H2_REPLIES_UNSENT;
        wire = span_from(wire, n);
    }
    return WHY_OK;
}

enum why h2_session_feed(struct session *base, struct bufq *wire)
{
    struct h2_session *s = (struct h2_session *)base;

    while (!bufq_is_empty(wire) && s->fail == WHY_OK) {
        struct span front = bufq_front(wire);
        enum why why;
        MUST(s->piece == NULL && s->out == NULL);
        s->piece = wire->first;
        why = feed_span(s, front);
        s->piece = NULL;
        bufq_eat(&base->shard->queues, wire, (uint32_t)front.len);
        if (why != WHY_OK)
            session_fail(s, why);
    }
    if (s->fail == WHY_OK && base->type->is_server && !s->is_draining &&
        h2_guard_is_strained(&s->guard, h2_session_now_ns(s)))
        h2_session_drain(base);
    h2_session_publish(s);
    return s->fail;
}

enum why h2_session_feed_end(struct session *base)
{
    struct h2_session *s = (struct h2_session *)base;

    /* HTTP/2 has no half-closed connection: a peer that ends its side is gone. */
    s->has_eof = true;
    h2_session_publish(s);
    if (s->used_n == 0)
        return WHY_OK;
    for (unsigned i = 0; i < s->fresh; i++) {
        struct h2_stream *x = h2_stream_at(s, i);
        if (!x->is_used || x->st == NULL)
            continue;
        if (base->type->is_server)
            h2_stream_gone(s, x, WHY_IO_EOF);
        else if (!x->st->rx_end)
            h2_stream_gone(s, x, x->st->rx_has_head && !x->st->rx_interim ? WHY_UP_RESET_LATE : WHY_UP_RESET_EARLY);
    }
    return WHY_IO_EOF;
}

/* ---- bytes out ---- */

/* nghttp2 ends the connection when a client opens more streams than it was told; RFC 9113 s5.1.2 asks for no more than to
 * refuse the stream. So nghttp2 is told a larger number (h2_server.c), and the client's copy says ours. */
static enum why pull_first_settings(struct h2_session *s, struct span frame)
{
    uint8_t copy[128];
    uint8_t *entry = copy + H2_FRAME_HEAD_BYTES;

    MUST(frame.len <= sizeof(copy) && frame.len >= H2_FRAME_HEAD_BYTES + 6 && frame.at[3] == NGHTTP2_SETTINGS);
    memcpy(copy, frame.at, frame.len);
    MUST(entry[0] == 0 && entry[1] == NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    STATIC_MUST(H2_STREAMS_MAX < 256, "one byte holds it");
    entry[2] = entry[3] = entry[4] = 0;
    entry[5] = H2_STREAMS_MAX;
    s->is_settings_out = true;
    return bufq_push_copy(&s->base.shard->queues, s->out, span_of(copy, frame.len));
}

/* Everything that nghttp2 has ready: all control frames and heads, DATA while there is room. */
static enum why pull_frames(struct h2_session *s)
{
    for (;;) {
        const uint8_t *at;
        nghttp2_ssize n = nghttp2_session_mem_send2(s->ng, &at);
        enum why why;
        if (n == 0)
            return WHY_OK;
        if (n < 0)
            return s->blame != WHY_OK ? s->blame : session_error(s, n);
        if (s->base.type->is_server && !s->is_settings_out)
            why = pull_first_settings(s, span_of(at, (size_t)n));
        else
            why = bufq_push_copy(&s->base.shard->queues, s->out, span_of(at, (size_t)n));
        if (why != WHY_OK)
            return why;
    }
}

enum why h2_session_pull(struct session *base, struct bufq *out, uint32_t room)
{
    struct h2_session *s = (struct h2_session *)base;
    enum why why;
    bool more = true;

    MUST(s->out == NULL && s->piece == NULL && room <= UINT32_MAX - out->bytes);
    s->out = out;
    s->out_max = out->bytes + room;
    do {
        if (s->fail == WHY_OK)
            more = h2_stream_send_some(s);
        why = pull_frames(s);
        if (why == WHY_OK)
            why = s->blame;
        if (s->fail != WHY_OK || why != WHY_OK || out->bytes >= s->out_max)
            break;
    } while (more || h2_payload_next_turn(s));
    if (why != WHY_OK && s->fail == WHY_OK) {
        session_fail(s, why);
        /* GOAWAY. But not behind a piece that found no buffer: the preface may be missing, or a head that later ones build on. */
        if (why != WHY_POOL_BUFFER_EMPTY)
            (void)pull_frames(s);
    }
    s->out = NULL;
    h2_session_publish(s);
    return s->fail;
}

/* ---- no new requests ---- */

void h2_session_goodbye(struct h2_session *s)
{
    bool is_server = s->base.type->is_server;

    if (s->is_goodbye_out || s->fail != WHY_OK)
        return;
    s->is_goodbye_out = true;
    if (nghttp2_submit_goaway(s->ng, NGHTTP2_FLAG_NONE, is_server ? nghttp2_session_get_last_proc_stream_id(s->ng) : 0,
                              NGHTTP2_NO_ERROR, NULL, 0) != 0)
        h2_session_blame(s, WHY_H2_MEMORY);
}

void h2_session_drain(struct session *base)
{
    struct h2_session *s = (struct h2_session *)base;

    if (s->is_draining || s->fail != WHY_OK)
        return;
    s->is_draining = true;
    if (base->type->is_server && !s->has_peer_goaway) {
        /* RFC 9113 s6.8: say so, wait a round trip, then name the last stream that was taken. (To a client that is leaving
         * nghttp2 sends no notice.) */
        if (nghttp2_submit_shutdown_notice(s->ng) != 0)
            h2_session_blame(s, WHY_H2_MEMORY);
    } else if (base->type->is_server || s->used_n == 0) {
        h2_session_goodbye(s);
    }
    h2_session_publish(s);
}
