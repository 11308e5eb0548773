/* wheel.h - deadlines of one thread: arm and cancel in O(1), due ones in batches.
 *
 * Layer:  base.
 * Owner:  whoever embeds the timer. A zeroed timer is not armed.
 * Bounds: none needed: no allocation. Resolution is WHEEL_TICK_NS; a timer never fires early, at most one tick late.
 * Thread: one.
 *
 * Moving a deadline *later* only writes the field: the wheel re-places the timer when its old slot comes due, so
 * a connection that pushes its idle deadline on each request costs one store (most timers never fire).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

enum { WHEEL_SLOTS = 256, WHEEL_LEVELS = 4 };

struct timer {
    struct list_node _node;
    uint64_t         deadline_ns; /* 0: not armed                     */
    uint64_t         _placed_ns;  /* deadline its slot was chosen for */
    uint8_t          kind;        /* owner's own, to dispatch by      */
};

struct wheel {
    struct list _slots[WHEEL_LEVELS][WHEEL_SLOTS];
    uint64_t    _busy[WHEEL_LEVELS][WHEEL_SLOTS / 64]; /* bit set: slot may hold timers; clear: it is empty */
    struct list _due;
    uint64_t    _tick;            /* last tick handled                */
    uint32_t    armed_n;
};

void wheel_init(struct wheel *w, uint64_t now_ns);
/* Inside of arm: put into the slot of a new or earlier deadline. */
void wheel_place(struct wheel *w, struct timer *t, uint64_t deadline_ns);

/* Arm, or move an armed one. Pre: deadline_ns > 0. */
static inline void wheel_arm(struct wheel *w, struct timer *t, uint64_t deadline_ns)
{
    if (t->deadline_ns != 0 && deadline_ns >= t->_placed_ns)
        t->deadline_ns = deadline_ns;
    else
        wheel_place(w, t, deadline_ns);
}

/* Harmless when not armed. */
void wheel_cancel(struct wheel *w, struct timer *t);
/* Next timer whose deadline has passed, disarmed; NULL when there is none (left). */
struct timer *wheel_due(struct wheel *w, uint64_t now_ns);
/* Nanoseconds until something may be due (rounded up to a tick; may be early for far ones), UINT64_MAX when nothing is
 * armed. */
uint64_t wheel_wait_ns(const struct wheel *w, uint64_t now_ns);
