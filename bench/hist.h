/* hist.h - a histogram of nanoseconds with about one per cent of resolution.
 *
 * Bounds: fixed array; values above HIST_MAX_NS are counted in the last cell.
 */
#pragma once

#include <stdint.h>

enum { HIST_SUB_BITS = 6, HIST_SUB_N = 1 << HIST_SUB_BITS, HIST_OCTAVE_N = 36 };

struct hist {
    uint64_t count;
    uint64_t max_ns;
    uint64_t cell[HIST_OCTAVE_N * HIST_SUB_N];
};

void hist_clear(struct hist *hist);
void hist_add(struct hist *hist, uint64_t ns);

/* The value that the given share (0 to 1) of all samples does not exceed; 0 when there are none. */
uint64_t hist_quantile_ns(const struct hist *hist, double share);
