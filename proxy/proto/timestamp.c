/* timestamp.c - see timestamp.h.
 *
 * Spec:   RFC 3339 s5.6, RFC 9110 s5.6.7.
 * Layer:  proto. Pure.
 */
#include "proto/timestamp.h"

#include "base/clock.h"
#include "base/must.h"
#include "proto/decimal.h"

static const uint64_t UNIX_S_MAX = UINT64_C(253402300799); /* 9999-12-31T23:59:59Z */

enum {
    DAY_S             = 86400,
    DAYS_OF_ERA       = 146097, /* 400 years, after which the calendar repeats     */
    DAYS_BEFORE_EPOCH = 719468, /* from 0000-03-01, where such an era begins, to 1970-01-01 */
};

/* Years begin in March here, so that the leap day is the last of a year; then all lengths are linear (the usual way to
 * do this without tables, found in many calendars). */
void timestamp_civil(uint64_t unix_s, struct timestamp_civil *out)
{
    if (unix_s > UNIX_S_MAX)
        unix_s = UNIX_S_MAX;
    uint32_t of_day = (uint32_t)(unix_s % DAY_S), days = (uint32_t)(unix_s / DAY_S) + DAYS_BEFORE_EPOCH;
    uint32_t era = days / DAYS_OF_ERA, of_era = days % DAYS_OF_ERA;
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153; /* 0: March */

    out->day = of_year - (153 * month + 2) / 5 + 1;
    out->month = month < 10 ? month + 3 : month - 9;
    out->year = era * 400 + year + (out->month <= 2);
    out->hour = of_day / 3600;
    out->minute = of_day / 60 % 60;
    out->second = of_day % 60;
    out->weekday = (days - DAYS_BEFORE_EPOCH + 4) % 7; /* 1970-01-01 was a Thursday. */
    MUST(out->month >= 1 && out->month <= 12 && out->day >= 1 && out->day <= 31);
}

void timestamp_write(struct timestamp_cache *cache, uint64_t wall_ns, char *out)
{
    uint64_t second = wall_ns / NS_PER_S;
    char *text = cache->_text;

    if (cache->_second != second || second == 0) {
        struct timestamp_civil c;
        timestamp_civil(second, &c);
        memcpy(text, "0000-00-00T00:00:00.000Z", TIMESTAMP_BYTES);
        decimal_write_2(c.year / 100, text);
        decimal_write_2(c.year % 100, text + 2);
        decimal_write_2(c.month, text + 5);
        decimal_write_2(c.day, text + 8);
        decimal_write_2(c.hour, text + 11);
        decimal_write_2(c.minute, text + 14);
        decimal_write_2(c.second, text + 17);
        cache->_second = second;
    }
    memcpy(out, text, TIMESTAMP_BYTES);
    decimal_write_3((uint32_t)(wall_ns % NS_PER_S / NS_PER_MS), out + 20);
}

struct span timestamp_http_date(struct timestamp_cache *cache, uint64_t wall_ns)
{
    static const char weekdays[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint64_t second = wall_ns / NS_PER_S;
    char *text = cache->_text;

    if (cache->_second != second || second == 0) {
        struct timestamp_civil c;
        timestamp_civil(second, &c);
        memcpy(text, "Ddd, 00 Mmm 0000 00:00:00 GMT", HTTP_DATE_BYTES);
        memcpy(text, weekdays + (size_t)3 * c.weekday, 3);
        decimal_write_2(c.day, text + 5);
        memcpy(text + 8, months + (size_t)3 * (c.month - 1), 3);
        decimal_write_2(c.year / 100, text + 12);
        decimal_write_2(c.year % 100, text + 14);
        decimal_write_2(c.hour, text + 17);
        decimal_write_2(c.minute, text + 20);
        decimal_write_2(c.second, text + 23);
        cache->_second = second;
    }
    return span_of(text, HTTP_DATE_BYTES);
}
