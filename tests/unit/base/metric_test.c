/* metric_test.c - counters count, and each has a name and a help text. */
#include "base/metric.h"

#include "lib/check.h"

TEST(metrics_have_names_and_count)
{
    static struct counters c;
    for (int i = 0; i < METRIC_N; i++)
        CHECK(strncmp(metric_name((enum metric)i), "forge_", 6) == 0, "%d: %s\n", i, metric_name((enum metric)i));
    for (int i = 0; i < METRIC_N; i++)
        CHECK(strlen(metric_help((enum metric)i)) > 5, "%s\n", metric_name((enum metric)i));
    counter_add(&c, METRIC_REQUESTS, 2);
    counter_add(&c, METRIC_REQUESTS, 3);
    counter_why(&c, WHY_IO_RESET);
    CHECK(counter_get(&c, METRIC_REQUESTS) == 5 && counter_get_why(&c, WHY_IO_RESET) == 1, "wrong counts\n");
}

CHECK_RUN(RUN(metrics_have_names_and_count))
