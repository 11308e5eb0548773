/* log_batch.h - access records on their way from a worker to the writer: filled here, written there, given back.
 *
 * Layer:  worker.
 * Owner:  the worker's log_source; a batch in flight belongs to control until LOG_BATCH_BACK.
 * Bounds: LOG_BATCHES_N batches of LOG_BATCH_BYTES a worker; with all in flight records are dropped and counted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/why.h"

struct log_batch {
    struct list_node node;    /* the writer's queue */
    uint32_t         worker;  /* who gets it back   */
    uint32_t         bytes;
    uint64_t         began_ns;
    char             text[LOG_BATCH_BYTES];
};

struct log_source {
    struct log_batch *batches;            /* LOG_BATCHES_N, mapped             */
    struct log_batch *free[LOG_BATCHES_N];
    uint32_t          free_n;
    struct log_batch *filling;            /* or NULL                           */
};

MUST_CHECK enum why log_source_open(struct log_source *s, uint32_t worker);
void log_source_close(struct log_source *s);
/* Room for one record of LOG_RECORD_BYTES_MAX; NULL: all batches are in flight (drop and count). */
char *log_source_reserve(struct log_source *s, uint64_t now_ns);
void log_source_commit(struct log_source *s, uint32_t bytes);
/* The batch that should go now: full, or older than LOG_FLUSH_NS, or asked for; NULL: none. */
struct log_batch *log_source_ready(struct log_source *s, uint64_t now_ns, bool all);
void log_source_give_back(struct log_source *s, struct log_batch *b);
