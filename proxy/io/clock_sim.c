/* clock_sim.c - time of the simulated world, instead of base/clock.c.
 *
 * Layer:  io (simulation).
 */
#include "base/clock.h"
#include "io/world_sim.h"

/* Wall time of the world's zero: a Thursday, so that dates in logs look like dates. */
#define WALL_ZERO_NS (UINT64_C(1767225600) * NS_PER_S)

uint64_t clock_mono_ns(void)
{
    const struct world_sim *w = world_sim_now();

    return w != NULL ? w->now_ns : NS_PER_S;
}

uint64_t clock_wall_ns(void)
{
    return WALL_ZERO_NS + clock_mono_ns();
}
