/* rng.h - the one door for chance.
 *
 * Layer:  base.
 * rng_* is fast, seeded and replayable (balancing, jitter, simulation), never for secrets; random_secure is the
 * kernel's generator (keys, identifiers that must not be guessed).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t _s[4]; /* xoshiro256** */
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, n). Pre: n > 0. */
uint32_t rng_below(struct rng *r, uint32_t n);
/* Fill with bytes of getrandom(2). Aborts when the kernel has none to give: only possible before early boot ended. */
void random_secure(void *out, size_t len);
