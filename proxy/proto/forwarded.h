/* forwarded.h - who the client is when proxies stand in front of us, and what we tell the upstream about it.
 *
 * Spec:   RFC 7239 (Forwarded), the X-Forwarded-For of common use.
 * Layer:  proto. Pure. Collecting the field values and taking unbelieved ones out of the request is the caller's.
 * Owner:  the caller's arena.
 * Bounds: FORWARDED_HOPS_MAX elements are kept, the nearest to us; what lies further left can never be believed anyway.
 *
 * The rule, written out because each proxy has another and the difference is an attack. Each proxy appends the address
 * of its own peer, so the truth is on the right and whatever a client invented is on the left. We stand on the address
 * of the connection (or of its PROXY header) and walk left, one element a step, as long as
 *   - steps are left: listener.forwarded_hops, 0 by default, so that by default nothing is ever believed;
 *   - the address that we stand on may speak: it is in listener.forwarded_trusted, or that list is empty;
 *   - the next element is there and is an address ("unknown", an obfuscated name or nonsense ends the walk).
 * The client is where the walk ends. If X-Forwarded-For and Forwarded are both present and lead to different places,
 * one of them came through a proxy that does not know the field, so it is the client's own: neither is believed.
 * X-Forwarded-Proto, -Host and -Port are believed from a peer that may speak, and from nobody else.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "proto/address.h"

enum { FORWARDED_HOPS_MAX = 16 };

struct forwarded_trust {
    uint32_t           hops;       /* 0..FORWARDED_HOPS_MAX; 0: never believe */
    const struct cidr *networks;   /* who may speak; empty: whoever is asked  */
    uint32_t           networks_n;
};

/* Elements of one field over all its lines, the last FORWARDED_HOPS_MAX of them. Zeroed is empty. */
struct forwarded_chain {
    uint8_t  _address[FORWARDED_HOPS_MAX][ADDRESS_BYTES];
    bool     _is_address[FORWARDED_HOPS_MAX];
    uint32_t elements_n; /* seen, kept or not */
};

/* Add one line's value: X-Forwarded-For ("a, b:port, [c]:port") or Forwarded. Lines in the order received. */
void forwarded_chain_add_for(struct forwarded_chain *chain, struct span value);
void forwarded_chain_add_forwarded(struct forwarded_chain *chain, struct span value);

/* May this peer's forwarded fields be believed at all. */
bool forwarded_may_speak(const struct forwarded_trust *trust, const uint8_t peer[ADDRESS_BYTES]);
/* The client by the rule above; writes out_client always (peer itself when nothing is believed). */
void forwarded_client(const struct forwarded_trust *trust, const uint8_t peer[ADDRESS_BYTES],
                      const struct forwarded_chain *x_forwarded_for, const struct forwarded_chain *forwarded,
                      uint8_t out_client[ADDRESS_BYTES]);

/* Building the lists for the upstream: start from SPAN_NONE, join the believed lines (none unless the peer may speak),
 * then our own element. All errors: WHY_ARENA_FULL. */
MUST_CHECK enum why forwarded_join(struct arena *arena, struct span *io_list, struct span line);
/* X-Forwarded-For: the peer's address. */
MUST_CHECK enum why forwarded_join_for(struct arena *arena, struct span *io_list, const uint8_t peer[ADDRESS_BYTES]);
/* Forwarded: for=peer;host=authority;proto=scheme (RFC 7239 s4). authority and scheme must be checked ones. */
MUST_CHECK enum why forwarded_join_element(struct arena *arena, struct span *io_list, const uint8_t peer[ADDRESS_BYTES],
                                           struct span authority, struct span scheme);
