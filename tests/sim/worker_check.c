/* worker_check.c - what must hold between any two ticks of a worker, and when nothing is in progress.
 *
 * Method: the worker's own pools are walked. Bounds are those that the headers promise, with the room that a multishot receive
 *         may take between a request to end it and its end.
 */
#include "sim/worker_world.h"

#include "engine/exchange.h"

enum {
    CHECK_WIRE_BYTES = STREAM_RX_BYTES_HIGH + 4 * RING_BUFFER_BYTES,
    CHECK_OUT_BYTES = CONN_OUT_BYTES_HIGH + STREAM_RX_BYTES_HIGH,
};

/* The live slot of that number, or NULL. */
static void *slot_of(const struct pool *p, uint32_t slot)
{
    return slot < p->_fresh ? pool_find(p, slot, p->_gen[slot]) : NULL;
}

static void note(uint64_t *io_max, uint64_t bytes)
{
    *io_max = bytes > *io_max ? bytes : *io_max;
}

static void check_conn(struct world *w, const struct conn *c)
{
    uint32_t ops = c->recv_armed + c->send_armed;

    CHECK(c->state > CONN_FREE && c->state < CONN_STATES_N, "seed %llu: a connection in no state\n", (unsigned long long)w->seed);
    CHECK(c->inflight_n >= ops, "seed %llu: %u operations armed, %u counted\n", (unsigned long long)w->seed, ops, c->inflight_n);
    CHECK(c->wire_in.bytes <= CHECK_WIRE_BYTES && c->out.bytes <= CHECK_OUT_BYTES,
          "seed %llu: a connection holds %u bytes in and %u out\n", (unsigned long long)w->seed, c->wire_in.bytes, c->out.bytes);
    CHECK(c->state != CONN_OPEN || c->session != NULL, "seed %llu: open without a session\n", (unsigned long long)w->seed);
    /* Whoever waits is waited for: by an operation, a deadline, or an exchange. */
    CHECK(c->inflight_n > 0 || c->timer.deadline_ns != 0 || list_has(&c->task.node) || c->is_starved ||
          (c->session != NULL && !c->session->is_idle), "seed %llu: a connection in state %u that nothing will wake\n",
          (unsigned long long)w->seed, c->state);
    note(&w->wire_max, c->wire_in.bytes);
}

static void check_exchange(struct world *w, const struct exchange *x)
{
    uint64_t bytes = (uint64_t)x->down.rx.bytes + x->down.tx.bytes + x->up.rx.bytes + x->up.tx.bytes;

    CHECK(x->state > EXCHANGE_FREE && x->state < EXCHANGE_ENDED, "seed %llu: an exchange in state %u\n",
          (unsigned long long)w->seed, x->state);
    CHECK(bytes <= 4 * (STREAM_RX_BYTES_HIGH + RING_BUFFER_BYTES), "seed %llu: an exchange holds %llu bytes\n",
          (unsigned long long)w->seed, (unsigned long long)bytes);
    CHECK(x->state == EXCHANGE_AWAIT_HEAD || x->epoch != NULL, "seed %llu: without a configuration\n", (unsigned long long)w->seed);
    CHECK(x->down.session != NULL || list_has(&x->task.node), "seed %llu: nobody waits for this exchange, and it goes on\n",
          (unsigned long long)w->seed);
    note(&w->queue_max, bytes);
}

static uint32_t check_conns(struct world *w)
{
    const struct conn_table *ct = &w->worker->loop.conns;
    uint32_t inflight_n = 0, clients_n = 0, ups_n = 0;

    for (uint32_t i = 0; i < ct->conns._fresh; i++) {
        const struct conn *c = slot_of(&ct->conns, i);
        if (c == NULL)
            continue;
        check_conn(w, c);
        inflight_n += c->inflight_n;
        if (c->state != CONN_AWAIT_KERNEL) {
            clients_n += c->is_client;
            ups_n += !c->is_client;
        }
    }
    CHECK(clients_n == ct->clients_n && ups_n == ct->ups_n, "seed %llu: %u of %u clients, %u of %u upstream connections\n",
          (unsigned long long)w->seed, clients_n, ct->clients_n, ups_n, ct->ups_n);
    return inflight_n;
}

void world_check(struct world *w)
{
    const struct loop *l = &w->worker->loop;
    uint32_t inflight_n = check_conns(w), armed_n = 0, requests_n = 0;

    for (uint32_t i = 0; i < l->engine.exchanges._fresh; i++) {
        const struct exchange *x = slot_of(&l->engine.exchanges, i);
        if (x != NULL)
            check_exchange(w, x);
    }
    for (uint32_t i = 0; i < LISTENERS_MAX; i++)
        armed_n += l->listeners[i].is_armed;
    for (uint32_t i = 0; i < l->engine.ups.endpoints._fresh; i++) {
        const struct up_endpoint *ep = slot_of(&l->engine.ups.endpoints, i);
        requests_n += ep != NULL ? ep->requests_n : 0;
    }
    /* What we believe to be with the kernel is there, and beside it only wake-ups and requests to stop listening. */
    CHECK(inflight_n + armed_n <= ring_sim_ops_n() && ring_sim_ops_n() <= inflight_n + armed_n + 8,
          "seed %llu: %u operations of connections, %u of listeners, and the kernel has %u\n", (unsigned long long)w->seed,
          inflight_n, armed_n, ring_sim_ops_n());
    CHECK(requests_n <= l->engine.exchanges.live_n, "seed %llu: %u requests at upstreams, %u in progress\n",
          (unsigned long long)w->seed, requests_n, l->engine.exchanges.live_n);
    CHECK(l->conns.sends.live_n <= l->conns.conns.live_n, "seed %llu: more sends than connections\n", (unsigned long long)w->seed);
}

void world_print(const struct world *w)
{
    const struct loop *l = &w->worker->loop;

    for (uint32_t i = 0; i < l->conns.conns._fresh; i++) {
        const struct conn *c = slot_of(&l->conns.conns, i);
        if (c == NULL)
            continue;
        print_error("  connection %u of %s: state %u, why %s, %u in flight (receive %d, send %d), in %u, out %u, session %s "
                    "(%u streams), deadline in %lld ms\n", i, c->is_client ? "a client" : "an upstream", c->state,
                    why_name((enum why)c->why), c->inflight_n, c->recv_armed, c->send_armed, c->wire_in.bytes, c->out.bytes,
                    c->session != NULL ? c->session->type->name : "none", c->session != NULL ? c->session->streams_n : 0,
                    c->timer.deadline_ns == 0 ? -1LL : (long long)(c->timer.deadline_ns - l->shard.now_ns) / 1000000);
    }
    for (uint32_t i = 0; i < l->engine.exchanges._fresh; i++) {
        const struct exchange *x = slot_of(&l->engine.exchanges, i);
        if (x != NULL)
            print_error("  request %.*s: state %u, why %s\n", SPAN_FMT(x->target), x->state, why_name((enum why)x->why));
    }
}

void world_check_quiet(struct world *w)
{
    const struct loop *l = &w->worker->loop;
    uint64_t begun_n = counter_get(&l->shard.counters, METRIC_REQUESTS);

    for (uint32_t i = 0; i < l->figures.pools_n; i++) {
        const struct pool *p = l->pools[i];
        bool may_live = p == &l->engine.epochs_pool || p == &l->engine.ups.ups || p == &l->engine.ups.endpoints;
        CHECK(may_live || p->live_n == 0, "seed %llu: %u slots of pool %s are never given back\n", (unsigned long long)w->seed,
              p->live_n, p->name);
    }
    CHECK(w->records_n == begun_n, "seed %llu: %llu requests begun, %llu records\n", (unsigned long long)w->seed,
          (unsigned long long)begun_n, (unsigned long long)w->records_n);
    CHECK(w->lines_n + counter_get(&l->shard.counters, METRIC_LOG_DROPS) == w->records_n, "seed %llu: %llu log lines\n",
          (unsigned long long)w->seed, (unsigned long long)w->lines_n);
    CHECK(w->batches_n == 0, "seed %llu: the worker ends before its batches are back\n", (unsigned long long)w->seed);
    for (uint32_t i = 0; i < w->plans.n; i++)
        plan_judge(&w->plans, &w->plans.at[i]);
    CHECK(counter_get(&l->shard.counters, METRIC_STALE_EVENTS) == 0, "seed %llu: events for connections that are gone\n",
          (unsigned long long)w->seed);
}
