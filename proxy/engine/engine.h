/* engine.h - requests of one worker: its routes in force, its exchanges, what they need from the layers below.
 *
 * Layer:  engine.
 * Owner:  the worker (or control, for the management listener) embeds one.
 * Bounds: EXCHANGES_MAX requests, EPOCHS_MAX configurations in use at once.
 * Thread: one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/shard.h"
#include "conf/snapshot.h"
#include "conn/conn.h"
#include "engine/service.h"
#include "up/up.h"

struct exchange;

/* A snapshot as this worker uses it. Held by the engine while it is the newest, and by each exchange that began with it. */
struct epoch {
    struct list_node       node;                         /* engine.epochs */
    struct snapshot       *snapshot;
    uint32_t               holds_n;
    uint32_t               ups_n;
    const struct listener *listeners[LISTENERS_MAX];     /* by the worker's slot; NULL: this one is gone */
    struct up             *ups[UPSTREAMS_A_SNAPSHOT_MAX];/* by the snapshot's index; NULL: no state to be had */
};

struct engine_hooks {
    /* Nothing of this worker uses the snapshot any more. */
    void (*on_snapshot_left)(void *owner, struct snapshot *snapshot);
    /* The exchange is complete; write its access record. */
    void (*on_record)(void *owner, const struct exchange *x);
    void *owner;
};

struct engine {
    struct shard       *shard;
    struct conn_table  *conns;
    struct up_table     ups;
    struct pool         exchanges, epochs_pool;
    struct list         epochs;
    struct epoch       *epoch;     /* newest; NULL before the first */
    const struct engine_hooks *hooks;
    struct service      management;/* answers listeners that are is_management; .answer NULL: none */
    struct service      echo;      /* answers for upstreams of protocol UP_ECHO */
    struct conn_hooks   conn_hooks;/* what conn gets from us */
    uint32_t            service_bodies_n; /* requests whose body is being taken in for a service */
    bool                is_draining;
};

MUST_CHECK enum why engine_open(struct engine *e, struct shard *shard, struct conn_table *conns, const struct engine_hooks *hooks);
/* Pre: no exchange is live. */
void engine_close(struct engine *e);

/* Take up a snapshot: later exchanges use it. listeners: by the worker's slot. Errors: WHY_POOL_EPOCH_EMPTY, the old one stays. */
MUST_CHECK enum why engine_swap(struct engine *e, struct snapshot *snapshot, const struct listener *const *listeners,
                                uint32_t listeners_n);
void epoch_drop(struct engine *e, struct epoch *epoch);

/* The listener behind a client connection now; NULL when the configuration no longer has it. */
static inline const struct listener *engine_listener(const struct epoch *epoch, uint32_t slot)
{
    return slot < LISTENERS_MAX ? epoch->listeners[slot] : NULL;
}
