/* body.h - the bodies that the backend serves and the generator expects: every byte follows from its offset.
 *
 * Bounds: BODY_LARGE_BYTES is the longest.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { BODY_SMALL_BYTES = 1024, BODY_LARGE_BYTES = 1 << 20 };

static inline void body_fill(uint8_t *out_bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out_bytes[i] = (uint8_t)('a' + (i * 7 + (i >> 6)) % 26);
}
