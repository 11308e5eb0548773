/* wheel_test.c - never early, at most one tick late, and nothing is lost, against a plain list of deadlines. */
#include "base/wheel.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "lib/check.h"

TEST(wheel_fires_in_time_at_every_distance)
{
    static const uint64_t distances_ns[] = { 1, WHEEL_TICK_NS - 1, WHEEL_TICK_NS, WHEEL_TICK_NS + 1,
        255 * (uint64_t)WHEEL_TICK_NS, 256 * (uint64_t)WHEEL_TICK_NS, 257 * (uint64_t)WHEEL_TICK_NS,
        65535 * (uint64_t)WHEEL_TICK_NS, 65536 * (uint64_t)WHEEL_TICK_NS, 90000 * NS_PER_S, 300 * 86400 * NS_PER_S };
    for (uint64_t start_ns = 0; start_ns < 3 * NS_PER_S; start_ns += 251 * NS_PER_MS + 7)
        for (size_t i = 0; i < COUNT(distances_ns); i++) {
            static struct wheel w;
            struct timer t = { 0 };
            uint64_t     now_ns = start_ns, deadline_ns = start_ns + distances_ns[i];
            wheel_init(&w, now_ns);
            wheel_arm(&w, &t, deadline_ns);
            struct timer *due = NULL;
            int           wakes = 0;
            while (due == NULL) {
                uint64_t wait_ns = wheel_wait_ns(&w, now_ns);
                CHECK(wait_ns != UINT64_MAX && ++wakes < 2000, "distance %zu: lost\n", i);
                now_ns += wait_ns;
                due = wheel_due(&w, now_ns);
            }
            CHECK(due == &t && t.deadline_ns == 0 && w.armed_n == 0, "distance %zu\n", i);
            CHECK(now_ns >= deadline_ns, "distance %zu: early by %llu\n", i,
                  (unsigned long long)(deadline_ns - now_ns));
            CHECK(now_ns - deadline_ns <= WHEEL_TICK_NS, "distance %zu: late\n", i);
            CHECK(wheel_wait_ns(&w, now_ns) == UINT64_MAX, "nothing is armed\n");
        }
}

TEST(wheel_moves_a_deadline_later_for_a_store)
{
    static struct wheel w;
    struct timer t = { 0 };

    wheel_init(&w, NS_PER_S);
    wheel_arm(&w, &t, 2 * NS_PER_S);
    struct list_node *next = t._node.next;
    for (uint64_t s = 3; s < 10; s++)
        wheel_arm(&w, &t, s * NS_PER_S);
    CHECK(t._node.next == next && w.armed_n == 1, "moved in the lists\n");
    CHECK(wheel_due(&w, 8 * NS_PER_S) == NULL, "fired at its first deadline\n");
    CHECK(wheel_due(&w, 9 * NS_PER_S) == &t, "did not fire\n");
    wheel_arm(&w, &t, 20 * NS_PER_S);
    wheel_arm(&w, &t, 10 * NS_PER_S);
    CHECK(wheel_due(&w, 10 * NS_PER_S) == &t, "moved earlier, not fired\n");
    wheel_arm(&w, &t, 11 * NS_PER_S);
    wheel_cancel(&w, &t);
    wheel_cancel(&w, &t);
    CHECK(wheel_due(&w, 30 * NS_PER_S) == NULL && w.armed_n == 0, "cancelled, fired\n");
}

TEST(wheel_fires_a_past_deadline_at_once)
{
    static struct wheel w;
    struct timer t = { 0 };

    wheel_init(&w, 10 * NS_PER_S);
    wheel_arm(&w, &t, NS_PER_S);
    CHECK(wheel_wait_ns(&w, 10 * NS_PER_S) == 0, "waits\n");
    CHECK(wheel_due(&w, 10 * NS_PER_S) == &t, "not due\n");
}

enum { TIMERS_N = 300 };

TEST(wheel_matches_a_plain_list)
{
    static struct wheel w;
    static struct timer timers[TIMERS_N];
    static uint64_t     deadlines[TIMERS_N];

    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct rng r;
        uint64_t   now_ns = seed * 1234567891, fired_n = 0;
        rng_init(&r, seed);
        memset(timers, 0, sizeof timers);
        memset(deadlines, 0, sizeof deadlines);
        wheel_init(&w, now_ns);
        for (int step = 0; step < 4000; step++) {
            for (int k = 0; k < 5; k++) {
                uint32_t i = rng_below(&r, TIMERS_N);
                if (rng_below(&r, 4) == 0) {
                    wheel_cancel(&w, &timers[i]);
                    deadlines[i] = 0;
                } else {
                    deadlines[i] = now_ns + (rng_u64(&r) >> (24 + rng_below(&r, 30)));
                    wheel_arm(&w, &timers[i], deadlines[i]);
                }
            }
            now_ns += rng_u64(&r) >> (30 + rng_below(&r, 25));
            struct timer *t;
            while ((t = wheel_due(&w, now_ns)) != NULL) {
                CHECK(deadlines[t - timers] != 0 && deadlines[t - timers] <= now_ns, "seed %llu: wrong timer\n",
                      (unsigned long long)seed);
                deadlines[t - timers] = 0;
                fired_n++;
            }
            uint32_t armed = 0;
            for (int i = 0; i < TIMERS_N; i++) {
                armed += deadlines[i] != 0;
                CHECK(deadlines[i] == 0 || deadlines[i] + WHEEL_TICK_NS > now_ns,
                      "seed %llu, step %d: timer %d is late\n", (unsigned long long)seed, step, i);
            }
            CHECK(armed == w.armed_n, "seed %llu: %u armed, not %u\n", (unsigned long long)seed, w.armed_n, armed);
        }
        CHECK(fired_n > 100, "seed %llu: only %llu fired\n", (unsigned long long)seed, (unsigned long long)fired_n);
    }
}

CHECK_RUN(RUN(wheel_fires_in_time_at_every_distance), RUN(wheel_moves_a_deadline_later_for_a_store),
          RUN(wheel_fires_a_past_deadline_at_once), RUN(wheel_matches_a_plain_list))
