/* task.h - the ready list: who wants to be stepped in this tick.
 *
 * Layer:  base.
 * Owner:  whoever embeds the task. A step never calls another step: it pushes the neighbour's task (DESIGN.md 5).
 * Bounds: a task is in the list once, however often it is pushed.
 * Thread: one.
 */
#pragma once

#include <stdint.h>

#include "base/list.h"

enum task_kind {
    TASK_NONE = 0,
    TASK_CONN,
    TASK_EXCHANGE,
    TASK_FETCH,
    TASK_RESOLVE,
    TASK_SOURCE,
};

struct task {
    struct list_node node;
    uint8_t          kind; /* enum task_kind: which container_of */
};

static inline void task_push(struct list *ready, struct task *t)
{
    if (!list_has(&t->node))
        list_push(ready, &t->node);
}
