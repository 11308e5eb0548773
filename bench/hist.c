/* hist.c - a histogram of nanoseconds: 64 linear cells in each power of two. */
#include "hist.h"

#include <string.h>

void hist_clear(struct hist *hist)
{
    memset(hist, 0, sizeof *hist);
}

static unsigned hist_index(uint64_t ns)
{
    unsigned top = 0;
    unsigned octave = 0;
    unsigned index = 0;

    if (ns < HIST_SUB_N)
        return (unsigned)ns;
    top = 63u - (unsigned)__builtin_clzll(ns);
    octave = top - HIST_SUB_BITS + 1;
    index = octave * HIST_SUB_N + (unsigned)((ns >> (top - HIST_SUB_BITS)) & (HIST_SUB_N - 1));
    return index < HIST_OCTAVE_N * HIST_SUB_N ? index : HIST_OCTAVE_N * HIST_SUB_N - 1;
}

void hist_add(struct hist *hist, uint64_t ns)
{
    hist->count++;
    if (ns > hist->max_ns)
        hist->max_ns = ns;
    hist->cell[hist_index(ns)]++;
}

/* Upper edge of a cell, so that a quantile is never flattered. */
static uint64_t hist_edge_ns(unsigned index)
{
    unsigned octave = index / HIST_SUB_N;
    uint64_t sub = index % HIST_SUB_N;

    if (octave == 0)
        return sub;
    return ((HIST_SUB_N + sub + 1) << (octave - 1)) - 1;
}

uint64_t hist_quantile_ns(const struct hist *hist, double share)
{
    uint64_t want = (uint64_t)((double)hist->count * share);
    uint64_t seen = 0;

    if (hist->count == 0)
        return 0;
    for (unsigned i = 0; i < HIST_OCTAVE_N * HIST_SUB_N; i++) {
        seen += hist->cell[i];
        if (seen > want || seen == hist->count)
            return hist_edge_ns(i) < hist->max_ns ? hist_edge_ns(i) : hist->max_ns;
    }
    return hist->max_ns;
}
