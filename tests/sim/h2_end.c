/* h2_end.c - see h2_end.h. */
#include "sim/h2_end.h"

#include "io/ring_sim.h"

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    struct h2_end *e = user;

    (void)ng;
    (void)flags;
    e->hooks->on_field(e->user, frame->hd.stream_id, span_of(name, name_len), span_of(value, value_len));
    return 0;
}

static void take_settings(struct h2_end *e)
{
    e->has_settings = true;
    e->connects = nghttp2_session_get_remote_settings(e->ng, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct h2_end *e = user;
    bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    (void)ng;
    if (frame->hd.type == NGHTTP2_HEADERS)
        e->hooks->on_fields(e->user, frame->hd.stream_id, frame->headers.cat, is_end);
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) && is_end)
        e->hooks->on_end(e->user, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0)
        take_settings(e);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        CHECK(frame->goaway.error_code == NGHTTP2_NO_ERROR || frame->goaway.error_code == NGHTTP2_INTERNAL_ERROR,
              "seed %llu: the gateway blames its peer with %u\n", (unsigned long long)e->seed, frame->goaway.error_code);
        e->hooks->on_goaway(e->user);
    }
    return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *at, size_t len, void *user)
{
    struct h2_end *e = user;

    (void)ng;
    (void)flags;
    e->hooks->on_data(e->user, id, span_of(at, len));
    return 0;
}

static int on_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
    struct h2_end *e = user;

    (void)ng;
    e->hooks->on_close(e->user, id, code);
    return 0;
}

static int on_invalid(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *user)
{
    struct h2_end *e = user;

    (void)ng;
    CHECK(false, "seed %llu: the gateway's frame of type %d on stream %d is wrong: %s\n", (unsigned long long)e->seed,
          frame->hd.type, frame->hd.stream_id, nghttp2_strerror(error));
    return 0;
}

static nghttp2_ssize on_read(nghttp2_session *ng, int32_t id, uint8_t *at, size_t room, uint32_t *flags,
                             nghttp2_data_source *source, void *user)
{
    struct h2_end *e = user;

    (void)ng;
    (void)source;
    return e->hooks->on_read(e->user, id, at, room, flags);
}

nghttp2_data_provider2 h2_end_source(struct h2_end *e)
{
    return (nghttp2_data_provider2){ .source.ptr = e, .read_callback = on_read };
}

void h2_end_open(struct h2_end *e, bool is_server, const struct h2_end_hooks *hooks, void *user, uint64_t seed)
{
    static const nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 } };
    nghttp2_session_callbacks *c;
    nghttp2_option *o = NULL;

    memset(e, 0, offsetof(struct h2_end, out));
    e->out_at = e->out_n = 0;
    e->hooks = hooks;
    e->user = user;
    e->seed = seed;
    CHECK(nghttp2_session_callbacks_new(&c) == 0 && nghttp2_option_new(&o) == 0, "no memory\n");
    nghttp2_option_set_no_auto_window_update(o, 1);
    nghttp2_session_callbacks_set_on_header_callback(c, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid);
    if (is_server)
        CHECK(nghttp2_session_server_new2(&e->ng, c, e, o) == 0, "no session\n");
    else
        CHECK(nghttp2_session_client_new2(&e->ng, c, e, o) == 0, "no session\n");
    nghttp2_session_callbacks_del(c);
    nghttp2_option_del(o);
    CHECK(nghttp2_submit_settings(e->ng, NGHTTP2_FLAG_NONE, settings, is_server ? 1 : 0) == 0, "settings\n");
}

void h2_end_close(struct h2_end *e)
{
    nghttp2_session_del(e->ng);
    e->ng = NULL;
}

static bool h2_end_send(struct h2_end *e, int peer, uint32_t max)
{
    const uint8_t *at;
    uint32_t n;

    while (e->out_n - e->out_at < max) {
        nghttp2_ssize got;
        memmove(e->out, e->out + e->out_at, e->out_n - e->out_at);
        e->out_n -= e->out_at;
        e->out_at = 0;
        if (sizeof(e->out) - e->out_n < 17000)
            break;
        got = nghttp2_session_mem_send2(e->ng, &at);
        CHECK(got >= 0, "seed %llu: a peer cannot send: %s\n", (unsigned long long)e->seed, nghttp2_strerror((int)got));
        if (got == 0)
            break;
        memcpy(e->out + e->out_n, at, (size_t)got);
        e->out_n += (uint32_t)got;
    }
    n = e->out_n - e->out_at < max ? e->out_n - e->out_at : max;
    n = n > 0 ? ring_sim_peer_send(peer, e->out + e->out_at, n) : 0;
    e->out_at += n;
    return n > 0;
}

bool h2_end_move(struct h2_end *e, int peer, uint32_t max, int32_t *out_end)
{
    uint8_t in[20000];
    bool has_moved = h2_end_send(e, peer, max);
    int32_t n = ring_sim_peer_recv(peer, in, max < sizeof(in) ? max : (uint32_t)sizeof(in));
    nghttp2_ssize got;

    *out_end = n < 0 ? n : 0;
    if (n <= 0)
        return has_moved;
    got = nghttp2_session_mem_recv2(e->ng, in, (size_t)n);
    CHECK(got == n, "seed %llu: the gateway's bytes are no HTTP/2: %s\n", (unsigned long long)e->seed, nghttp2_strerror((int)got));
    return true;
}

void h2_end_field(struct h2_end_fields *f, const char *name, struct span value)
{
    char *copy = f->text[f->n];

    CHECK(f->n < H2_END_FIELDS_MAX && value.len < sizeof(f->text[0]), "no room for %s\n", name);
    if (value.len > 0)
        memcpy(copy, value.at, value.len);
    h2_end_field_at(f, name, span_of(copy, value.len));
}

void h2_end_field_at(struct h2_end_fields *f, const char *name, struct span value)
{
    CHECK(f->n < H2_END_FIELDS_MAX, "no room for %s\n", name);
    f->nv[f->n++] = (nghttp2_nv){ (uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value.at, strlen(name), value.len,
                                  NGHTTP2_NV_FLAG_NONE };
}
