/* record.h - one finished request as an access record.
 *
 * Layer:  worker.
 * Thread: the worker's.
 */
#pragma once

struct loop;
struct log_source;
struct exchange;
struct timestamp_cache;

/* Format into the worker's batch, if the configuration that the request began with wants records. */
void record_write(struct loop *l, struct log_source *source, struct timestamp_cache *stamps, const struct exchange *x);
