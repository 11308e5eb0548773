/* exchange.h - one request and its answer, from the first byte of its head to its access record.
 *
 * Layer:  engine.
 * Owner:  the engine's pool. Ends itself: ENDED retires the slot at once.
 * Bounds: EXCHANGE_ARENA_BYTES_MAX; bodies by the watermarks of stream.h's queues.
 * Thread: one.
 *
 *   AWAIT_HEAD -> AWAIT_POLICY -> AWAIT_ANSWER -> AWAIT_STREAMS -> AWAIT_FLUSH -> ENDED
 *        \--------> AWAIT_BODY (built-in services) ----------------^
 *                       \--> AWAIT_SERVICE (later, or a stream) ---/
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/task.h"
#include "base/wheel.h"
#include "base/why.h"
#include "http/stream.h"
#include "policy/policy.h"
#include "proto/request_id.h"

struct engine;
struct epoch;
struct route;
struct listener;
struct service;
struct service_answer;
struct service_work;
struct socket_address;
struct up;
struct up_endpoint;
struct upstream;
struct virtual_host;

enum exchange_state {
    EXCHANGE_FREE = 0,
    EXCHANGE_AWAIT_HEAD,     /* the client's head                                           */
    EXCHANGE_AWAIT_POLICY,   /* a policy holds the request                                  */
    EXCHANGE_AWAIT_BODY,     /* a built-in service wants the whole request first            */
    EXCHANGE_AWAIT_SERVICE,  /* a built-in service answers later, or goes on answering      */
    EXCHANGE_AWAIT_ANSWER,   /* the upstream's head; the request's body flows meanwhile      */
    EXCHANGE_AWAIT_STREAMS,  /* bodies                                                      */
    EXCHANGE_AWAIT_FLUSH,    /* the answer's end is queued; the session takes it            */
    EXCHANGE_ENDED,
    EXCHANGE_STATES_N
};

enum {
    EXCHANGE_CLIENT_BYTES = 48,
    SHADOW_SAID_TIMEOUT = 1 << 30,
};

/* What shadows would have done. */
struct exchange_shadow {
    const struct route *route; /* where shadow routes would have led it; NULL: nowhere else                    */
    uint32_t            said;  /* places in the chain whose shadow would have refused, and SHADOW_SAID_TIMEOUT */
    uint16_t            why;   /* enum why: the first that a shadow would have ended it with                   */
};

struct exchange {
    struct task          task;     /* TASK_EXCHANGE */
    struct timer         timer;    /* TASK_EXCHANGE */
    uint8_t              state;    /* enum exchange_state */
    uint8_t              tries_n;  /* connections tried */
    uint8_t              chain_at; /* policies started; on_end is due to each                               */
    uint8_t              refused_at; /* place in the chain of the policy that refused, from 1; 0: none did    */
    uint16_t             why;      /* enum why: how it ended; WHY_OK: as it should */
    bool                 has_answered : 1;  /* a final head went to the client */
    bool                 is_local : 1;      /* the answer is our own */
    bool                 interim_flying : 1;
    bool                 up_was_reused : 1;
    bool                 is_tls : 1;
    bool                 has_body_policy : 1;
    bool                 chain_is_held : 1;  /* the last one started holds, and is asked again */
    bool                 is_recorded : 1;

    struct stream        down, up;
    struct arena         arena;
    struct head          request, response;
    struct head          request_trailers, response_trailers;

    struct epoch         *epoch;
    const struct listener *listener;
    const struct route   *route;
    const struct service *service;
    struct service_work  *work;         /* of services that admit; NULL: none */
    struct up            *upstream;     /* held */
    struct up_endpoint   *endpoint;     /* counted in its requests_n while up is bound */
    uint8_t              *chain_state;  /* policies' blocks */

    uint64_t             began_ns;      /* head complete */
    uint64_t             asked_ns;      /* whole request here: the request timeout runs from then on; 0: not yet */
    uint64_t             began_wall_ns;
    uint64_t             up_began_ns, up_head_ns;
    uint64_t             progress_ns;   /* a body byte moved */
    uint64_t             request_body_bytes, response_body_bytes;
    char                 id[REQUEST_ID_BYTES];
    char                 client[EXCHANGE_CLIENT_BYTES];
    uint8_t              client_len;
    uint16_t             client_port;
    struct exchange_shadow shadow;
    struct span          target;        /* as the client wrote it, for the record */
    struct span          authority;
};

/* session_hooks.stream_open: a place for a new request; NULL: all are busy. */
struct stream *exchange_open(void *engine, struct session *s);
/* A turn from the ready list. */
void exchange_step(struct engine *e, struct exchange *x);
void exchange_on_timer(struct engine *e, struct exchange *x);

static inline struct span exchange_id(const struct exchange *x)
{
    return span_of(x->id, REQUEST_ID_BYTES);
}

static inline struct span exchange_client(const struct exchange *x)
{
    return span_of(x->client, x->client_len);
}

/* ---- between the files of engine/, not for others ---- */

/* How a request reached us. */
struct exchange_way {
    const struct socket_address *peer;
    uint32_t tls_host;               /* listener_key of the TLS host that answered */
    bool     has_tls_host;
};

/* exchange_begin.c: route, forwarding fields. WHY_OK: go upstream (or to the service). */
enum why exchange_begin(struct engine *e, struct exchange *x);
/* Its decisions alone, which try.c asks as well: client, spelling of the path, host, route, forwarding fields.
 * Pre: request, listener (or NULL), is_tls and id are set. */
enum why exchange_direct(struct exchange *x, const struct exchange_way *way);
/* The virtual host of the request. Pre: x->listener != NULL. NULL: WHY_ROUTE_NO_HOST. */
const struct virtual_host *exchange_host(const struct exchange *x);
/* chain.c: ask the policies. WHY_OK with *out_holds, or why to answer / to cut (*out_cut). Refusals leave their policy's place
 * in x->refused_at. */
enum why chain_request_head(struct engine *e, struct exchange *x, bool *out_holds, bool *out_cut);
/* Its steps, one by one: ready the chain's state, ask the policy at that place. */
enum why chain_start(struct exchange *x);
enum verdict chain_request_head_at(struct engine *e, struct exchange *x, uint32_t at, enum why *out_why);
enum why chain_response_head(struct engine *e, struct exchange *x, bool *out_cut);
enum why chain_request_body(struct engine *e, struct exchange *x, struct bufq *piece, bool is_end);
enum why chain_response_body(struct engine *e, struct exchange *x, struct bufq *piece, bool is_end);
void chain_end(struct engine *e, struct exchange *x);
/* exchange_answer.c: our own answers. */
void exchange_answer_why(struct engine *e, struct exchange *x, enum why why);
void exchange_answer_redirect(struct engine *e, struct exchange *x);
void exchange_answer_service(struct engine *e, struct exchange *x, struct service_answer *out);
void exchange_answer_send(struct engine *e, struct exchange *x, bool is_whole);
/* exchange_service.c: built-in services. WHY_OK: go on in *io_state; else why to answer with, or to cut. */
enum why exchange_service_begin(struct engine *e, struct exchange *x, enum exchange_state *io_state);
enum why exchange_service_body(struct engine *e, struct exchange *x, enum exchange_state *io_state);
enum why exchange_service_wait(struct engine *e, struct exchange *x, enum exchange_state *io_state);
void exchange_service_end(struct engine *e, struct exchange *x);
/* 0: none. *out_why WHY_OK: it is a turn that is due then, and no end. */
uint64_t exchange_service_deadline(const struct exchange *x, enum why *out_why);
/* exchange_up.c: towards the upstream. choose_up sets upstream, or service when the upstream is built in. */
enum why exchange_choose_up(struct engine *e, struct exchange *x);
/* Its decision alone: which of the route's upstreams, an index into the snapshot. Errors: WHY_ROUTE_NO_BACKEND. */
enum why exchange_choose_backend(const struct exchange *x, struct rng *rng, uint32_t *out_index);
/* What an upstream of that name is called in a Host that a route rewrites. */
struct span exchange_backend_host(struct span server_name, struct span name);
enum why exchange_go_up(struct engine *e, struct exchange *x);
bool exchange_may_retry(const struct exchange *x, enum why why);
void exchange_leave_up(struct engine *e, struct exchange *x, enum why why);
/* exchange_shadow.c: what shadows would have done is counted, once a request each, and not done. */
/* The policy at that place of the chain is one, and has refused. */
void exchange_shadow_refuse(struct engine *e, struct exchange *x, uint32_t at, enum why why);
/* Where shadow routes lead, into x->shadow.route. Pre: x->listener->shadow != NULL, the path is normalised. */
void exchange_shadow_find(struct exchange *x);
void exchange_shadow_count_route(struct engine *e, const struct exchange *x);
/* The answer is complete, or never will be. Pre: x->route->shadow != NULL. */
void exchange_shadow_time(struct engine *e, struct exchange *x);
/* exchange_pump.c: bytes. */
enum why exchange_pump_request(struct engine *e, struct exchange *x);
enum why exchange_pump_response(struct engine *e, struct exchange *x);
/* Tell the session that its stream changed. */
void exchange_touch(struct engine *e, struct stream *st);
