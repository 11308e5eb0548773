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

struct exchange;
struct socket_address;

/* peer_address: whose connection it is, or of whom its PROXY header speaks. Errors: WHY_ARENA_FULL, or a head limit's. */
MUST_CHECK enum why forward_request(struct exchange *x, const struct socket_address *peer_address);
