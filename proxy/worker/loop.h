/* loop.h - one thread's turn: completions, ready list, deadlines, messages; the same for workers and control.
 *
 * Layer:  worker.
 * Owner:  worker.c and control.c embed one each.
 * Thread: one.
 *
 * One tick, in this order, each stage bounded: submit and wait -> copy completions out -> give each to its owner -> run the
 * ready list -> expire timers -> read mailboxes. Nothing is stepped from within a step.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "admin/management.h"
#include "base/shard.h"
#include "conn/conn.h"
#include "engine/engine.h"
#include "io/ring.h"
#include "worker/hub.h"

struct loop;

/* A listening socket of this thread. Its number is what a connection remembers. */
struct loop_listener {
    int      fd;
    uint32_t generation;
    bool     is_open;        /* accepting                                     */
    bool     is_armed;       /* the kernel has the accept                     */
    bool     is_tls;
    uint32_t clients_n;      /* live connections of it on this thread         */
};

struct loop_hooks {
    void (*on_message)(struct loop *l, const struct message *m);
    /* A completion that is neither a connection's nor a listener's (files, polls). NULL: none expected. */
    void (*on_event)(struct loop *l, const struct ring_event *ev);
    /* Once a tick, after everything: flush logs and the like. NULL-able. */
    void (*on_tick)(struct loop *l);
    /* Give an accepted descriptor to another thread; true: taken. NULL-able. */
    bool (*may_pass)(struct loop *l, int fd, uint32_t listener);
};

struct loop {
    struct shard        shard;
    struct ring        *ring;
    struct conn_table   conns;
    struct engine       engine;
    struct engine_hooks engine_hooks;
    struct list         clients;     /* of conn.link */
    struct loop_listener listeners[LISTENERS_MAX];
    struct hub         *hub;
    const struct loop_hooks *hooks;
    uint32_t            number;      /* thread number in the hub */
    struct thread_figures figures;   /* for the management listener */
    const struct pool  *pools[MANAGEMENT_POOLS_MAX];
    uint64_t            told_ns;     /* when they were last told     */
    uint64_t            accept_after_ns; /* accepting pauses until then; 0: it does not */
    uint64_t            wait_ns_max; /* somebody wants a tick at least so often */
    uint32_t            busy;        /* completions of the last tick: how much to batch in the next */
    bool                is_draining;
    bool                must_stop;
    void               *owner;
};

/* Called on the thread that will run it. out_error: a sentence. */
MUST_CHECK enum why loop_open(struct loop *l, struct hub *hub, uint32_t number, const struct loop_hooks *hooks, void *owner,
                              char *out_error, uint32_t out_error_bytes);
void loop_close(struct loop *l);
/* The thread's share of the memory budget: every slot of every pool, and all receive buffers. */
uint64_t loop_bytes_max(const struct loop *l);
/* Until must_stop. */
void loop_run(struct loop *l);
/* One turn of it. */
void loop_tick(struct loop *l);
/* Accept on fd from now on, as listener number slot. */
void loop_listen(struct loop *l, uint32_t slot, int fd, bool is_tls);
/* Stop accepting; the socket is closed when the kernel lets go of it. */
void loop_unlisten(struct loop *l, uint32_t slot);
/* Serve an accepted descriptor. */
void loop_adopt(struct loop *l, int fd, uint32_t slot);
/* No new connections; those that are idle end, the others when their request is done. */
void loop_drain(struct loop *l);
/* Cut what is left; answers how many. */
uint32_t loop_cut(struct loop *l);
