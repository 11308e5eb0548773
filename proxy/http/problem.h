/* problem.h - what a refused client reads: an RFC 9457 problem document that names the ending.
 *
 * Spec:   RFC 9457 s3.1 (type, title, status, detail, instance).
 * Layer:  http. Pure.
 * Bounds: PROBLEM_BYTES_MAX; a request id that would make it longer is left out.
 *
 *   {"type":"urn:apiforge:why:h1-host-missing","title":"Bad Request","status":400,
 *    "detail":"HTTP/1.1 request has no Host","instance":"7f3c1a9e"}
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/must.h"
#include "base/span.h"
#include "base/why.h"

enum { PROBLEM_BYTES_MAX = 640 };

/* The document, in out; answers its length. request_id may be empty and may hold any bytes.
 * A why without a status of its own counts as 502: something upstream ended the request. */
uint32_t problem_print(enum why why, struct span request_id, char out[PROBLEM_BYTES_MAX]);
/* The same in the arena. Errors: WHY_ARENA_FULL. */
MUST_CHECK enum why problem_body(struct arena *arena, enum why why, struct span request_id, struct span *out_json);
/* Status that goes with it. */
uint16_t problem_status(enum why why);
