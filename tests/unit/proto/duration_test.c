/* duration_test.c - Go's durations, both ways. */
#include "lib/check.h"

#include "proto/duration.h"

#define S UINT64_C(1000000000)

TEST(duration_reads)
{
    static const struct {
        const char *text;
        uint64_t    ns;
    } rows[] = {
        { "0", 0 }, { "0s", 0 }, { "1ns", 1 }, { "5us", 5000 }, { "5\xc2\xb5s", 5000 }, { "5\xce\xbcs", 5000 },
        { "500ms", S / 2 },
        { "10s", 10 * S }, { "1m", 60 * S }, { "1h30m", 5400 * S }, { "1h0m10s", 3610 * S }, { "1.5s", 3 * S / 2 },
        { ".5s", S / 2 },
        { "1.s", S }, { "0.000000001s", 1 }, { "1.0000000000000000000000001s", S }, { "1m1m", 120 * S },
        { "100000h", 360000000 * S },
        { "9223372036854775807ns", INT64_MAX }, { "0.3333333333333333333h", 1200 * S - 1 },
    };
    static const char *bad[] = { "", "s", "1", "-1s", "+1s", "1x", "1S", "1 s", " 1s", "1s ", "1s1", ".", ".s", "1..5s",
                                 "1,5s", "1ms2",
                                 "9223372036854775808ns", "99999999999999999999s", "2562048h", "2562047h60m", "1e3s",
                                 "0x1s", "00" };
    uint64_t ns;

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(duration_read(span_str(rows[i].text), &ns) && ns == rows[i].ns, "%s: %llu\n", rows[i].text,
              (unsigned long long)ns);
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!duration_read(span_str(bad[i]), &ns), "%s: taken\n", bad[i]);
}

TEST(duration_writes_what_it_reads)
{
    static const struct {
        uint64_t    ns;
        const char *text;
    } rows[] = {
        { 0, "0s" }, { 1, "1ns" }, { 1100, "1.1us" }, { 2200000, "2.2ms" }, { 20000000, "20ms" }, { 3 * S / 2, "1.5s" },
        { 60 * S, "1m0s" }, { 5400 * S, "1h30m0s" }, { 3600 * S, "1h0m0s" }, { 60 * S + 1, "1m0.000000001s" },
        { 999, "999ns" },
        { S - 1, "999.999999ms" }, { INT64_MAX, "2562047h47m16.854775807s" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[DURATION_TEXT_BYTES_MAX];
        uint64_t back = 1;
        struct span got = span_of(out, duration_write(rows[i].ns, out));
        CHECK(span_is(got, span_str(rows[i].text)), "want %s, got %.*s\n", rows[i].text, SPAN_FMT(got));
        CHECK(duration_read(got, &back) && back == rows[i].ns, "%s: read back as %llu\n", rows[i].text,
              (unsigned long long)back);
    }
}

CHECK_RUN(RUN(duration_reads), RUN(duration_writes_what_it_reads))
