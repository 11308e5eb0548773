/* echo_test.c - the echo says what the request was, whatever it holds.
 *
 * Method: yyjson reads the answer back; the longest head that is admitted, in the bytes that escape worst, fits.
 */
#include "lib/check.h"

#include <stdlib.h>
#include <yyjson.h>

#include "engine/echo.h"

struct world {
    struct shard        shard;
    struct arena        arena;
    struct head         request;
    struct service_call call;
};

static void world_open(struct world *w)
{
    memset(w, 0, sizeof(*w));
    CHECK(shard_open(&w->shard, 0, 1) == WHY_OK, "no memory for the test\n");
    w->shard.wall_ns = UINT64_C(1700000000123000000);
    arena_init(&w->arena, &w->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(&w->request, &w->arena);
    w->request.method_text = SPAN_LIT("POST");
    w->request.version = HTTP_VERSION_2;
    w->request.scheme = SPAN_LIT("https");
    w->request.authority = SPAN_LIT("api.example:8443");
    w->request.target = SPAN_LIT("/a/b?c=d&e");
    w->call = (struct service_call){ .shard = &w->shard, .request = &w->request, .arena = &w->arena,
                                     .request_id = SPAN_LIT("id-1"), .client = SPAN_LIT("2001:db8::1"),
                                     .listener = SPAN_LIT("edge:8443"), .client_port = 4711, .is_tls = true,
                                     .tls_version = "TLSv1.3", .tls_cipher = "TLS_AES_128_GCM_SHA256",
                                         .body_bytes = 7 };
}

static void world_close(struct world *w)
{
    arena_fini(&w->arena);
    shard_close(&w->shard);
}

/* The whole body in memory that the caller frees. */
static char *body_take(struct world *w, struct bufq *body, uint32_t *out_bytes)
{
    char *text = malloc(body->bytes + 1);

    CHECK(text != NULL, "no memory for the test\n");
    *out_bytes = bufq_peek(body, (uint8_t *)text, body->bytes);
    text[*out_bytes] = 0;
    bufq_clear(&w->shard.queues, body);
    return text;
}

TEST(echo_describes_the_request)
{
    static const char want[] =
        "{\"method\":\"POST\",\"scheme\":\"https\",\"authority\":\"api.example:8443\",\"path\":\"/a/b\","
        "\"query\":\"c=d&e\",\"protocol\":\"HTTP/2\",\"headers\":[[\"x-b\",\"1\"],[\"x-a\",\"say \\\"2\\\"\"],"
        "[\"x-b\",\"3\"]],\"body_bytes\":7,\"client\":{\"address\":\"2001:db8::1\",\"port\":4711},"
        "\"tls\":{\"version\":\"TLSv1.3\",\"cipher\":\"TLS_AES_128_GCM_SHA256\"},\"listener\":\"edge:8443\","
        "\"request_id\":\"id-1\",\"time\":\"2023-11-14T22:13:20.123Z\"}\n";
    struct world w;
    struct service_answer answer = { 0 };
    uint32_t bytes;

    world_open(&w);
    CHECK(head_add(&w.request, SPAN_LIT("X-B"), SPAN_LIT("1"), 0) &&
          head_add(&w.request, SPAN_LIT("x-a"), SPAN_LIT("say \"2\""), 0) &&
          head_add(&w.request, SPAN_LIT("x-b"), SPAN_LIT("3"), 0), "fields\n");
    CHECK(echo_answer(NULL, &w.call, &answer) == WHY_OK, "refused\n");
    CHECK(answer.status == 200 && span_is(answer.content_type, SPAN_LIT("application/json")), "head\n");
    char *text = body_take(&w, &answer.body, &bytes);
    CHECK(strcmp(text, want) == 0, "%s", text);
    free(text);
    world_close(&w);
}

TEST(echo_without_tls_query_and_headers)
{
    struct world w;
    struct service_answer answer = { 0 };
    uint32_t bytes;

    world_open(&w);
    w.request.target = SPAN_LIT("*");
    w.request.version = HTTP_VERSION_10;
    w.call.is_tls = false;
    w.call.tls_version = w.call.tls_cipher = "";
    CHECK(echo_answer(NULL, &w.call, &answer) == WHY_OK, "refused\n");
    char *text = body_take(&w, &answer.body, &bytes);
    CHECK(strstr(text, "\"path\":\"*\",\"query\":\"\",\"protocol\":\"HTTP/1.0\",\"headers\":[],") != NULL, "%s", text);
    CHECK(strstr(text, "\"tls\":null,") != NULL, "%s", text);
    free(text);
    world_close(&w);
}

TEST(echo_of_the_worst_head)
{
    char value[HEAD_LINE_BYTES_MAX];
    struct world w;
    struct service_answer answer = { 0 };
    uint32_t bytes;

    world_open(&w);
    memset(value, 0xff, sizeof(value));
    w.request.target = span_of(value, sizeof(value));
    while (head_add_static(&w.request, FIELD_OTHER, SPAN_LIT("x"), span_of(value, 16000)))
        ;
    while (head_add_static(&w.request, FIELD_OTHER, SPAN_LIT("x"), SPAN_LIT("\xff\xff\xff")))
        ;
    CHECK(w.request.fields_n > 4, "%u fields\n", w.request.fields_n);
    CHECK(echo_answer(NULL, &w.call, &answer) == WHY_OK, "refused\n");
    char *text = body_take(&w, &answer.body, &bytes);
    yyjson_doc *doc = yyjson_read(text, bytes, 0);
    CHECK(doc != NULL, "not JSON\n");
    CHECK(yyjson_arr_size(yyjson_obj_get(yyjson_doc_get_root(doc), "headers")) == w.request.fields_n, "headers\n");
    yyjson_doc_free(doc);
    free(text);
    world_close(&w);
}

TEST(echo_without_buffers_is_a_why)
{
    struct world w;
    struct service_answer answer = { 0 };

    world_open(&w);
    pool_fail_after(&w.shard.queues.segs, 1);
    CHECK(echo_answer(NULL, &w.call, &answer) == WHY_POOL_BUFFER_EMPTY, "memory from nowhere\n");
    pool_fail_after(&w.shard.queues.segs, 0);
    bufq_clear(&w.shard.queues, &answer.body);
    world_close(&w);
}

CHECK_RUN(RUN(echo_describes_the_request), RUN(echo_without_tls_query_and_headers), RUN(echo_of_the_worst_head),
          RUN(echo_without_buffers_is_a_why))
