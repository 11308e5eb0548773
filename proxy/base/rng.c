/* rng.c - xoshiro256** seeded by splitmix64.
 *
 * Spec:   Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021), algorithm xoshiro256**.
 * Layer:  base.
 */
#include "base/rng.h"

#include "base/must.h"

static uint64_t rotated(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

void rng_init(struct rng *r, uint64_t seed)
{
    for (unsigned i = 0; i < COUNT(r->_s); i++) {
        uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        r->_s[i] = z ^ z >> 31;
    }
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->_s;
    uint64_t  answer = rotated(s[1] * 5, 7) * 9;
    uint64_t  t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotated(s[3], 45);
    return answer;
}

/* Lemire's method: the high half of a product, trying again in the few cases that would favour small numbers. */
uint32_t rng_below(struct rng *r, uint32_t n)
{
    uint64_t product;
    uint32_t unfair;

    MUST(n > 0);
    unfair = (0 - n) % n;
    do {
        product = (rng_u64(r) >> 32) * n;
    } while ((uint32_t)product < unfair);
    return (uint32_t)(product >> 32);
}
