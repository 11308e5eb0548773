/* sample.h - a gateway's figures at one moment, read from its Prometheus text.
 *
 * Spec:   Prometheus text format 0.0.4 (wire-contracts.md).
 * Layer:  ctl. Pure.
 * Bounds: SAMPLE_ENDINGS_MAX; more are not kept. Lines that are not understood are skipped: an exporter may say more than we know.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

enum { SAMPLE_ENDINGS_MAX = 1024, SAMPLE_NAME_BYTES = 64 };

enum sample_total {
    SAMPLE_ACCEPTED = 0,
    SAMPLE_CLOSED,
    SAMPLE_REQUESTS,
    SAMPLE_2XX,
    SAMPLE_3XX,
    SAMPLE_4XX,
    SAMPLE_5XX,
    SAMPLE_BYTES_IN,
    SAMPLE_BYTES_OUT,
    SAMPLE_UP_CONNECTS,
    SAMPLE_UP_REUSES,
    SAMPLE_UP_RETRIES,
    SAMPLE_TLS,
    SAMPLE_TLS_RESUMED,
    SAMPLE_TLS_FAILED,
    SAMPLE_GENERATION,
    SAMPLE_N
};

struct sample_ending {
    char   name[SAMPLE_NAME_BYTES]; /* of why.def, as series have it */
    double n;
};

struct sample {
    uint64_t at_ns;                 /* CLOCK_MONOTONIC; the caller's */
    double   totals[SAMPLE_N];      /* over all labels */
    struct sample_ending endings[SAMPLE_ENDINGS_MAX];
    uint32_t endings_n;
};

/* at_ns stays. */
void sample_read(struct sample *out, struct span text);
/* Per second from before to now; 0 when the counter began anew in between. */
double sample_rate(const struct sample *before, const struct sample *now, enum sample_total total);
/* Rate of an ending of now. */
double sample_ending_rate(const struct sample *before, const struct sample *now, const struct sample_ending *ending);
