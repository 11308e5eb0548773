/* kind_mesh_retry.c - MeshRetry.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_retry.h"

#include "base/clock.h"
#include "base/must.h"
#include "conf/document.h"
#include "conf/header_spec.h"
#include "conf/policy_spec.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)

struct retry_back_off {
    const struct node *node;
    int64_t base_interval;
    int64_t max_interval;
};

struct retry_reset_header {
    const struct node *node;
    struct span name;
    int64_t format;
};

struct retry_rate_limited_back_off {
    const struct node *node;
    struct list reset_headers;
    int64_t max_interval;
};

struct retry_host_selection {
    const struct node *node;
    int64_t predicate;
    struct list tags;
    int64_t update_frequency;
};

struct retry_tcp {
    const struct node *node;
    int64_t max_connect_attempt;
};

struct retry_http {
    const struct node *node;
    int64_t num_retries;
    int64_t per_try_timeout;
    const struct retry_back_off *back_off;
    const struct retry_rate_limited_back_off *rate_limited_back_off;
    struct list retry_on;
    struct list retriable_response_headers;
    struct list retriable_request_headers;
    struct list host_selection;
    int64_t host_selection_max_attempts;
};

struct retry_grpc {
    const struct node *node;
    int64_t num_retries;
    int64_t per_try_timeout;
    const struct retry_back_off *back_off;
    const struct retry_rate_limited_back_off *rate_limited_back_off;
    struct list retry_on;
};

struct retry_conf {
    const struct node *node;
    const struct retry_tcp *tcp;
    const struct retry_http *http;
    const struct retry_grpc *grpc;
};

enum reset_format { RESET_SECONDS = 0, RESET_UNIX_TIMESTAMP };
enum predicate { OMIT_PREVIOUS_HOSTS = 0, OMIT_HOSTS_WITH_TAGS, OMIT_PREVIOUS_PRIORITIES };

static const struct enum_row reset_formats[] = {
    { .name = "Seconds", .value = RESET_SECONDS },
    { .name = "UnixTimestamp", .value = RESET_UNIX_TIMESTAMP },
    { .name = NULL },
};

static const struct enum_row predicates[] = {
    { .name = "OmitPreviousHosts", .value = OMIT_PREVIOUS_HOSTS },
    { .name = "OmitHostsWithTags", .value = OMIT_HOSTS_WITH_TAGS },
    { .name = "OmitPreviousPriorities", .value = OMIT_PREVIOUS_PRIORITIES },
    { .name = NULL },
};

static const struct enum_row grpc_codes[] = {
    { .name = "Canceled", .value = 1 },
    { .name = "DeadlineExceeded", .value = 4 },
    { .name = "Internal", .value = 13 },
    { .name = "ResourceExhausted", .value = 8 },
    { .name = "Unavailable", .value = 14 },
    { .name = NULL },
};

static const struct field_row retry_back_off_rows[] = {
    { .name = "baseInterval", .type = TYPE_DURATION, .offset = offsetof(struct retry_back_off, base_interval),
      .min = (int64_t)NS_PER_MS, .max = LONGEST, .fallback = "25ms",
      .doc = "shortest pause; the next ones grow from it" },
    { .name = "maxInterval", .type = TYPE_DURATION, .offset = offsetof(struct retry_back_off, max_interval),
      .min = (int64_t)NS_PER_MS, .max = LONGEST, .doc = "longest pause; ten times baseInterval when absent" },
    { .name = NULL },
};
static const struct object_table retry_back_off_table = {
    .name = "backOff", .rows = retry_back_off_rows, .bytes = sizeof(struct retry_back_off),
    .doc = "pauses between attempts, random and growing",
};

static const struct field_row retry_reset_header_rows[] = {
    { .name = "name", .type = TYPE_HEADER_NAME, .offset = offsetof(struct retry_reset_header, name),
      .is_required = true, .doc = "the header's name in lower case" },
    { .name = "format", .type = TYPE_ENUM, .offset = offsetof(struct retry_reset_header, format), .is_required = true,
      .enums = reset_formats, .doc = "seconds from now, or a time of UNIX" },
    { .name = NULL },
};
static const struct object_table retry_reset_header_table = {
    .name = "reset header", .rows = retry_reset_header_rows, .bytes = sizeof(struct retry_reset_header),
    .doc = "a header of the answer that says when to come back",
};

static const struct field_row retry_rate_limited_back_off_rows[] = {
    { .name = "resetHeaders", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct retry_rate_limited_back_off, reset_headers), .min = 1, .max = 16,
      .object = &retry_reset_header_table, .doc = "headers that say when to come back" },
    { .name = "maxInterval", .type = TYPE_DURATION,
      .offset = offsetof(struct retry_rate_limited_back_off, max_interval), .min = (int64_t)NS_PER_MS, .max = LONGEST,
      .fallback = "300s", .doc = "longest pause that is obeyed" },
    { .name = NULL },
};
static const struct object_table retry_rate_limited_back_off_table = {
    .name = "rateLimitedBackOff", .rows = retry_rate_limited_back_off_rows, .bytes = sizeof(struct retry_rate_limited_back_off),
    .doc = "pauses that the service asks for",
};

static const struct field_row retry_host_selection_rows[] = {
    { .name = "predicate", .type = TYPE_ENUM, .offset = offsetof(struct retry_host_selection, predicate),
      .is_required = true, .enums = predicates, .doc = "what is left out" },
    { .name = "tags", .type = TYPE_MAP, .offset = offsetof(struct retry_host_selection, tags),
      .doc = "tags of endpoints that OmitHostsWithTags leaves out" },
    { .name = "updateFrequency", .type = TYPE_INT, .offset = offsetof(struct retry_host_selection, update_frequency),
      .min = 1, .max = 4294967295, .fallback = "2",
      .doc = "attempts between two choices of a priority, for OmitPreviousPriorities" },
    { .name = NULL },
};
static const struct object_table retry_host_selection_table = {
    .name = "host selection", .rows = retry_host_selection_rows, .bytes = sizeof(struct retry_host_selection),
    .doc = "which endpoints a further attempt leaves out",
};

static const struct field_row retry_tcp_rows[] = {
    { .name = "maxConnectAttempt", .type = TYPE_INT, .offset = offsetof(struct retry_tcp, max_connect_attempt),
      .min = 1, .max = 4294967295, .doc = "attempts to connect, the first one included" },
    { .name = NULL },
};
static const struct object_table retry_tcp_table = {
    .name = "tcp", .rows = retry_tcp_rows, .bytes = sizeof(struct retry_tcp), .doc = "attempts to connect",
};

static const struct field_row retry_http_rows[] = {
    { .name = "numRetries", .type = TYPE_INT, .offset = offsetof(struct retry_http, num_retries), .min = 0,
      .max = 4294967295, .fallback = "1", .doc = "further attempts after the first one" },
    { .name = "perTryTimeout", .type = TYPE_DURATION, .offset = offsetof(struct retry_http, per_try_timeout), .min = 0,
      .max = LONGEST, .doc = "how long one attempt may take; as the request when absent" },
    { .name = "backOff", .type = TYPE_OBJECT, .offset = offsetof(struct retry_http, back_off),
      .object = &retry_back_off_table, .doc = "pauses between attempts" },
    { .name = "rateLimitedBackOff", .type = TYPE_OBJECT, .offset = offsetof(struct retry_http, rate_limited_back_off),
      .object = &retry_rate_limited_back_off_table, .doc = "pauses that the service asks for" },
    { .name = "retryOn", .type = TYPE_LIST, .of = TYPE_STRING, .offset = offsetof(struct retry_http, retry_on),
      .min = 1, .max = 64,
      .doc = "what is tried again: 5xx, GatewayError, Reset, Retriable4xx, ConnectFailure, EnvoyRatelimited, "
      "RefusedStream, Http3PostConnectFailure, HttpMethodGet and the like, or a status" },
    { .name = "retriableResponseHeaders", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct retry_http, retriable_response_headers), .min = 1, .max = 16,
      .object = &header_match_table, .doc = "answers with one of these headers are tried again" },
    { .name = "retriableRequestHeaders", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct retry_http, retriable_request_headers), .min = 1, .max = 16,
      .object = &header_match_table, .doc = "requests with one of these headers are tried again" },
    { .name = "hostSelection", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct retry_http, host_selection), .min = 1, .max = 16, .object = &retry_host_selection_table,
      .doc = "which endpoints a further attempt leaves out" },
    { .name = "hostSelectionMaxAttempts", .type = TYPE_INT,
      .offset = offsetof(struct retry_http, host_selection_max_attempts), .min = 1, .max = 4294967295, .fallback = "1",
      .doc = "how often an endpoint is chosen anew" },
    { .name = NULL },
};
static const struct object_table retry_http_table = {
    .name = "http", .rows = retry_http_rows, .bytes = sizeof(struct retry_http), .doc = "attempts of HTTP requests",
};

static const struct field_row retry_grpc_rows[] = {
    { .name = "numRetries", .type = TYPE_INT, .offset = offsetof(struct retry_grpc, num_retries), .min = 0,
      .max = 4294967295, .fallback = "1", .doc = "further attempts after the first one" },
    { .name = "perTryTimeout", .type = TYPE_DURATION, .offset = offsetof(struct retry_grpc, per_try_timeout), .min = 0,
      .max = LONGEST, .doc = "how long one attempt may take; as the call when absent" },
    { .name = "backOff", .type = TYPE_OBJECT, .offset = offsetof(struct retry_grpc, back_off),
      .object = &retry_back_off_table, .doc = "pauses between attempts" },
    { .name = "rateLimitedBackOff", .type = TYPE_OBJECT, .offset = offsetof(struct retry_grpc, rate_limited_back_off),
      .object = &retry_rate_limited_back_off_table, .doc = "pauses that the service asks for" },
    { .name = "retryOn", .type = TYPE_LIST, .of = TYPE_ENUM, .offset = offsetof(struct retry_grpc, retry_on), .min = 1,
      .max = 8, .enums = grpc_codes, .doc = "which ends of a call are tried again" },
    { .name = NULL },
};
static const struct object_table retry_grpc_table = {
    .name = "grpc", .rows = retry_grpc_rows, .bytes = sizeof(struct retry_grpc), .doc = "attempts of gRPC calls",
};

static const struct field_row retry_conf_rows[] = {
    { .name = "tcp", .type = TYPE_OBJECT, .offset = offsetof(struct retry_conf, tcp), .object = &retry_tcp_table,
      .doc = "attempts to connect" },
    { .name = "http", .type = TYPE_OBJECT, .offset = offsetof(struct retry_conf, http), .object = &retry_http_table,
      .doc = "attempts of HTTP requests" },
    { .name = "grpc", .type = TYPE_OBJECT, .offset = offsetof(struct retry_conf, grpc), .object = &retry_grpc_table,
      .doc = "attempts of gRPC calls" },
    { .name = NULL },
};
static const struct object_table retry_conf_table = {
    .name = "MeshRetry's default", .rows = retry_conf_rows, .bytes = sizeof(struct retry_conf),
    .doc = "attempts by protocol",
};

static const struct field_row to_rows[] = {
    POLICY_ENTRY_TARGET_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&retry_conf_table),
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
    .name = "MeshRetry", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "further attempts",
};

static const struct policy_shape shape = {
    .conf = &retry_conf_table, .top_mask = POLICY_TOP_KINDS, .to_mask = POLICY_TO_KINDS | 1u << TARGET_MESH_HTTP_ROUTE,
};

/* A name of Kuma's list in any case (its manual prints 5XX, its code 5xx), or a status. */
static bool is_condition(struct span text)
{
    static const char *const names[] = {
        "5xx", "GatewayError", "Reset", "Retriable4xx", "ConnectFailure", "EnvoyRatelimited", "RefusedStream",
        "Http3PostConnectFailure", "HttpMethodConnect", "HttpMethodDelete", "HttpMethodGet", "HttpMethodHead",
        "HttpMethodOptions", "HttpMethodPatch", "HttpMethodPost", "HttpMethodPut", "HttpMethodTrace",
    };
    uint64_t status;

    for (size_t i = 0; i < COUNT(names); i++)
        if (span_is_nocase(text, span_str(names[i])))
            return true;
    return span_to_u64(text, &status) && status >= 100 && status <= 599;
}

static bool check_http(const struct retry_http *http, struct diag *diag)
{
    const struct node *item = http->retry_on.node != NULL ? http->retry_on.node->first : NULL;
    const struct retry_host_selection *hosts = http->host_selection.items;
    bool is_good = true;

    for (; item != NULL; item = item->next)
        if (item->kind == NODE_SCALAR && !is_condition(item->text)) {
            diag_error(diag, node_place(item), "`retryOn` has no \"%.*s\": write 5xx, GatewayError, Reset, Retriable4xx, "
                       "ConnectFailure, EnvoyRatelimited, RefusedStream, HttpMethodGet or the like, or a status such as \"503\"",
                       SPAN_FMT(item->text));
            is_good = false;
        }
    for (uint32_t i = 0; i < http->host_selection.n; i++)
        if ((hosts[i].predicate == OMIT_HOSTS_WITH_TAGS) != (hosts[i].tags.n > 0)) {
            diag_error(diag, field_place(&hosts[i], "predicate"), "`tags` belong to OmitHostsWithTags, which needs them");
            is_good = false;
        }
    return is_good;
}

static bool check_conf(const void *of, struct diag *diag)
{
    const struct retry_conf *conf = of;

    if (conf->tcp == NULL && conf->http == NULL && conf->grpc == NULL) {
        diag_error(diag, node_place(conf->node), "this default says nothing: write one of `tcp`, `http` and `grpc` below it");
        return false;
    }
    return conf->http == NULL || check_http(conf->http, diag);
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

const struct kind kind_mesh_retry = {
    .type = "MeshRetry", .plural = "meshretries", .short_name = "mr", .has_spec = true,
    .not_enforced = "a request is sent again only when a kept connection turns out to be closed", .policy = &shape,
    .table = &table, .check = check,
};
