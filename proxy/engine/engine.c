/* engine.c - see engine.h. */
#include "engine/engine.h"

#include <string.h>

#include "base/must.h"
#include "engine/echo.h"
#include "engine/exchange.h"

enum why engine_open(struct engine *e, struct shard *shard, struct conn_table *conns, const struct engine_hooks *hooks)
{
    enum why why;

    memset(e, 0, sizeof(*e));
    e->shard = shard;
    e->conns = conns;
    e->hooks = hooks;
    list_init(&e->epochs);
    e->echo.answer = echo_answer;
    if ((why = pool_open(&e->exchanges, "exchange", sizeof(struct exchange), EXCHANGES_MAX)) != WHY_OK)
        return why;
    if ((why = pool_open(&e->epochs_pool, "epoch", sizeof(struct epoch), EPOCHS_MAX)) != WHY_OK)
        return why;
    return up_table_open(&e->ups, conns);
}

void engine_close(struct engine *e)
{
    if (e->epoch != NULL) {
        struct epoch *last = e->epoch;
        e->epoch = NULL;
        epoch_drop(e, last);
    }
    MUST(e->exchanges.live_n == 0);
    pool_close(&e->exchanges);
    pool_close(&e->epochs_pool);
    up_table_close(&e->ups);
}

void epoch_drop(struct engine *e, struct epoch *epoch)
{
    struct snapshot *snapshot = epoch->snapshot;

    MUST(epoch->holds_n > 0);
    if (--epoch->holds_n > 0)
        return;
    for (uint32_t i = 0; i < epoch->ups_n; i++) {
        if (epoch->ups[i] != NULL)
            up_drop(&e->ups, epoch->ups[i]);
    }
    list_remove(&epoch->node);
    pool_give(&e->epochs_pool, epoch);
    e->hooks->on_snapshot_left(e->hooks->owner, snapshot);
}

enum why engine_swap(struct engine *e, struct snapshot *snapshot, const struct listener *const *listeners, uint32_t listeners_n)
{
    struct epoch *old = e->epoch, *epoch = pool_take(&e->epochs_pool);

    MUST(listeners_n <= LISTENERS_MAX && snapshot->upstreams_n <= UPSTREAMS_A_SNAPSHOT_MAX);
    if (epoch == NULL)
        return WHY_POOL_EPOCH_EMPTY;
    epoch->snapshot = snapshot;
    epoch->holds_n = 1;
    for (uint32_t i = 0; i < listeners_n; i++)
        epoch->listeners[i] = listeners[i];
    epoch->ups_n = snapshot->upstreams_n;
    for (uint32_t i = 0; i < snapshot->upstreams_n; i++) {
        struct tls_client *tls = snapshot->tls_clients != NULL ? snapshot->tls_clients[e->shard->id][i] : NULL;

        epoch->ups[i] = up_hold_for(&e->ups, &snapshot->upstreams[i], tls);
    }
    list_push(&e->epochs, &epoch->node);
    e->epoch = epoch;
    if (old != NULL)
        epoch_drop(e, old);
    return WHY_OK;
}
