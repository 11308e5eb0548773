/* metrics_text.c - see metrics_text.h.
 *
 * Spec:   Prometheus text exposition format 0.0.4.
 * Layer:  admin.
 */
#include "admin/metrics_text.h"

#include "base/clock.h"
#include "base/limits.h"
#include "conf/snapshot.h"
#include "policy/policy.h"
#include "proto/text_write.h"

/* Backslash and line feed, and in label values the quote, are escaped; nothing else is (format 0.0.4). */
static void escaped_write(struct text_write *w, struct span text, bool in_label)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.at[i]) {
        case '\\': text_write_span(w, SPAN_LIT("\\\\")); break;
        case '\n': text_write_span(w, SPAN_LIT("\\n")); break;
        case '"':  text_write_span(w, in_label ? SPAN_LIT("\\\"") : SPAN_LIT("\"")); break;
        default:   text_write_byte(w, (char)text.at[i]);
        }
    }
}

static void family_write(struct text_write *w, const char *name, const char *help, const char *type)
{
    text_write_span(w, SPAN_LIT("# HELP "));
    text_write_str(w, name);
    text_write_byte(w, ' ');
    escaped_write(w, span_str(help), false);
    text_write_span(w, SPAN_LIT("\n# TYPE "));
    text_write_str(w, name);
    text_write_byte(w, ' ');
    text_write_str(w, type);
    text_write_byte(w, '\n');
}

static void value_write(struct text_write *w, uint64_t value)
{
    text_write_byte(w, ' ');
    text_write_u64(w, value);
    text_write_byte(w, '\n');
}

static void label_write(struct text_write *w, char before, const char *name, struct span value)
{
    text_write_byte(w, before);
    text_write_str(w, name);
    text_write_span(w, SPAN_LIT("=\""));
    escaped_write(w, value, true);
    text_write_byte(w, '"');
}

static void thread_write(struct text_write *w, char before, uint32_t thread)
{
    char text[DECIMAL_BYTES_MAX];

    label_write(w, before, "thread", span_of(text, decimal_write(thread, text)));
}

static void counters_write(struct text_write *w, const struct metrics_source *src)
{
    for (int m = 0; m < METRIC_N; m++) {
        const char *name = metric_name((enum metric)m);
        uint64_t sum = 0;
        for (uint32_t i = 0; i < src->counters_n; i++)
            sum += counter_get(src->counters[i], (enum metric)m);
        family_write(w, name, metric_help((enum metric)m), span_ends(span_str(name), SPAN_LIT("_total")) ? "counter"
                     : "gauge");
        text_write_str(w, name);
        value_write(w, sum);
    }
}

static const char *fault_name(enum why_fault fault)
{
    switch (fault) {
    case WHY_FAULT_NONE:     return "none";
    case WHY_FAULT_CLIENT:   return "client";
    case WHY_FAULT_UP:       return "upstream";
    case WHY_FAULT_US:       return "gateway";
    case WHY_FAULT_OPERATOR: return "operator";
    }
    must_not_reach("metrics_text: unlisted fault");
}

/* Every ending from the first scrape on, with 0 too: a rate over a series that has just appeared would miss its first
 * one. */
static void endings_write(struct text_write *w, const struct metrics_source *src)
{
    family_write(w, "forge_endings_total", "Requests and connections by how they ended", "counter");
    for (int why = WHY_OK + 1; why < WHY_N; why++) {
        uint64_t sum = 0;
        for (uint32_t i = 0; i < src->counters_n; i++)
            sum += counter_get_why(src->counters[i], (enum why)why);
        text_write_span(w, SPAN_LIT("forge_endings_total"));
        label_write(w, '{', "why", span_str(why_name((enum why)why)));
        label_write(w, ',', "fault", span_str(fault_name(why_fault((enum why)why))));
        text_write_byte(w, '}');
        value_write(w, sum);
    }
}

static void shadow_endings_write(struct text_write *w, const struct metrics_source *src)
{
    family_write(w, "forge_shadow_endings_total", "Requests by how a shadow would have ended them", "counter");
    for (int why = WHY_OK + 1; why < WHY_N; why++) {
        uint64_t sum = 0;
        for (uint32_t i = 0; i < src->counters_n; i++)
            sum += counter_get_shadow(src->counters[i], (enum why)why);
        if (sum == 0)
            continue; /* Few endings are of policies that may be shadows. */
        text_write_span(w, SPAN_LIT("forge_shadow_endings_total"));
        label_write(w, '{', "why", span_str(why_name((enum why)why)));
        text_write_byte(w, '}');
        value_write(w, sum);
    }
}

/* What shadows of the generation in force would have done, by route: from 0 again with each generation. */
static void shadows_write(struct text_write *w, const struct metrics_source *src)
{
    static const char *const by_what[] = { [SHADOW_POLICY] = "policy", [SHADOW_TIMEOUT] = "timeout", [SHADOW_ROUTE] = "route" };
    const struct snapshot *s = src->snapshot;

    if (s == NULL || s->shadow_cells_n == 0)
        return;
    family_write(w, "forge_shadow_requests_total", "Requests of a route that a shadow would have treated otherwise", "counter");
    for (uint32_t i = 0; i < s->shadow_cells_n && i < METRICS_SHADOWS_MAX; i++) {
        const struct shadow_cell *cell = &s->shadow_cells[i];
        const char *by = cell->what == SHADOW_POLICY ? policy_list[cell->policy]->name : by_what[cell->what];
        uint64_t sum = 0;
        for (uint32_t thread = 0; thread <= WORKERS_MAX; thread++)
            sum += __atomic_load_n(&s->shadow_counts[(size_t)thread * s->shadow_cells_n + i], __ATOMIC_RELAXED);
        text_write_span(w, SPAN_LIT("forge_shadow_requests_total"));
        label_write(w, '{', "mesh", cell->mesh);
        label_write(w, ',', "route", cell->route);
        label_write(w, ',', "by", span_str(by));
        text_write_byte(w, '}');
        value_write(w, sum);
    }
}

static void gauges_write(struct text_write *w, const struct metrics_source *src)
{
    for (uint32_t i = 0; i < src->gauges_n; i++) {
        const struct metrics_gauge *g = &src->gauges[i];
        if (i == 0 || !span_is(span_str(g->name), span_str(src->gauges[i - 1].name)))
            family_write(w, g->name, g->help, "gauge");
        text_write_str(w, g->name);
        if (g->label != NULL) {
            label_write(w, '{', g->label, g->label_value);
            text_write_byte(w, '}');
        }
        value_write(w, g->value);
    }
}

static void pool_write(struct text_write *w, const char *family, const struct metrics_pool *pool, uint32_t value)
{
    text_write_str(w, family);
    label_write(w, '{', "pool", span_str(pool->name));
    thread_write(w, ',', pool->thread);
    text_write_byte(w, '}');
    value_write(w, value);
}

static void pools_write(struct text_write *w, const struct metrics_source *src)
{
    if (src->pools_n == 0)
        return;
    family_write(w, "forge_pool_live", "Slots of a pool that are taken", "gauge");
    for (uint32_t i = 0; i < src->pools_n; i++)
        pool_write(w, "forge_pool_live", &src->pools[i], src->pools[i].live_n);
    family_write(w, "forge_pool_live_max", "Most slots of a pool that were ever taken at once", "gauge");
    for (uint32_t i = 0; i < src->pools_n; i++)
        pool_write(w, "forge_pool_live_max", &src->pools[i], src->pools[i].live_max);
    family_write(w, "forge_pool_slots", "Slots that a pool has", "gauge");
    for (uint32_t i = 0; i < src->pools_n; i++)
        pool_write(w, "forge_pool_slots", &src->pools[i], src->pools[i].slots_max);
}

static void ring_write(struct text_write *w, const char *family, const struct metrics_ring *ring, uint64_t value)
{
    text_write_str(w, family);
    thread_write(w, '{', ring->thread);
    text_write_byte(w, '}');
    value_write(w, value);
}

static void rings_write(struct text_write *w, const struct metrics_source *src)
{
    if (src->rings_n == 0)
        return;
    family_write(w, "forge_ring_enters_total", "Times that a thread entered the kernel for its ring", "counter");
    for (uint32_t i = 0; i < src->rings_n; i++)
        ring_write(w, "forge_ring_enters_total", &src->rings[i], src->rings[i].enters);
    family_write(w, "forge_ring_submissions_total", "Operations given to the kernel", "counter");
    for (uint32_t i = 0; i < src->rings_n; i++)
        ring_write(w, "forge_ring_submissions_total", &src->rings[i], src->rings[i].submitted);
}

static void build_write(struct text_write *w, const struct metrics_source *src)
{
    family_write(w, "forge_build_info", "Always 1; the label says which build answers", "gauge");
    text_write_span(w, SPAN_LIT("forge_build_info"));
    label_write(w, '{', "version", span_str(src->version));
    text_write_span(w, SPAN_LIT("} 1\n"));
    family_write(w, "forge_start_time_seconds", "When the process started, in seconds since 1970", "gauge");
    text_write_span(w, SPAN_LIT("forge_start_time_seconds"));
    value_write(w, src->started_wall_ns / NS_PER_S);
}

enum why metrics_text_write(struct bufq_env *env, const struct metrics_source *src, struct bufq *out)
{
    struct text_write w;

    MUST(src->version != NULL);
    text_write_init_bufq(&w, env, out, METRICS_BYTES_MAX);
    build_write(&w, src);
    counters_write(&w, src);
    endings_write(&w, src);
    shadow_endings_write(&w, src);
    shadows_write(&w, src);
    gauges_write(&w, src);
    pools_write(&w, src);
    rings_write(&w, src);
    return text_write_finish(&w);
}
