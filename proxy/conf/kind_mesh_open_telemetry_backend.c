/* kind_mesh_open_telemetry_backend.c - MeshOpenTelemetryBackend.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#include "conf/kind_mesh_open_telemetry_backend.h"

#include "conf/diag.h"
#include "conf/document.h"

struct otel_endpoint {
    const struct node *node;
    struct span address;
    int64_t port;
    struct span path;
};

struct otel_env {
    const struct node *node;
    int64_t mode;
    int64_t precedence;
    int64_t allow_signal_overrides;
};

struct otel_spec {
    const struct node *node;
    const struct otel_endpoint *endpoint;
    int64_t protocol;
    const struct otel_env *env;
};

static const struct enum_row modes[] = {
    { .name = "Disabled", .value = 0 },
    { .name = "Optional", .value = 1 },
    { .name = "Required", .value = 2 },
    { .name = NULL },
};

static const struct enum_row precedences[] = {
    { .name = "ExplicitFirst", .value = 0 },
    { .name = "EnvFirst", .value = 1 },
    { .name = NULL },
};

static const struct enum_row protocols[] = {
    { .name = "grpc", .value = 0 },
    { .name = "http", .value = 1 },
    { .name = NULL },
};

static const struct field_row otel_endpoint_rows[] = {
    { .name = "address", .type = TYPE_STRING, .offset = offsetof(struct otel_endpoint, address), .is_required = true,
      .min = 1, .max = 253, .doc = "host name or address" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct otel_endpoint, port), .min = 1, .max = 65535,
      .fallback = "4317", .doc = "TCP port" },
    { .name = "path", .type = TYPE_STRING, .offset = offsetof(struct otel_endpoint, path), .min = 1, .max = 1024,
      .doc = "path below which signals are sent; of http only" },
    { .name = NULL },
};
static const struct object_table otel_endpoint_table = {
    .name = "endpoint", .rows = otel_endpoint_rows, .bytes = sizeof(struct otel_endpoint),
    .doc = "where the collector listens",
};

static const struct field_row otel_env_rows[] = {
    { .name = "mode", .type = TYPE_ENUM, .offset = offsetof(struct otel_env, mode), .fallback = "Optional",
      .enums = modes, .doc = "are OTEL_ variables of the environment heeded" },
    { .name = "precedence", .type = TYPE_ENUM, .offset = offsetof(struct otel_env, precedence), .fallback = "EnvFirst",
      .enums = precedences, .doc = "which of the two wins" },
    { .name = "allowSignalOverrides", .type = TYPE_BOOL, .offset = offsetof(struct otel_env, allow_signal_overrides),
      .fallback = "true", .doc = "heed variables of single signals, too" },
    { .name = NULL },
};
static const struct object_table otel_env_table = {
    .name = "env", .rows = otel_env_rows, .bytes = sizeof(struct otel_env), .doc = "variables of OpenTelemetry's SDKs",
};

static const struct field_row rows[] = {
    { .name = "endpoint", .type = TYPE_OBJECT, .offset = offsetof(struct otel_spec, endpoint), .is_required = true,
      .object = &otel_endpoint_table, .doc = "where the collector listens" },
    { .name = "protocol", .type = TYPE_ENUM, .offset = offsetof(struct otel_spec, protocol), .fallback = "grpc",
      .enums = protocols, .doc = "what it speaks" },
    { .name = "env", .type = TYPE_OBJECT, .offset = offsetof(struct otel_spec, env), .object = &otel_env_table,
      .doc = "variables of OpenTelemetry's SDKs" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshOpenTelemetryBackend", .rows = rows, .bytes = sizeof(struct otel_spec),
    .doc = "a collector of OpenTelemetry",
};

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct otel_spec *spec = doc->spec;

    if (spec->protocol == 1 || spec->endpoint->path.at == NULL)
        return true;
    diag_error(diag, field_place(spec->endpoint, "path"), "`path` belongs to `protocol: http`: gRPC has paths of its own");
    return false;
}

const struct kind kind_mesh_open_telemetry_backend = {
    .type = "MeshOpenTelemetryBackend", .plural = "meshopentelemetrybackends", .short_name = "motb", .has_spec = true,
    .not_enforced = "nothing is sent by OTLP; metrics are read from `/metrics`, and the access log is a file",
    .table = &table, .check = check,
};
