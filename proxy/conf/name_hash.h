/* name_hash.h - hash of a path or host name for the lookup tables of a snapshot.
 *
 * Layer:  conf. Pure.
 *
 * Not keyed: the tables hold what the operator wrote and do not grow with what clients ask, so a client that knows the
 * function gains at most the longest probe sequence, which the builder bounds by keeping tables half empty.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

static inline uint64_t name_hash_mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Eight bytes a step, a multiplication each. */
static inline uint32_t name_hash(struct span s)
{
    uint64_t h = s.len * 0x9e3779b97f4a7c15u, word = 0;

    while (s.len >= 8) {
        memcpy(&word, s.at, 8);
        h = name_hash_mix(h ^ word, 0xa0761d6478bd642fu);
        s = span_from(s, 8);
    }
    word = 0;
    if (s.len > 0)
        memcpy(&word, s.at, s.len);
    h = name_hash_mix(h ^ word, 0xe7037ed1a0b428dbu);
    return (uint32_t)(h ^ h >> 32);
}
