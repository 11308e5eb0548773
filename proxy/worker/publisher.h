/* publisher.h - from a compiled configuration to what workers serve: bind, build TLS contexts, or refuse and change nothing.
 *
 * Layer:  worker.
 * Owner:  control.
 * Bounds: EPOCHS_MAX publications, LISTENERS_MAX addresses, TLS_CONTEXTS_MAX contexts.
 * Thread: control's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/why.h"
#include "conf/diag.h"
#include "conn/tls.h"
#include "worker/publication.h"

/* One server name's or upstream's contexts, shared by all snapshots whose digest is the same: an unchanged certificate keeps its
 * context over a thousand reloads, so that idle connections do not pin a thousand copies. */
struct tls_entry {
    struct list_node   node;
    uint8_t            digest[32];
    uint32_t           holds_n;
    struct tls_server *servers[WORKERS_MAX];
    struct tls_client *clients[WORKERS_MAX];
};

struct publisher_slot {
    struct socket_address address;
    bool                  is_used;
};

struct publisher {
    uint32_t                workers_n;
    struct tls_ticket_keys *ticket_keys;
    struct pool             publications, tls_entries;
    struct list             live;          /* publications that some worker still uses */
    struct list             servers, clients; /* of tls_entry */
    struct publisher_slot   slots[LISTENERS_MAX];
    uint32_t                next_slot;
};

MUST_CHECK enum why publisher_open(struct publisher *p, uint32_t workers_n);
void publisher_close(struct publisher *p);
/* Everything that can fail. WHY_OK: *out is ready for all workers, has the snapshot, and is published or discarded before the next
 * one is prepared. Else diag says what to do, nothing has changed, and the snapshot is the caller's. */
MUST_CHECK enum why publisher_prepare(struct publisher *p, struct snapshot *snapshot, struct diag *diag, struct publication **out);
/* Its sockets and contexts are what the next one builds on. The caller tells the workers. */
void publisher_publish(struct publisher *p, struct publication *pub);
/* As if it had never been prepared. Frees the snapshot. */
void publisher_discard(struct publisher *p, struct publication *pub);
/* A worker holds nothing of the snapshot any more; the last one frees it. */
void publisher_left(struct publisher *p, const struct snapshot *snapshot);
