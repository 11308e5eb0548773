/* host_index_test.c - the most specific pattern serves a host, as a walk over all patterns would find it. */
#include <stdlib.h>

#include "lib/check.h"

#include "base/rng.h"
#include "conf/conf_arena.h"
#include "conf/host_index.h"

static struct span spans[512]; /* of the test that runs */

TEST(host_index_rows)
{
    static const char *const patterns[] = { "a.x", "*.x", "*.b.x", "", "*.y.z", "c.b.x" };
    static const struct { const char *host, *pattern; } rows[] = {
        { "a.x", "a.x" }, { "A.X", "a.x" }, { "a.x.", "a.x" }, { "b.x", "*.x" }, { "q.b.x", "*.b.x" }, { "c.b.x", "c.b.x" },
        { "p.q.b.x", "*.b.x" }, { "x", "" }, { "y.z", "" }, { "1.y.z", "*.y.z" }, { "", "" }, { ".x", "" }, { "..x", "*.x" },
        { "192.0.2.1", "" }, { "*.x", "*.x" },
    };
    struct conf_arena *arena = conf_arena_open(65536);
    char longest[300];

    for (size_t i = 0; i < COUNT(patterns); i++)
        spans[i] = span_str(patterns[i]);
    const struct host_index *index = host_index_build(arena, spans, COUNT(patterns));
    for (size_t i = 0; i < COUNT(rows); i++) {
        int32_t at = host_index_find(index, span_str(rows[i].host));
        CHECK(at != HOST_NONE && strcmp(patterns[at], rows[i].pattern) == 0, "%s: %d\n", rows[i].host, at);
    }
    memset(longest, 'a', sizeof(longest));
    memcpy(longest + 298, ".x", 2);
    CHECK(host_index_find(index, span_of(longest, 300)) == 3, "too long for a host\n");
    CHECK(host_index_find(index, span_of(longest + 45, 255)) == 1, "longest\n");
    const struct host_index *none = host_index_build(arena, spans, 0), *one = host_index_build(arena, spans, 1);
    CHECK(host_index_find(none, SPAN_LIT("a.x")) == HOST_NONE && host_index_find(one, SPAN_LIT("b.x")) == HOST_NONE, "none\n");
    conf_arena_close(arena);
}

TEST(host_index_above_and_cover)
{
    static const char *const patterns[] = { "a.b.x", "*.b.x", "*.x", "*" };
    struct conf_arena *arena = conf_arena_open(65536);

    for (size_t i = 0; i < COUNT(patterns); i++)
        spans[i] = span_str(patterns[i]);
    const struct host_index *index = host_index_build(arena, spans, COUNT(patterns));
    for (int32_t i = 0; i < 4; i++) {
        CHECK(host_index_above(index, spans[i]) == (i < 3 ? i + 1 : HOST_NONE), "%s: %d\n", patterns[i],
              host_index_above(index, spans[i]));
        CHECK(host_index_cover(index, spans[i]) == i, "%s\n", patterns[i]);
    }
    CHECK(host_index_cover(index, SPAN_LIT("*.q.b.x")) == 1 && host_index_cover(index, SPAN_LIT("x")) == 3, "cover\n");
    CHECK(host_covers(SPAN_LIT("*.x"), SPAN_LIT("*.b.x")) && !host_covers(SPAN_LIT("*.b.x"), SPAN_LIT("*.x")), "wildcards\n");
    CHECK(!host_covers(SPAN_LIT("*.x"), SPAN_LIT("x")) && !host_covers(SPAN_LIT("*.x"), SPAN_LIT(".x")), "not itself\n");
    CHECK(host_covers(SPAN_LIT(""), SPAN_LIT("*")) && !host_covers(SPAN_LIT("a"), SPAN_LIT("*")), "any\n");
    conf_arena_close(arena);
}

/* Of all patterns that cover host the first in host_order. */
static int32_t naive(uint32_t n, struct span host)
{
    int32_t best = HOST_NONE;

    for (uint32_t i = 0; i < n; i++)
        if (host_covers(spans[i], host) && (best == HOST_NONE || host_order(spans[i], spans[best]) < 0))
            best = (int32_t)i;
    return best;
}

TEST(host_index_agrees_with_a_walk)
{
    static char texts[512][32];
    struct rng rng;

    rng_init(&rng, 20240611);
    for (int round = 0; round < 200; round++) {
        struct conf_arena *arena = conf_arena_open(1 << 20);
        uint32_t n = 0, wanted = 1 + rng_below(&rng, 60);
        while (n < wanted) {
            bool is_twice = false;
            snprintf(texts[n], sizeof(texts[n]), "%s%c.%c%s", rng_below(&rng, 2) == 0 ? "*." : "", 'a' + (int)rng_below(&rng, 5),
                     'a' + (int)rng_below(&rng, 5), rng_below(&rng, 2) == 0 ? ".x" : "");
            for (uint32_t i = 0; i < n; i++)
                is_twice |= strcmp(texts[i], texts[n]) == 0;
            spans[n] = span_str(texts[n]);
            n += !is_twice;
            wanted -= is_twice && wanted > 1 ? 1 : 0;
        }
        const struct host_index *index = host_index_build(arena, spans, n);
        for (int i = 0; i < 200; i++) {
            char host[32];
            snprintf(host, sizeof(host), "%c.%c.%c%s", 'a' + (int)rng_below(&rng, 5), 'a' + (int)rng_below(&rng, 5),
                     'a' + (int)rng_below(&rng, 5), rng_below(&rng, 2) == 0 ? ".x" : "");
            const char *from = rng_below(&rng, 2) == 0 ? host : host + 2;
            CHECK(host_index_find(index, span_str(from)) == naive(n, span_str(from)), "round %d: %s\n", round, from);
        }
        conf_arena_close(arena);
    }
}

CHECK_RUN(RUN(host_index_rows), RUN(host_index_above_and_cover), RUN(host_index_agrees_with_a_walk))
