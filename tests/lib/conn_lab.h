/* conn_lab.h - connections in the simulated world, without a worker: a ring, a listener, a table of connections and a loop in small.
 *
 * Use:    lab_open, script peers with ring_sim_peer_*, lab_run or lab_pass, lab_close, which checks that everything came back. The
 *         test program must include io/ring_sim.h itself: that is how the build knows which ring to give it.
 */
#pragma once

#include "lib/check.h"

#include "base/clock.h"
#include "base/limits.h"
#include "conn/conn.h"
#include "io/ring_sim.h"

enum { LAB_PORT = 8080, LAB_EVENTS = 64, LAB_TICKS_MAX = 2000000, LAB_TEXT_BYTES = 300000 };

struct lab {
    struct shard      shard;
    struct ring      *ring;
    struct conn_table conns;
    struct list       clients;       /* of conn.link */
    int               fd;            /* listening    */
    bool              is_tls;
    bool              has_accepted_none; /* conn_accept had no place */
    void            (*on_task)(void *owner, struct task *t);   /* TASK_EXCHANGE */
    void            (*on_timer)(void *owner, struct timer *t); /* TASK_EXCHANGE */
    void             *owner;
    uint32_t          ticks;
};

static inline void lab_listen(struct lab *l)
{
    struct socket_address addr = ring_sim_address(LAB_PORT);
    int error = 0;

    CHECK(socket_listen(&addr, 16, &l->fd, &error) == WHY_OK, "cannot listen\n");
    ring_accept(l->ring, handle_of(HANDLE_ACCEPT, 0, 0), l->fd);
}

/* hooks and what they need stay with the caller. odds NULL: kind. */
static inline void lab_open(struct lab *l, const struct conn_hooks *hooks, const struct ring_sim_odds *odds)
{
    char error[256] = "";

    ring_sim_open(1, odds);
    list_init(&l->clients);
    CHECK(ring_open(&l->ring, error, sizeof(error)) == WHY_OK, "%s\n", error);
    CHECK(shard_open(&l->shard, 0, 1) == WHY_OK && conn_table_open(&l->conns, &l->shard, l->ring, hooks) == WHY_OK, "no memory\n");
    lab_listen(l);
}

static inline void lab_on_event(struct lab *l, struct ring_event *ev)
{
    if (handle_kind(ev->handle) == HANDLE_UNLISTEN)
        return;
    if (handle_kind(ev->handle) != HANDLE_ACCEPT) {
        conn_on_event(&l->conns, ev);
        return;
    }
    if (ev->why != WHY_OK)
        return;
    struct conn *c = conn_accept(&l->conns, ev->n, 0, l->is_tls);
    l->has_accepted_none = c == NULL;
    if (c != NULL)
        list_push(&l->clients, &c->link);
    if (!ev->more)
        ring_accept(l->ring, handle_of(HANDLE_ACCEPT, 0, 0), l->fd);
}

static inline void lab_run_ready(struct lab *l)
{
    struct list_node *n;

    for (uint32_t steps = 0; (n = list_pop(&l->shard.ready)) != NULL; steps++) {
        struct task *t = container_of(n, struct task, node);
        CHECK(steps < 100000, "two tasks push each other for ever\n");
        if (t->kind == TASK_CONN)
            conn_step(&l->conns, container_of(t, struct conn, task));
        else
            l->on_task(l->owner, t);
    }
}

/* One turn, at most so long a wait; answers whether anything happened. */
static inline bool lab_tick(struct lab *l, uint64_t wait_ns_max)
{
    struct ring_event events[LAB_EVENTS];
    uint64_t wait_ns = list_is_empty(&l->shard.ready) ? wheel_wait_ns(&l->shard.wheel, l->shard.now_ns) : 0;
    struct timer *t;
    bool is_busy = !list_is_empty(&l->shard.ready);
    uint32_t n = ring_wait(l->ring, events, LAB_EVENTS, wait_ns < wait_ns_max ? wait_ns : wait_ns_max, 1, 0);

    CHECK(++l->ticks < LAB_TICKS_MAX, "it spins\n");
    l->shard.now_ns = clock_mono_ns();
    l->shard.wall_ns = clock_wall_ns();
    for (uint32_t i = 0; i < n; i++)
        lab_on_event(l, &events[i]);
    lab_run_ready(l);
    while ((t = wheel_due(&l->shard.wheel, l->shard.now_ns)) != NULL) {
        is_busy = true;
        if (t->kind == TASK_CONN)
            conn_on_timer(&l->conns, container_of(t, struct conn, timer));
        else
            l->on_timer(l->owner, t);
    }
    if (!list_is_empty(&l->conns.starved))
        conn_feed_starved(&l->conns);
    lab_run_ready(l);
    return n > 0 || is_busy;
}

/* Until nothing moves at this moment. */
static inline void lab_run(struct lab *l)
{
    for (int quiet = 0; quiet < 8;)
        quiet = lab_tick(l, 0) ? 0 : quiet + 1;
}

static inline void lab_pass(struct lab *l, uint64_t ns)
{
    uint64_t until_ns = clock_mono_ns() + ns;

    while (clock_mono_ns() < until_ns)
        (void)lab_tick(l, until_ns - clock_mono_ns());
    lab_run(l);
}

static inline struct conn *lab_client(const struct lab *l)
{
    CHECK(!list_is_empty(&l->clients), "no client is connected\n");
    return container_of(l->clients.head.next, struct conn, link);
}

/* Stop listening, end what is left, and look for what did not come back. */
static inline void lab_end(struct lab *l)
{
    const struct ring_sim_odds kind = { 0 };

    ring_sim_set_odds(&kind);
    ring_sim_fail_nth(0, WHY_OK);
    ring_cancel(l->ring, handle_of(HANDLE_UNLISTEN, 0, 0), handle_of(HANDLE_ACCEPT, 0, 0));
    lab_run(l);
    socket_close_now(l->fd);
    while (!list_is_empty(&l->clients))
        conn_close(&l->conns, lab_client(l), WHY_CONN_DRAIN);
    for (int i = 0; l->conns.conns.live_n > 0; i++) {
        CHECK(i < 100, "%u connections never end\n", l->conns.conns.live_n);
        lab_pass(l, NS_PER_S);
    }
    CHECK(l->conns.clients_n == 0 && l->conns.ups_n == 0, "%u clients, %u upstreams\n", l->conns.clients_n, l->conns.ups_n);
    CHECK(l->conns.sends.live_n + l->conns.h1.live_n + l->conns.h2.live_n + l->conns.tls.live_n == 0, "slots of connections are out\n");
}

static inline void lab_close(struct lab *l)
{
    CHECK(l->shard.queues.segs.live_n == 0 && buf_pool_live_n(&l->shard.queues.bufs) == 0, "buffers are out\n");
    CHECK(ring_sim_fds_n() == 0, "%u descriptors are open\n", ring_sim_fds_n());
    CHECK(l->shard.wheel.armed_n == 0, "%u timers are armed\n", l->shard.wheel.armed_n);
    conn_table_close(&l->conns);
    ring_close(l->ring);
    shard_close(&l->shard);
    ring_sim_close();
}

/* ---- peers ---- */

static inline int lab_connect(struct lab *l)
{
    struct socket_address addr = ring_sim_address(LAB_PORT);
    int peer = ring_sim_peer_connect(&addr);

    CHECK(peer >= 0, "nobody listens\n");
    lab_run(l);
    return peer;
}

static inline void lab_send(struct lab *l, int peer, const char *text)
{
    for (size_t len = strlen(text); len > 0;) {
        uint32_t n = ring_sim_peer_send(peer, text, (uint32_t)len);
        text += n;
        len -= n;
        lab_run(l);
        CHECK(n > 0 || len == 0, "it does not read\n");
    }
}

/* All that has come for peer, and how it stands with it: RING_SIM_NOTHING, END or RESET. */
static inline int32_t lab_read(struct lab *l, int peer, char *text)
{
    size_t used = 0;
    int32_t n;

    do {
        n = ring_sim_peer_recv(peer, text + used, (uint32_t)(LAB_TEXT_BYTES - 1 - used));
        if (n > 0) {
            used += (size_t)n;
            lab_run(l);
        }
    } while (n > 0);
    text[used] = 0;
    return n;
}

static inline uint64_t lab_why(const struct lab *l, enum why why)
{
    return counter_get_why(&l->shard.counters, why);
}

static inline uint64_t lab_metric(const struct lab *l, enum metric m)
{
    return counter_get(&l->shard.counters, m);
}
