/* session.h - a protocol on a connection: wire bytes in, wire bytes out, streams in between. No I/O.
 *
 * Layer:  http (pure, so fuzzers link it without connections). Implementations: http/h1_server.c, h1_client.c, h2_server.c,
 *         h2_client.c, each a const struct session_type.
 * Owner:  the connection owns its session (one) and calls it; a session never calls its connection: it sets flags and the
 *         connection looks after each call.
 * Thread: one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/must.h"
#include "base/shard.h"
#include "base/why.h"
#include "http/stream.h"

struct session;

/* What the layer above lends to a server session: a place for each new request. */
struct session_hooks {
    /* A stream with rx_head, rx_trailers and reader set, zero otherwise; NULL when all are out (the session then answers 503
     * WHY_POOL_EXCHANGE_EMPTY by itself, or resets the stream). */
    struct stream *(*stream_open)(void *owner, struct session *s);
    void *owner;
};

struct session_type {
    const char *name;      /* "h1-server" ... for logs                                                          */
    bool        is_server;
    bool        is_multiplexed;
    /* Eat from the front of *wire. What is not eaten (a paused pipeline, a shut tap) stays and is offered again when the
     * session is woken. Errors: the connection is to be closed after what is in out has been sent; a server session has already
     * queued its error answer or GOAWAY for pull, and set `gone` on its streams. */
    enum why (*feed)(struct session *s, struct bufq *wire);
    /* The peer will send no more. WHY_OK: fine, keep sending; else close with that why. */
    enum why (*feed_end)(struct session *s);
    /* Append to out what streams and protocol have to say, until out holds about room bytes more. */
    enum why (*pull)(struct session *s, struct bufq *out, uint32_t room);
    /* Client sessions: bind st and send what it has. Pre: session_has_room(s). */
    enum why (*stream_start)(struct session *s, struct stream *st);
    /* The exchange turns away from st: forget it; reset it on the wire if it is not complete. */
    void     (*stream_leave)(struct session *s, struct stream *st, enum why why);
    /* The exchange changed st (took rx bytes, added tx): the connection's task must be pushed by the caller of this. NULL-able. */
    void     (*stream_touch)(struct session *s, struct stream *st);
    /* A deadline of the connection has passed: say so if there is a way to (then pull has it), and be done. NULL-able: the
     * connection is closed without a word. */
    void     (*expire)(struct session *s, enum why why);
    /* No new requests: h1 answers `connection: close` next, h2 sends GOAWAY and finishes its streams. */
    void     (*drain)(struct session *s);
    /* All streams get gone = why; memory is given back. s is invalid after. */
    void     (*fini)(struct session *s, enum why why);
};

struct session {
    const struct session_type *type;
    struct shard *shard;
    struct task  *conn_task;        /* pushed when a stream has something for the wire        */
    const struct session_hooks *hooks; /* server sessions                                     */
    /* Flags that the connection reads after each call (bits: an idle connection holds one of these): */
    bool     wants_read : 1;  /* tap: false while back-pressure or a paused pipeline holds it  */
    bool     wants_write : 1; /* pull has something to say                                    */
    bool     is_done : 1;     /* protocol is finished: send what is queued, then close         */
    bool     must_reset : 1;  /* with is_done: an orderly end would make a cut answer look whole (RFC 9112 s8) */
    bool     is_idle : 1;     /* no stream is open: keep-alive time runs, pool may lend it out  */
    bool     is_tunnel : 1;   /* one stream took the connection over                          */
    bool     may_start : 1;   /* client: stream_start is allowed right now                    */
    bool     in_head : 1;     /* server: a head has begun and is not complete                 */
    bool     must_linger : 1; /* with is_done: input that nobody reads is still coming, and a close would overtake our
                                 last bytes (RFC 9112 s9.6)                                   */
    /* Facts about the transport, set by the connection before the first call: */
    bool     is_tls : 1;      /* scheme of requests that do not say                           */
    uint32_t streams_n;    /* open streams                                                   */
    uint32_t requests_n;   /* begun on this session                                          */
};

MUST_CHECK enum why h1_server_open(struct pool *pool, struct shard *shard, struct session **out_session);
MUST_CHECK enum why h1_client_open(struct pool *pool, struct shard *shard, struct session **out_session);
MUST_CHECK enum why h2_server_open(struct pool *pool, struct shard *shard, struct session **out_session);
MUST_CHECK enum why h2_client_open(struct pool *pool, struct shard *shard, struct session **out_session);
/* Sizes of their slots, for the pools. */
uint32_t h1_session_bytes(void);
uint32_t h2_session_bytes(void);
