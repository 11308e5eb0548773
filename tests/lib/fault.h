/* fault.h - torture: the k-th take, or the k-th operation, fails; k = 1, 2, 3 ... until a run has nothing left to fail.
 *
 *     static bool run(uint32_t k, void *arg)
 *     {
 *         ... open things ...
 *         pool_fail_after(&pool, k);        (or ring_sim_fail_nth(k, why))
 *         ... the script, which must end in a named why and never in a crash ...
 *         bool has_failed = fault_pool_fired(&pool);   (or ring_sim_has_failed())
 *         pool_fail_after(&pool, 0);
 *         ... close things, CHECK that all came back ...
 *         return has_failed;
 *     }
 *     uint32_t failures = fault_each(run, &something);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "lib/check.h"

enum { FAULT_RUNS_MAX = 100000 };

typedef bool fault_run(uint32_t k, void *arg);

/* Did the failure that was asked of the pool happen? */
static inline bool fault_pool_fired(const struct pool *p)
{
    return p->_fail_after == 0;
}

/* Answers how many runs had a failure; at least one must. */
static inline uint32_t fault_each(fault_run *run, void *arg)
{
    uint32_t k = 1;

    while (run(k, arg)) {
        CHECK(k < FAULT_RUNS_MAX, "failures without end\n");
        k++;
    }
    CHECK(k > 1, "nothing was there to fail\n");
    return k - 1;
}
