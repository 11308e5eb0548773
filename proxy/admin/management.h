/* management.h - what the management listener answers: liveness, readiness, metrics.
 *
 * Layer:  admin.
 * Owner:  control embeds one and keeps its facts up to date.
 * Thread: control's; figures of other threads are read relaxed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/metric.h"
#include "engine/service.h"

enum { MANAGEMENT_POOLS_MAX = 16 };

/* What a thread tells about itself now and then (MANAGEMENT_LOOK_NS of limits.h): relaxed stores, relaxed loads. */
struct thread_figures {
    uint32_t pools_n;
    struct {
        const char *name;
        uint32_t    slots_max, live_n, live_max;
    } pools[MANAGEMENT_POOLS_MAX];
    uint64_t ring_enters, ring_submitted;
};

struct sources;

struct management_thread {
    const struct counters       *counters;
    const struct thread_figures *figures;
};

struct management {
    struct management_thread threads[WORKERS_MAX + 1]; /* workers, then control */
    uint32_t                 threads_n;
    bool                     is_ready;                 /* serving, not draining */
    uint64_t                 generation;               /* configuration in force */
    const struct snapshot   *snapshot;                 /* the same; NULL before the first */
    uint64_t                 published_n;              /* configurations that all workers took */
    uint64_t                 refused_n;                /* configurations not taken */
    bool                     store_is_good;            /* generations can be kept */
    uint64_t                 store_generations_n, store_bytes;
    uint64_t                 log_failures_n;           /* writes of the access log that failed */
    uint64_t                 started_wall_ns;
    struct sources          *sources;                  /* NULL: there are none, ever */
};

/* service_fn; owner is a struct management. */
enum why management_answer(void *owner, const struct service_call *call, struct service_answer *out);
/* service_admit_fn: webhooks of sources bring a body. */
enum why management_admit(void *owner, const struct service_call *call, uint32_t *out_body_bytes_max, struct service_answer *out);
