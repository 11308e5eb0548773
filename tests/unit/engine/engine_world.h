/* engine_world.h - a whole engine with clients and upstreams that tests script, in the simulated world.
 *
 * Method: tests/lib/conn_lab.h with exchanges, upstreams and a snapshot of documents; endings are written down as records.
 */
#pragma once

#include <stdlib.h>

#include "lib/conn_lab.h"
#include "unit/conf/conf_check.h"

#include "engine/engine.h"
#include "engine/exchange.h"

enum { WORLD_PORT_ONE = 9001, WORLD_PORT_TWO = 9002, WORLD_PORT_DARK = 9009 };

#define WORLD_GATEWAY(listener) "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP" listener "}]}}\n"
#define WORLD_UPSTREAM(name, endpoints)                                                                                \
    "---\n{type: MeshExternalService, name: " name ", spec: {match: {port: 80, protocol: http}, endpoints: [" endpoints "]}}\n" \
    "---\n{type: ForgeUpstream, name: " name ", spec: {targetRef: {kind: MeshExternalService, name: " name "}," \
    " connectTimeout: 500ms, idleTimeout: 2s}}\n"
#define WORLD_ENDPOINT(port) "{address: 127.0.0.1, port: " port "}"
#define WORLD_RULE(name, path, rule)                                                                                   \
    "---\n{type: MeshHTTPRoute, name: " name ", spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{path: {type: PathPrefix," \
    " value: " path "}}], default: {" rule "}}]}]}}\n"
#define WORLD_ROUTE(name, path, service) WORLD_RULE(name, path, "backendRefs: [{kind: MeshExternalService, name: " service "}]")
#define WORLD_TIMEOUTS(request, idle)                                                                                  \
    "---\n{type: MeshTimeout, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: " request \
    ", streamIdleTimeout: " idle "}}}]}}\n"
#define WORLD_PEDANT "---\n{type: ForgeTestPolicies, name: p, spec: {pedant: true, chopSeed: 7}}\n"
/* What most tests need: / goes to one upstream. */
#define WORLD_USUAL WORLD_GATEWAY("") WORLD_UPSTREAM("one", WORLD_ENDPOINT("9001")) WORLD_ROUTE("all", "/", "one") WORLD_PEDANT

struct world {
    struct lab          lab;
    struct engine       e;
    struct engine_hooks hooks;
    struct conn_hooks   conn_hooks;
    int                 origin;      /* listens on WORLD_PORT_ONE; -1: does not */
    uint32_t            records_n;
    enum why            why;         /* of the last record                      */
    uint16_t            status;      /* ... and what the client was answered; 0: nothing */
    uint8_t             tries_n;
    uint32_t            left_n;      /* snapshots                               */
    uint32_t            queue_max;   /* most bytes that an exchange ever held   */
    char               *text;        /* LAB_TEXT_BYTES                          */
};

static inline void world_on_record(void *owner, const struct exchange *x)
{
    struct world *w = owner;

    w->records_n++;
    w->why = (enum why)x->why;
    w->status = x->has_answered ? x->response.status : 0;
    w->tries_n = x->tries_n;
}

/* Its memory is gone from here on: any use, and a second leaving, would crash. */
static inline void world_on_left(void *owner, struct snapshot *s)
{
    struct world *w = owner;

    w->left_n++;
    conf_free(s);
}

static inline void world_on_task(void *owner, struct task *t)
{
    struct world *w = owner;
    struct exchange *x = container_of(t, struct exchange, task);
    uint32_t bytes = x->down.rx.bytes + x->down.tx.bytes + x->up.rx.bytes + x->up.tx.bytes;

    if (bytes > w->queue_max)
        w->queue_max = bytes;
    exchange_step(&w->e, x);
}

static inline void world_on_timer(void *owner, struct timer *t)
{
    exchange_on_timer(&((struct world *)owner)->e, container_of(t, struct exchange, timer));
}

static inline void world_on_gone(void *owner, struct conn *c)
{
    struct world *w = owner;

    if (c->is_client)
        list_remove(&c->link);
    else
        up_on_gone(&w->e.ups, c);
}

static inline struct conn_timeouts world_timeouts(void *owner, const struct conn *c)
{
    UNUSED(owner);
    UNUSED(c);
    return (struct conn_timeouts){ .idle_ns = 3600 * NS_PER_S, .head_ns = 10 * NS_PER_S };
}

static inline enum conn_proxy world_proxy(void *owner, const struct conn *c)
{
    UNUSED(owner);
    UNUSED(c);
    return CONN_PROXY_NONE;
}

/* Take documents up; its listeners are the first one of them. */
static inline enum why world_swap(struct world *w, const char *documents)
{
    struct snapshot *s = conf_check_load(documents);
    const struct listener *listeners[1] = { &s->listeners[0] };
    enum why why = engine_swap(&w->e, s, listeners, 1);

    if (why != WHY_OK)
        conf_free(s);
    return why;
}

static inline struct world *world_open(const char *documents, const struct ring_sim_odds *odds)
{
    struct world *w = calloc(1, sizeof(*w));
    struct socket_address addr = ring_sim_address(WORLD_PORT_ONE);

    CHECK(w != NULL && (w->text = malloc(LAB_TEXT_BYTES)) != NULL, "no memory\n");
    w->conn_hooks = (struct conn_hooks){ .sessions = { .stream_open = exchange_open, .owner = &w->e }, .timeouts = world_timeouts,
                                         .on_gone = world_on_gone, .proxy = world_proxy, .owner = w };
    w->hooks = (struct engine_hooks){ .on_snapshot_left = world_on_left, .on_record = world_on_record, .owner = w };
    w->lab.on_task = world_on_task;
    w->lab.on_timer = world_on_timer;
    w->lab.owner = w;
    lab_open(&w->lab, &w->conn_hooks, odds);
    ring_sim_silence(WORLD_PORT_DARK);
    CHECK(engine_open(&w->e, &w->lab.shard, &w->lab.conns, &w->hooks) == WHY_OK, "no memory\n");
    if (documents != NULL)
        CHECK(world_swap(w, documents) == WHY_OK, "documents\n");
    w->origin = ring_sim_peer_listen(&addr);
    return w;
}

static inline void world_close(struct world *w)
{
    up_close_idle(&w->e.ups);
    lab_end(&w->lab);
    CHECK(w->e.exchanges.live_n == 0, "%u exchanges never end\n", w->e.exchanges.live_n);
    engine_close(&w->e);
    lab_close(&w->lab);
    free(w->text);
    free(w);
}

/* The upstream's side of the connection that was made last. */
static inline int world_accept(struct world *w)
{
    lab_run(&w->lab);
    int up = ring_sim_peer_accept(w->origin);
    CHECK(up >= 0, "the upstream is not asked\n");
    return up;
}

/* What came for peer must begin with that. */
static inline int32_t world_expect(struct world *w, int peer, const char *begins)
{
    int32_t end = lab_read(&w->lab, peer, w->text);

    CHECK(strstr(w->text, begins) == w->text, "not %s but: %s\n", begins, w->text);
    return end;
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a.example\r\n\r\n"
