/* h2_block_test.c - fields one by one into a head, and the verdict on the whole.
 *
 * Method: what nghttp2 would emit, without nghttp2. What it refuses by itself is in h2_server_test.c.
 */
#include "base/limits.h"
#include "base/shard.h"
#include "http/h2_block.h"
#include "lib/check.h"

struct bench {
    struct shard    shard;
    struct arena    arena;
    struct head     head;
    struct h2_block block;
};

static void bench_open(struct bench *b, enum h2_block_kind kind, bool is_from_up, uint32_t arena_bytes)
{
    CHECK(shard_open(&b->shard, 0, 1) == WHY_OK, "shard\n");
    arena_init(&b->arena, &b->shard.queues.bufs, arena_bytes);
    head_init(&b->head, &b->arena);
    h2_block_begin(&b->block, kind, &b->head, is_from_up);
}

static void bench_close(struct bench *b)
{
    arena_fini(&b->arena);
    shard_close(&b->shard);
}

static void field(struct bench *b, const char *name, const char *value)
{
    h2_block_field(&b->block, span_str(name), span_str(value), false);
}

static void request(struct bench *b)
{
    bench_open(b, H2_BLOCK_REQUEST, false, EXCHANGE_ARENA_BYTES_MAX);
    field(b, ":method", "PUT");
    field(b, ":scheme", "HTTPS");
    field(b, ":authority", "a.example");
    field(b, ":path", "/x?y");
}

TEST(request_is_taken_apart)
{
    struct bench b;
    enum why why;

    request(&b);
    field(&b, "content-length", "12");
    field(&b, "content-type", "text/plain");
    field(&b, "te", "trailers");
    field(&b, "expect", "100-Continue");
    field(&b, "x-own", "1");
    why = h2_block_end_request(&b.block, false);
    CHECK(why == WHY_OK, "%s\n", why_name(why));
    CHECK(b.head.method == METHOD_PUT && span_is(b.head.scheme, SPAN_LIT("https")), "pseudo\n");
    CHECK(span_is(b.head.target, SPAN_LIT("/x?y")) && span_is(b.head.authority, SPAN_LIT("a.example")), "target\n");
    CHECK(b.head.has_content_length && b.head.content_length == 12 && b.head.has_body, "length\n");
    CHECK(b.head.accepts_trailers && b.head.expects_continue, "te, expect\n");
    CHECK(head_find(&b.head, FIELD_TE) == NULL && head_find(&b.head, FIELD_CONTENT_TYPE) != NULL, "fields\n");
    CHECK(b.head.version == HTTP_VERSION_2 && b.block.fields_n == 9, "%u\n", b.block.fields_n);
    bench_close(&b);
}

TEST(first_fault_is_the_one_that_is_named)
{
    struct bench b;

    request(&b);
    h2_block_bad_field(&b.block);
    field(&b, ":scheme", "gopher");
    CHECK(h2_block_end_request(&b.block, true) == WHY_H2_FIELD, "%s\n", why_name(b.block.why));
    bench_close(&b);
    bench_open(&b, H2_BLOCK_REQUEST, false, EXCHANGE_ARENA_BYTES_MAX);
    field(&b, ":method", "get");
    field(&b, ":scheme", "https");
    field(&b, ":path", "/");
    field(&b, ":authority", "a");
    CHECK(h2_block_end_request(&b.block, true) == WHY_H2_METHOD, "methods are told apart by case\n");
    bench_close(&b);
    bench_open(&b, H2_BLOCK_REQUEST, false, EXCHANGE_ARENA_BYTES_MAX);
    field(&b, ":method", "GET");
    field(&b, ":scheme", "https");
    field(&b, ":path", "/");
    CHECK(h2_block_end_request(&b.block, true) == WHY_H2_AUTHORITY, "no host at all\n");
    bench_close(&b);
}

TEST(limits_count_what_is_not_kept)
{
    struct bench b;
    static char big[HEAD_LINE_BYTES_MAX + 2];

    /* Names and values of the pseudo-fields, host and te count, too. */
    request(&b);
    for (int i = 0; i < HEAD_FIELDS_MAX - 4; i++)
        field(&b, "te", "trailers");
    CHECK(b.block.why == WHY_OK && b.head.fields_n == 0, "all that fit\n");
    field(&b, "te", "trailers");
    CHECK(h2_block_end_request(&b.block, true) == WHY_H2_HEAD_LARGE, "one more\n");
    bench_close(&b);
    memset(big, 'v', sizeof(big) - 1);
    big[12000] = '\0';
    for (int n = 0; n < 2; n++) { /* four values of 12 KB, and a path of nearly 16 or none to speak of */
        bench_open(&b, H2_BLOCK_REQUEST, false, EXCHANGE_ARENA_BYTES_MAX);
        field(&b, ":method", "GET");
        field(&b, ":scheme", "https");
        field(&b, ":authority", "a.example");
        for (int i = 0; i < 4; i++)
            field(&b, "x", big);
        field(&b, "y", big + 12000 - 1000);
        big[12000] = 'v';
        big[0] = '/';
        h2_block_field(&b.block, SPAN_LIT(":path"), n == 0 ? SPAN_LIT("/") : span_of(big, HEAD_LINE_BYTES_MAX), false);
        big[12000] = '\0';
        CHECK(h2_block_end_request(&b.block, true) == (n == 0 ? WHY_OK : WHY_H2_HEAD_LARGE), "%s\n", why_name(b.block.why));
        CHECK(b.head.bytes < HEAD_BYTES_MAX, "the fields alone would fit: %u\n", b.head.bytes);
        bench_close(&b);
    }
    big[12000] = 'v';
    request(&b);
    field(&b, "x", big);
    CHECK(h2_block_end_request(&b.block, true) == WHY_H2_HEAD_LARGE, "one value too long\n");
    bench_close(&b);
    big[HEAD_LINE_BYTES_MAX] = '\0';
    bench_open(&b, H2_BLOCK_RESPONSE, true, EXCHANGE_ARENA_BYTES_MAX);
    field(&b, ":status", "200");
    for (int i = 0; i < 5; i++)
        field(&b, "x", big);
    CHECK(h2_block_end_response(&b.block, true, true) == WHY_H2_UP_HEAD_LARGE, "%s\n", why_name(b.block.why));
    bench_close(&b);
}

TEST(joined_cookies_are_one_value)
{
    struct bench b;
    static char crumb[HEAD_LINE_BYTES_MAX / 2 + 1];

    memset(crumb, 'c', HEAD_LINE_BYTES_MAX / 2 - 2);
    for (int n = 2; n < 4; n++) {
        request(&b);
        for (int i = 0; i < n; i++)
            h2_block_field(&b.block, SPAN_LIT("cookie"), span_str(crumb), i == 1);
        enum why why = h2_block_end_request(&b.block, true);
        CHECK(why == (n == 2 ? WHY_OK : WHY_H2_HEAD_LARGE), "%d: %s\n", n, why_name(why));
        if (n == 2)
            CHECK(head_find(&b.head, FIELD_COOKIE)->value.len == HEAD_LINE_BYTES_MAX - 2 &&
                  head_find(&b.head, FIELD_COOKIE)->flags == FIELD_NEVER_INDEX, "joined, and as secret as its crumbs\n");
        bench_close(&b);
    }
}

TEST(numbers_that_do_not_fit)
{
    struct bench b;

    request(&b);
    field(&b, "content-length", "18446744073709551616");
    CHECK(h2_block_end_request(&b.block, false) == WHY_H2_FIELD && !b.head.has_content_length, "%s\n", why_name(b.block.why));
    bench_close(&b);
    bench_open(&b, H2_BLOCK_RESPONSE, true, EXCHANGE_ARENA_BYTES_MAX);
    field(&b, ":status", "600");
    CHECK(h2_block_end_response(&b.block, true, true) == WHY_H2_UP_MESSAGE, "%s\n", why_name(b.block.why));
    bench_close(&b);
}

TEST(full_arena_is_an_ending)
{
    struct bench b;

    bench_open(&b, H2_BLOCK_REQUEST, false, 1200);
    field(&b, ":method", "GET");
    field(&b, ":scheme", "https");
    field(&b, ":authority", "a.example");
    field(&b, ":path", "/");
    for (int i = 0; i < 20; i++)
        field(&b, "x-some-field", "with some value that takes its place");
    CHECK(h2_block_end_request(&b.block, true) == WHY_ARENA_FULL, "%s\n", why_name(b.block.why));
    bench_close(&b);
}

TEST(block_without_a_head_is_only_counted)
{
    struct h2_block b;

    h2_block_begin(&b, H2_BLOCK_REQUEST, NULL, false);
    for (int i = 0; i < HEAD_FIELDS_MAX + 1; i++)
        h2_block_field(&b, SPAN_LIT("a"), SPAN_LIT("b"), false);
    CHECK(b.why == WHY_H2_HEAD_LARGE && b.fields_n == HEAD_FIELDS_MAX + 1, "%s\n", why_name(b.why));
}

TEST(trailers_keep_only_what_trailers_may_be)
{
    static const char *const away[] = { "content-length", "host", "te", "trailer", "authorization", "cookie", "set-cookie",
                                        "forwarded", "x-forwarded-for", "expect" };
    struct bench b;

    bench_open(&b, H2_BLOCK_TRAILERS, false, EXCHANGE_ARENA_BYTES_MAX);
    for (size_t i = 0; i < COUNT(away); i++)
        field(&b, away[i], "1");
    field(&b, "grpc-status", "0");
    CHECK(h2_block_end_trailers(&b.block) == WHY_OK && b.head.fields_n == 1, "%u\n", b.head.fields_n);
    CHECK(span_is(b.head.fields[0].name, SPAN_LIT("grpc-status")), "which\n");
    CHECK(!b.head.has_content_length && !b.head.expects_continue, "and nothing else was learned\n");
    bench_close(&b);
}

TEST(answers_know_whether_a_body_follows)
{
    static const struct {
        const char *status;
        bool is_end, may, want;
    } rows[] = {
        { "200", false, true, true }, { "200", true, true, false },  { "200", false, false, false },
        { "204", false, true, false }, { "304", false, true, false }, { "103", false, true, false },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench b;
        bench_open(&b, H2_BLOCK_RESPONSE, true, EXCHANGE_ARENA_BYTES_MAX);
        field(&b, ":status", rows[i].status);
        CHECK(h2_block_end_response(&b.block, rows[i].is_end, rows[i].may) == WHY_OK, "%zu\n", i);
        CHECK(b.head.has_body == rows[i].want, "%zu\n", i);
        bench_close(&b);
    }
}

CHECK_RUN(
    RUN(request_is_taken_apart),
    RUN(first_fault_is_the_one_that_is_named),
    RUN(limits_count_what_is_not_kept),
    RUN(joined_cookies_are_one_value),
    RUN(numbers_that_do_not_fit),
    RUN(full_arena_is_an_ending),
    RUN(block_without_a_head_is_only_counted),
    RUN(trailers_keep_only_what_trailers_may_be),
    RUN(answers_know_whether_a_body_follows))
