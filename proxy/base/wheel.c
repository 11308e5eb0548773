/* wheel.c - hierarchical timing wheel: 4 levels of 256 slots, a slot of a level being a full turn of the one below.
 *
 * Spec:   Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 7.
 * Layer:  base.
 * Bounds: O(1) arm and cancel; turning skips empty slots by a bitmap, so a jump in time costs what it finds.
 * Thread: one.
 */
#include "base/wheel.h"

#include <string.h>

#include "base/limits.h"

enum {
    LEVEL_BITS = 8,
    SLOT_MASK = WHEEL_SLOTS - 1,
};
STATIC_MUST(WHEEL_SLOTS == 1 << LEVEL_BITS, "slot numbers are digits of the tick");

static unsigned shift_of(unsigned level)
{
    return level * LEVEL_BITS;
}

void wheel_init(struct wheel *w, uint64_t now_ns)
{
    memset(w, 0, sizeof *w);
    for (unsigned level = 0; level < WHEEL_LEVELS; level++)
        for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
            list_init(&w->_slots[level][slot]);
    list_init(&w->_due);
    w->_tick = now_ns / WHEEL_TICK_NS;
}

/* Pre: t is in no list. A deadline beyond the last level waits in its furthest slot and is placed again from there. */
static void put(struct wheel *w, struct timer *t)
{
    uint64_t at = t->deadline_ns / WHEEL_TICK_NS + (t->deadline_ns % WHEEL_TICK_NS != 0);
    uint64_t span_max = (UINT64_C(1) << shift_of(WHEEL_LEVELS)) - 1;
    unsigned level = 0, slot;

    t->_placed_ns = t->deadline_ns;
    if (at <= w->_tick) {
        list_push(&w->_due, &t->_node);
        return;
    }
    if (at - w->_tick > span_max)
        at = w->_tick + span_max;
    while (at - w->_tick >= UINT64_C(1) << shift_of(level + 1))
        level++;
    slot = (unsigned)(at >> shift_of(level)) & SLOT_MASK;
    w->_busy[level][slot / 64] |= UINT64_C(1) << slot % 64;
    list_push(&w->_slots[level][slot], &t->_node);
}

void wheel_place(struct wheel *w, struct timer *t, uint64_t deadline_ns)
{
    MUST(deadline_ns > 0);
    if (t->deadline_ns == 0)
        w->armed_n++;
    else
        list_remove(&t->_node);
    t->deadline_ns = deadline_ns;
    put(w, t);
}

void wheel_cancel(struct wheel *w, struct timer *t)
{
    if (t->deadline_ns == 0)
        return;
    MUST(w->armed_n > 0);
    list_remove(&t->_node);
    t->deadline_ns = 0;
    w->armed_n--;
}

/* Steps (1..WHEEL_SLOTS) from slot to the next busy one, going round; 0 when there is none. */
static unsigned steps_to_busy(const uint64_t *busy, unsigned slot)
{
    for (unsigned n = 1; n <= WHEEL_SLOTS;) {
        unsigned i = (slot + n) & SLOT_MASK;
        uint64_t rest = busy[i / 64] >> i % 64;
        if (rest != 0) {
            n += (unsigned)__builtin_ctzll(rest);
            return n <= WHEEL_SLOTS ? n : 0;
        }
        n += 64 - i % 64;
    }
    return 0;
}

/* The next tick at which a slot that may hold timers comes up; UINT64_MAX when all are empty. */
static uint64_t next_tick(const struct wheel *w)
{
    uint64_t next = UINT64_MAX;

    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        uint64_t turn = w->_tick >> shift_of(level);
        unsigned steps = steps_to_busy(w->_busy[level], (unsigned)turn & SLOT_MASK);
        uint64_t at = (turn + steps) << shift_of(level);
        if (steps != 0 && at < next)
            next = at;
    }
    return next;
}

static void empty_slot(struct wheel *w, unsigned level, unsigned slot)
{
    struct list      *from = &w->_slots[level][slot];
    struct list       taken;
    struct list_node *n;

    w->_busy[level][slot / 64] &= ~(UINT64_C(1) << slot % 64);
    /* Placing may choose this very slot again (a full turn away): walk a list that nothing is added to. */
    list_init(&taken);
    while ((n = list_pop(from)) != NULL)
        list_push(&taken, n);
    while ((n = list_pop(&taken)) != NULL)
        put(w, container_of(n, struct timer, _node));
}

/* Come to a tick: slots of the levels whose digit changes there spread over the levels below, ours goes to due. */
static void come_to(struct wheel *w, uint64_t tick)
{
    w->_tick = tick;
    for (unsigned level = WHEEL_LEVELS; level-- > 0;) {
        uint64_t below = (UINT64_C(1) << shift_of(level)) - 1;
        unsigned slot = (unsigned)(tick >> shift_of(level)) & SLOT_MASK;
        if ((tick & below) == 0 && (w->_busy[level][slot / 64] >> slot % 64 & 1) != 0)
            empty_slot(w, level, slot);
    }
}

struct timer *wheel_due(struct wheel *w, uint64_t now_ns)
{
    uint64_t now_tick = now_ns / WHEEL_TICK_NS;

    if (w->armed_n == 0 && now_tick > w->_tick)
        w->_tick = now_tick;
    for (;;) {
        struct list_node *n = list_pop(&w->_due);
        if (n != NULL) {
            struct timer *t = container_of(n, struct timer, _node);
            if (t->deadline_ns > now_ns) { /* moved later after it was placed */
                put(w, t);
                continue;
            }
            t->deadline_ns = 0;
            w->armed_n--;
            return t;
        }
        if (w->_tick >= now_tick)
            return NULL;
        uint64_t next = next_tick(w);
        if (next > now_tick)
            w->_tick = now_tick;
        else
            come_to(w, next);
    }
}

uint64_t wheel_wait_ns(const struct wheel *w, uint64_t now_ns)
{
    uint64_t next, due_ns;

    if (w->armed_n == 0)
        return UINT64_MAX;
    if (!list_is_empty(&w->_due))
        return 0;
    next = next_tick(w);
    MUST(next != UINT64_MAX); /* an armed timer is in due or in a slot marked busy */
    due_ns = next * WHEEL_TICK_NS;
    return due_ns > now_ns ? due_ns - now_ns : 0;
}
