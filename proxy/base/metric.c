/* metric.c - names and help of the counters, from the table.
 *
 * Layer:  base.
 */
#include "base/metric.h"

#include "base/must.h"

static const struct metric_row {
    const char *name, *help;
} metric_rows[METRIC_N] = {
#define METRIC(name, prometheus, help) [METRIC_##name] = { prometheus, help },
#include "base/metric.def"
#undef METRIC
};

const char *metric_name(enum metric m)
{
    MUST((unsigned)m < METRIC_N);
    return metric_rows[m].name;
}

const char *metric_help(enum metric m)
{
    MUST((unsigned)m < METRIC_N);
    return metric_rows[m].help;
}
