/* client.h - a simulated client of the gateway: makes the requests that plans describe, one or several at a time, on one
 * connection after another, and tells the plans what it is told.
 *
 * Method: a visit writes and reads a little, as chance says, and asks for the next visit: soon when something moved, later and
 *         later while nothing does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "io/ring_sim.h"
#include "sim/h1_text.h"
#include "sim/h2_end.h"
#include "sim/plan.h"

enum { CLIENT_DEPTH_MAX = 8, CLIENT_PATIENCE_MS = 75000, CLIENT_MUTE_MS = 60000 };

/* How soon somebody comes again. */
struct pace {
    uint64_t wait_ns;
};

static inline uint64_t pace_next(struct pace *p, bool has_moved)
{
    p->wait_ns = has_moved ? 0 : p->wait_ns * 2 + 10000;
    if (p->wait_ns > 20 * NS_PER_MS)
        p->wait_ns = 20 * NS_PER_MS;
    return 1 + p->wait_ns + ring_sim_pick(200000);
}

/* A request of the connection and its answer. */
struct client_call {
    struct plan *plan;
    int32_t      id;          /* HTTP/2                                     */
    uint32_t     sent;        /* of its body                                */
    uint32_t     unread;      /* HTTP/2: bytes that its window lacks        */
    bool         is_sent;
    bool         may_send;    /* the wait for 100 is over                   */
    bool         is_ours;     /* the answer being read is an upstream's     */
    bool         is_deferred; /* HTTP/2: its body waits                     */
    bool         has_left;    /* HTTP/2: reset by us                        */
    uint16_t     status;      /* HTTP/2: of the head that is being read     */
};

struct client {
    struct plans *plans;
    struct pace   pace;
    uint16_t      port;
    bool          is_h2;
    bool          is_done;
    bool          is_slow;       /* reads a little at a time                 */
    bool          lingers;       /* lets the gateway end its last connection */
    uint32_t      depth;         /* requests at once                         */
    uint32_t      left_n;        /* requests that it has yet to draw         */
    uint64_t      thinks_until_ns;
    uint64_t      moved_ns;      /* last progress, for impatience            */
    struct plan  *again[CLIENT_DEPTH_MAX]; /* came behind `connection: close`: not processed, so sent again */
    uint32_t      again_n;
    /* the connection */
    int           peer;          /* -1: none */
    struct client_call calls[CLIENT_DEPTH_MAX]; /* HTTP/1: in order */
    uint32_t      calls_n;
    bool          is_closing;    /* the gateway said that this is the last answer */
    bool          was_early;     /* an answer may have come before its request was read */
    bool          is_silent;     /* neither reads nor writes any more             */
    bool          is_mute;       /* only reads                                    */
    uint64_t      reset_ns;      /* resets the connection then; 0: does not       */
    uint32_t      requests_n;    /* on this connection                            */
    /* HTTP/1 */
    struct h1_text in;
    char          out[8192];
    uint32_t      out_at, out_n;
    /* HTTP/2 */
    struct h2_end end;
};

/* Begins with its first visit, some time from now. */
void client_open(struct client *c, struct plans *plans, uint16_t port, bool is_h2, uint32_t requests_n, uint32_t depth);
void client_close(struct client *c);
/* The next request to make: one that is due again, or a new one; NULL: none, or not yet. */
struct plan *client_next(struct client *c);
/* Of the plans as they are, not drawn: for scripts. */
void client_give(struct client *c, struct plan *p);
/* The connection is gone; what was asked on it has no answer, or (is_left) the client did not wait for one. */
void client_drop(struct client *c, bool is_left);
/* Reset the connection now. */
void client_reset(struct client *c);
/* Does the plan's client misbehave at this moment? true: the connection is no more, or silent. */
bool client_misbehaves(struct client *c, struct plan *p, bool is_sent);

/* client_h1.c, client_h2.c: write and read; answers whether something moved. */
bool client_h1_visit(struct client *c);
void client_h1_begin(struct client *c);
bool client_h2_visit(struct client *c);
void client_h2_begin(struct client *c);
void client_h2_end(struct client *c);
