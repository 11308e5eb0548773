/* worker_world.h - a whole worker in a simulated world: its loop, the clients and upstreams around it, and the test in the
 * part of control.
 *
 * Method: the worker is turned tick by tick in the test's own thread. After each tick everything that must always hold is
 *         looked at (worker_check.c); what clients and upstreams see is judged by plans. At the end the worker is drained and
 *         stopped as control would do it, and everything must have come back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/access_log.h"
#include "io/ring_sim.h"
#include "sim/client.h"
#include "sim/origin.h"
#include "sim/plan.h"
#include "worker/publication.h"
#include "worker/worker.h"

enum {
    WORLD_CLIENTS_MAX = 16,
    WORLD_PUBS_MAX = 128,     /* configurations of one run        */
    WORLD_PORT = 8080,
    WORLD_PORT_ONE = 9001,    /* HTTP/1                           */
    WORLD_PORT_TWO = 9002,    /* HTTP/2                           */
    WORLD_PORT_THREE = 9003,  /* HTTP/1, in every other configuration one more endpoint */
    WORLD_PORT_DARK = 9009,   /* connects never complete          */
    WORLD_PORT_GONE = 9010,   /* nobody listens                   */
    WORLD_BATCHES_MAX = 64,
};

struct world_pub {
    struct publication *publication;
    bool                is_taken, has_left;
};

struct world {
    uint64_t             seed;
    struct hub           hub;
    struct ring         *control;    /* what a worker wakes           */
    struct worker       *worker;
    struct engine_hooks  own_hooks;  /* the worker's, behind ours     */
    struct plans         plans;
    struct client        clients[WORLD_CLIENTS_MAX];
    uint32_t             clients_n;
    struct origin        one, two, three;
    struct world_pub     pubs[WORLD_PUBS_MAX];
    uint32_t             pubs_n;
    struct access_format format;     /* of all snapshots              */
    struct log_batch    *batches[WORLD_BATCHES_MAX]; /* on their way back to the worker */
    uint32_t             batches_n;
    uint64_t             records_n, lines_n;
    uint64_t             ticks;
    uint64_t             wire_max, queue_max; /* most bytes that a connection, or an exchange, ever held */
    bool                 was_drained;
    bool                 is_cut;     /* connections were cut at the end of a drain */
};

/* A worker that serves its first configuration. odds NULL: a kind world. */
struct world *world_open(uint64_t seed, const struct ring_sim_odds *odds, const struct plan_mood *mood);
/* Upstreams begin to listen. leaves_idle: they close kept connections when they like. */
void world_open_origins(struct world *w, bool leaves_idle);
struct client *world_add_client(struct world *w, bool is_h2, uint32_t requests_n, uint32_t depth);
/* One turn of the worker, and of control. Everything that must hold is checked. */
void world_tick(struct world *w);
/* Turn until all clients are done. */
void world_run(struct world *w);
/* Publish another configuration. false: the last one has not been taken yet. */
bool world_swap(struct world *w);
/* As on SIGTERM. */
void world_drain(struct world *w, uint64_t within_ns);
/* Drain and stop the worker; nothing may be in progress then. */
void world_end(struct world *w);
/* Close everything, after the end; checks that nothing is left. */
void world_close(struct world *w);
/* Turn until so much time has passed. */
void world_pass(struct world *w, uint64_t ns);

/* worker_check.c: what must hold between two ticks. */
void world_check(struct world *w);
/* Say what the worker holds, for whoever looks for a fault. */
void world_print(const struct world *w);
/* Nothing is in progress. */
void world_check_quiet(struct world *w);
