/* try_inside.h - what the files of a dry run share; not for others.
 *
 * Layer:  engine, internal.
 * Owner:  struct try; everything that a result points to lies in it, in the snapshot, or in the request that was tried.
 * Bounds: TRY_* of try.h; the exchange has the arena of a real one, so that a head that is too large is so here.
 * Thread: one.
 */
#pragma once

#include "base/arena.h"
#include "base/limits.h"
#include "base/shard.h"
#include "engine/engine.h"
#include "engine/exchange.h"
#include "engine/try.h"
#include "io/ring.h"

enum { TRY_SAID_BYTES_MAX = 1048576 };

/* A head as it was before a step. */
struct try_before {
    struct field fields[HEAD_FIELDS_MAX + 1];
    uint32_t     fields_n;
    struct span  target, authority;
};

struct try {
    struct shard          shard;    /* pools, chance and time of the exchange                  */
    struct engine         engine;   /* of which only the shard is there: what policies are lent */
    struct exchange       x;
    struct arena          said;     /* sentences, and what explanations need                   */
    struct socket_address peer;
    const struct snapshot *snapshot;
    const struct try_request *request;
    struct span           authority, target, method; /* with defaults */
    bool                  is_tls;
    uint32_t              tls_host; /* listener_key */
    bool                  has_tls_host;
    struct try_before     before;
    struct try_change     changes[TRY_CHANGES_MAX];
    uint32_t              changes_n;
    struct try_result     result;
};

/* One more step: passed, or why not. */
void try_say(struct try *t, enum try_step_kind kind, enum why why, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The last step refuses the request. status 0: the connection is cut. */
void try_end(struct try *t, enum why why, uint16_t status);

/* try_head.c: the client of a request, as text and as a socket's address. false: it is none. */
bool try_read_client(struct span client, struct socket_address *out);
/* try_head.c: write the request as a client would, read it as a session does, into t->x.request. */
enum why try_take_head(struct try *t);
/* try_head.c: note a head; what became of it since then. Targets and authorities only when is_whole. */
void try_note_head(struct try *t);
struct try_changes try_changes_of(struct try *t, bool is_whole);
/* try_near.c: other routes of the host, into the result. */
void try_find_near(struct try *t);
