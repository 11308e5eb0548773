/* worker.c - see worker.h. */
#include "worker/worker.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "engine/exchange.h"
#include "worker/publication.h"
#include "worker/record.h"

static void worker_send(struct worker *w, enum message_kind kind, uint64_t value, void *moved)
{
    struct message m = { .kind = kind, .value = value, .moved = moved };
    /* Control's box holds more than a worker can have outstanding: snapshots, batches and three notices. */
    enum why why = hub_send(w->loop.hub, w->loop.number, w->loop.hub->workers_n, m);

    MUST(why == WHY_OK);
}

static void worker_on_snapshot_left(void *owner, struct snapshot *snapshot)
{
    worker_send(owner, MESSAGE_SNAPSHOT_LEFT, 0, snapshot);
}

static void worker_on_record(void *owner, const struct exchange *x)
{
    struct worker *w = owner;

    record_write(&w->loop, &w->log, &w->stamps, x);
}

/* ---- messages ---- */

static void worker_drain_slot(struct worker *w, uint32_t slot)
{
    struct list_node *n, *next;

    for (n = w->loop.clients.head.next; n != &w->loop.clients.head; n = next) {
        struct conn *c = container_of(n, struct conn, link);

        next = n->next;
        if (c->listener == slot)
            conn_drain(&w->loop.conns, c);
    }
}

static void worker_take(struct worker *w, struct publication *p)
{
    enum why why = engine_swap(&w->loop.engine, p->snapshot, p->listeners, LISTENERS_MAX);

    for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++) {
        int fd = p->fds[w->loop.number][slot];

        if (why != WHY_OK || w->loop.is_draining) {
            if (fd >= 0)
                socket_close_now(fd);
            continue;
        }
        if (fd >= 0)
            loop_listen(&w->loop, slot, fd, p->listeners[slot]->is_tls);
        if (p->listeners[slot] == NULL && w->loop.listeners[slot].is_open) {
            loop_unlisten(&w->loop, slot);
            worker_drain_slot(w, slot);
        } else if (p->listeners[slot] != NULL) {
            w->loop.listeners[slot].is_tls = p->listeners[slot]->is_tls;
        }
    }
    worker_send(w, MESSAGE_SNAPSHOT_TAKEN, why, p);
    if (why != WHY_OK)
        worker_send(w, MESSAGE_SNAPSHOT_LEFT, 0, p->snapshot);
}

static void worker_on_message(struct loop *l, const struct message *m)
{
    struct worker *w = l->owner;

    switch ((enum message_kind)m->kind) {
    case MESSAGE_SNAPSHOT_NEW:
        worker_take(w, m->moved);
        return;
    case MESSAGE_DRAIN:
        w->drain_until_ns = m->value;
        loop_drain(l);
        return;
    case MESSAGE_STOP:
        w->is_stopping = true;
        w->cut_n += loop_cut(l);
        return;
    case MESSAGE_ADOPT:
        loop_adopt(l, (int)(m->value & 0xffffffffU), (uint32_t)(m->value >> 32));
        return;
    case MESSAGE_LOG_BATCH_BACK:
        log_source_give_back(&w->log, m->moved);
        return;
    case MESSAGE_NONE:
    case MESSAGE_SNAPSHOT_TAKEN:
    case MESSAGE_SNAPSHOT_LEFT:
    case MESSAGE_DRAINED:
    case MESSAGE_STARTED:
    case MESSAGE_LOG_BATCH:
    case MESSAGE_N:
        break;
    }
    must_not_reach("worker_on_message: not for a worker");
}

/* ---- balance ---- */

/* SO_REUSEPORT spreads connections by hash: fair for many, not for few and long ones. A worker that has clearly more than
 * the least busy one hands the new connection over. Counts are a tick old at most, which is near enough. */
static bool worker_may_pass(struct loop *l, int fd, uint32_t slot)
{
    struct hub *hub = l->hub;
    uint32_t mine = l->conns.clients_n, least = mine, least_at = l->number;

    if (hub->workers_n == 1 || mine < WORKER_PASS_CONNS_MIN)
        return false;
    for (uint32_t i = 0; i < hub->workers_n; i++) {
        uint32_t n = __atomic_load_n(&hub->clients_n[i], __ATOMIC_RELAXED);

        if (i != l->number && n < least) {
            least = n;
            least_at = i;
        }
    }
    if (mine - least < WORKER_PASS_CONNS_MIN || mine - least < mine / 8)
        return false;
    struct message m = { .kind = MESSAGE_ADOPT, .value = (uint64_t)slot << 32 | (uint32_t)fd };
    if (hub_send(hub, l->number, least_at, m) != WHY_OK)
        return false;
    counter_add(&l->shard.counters, METRIC_PASSED, 1);
    return true;
}

/* ---- the end of a tick ---- */

static void worker_flush_log(struct worker *w, bool all)
{
    struct log_batch *b = log_source_ready(&w->log, w->loop.shard.now_ns, all);

    if (b != NULL)
        worker_send(w, MESSAGE_LOG_BATCH, 0, b);
    w->loop.wait_ns_max = w->log.filling != NULL ? LOG_FLUSH_NS : UINT64_MAX;
}

static void worker_on_tick(struct loop *l)
{
    struct worker *w = l->owner;

    worker_flush_log(w, w->is_stopping);
    if (w->drain_until_ns != 0 && !w->drained_told) {
        if (l->shard.now_ns >= w->drain_until_ns)
            w->cut_n += loop_cut(l);
        if (list_is_empty(&l->clients)) {
            w->drained_told = true;
            worker_send(w, MESSAGE_DRAINED, w->cut_n, NULL);
        } else if (l->wait_ns_max > DRAIN_LOOK_NS) {
            l->wait_ns_max = DRAIN_LOOK_NS;
        }
    }
    if (!w->is_stopping)
        return;
    up_close_idle(&l->engine.ups);
    l->wait_ns_max = DRAIN_LOOK_NS;
    /* Batches that control still writes lie in our memory. */
    if (l->conns.conns.live_n == 0 && w->log.free_n == LOG_BATCHES_N)
        l->must_stop = true;
}

/* ---- the thread ---- */

static void worker_pin(const struct worker *w)
{
    cpu_set_t set;

    if (w->cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((unsigned)w->cpu, &set);
    /* Refused in a container that owns fewer cores: then the kernel places us, which is only slower. */
    (void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

enum why worker_open(struct worker *w, struct hub *hub, uint32_t number)
{
    static const struct loop_hooks hooks = {
        .on_message = worker_on_message,
        .on_tick = worker_on_tick,
        .may_pass = worker_may_pass,
    };
    enum why why;

    w->loop.engine_hooks = (struct engine_hooks){ .on_snapshot_left = worker_on_snapshot_left,
                                                  .on_record = worker_on_record, .owner = w };
    why = loop_open(&w->loop, hub, number, &hooks, w, w->error, sizeof(w->error));
    return why != WHY_OK ? why : log_source_open(&w->log, number);
}

void worker_close(struct worker *w)
{
    loop_close(&w->loop);
    log_source_close(&w->log);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    enum why why;

    worker_pin(w);
    why = worker_open(w, w->loop.hub, w->loop.number);
    /* Posts go out on the sender's ring: without one there is nobody to wake control with. */
    if (w->loop.ring == NULL) {
        __atomic_store_n(&w->failed, true, __ATOMIC_RELEASE);
        return NULL;
    }
    worker_send(w, MESSAGE_STARTED, why, NULL);
    if (why == WHY_OK) {
        loop_run(&w->loop);
        worker_close(w);
    }
    __atomic_store_n(&w->has_ended, true, __ATOMIC_RELEASE);
    return NULL;
}

enum why worker_start(struct worker *w, struct hub *hub, uint32_t number, int cpu)
{
    pthread_attr_t attributes;
    int error;

    w->loop.hub = hub;
    w->loop.number = number;
    w->cpu = cpu;
    MUST(pthread_attr_init(&attributes) == 0);
    MUST(pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES) == 0);
    error = pthread_create(&w->thread, &attributes, worker_main, w);
    MUST(pthread_attr_destroy(&attributes) == 0);
    if (error == 0)
        return WHY_OK;
    snprintf(w->error, sizeof(w->error), "cannot start a thread: %s", strerror(error));
    return WHY_IO_NO_MEMORY;
}

void worker_join(struct worker *w)
{
    MUST(pthread_join(w->thread, NULL) == 0);
}
