/* metrics_text.h - Prometheus' text format: all counters, endings by name, gauges, pools, rings, the build.
 *
 * Spec:   Prometheus text exposition format 0.0.4 (wire-contracts.md 2.4); names end in _total, _bytes, _seconds by
 *         promtool's rules.
 * Layer:  admin.
 * Owner:  the caller fills metrics_source for the call.
 * Bounds: METRICS_BYTES_MAX.
 * Thread: control's. Counters of other threads are read relaxed, each by itself: a sum may be a tick apart from
 *         another.
 */
#pragma once

#include <stdint.h>

#include "base/bufq.h"
#include "base/metric.h"
#include "base/must.h"
#include "base/span.h"
#include "base/why.h"

struct snapshot;

enum {
    METRICS_BYTES_MAX   = 1024 * 1024, /* 300 endings of 100 bytes, 16 pools of 65 threads in 3 families: 350 KB */
    METRICS_SHADOWS_MAX = 1000,        /* of at most 600 bytes; a mesh with more routes in a shadow has the sums */
};

/* What goes up and down. Those of one name stand together and differ in their label. */
struct metrics_gauge {
    const char *name, *help;  /* forge_...                        */
    const char *label;        /* its name, or NULL for no label   */
    struct span label_value;  /* any text                         */
    uint64_t    value;
};

struct metrics_pool {
    const char *name;
    uint32_t    thread;
    uint32_t    live_n, live_max, slots_max;
};

struct metrics_ring {
    uint32_t thread;
    uint64_t enters, submitted;
};

struct metrics_source {
    const struct counters *const *counters; /* one a thread */
    uint32_t                      counters_n;
    const struct metrics_gauge   *gauges;
    uint32_t                      gauges_n;
    const struct metrics_pool    *pools;
    uint32_t                      pools_n;
    const struct metrics_ring    *rings;
    uint32_t                      rings_n;
    const struct snapshot        *snapshot; /* in force; NULL: none. METRICS_SHADOWS_MAX lines of its shadows at most */
    const char                   *version;
    uint64_t                      started_wall_ns;
};

/* Append the whole page to out. Errors: WHY_POOL_BUFFER_EMPTY, WHY_TEXT_TOO_LONG, with a prefix in out. */
MUST_CHECK enum why metrics_text_write(struct bufq_env *env, const struct metrics_source *src, struct bufq *out);
