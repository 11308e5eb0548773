/* loop_overflow_test.c - completions that do not fit the kernel's queue are counted where an operator can see it.
 *
 * Method: the kernel's own ring, given more to complete in one tick than its queue holds (the simulated one has no end).
 */
#include <stdlib.h>

#include "lib/check.h"

#include "worker/loop.h"

static void on_message(struct loop *l, const struct message *m)
{
    UNUSED(l);
    UNUSED(m);
}

TEST(loop_counts_overflows)
{
    enum { MANY = RING_COMPLETIONS_N + 2 * RING_ENTRIES };
    static const struct loop_hooks hooks = { .on_message = on_message };
    struct loop *l = calloc(1, sizeof(*l));
    struct hub *hub = calloc(1, sizeof(*hub));
    char error[256] = "";

    CHECK(l != NULL && hub != NULL && hub_open(hub, 1) == WHY_OK, "no memory\n");
    CHECK(loop_open(l, hub, 0, &hooks, NULL, error, sizeof(error)) == WHY_OK, "%s\n", error);
    l->wait_ns_max = 1000000;
    for (uint32_t i = 0; i < MANY; i++)
        ring_cancel(l->ring, handle_of(HANDLE_UNLISTEN, i, 1), handle_of(HANDLE_ACCEPT, 1, 1));
    for (int ticks = 0; counter_get(&l->shard.counters, METRIC_EVENTS) < MANY; ticks++) {
        CHECK(ticks < 10000, "%llu of %d events\n", (unsigned long long)counter_get(&l->shard.counters, METRIC_EVENTS), MANY);
        loop_tick(l);
    }
    loop_tick(l); /* One with nothing to do tells the figures. */
    uint64_t n = counter_get(&l->shard.counters, METRIC_CQ_OVERFLOWS);
    CHECK(n > 0 && n == ring_counts(l->ring).overflows, "%llu\n", (unsigned long long)n);
    CHECK(l->figures.ring_submitted >= MANY && l->figures.ring_enters > 0, "%llu submitted\n", (unsigned long long)l->figures.ring_submitted);
    loop_close(l);
    hub_close(hub);
    free(hub);
    free(l);
}

CHECK_RUN(RUN(loop_counts_overflows))
