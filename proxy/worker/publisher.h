/* publisher.h - from documents on disk to what workers serve: load, bind, build TLS contexts, or refuse and change nothing.
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
    const char             *conf_dir, *state_dir;
    uint32_t                workers_n;
    struct tls_ticket_keys *ticket_keys;
    struct pool             publications, tls_entries;
    struct list             live;          /* publications that some worker still uses */
    struct list             servers, clients; /* of tls_entry */
    struct publisher_slot   slots[LISTENERS_MAX];
    uint32_t                next_slot;
    uint64_t                generation;    /* of the newest that was published */
};

MUST_CHECK enum why publisher_open(struct publisher *p, const char *conf_dir, const char *state_dir, uint32_t workers_n);
void publisher_close(struct publisher *p);
/* Everything that can fail. WHY_OK: *out is ready for all workers. Else diag says what to do, nothing has changed. */
MUST_CHECK enum why publisher_prepare(struct publisher *p, struct diag *diag, struct publication **out);
/* A worker holds nothing of the snapshot any more; the last one frees it. */
void publisher_left(struct publisher *p, const struct snapshot *snapshot);
