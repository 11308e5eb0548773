/* field_value_test.c - texts of single values: what is taken, and as what. */
#include "lib/check.h"

#include "conf/conf_arena.h"
#include "conf/field_value.h"

TEST(value_plain_kinds)
{
    static const struct { const char *text; enum plain_kind kind; } rows[] = {
        { "", PLAIN_NULL }, { "~", PLAIN_NULL }, { "null", PLAIN_NULL }, { "nul", PLAIN_TEXT },
        { "true", PLAIN_BOOL }, { "FALSE", PLAIN_BOOL }, { "tRUE", PLAIN_TEXT },
        { "yes", PLAIN_OLD_BOOL }, { "Off", PLAIN_OLD_BOOL }, { "y", PLAIN_TEXT },
        { "0", PLAIN_INT }, { "-12", PLAIN_INT }, { "+3", PLAIN_INT }, { "0x1F", PLAIN_INT }, { "0o17", PLAIN_INT },
        { "0xyz", PLAIN_TEXT }, { "1.5", PLAIN_FLOAT }, { ".5", PLAIN_FLOAT }, { "1.", PLAIN_FLOAT }, { ".", PLAIN_TEXT },
        { "1e3", PLAIN_FLOAT }, { "1e", PLAIN_TEXT }, { "1e+", PLAIN_TEXT }, { "-", PLAIN_TEXT }, { "10s", PLAIN_TEXT },
        { "127.0.0.1", PLAIN_TEXT }, { "1-2", PLAIN_TEXT },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(value_plain_kind(span_str(rows[i].text)) == rows[i].kind, "%s: %d\n", rows[i].text,
              value_plain_kind(span_str(rows[i].text)));
}

/* -1: refused. */
struct number_row {
    const char *text;
    int64_t want;
};

static void check_numbers(bool (*read)(struct span, int64_t *), const struct number_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t got = 0;
        bool is_good = read(span_str(rows[i].text), &got);
        CHECK(is_good == (rows[i].want != -1) && (!is_good || got == rows[i].want), "%s: %d %lld\n", rows[i].text, is_good,
              (long long)got);
    }
}

TEST(value_numbers)
{
    static const struct number_row ints[] = {
        { "0", 0 }, { "9223372036854775807", INT64_MAX }, { "9223372036854775808", -1 }, { "-5", -5 }, { "", -1 },
        { "-", -1 }, { "1.0", -1 }, { "0x10", -1 },
    };
    static const struct number_row durations[] = {
        { "0", 0 }, { "500ms", 500000000 }, { "1h30m", 5400000000000 }, { "1.5s", 1500000000 }, { "5", -1 }, { "", -1 },
        { "-1s", -1 }, { "1d", -1 }, { "2562047h", 9223369200000000000 }, { "2562048h", -1 },
    };
    static const struct number_row sizes[] = {
        { "0", 0 }, { "1", 1 }, { "64Ki", 65536 }, { "10Mi", 10485760 }, { "1Gi", 1073741824 }, { "1k", 1000 },
        { "1M", 1000000 }, { "2G", 2000000000 }, { "10MB", -1 }, { "Mi", -1 }, { "1 Mi", -1 }, { "-1", -1 },
        { "8589934591Gi", 9223372035781033984 }, { "8589934592Gi", -1 },
    };
    static const struct number_row percentages[] = {
        { "0", 0 }, { "100", 1000000 }, { "2.5", 25000 }, { "0.0001", 1 }, { "0.00001", -1 }, { "100.1", -1 }, { "101", -1 },
        { "", -1 }, { "50%", -1 }, { "-1", -1 },
    };

    check_numbers(value_int, ints, COUNT(ints));
    check_numbers(value_duration, durations, COUNT(durations));
    check_numbers(value_bytes, sizes, COUNT(sizes));
    check_numbers(value_percentage, percentages, COUNT(percentages));
}

TEST(value_names)
{
    static const struct { const char *text; bool name, label, host, pattern, header; } rows[] = {
        { "a", true, true, true, true, true },
        { "a-1.b", true, false, true, true, true },
        { "A", false, false, true, true, false },
        { "", false, false, false, false, false },
        { "-a", false, false, false, false, true },
        { "a-", false, false, false, false, true },
        { "1a", true, false, true, true, true },
        { "a..b", false, false, false, false, true },
        { "a.b.", false, false, false, false, true },
        { "127.0.0.1", true, false, false, false, true },
        { "a.1", true, false, false, false, true },
        { "*", false, false, false, true, true },
        { "*.a", false, false, false, true, true },
        { "*.", false, false, false, false, true },
        { "*a.b", false, false, false, false, true },
        { "a b", false, false, false, false, false },
        { "a:b", false, false, false, false, false },
        { "[::1]", false, false, false, false, false },
        { "a_b", false, false, false, false, true },
    };
    char text[300];

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span s = span_str(rows[i].text);
        CHECK(value_is_name(s) == rows[i].name, "name %s\n", rows[i].text);
        CHECK(value_is_label(s) == rows[i].label, "label %s\n", rows[i].text);
        CHECK(value_is_hostname(s, false) == rows[i].host, "host %s\n", rows[i].text);
        CHECK(value_is_hostname(s, true) == rows[i].pattern, "pattern %s\n", rows[i].text);
        CHECK(value_is_header_name(s) == rows[i].header, "header %s\n", rows[i].text);
    }
    memset(text, 'a', sizeof(text));
    CHECK(value_is_label(span_of(text, 63)) && !value_is_label(span_of(text, 64)), "label length\n");
    CHECK(value_is_header_name(span_of(text, 256)) && !value_is_header_name(span_of(text, 257)), "header length\n");
    for (size_t i = 63; i < sizeof(text); i += 64)
        text[i] = '.';
    CHECK(value_is_name(span_of(text, 253)) && !value_is_name(span_of(text, 254)), "name length\n");
    CHECK(value_is_header_value(SPAN_LIT("a b\tc\xc3\xa4")) && value_is_header_value(SPAN_LIT("")), "value\n");
    CHECK(!value_is_header_value(SPAN_LIT("a\r\nb")) && !value_is_header_value(SPAN_LIT(" a")), "value\n");
    CHECK(!value_is_header_value(SPAN_LIT("a\t")) && !value_is_header_value(SPAN_LIT("a\x7f")), "value\n");
}

TEST(value_base64_with_line_ends)
{
    struct conf_arena *arena = conf_arena_open(1 << 16), *small = conf_arena_open(64);
    struct span s = value_base64(arena, SPAN_LIT("aGVs\nbG8=\r\n"));

    CHECK(span_is(s, SPAN_LIT("hello")), "%.*s\n", SPAN_FMT(s));
    CHECK(value_base64(arena, SPAN_LIT("aGVsbG8")).at == NULL, "padding is missing\n");
    CHECK(value_base64(arena, SPAN_LIT("a=Vs")).at == NULL, "padding inside\n");
    CHECK(span_is(value_lower(arena, SPAN_LIT("aB-1")), SPAN_LIT("ab-1")), "lower\n");
    while (!small->is_full)
        s = value_base64(small, SPAN_LIT("aGVsbG8="));
    CHECK(s.at == NULL && value_lower(small, SPAN_LIT("a")).at == NULL, "full\n");
    conf_arena_close(arena);
    conf_arena_close(small);
}

CHECK_RUN(RUN(value_plain_kinds), RUN(value_numbers), RUN(value_names), RUN(value_base64_with_line_ends))
