/* span_test.c - what span.h promises, rows on the edge in pairs. */
#include "base/span.h"

#include "lib/check.h"

static struct span str(const char *text)
{
    return span_of(text, strlen(text));
}

TEST(span_compares)
{
    CHECK(span_is(str("abc"), SPAN_LIT("abc")) && !span_is(str("abc"), str("abC")), "exact\n");
    CHECK(span_is(SPAN_NONE, str("")), "empty ones are equal\n");
    CHECK(span_is_nocase(str("Host"), str("hOST")) && !span_is_nocase(str("Host"), str("Hos")), "either case\n");
    CHECK(!span_is_nocase(str("@["), str("`{")), "only letters have two cases\n");
    CHECK(span_starts(str("/api/x"), str("/api")) && !span_starts(str("/ap"), str("/api")), "starts\n");
    CHECK(span_ends(str("a.b.c"), str(".c")) && !span_ends(str("c"), str(".c")), "ends\n");
    CHECK(span_starts(SPAN_NONE, SPAN_NONE) && span_ends(str("x"), SPAN_NONE), "an empty fix fits\n");
}

TEST(span_finds_and_trims)
{
    CHECK(span_find(str("abc"), 'c') == 2 && span_find(str("abc"), 'd') == 3, "find\n");
    CHECK(span_find(SPAN_NONE, 'x') == 0, "find in nothing\n");
    CHECK(span_is(span_trim(str(" \t a b\t ")), str("a b")), "trim\n");
    CHECK(span_trim(str(" \t ")).len == 0, "all blank\n");
    CHECK(span_is(span_trim(str("\na")), str("\na")), "a newline is no blank\n");
}

TEST(span_next_gives_every_part)
{
    static const struct row {
        const char *whole, *parts[5];
    } rows[] = {
        { "a,,b", { "a", "", "b" } }, { "a", { "a" } }, { "a,", { "a", "" } }, { ",", { "", "" } }, { "", { "" } },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span rest = str(rows[i].whole), part;
        size_t      n = 0;
        for (; rows[i].parts[n] != NULL; n++) {
            CHECK(span_next(&rest, ',', &part), "\"%s\": only %zu parts\n", rows[i].whole, n);
            CHECK(span_is(part, str(rows[i].parts[n])), "\"%s\": part %zu is \"%.*s\"\n", rows[i].whole, n,
                  SPAN_FMT(part));
        }
        CHECK(!span_next(&rest, ',', &part), "\"%s\": more than %zu parts\n", rows[i].whole, n);
    }
    struct span none = SPAN_NONE, part;
    CHECK(!span_next(&none, ',', &part), "nothing has a part\n");
}

TEST(span_to_u64_reads_whole_decimal_numbers)
{
    static const struct row {
        const char *text;
        bool        is_number;
        uint64_t    value;
    } rows[] = {
        { "0", true, 0 },
        { "007", true, 7 },
        { "18446744073709551615", true, UINT64_MAX },
        { "18446744073709551616", false, 0 },
        { "99999999999999999999", false, 0 },
        { "00000000000000000001", true, 1 },
        { "000000000000000000001", false, 0 },
        { "", false, 0 }, { "-1", false, 0 }, { "+1", false, 0 }, { "1 ", false, 0 }, { "0x1", false, 0 },
        { "1/", false, 0 }, { "1:", false, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t value = 42;
        bool     is_number = span_to_u64(str(rows[i].text), &value);
        CHECK(is_number == rows[i].is_number, "\"%s\": %d\n", rows[i].text, is_number);
        CHECK(value == (is_number ? rows[i].value : 42), "\"%s\": %llu\n", rows[i].text, (unsigned long long)value);
    }
}

TEST(span_order_is_bytewise)
{
    static const char *const rows[] = { "", "A", "a", "a-", "aa", "b", "\xc3\xa4" };

    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t k = 0; k < COUNT(rows); k++) {
            int order = span_order(span_str(rows[i]), span_str(rows[k]));
            CHECK((order < 0) == (i < k) && (order > 0) == (i > k), "%s and %s: %d\n", rows[i], rows[k], order);
        }
    CHECK(span_order(SPAN_NONE, SPAN_NONE) == 0, "nothing is nothing\n");
}

CHECK_RUN(RUN(span_compares), RUN(span_order_is_bytewise), RUN(span_finds_and_trims), RUN(span_next_gives_every_part),
          RUN(span_to_u64_reads_whole_decimal_numbers))
