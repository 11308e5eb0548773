/* service.h - something built in that answers requests instead of an upstream: echo, and the management pages on control.
 *
 * Layer:  engine.
 * Owner:  the answer's body belongs to the exchange afterwards.
 * Bounds: a request's body is counted and thrown away, unless admit asks for it: then it is handed over whole, at most
 *         SERVICE_BODY_BYTES_MAX of it and SERVICE_BODIES_MAX at a time. A stream holds SERVICE_STREAM_BYTES_MAX.
 * Thread: the one whose engine calls it; a service never blocks.
 *
 * Most answers are made within the call. One that waits for something else comes back as SERVICE_LATER and is given by
 * service_finish; one that goes on for long is a SERVICE_STREAM, fed by service_push. The client may leave meanwhile: then
 * the ticket is stale, and the functions say so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/shard.h"
#include "base/span.h"
#include "base/why.h"
#include "http/head.h"

struct engine;

/* Where a call is found again that was not answered within it. */
struct service_ticket {
    uint32_t slot, generation;
};

struct service_call {
    struct shard      *shard;
    const struct head *request;
    struct arena      *arena;          /* the exchange's, for whatever the answer needs */
    struct span        request_id;
    struct span        client;         /* "192.0.2.1"; "unix" over a local socket */
    struct span        listener;       /* its name */
    uint16_t           client_port;
    bool               is_tls;
    const char        *tls_version, *tls_cipher; /* "" without TLS */
    uint64_t           body_bytes;     /* that the client sent */
    struct span        body;           /* ... if admit asked for them, a zero behind them; may be changed in place; gone with the call */
    struct service_ticket ticket;
};

enum service_form {
    SERVICE_WHOLE = 0, /* complete                                                                                  */
    SERVICE_LATER,     /* owed: service_finish gives it, or sends what stands here; SERVICE_LATER_MS_MAX            */
    SERVICE_STREAM,    /* head and body go out now, service_push adds to it, until service_end                      */
};

struct service_answer {
    uint16_t    status;
    uint8_t     form;                  /* enum service_form */
    struct span content_type;          /* this and all below: literal or in the arena; empty: no such field */
    struct span allow;                 /* for 405 */
    struct span etag, location, cache_control;
    struct span www_authenticate;      /* for 401 */
    struct span retry_after;           /* seconds, for 429 and 503 */
    uint64_t    delay_ns;              /* SERVICE_WHOLE: sent so much later, for whom guesses should be slow */
    struct bufq body;
};

/* WHY_OK with *out filled, or the why that the engine answers with. */
typedef enum why service_fn(void *owner, const struct service_call *call, struct service_answer *out);
/* The head is there, the body may not be. *out_body_bytes_max: what of the body is wanted, whole; 0: it is counted only. An
 * answer with a status (out begins with 0) is given at once, and the body not taken in. */
typedef enum why service_admit_fn(void *owner, const struct service_call *call, uint32_t *out_body_bytes_max,
                                  struct service_answer *out);

struct service {
    service_fn       *answer;
    service_admit_fn *admit;           /* NULL: everything is answered, and no body wanted */
    void             *owner;
};

/* Not from within the call that the ticket is of. Give what is owed: why, else *out, whose body is taken over; else (out NULL) what
 * the call came back with. false: nobody waits for it any more, and the body was dropped. */
bool service_finish(struct engine *e, struct service_ticket ticket, enum why why, struct service_answer *out);
/* Add to a stream. false: forget the ticket: it has ended, or its reader is so far behind that it is cut (WHY_CONN_READ_SLOW). */
bool service_push(struct engine *e, struct service_ticket ticket, struct span bytes);
/* The stream is complete. Harmless when it has ended. */
void service_end(struct engine *e, struct service_ticket ticket);
