/* clock.h - the one door for time: monotonic for deadlines, wall for logs and certificates.
 *
 * Layer:  base.
 * Thread: any; a worker reads it once a tick and keeps the result in its shard.
 */
#pragma once

#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

/* CLOCK_MONOTONIC in nanoseconds; never 0. */
uint64_t clock_mono_ns(void);
/* Nanoseconds since 1970-01-01 UTC. */
uint64_t clock_wall_ns(void);
