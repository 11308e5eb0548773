/* reload_sim.c - configurations that change and workers that drain, in the middle of requests.
 *
 * Goal:   a request ends with the configuration that it began with; what did not change keeps its connections; a drain lets
 *         requests end until its deadline, and cuts the rest with a name.
 * Method: kind worlds and fixed scripts, looked at from outside (what clients and upstreams see) and inside (who holds what).
 */
#include "lib/check.h"

#include "sim/worker_world.h"

static const struct plan_mood strict = { .is_sound = true, .is_strict = true };

static uint64_t metric_of(const struct world *w, enum metric m)
{
    return counter_get(&w->worker->loop.shard.counters, m);
}

/* Until an upstream has the request's head. */
static void await_forwarded(struct world *w, const struct plan *p)
{
    while (p->heads_n == 0)
        world_tick(w);
}

static void await_taken(struct world *w)
{
    while (!w->pubs[w->pubs_n - 1].is_taken)
        world_tick(w);
}

/* Turn until the client has had its answers, and stays connected. */
static void await_ended(struct world *w, uint32_t ended_n)
{
    while (w->plans.ended_n < ended_n)
        world_tick(w);
    world_pass(w, 50 * NS_PER_MS);
}

/* A client that keeps its connection when it has nothing to ask. */
static struct client *add_lingering(struct world *w, bool is_h2)
{
    struct client *c = world_add_client(w, is_h2, 0, 4);

    c->lingers = true;
    return c;
}

TEST(a_configuration_is_left_with_its_last_request)
{
    for (int h2 = 0; h2 < 2; h2++) {
        struct world *w = world_open(1, NULL, &strict);
        struct client *c = world_add_client(w, h2 == 1, 0, 1);
        struct plan *p = plan_simple(&w->plans, PLAN_ONE, METHOD_GET, 0, 300000);

        world_open_origins(w, false);
        c->is_slow = true;
        client_give(c, p);
        await_forwarded(w, p);
        CHECK(world_swap(w), "no swap\n");
        await_taken(w);
        while (p->end == PLAN_OPEN) {
            /* The record is written before the last bytes are on the wire. */
            CHECK(!w->pubs[0].has_left || p->records_n == 1, "left while its request goes on\n");
            world_tick(w);
        }
        world_pass(w, 10 * NS_PER_MS);
        CHECK(p->end == PLAN_RIGHT && w->pubs[0].has_left && !w->pubs[1].has_left, "left: %d, %d\n", w->pubs[0].has_left,
              w->pubs[1].has_left);
        world_close(w);
    }
}

TEST(what_did_not_change_keeps_its_connections)
{
    struct world *w = world_open(2, NULL, &strict);
    struct client *c = add_lingering(w, false);

    world_open_origins(w, false);
    client_give(c, plan_simple(&w->plans, PLAN_TWO, METHOD_GET, 0, 10));
    client_give(c, plan_simple(&w->plans, PLAN_ONE, METHOD_GET, 0, 10));
    await_ended(w, 2);
    CHECK(metric_of(w, METRIC_UP_CONNECTS) == 2 && w->worker->loop.conns.ups_n == 2, "connects\n");
    CHECK(world_swap(w), "no swap\n");
    await_taken(w);
    world_pass(w, 50 * NS_PER_MS);
    CHECK(w->worker->loop.conns.ups_n == 1, "%u upstream connections: the changed upstream's goes, the other stays\n",
          w->worker->loop.conns.ups_n);
    CHECK(w->worker->loop.conns.clients_n == 1, "the client's connection does not\n");
    client_give(c, plan_simple(&w->plans, PLAN_TWO, METHOD_GET, 0, 10));
    client_give(c, plan_simple(&w->plans, PLAN_ONE, METHOD_GET, 0, 10));
    await_ended(w, 4);
    CHECK(metric_of(w, METRIC_UP_CONNECTS) == 3, "%llu connects\n", (unsigned long long)metric_of(w, METRIC_UP_CONNECTS));
    CHECK(metric_of(w, METRIC_ACCEPTED) == 1, "%llu connections\n", (unsigned long long)metric_of(w, METRIC_ACCEPTED));
    world_close(w);
}

TEST(a_hundred_configurations_under_load)
{
    struct plan_mood mood = { .is_sound = true, .is_strict = true, .bytes_max = 30000, .has_tunnels = true };
    struct world *w = world_open(3, NULL, &mood);
    bool is_done = false;

    world_open_origins(w, false);
    for (int i = 0; i < 6; i++)
        world_add_client(w, i % 2 == 0, 25, 3);
    while (!is_done) {
        world_tick(w);
        if (w->pubs_n < 100 && w->worker->loop.engine.exchanges.live_n > 0)
            (void)world_swap(w);
        is_done = true;
        for (uint32_t i = 0; i < w->clients_n; i++)
            is_done = is_done && w->clients[i].is_done;
    }
    CHECK(w->pubs_n == 100, "only %u configurations\n", w->pubs_n);
    world_close(w);
}

TEST(a_drain_lets_requests_end)
{
    for (int h2 = 0; h2 < 2; h2++) {
        struct world *w = world_open(4, NULL, &strict);
        struct client *idle = add_lingering(w, h2 == 1), *c;
        struct plan *p = plan_simple(&w->plans, PLAN_ONE, METHOD_POST, 200000, 200000);
        struct socket_address addr = ring_sim_address(WORLD_PORT);
        uint64_t began_ns;

        world_open_origins(w, false);
        client_give(idle, plan_simple(&w->plans, PLAN_TWO, METHOD_GET, 0, 10));
        await_ended(w, 1);
        c = add_lingering(w, h2 == 1);
        c->is_slow = true;
        client_give(c, p);
        await_forwarded(w, p);
        began_ns = clock_mono_ns();
        world_drain(w, 100 * NS_PER_S);
        while (idle->peer >= 0)
            world_tick(w);
        CHECK(clock_mono_ns() - began_ns < NS_PER_S && p->end == PLAN_OPEN, "idle connections end at once\n");
        world_pass(w, 10 * NS_PER_MS);
        CHECK(ring_sim_peer_connect(&addr) < 0, "it still listens\n");
        while (!w->was_drained || p->end == PLAN_OPEN) /* What the kernel has, the client may read later. */
            world_tick(w);
        CHECK(p->end == PLAN_RIGHT && !w->is_cut, "%d\n", p->end);
        CHECK(clock_mono_ns() - began_ns < 50 * NS_PER_S, "it waits for more than the request\n");
        world_close(w);
    }
}

TEST(a_drain_cuts_at_its_deadline)
{
    for (int h2 = 0; h2 < 2; h2++) {
        struct plan_mood mood = { 0 };
        struct world *w = world_open(5, NULL, &mood);
        struct client *c = world_add_client(w, h2 == 1, 0, 1);
        struct plan *p = plan_simple(&w->plans, PLAN_ONE, METHOD_GET, 0, 5000);
        uint64_t began_ns;

        world_open_origins(w, false);
        p->fault = PLAN_STALLS;
        p->fault_at = PLAN_IN_BODY + 1000;
        client_give(c, p);
        while (p->got_bytes == 0)
            world_tick(w);
        began_ns = clock_mono_ns();
        world_drain(w, 2 * NS_PER_S);
        while (!w->was_drained)
            world_tick(w);
        CHECK(w->is_cut && clock_mono_ns() - began_ns < 3 * NS_PER_S, "not cut in time\n");
        world_pass(w, 10 * NS_PER_MS);
        CHECK(p->records_n == 1 && p->why == WHY_CONN_DRAIN, "%s\n", why_name(p->why));
        world_close(w);
    }
}

CHECK_RUN(RUN(a_configuration_is_left_with_its_last_request), RUN(what_did_not_change_keeps_its_connections),
          RUN(a_hundred_configurations_under_load), RUN(a_drain_lets_requests_end), RUN(a_drain_cuts_at_its_deadline))
