/* metrics_text_test.c - a page that Prometheus reads: checked line by line against the format's grammar.
 *
 * Goal:   each metric has one HELP and one TYPE before its samples, no sample comes twice, names keep promtool's rules,
 *         sums are sums, every row of metric.def and why.def is there.
 * Method: a small reader of the text format walks the page.
 */
#include "lib/check.h"

#include <ctype.h>
#include <stdlib.h>

#include "admin/metrics_text.h"
#include "base/limits.h"
#include "conf/chain.h"
#include "conf/snapshot.h"

enum { PAGE_BYTES = METRICS_BYTES_MAX };

static const struct metrics_gauge gauges[] = {
    { "forge_generation", "Configuration in force", NULL, { NULL, 0 }, 42 },
    { "forge_clients", "Live client connections", "listener", { (const uint8_t *)"edge\"\\\n", 7 }, 1 },
    { "forge_clients", "Live client connections", "listener", { (const uint8_t *)"other", 5 }, 2 },
};
static const struct metrics_pool pools[] = { { "conn", 0, 1, 2, 3 }, { "conn", 1, 4, 5, 6 }, { "buffer", 0, 7, 8, 9 } };
static const struct metrics_ring rings[] = { { 0, 100, 200 }, { 1, 300, 400 } };

/* Two cells; thread 1 counted 5 in the first, the last one 2. */
static const struct shadow_cell cells[] = {
    { SHADOW_POLICY, POLICY_BODY_CAP, { (const uint8_t *)"default", 7 }, { (const uint8_t *)"shop", 4 } },
    { SHADOW_ROUTE, 0, { (const uint8_t *)"default", 7 }, { (const uint8_t *)"canary", 6 } },
};
static const uint64_t counts[(WORKERS_MAX + 1) * COUNT(cells)] = { [2] = 5, [WORKERS_MAX * COUNT(cells)] = 2 };

static struct counters *counters_new(uint64_t add)
{
    struct counters *c = calloc(1, sizeof(*c));

    CHECK(c != NULL, "no memory for the test\n");
    counter_add(c, METRIC_REQUESTS, add);
    for (uint64_t i = 0; i < add; i++)
        counter_why(c, WHY_ROUTE_NO_MATCH);
    counter_shadow(c, WHY_POLICY_BODY_CAP);
    return c;
}

static char *page_make(enum why *out_why, uint32_t segs)
{
    struct counters *one = counters_new(3), *two = counters_new(4);
    const struct counters *both[] = { one, two };
    const struct snapshot snapshot = { .shadow_cells = cells, .shadow_cells_n = COUNT(cells), .shadow_counts = (uint64_t *)(uintptr_t)counts };
    struct metrics_source src = { .counters = both, .counters_n = 2, .gauges = gauges, .gauges_n = COUNT(gauges),
                                  .pools = pools, .pools_n = COUNT(pools), .rings = rings, .rings_n = COUNT(rings),
                                  .snapshot = &snapshot, .version = "1.2.3", .started_wall_ns = UINT64_C(1700000000) * 1000000000 };
    struct bufq_env env;
    struct bufq q = { 0 };
    char *page = malloc(PAGE_BYTES);

    CHECK(page != NULL && bufq_env_open(&env, segs, 64, 64) == WHY_OK, "no memory for the test\n");
    *out_why = metrics_text_write(&env, &src, &q);
    page[bufq_peek(&q, (uint8_t *)page, PAGE_BYTES - 1)] = 0;
    bufq_clear(&env, &q);
    CHECK(buf_pool_live_n(&env.bufs) == 0 && env.segs.live_n == 0, "leak\n");
    bufq_env_close(&env);
    free(one);
    free(two);
    return page;
}

static bool is_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!(isalpha(s.at[i]) || s.at[i] == '_' || s.at[i] == ':' || (i > 0 && isdigit(s.at[i]))))
            return false;
    }
    return s.len > 0;
}

/* The labels {a="b",c="d"} at the front of *io_line, eaten. */
static bool labels_eat(struct span *io_line)
{
    struct span s = span_from(*io_line, 1);

    for (;;) {
        size_t equals = span_find(s, '=');
        if (equals + 1 >= s.len || !is_name(span_of(s.at, equals)) || s.at[equals + 1] != '"')
            return false;
        for (s = span_from(s, equals + 2); s.len > 0 && s.at[0] != '"'; s = span_from(s, 1)) {
            if (s.at[0] != '\\')
                continue;
            s = span_from(s, 1);
            if (s.len == 0 || (s.at[0] != '\\' && s.at[0] != '"' && s.at[0] != 'n'))
                return false;
        }
        if (s.len < 2)
            return false;
        if (s.at[1] == '}') {
            *io_line = span_from(s, 2);
            return true;
        }
        if (s.at[1] != ',')
            return false;
        s = span_from(s, 2);
    }
}

TEST(page_is_well_formed)
{
    enum why why;
    char *page = page_make(&why, 256);
    struct span rest = span_str(page), line, family = SPAN_NONE, type = SPAN_NONE, helped = SPAN_NONE;

    CHECK(why == WHY_OK, "%s\n", why_name(why));
    CHECK(rest.len > 0 && rest.at[rest.len - 1] == '\n', "last line has no end\n");
    rest.len--;
    while (span_next(&rest, '\n', &line)) {
        if (span_starts(line, SPAN_LIT("# HELP "))) {
            helped = span_from(line, 7);
            size_t blank = span_find(helped, ' ');
            CHECK(blank + 1 < helped.len, "no help: %.*s\n", SPAN_FMT(line));
            helped.len = blank;
            continue;
        }
        if (span_starts(line, SPAN_LIT("# TYPE "))) {
            family = span_from(line, 7);
            size_t blank = span_find(family, ' ');
            type = span_from(family, blank + 1);
            family.len = blank;
            CHECK(span_is(family, helped), "TYPE without its HELP: %.*s\n", SPAN_FMT(line));
            CHECK(span_is(type, SPAN_LIT("counter")) || span_is(type, SPAN_LIT("gauge")), "%.*s\n", SPAN_FMT(line));
            CHECK(span_is(type, SPAN_LIT("counter")) == span_ends(family, SPAN_LIT("_total")), "promtool: %.*s\n",
                  SPAN_FMT(line));
            char again[128];
            snprintf(again, sizeof(again), "\n# TYPE %.*s ", SPAN_FMT(family));
            const char *first = strstr(page, again);
            CHECK(first != NULL && strstr(first + 1, again) == NULL, "family twice: %.*s\n", SPAN_FMT(family));
            continue;
        }
        struct span left = line;
        size_t name_bytes = 0;
        while (name_bytes < left.len && left.at[name_bytes] != '{' && left.at[name_bytes] != ' ')
            name_bytes++;
        CHECK(span_is(span_of(line.at, name_bytes), family), "sample outside its family: %.*s\n", SPAN_FMT(line));
        CHECK(is_name(family) && span_starts(family, SPAN_LIT("forge_")), "name: %.*s\n", SPAN_FMT(line));
        left = span_from(left, name_bytes);
        CHECK(left.len > 0 && (left.at[0] == ' ' || labels_eat(&left)), "labels: %.*s\n", SPAN_FMT(line));
        uint64_t value;
        CHECK(left.len > 1 && left.at[0] == ' ' && span_to_u64(span_from(left, 1), &value), "value: %.*s\n",
              SPAN_FMT(line));
    }
    free(page);
}

TEST(page_holds_each_row_once)
{
    static const char *wanted[] = {
        "\nforge_requests_total 7\n", "\nforge_endings_total{why=\"route-no-match\",fault=\"client\"} 7\n",
        "\nforge_endings_total{why=\"up-timeout\",fault=\"upstream\"} 0\n", "\nforge_generation 42\n",
        "\nforge_clients{listener=\"edge\\\"\\\\\\n\"} 1\n", "\nforge_clients{listener=\"other\"} 2\n",
        "\nforge_pool_live{pool=\"conn\",thread=\"1\"} 4\n", "\nforge_pool_live_max{pool=\"buffer\",thread=\"0\"} 8\n",
        "\nforge_pool_slots{pool=\"conn\",thread=\"0\"} 3\n", "\nforge_ring_enters_total{thread=\"1\"} 300\n",
        "\nforge_ring_submissions_total{thread=\"0\"} 200\n", "\nforge_build_info{version=\"1.2.3\"} 1\n",
        "\nforge_start_time_seconds 1700000000\n", "\nforge_shadow_endings_total{why=\"policy-body-cap\"} 2\n",
        "\nforge_shadow_requests_total{mesh=\"default\",route=\"shop\",by=\"body-cap\"} 7\n",
        "\nforge_shadow_requests_total{mesh=\"default\",route=\"canary\",by=\"route\"} 0\n",
    };
    enum why why;
    char *page = page_make(&why, 256), text[160];

    for (size_t i = 0; i < COUNT(wanted); i++)
        CHECK(strstr(page, wanted[i]) != NULL, "missing: %s", wanted[i] + 1);
    for (int m = 0; m < METRIC_N; m++) {
        snprintf(text, sizeof(text), "\n%s ", metric_name((enum metric)m));
        const char *first = strstr(page, text);
        CHECK(first != NULL && strstr(first + 1, text) == NULL, "%s: missing or twice\n", text + 1);
    }
    for (int w = WHY_OK + 1; w < WHY_N; w++) {
        snprintf(text, sizeof(text), "{why=\"%s\",", why_name((enum why)w));
        const char *first = strstr(page, text);
        CHECK(first != NULL && strstr(first + 1, text) == NULL, "%s: missing or twice\n", text);
    }
    free(page);
}

TEST(page_without_buffers_is_a_why)
{
    enum why why;
    char *page = page_make(&why, 1);

    CHECK(why == WHY_POOL_BUFFER_EMPTY, "%s\n", why_name(why));
    free(page);
}

CHECK_RUN(RUN(page_is_well_formed), RUN(page_holds_each_row_once), RUN(page_without_buffers_is_a_why))
