/* hub.h - all threads of the process and the boxes between them.
 *
 * Layer:  worker.
 * Owner:  control opens it before the first worker starts and closes it after the last one ended.
 * Bounds: WORKERS_MAX + 1 threads, one box an ordered pair.
 * Thread: boxes and rings are set up by control; each thread registers its own ring once; live counts are read by all.
 */
#pragma once

#include <stdint.h>

#include "base/limits.h"
#include "base/why.h"
#include "io/mailbox.h"
#include "io/ring.h"

enum { HUB_THREADS_MAX = WORKERS_MAX + 1 };

struct hub {
    uint32_t        workers_n;                              /* control is thread number workers_n              */
    struct mailbox *boxes[HUB_THREADS_MAX][HUB_THREADS_MAX];/* [from][to]                                      */
    struct ring    *rings[HUB_THREADS_MAX];                 /* set by each thread before it posts STARTED      */
    uint32_t        clients_n[HUB_THREADS_MAX];             /* live client connections, relaxed: for balancing */
};

MUST_CHECK enum why hub_open(struct hub *hub, uint32_t workers_n);
void hub_close(struct hub *hub);
/* Put a message into the box and wake the receiver if it may be asleep. Errors: WHY_MAILBOX_FULL. */
MUST_CHECK enum why hub_send(struct hub *hub, uint32_t from, uint32_t to, struct message m);
/* Next message for thread number `to`, whoever sent it. */
bool hub_receive(struct hub *hub, uint32_t to, struct message *out_message);
