/* h1_writer_test.c - heads and payload come out framed by us, whatever framing they came in with.
 *
 * Goal:   what h1_writer.h says about framing, hop-by-hop fields, chunks, trailers, lengths that do not hold.
 * Method: a message is read from text, changed where the row says so, written, and compared as text.
 */
#include "http/h1_writer.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/h1_feed.h"

struct world {
    struct h1_feed feed;  /* lends its arena and queues */
    struct bufq    out, payload;
    char           text[40000];
};

static void world_open(struct world *w)
{
    memset(w, 0, sizeof(*w));
    CHECK(h1_feed_open(&w->feed, false), "no memory\n");
    head_init(&w->feed.head, &w->feed.arena);
}

static void world_close(struct world *w)
{
    bufq_clear(&w->feed.env, &w->out);
    bufq_clear(&w->feed.env, &w->payload);
    arena_fini(&w->feed.arena);
    CHECK(buf_pool_live_n(&w->feed.env.bufs) == 0 && w->feed.env.segs.live_n == 0, "buffers are left\n");
    h1_feed_close(&w->feed);
}

static const char *written(struct world *w)
{
    uint32_t len = bufq_peek(&w->out, (uint8_t *)w->text, sizeof(w->text) - 1);

    w->text[len] = 0;
    bufq_clear(&w->feed.env, &w->out);
    return w->text;
}

static void read_head(struct world *w, bool is_response, const char *text)
{
    w->feed.is_response = is_response;
    h1_reader_init(&w->feed.reader, is_response);
    w->feed.in_body = w->feed.in_head = false;
    CHECK(h1_feed_all(&w->feed, text, strlen(text), strlen(text)) == WHY_OK, "%s: %s\n", text, why_name(w->feed.why));
}

/* ---- requests ---- */

static const struct request_row {
    const char *name, *wire, *text;
    struct h1_queued queued;
    enum h1_mode mode;
} requests[] = {
    { "plain", "GET /a?b HTTP/1.1\r\nHost: h:1\r\nX-A: b\r\n\r\n", "GET /a?b HTTP/1.1\r\nhost: h:1\r\nx-a: b\r\n\r\n",
      { .is_all = true }, H1_MODE_LENGTH },
    { "no end yet, no body", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nhost: h\r\n\r\n", { 0 },
      H1_MODE_LENGTH },
    { "absolute form", "GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n", "GET /x HTTP/1.1\r\nhost: h\r\n\r\n", { 0 },
      H1_MODE_LENGTH },
    { "1.0 without host", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nhost: \r\n\r\n", { 0 }, H1_MODE_LENGTH },
    { "hop-by-hop",
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, x\r\nKeep-Alive: 1\r\nTE: trailers\r\nTrailer: x\r\n"
      "Proxy-Connection: k\r\nProxy-Authorization: p\r\nUpgrade: h2c\r\nHTTP2-Settings: s\r\nA: b\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: h\r\na: b\r\n\r\n", { 0 }, H1_MODE_LENGTH },
    { "post without a body", "POST / HTTP/1.1\r\nHost: h\r\n\r\n",
      "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n",
      { .is_all = true }, H1_MODE_LENGTH },
    { "get that says zero", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n", { .is_all = true }, H1_MODE_LENGTH },
    { "length", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 00012\r\n\r\n",
      "PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 12\r\n\r\n", { 0 }, H1_MODE_LENGTH },
    { "chunked, end not known", "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
      "PUT / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n", { .bytes = 5 }, H1_MODE_CHUNKED },
    { "chunked, all there", "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
      "PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\n", { .bytes = 5, .is_all = true }, H1_MODE_LENGTH },
    { "chunked, all there, trailers", "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
      "PUT / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n", { .bytes = 5, .is_all = true,
      .has_trailers = true },
      H1_MODE_CHUNKED },
    { "upgrade",
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: h\r\nsec-websocket-key: k\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", { 0 },
      H1_MODE_RAW },
    { "expect", "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
      "PUT / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n", { 0 }, H1_MODE_LENGTH },
};

TEST(h1_writer_requests)
{
    for (size_t i = 0; i < COUNT(requests); i++) {
        const struct request_row *row = &requests[i];
        struct world w;
        world_open(&w);
        read_head(&w, false, row->wire);
        struct h1_plan plan = h1_writer_plan_request(&w.feed.head, &row->queued);
        CHECK(plan.mode == row->mode, "%s: mode %u\n", row->name, plan.mode);
        CHECK(h1_writer_request(&w.feed.env, &w.out, &w.feed.head, &plan) == WHY_OK, "%s\n", row->name);
        CHECK(strcmp(written(&w), row->text) == 0, "%s:\n%s---- not\n%s", row->name, w.text, row->text);
        world_close(&w);
    }
}

TEST(h1_writer_request_of_http2)
{
    struct world w;
    struct h1_queued queued = { 0 };

    world_open(&w);
    struct head *h = &w.feed.head;
    *h = (struct head){ .arena = &w.feed.arena, .version = HTTP_VERSION_2, .method = METHOD_CONNECT,
                        .method_text = SPAN_LIT("CONNECT"), .authority = SPAN_LIT("h"), .target = SPAN_LIT("/chat"),
                        .protocol = SPAN_LIT("websocket"), .is_upgrade = true };
    struct h1_plan plan = h1_writer_plan_request(h, &queued);
    CHECK(h1_writer_request(&w.feed.env, &w.out, h, &plan) == WHY_OK, "write\n");
    CHECK(strcmp(written(&w),
          "GET /chat HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n") == 0,
          "%s\n", w.text);
    *h = (struct head){ .arena = &w.feed.arena, .version = HTTP_VERSION_2, .method = METHOD_POST,
                        .method_text = SPAN_LIT("POST"), .authority = SPAN_LIT("h"), .target = SPAN_LIT("/grpc"),
                        .has_body = true, .accepts_trailers = true };
    plan = h1_writer_plan_request(h, &queued);
    CHECK(h1_writer_request(&w.feed.env, &w.out, h, &plan) == WHY_OK, "write\n");
    CHECK(strcmp(written(&w), "POST /grpc HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\nte: trailers\r\n"
                              "connection: te\r\n\r\n") == 0, "%s\n", w.text);
    world_close(&w);
}

/* ---- responses ---- */

#define V11 .version = HTTP_VERSION_11, .keeps = true
#define V10 .version = HTTP_VERSION_10, .keeps = true

static const struct response_row {
    const char *name, *wire, *text;
    struct h1_client_asked asked;
    struct h1_queued queued;
    enum h1_mode mode;
} responses[] = {
    { "length", "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nA: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 5\r\n\r\n",
      { V11 }, { 0 }, H1_MODE_LENGTH },
    { "no phrase", "HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n",
      { V11 }, { 0 },
      H1_MODE_LENGTH },
    { "hop-by-hop", "HTTP/1.0 404 No\r\nConnection: close\r\nUpgrade: h2\r\nKeep-Alive: 5\r\nContent-Length: 1\r\n\r\n",
      "HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\n", { V11 }, { 0 }, H1_MODE_LENGTH },
    { "close", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\n",
      { .version = HTTP_VERSION_11 }, { 0 }, H1_MODE_LENGTH },
    { "1.0 kept", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\n", { V10 }, { 0 }, H1_MODE_LENGTH },
    { "length not known", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", { V11 },
      { 0 },
      H1_MODE_CHUNKED },
    { "length not known to 1.0", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", { V10 }, { 0 }, H1_MODE_CLOSE },
    { "length known because all is there", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n",
      { V11 },
      { .bytes = 7, .is_all = true }, H1_MODE_LENGTH },
    { "to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
      { V11, .is_head = true }, { .is_all = true }, H1_MODE_NONE },
    { "to HEAD, no length", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", { V11, .is_head = true },
      { .is_all = true },
      H1_MODE_NONE },
    { "204", "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", { V11 },
      { .is_all = true },
      H1_MODE_NONE },
    { "304", "HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
      { V11 },
      { .is_all = true }, H1_MODE_NONE },
    { "interim", "HTTP/1.1 103 Hi\r\nLink: l\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: l\r\n\r\n",
      { .version = HTTP_VERSION_11 },
      { 0 }, H1_MODE_NONE },
    { "tunnel", "HTTP/1.1 101 Sw\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: a\r\nconnection: upgrade\r\n"
      "upgrade: websocket\r\n\r\n",
      { V11, .is_tunnel = true }, { 0 }, H1_MODE_RAW },
};

TEST(h1_writer_responses)
{
    for (size_t i = 0; i < COUNT(responses); i++) {
        const struct response_row *row = &responses[i];
        struct world w;
        world_open(&w);
        w.feed.asked = (struct h1_asked){ .is_head = row->asked.is_head, .is_upgrade = row->asked.is_tunnel };
        read_head(&w, true, row->wire);
        struct h1_plan plan = h1_writer_plan_response(&w.feed.head, &row->asked, &row->queued);
        CHECK(plan.mode == row->mode, "%s: mode %u\n", row->name, plan.mode);
        CHECK(h1_writer_response(&w.feed.env, &w.out, &w.feed.head, &plan) == WHY_OK, "%s\n", row->name);
        CHECK(strcmp(written(&w), row->text) == 0, "%s:\n%s---- not\n%s", row->name, w.text, row->text);
        world_close(&w);
    }
}

/* A head larger than any chunk, with names and values of every length up to 64, comes back as it was. */
TEST(h1_writer_heads_of_any_size)
{
    for (size_t big = 0; big <= 16384; big += 4096) {
        struct world w;
        static char value[16384], want[65536];
        struct h1_plan plan = { .mode = H1_MODE_LENGTH };
        world_open(&w);
        memset(value, 'v', sizeof(value));
        struct head *h = &w.feed.head;
        h->method_text = SPAN_LIT("GET");
        h->method = METHOD_GET;
        h->target = span_of(value, big);
        int len = snprintf(want, sizeof(want), "GET %.*s HTTP/1.1\r\nhost: \r\n", (int)big, value);
        for (size_t i = 1; i <= 64; i++) {
            CHECK(head_add(h, span_of(value, i), span_of(value, 65 - i), 0), "add %zu\n", i);
            len += snprintf(want + len, sizeof(want) - (size_t)len, "%.*s: %.*s\r\n", (int)i, value, (int)(65 - i),
                            value);
        }
        CHECK(head_add(h, SPAN_LIT("big"), span_of(value, big), 0), "add\n");
        len += snprintf(want + len, sizeof(want) - (size_t)len, "big: %.*s\r\n\r\n", (int)big, value);
        for (int i = 0; i < 3; i++)
            CHECK(h1_writer_request(&w.feed.env, &w.out, h, &plan) == WHY_OK, "write\n");
        CHECK(w.out.bytes == 3 * (uint32_t)len, "%u bytes, not 3 * %d\n", w.out.bytes, len);
        bufq_eat(&w.feed.env, &w.out, 2 * (uint32_t)len);
        CHECK(strcmp(written(&w), want) == 0 || len > (int)sizeof(w.text), "big %zu: %s\n", big, w.text);
        world_close(&w);
    }
}

/* Whoever lets a line break through to here has a bug that must not become a second response. */
TEST(h1_writer_never_splits_a_head)
{
    static const char *const values[] = { "a\r\nset-cookie: x", "a\nb", "a\rb", "0123456789abcdef0123456789abcdef\n" };

    for (size_t i = 0; i < COUNT(values); i++) {
        pid_t child = fork();
        int status = 0;
        CHECK(child >= 0, "no fork\n");
        if (child == 0) {
            struct world w;
            struct h1_plan plan = { .mode = H1_MODE_NONE };
            (void)freopen("/dev/null", "w", stderr);
            world_open(&w);
            w.feed.head.status = 204;
            if (!head_add_static(&w.feed.head, FIELD_OTHER, SPAN_LIT("n"), span_str(values[i])))
                _exit(1);
            _exit(h1_writer_response(&w.feed.env, &w.out, &w.feed.head, &plan) == WHY_OK ? 2 : 3);
        }
        CHECK(waitpid(child, &status, 0) == child, "no child\n");
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "value %zu was written: %d\n", i, status);
    }
}

/* ---- payload ---- */

TEST(h1_writer_chunks)
{
    struct world w;
    static char block[70000];
    uint64_t left = 0;

    world_open(&w);
    struct bufq_env *env = &w.feed.env;
    CHECK(h1_writer_payload(env, &w.out, &w.payload, 100, H1_MODE_CHUNKED, &left) == WHY_OK && w.out.bytes == 0,
          "empty\n");
    CHECK(bufq_push_copy(env, &w.payload, SPAN_LIT("hello world")) == WHY_OK, "push\n");
    CHECK(h1_writer_payload(env, &w.out, &w.payload, 5, H1_MODE_CHUNKED, &left) == WHY_OK, "first\n");
    CHECK(h1_writer_payload(env, &w.out, &w.payload, 100, H1_MODE_CHUNKED, &left) == WHY_OK, "second\n");
    CHECK(h1_writer_end(env, &w.out, NULL, H1_MODE_CHUNKED, left) == WHY_OK, "end\n");
    CHECK(strcmp(written(&w), "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n") == 0, "%s\n", w.text);

    static const struct { uint32_t bytes; const char *line; } sizes[] = {
        { 9, "9\r\n" }, { 15, "f\r\n" }, { 16, "10\r\n" }, { 255, "ff\r\n" }, { 256, "100\r\n" }, { 4095, "fff\r\n" },
        { 4096, "1000\r\n" }, { 65535, "ffff\r\n" }, { 65536, "10000\r\n" },
    };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        CHECK(bufq_push_copy(env, &w.payload, span_of(block, sizes[i].bytes)) == WHY_OK, "push\n");
        CHECK(h1_writer_payload(env, &w.out, &w.payload, UINT32_MAX, H1_MODE_CHUNKED, &left) == WHY_OK, "chunk\n");
        CHECK(w.out.bytes == sizes[i].bytes + strlen(sizes[i].line) + 2, "%u: %u bytes\n", sizes[i].bytes, w.out.bytes);
        CHECK(strncmp(written(&w), sizes[i].line, strlen(sizes[i].line)) == 0, "%u: %.10s\n", sizes[i].bytes, w.text);
    }

    struct head trailers;
    head_init(&trailers, &w.feed.arena);
    CHECK(head_add(&trailers, SPAN_LIT("grpc-status"), SPAN_LIT("0"), 0) &&
          head_add(&trailers, SPAN_LIT("Content-Length"), SPAN_LIT("5"), 0), "add\n");
    CHECK(h1_writer_end(env, &w.out, &trailers, H1_MODE_CHUNKED, left) == WHY_OK, "end\n");
    CHECK(strcmp(written(&w), "0\r\ngrpc-status: 0\r\n\r\n") == 0, "%s\n", w.text);
    CHECK(h1_writer_end(env, &w.out, &trailers, H1_MODE_CLOSE, left) == WHY_OK && w.out.bytes == 0,
          "trailers nowhere\n");
    world_close(&w);
}

TEST(h1_writer_lengths_hold)
{
    struct world w;
    uint64_t left = 5;

    world_open(&w);
    struct bufq_env *env = &w.feed.env;
    CHECK(bufq_push_copy(env, &w.payload, SPAN_LIT("hell")) == WHY_OK, "push\n");
    CHECK(h1_writer_payload(env, &w.out, &w.payload, 100, H1_MODE_LENGTH, &left) == WHY_OK && left == 1, "first\n");
    CHECK(h1_writer_end(env, &w.out, NULL, H1_MODE_LENGTH, left) == WHY_H1_BODY_LENGTH, "too short\n");
    CHECK(bufq_push_copy(env, &w.payload, SPAN_LIT("oh")) == WHY_OK, "push\n");
    CHECK(h1_writer_payload(env, &w.out, &w.payload, 100, H1_MODE_LENGTH, &left) == WHY_H1_BODY_LENGTH, "too long\n");
    CHECK(strcmp(written(&w), "hell") == 0, "%s\n", w.text);
    CHECK(h1_writer_payload(env, &w.out, &w.payload, 1, H1_MODE_LENGTH, &left) == WHY_OK && left == 0, "last\n");
    CHECK(h1_writer_end(env, &w.out, NULL, H1_MODE_LENGTH, left) == WHY_OK, "end\n");
    CHECK(h1_writer_payload(env, &w.out, &w.payload, 100, H1_MODE_NONE, &left) == WHY_OK && w.payload.bytes == 0,
          "none\n");
    CHECK(strcmp(written(&w), "o") == 0, "%s\n", w.text);
    CHECK(bufq_push_copy(env, &w.payload, SPAN_LIT("raw")) == WHY_OK, "push\n");
    CHECK(h1_writer_payload(env, &w.out, &w.payload, 2, H1_MODE_RAW, &left) == WHY_OK, "raw\n");
    CHECK(h1_writer_payload(env, &w.out, &w.payload, 2, H1_MODE_CLOSE, &left) == WHY_OK, "close\n");
    CHECK(strcmp(written(&w), "raw") == 0, "%s\n", w.text);
    world_close(&w);
}

TEST(h1_writer_says_when_buffers_are_out)
{
    static const char wire[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\n";

    for (uint32_t n = 1; n <= 3; n++) {
        struct world w;
        struct h1_plan plan = { .mode = H1_MODE_CHUNKED };
        uint64_t left = 0;
        world_open(&w);
        read_head(&w, true, wire);
        struct bufq_env *env = &w.feed.env;
        CHECK(bufq_push_copy(env, &w.payload, SPAN_LIT("x")) == WHY_OK, "push\n");
        pool_fail_after(&env->segs, 1);
        enum why why = n == 1   ? h1_writer_response(env, &w.out, &w.feed.head, &plan)
                       : n == 2 ? h1_writer_payload(env, &w.out, &w.payload, 1, H1_MODE_CHUNKED, &left)
                                : h1_writer_end(env, &w.out, NULL, H1_MODE_CHUNKED, 0);
        CHECK(why == WHY_POOL_BUFFER_EMPTY, "%u: %s\n", n, why_name(why));
        world_close(&w);
    }
}

CHECK_RUN(RUN(h1_writer_requests), RUN(h1_writer_request_of_http2), RUN(h1_writer_responses),
          RUN(h1_writer_heads_of_any_size), RUN(h1_writer_never_splits_a_head), RUN(h1_writer_chunks),
              RUN(h1_writer_lengths_hold),
          RUN(h1_writer_says_when_buffers_are_out))
