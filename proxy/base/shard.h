/* shard.h - what every module of one thread shares: its time, its ready list, its timers, its buffers, its counters.
 *
 * Layer:  base.
 * Owner:  the worker (or control thread) embeds one and passes it down explicitly; there is no ambient one.
 * Thread: one.
 */
#pragma once

#include <stdint.h>

#include "base/bufq.h"
#include "base/list.h"
#include "base/metric.h"
#include "base/rng.h"
#include "base/task.h"
#include "base/wheel.h"

struct shard {
    uint64_t        now_ns;   /* CLOCK_MONOTONIC, read once a tick          */
    uint64_t        wall_ns;  /* wall clock, read once a tick               */
    struct list     ready;    /* of struct task                             */
    struct wheel    wheel;
    struct bufq_env queues;   /* segments and chunks                        */
    struct counters counters;
    struct rng      rng;
    uint32_t        id;       /* 0..workers_n-1; control has its own number */
};

/* Sizes from limits.h. Errors: WHY_IO_NO_MEMORY. */
MUST_CHECK enum why shard_open(struct shard *s, uint32_t id, uint64_t seed);
/* Pre: no live segment or chunk. */
void shard_close(struct shard *s);

static inline void shard_wake(struct shard *s, struct task *t)
{
    task_push(&s->ready, t);
}
