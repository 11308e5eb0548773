/* exchange_up.c - towards the upstream: choose, lend, bind, and try again where that is safe. */
#include "base/limits.h"
#include "base/must.h"
#include "engine/engine.h"
#include "engine/exchange.h"
#include "engine/rewrite.h"
#include "engine/router.h"
#include "proto/uri.h"

struct span exchange_backend_host(struct span server_name, struct span name)
{
    return server_name.len > 0 ? server_name : name;
}

enum why exchange_choose_backend(const struct exchange *x, struct rng *rng, uint32_t *out_index)
{
    if (x->route->backends_n == 0 || x->route->backends_broken)
        return WHY_ROUTE_NO_BACKEND;
    *out_index = router_pick_backend(x->route, rng);
    return WHY_OK;
}

/* The upstream's state stays with the exchange from the first try on. */
enum why exchange_choose_up(struct engine *e, struct exchange *x)
{
    uint32_t index;
    enum why why;

    if (x->upstream != NULL)
        return WHY_OK;
    if ((why = exchange_choose_backend(x, &e->shard->rng, &index)) != WHY_OK)
        return why;
    MUST(index < x->epoch->ups_n);
    if (x->epoch->ups[index] == NULL)
        return WHY_UP_NO_ENDPOINT;
    x->upstream = x->epoch->ups[index];
    up_hold(x->upstream);
    if (x->upstream->protocol == UP_ECHO)
        x->service = &e->echo;
    if (!rewrite_request(x->route, &x->request, exchange_backend_host(x->upstream->server_name, span_str(x->upstream->name))))
        return WHY_ARENA_FULL;
    return WHY_OK;
}

enum why exchange_go_up(struct engine *e, struct exchange *x)
{
    struct span host = SPAN_NONE;
    struct conn *c = NULL;
    uint16_t port;
    bool reused = false;
    enum why why;

    MUST(x->upstream != NULL);
    x->endpoint = up_pick(x->upstream, &e->shard->rng, x->endpoint);
    if (x->endpoint == NULL)
        return WHY_UP_NO_ENDPOINT;
    if (x->upstream->tls != NULL && x->request.authority.len > 0)
        (void)uri_split_host_port(x->request.authority, &host, &port);
    why = up_lend(&e->ups, x->endpoint, host, &c, &reused);
    if (why != WHY_OK)
        return why;
    x->tries_n++;
    if (x->tries_n > 1)
        counter_add(&e->shard->counters, METRIC_UP_RETRIES, 1);
    x->up_was_reused = reused;
    x->up_began_ns = e->shard->now_ns;
    head_init(&x->response, &x->arena);
    head_init(&x->response_trailers, &x->arena);
    x->up.reader = &x->task;
    x->up.gone = WHY_OK;
    x->up.rx_head = &x->response;
    x->up.rx_trailers = &x->response_trailers;
    x->up.rx_has_head = x->up.rx_interim = x->up.rx_end = false;
    x->up.tx_head = &x->request;
    x->up.tx_has_head = true;
    x->up.tx_head_done = x->up.tx_done = false;
    x->up.tx_tunnel = x->request.is_upgrade;
    if (x->down.rx_end && bufq_is_empty(&x->down.rx) && bufq_is_empty(&x->up.tx) && !x->has_body_policy) {
        x->up.tx_end = true; /* Head and end in one go: the usual GET. */
        if (x->request_trailers.fields_n > 0)
            x->up.tx_trailers = &x->request_trailers;
    }
    why = c->session->type->stream_start(c->session, &x->up);
    if (why != WHY_OK) {
        x->up.session = NULL;
        up_return(&e->ups, x->endpoint, c);
        return why;
    }
    shard_wake(e->shard, &c->task);
    return WHY_OK;
}

bool exchange_may_retry(const struct exchange *x, enum why why)
{
    if (x->tries_n >= UP_TRIES_MAX || x->has_answered)
        return false;
    if (x->up.tx_wire_bytes > 0 || x->up.rx_has_head)
        return false; /* Part of the body is gone for good, or an answer has begun. */
    if (!x->up.tx_head_done)
        return why_may_retry(why) || x->up_was_reused; /* Nothing was ever sent. */
    if (why == WHY_H2_UP_REFUSED)
        return true; /* The upstream says itself that it did nothing (RFC 9113 s8.7). */
    if (x->request.is_upgrade || !method_is_idempotent((enum method)x->request.method))
        return false; /* It may have been processed, whatever ended the connection (RFC 9110 s9.2.2). */
    /* A kept connection that closed as we used it: the usual race (RFC 9112 s9.3.1). */
    if (why == WHY_UP_RESET_EARLY || why == WHY_IO_RESET || why == WHY_IO_EOF)
        return x->up_was_reused;
    return why_may_retry(why);
}

void exchange_leave_up(struct engine *e, struct exchange *x, enum why why)
{
    struct conn *c = NULL;

    if (x->up.session != NULL) {
        struct session *s = x->up.session;

        c = conn_of_session(s);
        s->type->stream_leave(s, &x->up, why);
        x->up.session = NULL;
        /* An h1 connection that may be lent again needs no turn; any other has something to say or to end. */
        if (!s->may_start || s->type->is_multiplexed || s->wants_write)
            shard_wake(e->shard, s->conn_task);
    }
    if (x->up.reader != NULL) {
        x->up.reader = NULL;
        up_return(&e->ups, x->endpoint, c);
    }
    bufq_clear(&e->shard->queues, &x->up.rx);
    /* What has not been sent is kept for another try. */
    if (why == WHY_OK || x->up.tx_wire_bytes > 0 || x->has_answered || x->state == EXCHANGE_ENDED)
        bufq_clear(&e->shard->queues, &x->up.tx);
}
