/* torture_sim.c - each take from a pool, and each operation, fails once: a named ending, and nothing lost, stuck or left.
 *
 * Goal:   an empty pool and a failing kernel are endings like any other, wherever they come.
 * Method: fixed scripts in a kind world; the k-th take (of each pool in turn) or the k-th operation fails, for k = 1, 2, 3 ...
 *         until a run has nothing left to fail. Everything that worker_sim looks at is looked at here, too.
 */
#include "lib/check.h"
#include "lib/fault.h"

#include "sim/worker_world.h"

/* ---- scripts ---- */

static void script_h1(struct world *w)
{
    struct client *c = world_add_client(w, false, 0, 1);
    struct plan *p = plan_simple(&w->plans, PLAN_ONE, METHOD_POST, 5000, 3000);

    client_give(c, plan_simple(&w->plans, PLAN_ONE, METHOD_GET, 0, 100));
    p->answer_framing = PLAN_CHUNKED;
    client_give(c, p);
    p = plan_simple(&w->plans, PLAN_ONE, METHOD_PUT, 2000, 10);
    p->body_framing = PLAN_CHUNKED;
    p->has_trailers = p->expects = true;
    client_give(c, p);
    p = plan_simple(&w->plans, PLAN_TWO, METHOD_GET, 0, 40000);
    p->answer_framing = PLAN_CHUNKED;
    p->answer_trailers = true;
    p->interims_n = 2;
    client_give(c, p);
}

static void script_h2(struct world *w)
{
    struct client *c = world_add_client(w, true, 0, 4);

    client_give(c, plan_simple(&w->plans, PLAN_TWO, METHOD_GET, 0, 100));
    client_give(c, plan_simple(&w->plans, PLAN_TWO, METHOD_POST, 20000, 3000));
    client_give(c, plan_simple(&w->plans, PLAN_ONE, METHOD_PUT, 300, 30000));
    client_give(c, plan_simple(&w->plans, PLAN_CAPPED, METHOD_POST, 9000, 5));
    client_give(c, plan_simple(&w->plans, PLAN_ONE, METHOD_HEAD, 0, 5));
}

static void give_tunnel(struct world *w, struct client *c, enum plan_way way)
{
    struct plan *p = plan_simple(&w->plans, way, METHOD_GET, 3000, 4000);

    p->is_tunnel = true;
    p->body_framing = p->answer_framing = PLAN_CLOSE;
    p->status = 101;
    client_give(c, p);
}

static void script_tunnels(struct world *w)
{
    struct client *h1 = world_add_client(w, false, 0, 1), *h2 = world_add_client(w, true, 0, 2);

    give_tunnel(w, h1, PLAN_ONE);
    give_tunnel(w, h1, PLAN_TWO);
    give_tunnel(w, h2, PLAN_ONE);
    give_tunnel(w, h2, PLAN_TWO);
}

static void script_retries(struct world *w)
{
    struct client *c = world_add_client(w, false, 0, 1);
    struct plan *p = plan_simple(&w->plans, PLAN_TWO, METHOD_POST, 0, 10);

    client_give(c, plan_simple(&w->plans, PLAN_PAIR, METHOD_POST, 2000, 10));
    client_give(c, plan_simple(&w->plans, PLAN_PAIR, METHOD_GET, 0, 10));
    client_give(c, plan_simple(&w->plans, PLAN_GONE, METHOD_GET, 0, 10));
    p->fault = PLAN_REFUSES;
    client_give(c, p);
    p = plan_simple(&w->plans, PLAN_ONE, METHOD_GET, 0, 5000);
    p->fault = PLAN_RESETS;
    p->fault_at = PLAN_IN_BODY + 700;
    client_give(c, p);
}

/* With so few receive buffers, what arrives is copied. */
static void script_large(struct world *w)
{
    client_give(world_add_client(w, false, 0, 1), plan_simple(&w->plans, PLAN_TWO, METHOD_POST, 9000, 20000));
    client_give(world_add_client(w, true, 0, 1), plan_simple(&w->plans, PLAN_ONE, METHOD_PUT, 9000, 20000));
}

static const struct script {
    const char          *name;
    void               (*run)(struct world *w);
    struct ring_sim_odds odds;
} scripts[] = {
    { "HTTP/1 with bodies", script_h1, { 0 } },
    { "HTTP/2 streams", script_h2, { 0 } },
    { "tunnels", script_tunnels, { 0 } },
    { "retries", script_retries, { 0 } },
    { "large bodies", script_large, { .buffers_n = 3, .buffer_bytes = 9000, .is_plain = true } },
};

/* ---- one run ---- */

struct torture {
    const struct script *script;
    uint32_t             pool;  /* number in the loop's list, or UINT32_MAX: operations */
    enum why             why;
    struct plan_mood     mood;
};

static uint64_t endings_n(const struct world *w)
{
    uint64_t n = 0;

    for (unsigned i = 1; i < WHY_N; i++)
        n += counter_get_why(&w->worker->loop.shard.counters, (enum why)i);
    return n;
}

/* Another configuration in the middle, as soon as the first request is on its way. */
static void run_script(struct world *w)
{
    bool has_swapped = false;

    for (uint32_t i = 0; i < w->clients_n; i++) {
        while (!w->clients[i].is_done) {
            world_tick(w);
            if (!has_swapped && w->worker->loop.engine.exchanges.live_n > 0)
                has_swapped = world_swap(w);
        }
    }
}

static bool run_tortured(uint32_t k, void *arg)
{
    const struct torture *t = arg;
    struct world *w = world_open(k, &t->script->odds, &t->mood);
    const struct pool *pool = t->pool != UINT32_MAX ? w->worker->loop.pools[t->pool] : NULL;
    bool has_failed, is_right = true;

    world_open_origins(w, false);
    t->script->run(w);
    if (pool != NULL)
        pool_fail_after((struct pool *)(uintptr_t)pool, k);
    else
        ring_sim_fail_nth(k, t->why);
    run_script(w);
    world_end(w);
    has_failed = pool != NULL ? fault_pool_fired(pool) : ring_sim_has_failed();
    if (pool != NULL)
        pool_fail_after((struct pool *)(uintptr_t)pool, 0);
    else
        ring_sim_fail_nth(0, WHY_OK);
    for (uint32_t i = 0; i < w->plans.n; i++) {
        const struct plan *p = &w->plans.at[i];
        is_right = is_right && p->end == PLAN_RIGHT;
        CHECK(p->end != PLAN_OPEN && p->end != PLAN_LEFT, "%s, %u: request %u has no end\n", t->script->name, k, i);
    }
    for (uint32_t i = 0; i < w->plans.n && !is_right && endings_n(w) == 0 && t->why != WHY_IO_RESET; i++)
        plan_print(&w->plans, &w->plans.at[i]);
    /* A connection that its peer resets needs no name: nobody failed. */
    CHECK(is_right || endings_n(w) > 0 || t->why == WHY_IO_RESET, "%s, %u: something went wrong, and nothing says what\n", t->script->name, k);
    world_close(w);
    return has_failed;
}

/* ---- tests ---- */

TEST(each_take_of_each_pool_fails)
{
    struct torture t = { 0 };
    struct world *w = world_open(1, NULL, &t.mood);
    uint32_t pools_n = w->worker->loop.figures.pools_n, failures_n = 0;
    char names[MANAGEMENT_POOLS_MAX][32];

    for (uint32_t i = 0; i < pools_n; i++)
        snprintf(names[i], sizeof(names[i]), "%s", w->worker->loop.pools[i]->name);
    world_open_origins(w, false);
    world_close(w);
    for (t.pool = 0; t.pool < pools_n; t.pool++) {
        uint32_t before = failures_n;
        for (size_t i = 0; i < COUNT(scripts); i++) {
            t.script = &scripts[i];
            for (uint32_t k = 1; run_tortured(k, &t); k++)
                failures_n++;
        }
        print_message("%s: %u takes\n", names[t.pool], failures_n - before);
    }
    CHECK(failures_n > 100, "only %u takes failed\n", failures_n);
}

TEST(each_operation_fails)
{
    static const enum why whys[] = { WHY_IO_RESET, WHY_IO_NO_MEMORY };
    struct torture t = { .pool = UINT32_MAX };

    for (size_t i = 0; i < COUNT(scripts); i++) {
        t.script = &scripts[i];
        for (size_t k = 0; k < COUNT(whys); k++) {
            t.why = whys[k];
            uint32_t n = fault_each(run_tortured, &t);
            print_message("%s, %s: %u operations\n", t.script->name, why_name(t.why), n);
            CHECK(n > 5, "%s: only %u operations failed\n", t.script->name, n);
        }
    }
}

CHECK_RUN(RUN(each_take_of_each_pool_fails), RUN(each_operation_fails))
