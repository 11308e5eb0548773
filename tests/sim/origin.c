/* origin.c - see origin.h. What both protocols share. */
#include "sim/origin.h"

static void origin_conn_visit(void *arg)
{
    struct origin_conn *c = arg;
    bool has_moved;

    if (!c->is_used)
        return;
    has_moved = c->origin->is_h2 ? origin_h2_visit(c) : origin_h1_visit(c);
    if (c->is_used)
        ring_sim_later(pace_next(&c->pace, has_moved), origin_conn_visit, c);
}

static void origin_take(struct origin *o, int peer)
{
    for (int i = 0; i < ORIGIN_CONNS_MAX; i++) {
        struct origin_conn *c = &o->conns[i];
        if (c->is_used)
            continue;
        memset(c, 0, offsetof(struct origin_conn, calls));
        c->calls_n = c->out_at = c->out_n = 0;
        c->must_close = c->must_reset = c->is_leaving = c->is_finished = false;
        c->origin = o;
        c->is_used = true;
        c->peer = peer;
        c->is_slow = ring_sim_pick(4) == 0;
        c->idle_ns = o->leaves_idle ? clock_mono_ns() + ring_sim_pick(400) * NS_PER_MS : 0;
        if (o->is_h2)
            origin_h2_begin(c);
        else
            origin_h1_begin(c);
        ring_sim_later(1 + ring_sim_pick(100000), origin_conn_visit, c);
        return;
    }
    CHECK(false, "seed %llu: the gateway opens ever more upstream connections\n", (unsigned long long)o->plans->seed);
}

static void origin_visit(void *arg)
{
    struct origin *o = arg;
    int peer;

    if (o->is_shut)
        return;
    peer = ring_sim_peer_accept(o->listener);
    if (peer >= 0)
        origin_take(o, peer);
    ring_sim_later(pace_next(&o->pace, peer >= 0), origin_visit, o);
}

void origin_open(struct origin *o, struct plans *plans, uint16_t port, bool is_h2, bool leaves_idle)
{
    struct socket_address addr = ring_sim_address(port);

    o->plans = plans;
    o->is_h2 = is_h2;
    o->leaves_idle = leaves_idle;
    o->is_shut = false;
    o->pace = (struct pace){ 0 };
    for (int i = 0; i < ORIGIN_CONNS_MAX; i++)
        o->conns[i].is_used = false;
    o->listener = ring_sim_peer_listen(&addr);
    CHECK(o->listener >= 0, "no listener\n");
    origin_visit(o);
}

void origin_close(struct origin *o)
{
    for (int i = 0; i < ORIGIN_CONNS_MAX; i++) {
        struct origin_conn *c = &o->conns[i];
        if (!c->is_used)
            continue;
        ring_sim_peer_close(c->peer);
        origin_drop(c);
    }
    ring_sim_peer_close(o->listener);
    o->is_shut = true;
}

void origin_drop(struct origin_conn *c)
{
    c->is_used = false;
    if (c->origin->is_h2)
        h2_end_close(&c->end);
}

struct origin_call *origin_begin(struct origin_conn *c, struct span target, struct span method)
{
    struct origin_call *call = &c->calls[c->calls_n++];

    CHECK(c->calls_n <= ORIGIN_CALLS_MAX, "too many streams on one upstream connection\n");
    memset(call, 0, sizeof(*call));
    call->plan = plan_arrives(c->origin->plans, target, method);
    return call;
}

bool origin_is_due(const struct origin_call *call, uint32_t at)
{
    return call->plan->fault != PLAN_SOUND && call->plan->fault_at == at;
}

uint32_t origin_limit(const struct origin_call *call, uint32_t n)
{
    const struct plan *p = call->plan;

    if (p->fault == PLAN_SOUND || p->fault_at < PLAN_IN_BODY + call->sent)
        return n;
    return n < p->fault_at - PLAN_IN_BODY - call->sent ? n : p->fault_at - PLAN_IN_BODY - call->sent;
}

bool origin_may_answer(const struct origin_call *call)
{
    if (call->is_done || call->is_stuck)
        return false;
    return call->is_whole || call->plan->is_early || call->plan->is_tunnel || call->has_begun;
}
