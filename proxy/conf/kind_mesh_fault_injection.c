/* kind_mesh_fault_injection.c - MeshFaultInjection.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_fault_injection.h"

#include "base/clock.h"
#include "conf/document.h"
#include "conf/policy_spec.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)

struct fault_abort {
    const struct node *node;
    int64_t http_status;
    int64_t percentage;
};

struct fault_delay {
    const struct node *node;
    int64_t value;
    int64_t percentage;
};

struct fault_bandwidth {
    const struct node *node;
    struct span limit;
    int64_t percentage;
};

struct fault_http {
    const struct node *node;
    const struct fault_abort *abort;
    const struct fault_delay *delay;
    const struct fault_bandwidth *response_bandwidth;
};

struct fault_conf {
    const struct node *node;
    struct list http;
};

static const struct field_row fault_abort_rows[] = {
    { .name = "httpStatus", .type = TYPE_INT, .offset = offsetof(struct fault_abort, http_status), .is_required = true,
      .min = 100, .max = 599, .doc = "status of the answer" },
    { .name = "percentage", .type = TYPE_PERCENTAGE, .offset = offsetof(struct fault_abort, percentage),
      .is_required = true, .doc = "write the share of requests, such as 50" },
    { .name = NULL },
};
static const struct object_table fault_abort_table = {
    .name = "abort", .rows = fault_abort_rows, .bytes = sizeof(struct fault_abort),
    .doc = "answers in place of the service",
};

static const struct field_row fault_delay_rows[] = {
    { .name = "value", .type = TYPE_DURATION, .offset = offsetof(struct fault_delay, value), .is_required = true,
      .min = 0, .max = LONGEST, .doc = "how long" },
    { .name = "percentage", .type = TYPE_PERCENTAGE, .offset = offsetof(struct fault_delay, percentage),
      .is_required = true, .doc = "write the share of requests, such as 50" },
    { .name = NULL },
};
static const struct object_table fault_delay_table = {
    .name = "delay", .rows = fault_delay_rows, .bytes = sizeof(struct fault_delay), .doc = "holds requests back",
};

static const struct field_row fault_bandwidth_rows[] = {
    { .name = "limit", .type = TYPE_STRING, .offset = offsetof(struct fault_bandwidth, limit), .is_required = true,
      .min = 4, .max = 32, .doc = "such as 50 kbps, 10 Mbps or 1 Gbps" },
    { .name = "percentage", .type = TYPE_PERCENTAGE, .offset = offsetof(struct fault_bandwidth, percentage),
      .is_required = true, .doc = "write the share of requests, such as 50" },
    { .name = NULL },
};
static const struct object_table fault_bandwidth_table = {
    .name = "responseBandwidth", .rows = fault_bandwidth_rows, .bytes = sizeof(struct fault_bandwidth),
    .doc = "slows answers down",
};

static const struct field_row fault_http_rows[] = {
    { .name = "abort", .type = TYPE_OBJECT, .offset = offsetof(struct fault_http, abort), .object = &fault_abort_table,
      .doc = "answers in place of the service" },
    { .name = "delay", .type = TYPE_OBJECT, .offset = offsetof(struct fault_http, delay), .object = &fault_delay_table,
      .doc = "holds requests back" },
    { .name = "responseBandwidth", .type = TYPE_OBJECT, .offset = offsetof(struct fault_http, response_bandwidth),
      .object = &fault_bandwidth_table, .doc = "slows answers down" },
    { .name = NULL },
};
static const struct object_table fault_http_table = {
    .name = "fault", .rows = fault_http_rows, .bytes = sizeof(struct fault_http),
    .doc = "one fault; those of a list are tried one after the other",
};

static const struct field_row fault_conf_rows[] = {
    { .name = "http", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct fault_conf, http),
      .is_required = true, .min = 1, .max = 64, .object = &fault_http_table,
      .doc = "faults, tried one after the other" },
    { .name = NULL },
};
static const struct object_table fault_conf_table = {
    .name = "MeshFaultInjection's default", .rows = fault_conf_rows, .bytes = sizeof(struct fault_conf),
    .doc = "faults",
};

static const struct field_row to_rows[] = {
    POLICY_ENTRY_TARGET_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&fault_conf_table),
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "`to` entry", .rows = to_rows, .bytes = sizeof(struct policy_entry),
    .doc = "what holds for requests to one service",
};

static const struct field_row rule_rows[] = {
    POLICY_ENTRY_MATCHES_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&fault_conf_table),
    { .name = NULL },
};
static const struct object_table rule_table = {
    .name = "rule", .rows = rule_rows, .bytes = sizeof(struct policy_entry),
    .doc = "what holds for requests that come in",
};

static const struct field_row rows[] = {
    POLICY_TARGET_ROW,
    POLICY_TO_ROW(&to_table),
    POLICY_RULES_ROW(&rule_table),
    POLICY_FROM_ROW,
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshFaultInjection", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "faults made on purpose",
};

static const struct policy_shape shape = {
    .conf = &fault_conf_table, .top_mask = POLICY_TOP_KINDS, .to_mask = POLICY_TO_KINDS, .has_rules = true,
};

/* ^\d*\s?[GMk]bps$: Kuma's form. */
static bool is_bandwidth(struct span text)
{
    size_t n = 0;

    while (n < text.len && text.at[n] >= '0' && text.at[n] <= '9')
        n++;
    text = span_from(text, n);
    if (text.len > 0 && text.at[0] == ' ')
        text = span_from(text, 1);
    return n > 0 && text.len == 4 && strchr("GMk", text.at[0]) != NULL && span_is(span_from(text, 1), SPAN_LIT("bps"));
}

static bool check_conf(const void *of, struct diag *diag)
{
    const struct fault_conf *conf = of;
    const struct fault_http *faults = conf->http.items;
    bool is_good = true;

    for (uint32_t i = 0; i < conf->http.n; i++) {
        const struct fault_bandwidth *band = faults[i].response_bandwidth;
        if (faults[i].abort == NULL && faults[i].delay == NULL && band == NULL) {
            diag_error(diag, node_place(faults[i].node), "this fault does nothing: write `abort`, `delay` or `responseBandwidth`");
            is_good = false;
        }
        if (band != NULL && !is_bandwidth(band->limit)) {
            diag_error(diag, field_place(band, "limit"), "`limit` must be a number with Gbps, Mbps or kbps, such as 50kbps, and is "
                       "\"%.*s\"", SPAN_FMT(band->limit));
            is_good = false;
        }
    }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

const struct kind kind_mesh_fault_injection = {
    .type = "MeshFaultInjection", .plural = "meshfaultinjections", .short_name = "mfi", .has_spec = true,
    .not_enforced = "no faults are made", .policy = &shape, .table = &table, .check = check,
};
