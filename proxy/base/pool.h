/* pool.h - a fixed number of equal slots, addressed by pointer or by handle.
 *
 * Layer:  base.
 * Owner:  the worker that opened it. Slots are reserved address space: one never taken costs no memory.
 * Bounds: slots_max, from limits.h. take answers NULL when all are out, and that is a normal why.
 * Thread: one.
 *
 * Each slot has a generation that moves on at give, so that a late completion for an
 * earlier tenant finds nothing (hardening-cases: descriptor reuse).
 */
#pragma once

#include <stdint.h>

#include "base/must.h"
#include "base/why.h"

struct pool {
    uint8_t  *_mem;        /* slots_max * slot_bytes, reserved by mmap        */
    uint32_t *_gen;        /* generation of each slot                         */
    uint32_t *_free;       /* stack of free slots: the last one given is warm */
    uint32_t  _free_n;
    uint32_t  _fresh;      /* slots from here on were never taken             */
    uint32_t  slot_bytes;
    uint32_t  slots_max;
    uint32_t  live_n;      /* taken and not yet given back                    */
    uint32_t  live_max;    /* high-water mark                                 */
    const char *name;      /* for the metric and the budget                   */
    uint32_t  _fail_after; /* torture: takes left before one fails; 0 = never */
};

/* Post: takes work. Errors: WHY_IO_NO_MEMORY. slot_bytes is rounded up to 64 when above 64. */
MUST_CHECK enum why pool_open(struct pool *p, const char *name, uint32_t slot_bytes, uint32_t slots_max);
/* Pre: live_n == 0. Accepts a zeroed pool. */
void pool_close(struct pool *p);
/* A zeroed slot, or NULL. */
MUST_CHECK void *pool_take(struct pool *p);
/* A slot with whatever its last tenant left in it (zero the first time), or NULL. For hot paths that set each field. */
MUST_CHECK void *pool_take_dirty(struct pool *p);
/* Pre: slot came from take and was not given since. Post: its handles are stale. */
void pool_give(struct pool *p, void *slot);
uint32_t pool_slot(const struct pool *p, const void *slot);
uint32_t pool_generation(const struct pool *p, const void *slot);
/* The live slot of that number and generation, or NULL when it is stale or was never taken. */
void *pool_find(const struct pool *p, uint32_t slot, uint32_t generation);
/* Torture: let the n-th take from now fail once (1 = the next). 0 turns it off. */
void pool_fail_after(struct pool *p, uint32_t n);
