/* h2_peer.h - nghttp2 itself at the other end of the wire, with its own defaults: what a stock client or server does.
 *
 * Method: a client peer sends requests with a body of its own pattern and checks that the answer is the same bytes; a server
 *         peer answers each request with the bytes that it got. Nothing here knows our code.
 */
#pragma once

#include <stdlib.h>

#include "lib/h2_wire.h"

enum { H2_PEER_STREAMS_N = 1024 };

struct h2_peer_stream {
    int32_t  id;
    uint32_t seed;
    size_t   bytes;       /* body to send (client), or received so far (server)       */
    size_t   sent, got;
    unsigned status;
    bool     has_trailer; /* the field x-trailer came                                 */
    bool     has_end;
    bool     is_closed;
    uint32_t code;
    uint8_t *echo;        /* server: what came                                        */
};

struct h2_peer {
    nghttp2_session *ng;
    struct h2_peer_stream streams[H2_PEER_STREAMS_N];
    unsigned streams_n;
    unsigned goaways_n;
    bool     is_server;
};

static inline uint8_t h2_peer_byte(uint32_t seed, size_t at)
{
    return (uint8_t)(seed * 31 + at * 7 + (at >> 8));
}

static inline nghttp2_ssize h2_peer_read(nghttp2_session *ng, int32_t id, uint8_t *at, size_t len, uint32_t *flags,
                                         nghttp2_data_source *source, void *user)
{
    struct h2_peer_stream *s = source->ptr;
    struct h2_peer *p = user;
    size_t limit = p->is_server ? s->got : s->bytes, n = limit - s->sent < len ? limit - s->sent : len;

    for (size_t i = 0; i < n; i++)
        at[i] = p->is_server ? s->echo[s->sent + i] : h2_peer_byte(s->seed, s->sent + i);
    s->sent += n;
    if (p->is_server && !s->has_end)
        return n > 0 ? (nghttp2_ssize)n : NGHTTP2_ERR_DEFERRED;
    if (s->sent == limit) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (s->seed % 3 == 0) {
            nghttp2_nv nv = { (uint8_t *)(uintptr_t)"x-trailer", (uint8_t *)(uintptr_t)"1", 9, 1, NGHTTP2_NV_FLAG_NONE };
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            CHECK(nghttp2_submit_trailer(ng, id, &nv, 1) == 0, "trailer\n");
        }
    }
    return (nghttp2_ssize)n;
}

static inline struct h2_peer_stream *h2_peer_find(nghttp2_session *ng, int32_t id)
{
    return nghttp2_session_get_stream_user_data(ng, id);
}

static inline int h2_peer_on_begin(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct h2_peer *p = user;

    if (p->is_server && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        struct h2_peer_stream *s = &p->streams[p->streams_n++];
        CHECK(p->streams_n <= H2_PEER_STREAMS_N, "too many streams\n");
        s->id = frame->hd.stream_id;
        s->seed = (uint32_t)s->id;
        nghttp2_session_set_stream_user_data(ng, s->id, s);
    }
    return 0;
}

static inline int h2_peer_on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                                    const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    struct h2_peer_stream *s = h2_peer_find(ng, frame->hd.stream_id);

    (void)flags;
    (void)user;
    if (s == NULL)
        return 0;
    if (name_len == 7 && memcmp(name, ":status", 7) == 0 && value_len == 3)
        s->status = (unsigned)((value[0] - '0') * 100 + (value[1] - '0') * 10 + value[2] - '0');
    if (name_len == 9 && memcmp(name, "x-trailer", 9) == 0)
        s->has_trailer = true;
    return 0;
}

static inline int h2_peer_on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *at, size_t len, void *user)
{
    struct h2_peer *p = user;
    struct h2_peer_stream *s = h2_peer_find(ng, id);

    (void)flags;
    CHECK(s != NULL, "data of nobody\n");
    if (p->is_server) {
        s->echo = realloc(s->echo, s->got + len);
        CHECK(s->echo != NULL, "no memory\n");
        memcpy(s->echo + s->got, at, len);
    } else {
        for (size_t i = 0; i < len; i++)
            CHECK(at[i] == h2_peer_byte(s->seed, s->got + i), "stream %d differs at %zu\n", id, s->got + i);
    }
    s->got += len;
    return 0;
}

static inline int h2_peer_on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct h2_peer *p = user;
    struct h2_peer_stream *s;

    if (frame->hd.type == NGHTTP2_GOAWAY)
        p->goaways_n++;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    s = h2_peer_find(ng, frame->hd.stream_id);
    if (s == NULL)
        return 0;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        s->has_end = true;
    if (p->is_server && frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        nghttp2_nv nv = { (uint8_t *)(uintptr_t)":status", (uint8_t *)(uintptr_t)"200", 7, 3, NGHTTP2_NV_FLAG_NONE };
        nghttp2_data_provider2 source = { .source.ptr = s, .read_callback = h2_peer_read };
        CHECK(nghttp2_submit_response2(ng, s->id, &nv, 1, &source) == 0, "response\n");
    } else if (p->is_server) {
        nghttp2_session_resume_data(ng, s->id);
    }
    return 0;
}

static inline int h2_peer_on_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
    struct h2_peer_stream *s = h2_peer_find(ng, id);

    (void)user;
    if (s != NULL) {
        s->is_closed = true;
        s->code = code;
    }
    return 0;
}

static inline void h2_peer_open(struct h2_peer *p, bool is_server)
{
    nghttp2_session_callbacks *c;

    memset(p, 0, sizeof(*p));
    p->is_server = is_server;
    CHECK(nghttp2_session_callbacks_new(&c) == 0, "callbacks\n");
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, h2_peer_on_begin);
    nghttp2_session_callbacks_set_on_header_callback(c, h2_peer_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, h2_peer_on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, h2_peer_on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, h2_peer_on_close);
    CHECK((is_server ? nghttp2_session_server_new(&p->ng, c, p) : nghttp2_session_client_new(&p->ng, c, p)) == 0, "session\n");
    nghttp2_session_callbacks_del(c);
    CHECK(nghttp2_submit_settings(p->ng, NGHTTP2_FLAG_NONE, NULL, 0) == 0, "settings\n");
}

static inline void h2_peer_close(struct h2_peer *p)
{
    nghttp2_session_del(p->ng);
    for (unsigned i = 0; i < p->streams_n; i++)
        free(p->streams[i].echo);
}

/* A request with a body of that many bytes. */
static inline struct h2_peer_stream *h2_peer_request(struct h2_peer *p, size_t bytes)
{
    static const char *const fields[][2] = {
        { ":method", "POST" }, { ":scheme", "https" }, { ":authority", "peer.example" }, { ":path", "/echo" },
        { "user-agent", "peer" }, { "accept", "*/*" }, { "x-some", "field" },
    };
    nghttp2_nv nv[COUNT(fields)];
    struct h2_peer_stream *s = &p->streams[p->streams_n++];
    nghttp2_data_provider2 source = { .source.ptr = s, .read_callback = h2_peer_read };

    CHECK(p->streams_n <= H2_PEER_STREAMS_N, "too many streams\n");
    for (size_t i = 0; i < COUNT(fields); i++)
        nv[i] = (nghttp2_nv){ (uint8_t *)(uintptr_t)fields[i][0], (uint8_t *)(uintptr_t)fields[i][1], strlen(fields[i][0]),
                              strlen(fields[i][1]), NGHTTP2_NV_FLAG_NONE };
    s->seed = p->streams_n;
    s->bytes = bytes;
    s->id = nghttp2_submit_request2(p->ng, NULL, nv, COUNT(nv), &source, s);
    CHECK(s->id > 0, "request: %d\n", s->id);
    return s;
}

static inline void h2_peer_feed(struct h2_peer *p, const void *at, size_t len)
{
    nghttp2_ssize n = nghttp2_session_mem_recv2(p->ng, at, len);

    CHECK(n == (nghttp2_ssize)len, "peer is not pleased: %s\n", nghttp2_strerror((int)n));
}

/* The next piece that the peer sends, at most a frame; 0: nothing. */
static inline size_t h2_peer_pull(struct h2_peer *p, const uint8_t **out)
{
    nghttp2_ssize n = nghttp2_session_mem_send2(p->ng, out);

    CHECK(n >= 0, "peer cannot send: %s\n", nghttp2_strerror((int)n));
    return (size_t)n;
}
