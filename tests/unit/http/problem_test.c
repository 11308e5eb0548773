/* problem_test.c - every ending has a document that fits and says its name.
 *
 * Goal:   what problem.h shows is what a client reads, for each row of why.def and for request ids of any bytes.
 * Method: compare one with its text, look for the members in all.
 */
#include "http/problem.h"

#include "base/bufq.h"
#include "http/head.h"
#include "lib/check.h"

TEST(problem_reads_as_documented)
{
    char out[PROBLEM_BYTES_MAX];
    static const char want[] = "{\"type\":\"urn:apiforge:why:h1-host-missing\",\"title\":\"Bad Request\",\"status\":400,"
                               "\"detail\":\"HTTP/1.1 request has no Host\",\"instance\":\"7f\\\"3c\"}";
    uint32_t len = problem_print(WHY_H1_HOST_MISSING, SPAN_LIT("7f\"3c"), out);

    CHECK(span_is(span_of(out, len), SPAN_LIT(want)), "%.*s\n", (int)len, out);
}

TEST(problem_fits_for_each_ending)
{
    char out[PROBLEM_BYTES_MAX + 1];
    char id[300];

    memset(id, '"', sizeof(id));
    for (unsigned why = WHY_OK + 1; why < WHY_N; why++) {
        uint32_t with = problem_print((enum why)why, SPAN_LIT("0123456789abcdef0123456789abcdef"), out);
        out[with] = 0;
        CHECK(strstr(out, "\"instance\"") != NULL && strstr(out, why_name((enum why)why)) != NULL &&
              strstr(out, why_sentence((enum why)why)) != NULL, "%s\n", out);
        CHECK(problem_status((enum why)why) >= 400 && head_status_phrase(problem_status((enum why)why)).len > 0,
              "%s has no status\n", why_name((enum why)why));
        uint32_t without = problem_print((enum why)why, span_of(id, sizeof(id)), out);
        out[without] = 0;
        CHECK(without > 0 && without < with && strstr(out, "instance") == NULL, "a long id stays: %s\n", out);
    }
    CHECK(problem_status(WHY_IO_EOF) == 502 && problem_status(WHY_H1_METHOD) == 501, "status\n");
}

TEST(problem_goes_into_the_arena)
{
    struct bufq_env env = { 0 };
    struct arena arena;
    struct span json = SPAN_NONE;

    CHECK(bufq_env_open(&env, 4, 4, 4) == WHY_OK, "no memory\n");
    arena_init(&arena, &env.bufs, 1024);
    CHECK(problem_body(&arena, WHY_H1_CHUNK, SPAN_NONE, &json) == WHY_OK && json.len > 50, "body\n");
    CHECK(span_starts(json, SPAN_LIT("{\"type\":")) && span_ends(json, SPAN_LIT("malformed\"}")), "body\n");
    arena_fini(&arena);
    arena_init(&arena, &env.bufs, 64);
    CHECK(problem_body(&arena, WHY_H1_CHUNK, SPAN_NONE, &json) == WHY_ARENA_FULL, "arena\n");
    arena_fini(&arena);
    bufq_env_close(&env);
}

CHECK_RUN(RUN(problem_reads_as_documented), RUN(problem_fits_for_each_ending), RUN(problem_goes_into_the_arena))
