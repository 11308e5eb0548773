/* control.c - see control.h. */
#include "worker/control.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "admin/api.h"
#include "admin/keeper.h"
#include "admin/management.h"
#include "admin/source.h"
#include "admin/testing.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/must.h"
#include "up/fetch.h"
#include "up/resolver.h"
#include "worker/control_listeners.h"
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
    struct keeper    *keeper;
    struct resolver   resolver;
    struct fetch_table fetches;       /* requests of our own */
    struct sources    sources;
    struct log_writer log;
    struct management management;
    struct api        api;
    struct control_listeners own;
    struct worker    *workers[WORKERS_MAX];
    const struct control_options *options;
    enum control_state state;
    int               signals;        /* signalfd */
    uint32_t          started_n, failed_n, drained_n;
    uint32_t          publishing_n;   /* publications that some worker has not taken yet */
    bool              must_reload;
    uint64_t          began_ns, rotate_ns, look_ns;
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

static enum why control_on_prepare(void *owner, struct snapshot *snapshot, struct diag *diag, void **out)
{
    struct control *ctl = owner;
    struct publication *pub = NULL;
    enum why why = publisher_prepare(&ctl->publisher, snapshot, diag, &pub);

    if (why == WHY_OK)
        *out = pub;
    return why;
}

static void control_on_publish(void *owner, void *prepared)
{
    struct control *ctl = owner;
    struct publication *pub = prepared;

    publisher_publish(&ctl->publisher, pub);
    control_use_log(ctl, pub->snapshot);
    ctl->publishing_n++;
    control_tell_all(ctl, MESSAGE_SNAPSHOT_NEW, 0, pub);
}

static void control_on_discard(void *owner, void *prepared)
{
    struct control *ctl = owner;

    publisher_discard(&ctl->publisher, prepared);
}

/* What came of it, printed; true when it was taken. */
static bool control_say(struct control *ctl, const struct keeper_result *r, const char *what)
{
    if (r == NULL) {
        log_error("not enough memory to read a configuration");
        ctl->management.refused_n++;
        return false;
    }
    diag_print(&r->diag, STDERR_FILENO);
    if (r->why == WHY_OK)
        return true;
    log_error("%s was not taken (%s): %u problems, see above%s", what, why_name(r->why), r->diag.errors_n,
              ctl->state == CONTROL_STARTING ? "" : "; the old one keeps running");
    ctl->management.refused_n++;
    return false;
}

/* Publish what is in force once more: files that documents name may have changed, and a start has published nothing yet. */
static bool control_refresh(struct control *ctl)
{
    struct keeper_result *r = keeper_refresh(ctl->keeper);
    bool is_taken = control_say(ctl, r, "the configuration in force");

    keeper_result_close(r);
    return is_taken;
}

/* What the folder says, if it says something new. false: refused, with sentences; nothing has changed. */
static bool control_read_folder(struct control *ctl, const char *reason)
{
    struct keeper_change change = { .dir = ctl->options->conf_dir, .source = "dir", .replaces_source = true, .author = "forged",
                                    .reason = reason };
    struct keeper_result *r = keeper_apply(ctl->keeper, &change);
    char what[4160];
    bool is_taken, is_unchanged;

    snprintf(what, sizeof(what), "configuration in %s", ctl->options->conf_dir);
    is_taken = control_say(ctl, r, what);
    is_unchanged = is_taken && r->is_unchanged;
    keeper_result_close(r);
    return is_unchanged ? control_refresh(ctl) : is_taken;
}

/* false: there is nothing to serve. */
static bool control_publish_first(struct control *ctl)
{
    struct keeper_status status;

    keeper_status(ctl->keeper, &status);
    if (ctl->options->conf_dir == NULL && status.generation == 0 && status.store_why != WHY_OK) {
        log_error("there is nothing to serve: the store cannot be used, see above, and there is no --config DIR");
        return false;
    }
    if (ctl->options->conf_dir == NULL)
        return control_refresh(ctl);
    if (control_read_folder(ctl, "start"))
        return true;
    if (keeper_current(ctl->keeper) == 0)
        return false;
    log_warn("starting with generation %llu, the last good one", (unsigned long long)keeper_current(ctl->keeper));
    return control_refresh(ctl);
}

static void control_reload(struct control *ctl)
{
    if (ctl->state != CONTROL_SERVING)
        return;
    if (ctl->publishing_n > 0) {
        ctl->must_reload = true;
        return;
    }
    ctl->must_reload = false;
    if (ctl->options->conf_dir != NULL)
        (void)control_read_folder(ctl, "SIGHUP");
    else
        (void)control_refresh(ctl);
}

static void control_tell_ready(struct control *ctl, const struct publication *pub)
{
    struct control_facts facts = { .snapshot = pub->snapshot, .ring_profile = ring_profile(ctl->loop.ring)->name,
                                   .started_ms = (clock_mono_ns() - ctl->began_ns) / NS_PER_MS };

    facts.admin_socket = ctl->own.socket_path[0] != 0 ? ctl->own.socket_path : NULL;
    facts.memory_bytes_max = loop_bytes_max(&ctl->loop);
    for (uint32_t w = 0; w < ctl->hub.workers_n; w++)
        facts.memory_bytes_max += loop_bytes_max(&ctl->workers[w]->loop);
    ctl->state = CONTROL_SERVING;
    ctl->management.is_ready = true;
    ctl->options->on_ready(ctl->options, &facts);
}

static void control_on_taken(struct control *ctl, enum why why, struct publication *pub)
{
    if (why != WHY_OK) {
        log_error("a worker could not take generation %llu: %s", (unsigned long long)pub->snapshot->generation,
                  why_sentence(why));
        ctl->management.refused_n++;
    }
    if (++pub->taken_n < ctl->hub.workers_n)
        return;
    ctl->publishing_n--;
    ctl->management.generation = pub->snapshot->generation;
    ctl->management.snapshot = pub->left_n == 0 ? pub->snapshot : NULL;
    ctl->management.published_n++;
    keeper_on_live(ctl->keeper, pub->snapshot->generation);
    if (ctl->state == CONTROL_STARTING)
        control_tell_ready(ctl, pub);
    else
        log_info("configuration generation %llu is live (%u documents, %u listeners, %u upstreams)",
                 (unsigned long long)pub->snapshot->generation, pub->snapshot->documents_n, pub->snapshot->listeners_n,
                 pub->snapshot->upstreams_n);
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
        if (ctl->management.snapshot == m->moved)
            ctl->management.snapshot = NULL; /* Its counts may go with it; the next one is on its way. */
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
    if (handle_kind(ev->handle) == HANDLE_RESOLVE) {
        resolver_on_event(&ctl->resolver, ev);
        return;
    }
    if (handle_kind(ev->handle) == HANDLE_CHILD) {
        sources_on_event(&ctl->sources, ev);
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

static void control_tell_store(struct control *ctl)
{
    struct keeper_status status;

    keeper_status(ctl->keeper, &status);
    ctl->management.store_is_good = status.store_why == WHY_OK;
    ctl->management.store_generations_n = status.generations_n;
    ctl->management.store_bytes = status.store_bytes;
}

static void control_on_tick(struct loop *l)
{
    struct control *ctl = l->owner;

    if (l->shard.now_ns - ctl->rotate_ns > TLS_TICKET_ROTATE_S * NS_PER_S) {
        ctl->rotate_ns = l->shard.now_ns;
        tls_ticket_keys_rotate(ctl->publisher.ticket_keys);
    }
    if (l->shard.now_ns - ctl->look_ns > NS_PER_S) {
        ctl->look_ns = l->shard.now_ns;
        keeper_on_tick(ctl->keeper, l->shard.now_ns);
        control_tell_store(ctl);
    }
    api_on_tick(&ctl->api);
    if (ctl->state == CONTROL_SERVING)
        sources_refresh(&ctl->sources);
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
    sources_end(&ctl->sources);
    if (l->conns.conns.live_n == 0 && ctl->resolver.asks.live_n == 0 && sources_have_ended(&ctl->sources))
        l->must_stop = true;
}

static void control_on_snapshot_left(void *owner, struct snapshot *snapshot)
{
    struct control *ctl = owner;

    MUST(snapshot == &ctl->own.snapshot);
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

/* The engine of this thread has one service for all its listeners: whose request is it? */
static enum why control_admit(void *owner, const struct service_call *call, uint32_t *out_body_bytes_max, struct service_answer *out)
{
    struct control *ctl = owner;

    return control_listeners_is_admin(call->listener) ? api_admit(&ctl->api, call, out_body_bytes_max, out)
                                                      : management_admit(&ctl->management, call, out_body_bytes_max, out);
}

static enum why control_answer(void *owner, const struct service_call *call, struct service_answer *out)
{
    struct control *ctl = owner;

    return control_listeners_is_admin(call->listener) ? api_answer(&ctl->api, call, out) : management_answer(&ctl->management, call, out);
}

static bool control_open_management(struct control *ctl)
{
    char error[256] = "";

    if (!api_open(&ctl->api, &ctl->loop.engine, ctl->keeper, &ctl->management, ctl->options->state_dir, error, sizeof(error)) ||
        !control_listeners_open(&ctl->own, ctl->options, &ctl->loop, ctl->publisher.ticket_keys, error, sizeof(error))) {
        log_error("%s", error);
        return false;
    }
    ctl->loop.engine.management = (struct service){ .answer = control_answer, .admit = control_admit, .owner = ctl };
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

static bool control_open_keeper(struct control *ctl)
{
    const struct control_options *o = ctl->options;
    struct keeper_options options = {
        .state_dir = o->state_dir,
        .files_dir = o->conf_dir != NULL ? o->conf_dir : o->state_dir,
        .hooks = { .owner = ctl, .prepare = control_on_prepare, .publish = control_on_publish, .discard = control_on_discard },
        .on_test = testing_run,
    };

    ctl->keeper = keeper_open(&options);
    return ctl->keeper != NULL;
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
        publisher_open(&ctl->publisher, workers_n) != WHY_OK || !control_open_keeper(ctl)) {
        log_error("not enough memory or descriptors to start");
        return false;
    }
    ctl->loop.engine_hooks = (struct engine_hooks){ .on_snapshot_left = control_on_snapshot_left,
                                                    .on_record = control_on_record, .owner = ctl };
    if (loop_open(&ctl->loop, &ctl->hub, workers_n, &hooks, ctl, error, sizeof(error)) != WHY_OK) {
        log_error("%s", error[0] != 0 ? error : "not enough memory to start");
        return false;
    }
    if (resolver_open(&ctl->resolver, &ctl->loop.shard, ctl->loop.ring, NULL, NULL) != WHY_OK ||
        fetch_table_open(&ctl->fetches, &ctl->loop.shard, &ctl->loop.engine.ups, &ctl->resolver) != WHY_OK ||
        sources_open(&ctl->sources, &ctl->loop.shard, ctl->loop.ring, ctl->keeper, &ctl->fetches) != WHY_OK) {
        log_error("not enough memory to start");
        return false;
    }
    ctl->management.sources = &ctl->sources;
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
    if (!control_open(ctl) || !control_publish_first(ctl))
        return 1;
    ring_poll_in(ctl->loop.ring, handle_of(HANDLE_POLL, 0, 0), ctl->signals);
    loop_run(&ctl->loop);
    for (uint32_t w = 0; w < ctl->hub.workers_n; w++) {
        worker_join(ctl->workers[w]);
        memory_unmap(ctl->workers[w], sizeof(struct worker));
    }
    sources_close(&ctl->sources);
    fetch_table_close(&ctl->fetches);
    resolver_close(&ctl->resolver);
    loop_close(&ctl->loop);
    control_listeners_close(&ctl->own);
    log_writer_close(&ctl->log);
    keeper_close(ctl->keeper);
    publisher_close(&ctl->publisher);
    hub_close(&ctl->hub);
    memory_unmap(ctl, sizeof(*ctl));
    log_info("stopped");
    return 0;
}
