/* metric.h - per-worker counters: written by their owner, summed by control when somebody reads.
 *
 * Layer:  base.
 * Thread: one writer; any reader. Relaxed atomics, which cost a plain add on x86-64.
 */
#pragma once

#include <stdint.h>

#include "base/why.h"

enum metric {
#define METRIC(name, prometheus, help) METRIC_##name,
#include "base/metric.def"
#undef METRIC
    METRIC_N
};

struct counters {
    uint64_t _value[METRIC_N];
    uint64_t _why[WHY_N]; /* endings by name */
    uint64_t _shadow[WHY_N]; /* endings that shadows would have brought about */
};

static inline void counter_add(struct counters *c, enum metric m, uint64_t n)
{
    __atomic_store_n(&c->_value[m], c->_value[m] + n, __ATOMIC_RELAXED);
}

static inline void counter_why(struct counters *c, enum why why)
{
    __atomic_store_n(&c->_why[why], c->_why[why] + 1, __ATOMIC_RELAXED);
}

static inline void counter_shadow(struct counters *c, enum why why)
{
    __atomic_store_n(&c->_shadow[why], c->_shadow[why] + 1, __ATOMIC_RELAXED);
}

static inline uint64_t counter_get_shadow(const struct counters *c, enum why why)
{
    return __atomic_load_n(&c->_shadow[why], __ATOMIC_RELAXED);
}

static inline uint64_t counter_get(const struct counters *c, enum metric m)
{
    return __atomic_load_n(&c->_value[m], __ATOMIC_RELAXED);
}

static inline uint64_t counter_get_why(const struct counters *c, enum why why)
{
    return __atomic_load_n(&c->_why[why], __ATOMIC_RELAXED);
}

const char *metric_name(enum metric m);
const char *metric_help(enum metric m);
