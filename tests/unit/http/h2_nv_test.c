/* h2_nv_test.c - heads become pairs: which fields, in which order, marked how.
 *
 * Method: a head made by hand, its pairs as one line of text.
 */
#include <inttypes.h>

#include "base/shard.h"
#include "http/h2_nv.h"
#include "lib/check.h"

struct bench {
    struct shard shard;
    struct arena arena;
    struct head  head;
    struct h2_nv nv;
    char         text[1024];
};

static void bench_open(struct bench *b)
{
    CHECK(shard_open(&b->shard, 0, 1) == WHY_OK, "shard\n");
    arena_init(&b->arena, &b->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(&b->head, &b->arena);
}

static void bench_close(struct bench *b)
{
    arena_fini(&b->arena);
    shard_close(&b->shard);
}

static void add(struct bench *b, const char *name, const char *value, uint8_t flags)
{
    CHECK(head_add(&b->head, span_str(name), span_str(value), flags), "no room for %s\n", name);
}

static const char *text(struct bench *b)
{
    int n = 0;

    b->text[0] = '\0';
    for (size_t i = 0; i < b->nv.n; i++) {
        const nghttp2_nv *v = &b->nv.at[i];
        n += snprintf(b->text + n, sizeof(b->text) - (size_t)n, "%s%.*s=%.*s%s", i > 0 ? " " : "", (int)v->namelen,
                      (const char *)v->name, (int)v->valuelen, (const char *)v->value,
                      (v->flags & NGHTTP2_NV_FLAG_NO_INDEX) ? "!" : "");
    }
    return b->text;
}

TEST(numbers_are_written_out)
{
    static const uint64_t lengths[] = { 0, 9, 10, 12345, UINT64_MAX };

    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct bench b;
        char want[64];
        bench_open(&b);
        b.head.status = 599;
        b.head.has_content_length = true;
        b.head.content_length = lengths[i];
        h2_nv_response(&b.nv, &b.head);
        snprintf(want, sizeof(want), ":status=599 content-length=%" PRIu64, lengths[i]);
        CHECK(strcmp(text(&b), want) == 0, "%s\n", b.text);
        bench_close(&b);
    }
}

TEST(request_of_each_kind)
{
    struct bench b;

    bench_open(&b);
    b.head.method_text = SPAN_LIT("POST");
    b.head.scheme = SPAN_LIT("https");
    b.head.authority = SPAN_LIT("a:1");
    b.head.target = SPAN_LIT("/p");
    b.head.accepts_trailers = true;
    b.head.has_content_length = true;
    add(&b, "content-length", "7", 0);
    add(&b, "te", "gzip", 0);
    add(&b, "proxy-connection", "close", 0);
    add(&b, "authorization", "secret", 0);
    add(&b, "cookie", "a=b", FIELD_NEVER_INDEX);
    add(&b, "sec-websocket-key", "k", 0);
    h2_nv_request(&b.nv, &b.head);
    CHECK(strcmp(text(&b), ":method=POST :scheme=https :authority=a:1 :path=/p authorization=secret! cookie=a=b! "
                           "sec-websocket-key=k content-length=0 te=trailers") == 0, "%s\n", b.text);
    b.head.is_upgrade = true;
    b.head.protocol = SPAN_LIT("websocket");
    b.head.accepts_trailers = false;
    h2_nv_request(&b.nv, &b.head);
    CHECK(strcmp(text(&b), ":method=CONNECT :scheme=https :authority=a:1 :path=/p :protocol=websocket authorization=secret! "
                           "cookie=a=b!") == 0, "%s\n", b.text);
    bench_close(&b);
}

TEST(switched_protocols_are_a_plain_success)
{
    struct bench b;

    bench_open(&b);
    b.head.status = 101;
    b.head.has_content_length = true;
    add(&b, "sec-websocket-accept", "x", 0);
    add(&b, "sec-websocket-protocol", "chat", 0);
    h2_nv_response(&b.nv, &b.head);
    CHECK(strcmp(text(&b), ":status=200 sec-websocket-protocol=chat") == 0, "%s\n", b.text);
    b.head.status = 200;
    h2_nv_response(&b.nv, &b.head);
    CHECK(strstr(text(&b), "sec-websocket-accept=x") != NULL, "otherwise it is a field like others: %s\n", b.text);
    bench_close(&b);
}

TEST(largest_head_fits)
{
    struct bench b;

    bench_open(&b);
    b.head.method_text = SPAN_LIT("GET");
    b.head.scheme = SPAN_LIT("https");
    b.head.authority = SPAN_LIT("a");
    b.head.target = SPAN_LIT("/");
    b.head.accepts_trailers = b.head.has_content_length = true;
    for (int i = 0; i < HEAD_FIELDS_MAX; i++)
        add(&b, "x", "y", 0);
    h2_nv_request(&b.nv, &b.head);
    CHECK(b.nv.n == HEAD_FIELDS_MAX + 6, "%zu\n", b.nv.n);
    bench_close(&b);
}

TEST(trailers_and_problems)
{
    struct bench b;

    bench_open(&b);
    add(&b, "grpc-status", "0", 0);
    add(&b, "trailer", "x", 0);
    add(&b, "connection", "x", 0);
    h2_nv_trailers(&b.nv, &b.head);
    CHECK(strcmp(text(&b), "grpc-status=0") == 0, "%s\n", b.text);
    h2_nv_problem(&b.nv, 431, SPAN_LIT("text/plain"), 12);
    CHECK(strcmp(text(&b), ":status=431 content-type=text/plain content-length=12") == 0, "%s\n", b.text);
    bench_close(&b);
}

CHECK_RUN(
    RUN(numbers_are_written_out),
    RUN(request_of_each_kind),
    RUN(switched_protocols_are_a_plain_success),
    RUN(largest_head_fits),
    RUN(trailers_and_problems))
