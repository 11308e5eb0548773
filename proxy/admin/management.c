/* management.c - see management.h. */
#include "admin/management.h"

#include "admin/metrics_text.h"
#include "admin/source_service.h"
#include "base/must.h"

static enum why answer_text(const struct service_call *call, struct service_answer *out, uint16_t status, struct span text)
{
    out->status = status;
    out->content_type = SPAN_LIT("text/plain; charset=utf-8");
    return bufq_push_copy(&call->shard->queues, &out->body, text);
}

static uint32_t list_pools(const struct management *m, struct metrics_pool *out)
{
    uint32_t n = 0;

    for (uint32_t t = 0; t < m->threads_n; t++) {
        const struct thread_figures *f = m->threads[t].figures;
        uint32_t pools_n = __atomic_load_n(&f->pools_n, __ATOMIC_ACQUIRE);

        for (uint32_t i = 0; i < pools_n; i++) {
            out[n++] = (struct metrics_pool){
                .name = f->pools[i].name,
                .thread = t,
                .live_n = __atomic_load_n(&f->pools[i].live_n, __ATOMIC_RELAXED),
                .live_max = __atomic_load_n(&f->pools[i].live_max, __ATOMIC_RELAXED),
                .slots_max = f->pools[i].slots_max,
            };
        }
    }
    return n;
}

static enum why answer_metrics(const struct management *m, const struct service_call *call, struct service_answer *out)
{
    const struct counters *counters[WORKERS_MAX + 1];
    struct metrics_ring rings[WORKERS_MAX + 1];
    struct metrics_pool pools[(WORKERS_MAX + 1) * MANAGEMENT_POOLS_MAX];
    const struct metrics_gauge gauges[] = {
        { "forge_configuration_generation", "Number of the configuration in force", NULL, SPAN_NONE, m->generation },
        { "forge_configuration_refused", "Configurations that were not taken since the start", NULL, SPAN_NONE, m->refused_n },
        { "forge_configuration_published", "Configurations that all workers took since the start", NULL, SPAN_NONE, m->published_n },
        { "forge_store_good", "1 while generations can be kept on disk", NULL, SPAN_NONE, m->store_is_good ? 1 : 0 },
        { "forge_store_generations", "Generations that are kept", NULL, SPAN_NONE, m->store_generations_n },
        { "forge_store_bytes", "Bytes of the store of generations", NULL, SPAN_NONE, m->store_bytes },
        { "forge_ready", "1 while traffic is taken", NULL, SPAN_NONE, m->is_ready ? 1 : 0 },
        { "forge_access_log_failed_writes", "Writes of the access log that failed", NULL, SPAN_NONE, m->log_failures_n },
    };
    struct metrics_source source = {
        .counters = counters, .counters_n = m->threads_n, .gauges = gauges, .gauges_n = COUNT(gauges),
        .pools = pools, .pools_n = list_pools(m, pools), .rings = rings, .rings_n = m->threads_n,
        .snapshot = m->snapshot, .version = FORGE_VERSION, .started_wall_ns = m->started_wall_ns,
    };

    for (uint32_t t = 0; t < m->threads_n; t++) {
        const struct thread_figures *f = m->threads[t].figures;

        counters[t] = m->threads[t].counters;
        rings[t] = (struct metrics_ring){ .thread = t, .enters = __atomic_load_n(&f->ring_enters, __ATOMIC_RELAXED),
                                          .submitted = __atomic_load_n(&f->ring_submitted, __ATOMIC_RELAXED) };
    }
    out->content_type = SPAN_LIT("text/plain; version=0.0.4; charset=utf-8");
    return metrics_text_write(&call->shard->queues, &source, &out->body);
}

static const char index_text[] = "API Forge management\n"
                                 "  /healthz  200 as long as the process answers\n"
                                 "  /readyz   200 while it takes traffic, 503 while it starts or drains\n"
                                 "  /metrics  Prometheus text\n"
                                 "  /forge/sources        how each ForgeSource goes\n"
                                 "  /forge/webhook/NAME   where its Git host tells pushes, signed\n";

enum why management_answer(void *owner, const struct service_call *call, struct service_answer *out)
{
    const struct management *m = owner;
    struct span path = head_path(call->request);

    if (m->sources != NULL && source_service_has(path))
        return source_service_answer(m->sources, call, false, out);
    if (call->request->method != METHOD_GET && call->request->method != METHOD_HEAD) {
        out->allow = SPAN_LIT("GET, HEAD");
        return answer_text(call, out, 405, SPAN_LIT("only GET and HEAD here\n"));
    }
    if (span_is(path, SPAN_LIT("/healthz")))
        return answer_text(call, out, 200, SPAN_LIT("ok\n"));
    if (span_is(path, SPAN_LIT("/readyz")))
        return m->is_ready ? answer_text(call, out, 200, SPAN_LIT("ready\n")) : answer_text(call, out, 503, SPAN_LIT("not ready\n"));
    if (span_is(path, SPAN_LIT("/metrics")))
        return answer_metrics(m, call, out);
    if (span_is(path, SPAN_LIT("/")))
        return answer_text(call, out, 200, span_of(index_text, sizeof(index_text) - 1));
    return WHY_ROUTE_NO_MATCH;
}

enum why management_admit(void *owner, const struct service_call *call, uint32_t *out_body_bytes_max, struct service_answer *out)
{
    const struct management *m = owner;

    UNUSED(out);
    *out_body_bytes_max = m->sources != NULL ? source_service_body_bytes(call->request) : 0;
    return WHY_OK;
}
