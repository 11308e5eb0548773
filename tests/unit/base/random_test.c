/* random_test.c - the kernel's generator fills all it is asked for and does not repeat itself. */
#include "base/random.h"

#include "lib/check.h"

TEST(random_fills_and_does_not_repeat)
{
    uint8_t x[64] = { 0 }, y[64] = { 0 };

    random_secure(x, sizeof x - 1);
    random_secure(y, sizeof y - 1);
    CHECK(memcmp(x, y, sizeof x) != 0, "twice the same\n");
    CHECK(x[63] == 0 && y[63] == 0, "more than was asked for\n");
    size_t zeros = 0;
    for (size_t i = 32; i < 63; i++)
        zeros += x[i] == 0;
    CHECK(zeros < 8, "the second half is not filled\n");
    random_secure(x, 0);
}

CHECK_RUN(RUN(random_fills_and_does_not_repeat))
