/* timestamp.h - the wall clock as dates: for logs (RFC 3339) and for the Date field (IMF-fixdate).
 *
 * Spec:   RFC 3339 s5.6, RFC 9110 s5.6.7.
 * Layer:  proto. Pure: the time is given.
 * Owner:  the caches are the caller's, one a thread; zeroed is empty.
 * Bounds: years 1970 to 9999; later times are written as the last second of 9999.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

enum {
    TIMESTAMP_BYTES = 24, /* 2026-08-21T12:34:56.789Z      */
    HTTP_DATE_BYTES = 29, /* Fri, 21 Aug 2026 12:34:56 GMT */
};

struct timestamp_civil {
    uint32_t year, month, day; /* month and day from 1 */
    uint32_t hour, minute, second;
    uint32_t weekday;          /* 0: Sunday */
};

/* UTC, no leap seconds (as the kernel counts). */
void timestamp_civil(uint64_t unix_s, struct timestamp_civil *out);

/* What of a date changes at most once a second. */
struct timestamp_cache {
    uint64_t _second; /* 0: empty, as nothing happens in that one */
    char     _text[32];
};

/* TIMESTAMP_BYTES into out. The date part comes from the cache within one second. */
void timestamp_write(struct timestamp_cache *cache, uint64_t wall_ns, char *out);
/* Value of a Date field. The span lives until the cache is asked about another second. Own caches for the two. */
struct span timestamp_http_date(struct timestamp_cache *cache, uint64_t wall_ns);
