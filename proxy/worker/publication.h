/* publication.h - a compiled configuration with all that workers need to take it up without being able to fail.
 *
 * Layer:  worker.
 * Owner:  control; freed when every worker answered SNAPSHOT_LEFT.
 * Thread: workers read it only while they handle SNAPSHOT_NEW.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/list.h"
#include "conf/snapshot.h"

struct publication {
    struct list_node       node;                    /* control's list                            */
    struct snapshot       *snapshot;
    const struct listener *listeners[LISTENERS_MAX];/* by slot; NULL: nobody listens there now   */
    int                    fds[WORKERS_MAX][LISTENERS_MAX]; /* new sockets to accept on; -1: none or kept */
    uint32_t               taken_n;                 /* workers that have taken it up, or could not   */
    uint32_t               left_n;                  /* workers that hold nothing of it any more  */
};
