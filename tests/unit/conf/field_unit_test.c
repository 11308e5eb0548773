/* field_unit_test.c - numbers as an operator would write them.
 *
 * Goal:   the largest unit that is exact.
 * Method: pairs.
 */
#include "conf/field_unit.h"

#include "base/clock.h"
#include "lib/check.h"

TEST(field_unit_is_the_largest_exact_one)
{
    static const struct { enum value_type type; int64_t value; const char *want; } rows[] = {
        { TYPE_INT, 65535, "65535" }, { TYPE_BYTES, 0, "0" }, { TYPE_DURATION, 0, "0s" },
        { TYPE_DURATION, (int64_t)NS_PER_MS, "1ms" }, { TYPE_DURATION, 1500 * (int64_t)NS_PER_MS, "1500ms" },
        { TYPE_DURATION, 90 * (int64_t)NS_PER_S, "90s" }, { TYPE_DURATION, 7200 * (int64_t)NS_PER_S, "2h" },
        { TYPE_INT, -3, "-3" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[FIELD_UNIT_TEXT_BYTES];
        CHECK(strcmp(field_unit_text(rows[i].type, rows[i].value, text), rows[i].want) == 0, "%s, not %s\n", text, rows[i].want);
    }
}

CHECK_RUN(RUN(field_unit_is_the_largest_exact_one))
