/* decimal_test.c - numbers print as printf prints them.
 *
 * Method: each power of ten, its neighbours, and both ends of 64 bits against the C library.
 */
#include "lib/check.h"

#include "proto/decimal.h"

static void check_one(uint64_t value)
{
    char want[32], got[DECIMAL_BYTES_MAX];
    uint32_t n = (uint32_t)snprintf(want, sizeof(want), "%llu", (unsigned long long)value);

    CHECK(decimal_digits_n(value) == n && decimal_write(value, got) == n, "%s: length\n", want);
    CHECK(memcmp(want, got, n) == 0, "%s: printed %.*s\n", want, (int)n, got);
}

TEST(decimal_around_each_power_of_ten)
{
    uint64_t power = 1;

    for (unsigned i = 0; i < 20; i++, power *= 10) {
        check_one(power - 1);
        check_one(power);
        check_one(power + 1);
        check_one(power * 7 + 3);
    }
    check_one(0);
    check_one(UINT64_MAX);
}

TEST(decimal_of_fixed_width)
{
    char out[4] = "xxx";

    decimal_write_2(7, out);
    CHECK(memcmp(out, "07x", 3) == 0, "%s\n", out);
    decimal_write_3(42, out);
    CHECK(memcmp(out, "042", 3) == 0, "%s\n", out);
    decimal_write_3(999, out);
    CHECK(memcmp(out, "999", 3) == 0, "%s\n", out);
}

CHECK_RUN(RUN(decimal_around_each_power_of_ten), RUN(decimal_of_fixed_width))
