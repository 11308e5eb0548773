/* rewrite.h - targets and hosts that a route changes: for a redirect's Location, or for what the backend sees.
 *
 * Spec:   Gateway API (HTTPRequestRedirectFilter, HTTPURLRewriteFilter, HTTPPathModifier), RFC 9110 s10.2.2.
 * Layer:  engine. Pure but for the arena.
 * Owner:  answers lie in the arena, in the arguments or in the snapshot.
 *
 * Targets are what uri_normalise_path left of them: the same bytes were matched.
 */
#pragma once

#include <stdbool.h>

#include "base/must.h"
#include "base/span.h"
#include "conf/snapshot.h"

struct arena;
struct head;

/* Location of a route's redirect: always absolute, so that no path can be taken for a host. The request's query is kept, its port
 * too unless the scheme is a new one; a port that is the scheme's default is left out. false: the arena is full. */
MUST_CHECK bool rewrite_location(const struct route *route, const struct head *request, bool is_tls, struct arena *arena,
                                 struct span *out_location);
/* Change request's target and authority into what the backend is to see. backend_host: its own host name, for routes that ask for it.
 * The query is kept. Without a rewrite nothing changes. false: the arena is full. */
MUST_CHECK bool rewrite_request(const struct route *route, struct head *request, struct span backend_host);
