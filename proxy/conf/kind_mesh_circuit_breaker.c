/* kind_mesh_circuit_breaker.c - MeshCircuitBreaker.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_circuit_breaker.h"

#include "base/clock.h"
#include "conf/document.h"
#include "conf/policy_spec.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)

struct breaker_limits {
    const struct node *node;
    int64_t max_connections;
    int64_t max_connection_pools;
    int64_t max_pending_requests;
    int64_t max_retries;
    int64_t max_requests;
};

struct breaker_consecutive {
    const struct node *node;
    int64_t consecutive;
};

struct breaker_success_rate {
    const struct node *node;
    int64_t minimum_hosts;
    int64_t request_volume;
    struct span standard_deviation_factor;
};

struct breaker_failure_percentage {
    const struct node *node;
    int64_t minimum_hosts;
    int64_t request_volume;
    int64_t threshold;
};

struct breaker_detectors {
    const struct node *node;
    const struct breaker_consecutive *total_failures;
    const struct breaker_consecutive *gateway_failures;
    const struct breaker_consecutive *local_origin_failures;
    const struct breaker_success_rate *success_rate;
    const struct breaker_failure_percentage *failure_percentage;
};

struct breaker_outlier {
    const struct node *node;
    int64_t disabled;
    int64_t interval;
    int64_t base_ejection_time;
    int64_t max_ejection_percent;
    int64_t split_external_and_local_errors;
    int64_t healthy_panic_threshold;
    const struct breaker_detectors *detectors;
};

struct breaker_conf {
    const struct node *node;
    const struct breaker_limits *connection_limits;
    const struct breaker_outlier *outlier_detection;
};

static const struct field_row breaker_limits_rows[] = {
    { .name = "maxConnections", .type = TYPE_INT, .offset = offsetof(struct breaker_limits, max_connections), .min = 1,
      .max = 4294967295, .doc = "connections" },
    { .name = "maxConnectionPools", .type = TYPE_INT, .offset = offsetof(struct breaker_limits, max_connection_pools),
      .min = 1, .max = 4294967295, .doc = "pools of connections" },
    { .name = "maxPendingRequests", .type = TYPE_INT, .offset = offsetof(struct breaker_limits, max_pending_requests),
      .min = 1, .max = 4294967295, .doc = "requests that wait for a connection" },
    { .name = "maxRetries", .type = TYPE_INT, .offset = offsetof(struct breaker_limits, max_retries), .min = 1,
      .max = 4294967295, .doc = "further attempts" },
    { .name = "maxRequests", .type = TYPE_INT, .offset = offsetof(struct breaker_limits, max_requests), .min = 1,
      .max = 4294967295, .doc = "requests" },
    { .name = NULL },
};
static const struct object_table breaker_limits_table = {
    .name = "connectionLimits", .rows = breaker_limits_rows, .bytes = sizeof(struct breaker_limits),
    .doc = "what a service may be busy with at one time",
};

static const struct field_row breaker_consecutive_rows[] = {
    { .name = "consecutive", .type = TYPE_INT, .offset = offsetof(struct breaker_consecutive, consecutive), .min = 1,
      .max = 4294967295, .doc = "failures in a row" },
    { .name = NULL },
};
static const struct object_table breaker_consecutive_table = {
    .name = "detector", .rows = breaker_consecutive_rows, .bytes = sizeof(struct breaker_consecutive),
    .doc = "failures in a row",
};

static const struct field_row breaker_success_rate_rows[] = {
    { .name = "minimumHosts", .type = TYPE_INT, .offset = offsetof(struct breaker_success_rate, minimum_hosts),
      .min = 1, .max = 4294967295, .doc = "endpoints that must have requests" },
    { .name = "requestVolume", .type = TYPE_INT, .offset = offsetof(struct breaker_success_rate, request_volume),
      .min = 1, .max = 4294967295, .doc = "requests that an endpoint must have had" },
    { .name = "standardDeviationFactor", .type = TYPE_INT_OR_STRING,
      .offset = offsetof(struct breaker_success_rate, standard_deviation_factor), .fallback = "1.9",
      .doc = "how many standard deviations below the mean are too few" },
    { .name = NULL },
};
static const struct object_table breaker_success_rate_table = {
    .name = "successRate", .rows = breaker_success_rate_rows, .bytes = sizeof(struct breaker_success_rate),
    .doc = "endpoints that succeed clearly less often than the others",
};

static const struct field_row breaker_failure_percentage_rows[] = {
    { .name = "minimumHosts", .type = TYPE_INT, .offset = offsetof(struct breaker_failure_percentage, minimum_hosts),
      .min = 1, .max = 4294967295, .doc = "endpoints that must have requests" },
    { .name = "requestVolume", .type = TYPE_INT, .offset = offsetof(struct breaker_failure_percentage, request_volume),
      .min = 1, .max = 4294967295, .doc = "requests that an endpoint must have had" },
    { .name = "threshold", .type = TYPE_INT, .offset = offsetof(struct breaker_failure_percentage, threshold), .min = 0,
      .max = 100, .doc = "failures in a hundred requests" },
    { .name = NULL },
};
static const struct object_table breaker_failure_percentage_table = {
    .name = "failurePercentage", .rows = breaker_failure_percentage_rows, .bytes = sizeof(struct breaker_failure_percentage),
    .doc = "endpoints that fail too large a share",
};

static const struct field_row breaker_detectors_rows[] = {
    { .name = "totalFailures", .type = TYPE_OBJECT, .offset = offsetof(struct breaker_detectors, total_failures),
      .object = &breaker_consecutive_table, .doc = "answers 5xx and local failures in a row" },
    { .name = "gatewayFailures", .type = TYPE_OBJECT, .offset = offsetof(struct breaker_detectors, gateway_failures),
      .object = &breaker_consecutive_table, .doc = "answers 502, 503 and 504 in a row" },
    { .name = "localOriginFailures", .type = TYPE_OBJECT,
      .offset = offsetof(struct breaker_detectors, local_origin_failures), .object = &breaker_consecutive_table,
      .doc = "connections that fail in a row" },
    { .name = "successRate", .type = TYPE_OBJECT, .offset = offsetof(struct breaker_detectors, success_rate),
      .object = &breaker_success_rate_table, .doc = "succeeds clearly less often than the others" },
    { .name = "failurePercentage", .type = TYPE_OBJECT,
      .offset = offsetof(struct breaker_detectors, failure_percentage), .object = &breaker_failure_percentage_table,
      .doc = "fails too large a share" },
    { .name = NULL },
};
static const struct object_table breaker_detectors_table = {
    .name = "detectors", .rows = breaker_detectors_rows, .bytes = sizeof(struct breaker_detectors),
    .doc = "what counts as failing",
};

static const struct field_row breaker_outlier_rows[] = {
    { .name = "disabled", .type = TYPE_BOOL, .offset = offsetof(struct breaker_outlier, disabled), .fallback = "false",
      .doc = "true switches it off" },
    { .name = "interval", .type = TYPE_DURATION, .offset = offsetof(struct breaker_outlier, interval),
      .min = (int64_t)NS_PER_MS, .max = LONGEST, .fallback = "10s", .doc = "time between two looks" },
    { .name = "baseEjectionTime", .type = TYPE_DURATION, .offset = offsetof(struct breaker_outlier, base_ejection_time),
      .min = (int64_t)NS_PER_MS, .max = LONGEST, .fallback = "30s",
      .doc = "how long an endpoint is left out, times how often it was" },
    { .name = "maxEjectionPercent", .type = TYPE_INT, .offset = offsetof(struct breaker_outlier, max_ejection_percent),
      .min = 0, .max = 100, .fallback = "10",
      .doc = "largest share that may be left out at one time; one endpoint always may" },
    { .name = "splitExternalAndLocalErrors", .type = TYPE_BOOL,
      .offset = offsetof(struct breaker_outlier, split_external_and_local_errors), .fallback = "false",
      .doc = "count failed connections apart from bad answers" },
    { .name = "healthyPanicThreshold", .type = TYPE_PERCENTAGE,
      .offset = offsetof(struct breaker_outlier, healthy_panic_threshold), .fallback = "50",
      .doc = "below this share of good endpoints all are used; 0 is off" },
    { .name = "detectors", .type = TYPE_OBJECT, .offset = offsetof(struct breaker_outlier, detectors),
      .object = &breaker_detectors_table, .doc = "what counts as failing" },
    { .name = NULL },
};
static const struct object_table breaker_outlier_table = {
    .name = "outlierDetection", .rows = breaker_outlier_rows, .bytes = sizeof(struct breaker_outlier),
    .doc = "endpoints that fail are left out for a while",
};

static const struct field_row breaker_conf_rows[] = {
    { .name = "connectionLimits", .type = TYPE_OBJECT, .offset = offsetof(struct breaker_conf, connection_limits),
      .object = &breaker_limits_table, .doc = "what a service may be busy with at one time" },
    { .name = "outlierDetection", .type = TYPE_OBJECT, .offset = offsetof(struct breaker_conf, outlier_detection),
      .object = &breaker_outlier_table, .doc = "endpoints that fail are left out for a while" },
    { .name = NULL },
};
static const struct object_table breaker_conf_table = {
    .name = "MeshCircuitBreaker's default", .rows = breaker_conf_rows, .bytes = sizeof(struct breaker_conf),
    .doc = "limits and detection",
};

static const struct field_row to_rows[] = {
    POLICY_ENTRY_TARGET_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&breaker_conf_table),
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "`to` entry", .rows = to_rows, .bytes = sizeof(struct policy_entry),
    .doc = "what holds for requests to one service",
};

static const struct field_row rule_rows[] = {
    POLICY_ENTRY_DEFAULT_ROW(&breaker_conf_table),
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
    .name = "MeshCircuitBreaker", .rows = rows, .bytes = sizeof(struct policy_spec),
    .doc = "limits and detection of failing endpoints",
};

static const struct policy_shape shape = {
    .conf = &breaker_conf_table, .top_mask = POLICY_TOP_KINDS, .to_mask = POLICY_TO_KINDS, .has_rules = true,
};

static bool check_conf(const void *of, struct diag *diag)
{
    const struct breaker_conf *conf = of;
    const struct breaker_outlier *outlier = conf->outlier_detection;
    bool is_good = true;

    if (conf->connection_limits == NULL && outlier == NULL) {
        diag_error(diag, node_place(conf->node), "this default says nothing: write `connectionLimits` or `outlierDetection` "
                   "below it");
        is_good = false;
    }
    if (outlier != NULL && outlier->detectors != NULL && outlier->detectors->node->children_n == 0) {
        diag_error(diag, field_place(outlier, "detectors"), "`detectors` needs at least one of totalFailures, gatewayFailures, "
                   "localOriginFailures, successRate and failurePercentage");
        is_good = false;
    }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

const struct kind kind_mesh_circuit_breaker = {
    .type = "MeshCircuitBreaker", .plural = "meshcircuitbreakers", .short_name = "mcb", .has_spec = true,
    .not_enforced = "a service is asked however busy it is, and endpoints that fail are not left out", .policy = &shape,
    .table = &table, .check = check,
};
