/* exchange_begin.c - a request's head is complete: whose is it, where does it go, what does it tell the upstream. */
#include <string.h>

#include "base/must.h"
#include "engine/engine.h"
#include "engine/exchange.h"
#include "engine/forward.h"
#include "engine/router.h"
#include "io/socket_address.h"
#include "proto/address.h"
#include "proto/uri.h"

/* The peer as text, for forwarding fields, log and echo. */
static void exchange_note_client(struct exchange *x, const struct socket_address *peer)
{
    uint8_t address[ADDRESS_BYTES];
    uint16_t port = 0;

    if (peer->bytes_n == 0)
        return; /* Gone before we could ask. */
    if (peer->any.sa_family == AF_UNIX) {
        memcpy(x->client, "unix", 4);
        x->client_len = 4;
        return;
    }
    socket_address_split(peer, address, &port);
    STATIC_MUST((int)EXCHANGE_CLIENT_BYTES >= (int)ADDRESS_TEXT_BYTES_MAX, "a client's address must fit");
    x->client_len = (uint8_t)address_print(address, x->client);
    x->client_port = port;
}

/* One spelling of the path from here on: what the rules see is what goes upstream. */
static enum why exchange_normalise(struct exchange *x)
{
    struct span path = head_path(&x->request), query = head_query(&x->request), normal;
    enum why why = uri_normalise_path(path, &x->arena, &normal);

    if (why != WHY_OK)
        return why;
    if (normal.at == path.at && normal.len == path.len)
        return WHY_OK;
    struct span target = arena_append(&x->arena, SPAN_NONE, normal);
    if (query.at != NULL && path.len < x->request.target.len) {
        target = arena_append(&x->arena, target, SPAN_LIT("?"));
        target = arena_append(&x->arena, target, query);
    }
    if (x->arena.is_full)
        return WHY_ARENA_FULL;
    x->request.target = target;
    return WHY_OK;
}

const struct virtual_host *exchange_host(const struct exchange *x)
{
    struct span host = SPAN_NONE;
    uint16_t port;

    if (x->request.authority.len > 0)
        (void)uri_split_host_port(x->request.authority, &host, &port);
    return router_host(x->listener, host);
}

static enum why exchange_route(struct exchange *x, const struct exchange_way *way)
{
    const struct virtual_host *vh = exchange_host(x);

    if (x->listener->shadow != NULL)
        exchange_shadow_find(x);
    if (vh == NULL)
        return WHY_ROUTE_NO_HOST;
    /* A host of another listener than the one whose certificate was shown: RFC 9110 s15.5.20. */
    if (way->has_tls_host && way->tls_host != vh->listener_key)
        return WHY_ROUTE_MISDIRECTED;
    x->route = router_find(vh, &x->request, head_path(&x->request));
    if (x->route == NULL)
        return x->arena.is_full ? WHY_ARENA_FULL : WHY_ROUTE_NO_MATCH;
    return WHY_OK;
}

enum why exchange_direct(struct exchange *x, const struct exchange_way *way)
{
    enum why why;

    x->target = x->request.target;
    x->authority = x->request.authority;
    exchange_note_client(x, way->peer);
    if ((why = exchange_normalise(x)) != WHY_OK)
        return why;
    if (x->listener == NULL)
        return WHY_ROUTE_NO_HOST;
    if (x->listener->is_management)
        return WHY_OK;
    if ((why = exchange_route(x, way)) != WHY_OK)
        return why;
    head_strip_hop(&x->request);
    return forward_request(x, way->peer);
}

enum why exchange_begin(struct engine *e, struct exchange *x)
{
    const struct conn *c = conn_of_session(x->down.session);
    const struct exchange_way way = { .peer = &c->peer, .tls_host = c->tls_host, .has_tls_host = c->has_tls_host };
    enum why why;

    x->began_ns = x->progress_ns = e->shard->now_ns;
    x->began_wall_ns = e->shard->wall_ns;
    x->epoch = e->epoch;
    x->epoch->holds_n++;
    x->is_tls = c->tls != NULL;
    x->listener = engine_listener(x->epoch, c->listener);
    counter_add(&e->shard->counters, METRIC_REQUESTS, 1);
    request_id_write(e->shard->wall_ns, &e->shard->rng, x->id);
    why = exchange_direct(x, &way);
    if (x->shadow.route != NULL)
        exchange_shadow_count_route(e, x);
    if (why == WHY_OK && x->listener->is_management) {
        x->service = &e->management;
        return x->service->answer != NULL ? WHY_OK : WHY_ROUTE_NO_MATCH;
    }
    return why;
}
