/* log_writer.h - access records to a file or stderr: one write in flight, in the order they came.
 *
 * Layer:  worker.
 * Owner:  control.
 * Bounds: at most all batches of all workers are queued; workers drop records when theirs are all in flight.
 * Thread: control's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/span.h"
#include "io/ring.h"
#include "worker/log_batch.h"

struct log_writer {
    struct ring      *ring;
    struct list       queue;
    struct log_batch *writing;
    uint32_t          written_bytes; /* of writing      */
    int               fd;            /* -1: nowhere     */
    char              path[4096];    /* "" = stderr     */
    uint64_t          failures_n;
};

void log_writer_open(struct log_writer *w, struct ring *ring);
void log_writer_close(struct log_writer *w);
/* (Re)open: another path, or the same after a rotation. Answers 0 or an errno; the old file stays in use on failure. */
int log_writer_use(struct log_writer *w, struct span path);
void log_writer_push(struct log_writer *w, struct log_batch *b);
/* A write completed: the batch that is done with, to be given back to its worker; NULL: none yet. */
struct log_batch *log_writer_on_event(struct log_writer *w, const struct ring_event *ev);
bool log_writer_is_idle(const struct log_writer *w);
