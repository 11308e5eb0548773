/* rng.h - the one door for chance that is fast, seeded and replayable (balancing, jitter, simulation).
 *
 * Layer:  base.
 * Never for secrets: those come from base/random.h, which is included so that chance has one door.
 */
#pragma once

#include <stdint.h>

#include "base/random.h"

struct rng {
    uint64_t _s[4]; /* xoshiro256** */
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, n). Pre: n > 0. */
uint32_t rng_below(struct rng *r, uint32_t n);
