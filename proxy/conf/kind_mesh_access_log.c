/* kind_mesh_access_log.c - MeshAccessLog.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#include "conf/kind_mesh_access_log.h"

#include "base/must.h"
#include "conf/document.h"
#include "conf/otel_ref.h"
#include "conf/policy_spec.h"

static const struct enum_row format_types[] = {
    { .name = "Plain", .value = LOG_PLAIN },
    { .name = "Json", .value = LOG_JSON },
    { .name = NULL },
};

static const struct enum_row backend_types[] = {
    { .name = "Tcp", .value = LOG_TCP,
      .not_enforced = "records are written to a file: write `type: File` with `file: {path: ...}`" },
    { .name = "File", .value = LOG_FILE },
    { .name = "OpenTelemetry", .value = LOG_OPEN_TELEMETRY,
      .not_enforced = "records are written to a file: write `type: File` with `file: {path: ...}`" },
    { .name = NULL },
};

static const struct field_row log_pair_rows[] = {
    { .name = "key", .type = TYPE_STRING, .offset = offsetof(struct log_pair, key), .is_required = true, .min = 1,
      .max = 256, .doc = "its name" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct log_pair, value), .is_required = true, .min = 0,
      .max = 4096, .doc = "its value, with operators such as %DURATION%" },
    { .name = NULL },
};
static const struct object_table log_pair_table = {
    .name = "field", .rows = log_pair_rows, .bytes = sizeof(struct log_pair), .doc = "a field of a record",
};

static const struct field_row log_format_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct log_format, type), .is_required = true,
      .enums = format_types, .doc = "Plain text, or Json" },
    { .name = "plain", .type = TYPE_STRING, .offset = offsetof(struct log_format, plain), .min = 1, .max = 4096,
      .doc = "the text, with operators such as %DURATION%" },
    { .name = "json", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct log_format, json), .min = 1,
      .max = 64, .object = &log_pair_table, .doc = "fields of a JSON record" },
    { .name = "omitEmptyValues", .type = TYPE_BOOL, .offset = offsetof(struct log_format, omit_empty_values),
      .fallback = "false", .doc = "leave out what has no value; `-` stands for it otherwise" },
    { .name = NULL },
};
static const struct object_table log_format_table = {
    .name = "format", .rows = log_format_rows, .bytes = sizeof(struct log_format), .doc = "what a record looks like",
};

static const struct field_row log_tcp_rows[] = {
    { .name = "address", .type = TYPE_STRING, .offset = offsetof(struct log_tcp, address), .is_required = true,
      .min = 1, .max = 1024, .doc = "host:port" },
    { .name = "format", .type = TYPE_OBJECT, .offset = offsetof(struct log_tcp, format), .object = &log_format_table,
      .doc = "what a record looks like" },
    { .name = NULL },
};
static const struct object_table log_tcp_table = {
    .name = "tcp", .rows = log_tcp_rows, .bytes = sizeof(struct log_tcp),
    .doc = "a collector that records are sent to by TCP",
};

static const struct field_row log_file_rows[] = {
    { .name = "path", .type = TYPE_STRING, .offset = offsetof(struct log_file, path), .is_required = true, .min = 1,
      .max = 1024, .doc = "absolute path, or /dev/stderr" },
    { .name = "format", .type = TYPE_OBJECT, .offset = offsetof(struct log_file, format), .object = &log_format_table,
      .doc = "what a record looks like" },
    { .name = NULL },
};
static const struct object_table log_file_table = {
    .name = "file", .rows = log_file_rows, .bytes = sizeof(struct log_file),
    .doc = "a file that records are appended to",
};

static const struct field_row log_otel_rows[] = {
    { .name = "backendRef", .type = TYPE_OBJECT, .offset = offsetof(struct log_otel, backend_ref),
      .object = &otel_ref_table, .doc = "the collector's document" },
    { .name = "endpoint", .type = TYPE_STRING, .offset = offsetof(struct log_otel, endpoint), .min = 1, .max = 1024,
      .doc = "host:port of the collector", .older = OTEL_ENDPOINT_OLDER },
    { .name = "attributes", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct log_otel, attributes),
      .min = 1, .max = 64, .object = &log_pair_table, .doc = "attributes of a record" },
    { .name = "body", .type = TYPE_NODE, .offset = offsetof(struct log_otel, body),
      .doc = "the record: a text, or any value" },
    { .name = NULL },
};
static const struct object_table log_otel_table = {
    .name = "openTelemetry", .rows = log_otel_rows, .bytes = sizeof(struct log_otel),
    .doc = "an OpenTelemetry collector",
};

static const struct field_row log_backend_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct log_backend, type), .is_required = true,
      .enums = backend_types, .doc = "what it is" },
    { .name = "tcp", .type = TYPE_OBJECT, .offset = offsetof(struct log_backend, tcp), .object = &log_tcp_table,
      .doc = "of Tcp" },
    { .name = "file", .type = TYPE_OBJECT, .offset = offsetof(struct log_backend, file), .object = &log_file_table,
      .doc = "of File" },
    { .name = "openTelemetry", .type = TYPE_OBJECT, .offset = offsetof(struct log_backend, open_telemetry),
      .object = &log_otel_table, .doc = "of OpenTelemetry" },
    { .name = NULL },
};
static const struct object_table log_backend_table = {
    .name = "backend", .rows = log_backend_rows, .bytes = sizeof(struct log_backend), .doc = "where records go",
};

static const struct field_row mesh_log_conf_rows[] = {
    { .name = "backends", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct mesh_log_conf, backends),
      .min = 0, .max = 16, .object = &log_backend_table, .doc = "where records go; none when the list is empty" },
    { .name = NULL },
};
static const struct object_table mesh_log_conf_table = {
    .name = "MeshAccessLog's default", .rows = mesh_log_conf_rows, .bytes = sizeof(struct mesh_log_conf),
    .doc = "where records go",
};

static const struct field_row to_rows[] = {
    POLICY_ENTRY_TARGET_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&mesh_log_conf_table),
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "`to` entry", .rows = to_rows, .bytes = sizeof(struct policy_entry),
    .doc = "what holds for requests to one service",
};

static const struct field_row rule_rows[] = {
    POLICY_ENTRY_MATCHES_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&mesh_log_conf_table),
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
    .name = "MeshAccessLog", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "access logs",
};

static const struct policy_shape shape = {
    .conf = &mesh_log_conf_table, .top_mask = POLICY_TOP_KINDS,
    .to_mask = POLICY_TO_KINDS | 1u << TARGET_MESH_HTTP_ROUTE, .has_rules = true, .rules_exclude_to = true,
};

static bool check_format(const struct log_format *f, struct diag *diag)
{
    bool is_json = f->type == LOG_JSON;

    if (is_json ? f->json.n > 0 && f->plain.at == NULL : f->plain.at != NULL && f->json.n == 0)
        return true;
    diag_error(diag, field_place(f, "type"), "`type: %s` needs the field `%s`, and that one only", format_types[f->type].name,
               is_json ? "json" : "plain");
    return false;
}

static bool check_backend(const struct log_backend *b, struct diag *diag)
{
    static const char *const fields[] = { [LOG_TCP] = "tcp", [LOG_FILE] = "file", [LOG_OPEN_TELEMETRY] = "openTelemetry" };
    const struct log_format *format = b->tcp != NULL ? b->tcp->format : b->file != NULL ? b->file->format : NULL;
    bool is_good = true;

    for (size_t i = 0; i < COUNT(fields); i++)
        if (field_is_written(b, fields[i]) != ((int64_t)i == b->type)) {
            diag_error(diag, field_place(b, "type"), "`type: %s` needs the field `%s`, and that one only",
                       backend_types[b->type].name, fields[b->type]);
            return false;
        }
    if (format != NULL)
        is_good = check_format(format, diag);
    if (b->file != NULL && b->file->path.at[0] != '/') {
        diag_error(diag, field_place(b->file, "path"), "`path` must start with a slash: the gateway's own directory may change");
        is_good = false;
    }
    return is_good && (b->open_telemetry == NULL ||
                       otel_ref_check(b->open_telemetry, b->open_telemetry->backend_ref, b->open_telemetry->endpoint, diag));
}

static bool check_conf(const void *of, struct diag *diag)
{
    const struct mesh_log_conf *conf = of;
    const struct log_backend *backends = conf->backends.items;
    bool is_good = true;

    for (uint32_t i = 0; i < conf->backends.n; i++)
        is_good &= check_backend(&backends[i], diag);
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

/* There is one log, and it has every request. */
static bool check_enforced(const struct conf_document *doc, struct diag *diag)
{
    const struct policy_spec *spec = doc->spec;
    const struct policy_entry *to = spec->to.items;
    bool is_good = true;

    if (spec->target != NULL && spec->target->kind == TARGET_MESH_HTTP_ROUTE) {
        diag_error(diag, field_place(spec->target, "kind"), "a log of some routes is understood but not enforced by this version: there "
                   "is one for all of them: write `targetRef: {kind: Mesh}`");
        is_good = false;
    }
    for (uint32_t i = 0; i < spec->to.n; i++)
        if (to[i].target->kind != TARGET_MESH) {
            diag_error(diag, field_place(to[i].target, "kind"), "a log of some requests is understood but not enforced by this version: "
                       "there is one for all of them: write it `to` Mesh");
            is_good = false;
        }
    return is_good;
}

const struct kind kind_mesh_access_log = {
    .type = "MeshAccessLog", .plural = "meshaccesslogs", .short_name = "mal",
    .has_spec = true, .policy = &shape,
    .table = &table, .check = check, .check_enforced = check_enforced,
};
