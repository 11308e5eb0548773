/* worker_sim.c - a whole worker with HTTP/1 and HTTP/2 on both sides, in worlds of every mood: each request ends once, nothing is
 * forwarded twice, what a client reads is right or named, and at the end nothing is left.
 *
 * Goal:   DESIGN.md section 5, whatever the kernel, the clients and the upstreams do.
 * Method: seeds draw the world's odds, the clients, what they ask and what upstreams do. Chop and pedant are in the chain of
 *         every exchange. Configurations change in the middle, and some worlds are drained in the middle.
 * Replay: ./build.sh sim worker SEED     SIM_SEEDS=1000 ./build.sh sim worker
 */
#include "lib/check.h"

#include <stdlib.h>

#include "sim/worker_world.h"

enum { SEEDS_N = 200, SEED_FIRST = 1 };

struct tally {
    uint32_t ends[PLAN_ENDS_N];
    uint32_t whys[WHY_N];
    uint64_t wire_max, queue_max;
    uint64_t reuses, retries, ticks, ticks_max;
};

/* A fourth of all worlds may be slow and cut everything into pieces, but never fail: there everything must go right. */
static struct plan_mood mood_of(uint64_t seed, struct ring_sim_odds *io_odds)
{
    struct plan_mood mood = { .bytes_max = 20000, .has_tunnels = true };

    if (seed % 4 == 0) {
        mood.is_strict = mood.is_sound = true;
        io_odds->fail = 0;
    } else {
        mood.faults = seed % 3 == 0 ? 0 : 250;
        mood.leaves = seed % 5 == 0 ? 250 : seed % 5 == 1 ? 0 : 60;
        mood.has_ways = seed % 2 == 0;
    }
    /* Another fourth has upstreams and clients that fail, and nothing else that does. */
    if (seed % 4 == 2) {
        mood.is_sound = true;
        io_odds->fail = 0;
    }
    if (seed % 7 == 0)
        mood.bytes_max = 600000;
    if (!mood.is_sound && seed % 3 == 0)
        io_odds->fds_max = 4 + (uint32_t)(seed % 31);
    return mood;
}

/* Something that an operator does, now and then. */
static void operate(struct world *w, uint64_t *io_next_ns)
{
    if (clock_mono_ns() < *io_next_ns || w->pubs_n == WORLD_PUBS_MAX)
        return;
    *io_next_ns = clock_mono_ns() + ring_sim_pick(2000) * NS_PER_MS;
    (void)world_swap(w);
}

static bool is_done(const struct world *w)
{
    for (uint32_t i = 0; i < w->clients_n; i++)
        if (!w->clients[i].is_done)
            return false;
    return true;
}

static void add(struct tally *t, const struct world *w)
{
    const struct counters *c = &w->worker->loop.shard.counters;

    for (uint32_t i = 0; i < w->plans.n; i++) {
        t->ends[w->plans.at[i].end]++;
        t->whys[w->plans.at[i].why]++;
    }
    t->wire_max = w->wire_max > t->wire_max ? w->wire_max : t->wire_max;
    t->queue_max = w->queue_max > t->queue_max ? w->queue_max : t->queue_max;
    t->ticks += w->ticks;
    t->ticks_max = w->ticks > t->ticks_max ? w->ticks : t->ticks_max;
    t->reuses += counter_get(c, METRIC_UP_REUSES);
    t->retries += counter_get(c, METRIC_UP_RETRIES);
}

static void run_world(uint64_t seed, struct tally *t)
{
    struct ring_sim_odds odds = ring_sim_odds_of(seed);
    struct plan_mood mood = mood_of(seed, &odds);
    struct world *w = world_open(seed, &odds, &mood);
    bool has_swaps = seed % 2 == 0, has_drain = !mood.is_sound && seed % 9 == 1;
    uint64_t next_ns = 0, drain_ns = clock_mono_ns() + ring_sim_pick(1000) * NS_PER_MS;

    world_open_origins(w, !mood.is_sound && seed % 3 == 1);
    for (uint32_t n = 1 + ring_sim_pick(8); n > 0; n--)
        world_add_client(w, ring_sim_pick(2) == 0, 1 + ring_sim_pick(10), 1 + ring_sim_pick(4));
    while (!is_done(w)) {
        world_tick(w);
        if (has_swaps)
            operate(w, &next_ns);
        if (has_drain && clock_mono_ns() >= drain_ns) {
            world_drain(w, ring_sim_pick(10000) * NS_PER_MS);
            has_drain = false;
        }
    }
    add(t, w);
    world_close(w);
}

static uint64_t number_of(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : fallback;
}

TEST(a_worker_in_worlds_of_every_mood)
{
    struct tally *t = calloc(1, sizeof(*t));
    uint64_t only = number_of("FORGE_SEED", 0), n = number_of("SIM_SEEDS", SEEDS_N);

    CHECK(t != NULL, "no memory\n");
    if (only != 0)
        run_world(only, t);
    for (uint64_t seed = SEED_FIRST; only == 0 && seed < SEED_FIRST + n; seed++)
        run_world(seed, t);
    print_message("right %u, named %u, cut %u, lost %u, left %u; reuses %llu, retries %llu; most held: wire %llu, exchange %llu; "
                  "most ticks %llu\n",
                  t->ends[PLAN_RIGHT], t->ends[PLAN_NAMED], t->ends[PLAN_CUT], t->ends[PLAN_LOST], t->ends[PLAN_LEFT],
                  (unsigned long long)t->reuses, (unsigned long long)t->retries, (unsigned long long)t->wire_max,
                  (unsigned long long)t->queue_max, (unsigned long long)t->ticks_max);
    for (unsigned i = 0; i < WHY_N; i++)
        if (t->whys[i] > 0)
            print_message("  %u %s\n", t->whys[i], why_name((enum why)i));
    free(t);
}

/* What a run was, in one number. */
static uint64_t sum_of_world(uint64_t seed)
{
    struct tally *t = calloc(1, sizeof(*t));
    uint64_t sum = 0;

    CHECK(t != NULL, "no memory\n");
    run_world(seed, t);
    for (size_t i = 0; i < sizeof(*t); i++)
        sum = sum * 1099511628211U + ((const uint8_t *)t)[i];
    free(t);
    return sum;
}

TEST(a_seed_replays)
{
    for (uint64_t seed = 5; seed < 12; seed++)
        CHECK(sum_of_world(seed) == sum_of_world(seed), "seed %llu: two runs differ\n", (unsigned long long)seed);
}

CHECK_RUN(RUN(a_worker_in_worlds_of_every_mood), RUN(a_seed_replays))
