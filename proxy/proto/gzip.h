/* gzip.h - what a gzip file holds, in one go.
 *
 * Spec:   RFC 1952; RFC 1951 through zlib.
 * Layer:  proto. Pure; the only file that sees zlib.
 * Bounds: the room that the caller gives; zlib's state lies on the stack (GZIP_STATE_BYTES).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"

/* Does it begin as a gzip file does? */
bool gzip_is(struct span bytes);
/* All members, one behind the other, into out. Sizes and checksums must be right. *out_length is written in every outcome.
 * Errors: WHY_GZIP_BAD (also: cut), WHY_ARCHIVE_LARGE when it does not fit. */
MUST_CHECK enum why gzip_read(struct span bytes, uint8_t *out, size_t out_bytes, size_t *out_length);
