/* kind_mesh_metric.c - MeshMetric.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#include "conf/kind_mesh_metric.h"

#include "base/clock.h"
#include "conf/document.h"
#include "conf/otel_ref.h"
#include "conf/policy_spec.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)

struct metric_selector {
    const struct node *node;
    int64_t type;
    struct span match;
};

struct metric_profile {
    const struct node *node;
    int64_t name;
};

struct metric_profiles {
    const struct node *node;
    struct list append_profiles;
    struct list include;
    struct list exclude;
};

struct metric_sidecar {
    const struct node *node;
    const struct metric_profiles *profiles;
    int64_t include_unused;
};

struct metric_application {
    const struct node *node;
    struct span name;
    struct span path;
    struct span address;
    int64_t port;
};

struct metric_tls {
    const struct node *node;
    int64_t mode;
};

struct metric_prometheus {
    const struct node *node;
    struct span client_id;
    int64_t port;
    struct span path;
    const struct metric_tls *tls;
};

struct metric_otel {
    const struct node *node;
    const struct otel_ref *backend_ref;
    struct span endpoint;
    int64_t refresh_interval;
};

struct metric_backend {
    const struct node *node;
    int64_t type;
    const struct metric_prometheus *prometheus;
    const struct metric_otel *open_telemetry;
};

struct metric_conf {
    const struct node *node;
    const struct metric_sidecar *sidecar;
    struct list applications;
    struct list backends;
};

static const struct enum_row selector_types[] = {
    { .name = "Prefix", .value = 0 },
    { .name = "Regex", .value = 1 },
    { .name = "Exact", .value = 2 },
    { .name = "Contains", .value = 3 },
    { .name = NULL },
};

static const struct enum_row profile_names[] = {
    { .name = "All", .value = 0 },
    { .name = "Basic", .value = 1, .not_enforced = "all metrics are served: leave it out" },
    { .name = "None", .value = 2, .not_enforced = "all metrics are served: leave it out" },
    { .name = NULL },
};

static const struct enum_row tls_modes[] = {
    { .name = "Disabled", .value = 0 },
    { .name = "ProvidedTLS", .value = 1,
      .not_enforced = "metrics are served on the loopback without TLS: leave it out" },
    { .name = "ActiveMTLSBackend", .value = 2,
      .not_enforced = "metrics are served on the loopback without TLS: leave it out" },
    { .name = NULL },
};

static const struct enum_row backend_types[] = {
    { .name = "Prometheus", .value = 0 },
    { .name = "OpenTelemetry", .value = 1, .not_enforced = "metrics are read from /metrics: write `type: Prometheus`" },
    { .name = NULL },
};

static const struct field_row metric_selector_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct metric_selector, type), .is_required = true,
      .enums = selector_types, .doc = "how names are compared" },
    { .name = "match", .type = TYPE_STRING, .offset = offsetof(struct metric_selector, match), .is_required = true,
      .min = 1, .max = 1024, .doc = "what to compare with" },
    { .name = NULL },
};
static const struct object_table metric_selector_table = {
    .name = "metric selector", .rows = metric_selector_rows, .bytes = sizeof(struct metric_selector),
    .doc = "metrics by their names",
};

static const struct field_row metric_profile_rows[] = {
    { .name = "name", .type = TYPE_ENUM, .offset = offsetof(struct metric_profile, name), .is_required = true,
      .enums = profile_names, .doc = "which set" },
    { .name = NULL },
};
static const struct object_table metric_profile_table = {
    .name = "profile", .rows = metric_profile_rows, .bytes = sizeof(struct metric_profile), .doc = "a set of metrics",
};

static const struct field_row metric_profiles_rows[] = {
    { .name = "appendProfiles", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct metric_profiles, append_profiles), .is_appended = true, .min = 1, .max = 16,
      .object = &metric_profile_table, .doc = "sets of metrics; those of several policies add up" },
    { .name = "include", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct metric_profiles, include),
      .min = 1, .max = 256, .object = &metric_selector_table, .doc = "metrics that are served beside the sets" },
    { .name = "exclude", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct metric_profiles, exclude),
      .min = 1, .max = 256, .object = &metric_selector_table, .doc = "metrics that are not served",
      .not_enforced = "all metrics are served: leave it out" },
    { .name = NULL },
};
static const struct object_table metric_profiles_table = {
    .name = "profiles", .rows = metric_profiles_rows, .bytes = sizeof(struct metric_profiles),
    .doc = "which metrics are served",
};

static const struct field_row metric_sidecar_rows[] = {
    { .name = "profiles", .type = TYPE_OBJECT, .offset = offsetof(struct metric_sidecar, profiles),
      .object = &metric_profiles_table, .doc = "which metrics are served" },
    { .name = "includeUnused", .type = TYPE_BOOL, .offset = offsetof(struct metric_sidecar, include_unused),
      .fallback = "false", .doc = "metrics that nothing has changed yet; all are served here" },
    { .name = NULL },
};
static const struct object_table metric_sidecar_table = {
    .name = "sidecar", .rows = metric_sidecar_rows, .bytes = sizeof(struct metric_sidecar),
    .doc = "metrics of the proxy itself",
};

static const struct field_row metric_application_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct metric_application, name), .min = 1, .max = 256,
      .doc = "its name" },
    { .name = "path", .type = TYPE_STRING, .offset = offsetof(struct metric_application, path), .min = 1, .max = 1024,
      .fallback = "/metrics", .doc = "path of its metrics" },
    { .name = "address", .type = TYPE_STRING, .offset = offsetof(struct metric_application, address), .min = 1,
      .max = 253, .doc = "its address" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct metric_application, port), .is_required = true,
      .min = 1, .max = 65535, .doc = "its port" },
    { .name = NULL },
};
static const struct object_table metric_application_table = {
    .name = "application", .rows = metric_application_rows, .bytes = sizeof(struct metric_application),
    .doc = "metrics of an application beside a sidecar",
};

static const struct field_row metric_tls_rows[] = {
    { .name = "mode", .type = TYPE_ENUM, .offset = offsetof(struct metric_tls, mode), .fallback = "Disabled",
      .enums = tls_modes, .doc = "who may read them" },
    { .name = NULL },
};
static const struct object_table metric_tls_table = {
    .name = "tls", .rows = metric_tls_rows, .bytes = sizeof(struct metric_tls), .doc = "TLS of the metrics",
};

static const struct field_row metric_prometheus_rows[] = {
    { .name = "clientId", .type = TYPE_STRING, .offset = offsetof(struct metric_prometheus, client_id), .min = 1,
      .max = 256, .doc = "which scraper it is for" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct metric_prometheus, port), .min = 1, .max = 65535,
      .doc = "port of the metrics; here that of the management listener",
      .not_enforced = "metrics are served on the management listener, port 9901 unless `forged --management` says "
      "otherwise: leave it out", .harmless = "9901" },
    { .name = "path", .type = TYPE_STRING, .offset = offsetof(struct metric_prometheus, path), .min = 1, .max = 1024,
      .fallback = "/metrics", .doc = "path of the metrics", .not_enforced = "the path is /metrics: leave it out",
      .harmless = "/metrics" },
    { .name = "tls", .type = TYPE_OBJECT, .offset = offsetof(struct metric_prometheus, tls),
      .object = &metric_tls_table, .doc = "TLS of the metrics" },
    { .name = NULL },
};
static const struct object_table metric_prometheus_table = {
    .name = "prometheus", .rows = metric_prometheus_rows, .bytes = sizeof(struct metric_prometheus),
    .doc = "metrics for Prometheus to read",
};

static const struct field_row metric_otel_rows[] = {
    { .name = "backendRef", .type = TYPE_OBJECT, .offset = offsetof(struct metric_otel, backend_ref),
      .object = &otel_ref_table, .doc = "the collector's document" },
    { .name = "endpoint", .type = TYPE_STRING, .offset = offsetof(struct metric_otel, endpoint), .min = 1, .max = 1024,
      .doc = "host:port of the collector", .older = OTEL_ENDPOINT_OLDER },
    { .name = "refreshInterval", .type = TYPE_DURATION, .offset = offsetof(struct metric_otel, refresh_interval),
      .min = (int64_t)NS_PER_S, .max = LONGEST, .fallback = "60s", .doc = "time between two reports" },
    { .name = NULL },
};
static const struct object_table metric_otel_table = {
    .name = "openTelemetry", .rows = metric_otel_rows, .bytes = sizeof(struct metric_otel),
    .doc = "an OpenTelemetry collector",
};

static const struct field_row metric_backend_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct metric_backend, type), .is_required = true,
      .enums = backend_types, .doc = "what it is" },
    { .name = "prometheus", .type = TYPE_OBJECT, .offset = offsetof(struct metric_backend, prometheus),
      .object = &metric_prometheus_table, .doc = "of Prometheus" },
    { .name = "openTelemetry", .type = TYPE_OBJECT, .offset = offsetof(struct metric_backend, open_telemetry),
      .object = &metric_otel_table, .doc = "of OpenTelemetry" },
    { .name = NULL },
};
static const struct object_table metric_backend_table = {
    .name = "backend", .rows = metric_backend_rows, .bytes = sizeof(struct metric_backend),
    .doc = "who gets the metrics",
};

static const struct field_row metric_conf_rows[] = {
    { .name = "sidecar", .type = TYPE_OBJECT, .offset = offsetof(struct metric_conf, sidecar),
      .object = &metric_sidecar_table, .doc = "metrics of the proxy itself" },
    { .name = "applications", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct metric_conf, applications), .min = 1, .max = 256, .object = &metric_application_table,
      .doc = "applications whose metrics are passed on",
      .not_enforced = "no application stands beside this gateway: leave it out" },
    { .name = "backends", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct metric_conf, backends),
      .min = 1, .max = 16, .object = &metric_backend_table, .doc = "who gets the metrics" },
    { .name = NULL },
};
static const struct object_table metric_conf_table = {
    .name = "MeshMetric's default", .rows = metric_conf_rows, .bytes = sizeof(struct metric_conf), .doc = "metrics",
};

static const struct field_row rows[] = {
    POLICY_TARGET_ROW,
    POLICY_DEFAULT_ROW(&metric_conf_table),
    POLICY_NO_FROM_ROW,
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshMetric", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "metrics",
};

static const struct policy_shape shape = {
    .conf = &metric_conf_table, .top_mask = POLICY_TOP_KINDS,
};

static bool check_backend(const struct metric_backend *b, struct diag *diag)
{
    if (b->type == 0 ? b->open_telemetry != NULL : b->open_telemetry == NULL || b->prometheus != NULL) {
        diag_error(diag, field_place(b, "type"), "`type: %s` needs the field `%s`, and that one only", backend_types[b->type].name,
                   b->type == 0 ? "prometheus" : "openTelemetry");
        return false;
    }
    return b->open_telemetry == NULL ||
           otel_ref_check(b->open_telemetry, b->open_telemetry->backend_ref, b->open_telemetry->endpoint, diag);
}

static bool check_conf(const void *of, struct diag *diag)
{
    const struct metric_conf *conf = of;
    const struct metric_backend *backends = conf->backends.items;
    bool is_good = true;

    for (uint32_t i = 0; i < conf->backends.n; i++)
        is_good &= check_backend(&backends[i], diag);
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

const struct kind kind_mesh_metric = {
    .type = "MeshMetric", .plural = "meshmetrics", .short_name = "mm", .has_spec = true, .policy = &shape,
    .table = &table, .check = check,
};
