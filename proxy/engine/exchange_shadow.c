/* exchange_shadow.c - what documents with the label `kuma.io/effect: shadow` would have done to a request: counted, not done.
 *
 * Layer:  engine.
 *
 * Evaluated are policies of the chain that may be shadows (conf/chain.c), routes, and the request timeout. Not evaluated, because
 * what would have happened cannot be known without doing it: streamIdleTimeout, timeouts of connections, and everything about
 * listeners and upstreams.
 */
#include "base/must.h"
#include "conf/chain.h"
#include "engine/engine.h"
#include "engine/exchange.h"
#include "engine/router.h"
#include "proto/uri.h"

STATIC_MUST((int)CHAIN_ENTRIES_MAX <= 30, "a bit for each place in a chain, and one for the timeout");

/* A dry run has no snapshot in use: it looks at what was said, and nothing is counted. */
static void count(struct engine *e, const struct exchange *x, uint32_t cell)
{
    const struct snapshot *s;
    uint64_t *at;

    if (x->epoch == NULL)
        return;
    s = x->epoch->snapshot;
    MUST(cell < s->shadow_cells_n && e->shard->id <= WORKERS_MAX);
    at = &s->shadow_counts[(size_t)e->shard->id * s->shadow_cells_n + cell];
    __atomic_store_n(at, *at + 1, __ATOMIC_RELAXED);
}

static void note(struct engine *e, struct exchange *x, uint32_t said, enum why why, uint32_t cell)
{
    if ((x->shadow.said & said) != 0)
        return;
    x->shadow.said |= said;
    if (x->shadow.why == WHY_OK)
        x->shadow.why = (uint16_t)why;
    counter_shadow(&e->shard->counters, why);
    count(e, x, cell);
}

void exchange_shadow_refuse(struct engine *e, struct exchange *x, uint32_t at, enum why why)
{
    note(e, x, 1U << at, why, x->route->chain[at].shadow_cell);
}

void exchange_shadow_time(struct engine *e, struct exchange *x)
{
    const struct route_shadow *s = x->route->shadow;

    /* As exchange_deadline counts: not while the request is still coming, and a tunnel has no end. */
    if (s->request_timeout_ns == 0 || x->asked_ns == 0 || x->down.tx_tunnel || x->why == WHY_UP_TIMEOUT)
        return;
    if (e->shard->now_ns - x->asked_ns >= s->request_timeout_ns)
        note(e, x, SHADOW_SAID_TIMEOUT, WHY_UP_TIMEOUT, s->timeout_cell);
}

void exchange_shadow_find(struct exchange *x)
{
    bool was_full = x->arena.is_full;
    const struct virtual_host *vh;
    const struct route *route = NULL;
    struct span host = SPAN_NONE;
    uint16_t port;

    if (x->request.authority.len > 0)
        (void)uri_split_host_port(x->request.authority, &host, &port);
    vh = router_host(x->listener->shadow, host);
    if (vh != NULL)
        route = router_find(vh, &x->request, head_path(&x->request));
    x->arena.is_full = was_full; /* Looking must not end what is looked at. */
    /* A route that owes nothing to a shadow is the one that was taken. */
    x->shadow.route = route != NULL && route->shadow != NULL ? route : NULL;
}

void exchange_shadow_count_route(struct engine *e, const struct exchange *x)
{
    counter_add(&e->shard->counters, METRIC_SHADOW_ROUTES, 1);
    count(e, x, x->shadow.route->shadow->route_cell);
}
