/* kind_mesh_health_check.c - MeshHealthCheck.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_health_check.h"

#include "base/clock.h"
#include "conf/document.h"
#include "conf/header_spec.h"
#include "conf/policy_spec.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)

struct health_tcp {
    const struct node *node;
    int64_t disabled;
    struct span send;
    struct list receive;
};

struct health_http {
    const struct node *node;
    int64_t disabled;
    struct span path;
    const struct modifier_spec *request_headers_to_add;
    struct list expected_statuses;
};

struct health_grpc {
    const struct node *node;
    int64_t disabled;
    struct span service_name;
    struct span authority;
};

struct health_conf {
    const struct node *node;
    int64_t interval;
    int64_t timeout;
    int64_t unhealthy_threshold;
    int64_t healthy_threshold;
    int64_t initial_jitter;
    int64_t interval_jitter;
    int64_t interval_jitter_percent;
    int64_t fail_traffic_on_panic;
    struct span event_log_path;
    int64_t always_log_health_check_failures;
    int64_t no_traffic_interval;
    int64_t reuse_connection;
    const struct health_tcp *tcp;
    const struct health_http *http;
    const struct health_grpc *grpc;
};

static const struct field_row health_tcp_rows[] = {
    { .name = "disabled", .type = TYPE_BOOL, .offset = offsetof(struct health_tcp, disabled), .fallback = "false",
      .doc = "true switches it off" },
    { .name = "send", .type = TYPE_BASE64, .offset = offsetof(struct health_tcp, send),
      .doc = "what is sent after connecting" },
    { .name = "receive", .type = TYPE_LIST, .of = TYPE_BASE64, .offset = offsetof(struct health_tcp, receive), .min = 1,
      .max = 16, .doc = "what must come back, piece after piece" },
    { .name = NULL },
};
static const struct object_table health_tcp_table = {
    .name = "tcp", .rows = health_tcp_rows, .bytes = sizeof(struct health_tcp),
    .doc = "asks whether a connection is accepted",
};

static const struct field_row health_http_rows[] = {
    { .name = "disabled", .type = TYPE_BOOL, .offset = offsetof(struct health_http, disabled), .fallback = "false",
      .doc = "true switches it off" },
    { .name = "path", .type = TYPE_STRING, .offset = offsetof(struct health_http, path), .min = 1, .max = 1024,
      .fallback = "/", .doc = "path of the request" },
    { .name = "requestHeadersToAdd", .type = TYPE_OBJECT,
      .offset = offsetof(struct health_http, request_headers_to_add), .object = &header_addition_table,
      .doc = "headers of the request" },
    { .name = "expectedStatuses", .type = TYPE_LIST, .of = TYPE_INT,
      .offset = offsetof(struct health_http, expected_statuses), .min = 1, .max = 599,
      .doc = "statuses that are healthy; 200 when absent" },
    { .name = NULL },
};
static const struct object_table health_http_table = {
    .name = "http", .rows = health_http_rows, .bytes = sizeof(struct health_http), .doc = "asks by an HTTP request",
};

static const struct field_row health_grpc_rows[] = {
    { .name = "disabled", .type = TYPE_BOOL, .offset = offsetof(struct health_grpc, disabled), .fallback = "false",
      .doc = "true switches it off" },
    { .name = "serviceName", .type = TYPE_STRING, .offset = offsetof(struct health_grpc, service_name), .min = 0,
      .max = 256, .doc = "the service that is asked about" },
    { .name = "authority", .type = TYPE_STRING, .offset = offsetof(struct health_grpc, authority), .min = 0, .max = 256,
      .doc = "the :authority of the request; the service's name when absent" },
    { .name = NULL },
};
static const struct object_table health_grpc_table = {
    .name = "grpc", .rows = health_grpc_rows, .bytes = sizeof(struct health_grpc),
    .doc = "asks by the gRPC health protocol",
};

static const struct field_row health_conf_rows[] = {
    { .name = "interval", .type = TYPE_DURATION, .offset = offsetof(struct health_conf, interval),
      .min = (int64_t)NS_PER_MS, .max = LONGEST, .fallback = "1m", .doc = "time between two questions" },
    { .name = "timeout", .type = TYPE_DURATION, .offset = offsetof(struct health_conf, timeout),
      .min = (int64_t)NS_PER_MS, .max = LONGEST, .fallback = "15s", .doc = "how long an answer may take" },
    { .name = "unhealthyThreshold", .type = TYPE_INT, .offset = offsetof(struct health_conf, unhealthy_threshold),
      .min = 1, .max = 4294967295, .fallback = "5", .doc = "bad answers in a row that make an endpoint unhealthy" },
    { .name = "healthyThreshold", .type = TYPE_INT, .offset = offsetof(struct health_conf, healthy_threshold), .min = 1,
      .max = 4294967295, .fallback = "1", .doc = "good answers in a row that make it healthy again" },
    { .name = "initialJitter", .type = TYPE_DURATION, .offset = offsetof(struct health_conf, initial_jitter), .min = 0,
      .max = LONGEST, .doc = "random delay of the first question" },
    { .name = "intervalJitter", .type = TYPE_DURATION, .offset = offsetof(struct health_conf, interval_jitter),
      .min = 0, .max = LONGEST, .doc = "random time added to each interval" },
    { .name = "intervalJitterPercent", .type = TYPE_INT,
      .offset = offsetof(struct health_conf, interval_jitter_percent), .min = 0, .max = 100,
      .doc = "random time added to each interval, in hundredths of it" },
    { .name = "failTrafficOnPanic", .type = TYPE_BOOL, .offset = offsetof(struct health_conf, fail_traffic_on_panic),
      .fallback = "false", .doc = "fail requests, rather than use unhealthy endpoints, when too few are healthy" },
    { .name = "eventLogPath", .type = TYPE_STRING, .offset = offsetof(struct health_conf, event_log_path), .min = 1,
      .max = 1024, .doc = "file that changes are written to" },
    { .name = "alwaysLogHealthCheckFailures", .type = TYPE_BOOL,
      .offset = offsetof(struct health_conf, always_log_health_check_failures), .fallback = "false",
      .doc = "write each bad answer, not only changes" },
    { .name = "noTrafficInterval", .type = TYPE_DURATION, .offset = offsetof(struct health_conf, no_traffic_interval),
      .min = (int64_t)NS_PER_MS, .max = LONGEST, .fallback = "60s",
      .doc = "interval while nothing was sent to the service" },
    { .name = "reuseConnection", .type = TYPE_BOOL, .offset = offsetof(struct health_conf, reuse_connection),
      .fallback = "true", .doc = "keep the connection between questions" },
    { .name = "tcp", .type = TYPE_OBJECT, .offset = offsetof(struct health_conf, tcp), .object = &health_tcp_table,
      .doc = "asks whether a connection is accepted" },
    { .name = "http", .type = TYPE_OBJECT, .offset = offsetof(struct health_conf, http), .object = &health_http_table,
      .doc = "asks by an HTTP request" },
    { .name = "grpc", .type = TYPE_OBJECT, .offset = offsetof(struct health_conf, grpc), .object = &health_grpc_table,
      .doc = "asks by the gRPC health protocol" },
    { .name = NULL },
};
static const struct object_table health_conf_table = {
    .name = "MeshHealthCheck's default", .rows = health_conf_rows, .bytes = sizeof(struct health_conf),
    .doc = "how endpoints are asked whether they are well",
};

static const struct field_row to_rows[] = {
    POLICY_ENTRY_TARGET_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&health_conf_table),
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "`to` entry", .rows = to_rows, .bytes = sizeof(struct policy_entry),
    .doc = "what holds for requests to one service",
};

static const struct field_row rows[] = {
    POLICY_TARGET_ROW,
    POLICY_TO_ROW(&to_table),
    POLICY_NO_FROM_ROW,
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshHealthCheck", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "questions to endpoints",
};

static const struct policy_shape shape = {
    .conf = &health_conf_table, .top_mask = POLICY_TOP_KINDS, .to_mask = POLICY_TO_KINDS,
};

static bool check_conf(const void *of, struct diag *diag)
{
    const struct health_conf *conf = of;
    const struct node *item;
    bool is_good = true;

    if (conf->tcp == NULL && conf->http == NULL && conf->grpc == NULL) {
        diag_error(diag, node_place(conf->node), "it is not said how to ask: write at least one of `tcp`, `http` and `grpc`");
        is_good = false;
    }
    if (conf->http != NULL && conf->http->path.at[0] != '/') {
        diag_error(diag, field_place(conf->http, "path"), "`path` must start with a slash");
        is_good = false;
    }
    item = conf->http != NULL && conf->http->expected_statuses.node != NULL ? conf->http->expected_statuses.node->first : NULL;
    for (uint32_t i = 0; item != NULL; item = item->next, i++) {
        int64_t status = ((const int64_t *)conf->http->expected_statuses.items)[i];
        if (status < 100 || status > 599) {
            diag_error(diag, node_place(item), "a status is between 100 and 599, and this one is %lld", (long long)status);
            is_good = false;
        }
    }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

const struct kind kind_mesh_health_check = {
    .type = "MeshHealthCheck", .plural = "meshhealthchecks", .short_name = "mhc", .has_spec = true,
    .not_enforced = "endpoints are not asked, and all of them count as well", .policy = &shape, .table = &table,
    .check = check,
};
