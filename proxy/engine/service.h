/* service.h - something built in that answers requests instead of an upstream: echo, and the management pages on control.
 *
 * Layer:  engine.
 * Owner:  the answer's body belongs to the exchange afterwards.
 * Bounds: the request's body is counted and thrown away unless body_bytes_max says otherwise.
 * Thread: the one whose engine calls it; a service never blocks.
 */
#pragma once

#include <stdint.h>

#include "base/bufq.h"
#include "base/shard.h"
#include "base/span.h"
#include "base/why.h"
#include "http/head.h"

struct service_call {
    struct shard      *shard;
    const struct head *request;
    struct arena      *arena;          /* the exchange's, for whatever the answer needs */
    struct span        request_id;
    struct span        client;         /* "192.0.2.1" */
    struct span        listener;       /* its name */
    uint16_t           client_port;
    bool               is_tls;
    const char        *tls_version, *tls_cipher; /* "" without TLS */
    uint64_t           body_bytes;     /* that the client sent */
};

struct service_answer {
    uint16_t    status;
    struct span content_type;          /* literal or in the arena */
    struct span allow;                 /* for 405; else empty */
    struct bufq body;
};

/* WHY_OK with *out filled, or the why that the engine answers with. */
typedef enum why service_fn(void *owner, const struct service_call *call, struct service_answer *out);

struct service {
    service_fn *answer;
    void       *owner;
};
