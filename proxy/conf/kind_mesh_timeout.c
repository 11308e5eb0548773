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
      .max = LONGEST, .doc = "not enforced: 0s only" },
    { .name = "maxConnectionDuration", .type = TYPE_DURATION, .offset = offsetof(struct timeout_http, max_connection),
      .min = 0, .max = LONGEST, .doc = "not enforced: 0s only" },
    { .name = "requestHeadersTimeout", .type = TYPE_DURATION, .offset = offsetof(struct timeout_http, head), .min = 0,
      .max = LONGEST, .doc = "not enforced here: 0s only" },
    { .name = NULL },
};
static const struct object_table http_table = {
    .name = "MeshTimeout's http", .rows = http_rows, .bytes = sizeof(struct timeout_http),
};

static const struct field_row conf_rows[] = {
    { .name = "connectionTimeout", .type = TYPE_DURATION, .offset = offsetof(struct timeout_conf, connection),
      .min = (int64_t)NS_PER_MS, .max = LONGEST, .doc = "until a service accepts a connection; 5s when absent" },
    { .name = "idleTimeout", .type = TYPE_DURATION, .offset = offsetof(struct timeout_conf, idle), .min = 0,
      .max = LONGEST, .doc = "how long an unused connection to a service is kept; 1h when absent" },
    { .name = "http", .type = TYPE_OBJECT, .offset = offsetof(struct timeout_conf, http), .object = &http_table,
      .doc = "timeouts of requests" },
    { .name = NULL },
};
static const struct object_table conf_table = {
    .name = "MeshTimeout's default", .rows = conf_rows, .bytes = sizeof(struct timeout_conf),
};

static const struct field_row to_rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct timeout_to, target), .is_required = true,
      .object = &target_ref_table, .doc = "write `targetRef: {kind: Mesh}`" },
    { .name = "default", .type = TYPE_OBJECT, .offset = offsetof(struct timeout_to, conf), .is_required = true,
      .object = &conf_table, .doc = "write `default:` with the timeouts below it" },
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "`to` entry", .rows = to_rows, .bytes = sizeof(struct timeout_to),
};

static const struct field_row rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct timeout_spec, target),
      .object = &target_ref_table, .doc = "Mesh, or one MeshGateway" },
    { .name = "to", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct timeout_spec, to), .min = 1,
      .max = 1024, .object = &to_table, .is_required = true, .doc = "write `to:` with `targetRef:` and `default:`" },
    { .name = "from", .type = TYPE_REMOVED, .doc = "timeouts of clients are a ForgeListener's idleTimeout and headTimeout" },
    { .name = "rules", .type = TYPE_REFUSED, .doc = "rules are for sidecars; timeouts of clients are a ForgeListener's "
      "idleTimeout and headTimeout" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshTimeout", .rows = rows, .bytes = sizeof(struct timeout_spec), .doc = "timeouts",
};

static bool check_zero(const struct timeout_http *http, const char *name, int64_t value, const char *instead,
                       struct diag *diag)
{
    if (value == FIELD_ABSENT || value == 0)
        return true;
    diag_error(diag, field_place(http, name), "`%s` is not enforced by this version: %s", name, instead);
    return false;
}

static bool check_to(const struct timeout_spec *spec, const struct timeout_to *to, struct diag *diag)
{
    const struct timeout_http *http = to->conf->http;
    bool is_good = target_ref_allow(to->target, 1u << TARGET_MESH | 1u << TARGET_MESH_HTTP_ROUTE |
                                    1u << TARGET_MESH_EXTERNAL_SERVICE, diag);

    if (http != NULL) {
        is_good &= check_zero(http, "maxStreamDuration", http->max_stream, "write 0s or leave it out", diag);
        is_good &= check_zero(http, "maxConnectionDuration", http->max_connection, "write 0s or leave it out", diag);
        is_good &= check_zero(http, "requestHeadersTimeout", http->head, "write a ForgeListener's `headTimeout`", diag);
    }
    if (http != NULL && to->target->kind == TARGET_MESH_EXTERNAL_SERVICE) {
        diag_error(diag, field_place(to->conf, "http"), "`http` belongs to requests, and so to routes: write it `to` a "
                   "MeshHTTPRoute or to Mesh");
        is_good = false;
    }
    if ((to->conf->connection != FIELD_ABSENT || to->conf->idle != FIELD_ABSENT) &&
        (to->target->kind == TARGET_MESH_HTTP_ROUTE ||
         (spec->target != NULL && (spec->target->kind == TARGET_MESH_GATEWAY ||
                                   spec->target->kind == TARGET_MESH_HTTP_ROUTE)))) {
        diag_error(diag, node_place(to->conf->node), "`connectionTimeout` and `idleTimeout` belong to connections, which all "
                   "gateways and routes share: write them with `targetRef: {kind: Mesh}`, `to` a MeshExternalService or Mesh");
        is_good = false;
    }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct timeout_spec *spec = doc->spec;
    const struct timeout_to *to = spec->to.items;
    bool is_good = target_ref_allow(spec->target, 1u << TARGET_MESH | 1u << TARGET_MESH_GATEWAY |
                                    1u << TARGET_MESH_HTTP_ROUTE, diag);

    for (uint32_t i = 0; i < spec->to.n; i++) {
        is_good &= check_to(spec, &to[i], diag);
        if (spec->target != NULL && spec->target->kind == TARGET_MESH_HTTP_ROUTE && to[i].target->kind != TARGET_MESH) {
            diag_error(diag, field_place(to[i].target, "kind"), "with a MeshHTTPRoute as `targetRef`, `to` is Mesh");
            is_good = false;
        }
    }
    return is_good;
}

const struct kind kind_mesh_timeout = {
    .type = "MeshTimeout", .plural = "meshtimeouts", .short_name = "mt",
    .has_spec = true, .table = &table, .check = check,
};
