/* router.h - which route serves a request.
 *
 * Spec:   kuma-dialect.md 3.3 (precedence), 3.5 (hosts), Gateway API.
 * Layer:  engine. Reads a snapshot; no I/O, no clock.
 *
 * Cost: one or a few hashes of the host, then one hash of the path, one for each length that prefixes have, and a full
 * comparison with the routes of those paths only; regular expressions are tried one by one, after everything cheaper.
 */
#pragma once

#include "base/span.h"
#include "conf/snapshot.h"

struct head;
struct rng;

/* Host without port, any case. NULL: WHY_ROUTE_NO_HOST. */
const struct virtual_host *router_host(const struct listener *l, struct span host);
/* TLS of a server name; name may be empty (no SNI). NULL: nothing serves that name. */
const struct tls_host *router_tls_host(const struct listener *l, struct span name);
/* The route that serves request, of vh or of its fallbacks. path is the request's, normalised, without query.
 * Header matches: any field of that name will do; `host` is the authority. Query matches: the first parameter of that name,
 * decoded. An extended CONNECT is also a GET, which it would be in HTTP/1.1 (RFC 8441 s5).
 * NULL: WHY_ROUTE_NO_MATCH. May take from request->arena to decode a query; a full arena does not match. */
const struct route *router_find(const struct virtual_host *vh, const struct head *request, struct span path);
/* What keeps a route from serving a request. */
enum router_miss {
    ROUTER_MISS_NONE = 0, /* nothing: another one is stronger, or it is the one */
    ROUTER_MISS_PATH,
    ROUTER_MISS_METHOD,
    ROUTER_MISS_HEADER,
    ROUTER_MISS_QUERY,
};
struct router_missed {
    uint32_t                  n;     /* conditions that fail */
    enum router_miss          first;
    const struct value_match *value; /* of a header or a query parameter */
};
/* For explanations: all conditions of one route, whatever router_find would have looked at. Memory as router_find. */
struct router_missed router_explain(const struct route *route, const struct head *request, struct span path);
/* One of the route's backends by weight: its upstream, an index into the snapshot. Pre: some backend has a weight (else the route is
 * a redirect, or backends_broken says WHY_ROUTE_NO_BACKEND). */
uint32_t router_pick_backend(const struct route *route, struct rng *rng);
