/* digest.h - are two pieces of configuration the same? 256 bits to compare in place of the pieces.
 *
 * Layer:  conf. Pure.
 *
 * SipHash-2-4 with 128 bits of output, under two fixed keys. It answers "unchanged since the last generation" (keep the TLS
 * context, keep the connections) inside one process, where both sides are the operator's own: chance collisions (2^-128
 * even under one key) are what matters, not somebody who makes them. It is 40 lines, needs no library below conf, and is
 * not to be used for signatures, content addresses or anything that leaves the process.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

enum { DIGEST_BYTES = 32 };

struct digest {
    uint64_t _v[2][4];   /* two SipHash states */
    uint64_t _tail;      /* bytes that do not fill a word yet */
    uint64_t _bytes;
};

void digest_init(struct digest *d);
/* A length goes in before the bytes, so that ("ab","c") and ("a","bc") differ. */
void digest_add(struct digest *d, struct span bytes);
void digest_add_u64(struct digest *d, uint64_t value);
void digest_end(struct digest *d, uint8_t out[DIGEST_BYTES]);
