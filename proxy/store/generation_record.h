/* generation_record.h - a generation as bytes for the disk, and back.
 *
 * Layer:  store. Pure.
 * Bounds: GENERATION_DOCUMENTS_MAX, GENERATION_TESTS_MAX; whatever the bytes are, reading ends with a generation or a no.
 *
 * version (1) | fixed head | texts | documents | tests | SHA-256 of all before. Numbers are little endian; a text is its length in
 * 16 bits (32 for what people write) and its bytes. The hash finds damage, which LMDB 0.9 has no checksum for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "store/generation.h"

/* Bytes that generation_record_write needs. */
size_t generation_record_bytes(const struct generation *g);
/* Pre: out has room for them. */
void generation_record_write(const struct generation *g, uint8_t *out);

enum generation_record_got {
    GENERATION_RECORD_OK = 0,
    GENERATION_RECORD_BAD,     /* damaged, or of a later version */
    GENERATION_RECORD_MEMORY,  /* take answered NULL             */
};

/* Texts of *out are those of bytes; arrays come from take (8-byte aligned, or NULL). */
MUST_CHECK enum generation_record_got generation_record_read(struct span bytes, void *(*take)(void *owner, size_t bytes), void *owner,
                                                             struct generation *out);
/* Addresses of the contents of a sound record, one by one: what stands nowhere is not deleted. on answers false to stop. */
void generation_record_each(struct span bytes, bool (*on)(void *owner, const uint8_t digest[HASH_BYTES]), void *owner);
