/* management_test.c - what the management listener answers to each path and method, and that its figures are the threads'. */
#include "admin/management.h"

#include <stdlib.h>

#include "lib/check.h"

struct world {
    struct shard          shard;
    struct management     management;
    struct counters       counters[2];
    struct thread_figures figures[2];
    struct head           request;
    struct arena          arena;
    uint16_t              status;
    struct span           type, allow;
    char                 *body;
};

static struct world *world_open(void)
{
    struct world *w = calloc(1, sizeof(*w));

    CHECK(w != NULL && shard_open(&w->shard, 0, 1) == WHY_OK, "no memory\n");
    arena_init(&w->arena, &w->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    for (int t = 0; t < 2; t++)
        w->management.threads[t] = (struct management_thread){ &w->counters[t], &w->figures[t] };
    w->management.threads_n = 2;
    return w;
}

static void world_close(struct world *w)
{
    arena_fini(&w->arena);
    shard_close(&w->shard);
    free(w->body);
    free(w);
}

static enum why ask(struct world *w, enum method method, const char *target)
{
    const struct service_call call = { .shard = &w->shard, .request = &w->request, .arena = &w->arena };
    struct service_answer out = { .status = 200 };

    head_init(&w->request, &w->arena);
    w->request.method = (uint8_t)method;
    w->request.target = span_str(target);
    enum why why = management_answer(&w->management, &call, &out);
    free(w->body);
    w->body = calloc(1, out.body.bytes + 1);
    CHECK(w->body != NULL, "no memory\n");
    (void)bufq_peek(&out.body, (uint8_t *)w->body, out.body.bytes);
    bufq_clear(&w->shard.queues, &out.body);
    w->status = out.status;
    w->type = out.content_type;
    w->allow = out.allow;
    return why;
}

TEST(management_paths)
{
    static const struct { const char *target; enum method method; bool is_ready; uint16_t status; const char *says; } rows[] = {
        { "/healthz", METHOD_GET, true, 200, "ok\n" }, { "/healthz", METHOD_GET, false, 200, "ok\n" },
        { "/healthz?x=1", METHOD_HEAD, false, 200, "ok\n" },
        { "/readyz", METHOD_GET, true, 200, "ready\n" }, { "/readyz", METHOD_GET, false, 503, "not ready\n" },
        { "/", METHOD_GET, true, 200, "/metrics  Prometheus" },
        { "/metrics", METHOD_POST, true, 405, "only GET" }, { "/nothing", METHOD_DELETE, true, 405, "only GET" },
    };
    struct world *w = world_open();

    for (size_t i = 0; i < COUNT(rows); i++) {
        w->management.is_ready = rows[i].is_ready;
        CHECK(ask(w, rows[i].method, rows[i].target) == WHY_OK, "%s\n", rows[i].target);
        CHECK(w->status == rows[i].status && strstr(w->body, rows[i].says) != NULL, "%s: %u %s\n", rows[i].target, w->status, w->body);
        CHECK(span_is(w->type, SPAN_LIT("text/plain; charset=utf-8")), "%s\n", rows[i].target);
        CHECK(span_is(w->allow, rows[i].status == 405 ? SPAN_LIT("GET, HEAD") : SPAN_NONE), "%s\n", rows[i].target);
    }
    static const char *const nothing[] = { "/x", "/metrics/", "/healthz2", "*" };
    for (size_t i = 0; i < COUNT(nothing); i++)
        CHECK(ask(w, METHOD_GET, nothing[i]) == WHY_ROUTE_NO_MATCH, "%s is answered\n", nothing[i]);
    world_close(w);
}

TEST(management_metrics_are_the_threads)
{
    struct world *w = world_open();

    counter_add(&w->counters[0], METRIC_REQUESTS, 5);
    counter_add(&w->counters[1], METRIC_REQUESTS, 2);
    counter_why(&w->counters[1], WHY_ROUTE_NO_HOST);
    w->figures[0].pools_n = 1;
    w->figures[0].pools[0].name = "conn";
    w->figures[0].pools[0].slots_max = 9;
    w->figures[0].pools[0].live_n = 3;
    w->figures[0].pools[0].live_max = 4;
    w->figures[1].pools_n = 1;
    w->figures[1].pools[0] = w->figures[0].pools[0];
    w->figures[1].pools[0].live_n = 1;
    w->figures[1].ring_enters = 77;
    w->management.generation = 12;
    w->management.published_n = 34;
    w->management.refused_n = 3;
    w->management.store_is_good = true;
    w->management.store_generations_n = 5;
    w->management.store_bytes = 45056;
    w->management.log_failures_n = 6;
    w->management.is_ready = true;
    w->management.started_wall_ns = UINT64_C(1700000000000000000);
    CHECK(ask(w, METHOD_GET, "/metrics") == WHY_OK && w->status == 200, "%u\n", w->status);
    CHECK(span_is(w->type, SPAN_LIT("text/plain; version=0.0.4; charset=utf-8")), "%.*s\n", SPAN_FMT(w->type));
    static const char *const wanted[] = {
        "\nforge_requests_total 7\n", "\nforge_endings_total{why=\"route-no-host\",fault=\"client\"} 1\n",
        "\nforge_pool_live{pool=\"conn\",thread=\"0\"} 3\n", "\nforge_pool_live{pool=\"conn\",thread=\"1\"} 1\n",
        "\nforge_pool_live_max{pool=\"conn\",thread=\"0\"} 4\n", "\nforge_pool_slots{pool=\"conn\",thread=\"1\"} 9\n",
        "\nforge_ring_enters_total{thread=\"1\"} 77\n", "\nforge_configuration_generation 12\n", "\nforge_configuration_published 34\n",
        "\nforge_store_good 1\n", "\nforge_store_generations 5\n", "\nforge_store_bytes 45056\n",
        "\nforge_configuration_refused 3\n", "\nforge_access_log_failed_writes 6\n", "\nforge_ready 1\n",
        "\nforge_build_info{version=\"" FORGE_VERSION "\"} 1\n", "\nforge_start_time_seconds 1700000000\n",
    };
    for (size_t i = 0; i < COUNT(wanted); i++)
        CHECK(strstr(w->body, wanted[i]) != NULL, "missing: %s", wanted[i] + 1);
    world_close(w);
}

CHECK_RUN(RUN(management_paths), RUN(management_metrics_are_the_threads))
