/* sample_test.c - figures out of a gateway's own text: sums over labels, endings by name, rates between two looks.
 *
 * Method: texts as /metrics writes them, and what is none.
 */
#include "ctl/sample.h"

#include <stdlib.h>

#include "base/clock.h"

#include "lib/check.h"

TEST(sample_sums_and_names)
{
    struct sample *s = calloc(1, sizeof(*s));

    CHECK(s != NULL, "no memory\n");
    sample_read(s, SPAN_LIT("# HELP forge_requests_total Requests begun\n# TYPE forge_requests_total counter\n"
                            "forge_requests_total{worker=\"0\"} 3\nforge_requests_total{worker=\"1\"} 4\n"
                            "forge_configuration_generation 7\n"
                            "forge_endings_total{why=\"route-no-match\",fault=\"client\"} 2\n"
                            "forge_endings_total{fault=\"us\",why=\"x\"} 1\n"));
    CHECK(s->totals[SAMPLE_REQUESTS] > 6.9 && s->totals[SAMPLE_REQUESTS] < 7.1 && s->totals[SAMPLE_GENERATION] > 6.9, "totals\n");
    CHECK(s->endings_n == 2 && strcmp(s->endings[0].name, "route-no-match") == 0 && s->endings[0].n > 1.9, "endings\n");
    CHECK(strcmp(s->endings[1].name, "x") == 0, "%s\n", s->endings[1].name);
    sample_read(s, SPAN_LIT("forge_requests_total\nforge_requests_total x\nforge_requests_total{a} \nforge_requests_total -1\n"
                            "forge_endings_total{why=\"} 1\nforge_endings_total{why=\"\"} 1\nforge_requests_total 1e99\n<html>\n{} 1\n}{ 1"));
    CHECK(s->totals[SAMPLE_REQUESTS] < 0.1 && s->endings_n == 0, "nonsense was taken\n");
    free(s);
}

TEST(sample_rates)
{
    struct sample *s = calloc(2, sizeof(*s));

    CHECK(s != NULL, "no memory\n");
    s[0].at_ns = NS_PER_S;
    s[1].at_ns = 3 * NS_PER_S;
    sample_read(&s[0], SPAN_LIT("forge_requests_total 10\nforge_responses_2xx_total 50\nforge_endings_total{why=\"a\"} 1\n"));
    sample_read(&s[1], SPAN_LIT("forge_requests_total 30\nforge_responses_2xx_total 20\nforge_endings_total{why=\"b\"} 4\n"
                                "forge_endings_total{why=\"a\"} 7\n"));
    double requests = sample_rate(&s[0], &s[1], SAMPLE_REQUESTS), begun_anew = sample_rate(&s[0], &s[1], SAMPLE_2XX);
    double a = sample_ending_rate(&s[0], &s[1], &s[1].endings[1]), b = sample_ending_rate(&s[0], &s[1], &s[1].endings[0]);
    CHECK(requests > 9.99 && requests < 10.01 && begun_anew < 0.01, "%f %f\n", requests, begun_anew);
    CHECK(a > 2.99 && a < 3.01 && b > 1.99 && b < 2.01, "%f %f\n", a, b);
    CHECK(sample_rate(&s[1], &s[1], SAMPLE_REQUESTS) < 0.01, "no time has passed\n");
    free(s);
}

CHECK_RUN(RUN(sample_sums_and_names), RUN(sample_rates))
