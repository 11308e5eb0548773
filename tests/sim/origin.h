/* origin.h - a simulated upstream: takes what the gateway forwards, checks it against the plan, answers as the plan says, or
 * fails as it says.
 *
 * Method: as client.h: visits that come soon when something moves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/client.h"
#include "sim/h1_text.h"
#include "sim/h2_end.h"
#include "sim/plan.h"

enum { ORIGIN_CONNS_MAX = 64, ORIGIN_CALLS_MAX = 128, ORIGIN_ANSWER_HEAD_BYTES = 512 };

/* One request at an origin, and how far its answer is. */
struct origin_call {
    struct plan *plan;
    int32_t      id;           /* HTTP/2                                   */
    uint32_t     got;          /* of the request's body                    */
    uint32_t     unread;       /* HTTP/2                                   */
    bool         is_whole;
    bool         wants_100;
    bool         has_begun;    /* answering                                */
    bool         is_stuck;     /* stalls, as planned                       */
    bool         is_deferred;
    bool         is_done;
    uint32_t     interims_n;   /* sent                                     */
    uint32_t     sent;         /* of the answer's body                     */
    char         method[16];
    char         path[PLAN_NAME_BYTES];
    char         key[32];      /* of a WebSocket handshake                 */
    uint64_t     fill_sum;     /* HTTP/2: of the field x-fill              */
};

struct origin_conn {
    struct origin *origin;
    bool           is_used;
    int            peer;
    struct pace    pace;
    bool           is_slow;
    uint64_t       idle_ns;    /* closes when idle at that time; 0: does not */
    struct origin_call calls[ORIGIN_CALLS_MAX]; /* HTTP/1: one              */
    uint32_t       calls_n;
    struct h1_text in;
    char           out[8192];
    uint32_t       out_at, out_n;
    bool           must_close; /* when everything is written                */
    bool           must_reset;
    bool           is_leaving; /* when no request is left                   */
    bool           is_finished;/* our side is shut                          */
    struct h2_end  end;
};

struct origin {
    struct plans      *plans;
    struct pace        pace;
    int                listener;
    bool               is_h2;
    bool               leaves_idle; /* closes kept connections at any time */
    bool               is_shut;     /* takes no more connections           */
    struct origin_conn conns[ORIGIN_CONNS_MAX];
};

void origin_open(struct origin *o, struct plans *plans, uint16_t port, bool is_h2, bool leaves_idle);
void origin_close(struct origin *o);
/* A new request, by its head. */
struct origin_call *origin_begin(struct origin_conn *c, struct span target, struct span method);
/* Should the plan's fault happen now? at: PLAN_AT_HEAD, PLAN_IN_HEAD, or PLAN_IN_BODY and bytes sent. */
bool origin_is_due(const struct origin_call *call, uint32_t at);
/* Payload bytes that may be sent before the fault; n at most. */
uint32_t origin_limit(const struct origin_call *call, uint32_t n);
/* Is it time to begin with the answer? */
bool origin_may_answer(const struct origin_call *call);
/* The connection is gone. */
void origin_drop(struct origin_conn *c);

/* origin_h1.c, origin_h2.c */
void origin_h1_begin(struct origin_conn *c);
bool origin_h1_visit(struct origin_conn *c);
void origin_h2_begin(struct origin_conn *c);
bool origin_h2_visit(struct origin_conn *c);
