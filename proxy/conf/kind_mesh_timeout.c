/* kind_mesh_timeout.c - MeshTimeout.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_timeout.h"

#include "base/clock.h"
#include "conf/document.h"

enum { LONGEST_HOURS = 1000 }; /* 2^32 ms are 1193 hours, and connections count in ms. */
#define LONGEST (LONGEST_HOURS * 3600 * (int64_t)NS_PER_S)

static const struct field_row http_rows[] = {
    { .name = "requestTimeout", .type = TYPE_DURATION, .offset = offsetof(struct timeout_http, request), .min = 0,
      .max = LONGEST, .doc = "a whole request; 15s when absent, 0s is off" },
    { .name = "streamIdleTimeout", .type = TYPE_DURATION, .offset = offsetof(struct timeout_http, stream_idle), .min = 0,
      .max = LONGEST, .doc = "silence within a request; 30m when absent, 0s is off" },
    { .name = "maxStreamDuration", .type = TYPE_DURATION, .offset = offsetof(struct timeout_http, max_stream), .min = 0,
      .max = LONGEST, .doc = "a stream, however busy; 0s is off", .not_enforced = "write 0s or leave it out", .harmless = "0s" },
    { .name = "maxConnectionDuration", .type = TYPE_DURATION, .offset = offsetof(struct timeout_http, max_connection),
      .min = 0, .max = LONGEST, .doc = "a connection, however busy; 0s is off", .not_enforced = "write 0s or leave it out",
      .harmless = "0s" },
    { .name = "requestHeadersTimeout", .type = TYPE_DURATION, .offset = offsetof(struct timeout_http, head), .min = 0,
      .max = LONGEST, .doc = "until the head of a request is complete, in `rules`; 10s when absent or 0s" },
    { .name = NULL },
};
static const struct object_table http_table = {
    .name = "MeshTimeout's http", .rows = http_rows, .bytes = sizeof(struct timeout_http),
};

static const struct field_row conf_rows[] = {
    { .name = "connectionTimeout", .type = TYPE_DURATION, .offset = offsetof(struct timeout_conf, connection),
      .min = (int64_t)NS_PER_MS, .max = LONGEST, .doc = "until a service accepts a connection; 5s when absent" },
    { .name = "idleTimeout", .type = TYPE_DURATION, .offset = offsetof(struct timeout_conf, idle), .min = 0,
      .max = LONGEST, .doc = "how long an unused connection is kept: to a service, in `rules` a client's; 1h when absent" },
    { .name = "http", .type = TYPE_OBJECT, .offset = offsetof(struct timeout_conf, http), .object = &http_table,
      .doc = "timeouts of requests" },
    { .name = NULL },
};
static const struct object_table conf_table = {
    .name = "MeshTimeout's default", .rows = conf_rows, .bytes = sizeof(struct timeout_conf),
};

static const struct field_row to_rows[] = {
    POLICY_ENTRY_TARGET_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&conf_table),
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "`to` entry", .rows = to_rows, .bytes = sizeof(struct policy_entry), .doc = "what holds for requests to one service",
};

static const struct field_row rule_rows[] = {
    POLICY_ENTRY_MATCHES_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&conf_table),
    { .name = NULL },
};
static const struct object_table rule_table = {
    .name = "rule", .rows = rule_rows, .bytes = sizeof(struct policy_entry), .doc = "what holds for requests that come in",
};

static const struct field_row rows[] = {
    POLICY_TARGET_ROW,
    POLICY_TO_ROW(&to_table),
    POLICY_RULES_ROW(&rule_table),
    POLICY_FROM_ROW,
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshTimeout", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "timeouts",
};

static const struct policy_shape shape = {
    .conf = &conf_table, .top_mask = POLICY_TOP_KINDS, .to_mask = POLICY_TO_KINDS | 1u << TARGET_MESH_HTTP_ROUTE,
    .has_rules = true, .rules_exclude_to = true,
};

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct policy_spec *spec = doc->spec;
    const struct policy_entry *to = spec->to.items;
    bool is_good = policy_spec_check(doc, diag, NULL);

    for (uint32_t i = 0; i < spec->to.n; i++)
        if (spec->target != NULL && spec->target->kind == TARGET_MESH_HTTP_ROUTE && to[i].target->kind != TARGET_MESH) {
            diag_error(diag, field_place(to[i].target, "kind"), "with a MeshHTTPRoute as `targetRef`, `to` is Mesh");
            is_good = false;
        }
    return is_good;
}

/* The heads of requests are awaited by listeners, before anybody knows a route. */
static bool check_heads(const struct timeout_http *http, struct diag *diag)
{
    if (http == NULL || http->head == FIELD_ABSENT || http->head == 0)
        return true;
    diag_error(diag, field_place(http, "requestHeadersTimeout"), "`requestHeadersTimeout` of `to` is understood but not enforced by "
               "this version: write it in `rules`, or a ForgeListener's `headTimeout`");
    return false;
}

/* Connections are shared by all gateways and routes, and requests have their timeouts from routes. */
static bool check_to(const struct policy_spec *spec, const struct policy_entry *to, struct diag *diag)
{
    bool is_for_some = spec->target != NULL && spec->target->kind != TARGET_MESH;
    const struct timeout_conf *conf = to->conf;
    bool is_good = check_heads(conf->http, diag);

    if (conf->http != NULL && to->target->kind != TARGET_MESH && to->target->kind != TARGET_MESH_HTTP_ROUTE) {
        diag_error(diag, field_place(conf, "http"), "`http` of one service is understood but not enforced by this version: it "
                   "belongs to requests, and so to routes: write it `to` a MeshHTTPRoute or to Mesh");
        is_good = false;
    }
    if ((conf->connection != FIELD_ABSENT || conf->idle != FIELD_ABSENT) &&
        (to->target->kind == TARGET_MESH_HTTP_ROUTE || is_for_some)) {
        diag_error(diag, node_place(conf->node), "`connectionTimeout` and `idleTimeout` of some gateways or routes are "
                   "understood but not enforced by this version: connections are shared by all: write them with "
                   "`targetRef: {kind: Mesh}`, `to` a service or Mesh");
        is_good = false;
    }
    return is_good;
}

static bool check_enforced(const struct conf_document *doc, struct diag *diag)
{
    const struct policy_spec *spec = doc->spec;
    const struct policy_entry *to = spec->to.items;
    bool is_good = true;

    if (spec->rules.n > 0 && spec->target != NULL && spec->target->kind == TARGET_MESH_HTTP_ROUTE) {
        diag_error(diag, node_place(spec->rules.node), "`rules` of a route are understood but not enforced by this version: they are "
                   "about clients of a listener: write `to`, or another `targetRef`");
        is_good = false;
    }
    for (uint32_t i = 0; i < spec->to.n; i++)
        is_good &= check_to(spec, &to[i], diag);
    return is_good;
}

const struct kind kind_mesh_timeout = {
    .type = "MeshTimeout", .plural = "meshtimeouts", .short_name = "mt",
    .has_spec = true, .policy = &shape, .table = &table, .check = check, .check_enforced = check_enforced,
};
