/* kind_mesh_rate_limit.c - MeshRateLimit.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_rate_limit.h"

#include "base/clock.h"
#include "conf/document.h"
#include "conf/header_spec.h"
#include "conf/policy_spec.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)

struct limit_rate {
    const struct node *node;
    int64_t num;
    int64_t interval;
};

struct limit_answer {
    const struct node *node;
    int64_t status;
    const struct modifier_spec *headers;
};

struct limit_http {
    const struct node *node;
    int64_t disabled;
    const struct limit_rate *request_rate;
    const struct limit_answer *on_rate_limit;
};

struct limit_tcp {
    const struct node *node;
    int64_t disabled;
    const struct limit_rate *connection_rate;
};

struct limit_local {
    const struct node *node;
    const struct limit_http *http;
    const struct limit_tcp *tcp;
};

struct limit_conf {
    const struct node *node;
    const struct limit_local *local;
};

static const struct field_row limit_rate_rows[] = {
    { .name = "num", .type = TYPE_INT, .offset = offsetof(struct limit_rate, num), .is_required = true, .min = 1,
      .max = 4294967295, .doc = "how many" },
    { .name = "interval", .type = TYPE_DURATION, .offset = offsetof(struct limit_rate, interval), .is_required = true,
      .min = 51 * (int64_t)NS_PER_MS, .max = LONGEST, .doc = "in which time; more than 50ms" },
    { .name = NULL },
};
static const struct object_table limit_rate_table = {
    .name = "rate", .rows = limit_rate_rows, .bytes = sizeof(struct limit_rate), .doc = "how many in which time",
};

static const struct field_row limit_answer_rows[] = {
    { .name = "status", .type = TYPE_INT, .offset = offsetof(struct limit_answer, status), .min = 400, .max = 599,
      .fallback = "429", .doc = "status, 400 or more" },
    { .name = "headers", .type = TYPE_OBJECT, .offset = offsetof(struct limit_answer, headers),
      .object = &header_addition_table, .doc = "headers of the answer" },
    { .name = NULL },
};
static const struct object_table limit_answer_table = {
    .name = "onRateLimit", .rows = limit_answer_rows, .bytes = sizeof(struct limit_answer),
    .doc = "the answer of a refused request",
};

static const struct field_row limit_http_rows[] = {
    { .name = "disabled", .type = TYPE_BOOL, .offset = offsetof(struct limit_http, disabled), .fallback = "false",
      .doc = "true takes the limit off" },
    { .name = "requestRate", .type = TYPE_OBJECT, .offset = offsetof(struct limit_http, request_rate),
      .is_atomic = true, .object = &limit_rate_table, .doc = "how many requests in which time" },
    { .name = "onRateLimit", .type = TYPE_OBJECT, .offset = offsetof(struct limit_http, on_rate_limit),
      .object = &limit_answer_table, .doc = "the answer of a refused request" },
    { .name = NULL },
};
static const struct object_table limit_http_table = {
    .name = "http", .rows = limit_http_rows, .bytes = sizeof(struct limit_http), .doc = "requests",
};

static const struct field_row limit_tcp_rows[] = {
    { .name = "disabled", .type = TYPE_BOOL, .offset = offsetof(struct limit_tcp, disabled), .fallback = "false",
      .doc = "true takes the limit off" },
    { .name = "connectionRate", .type = TYPE_OBJECT, .offset = offsetof(struct limit_tcp, connection_rate),
      .is_atomic = true, .object = &limit_rate_table, .doc = "how many connections in which time" },
    { .name = NULL },
};
static const struct object_table limit_tcp_table = {
    .name = "tcp", .rows = limit_tcp_rows, .bytes = sizeof(struct limit_tcp), .doc = "connections",
};

static const struct field_row limit_local_rows[] = {
    { .name = "http", .type = TYPE_OBJECT, .offset = offsetof(struct limit_local, http), .object = &limit_http_table,
      .doc = "requests" },
    { .name = "tcp", .type = TYPE_OBJECT, .offset = offsetof(struct limit_local, tcp), .object = &limit_tcp_table,
      .doc = "connections" },
    { .name = NULL },
};
static const struct object_table limit_local_table = {
    .name = "local", .rows = limit_local_rows, .bytes = sizeof(struct limit_local),
    .doc = "limits that each proxy keeps for itself",
};

static const struct field_row limit_conf_rows[] = {
    { .name = "local", .type = TYPE_OBJECT, .offset = offsetof(struct limit_conf, local), .is_required = true,
      .object = &limit_local_table, .doc = "limits that each proxy keeps for itself" },
    { .name = NULL },
};
static const struct object_table limit_conf_table = {
    .name = "MeshRateLimit's default", .rows = limit_conf_rows, .bytes = sizeof(struct limit_conf), .doc = "limits",
};

static const struct field_row to_rows[] = {
    POLICY_ENTRY_TARGET_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&limit_conf_table),
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "`to` entry", .rows = to_rows, .bytes = sizeof(struct policy_entry),
    .doc = "what holds for requests to one service",
};

static const struct field_row rule_rows[] = {
    POLICY_ENTRY_MATCHES_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&limit_conf_table),
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
    .name = "MeshRateLimit", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "limits",
};

static const struct policy_shape shape = {
    .conf = &limit_conf_table, .top_mask = POLICY_TOP_KINDS, .to_mask = 1u << TARGET_MESH, .has_rules = true,
    .rules_exclude_to = true,
};

static bool check_conf(const void *of, struct diag *diag)
{
    const struct limit_local *local = ((const struct limit_conf *)of)->local;
    bool is_good = true;

    if (local->http == NULL && local->tcp == NULL) {
        diag_error(diag, node_place(local->node), "`local` says nothing: write `http` or `tcp` below it");
        is_good = false;
    }
    if (local->http != NULL && local->http->request_rate == NULL && local->http->on_rate_limit == NULL &&
        local->http->disabled == 0) {
        diag_error(diag, node_place(local->http->node), "`http` limits nothing: write `requestRate`, or `disabled: true`");
        is_good = false;
    }
    if (local->tcp != NULL && local->tcp->connection_rate == NULL && local->tcp->disabled == 0) {
        diag_error(diag, node_place(local->tcp->node), "`tcp` limits nothing: write `connectionRate`, or `disabled: true`");
        is_good = false;
    }
    return is_good;
}

static bool check_rule(const struct policy_entry *rule, struct diag *diag)
{
    const struct limit_local *local = ((const struct limit_conf *)rule->conf)->local;
    const struct policy_match *matches = rule->matches.items;

    for (uint32_t i = 0; i < rule->matches.n; i++)
        if (matches[i].spiffe_id != NULL && local->tcp != NULL) {
            diag_error(diag, field_place(local, "tcp"), "connections are counted before their client is known: write `tcp` in a rule "
                       "without `spiffeID`");
            return false;
        }
    return true;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct policy_spec *spec = doc->spec;
    const struct policy_entry *rules = spec->rules.items;
    bool is_good = policy_spec_check(doc, diag, check_conf);

    for (uint32_t i = 0; i < spec->rules.n; i++)
        is_good &= check_rule(&rules[i], diag);
    return is_good;
}

const struct kind kind_mesh_rate_limit = {
    .type = "MeshRateLimit", .plural = "meshratelimits", .short_name = "mrl", .has_spec = true,
    .not_enforced = "requests and connections are not counted against limits", .policy = &shape, .table = &table,
    .check = check,
};
