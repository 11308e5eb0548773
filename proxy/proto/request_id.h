/* request_id.h - a name for each request: in its log line, its problem document and, as x-request-id, upstream.
 *
 * Spec:   RFC 9562 s5.7 (UUID version 7).
 * Layer:  proto. Pure: time and chance are given.
 *
 * Version 7 rather than 128 bits of chance: the first 48 bits are the time in ms, so records sort by it, a database
 * that is keyed by it grows at one end, and whoever holds only an id knows which hour of which log to open. 74 bits of
 * chance from the worker's generator keep ids apart: a billion a ms would meet with probability 3e-5. It is a name, not
 * a secret: nothing may be granted to who knows one (the generator can be predicted), and the generator's seed must
 * differ per worker and start.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/span.h"

enum {
    REQUEST_ID_BYTES      = 36,  /* xxxxxxxx-xxxx-7xxx-yxxx-xxxxxxxxxxxx */
    REQUEST_ID_KEPT_BYTES = 128, /* longest one from outside             */
};

/* REQUEST_ID_BYTES into out, lower case. */
void request_id_write(uint64_t wall_ns, struct rng *rng, char *out);
/* May an x-request-id that came in (from a peer that may speak, forwarded.h) be kept: 1..REQUEST_ID_KEPT_BYTES letters,
 * digits and - _ . : + / = @. Anything else is replaced by our own. */
bool request_id_may_keep(struct span text);
