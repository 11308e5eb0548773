/* timestamp_test.c - dates as the C library's calendar has them.
 *
 * Goal:   both text forms are right on each day from 1970 to 2400 and at the ends; a cache never shows an old second.
 * Method: gmtime_r and strftime are the reference.
 */
#include "lib/check.h"

#include <time.h>

#include "base/clock.h"
#include "proto/timestamp.h"

static void check_second(uint64_t unix_s, unsigned ms)
{
    struct timestamp_cache log = { 0 }, http = { 0 };
    time_t t = (time_t)unix_s;
    struct tm tm;
    char want[64], got[TIMESTAMP_BYTES];
    uint64_t wall_ns = unix_s * NS_PER_S + ms * NS_PER_MS + 999999;

    CHECK(gmtime_r(&t, &tm) != NULL, "gmtime_r\n");
    size_t n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(want + n, sizeof(want) - n, ".%03uZ", ms);
    timestamp_write(&log, wall_ns, got);
    CHECK(memcmp(got, want, TIMESTAMP_BYTES) == 0, "want %s, got %.24s\n", want, got);
    strftime(want, sizeof(want), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    struct span date = timestamp_http_date(&http, wall_ns);
    CHECK(span_is(date, span_str(want)), "want %s, got %.*s\n", want, SPAN_FMT(date));
}

TEST(timestamp_each_day)
{
    for (uint64_t day = 0; day < 157054; day++) /* until 2400-01-01 */
        check_second(day * 86400 + day % 86400, (unsigned)(day % 1000));
    check_second(0, 0);
    check_second(86399, 999);
    check_second(UINT64_C(18446744073), 0); /* the last second that nanoseconds can say */
}

TEST(timestamp_does_not_run_past_9999)
{
    struct timestamp_civil c;

    timestamp_civil(UINT64_C(253402300799), &c);
    CHECK(c.year == 9999 && c.month == 12 && c.day == 31 && c.hour == 23 && c.second == 59, "last second\n");
    timestamp_civil(UINT64_MAX, &c);
    CHECK(c.year == 9999 && c.month == 12 && c.day == 31 && c.hour == 23 && c.second == 59, "after the last second\n");
}

TEST(timestamp_cache_follows_the_clock)
{
    struct timestamp_cache log = { 0 }, http = { 0 };
    char got[TIMESTAMP_BYTES];

    timestamp_write(&log, 10 * NS_PER_S + 5 * NS_PER_MS, got);
    timestamp_write(&log, 10 * NS_PER_S + 6 * NS_PER_MS, got);
    CHECK(memcmp(got, "1970-01-01T00:00:10.006Z", TIMESTAMP_BYTES) == 0, "%.24s\n", got);
    timestamp_write(&log, 11 * NS_PER_S, got);
    CHECK(memcmp(got, "1970-01-01T00:00:11.000Z", TIMESTAMP_BYTES) == 0, "%.24s\n", got);
    timestamp_write(&log, 9 * NS_PER_S, got); /* The wall clock may be set back. */
    CHECK(memcmp(got, "1970-01-01T00:00:09.000Z", TIMESTAMP_BYTES) == 0, "%.24s\n", got);
    (void)timestamp_http_date(&http, 10 * NS_PER_S);
    struct span date = timestamp_http_date(&http, 11 * NS_PER_S);
    CHECK(span_is(date, SPAN_LIT("Thu, 01 Jan 1970 00:00:11 GMT")), "%.*s\n", SPAN_FMT(date));
}

CHECK_RUN(RUN(timestamp_each_day), RUN(timestamp_does_not_run_past_9999), RUN(timestamp_cache_follows_the_clock))
