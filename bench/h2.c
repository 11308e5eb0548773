/* h2.c - the client's side of HTTP/2. */
#include "h2.h"

#include "net.h"

#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

enum { H2_STREAM_WINDOW_BYTES = 1 << 21, H2_CONN_WINDOW_BYTES = 1 << 30 };

static void h2_ask(struct h2 *h, struct h2_stream *s)
{
    static const struct { const char *name, *value; } fixed[] = {
        {":method", "GET"}, {":scheme", "https"}, {":authority", "bench.test"}, {":path", NULL},
        {"user-agent", "forge-bench"}, {"accept", "*/*"},
    };
    nghttp2_nv nv[sizeof fixed / sizeof fixed[0]];
    size_t n = sizeof fixed / sizeof fixed[0];

    s->body_bytes = 0;
    s->is_ok = false;
    for (size_t i = 0; i < n; i++) {
        const char *value = fixed[i].value != NULL ? fixed[i].value : h->_path;

        nv[i] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)fixed[i].name, .value = (uint8_t *)(uintptr_t)value,
                             .namelen = strlen(fixed[i].name), .valuelen = strlen(value),
                             .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
    }
    if (nghttp2_submit_request2(h->_session, NULL, nv, n, NULL, s) < 0)
        h->_why = "nghttp2 refuses a request";
}

static int h2_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_bytes,
                        const uint8_t *value, size_t value_bytes, uint8_t flags, void *arg)
{
    struct h2_stream *s = NULL;

    (void)flags;
    (void)arg;
    if (name_bytes != 7 || memcmp(name, ":status", 7) != 0)
        return 0;
    s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s != NULL)
        s->is_ok = value_bytes == 3 && memcmp(value, "200", 3) == 0;
    return 0;
}

static int h2_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *arg)
{
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    struct h2 *h = arg;

    (void)flags;
    if (s == NULL)
        return 0;
    if (s->body_bytes + n > h->_body_bytes || memcmp(data, h->_body + s->body_bytes, n) != 0)
        h->_why = "body is not the one expected";
    else
        s->body_bytes += n;
    return 0;
}

static int h2_on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    struct h2 *h = arg;

    if (s == NULL)
        return 0;
    if (code != NGHTTP2_NO_ERROR)
        h->_why = "stream was reset";
    else if (!s->is_ok)
        h->_why = "status is not 200";
    else if (s->body_bytes != h->_body_bytes)
        h->_why = "length is not the one expected";
    h->_done_n++;
    h2_ask(h, s);
    return 0;
}

void h2_open(struct h2 *h, unsigned stream_n, const char *path, const uint8_t *body, size_t body_bytes)
{
    nghttp2_session_callbacks *calls = NULL;
    nghttp2_session *session = NULL;
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW_BYTES},
    };

    if (nghttp2_session_callbacks_new(&calls) != 0)
        net_die(0, "no memory for HTTP/2");
    nghttp2_session_callbacks_set_on_header_callback(calls, h2_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, h2_on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, h2_on_close);
    if (nghttp2_session_client_new(&session, calls, h) != 0)
        net_die(0, "no memory for HTTP/2");
    nghttp2_session_callbacks_del(calls);
    h->_session = session;
    h->_streams = calloc(stream_n, sizeof *h->_streams);
    if (h->_streams == NULL)
        net_die(0, "no memory for HTTP/2");
    h->_path = path;
    h->_body = body;
    h->_body_bytes = body_bytes;
    h->_done_n = 0;
    h->_why = NULL;
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof settings[0]);
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, H2_CONN_WINDOW_BYTES);
    for (unsigned i = 0; i < stream_n; i++)
        h2_ask(h, &h->_streams[i]);
}

bool h2_is_open(const struct h2 *h)
{
    return h->_session != NULL;
}

int64_t h2_feed(struct h2 *h, const uint8_t *data, size_t n, const char **out_why)
{
    nghttp2_ssize used = nghttp2_session_mem_recv2(h->_session, data, n);
    int64_t done_n = (int64_t)h->_done_n;

    h->_done_n = 0;
    if (used != (nghttp2_ssize)n)
        h->_why = "the peer breaks HTTP/2";
    if (!nghttp2_session_check_request_allowed(h->_session))
        h->_why = "the peer sent GOAWAY";
    *out_why = h->_why;
    return h->_why == NULL ? done_n : -1;
}

size_t h2_pull(struct h2 *h, const uint8_t **out_data)
{
    nghttp2_ssize n = nghttp2_session_mem_send2(h->_session, out_data);

    return n > 0 ? (size_t)n : 0;
}

void h2_close(struct h2 *h)
{
    if (h->_session != NULL)
        nghttp2_session_del(h->_session);
    free(h->_streams);
    h->_session = NULL;
    h->_streams = NULL;
}
