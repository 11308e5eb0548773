/* hash.h - SHA-256 and HMAC-SHA-256: addresses of contents that leave the process, and keyed ones of secrets.
 *
 * Spec:   FIPS 180-4, RFC 2104.
 * Layer:  store. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { HASH_BYTES = 32 };

struct hash {
    union {
        uint64_t _align;
        uint8_t  _bytes[256]; /* the library's, which only hash.c knows */
    } _state;
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, struct span bytes);
void hash_end(struct hash *h, uint8_t out[HASH_BYTES]);
/* All of the above. */
void hash_of(struct span bytes, uint8_t out[HASH_BYTES]);
/* HMAC-SHA-256. */
void hash_keyed(struct span key, struct span bytes, uint8_t out[HASH_BYTES]);
/* In a time that does not depend on where they differ. */
bool hash_is_equal(const uint8_t a[HASH_BYTES], const uint8_t b[HASH_BYTES]);
