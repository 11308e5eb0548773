/* up.h - the upstreams of one worker: which endpoint, which connection, kept ones first.
 *
 * Layer:  up.
 * Owner:  the worker. An upstream whose digest did not change keeps its state and connections over a new snapshot; one that
 *         left is retired and goes when its last request and connection do.
 * Bounds: UPSTREAMS_MAX, UP_ENDPOINTS_MAX, UP_IDLE_CONNS_MAX of limits.h.
 * Thread: one. Balancing is per worker: each worker sees its own requests only (configuration reference says so).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/why.h"
#include "conf/snapshot.h"
#include "conn/conn.h"

struct up;

struct up_endpoint {
    struct up      *up;
    struct endpoint conf;       /* copied: the snapshot may go before we do   */
    char            text[48];   /* "127.0.0.1:9000", what conf.text points to */
    struct list     idle;       /* of conn.link: nothing on them, warm last   */
    struct list     shared;     /* of conn.link: HTTP/2, take more streams    */
    uint32_t        idle_n;
    uint32_t        conns_n;
    uint32_t        requests_n; /* in progress                                */
    int32_t         turn;       /* smooth weighted round robin                */
};

struct up {
    struct list_node    node;      /* in up_table.live or .retired */
    uint8_t             digest[32];
    char                name[256];
    char                server_name_text[256];
    struct span         server_name;
    enum up_protocol    protocol;
    enum balance        balance;
    uint64_t            connect_timeout_ns, idle_timeout_ns;
    struct tls_client  *tls;       /* of the newest snapshot that has it; NULL: cleartext */
    struct up_endpoint *endpoints[UP_ENDPOINTS_MAX];
    uint32_t            endpoints_n;
    uint32_t            holds_n;   /* epochs and exchanges      */
    uint32_t            conns_n;
    bool                is_retired;
};

struct up_table {
    struct conn_table *conns;
    struct pool        ups, endpoints;
    struct list        live, retired;
};

MUST_CHECK enum why up_table_open(struct up_table *t, struct conn_table *conns);
/* Pre: no holds, no connections. */
void up_table_close(struct up_table *t);

/* State for conf: the one that has its digest, else a new one. One hold. NULL: too many upstreams. */
struct up *up_hold_for(struct up_table *t, const struct upstream *conf, struct tls_client *tls);
void up_hold(struct up *u);
void up_drop(struct up_table *t, struct up *u);

/* Choose by the upstream's algorithm, not `avoid` if there is another. NULL: no endpoint. */
struct up_endpoint *up_pick(struct up *u, struct rng *rng, const struct up_endpoint *avoid);
/* A connection of ep with room for one more stream: kept, shared or new (it may still be connecting; its session takes
 * streams at once). */
MUST_CHECK enum why up_lend(struct up_table *t, struct up_endpoint *ep, struct span server_name, struct conn **out_conn,
                            bool *out_reused);
/* A request on ep is over and its stream has left c (NULL: the connection is gone): keep c for the next one, or let it end. */
void up_return(struct up_table *t, struct up_endpoint *ep, struct conn *c);
/* conn_hooks.on_gone for upstream connections. */
void up_on_gone(struct up_table *t, struct conn *c);
/* Close what is idle (drain). */
void up_close_idle(struct up_table *t);
