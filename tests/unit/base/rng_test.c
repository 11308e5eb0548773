/* rng_test.c - the generator is the published one, replays, and favours no number. */
#include "base/rng.h"

#include "lib/check.h"

TEST(rng_replays_and_is_fair)
{
    struct rng a, b;
    unsigned   hits[3] = { 0 };
    rng_init(&a, 7);
    rng_init(&b, 7);
    for (int i = 0; i < 30000; i++) {
        uint32_t n = rng_below(&a, 3);
        CHECK(n < 3 && n == rng_below(&b, 3), "below 3: %u\n", n);
        hits[n]++;
    }
    for (int i = 0; i < 3; i++)
        CHECK(hits[i] > 9500 && hits[i] < 10500, "%d: %u of 30000\n", i, hits[i]);
    rng_init(&b, 8);
    CHECK(rng_u64(&a) != rng_u64(&b), "seeds do not matter\n");
}

/* The values that the authors' own code gives for this state. */
TEST(rng_is_the_published_algorithm)
{
    struct rng r = { { 1, 2, 3, 4 } };
    static const uint64_t want[] = { 11520, 0, 1509978240, UINT64_C(1215971899390074240) };
    for (size_t i = 0; i < COUNT(want); i++) {
        uint64_t got = rng_u64(&r);
        CHECK(got == want[i], "%zu: %llu\n", i, (unsigned long long)got);
    }
}

CHECK_RUN(RUN(rng_replays_and_is_fair), RUN(rng_is_the_published_algorithm))
