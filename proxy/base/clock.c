/* clock.c - time as the kernel tells it. Simulation links io/clock_sim.c instead, so nothing else lives here.
 *
 * Layer:  base.
 * Thread: any.
 */
#include "base/clock.h"

#include <time.h>

#include "base/must.h"

static uint64_t read_ns(clockid_t id)
{
    struct timespec t;
    int             failed = clock_gettime(id, &t);

    MUST(failed == 0);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
    uint64_t now_ns = read_ns(CLOCK_MONOTONIC);

    return now_ns > 0 ? now_ns : 1;
}

uint64_t clock_wall_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}
