/* balance_round_robin_test.c - turns follow the weights exactly, without bursts. */
#include "up/balance.h"

#include "lib/check.h"

static struct up_endpoint endpoints[3];
static struct up up;

static void make_up(uint32_t a, uint32_t b, uint32_t c)
{
    const uint32_t weights[3] = { a, b, c };

    memset(&up, 0, sizeof(up));
    memset(endpoints, 0, sizeof(endpoints));
    up.endpoints_n = 3;
    for (uint32_t i = 0; i < 3; i++) {
        endpoints[i].conf.weight = weights[i];
        up.endpoints[i] = &endpoints[i];
    }
}

static char next_letter(const struct up_endpoint *avoid)
{
    struct rng rng;

    rng_init(&rng, 1);
    return (char)('a' + (balance_round_robin.pick(&up, &rng, avoid) - endpoints));
}

TEST(round_robin_spreads_a_heavy_one)
{
    char order[8] = "";

    make_up(5, 1, 1);
    for (int i = 0; i < 7; i++)
        order[i] = next_letter(NULL);
    CHECK(strcmp(order, "aabacaa") == 0, "order is %s\n", order);
}

TEST(round_robin_counts_are_the_weights)
{
    int seen[3] = { 0 };

    make_up(3, 2, 5);
    for (int i = 0; i < 1000; i++)
        seen[next_letter(NULL) - 'a']++;
    CHECK(seen[0] == 300 && seen[1] == 200 && seen[2] == 500, "%d %d %d\n", seen[0], seen[1], seen[2]);
}

TEST(round_robin_avoids_the_one_that_failed)
{
    make_up(5, 1, 1);
    for (int i = 0; i < 20; i++)
        CHECK(next_letter(&endpoints[0]) != 'a', "picked the avoided one\n");
}

CHECK_RUN(RUN(round_robin_spreads_a_heavy_one), RUN(round_robin_counts_are_the_weights),
          RUN(round_robin_avoids_the_one_that_failed))
