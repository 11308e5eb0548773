/* clock_test.c - clocks move forward and know the century. */
#include "base/clock.h"

#include "lib/check.h"

TEST(clock_goes_forward)
{
    uint64_t a = clock_mono_ns(), b = clock_mono_ns();
    CHECK(a > 0 && b >= a && b - a < NS_PER_S, "%llu then %llu\n", (unsigned long long)a, (unsigned long long)b);
    CHECK(clock_wall_ns() > UINT64_C(1700000000) * NS_PER_S, "the wall clock is before 2023\n");
}

CHECK_RUN(RUN(clock_goes_forward))
