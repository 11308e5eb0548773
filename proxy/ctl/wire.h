/* wire.h - bytes to a gateway and back: a unix or TCP socket, with or without TLS, and a deadline.
 *
 * Layer:  ctl. TLS is conn/tls.h, as upstreams get it; the socket waits, for nobody is served by this process.
 * Owner:  the client; queues draw from its shard.
 * Bounds: WIRE_SENTENCE_BYTES; what is queued, the caller bounds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/must.h"
#include "base/pool.h"
#include "base/shard.h"
#include "base/span.h"

enum { WIRE_SENTENCE_BYTES = 512, WIRE_PATH_BYTES = 108, WIRE_READ_BYTES = 16384, WIRE_PLAIN_BYTES_HIGH = 65536 };

struct tls;
struct tls_client;

struct wire_place {
    char        unix_path[WIRE_PATH_BYTES]; /* "": it is elsewhere             */
    char        host[256], port[8];         /* name or address                 */
    bool        is_tls, is_insecure;
    struct span ca_pem;                     /* empty: the system's authorities */
};

struct wire {
    struct shard      *shard;
    struct pool        tls_pool;
    struct tls_client *tls_client;
    struct tls        *tls;                 /* NULL: clear */
    int                fd;                  /* -1: closed  */
    uint64_t           deadline_ns;         /* CLOCK_MONOTONIC; the caller sets it before each exchange */
    bool               has_ended;           /* the peer sends no more */
    struct bufq        cipher_in, cipher_out;
    char               sentence[WIRE_SENTENCE_BYTES]; /* what went wrong, without who it was */
};

void wire_init(struct wire *w, struct shard *shard);
/* Connected, and TLS agreed. false: sentence. */
MUST_CHECK bool wire_open(struct wire *w, const struct wire_place *place);
/* Send from the front of out and take what comes into in, whichever the socket is ready for; waits for one of them.
 * wants_read: else nothing is read. false: sentence. */
MUST_CHECK bool wire_turn(struct wire *w, struct bufq *out, struct bufq *in, bool wants_read);
/* Nothing stays; may be opened again. Accepts one that is not open. */
void wire_close(struct wire *w);
void wire_fini(struct wire *w);
