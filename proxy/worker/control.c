/* control.c - see control.h. */
#include "worker/control.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "admin/management.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/must.h"
#include "worker/log_writer.h"
#include "worker/loop.h"
#include "worker/publisher.h"
#include "worker/worker.h"

enum control_state {
    CONTROL_STARTING = 0,
    CONTROL_SERVING,
    CONTROL_DRAINING,
    CONTROL_STOPPING,
};

struct control {
    struct loop       loop;
    struct hub        hub;
    struct publisher  publisher;
    struct log_writer log;
    struct management management;
    struct snapshot   own;            /* the management listener's */
    struct listener   own_listener;
    struct worker    *workers[WORKERS_MAX];
    const struct control_options *options;
    enum control_state state;
    int               signals;        /* signalfd */
    uint32_t          started_n, failed_n, taken_n, drained_n;
    bool              is_publishing;  /* some worker has not taken the newest yet */
    bool              must_reload;
    bool              refused;
    uint64_t          began_ns, rotate_ns;
    uint32_t          snapshots_left_n;
};

static void control_tell(struct control *ctl, uint32_t worker, enum message_kind kind, uint64_t value, void *moved)
{
    struct message m = { .kind = kind, .value = value, .moved = moved };
    enum why why = hub_send(&ctl->hub, ctl->hub.workers_n, worker, m);

    MUST(why == WHY_OK); /* Bounded by what a worker owes us: one snapshot, its own batches, two orders. */
}

static void control_tell_all(struct control *ctl, enum message_kind kind, uint64_t value, void *moved)
{
    for (uint32_t w = 0; w < ctl->hub.workers_n; w++)
        control_tell(ctl, w, kind, value, moved);
}

/* ---- configuration ---- */

static void control_use_log(struct control *ctl, const struct snapshot *s)
{
    int error = log_writer_use(&ctl->log, s->access_log.path);

    if (error != 0)
        log_error("access log '%.*s' cannot be opened: %s; records go where they went before", SPAN_FMT(s->access_log.path),
                  strerror(error));
}

/* false: refused, with sentences; nothing has changed. */
static bool control_publish(struct control *ctl)
{
    struct diag *diag = memory_map(sizeof(*diag));
    struct publication *pub = NULL;
    enum why why;

    if (diag == NULL)
        return false;
    diag_init(diag);
    why = publisher_prepare(&ctl->publisher, diag, &pub);
    diag_print(diag, STDERR_FILENO);
    if (why == WHY_OK) {
        control_use_log(ctl, pub->snapshot);
        ctl->is_publishing = true;
        ctl->taken_n = 0;
        control_tell_all(ctl, MESSAGE_SNAPSHOT_NEW, 0, pub);
    } else {
        log_error("configuration in %s was not taken: %u problems, see above%s", ctl->options->conf_dir, diag->errors_n,
                  ctl->state == CONTROL_STARTING ? "" : "; the old one keeps running");
        ctl->management.refused_n++;
    }
    memory_unmap(diag, sizeof(*diag));
    return why == WHY_OK;
}

static void control_reload(struct control *ctl)
{
    if (ctl->state != CONTROL_SERVING)
        return;
    if (ctl->is_publishing) {
        ctl->must_reload = true;
        return;
    }
    ctl->must_reload = false;
    (void)control_publish(ctl);
}

static void control_on_taken(struct control *ctl, enum why why, const struct publication *pub)
{
    if (why != WHY_OK) {
        log_error("a worker could not take generation %llu: %s", (unsigned long long)pub->snapshot->generation,
                  why_sentence(why));
        ctl->management.refused_n++;
    }
    if (++ctl->taken_n < ctl->hub.workers_n)
        return;
    ctl->is_publishing = false;
    ctl->management.generation = pub->snapshot->generation;
    if (ctl->state == CONTROL_STARTING) {
        struct control_facts facts = { .snapshot = pub->snapshot, .ring_profile = ring_profile(ctl->loop.ring)->name,
                                       .started_ms = (clock_mono_ns() - ctl->began_ns) / NS_PER_MS };
        facts.memory_bytes_max = loop_bytes_max(&ctl->loop);
        for (uint32_t w = 0; w < ctl->hub.workers_n; w++)
            facts.memory_bytes_max += loop_bytes_max(&ctl->workers[w]->loop);
        ctl->state = CONTROL_SERVING;
        ctl->management.is_ready = true;
        ctl->options->on_ready(ctl->options, &facts);
    } else {
        log_info("configuration generation %llu is live (%u documents, %u listeners, %u upstreams)",
                 (unsigned long long)pub->snapshot->generation, pub->snapshot->documents_n, pub->snapshot->listeners_n,
                 pub->snapshot->upstreams_n);
    }
    if (ctl->must_reload)
        control_reload(ctl);
}

/* ---- the end ---- */

static void control_drain(struct control *ctl)
{
    if (ctl->state == CONTROL_SERVING) {
        log_info("draining: new connections are refused, requests in progress have %llu s",
                 (unsigned long long)(ctl->options->drain_ns / NS_PER_S));
        ctl->state = CONTROL_DRAINING;
        ctl->management.is_ready = false;
        control_tell_all(ctl, MESSAGE_DRAIN, clock_mono_ns() + ctl->options->drain_ns, NULL);
    } else if (ctl->state == CONTROL_DRAINING) {
        log_info("asked again: cutting what is left");
        ctl->state = CONTROL_STOPPING;
        control_tell_all(ctl, MESSAGE_STOP, 0, NULL);
    }
}

static void control_on_drained(struct control *ctl, uint64_t cut_n)
{
    if (cut_n > 0)
        log_warn("%llu connections were cut at the deadline", (unsigned long long)cut_n);
    if (++ctl->drained_n < ctl->hub.workers_n || ctl->state == CONTROL_STOPPING)
        return;
    ctl->state = CONTROL_STOPPING;
    control_tell_all(ctl, MESSAGE_STOP, 0, NULL);
}

/* ---- what arrives ---- */

static void control_on_message(struct loop *l, const struct message *m)
{
    struct control *ctl = l->owner;

    switch ((enum message_kind)m->kind) {
    case MESSAGE_STARTED:
        if (m->value == WHY_OK)
            ctl->started_n++;
        else
            ctl->failed_n++;
        return;
    case MESSAGE_SNAPSHOT_TAKEN:
        control_on_taken(ctl, (enum why)m->value, m->moved);
        return;
    case MESSAGE_SNAPSHOT_LEFT:
        publisher_left(&ctl->publisher, m->moved);
        return;
    case MESSAGE_DRAINED:
        control_on_drained(ctl, m->value);
        return;
    case MESSAGE_LOG_BATCH:
        log_writer_push(&ctl->log, m->moved);
        return;
    case MESSAGE_NONE:
    case MESSAGE_SNAPSHOT_NEW:
    case MESSAGE_DRAIN:
    case MESSAGE_STOP:
    case MESSAGE_ADOPT:
    case MESSAGE_LOG_BATCH_BACK:
    case MESSAGE_N:
        break;
    }
    must_not_reach("control_on_message: not for control");
}

static void control_on_signal(struct control *ctl)
{
    struct signalfd_siginfo info;

    while (read(ctl->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            control_reload(ctl);
        else
            control_drain(ctl);
    }
}

static void control_on_event(struct loop *l, const struct ring_event *ev)
{
    struct control *ctl = l->owner;

    if (handle_kind(ev->handle) == HANDLE_FILE_WRITE) {
        struct log_batch *done = log_writer_on_event(&ctl->log, ev);

        ctl->management.log_failures_n = ctl->log.failures_n;
        if (done != NULL)
            control_tell(ctl, done->worker, MESSAGE_LOG_BATCH_BACK, 0, done);
        return;
    }
    MUST(handle_kind(ev->handle) == HANDLE_POLL);
    control_on_signal(ctl);
    if (!ev->more)
        ring_poll_in(l->ring, handle_of(HANDLE_POLL, 0, 0), ctl->signals);
}

static bool control_workers_ended(struct control *ctl)
{
    for (uint32_t w = 0; w < ctl->hub.workers_n; w++) {
        if (!__atomic_load_n(&ctl->workers[w]->has_ended, __ATOMIC_ACQUIRE))
            return false;
    }
    return true;
}

static void control_on_tick(struct loop *l)
{
    struct control *ctl = l->owner;

    if (l->shard.now_ns - ctl->rotate_ns > TLS_TICKET_ROTATE_S * NS_PER_S) {
        ctl->rotate_ns = l->shard.now_ns;
        tls_ticket_keys_rotate(ctl->publisher.ticket_keys);
    }
    if (ctl->state != CONTROL_STOPPING)
        return;
    l->wait_ns_max = DRAIN_LOOK_NS;
    if (!control_workers_ended(ctl))
        return;
    struct message last;
    while (hub_receive(&ctl->hub, ctl->hub.workers_n, &last)) /* Said between our look at the boxes and their end. */
        control_on_message(l, &last);
    loop_drain(l);
    (void)loop_cut(l);
    up_close_idle(&l->engine.ups);
    if (l->conns.conns.live_n == 0)
        l->must_stop = true;
}

static void control_on_snapshot_left(void *owner, struct snapshot *snapshot)
{
    struct control *ctl = owner;

    MUST(snapshot == &ctl->own);
    ctl->snapshots_left_n++;
}

static void control_on_record(void *owner, const struct exchange *x)
{
    UNUSED(owner);
    UNUSED(x); /* Requests to the management listener are the operator's own: not in the traffic log. */
}

/* ---- start ---- */

static bool control_open_signals(struct control *ctl)
{
    sigset_t set;

    MUST(sigemptyset(&set) == 0 && sigaddset(&set, SIGHUP) == 0 && sigaddset(&set, SIGTERM) == 0 && sigaddset(&set, SIGINT) == 0);
    MUST(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    ctl->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return ctl->signals >= 0;
}

static bool control_open_management(struct control *ctl)
{
    const struct listener *listeners[1] = { &ctl->own_listener };
    int fd, error = 0;

    ctl->own_listener = (struct listener){
        .name = SPAN_LIT("management"),
        .address = ctl->options->management,
        .is_management = true,
        .idle_timeout_ns = 60 * NS_PER_S,
        .head_timeout_ns = 10 * NS_PER_S,
    };
    ctl->own = (struct snapshot){ .listeners = &ctl->own_listener, .listeners_n = 1 };
    ctl->loop.engine.management = (struct service){ .answer = management_answer, .owner = &ctl->management };
    if (engine_swap(&ctl->loop.engine, &ctl->own, listeners, 1) != WHY_OK)
        return false;
    if (ctl->options->management.bytes_n == 0)
        return true;
    if (socket_listen(&ctl->options->management, LISTEN_BACKLOG, &fd, &error) != WHY_OK) {
        log_error("management address %s: cannot listen: %s", ctl->options->management_text, strerror(error));
        return false;
    }
    loop_listen(&ctl->loop, 0, fd, false);
    return true;
}

/* The n-th of the cores that we were given; -1 when there are not so many. */
static int control_cpu(uint32_t n)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((unsigned)cpu, &set) && n-- == 0)
            return cpu;
    }
    return -1;
}

static bool control_start_workers(struct control *ctl)
{
    for (uint32_t w = 0; w < ctl->hub.workers_n; w++) {
        ctl->workers[w] = memory_map(sizeof(struct worker));
        if (ctl->workers[w] == NULL)
            return false;
        if (worker_start(ctl->workers[w], &ctl->hub, w, ctl->options->is_pinned ? control_cpu(w) : -1) != WHY_OK) {
            log_error("worker %u: %s", w, ctl->workers[w]->error);
            return false;
        }
        ctl->management.threads[w] = (struct management_thread){ &ctl->workers[w]->loop.shard.counters,
                                                                 &ctl->workers[w]->loop.figures };
    }
    ctl->management.threads[ctl->hub.workers_n] = (struct management_thread){ &ctl->loop.shard.counters, &ctl->loop.figures };
    ctl->management.threads_n = ctl->hub.workers_n + 1;
    ctl->management.started_wall_ns = clock_wall_ns();
    return true;
}

/* Rings are opened on their threads; until all are, nobody can be woken, so this looks instead of waiting. */
static bool control_await_workers(struct control *ctl)
{
    uint64_t until_ns = clock_mono_ns() + STARTUP_MS_MAX * NS_PER_MS;
    struct ring_event events[RING_EVENTS_A_TICK];
    struct message m;

    while (ctl->started_n < ctl->hub.workers_n && clock_mono_ns() < until_ns) {
        uint32_t n = ring_wait(ctl->loop.ring, events, RING_EVENTS_A_TICK, NS_PER_MS, 1, 0);

        MUST(n <= RING_EVENTS_A_TICK); /* Wake-ups only: nothing else is armed yet. */
        while (hub_receive(&ctl->hub, ctl->hub.workers_n, &m))
            control_on_message(&ctl->loop, &m);
        for (uint32_t w = 0; w < ctl->hub.workers_n; w++) {
            if (ctl->failed_n == 0 && !__atomic_load_n(&ctl->workers[w]->failed, __ATOMIC_ACQUIRE))
                continue;
            log_error("worker %u did not start: %s", w, ctl->workers[w]->error);
            return false;
        }
    }
    return ctl->started_n == ctl->hub.workers_n;
}

static bool control_open(struct control *ctl)
{
    static const struct loop_hooks hooks = {
        .on_message = control_on_message,
        .on_event = control_on_event,
        .on_tick = control_on_tick,
    };
    char error[256] = "";
    uint32_t workers_n = ctl->options->workers_n;

    if (!control_open_signals(ctl) || hub_open(&ctl->hub, workers_n) != WHY_OK ||
        publisher_open(&ctl->publisher, ctl->options->conf_dir, ctl->options->state_dir, workers_n) != WHY_OK) {
        log_error("not enough memory or descriptors to start");
        return false;
    }
    ctl->loop.engine_hooks = (struct engine_hooks){ .on_snapshot_left = control_on_snapshot_left,
                                                    .on_record = control_on_record, .owner = ctl };
    if (loop_open(&ctl->loop, &ctl->hub, workers_n, &hooks, ctl, error, sizeof(error)) != WHY_OK) {
        log_error("%s", error[0] != 0 ? error : "not enough memory to start");
        return false;
    }
    log_writer_open(&ctl->log, ctl->loop.ring);
    /* Last, because waiting for workers throws away whatever else completes: a connection would be lost. */
    return control_start_workers(ctl) && control_await_workers(ctl) && control_open_management(ctl);
}

int control_run(const struct control_options *options)
{
    struct control *ctl = memory_map(sizeof(*ctl));

    if (ctl == NULL)
        return 1;
    ctl->options = options;
    ctl->began_ns = ctl->rotate_ns = clock_mono_ns();
    /* A start that fails ends the process: the kernel takes everything back. */
    if (!control_open(ctl) || !control_publish(ctl))
        return 1;
    ring_poll_in(ctl->loop.ring, handle_of(HANDLE_POLL, 0, 0), ctl->signals);
    loop_run(&ctl->loop);
    for (uint32_t w = 0; w < ctl->hub.workers_n; w++) {
        worker_join(ctl->workers[w]);
        memory_unmap(ctl->workers[w], sizeof(struct worker));
    }
    loop_close(&ctl->loop);
    log_writer_close(&ctl->log);
    publisher_close(&ctl->publisher);
    hub_close(&ctl->hub);
    memory_unmap(ctl, sizeof(*ctl));
    log_info("stopped");
    return 0;
}
