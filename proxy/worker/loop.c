/* loop.c - see loop.h. */
#include "worker/loop.h"

#include <string.h>

#include "admin/source.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/must.h"
#include "base/random.h"
#include "engine/exchange.h"
#include "engine/router.h"
#include "io/socket_address.h"
#include "proto/address.h"
#include "up/fetch.h"
#include "up/resolver.h"

/* ---- what connections ask of us ---- */

static struct conn_timeouts loop_timeouts(void *owner, const struct conn *c)
{
    const struct loop *l = owner;
    const struct listener *listener = l->engine.epoch != NULL ? engine_listener(l->engine.epoch, c->listener) : NULL;

    if (listener == NULL)
        return (struct conn_timeouts){ .idle_ns = NS_PER_S, .head_ns = NS_PER_S };
    return (struct conn_timeouts){ .idle_ns = listener->idle_timeout_ns, .head_ns = listener->head_timeout_ns };
}

static enum conn_proxy loop_proxy(void *owner, const struct conn *c)
{
    const struct loop *l = owner;
    const struct listener *listener = l->engine.epoch != NULL ? engine_listener(l->engine.epoch, c->listener) : NULL;
    uint8_t peer[ADDRESS_BYTES];
    uint16_t port;

    if (listener == NULL || !listener->proxy_protocol)
        return CONN_PROXY_NONE;
    socket_address_split(&c->peer, peer, &port);
    for (uint32_t i = 0; i < listener->proxy_trusted_n; i++) {
        if (address_in(peer, &listener->proxy_trusted[i]))
            return CONN_PROXY_WANTED;
    }
    return CONN_PROXY_REFUSED;
}

static void loop_on_gone(void *owner, struct conn *c)
{
    struct loop *l = owner;

    if (!c->is_client) {
        up_on_gone(&l->engine.ups, c);
    } else if (list_has(&c->link)) { /* else it was refused before it was ours */
        list_remove(&c->link);
        MUST(l->listeners[c->listener].clients_n > 0);
        l->listeners[c->listener].clients_n--;
    }
}

static struct tls_server *loop_tls_pick(void *owner, struct conn *c, const struct tls_hello *hello, enum tls_alpn *out_alpn,
                                        enum why *out_why)
{
    const struct loop *l = owner;
    const struct epoch *epoch = l->engine.epoch;
    const struct listener *listener = epoch != NULL ? engine_listener(epoch, c->listener) : NULL;
    const struct tls_host *host;
    uint32_t number = 0;

    *out_why = WHY_TLS_NO_HOST;
    if (listener == NULL || epoch->snapshot->tls_servers == NULL)
        return NULL;
    host = router_tls_host(listener, span_str(hello->server_name));
    if (host == NULL)
        return NULL;
    for (uint32_t i = 0; &epoch->snapshot->listeners[i] != listener; i++)
        number += epoch->snapshot->listeners[i].tls_hosts_n;
    number += (uint32_t)(host - listener->tls_hosts);
    *out_alpn = !hello->has_alpn ? TLS_ALPN_NONE : hello->offers_h2 && host->allows_h2 ? TLS_ALPN_H2 : TLS_ALPN_H1;
    c->tls_host = host->listener_key;
    c->has_tls_host = true;
    return epoch->snapshot->tls_servers[l->shard.id][number];
}

/* ---- figures ---- */

static void loop_list_pools(struct loop *l)
{
    const struct pool *pools[] = {
        &l->conns.conns, &l->conns.sends, &l->conns.h1, &l->conns.h2, &l->conns.tls, &l->engine.exchanges,
        &l->engine.epochs_pool, &l->engine.ups.ups, &l->engine.ups.endpoints, &l->shard.queues.segs,
        &l->shard.queues.bufs._pool[BUF_SMALL], &l->shard.queues.bufs._pool[BUF_LARGE],
    };

    STATIC_MUST(COUNT(pools) <= MANAGEMENT_POOLS_MAX, "figures must hold every pool");
    for (uint32_t i = 0; i < COUNT(pools); i++) {
        l->figures.pools[i].name = pools[i]->name;
        l->figures.pools[i].slots_max = pools[i]->slots_max;
        l->pools[i] = pools[i];
    }
    __atomic_store_n(&l->figures.pools_n, (uint32_t)COUNT(pools), __ATOMIC_RELEASE);
}

uint64_t loop_bytes_max(const struct loop *l)
{
    bool has_incremental = ring_profile(l->ring)->has_incremental_buffers;
    uint64_t bytes = has_incremental ? (uint64_t)RING_BUFFERS_MAX * RING_BUFFER_BYTES
                                     : (uint64_t)RING_BUFFERS_PLAIN_MAX * RING_BUFFER_BYTES_PLAIN;

    for (uint32_t i = 0; i < l->figures.pools_n; i++)
        bytes += (uint64_t)l->pools[i]->slots_max * l->pools[i]->slot_bytes;
    return bytes;
}

/* Others may look at these at any time; they never look into the pools themselves. */
static void loop_tell(struct loop *l)
{
    struct ring_counts counts = ring_counts(l->ring);

    l->told_ns = l->shard.now_ns;
    for (uint32_t i = 0; i < l->figures.pools_n; i++) {
        __atomic_store_n(&l->figures.pools[i].live_n, l->pools[i]->live_n, __ATOMIC_RELAXED);
        __atomic_store_n(&l->figures.pools[i].live_max, l->pools[i]->live_max, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&l->figures.ring_enters, counts.enters, __ATOMIC_RELAXED);
    __atomic_store_n(&l->figures.ring_submitted, counts.submitted, __ATOMIC_RELAXED);
    counter_add(&l->shard.counters, METRIC_CQ_OVERFLOWS,
                counts.overflows - counter_get(&l->shard.counters, METRIC_CQ_OVERFLOWS));
}

/* ---- opening ---- */

static enum why loop_open_layers(struct loop *l)
{
    enum why why;
    uint64_t seed;

    random_secure(&seed, sizeof(seed));
    if ((why = shard_open(&l->shard, l->number, seed)) != WHY_OK)
        return why;
    l->engine.conn_hooks = (struct conn_hooks){
        .sessions = { .stream_open = exchange_open, .owner = &l->engine },
        .tls_pick = loop_tls_pick,
        .timeouts = loop_timeouts,
        .on_gone = loop_on_gone,
        .proxy = loop_proxy,
        .owner = l,
    };
    struct conn_hooks hooks = l->engine.conn_hooks;
    if ((why = conn_table_open(&l->conns, &l->shard, l->ring, &l->engine.conn_hooks)) != WHY_OK)
        return why;
    why = engine_open(&l->engine, &l->shard, &l->conns, &l->engine_hooks);
    l->engine.conn_hooks = hooks; /* engine_open starts from zero. */
    return why;
}

enum why loop_open(struct loop *l, struct hub *hub, uint32_t number, const struct loop_hooks *hooks, void *owner, char *out_error,
                   uint32_t out_error_bytes)
{
    enum why why;

    l->hub = hub;
    l->number = number;
    l->hooks = hooks;
    l->owner = owner;
    l->wait_ns_max = UINT64_MAX;
    list_init(&l->clients);
    for (uint32_t i = 0; i < LISTENERS_MAX; i++)
        l->listeners[i].fd = -1;
    if ((why = ring_open(&l->ring, out_error, out_error_bytes)) != WHY_OK)
        return why;
    if ((why = loop_open_layers(l)) != WHY_OK)
        return why;
    loop_list_pools(l);
    __atomic_store_n(&hub->rings[number], l->ring, __ATOMIC_RELEASE);
    return WHY_OK;
}

void loop_close(struct loop *l)
{
    engine_close(&l->engine);
    conn_table_close(&l->conns);
    ring_close(l->ring);
    shard_close(&l->shard);
}

/* ---- listeners ---- */

static void loop_arm_accept(struct loop *l, uint32_t slot)
{
    struct loop_listener *ln = &l->listeners[slot];

    MUST(!ln->is_armed && ln->is_open);
    ln->is_armed = true;
    ring_accept(l->ring, handle_of(HANDLE_ACCEPT, slot, ln->generation), ln->fd);
}

void loop_listen(struct loop *l, uint32_t slot, int fd, bool is_tls)
{
    struct loop_listener *ln = &l->listeners[slot];

    MUST(slot < LISTENERS_MAX && ln->fd < 0);
    ln->fd = fd;
    ln->is_open = true;
    ln->is_tls = is_tls;
    ln->generation++;
    loop_arm_accept(l, slot);
}

void loop_unlisten(struct loop *l, uint32_t slot)
{
    struct loop_listener *ln = &l->listeners[slot];

    if (!ln->is_open)
        return;
    ln->is_open = false;
    MUST(ln->fd >= 0);
    if (ln->is_armed) {
        ring_cancel(l->ring, handle_of(HANDLE_UNLISTEN, slot, ln->generation), handle_of(HANDLE_ACCEPT, slot, ln->generation));
    } else {
        socket_close_now(ln->fd);
        ln->fd = -1;
    }
}

/* A listener's connectionLimit, shared out evenly: each worker admits its part, so the sum is never above the limit rounded up. */
static bool loop_is_full(const struct loop *l, uint32_t slot)
{
    const struct listener *listener = l->engine.epoch != NULL ? engine_listener(l->engine.epoch, slot) : NULL;
    uint32_t workers_n = l->hub->workers_n;

    if (listener == NULL || listener->connections_max == 0)
        return false;
    return l->listeners[slot].clients_n >= (listener->connections_max + workers_n - 1) / workers_n;
}

void loop_adopt(struct loop *l, int fd, uint32_t slot)
{
    if (loop_is_full(l, slot)) {
        counter_add(&l->shard.counters, METRIC_ACCEPTED, 1);
        counter_why(&l->shard.counters, WHY_CONN_LIMIT);
        socket_close_now(fd);
        return;
    }
    struct conn *c = conn_accept(&l->conns, fd, slot, l->listeners[slot].is_tls);

    if (c == NULL)
        return;
    list_push(&l->clients, &c->link);
    l->listeners[slot].clients_n++;
    if (l->is_draining)
        conn_drain(&l->conns, c);
}

static void loop_on_accept(struct loop *l, const struct ring_event *ev)
{
    uint32_t slot = handle_slot(ev->handle);
    struct loop_listener *ln = &l->listeners[slot];

    MUST(slot < LISTENERS_MAX && ln->generation == handle_generation(ev->handle));
    if (!ev->more)
        ln->is_armed = false;
    if (ev->why == WHY_OK) {
        if (l->hooks->may_pass == NULL || !l->hooks->may_pass(l, ev->n, slot))
            loop_adopt(l, ev->n, slot);
    } else if (ev->why != WHY_IO_CANCELLED) {
        /* Out of descriptors or memory: at once it would only fail again, at full speed. */
        counter_why(&l->shard.counters, (enum why)ev->why);
        l->accept_after_ns = l->shard.now_ns + ACCEPT_PAUSE_NS;
    }
    if (ln->is_armed)
        return;
    if (ln->is_open) {
        if (l->accept_after_ns == 0)
            loop_arm_accept(l, slot);
    } else {
        socket_close_now(ln->fd);
        ln->fd = -1;
    }
}

/* The pause after a failed accept is over: accept again wherever nobody does. */
static void loop_resume_accepts(struct loop *l)
{
    if (l->accept_after_ns == 0 || l->shard.now_ns < l->accept_after_ns)
        return;
    l->accept_after_ns = 0;
    for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++) {
        if (l->listeners[slot].is_open && !l->listeners[slot].is_armed)
            loop_arm_accept(l, slot);
    }
}

/* ---- draining ---- */

void loop_drain(struct loop *l)
{
    struct list_node *n, *next;

    l->is_draining = l->conns.is_draining = l->engine.is_draining = true;
    for (uint32_t i = 0; i < LISTENERS_MAX; i++)
        loop_unlisten(l, i);
    for (n = l->clients.head.next; n != &l->clients.head; n = next) {
        next = n->next;
        conn_drain(&l->conns, container_of(n, struct conn, link));
    }
    up_close_idle(&l->engine.ups);
}

uint32_t loop_cut(struct loop *l)
{
    uint32_t cut_n = 0;

    while (!list_is_empty(&l->clients)) {
        conn_close(&l->conns, container_of(l->clients.head.next, struct conn, link), WHY_CONN_DRAIN);
        cut_n++;
    }
    return cut_n;
}

/* ---- the turn ---- */

static void loop_on_ring_event(struct loop *l, struct ring_event *ev)
{
    switch (handle_kind(ev->handle)) {
    case HANDLE_RECV:
    case HANDLE_SEND:
    case HANDLE_CONNECT:
    case HANDLE_CLOSE:
    case HANDLE_CANCEL:
        conn_on_event(&l->conns, ev);
        return;
    case HANDLE_ACCEPT:
        loop_on_accept(l, ev);
        return;
    case HANDLE_FILE_WRITE:
    case HANDLE_POLL:
    case HANDLE_RESOLVE:
    case HANDLE_CHILD:
        MUST(l->hooks->on_event != NULL);
        l->hooks->on_event(l, ev);
        return;
    case HANDLE_NONE:
    case HANDLE_UNLISTEN:
    case HANDLE_WAKE:
        return; /* Mailboxes are read in every turn. */
    }
    must_not_reach("loop_on_ring_event: unlisted kind");
}

static void loop_run_ready(struct loop *l)
{
    struct list_node *n;

    for (uint32_t i = 0; i < LOOP_STEPS_A_TICK && (n = list_pop(&l->shard.ready)) != NULL; i++) {
        struct task *t = container_of(n, struct task, node);

        switch ((enum task_kind)t->kind) {
        case TASK_CONN:
            conn_step(&l->conns, container_of(t, struct conn, task));
            break;
        case TASK_EXCHANGE:
            exchange_step(&l->engine, container_of(t, struct exchange, task));
            break;
        case TASK_FETCH:
            fetch_step(t);
            break;
        case TASK_RESOLVE:
            resolver_step(t);
            break;
        case TASK_NONE:
        case TASK_SOURCE:
            must_not_reach("loop_run_ready: nobody's task");
        }
    }
}

static void loop_run_timers(struct loop *l)
{
    struct timer *t;

    while ((t = wheel_due(&l->shard.wheel, l->shard.now_ns)) != NULL) {
        switch ((enum task_kind)t->kind) {
        case TASK_CONN:
            conn_on_timer(&l->conns, container_of(t, struct conn, timer));
            break;
        case TASK_EXCHANGE:
            exchange_on_timer(&l->engine, container_of(t, struct exchange, timer));
            break;
        case TASK_FETCH:
            fetch_on_timer(t);
            break;
        case TASK_RESOLVE:
            resolver_on_timer(t);
            break;
        case TASK_SOURCE:
            source_on_timer(t);
            break;
        case TASK_NONE:
            must_not_reach("loop_run_timers: nobody's timer");
        }
    }
}

static uint32_t loop_wait(struct loop *l, struct ring_event *events)
{
    uint64_t wait_ns = list_is_empty(&l->shard.ready) ? wheel_wait_ns(&l->shard.wheel, l->shard.now_ns) : 0;
    bool is_busy = l->busy >= LOOP_BUSY_EVENTS;

    if (wait_ns > l->wait_ns_max)
        wait_ns = l->wait_ns_max;
    if (l->accept_after_ns != 0 && wait_ns > ACCEPT_PAUSE_NS)
        wait_ns = ACCEPT_PAUSE_NS;

    /* performance.md: a short wait for a small batch pays when many are coming anyway, and only costs time when not. */
    return ring_wait(l->ring, events, RING_EVENTS_A_TICK, wait_ns, is_busy ? LOOP_BATCH_EVENTS : 1,
                     is_busy ? LOOP_BATCH_WAIT_NS : 0);
}

void loop_tick(struct loop *l)
{
    struct ring_event events[RING_EVENTS_A_TICK];
    uint32_t n = loop_wait(l, events);
    struct message m;

    l->busy = n;
    l->shard.now_ns = clock_mono_ns();
    l->shard.wall_ns = clock_wall_ns();
    for (uint32_t i = 0; i < n; i++)
        loop_on_ring_event(l, &events[i]);
    loop_run_ready(l);
    loop_run_timers(l);
    loop_resume_accepts(l);
    while (hub_receive(l->hub, l->number, &m))
        l->hooks->on_message(l, &m);
    if (!list_is_empty(&l->conns.starved))
        conn_feed_starved(&l->conns);
    loop_run_ready(l);
    if (l->hooks->on_tick != NULL)
        l->hooks->on_tick(l);
    counter_add(&l->shard.counters, METRIC_TICKS, 1);
    counter_add(&l->shard.counters, METRIC_EVENTS, n);
    if (l->shard.now_ns - l->told_ns >= MANAGEMENT_LOOK_NS || n == 0)
        loop_tell(l);
    __atomic_store_n(&l->hub->clients_n[l->number], l->conns.clients_n, __ATOMIC_RELAXED);
}

void loop_run(struct loop *l)
{
    l->shard.now_ns = clock_mono_ns();
    while (!l->must_stop)
        loop_tick(l);
}
