/* pool.h - a fixed number of equal slots, addressed by pointer or by handle.
 *
 * Layer:  base.
 * Owner:  the worker that opened it. Slots are reserved address space: one never taken costs no memory.
 * Bounds: slots_max, from limits.h. take answers NULL when all are out, and that is a normal why.
 * Thread: one.
 *
 * Each slot has a generation that moves on at take and at give (odd while it is taken), so that a late completion
 * for an earlier tenant finds nothing (hardening-cases: descriptor reuse).
 */
#pragma once

#include <stdint.h>

#include "base/must.h"
#include "base/poison.h"
#include "base/why.h"

struct pool {
    uint8_t  *_mem;          /* slots_max * _stride_bytes, reserved by mmap     */
    uint32_t *_gen;          /* generation of each slot                         */
    uint32_t *_free;         /* stack of free slots: the last one given is warm */
    uint64_t  _inverse;      /* slot number = (offset >> _shift) * _inverse     */
    uint32_t  _shift;
    uint32_t  _stride_bytes; /* slot_bytes, and a gap in sanitizer builds       */
    uint32_t  _free_n;
    uint32_t  _fresh;        /* slots from here on were never taken             */
    uint32_t  slot_bytes;
    uint32_t  slots_max;
    uint32_t  live_n;        /* taken and not yet given back                    */
    uint32_t  live_max;      /* high-water mark                                 */
    uint32_t  _fail_after;   /* torture: takes left before one fails; 0 = never */
    const char *name;        /* for the metric and the budget                   */
};

/* Post: takes work. Errors: WHY_IO_NO_MEMORY. slot_bytes is rounded up: to 64 when above 64, else to 8. */
MUST_CHECK enum why pool_open(struct pool *p, const char *name, uint32_t slot_bytes, uint32_t slots_max);
/* Pre: live_n == 0. Accepts a zeroed pool. */
void pool_close(struct pool *p);
/* A zeroed slot, or NULL. */
MUST_CHECK void *pool_take(struct pool *p);
/* Torture: let the n-th take from now fail once (1 = the next). 0 turns it off. */
void pool_fail_after(struct pool *p, uint32_t n);
/* Inside of take: a slot that was never taken before, or NULL (all are out, or torture asked for a failure). */
MUST_CHECK void *pool_take_slow(struct pool *p);

/* Offsets are exact multiples of the stride, so one multiplication by its inverse (mod 2^64) divides; a pointer that
 * is not a slot's gives a number far out of range. */
static inline uint32_t pool_slot(const struct pool *p, const void *slot)
{
    uint64_t offset = (uint64_t)((const uint8_t *)slot - p->_mem);
    uint64_t number = (offset >> p->_shift) * p->_inverse;

    MUST(number < p->_fresh && number * p->_stride_bytes == offset);
    return (uint32_t)number;
}

static inline uint32_t pool_generation(const struct pool *p, const void *slot)
{
    return p->_gen[pool_slot(p, slot)];
}

/* The live slot of that number and generation, or NULL when it is stale or was never taken. */
static inline void *pool_find(const struct pool *p, uint32_t slot, uint32_t generation)
{
    if (slot >= p->_fresh || p->_gen[slot] != generation || (generation & 1) == 0)
        return NULL;
    return p->_mem + (uint64_t)slot * p->_stride_bytes;
}

/* A slot with whatever its last tenant left in it (zero the first time), or NULL. For hot paths that set each field. */
MUST_CHECK static inline void *pool_take_dirty(struct pool *p)
{
    uint32_t number;
    void    *slot;

    if (__builtin_expect(p->_free_n == 0 || p->_fail_after != 0, 0))
        return pool_take_slow(p);
    number = p->_free[--p->_free_n];
    slot = p->_mem + (uint64_t)number * p->_stride_bytes;
    poison_clear(slot, p->slot_bytes);
    p->_gen[number]++;
    if (++p->live_n > p->live_max)
        p->live_max = p->live_n;
    return slot;
}

/* Pre: slot came from take and was not given since. Post: its handles are stale. */
static inline void pool_give(struct pool *p, void *slot)
{
    uint32_t number = pool_slot(p, slot);

    MUST((p->_gen[number] & 1) == 1);
    p->_gen[number]++;
    p->_free[p->_free_n++] = number;
    p->live_n--;
    poison_set(slot, p->slot_bytes);
}
