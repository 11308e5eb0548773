/* balance_least_request_test.c - the less busy of two is picked, in proportion to weight, never the avoided one. */
#include "up/balance.h"

#include "lib/check.h"

static struct up_endpoint endpoints[3];
static struct up up;

static void make_up(uint32_t n)
{
    memset(&up, 0, sizeof(up));
    memset(endpoints, 0, sizeof(endpoints));
    up.endpoints_n = n;
    for (uint32_t i = 0; i < n; i++) {
        endpoints[i].conf.weight = 1;
        up.endpoints[i] = &endpoints[i];
    }
}

TEST(least_request_prefers_the_idle_one_of_two)
{
    struct rng rng;

    rng_init(&rng, 7);
    make_up(2);
    endpoints[0].requests_n = 5;
    for (int i = 0; i < 100; i++)
        CHECK(balance_least_request.pick(&up, &rng, NULL) == &endpoints[1], "turn %d went to the busy one\n", i);
}

TEST(least_request_never_picks_the_busiest_of_three)
{
    struct rng rng;

    rng_init(&rng, 8);
    make_up(3);
    endpoints[2].requests_n = 9;
    for (int i = 0; i < 200; i++)
        CHECK(balance_least_request.pick(&up, &rng, NULL) != &endpoints[2], "turn %d went to the busiest\n", i);
}

TEST(least_request_honours_weight)
{
    struct rng rng;

    rng_init(&rng, 9);
    make_up(2);
    endpoints[0].conf.weight = 4;
    endpoints[0].requests_n = 6; /* 7/4 a unit of weight against 3/1 */
    endpoints[1].requests_n = 2;
    for (int i = 0; i < 50; i++)
        CHECK(balance_least_request.pick(&up, &rng, NULL) == &endpoints[0], "turn %d\n", i);
}

TEST(least_request_avoids_the_one_that_failed)
{
    struct rng rng;

    rng_init(&rng, 10);
    make_up(2);
    for (int i = 0; i < 50; i++)
        CHECK(balance_least_request.pick(&up, &rng, &endpoints[1]) == &endpoints[0], "turn %d\n", i);
}

CHECK_RUN(RUN(least_request_prefers_the_idle_one_of_two), RUN(least_request_never_picks_the_busiest_of_three),
          RUN(least_request_honours_weight), RUN(least_request_avoids_the_one_that_failed))
