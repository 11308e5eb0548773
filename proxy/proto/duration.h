/* duration.h - lengths of time as operators write them: "500ms", "1h30m", "1.5s".
 *
 * Spec:   Go's time.ParseDuration, which is what Kuma's documents use (kuma-dialect.md 3.2).
 * Layer:  proto. Pure.
 * Bounds: what fits in 63 bits of nanoseconds (292 years), as in Go. A minus sign is refused: no limit of ours is
 *         negative.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { DURATION_TEXT_BYTES_MAX = 32 };

/* Decimal numbers, each with optional fraction and a unit of ns, us, ms, s, m, h; or "0". */
bool duration_read(struct span text, uint64_t *out_ns);
/* As Go prints it: "1h30m0s", "1.5s", "20ms", "0s". out has DURATION_TEXT_BYTES_MAX; answers the length. */
uint32_t duration_write(uint64_t ns, char *out);
