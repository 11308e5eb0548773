/* worker.h - a thread that serves traffic: one core, one ring, nothing shared.
 *
 * Layer:  worker.
 * Owner:  control starts and joins it.
 * Thread: its own; control only reads counters and pool figures (relaxed).
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/timestamp.h"
#include "worker/log_batch.h"
#include "worker/loop.h"

struct publication;

struct worker {
    struct loop          loop;
    pthread_t            thread;
    int                  cpu;             /* -1: not pinned                            */
    struct log_source    log;
    struct timestamp_cache stamps;
    uint64_t             drain_until_ns;  /* 0: not draining                           */
    bool                 drained_told;
    bool                 is_stopping;
    uint32_t             cut_n;
    bool                 has_ended;       /* told to control: nothing of it runs any more */
    bool                 failed;          /* its ring could not be opened: read by control while it waits */
    char                 error[256];      /* why it did not start                      */
};

/* Everything of a worker but its thread: the simulation runs one without. Errors: as loop_open; sentence in w->error. */
MUST_CHECK enum why worker_open(struct worker *w, struct hub *hub, uint32_t number);
/* Pre: its loop has stopped. */
void worker_close(struct worker *w);

/* Start the thread; it answers STARTED when its ring is open (value: enum why, error filled). */
MUST_CHECK enum why worker_start(struct worker *w, struct hub *hub, uint32_t number, int cpu);
void worker_join(struct worker *w);
