/* pool.c - reserving a pool's address space, and the paths that are not hot.
 *
 * Layer:  base.
 * Bounds: slots_max slots; three mappings, of which only touched pages are memory.
 * Thread: one.
 */
#include "base/pool.h"

#include <string.h>

#include "base/memory.h"

enum { POOL_SLOTS_MAX = 1 << 24 }; /* what a handle's slot number can say (io/handle.h) */

static uint64_t slots_bytes(const struct pool *p)
{
    return (uint64_t)p->slots_max * p->_stride_bytes;
}

/* Inverse of an odd number mod 2^64 by Newton's iteration: each round doubles the right bits (5 to begin with). */
static uint64_t inverse_of(uint64_t odd)
{
    uint64_t inverse = 3 * odd ^ 2;

    for (int round = 0; round < 4; round++)
        inverse *= 2 - odd * inverse;
    MUST(odd * inverse == 1);
    return inverse;
}

enum why pool_open(struct pool *p, const char *name, uint32_t slot_bytes, uint32_t slots_max)
{
    uint32_t unit = slot_bytes > 64 ? 64 : 8;

    MUST(slot_bytes > 0 && slot_bytes <= UINT32_MAX - 256);
    MUST(slots_max > 0 && slots_max <= POOL_SLOTS_MAX);
    memset(p, 0, sizeof *p);
    p->name = name;
    p->slot_bytes = (slot_bytes + unit - 1) / unit * unit;
    p->_stride_bytes = p->slot_bytes + POISON_GAP_BYTES;
    p->slots_max = slots_max;
    p->_shift = (uint32_t)__builtin_ctz(p->_stride_bytes);
    p->_inverse = inverse_of(p->_stride_bytes >> p->_shift);
    p->_mem = memory_map(slots_bytes(p));
    p->_gen = memory_map((uint64_t)slots_max * sizeof *p->_gen);
    p->_free = memory_map((uint64_t)slots_max * sizeof *p->_free);
    if (p->_mem != NULL && p->_gen != NULL && p->_free != NULL)
        return WHY_OK;
    pool_close(p);
    return WHY_IO_NO_MEMORY;
}

void pool_close(struct pool *p)
{
    MUST(p->live_n == 0);
    if (p->_mem != NULL)
        poison_clear(p->_mem, (size_t)p->_fresh * p->_stride_bytes);
    memory_unmap(p->_mem, slots_bytes(p));
    memory_unmap(p->_gen, (uint64_t)p->slots_max * sizeof *p->_gen);
    memory_unmap(p->_free, (uint64_t)p->slots_max * sizeof *p->_free);
    memset(p, 0, sizeof *p);
}

void *pool_take_slow(struct pool *p)
{
    uint32_t number;

    if (p->_fail_after != 0 && --p->_fail_after == 0)
        return NULL;
    if (p->_free_n > 0)
        number = p->_free[--p->_free_n];
    else if (p->_fresh < p->slots_max)
        number = p->_fresh++;
    else
        return NULL;
    uint8_t *slot = p->_mem + (uint64_t)number * p->_stride_bytes;
    poison_clear(slot, p->slot_bytes);
    poison_set(slot + p->slot_bytes, POISON_GAP_BYTES);
    p->_gen[number]++;
    if (++p->live_n > p->live_max)
        p->live_max = p->live_n;
    return slot;
}

void *pool_take(struct pool *p)
{
    void *slot = pool_take_dirty(p);

    if (slot != NULL)
        memset(slot, 0, p->slot_bytes);
    return slot;
}

void pool_fail_after(struct pool *p, uint32_t n)
{
    p->_fail_after = n;
}
