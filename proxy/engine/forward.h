/* forward.h - what an upstream is told about the request's way: X-Forwarded-*, Forwarded, X-Request-Id.
 *
 * Spec:   RFC 7239; X-Forwarded-* as everybody reads them.
 * Layer:  engine.
 *
 * Never trusting by default: what the client sent is overwritten, unless the listener trusts its peer as a hop.
 */
#pragma once

#include "base/must.h"
#include "base/why.h"

struct engine;
struct exchange;
struct conn;

/* Errors: WHY_ARENA_FULL, or a head limit's. */
MUST_CHECK enum why forward_request(struct engine *e, struct exchange *x, const struct conn *c);
