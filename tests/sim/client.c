/* client.c - see client.h. What both protocols share. */
#include "sim/client.h"

static void client_visit(void *arg);

void client_open(struct client *c, struct plans *plans, uint16_t port, bool is_h2, uint32_t requests_n, uint32_t depth)
{
    memset(c, 0, offsetof(struct client, in));
    c->plans = plans;
    c->port = port;
    c->is_h2 = is_h2;
    c->left_n = requests_n;
    c->depth = depth;
    c->is_slow = ring_sim_pick(4) == 0;
    c->lingers = ring_sim_pick(3) == 0;
    c->peer = -1;
    c->moved_ns = clock_mono_ns();
    ring_sim_later(ring_sim_pick(3000000), client_visit, c);
}

void client_close(struct client *c)
{
    if (c->peer >= 0) {
        ring_sim_peer_close(c->peer);
        client_drop(c, true);
    }
}

void client_give(struct client *c, struct plan *p)
{
    CHECK(c->again_n < CLIENT_DEPTH_MAX, "too many requests for one client\n");
    c->again[c->again_n++] = p;
}

struct plan *client_next(struct client *c)
{
    struct plan *p = NULL;

    if (c->again_n > 0) {
        p = c->again[0];
        memmove(c->again, c->again + 1, --c->again_n * sizeof(c->again[0]));
        return p;
    }
    if (c->left_n == 0 || clock_mono_ns() < c->thinks_until_ns)
        return NULL;
    p = plan_draw(c->plans, c->is_h2 || c->depth == 1);
    c->left_n = p != NULL ? c->left_n - 1 : 0;
    if (ring_sim_pick(3) == 0)
        c->thinks_until_ns = clock_mono_ns() + ring_sim_pick(300) * NS_PER_MS;
    return p;
}

void client_drop(struct client *c, bool is_left)
{
    for (uint32_t i = 0; i < c->calls_n; i++) {
        struct plan *p = c->calls[i].plan;
        bool is_behind = !is_left && !p->has_head && !c->is_h2 && (c->is_closing || c->was_early || i > 0);
        /* RFC 9112 s9.6: what came behind the last answer was not processed. An answer that overtook its request is the last
         * one, too, and there it may be too late to say so; and so is one that was cut. */
        PLAN_CHECK(c->plans, p, !is_behind || !c->is_closing || (p->heads_n == 0 && p->records_n == 0),
                   "processed behind the last answer\n");
        if (is_behind && p->records_n == 0) {
            client_give(c, p);
        } else if (is_left) {
            plan_left(c->plans, p);
        } else {
            plan_cut(c->plans, p);
        }
    }
    c->calls_n = 0;
    c->peer = -1;
    if (c->is_h2)
        client_h2_end(c);
}

void client_reset(struct client *c)
{
    ring_sim_peer_reset(c->peer);
    client_drop(c, true);
}

bool client_misbehaves(struct client *c, struct plan *p, bool is_sent)
{
    switch (p->leave) {
    case PLAN_STAYS:
    case PLAN_LEAVES_N:
        return false;
    case PLAN_LEAVES_SENDING:
        if (is_sent || ring_sim_pick(4) != 0)
            return false;
        client_reset(c);
        return true;
    case PLAN_HALTS_SENDING:
        if (is_sent || c->is_mute || ring_sim_pick(4) != 0)
            return false;
        c->is_mute = true;
        c->reset_ns = clock_mono_ns() + CLIENT_MUTE_MS * NS_PER_MS;
        return false;
    case PLAN_LEAVES_WAITING:
        if (is_sent && c->reset_ns == 0)
            c->reset_ns = clock_mono_ns() + 1 + ring_sim_pick(20) * NS_PER_MS;
        return false;
    case PLAN_HALTS_READING:
        if (!is_sent)
            return false;
        c->is_silent = true;
        c->reset_ns = clock_mono_ns() + ring_sim_pick(60000) * NS_PER_MS;
        return true;
    }
    return false;
}

static bool client_connect(struct client *c)
{
    struct socket_address addr = ring_sim_address(c->port);

    c->peer = ring_sim_peer_connect(&addr);
    if (c->peer < 0)
        return false;
    c->is_closing = c->is_silent = c->is_mute = c->was_early = false;
    c->reset_ns = 0;
    c->requests_n = 0;
    if (c->is_h2)
        client_h2_begin(c);
    else
        client_h1_begin(c);
    return true;
}

/* Nothing left to ask and nothing to wait for: answers true when the client has gone home. */
static bool client_goes(struct client *c)
{
    if (c->left_n > 0 || c->again_n > 0 || c->calls_n > 0)
        return false;
    if (c->peer < 0) {
        c->is_done = true;
    } else if (!c->lingers || c->is_silent) {
        ring_sim_peer_close(c->peer);
        client_drop(c, true);
        c->is_done = true;
    }
    return c->is_done;
}

static void client_visit(void *arg)
{
    struct client *c = arg;
    bool has_moved = false;

    if (client_goes(c))
        return;
    if (c->peer < 0 && !client_connect(c)) {
        /* Nobody listens: the gateway is going down. */
        CHECK(!c->plans->mood.is_strict, "seed %llu: nobody listens\n", (unsigned long long)c->plans->seed);
        c->left_n = 0;
        while (c->again_n > 0)
            plan_left(c->plans, c->again[--c->again_n]);
        c->is_done = true;
        return;
    }
    if (c->reset_ns != 0 && clock_mono_ns() >= c->reset_ns) {
        if (c->is_mute && !c->is_h2 && c->calls_n > 0)
            PLAN_CHECK(c->plans, c->calls[c->calls_n - 1].plan, false, "half a request is kept for ever\n");
        client_reset(c);
    }
    if (c->peer >= 0 && !c->is_silent)
        has_moved = c->is_h2 ? client_h2_visit(c) : client_h1_visit(c);
    if (has_moved)
        c->moved_ns = clock_mono_ns();
    if (clock_mono_ns() - c->moved_ns > CLIENT_PATIENCE_MS * NS_PER_MS) {
        if (c->calls_n > 0)
            plan_print(c->plans, c->calls[0].plan);
        CHECK(false, "seed %llu: a client waits for ever\n", (unsigned long long)c->plans->seed);
    }
    ring_sim_later(pace_next(&c->pace, has_moved), client_visit, c);
}
