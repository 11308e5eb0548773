/* kind_mesh_trace.c - MeshTrace.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#include "conf/kind_mesh_trace.h"

#include "base/must.h"
#include "conf/document.h"
#include "conf/otel_ref.h"
#include "conf/policy_spec.h"

struct trace_zipkin {
    const struct node *node;
    struct span url;
    int64_t is_long_id;
    int64_t api_version;
    int64_t shared_span_context;
};

struct trace_datadog {
    const struct node *node;
    struct span url;
    int64_t split_service;
};

struct trace_otel {
    const struct node *node;
    const struct otel_ref *backend_ref;
    struct span endpoint;
};

struct trace_backend {
    const struct node *node;
    int64_t type;
    const struct trace_zipkin *zipkin;
    const struct trace_datadog *datadog;
    const struct trace_otel *open_telemetry;
};

struct trace_sampling {
    const struct node *node;
    int64_t overall;
    int64_t client;
    int64_t random;
};

struct trace_header {
    const struct node *node;
    struct span name;
    struct span fallback;
};

struct trace_tag {
    const struct node *node;
    struct span name;
    struct span literal;
    const struct trace_header *header;
};

struct trace_conf {
    const struct node *node;
    struct list backends;
    const struct trace_sampling *sampling;
    struct list tags;
};

static const struct enum_row zipkin_versions[] = {
    { .name = "httpJson", .value = 0 },
    { .name = "httpProto", .value = 1 },
    { .name = "httpJsonV1", .value = 2 },
    { .name = NULL },
};

static const struct enum_row backend_types[] = {
    { .name = "Zipkin", .value = 0 },
    { .name = "Datadog", .value = 1 },
    { .name = "OpenTelemetry", .value = 2 },
    { .name = NULL },
};

static const struct field_row trace_zipkin_rows[] = {
    { .name = "url", .type = TYPE_STRING, .offset = offsetof(struct trace_zipkin, url), .is_required = true, .min = 1,
      .max = 1024, .doc = "where spans are sent" },
    { .name = "traceId128bit", .type = TYPE_BOOL, .offset = offsetof(struct trace_zipkin, is_long_id),
      .fallback = "false", .doc = "trace ids of 128 bits" },
    { .name = "apiVersion", .type = TYPE_ENUM, .offset = offsetof(struct trace_zipkin, api_version),
      .fallback = "httpJson", .enums = zipkin_versions, .doc = "how spans are written" },
    { .name = "sharedSpanContext", .type = TYPE_BOOL, .offset = offsetof(struct trace_zipkin, shared_span_context),
      .fallback = "true", .doc = "client and server share a span" },
    { .name = NULL },
};
static const struct object_table trace_zipkin_table = {
    .name = "zipkin", .rows = trace_zipkin_rows, .bytes = sizeof(struct trace_zipkin), .doc = "a Zipkin collector",
};

static const struct field_row trace_datadog_rows[] = {
    { .name = "url", .type = TYPE_STRING, .offset = offsetof(struct trace_datadog, url), .is_required = true, .min = 1,
      .max = 1024, .doc = "where spans are sent" },
    { .name = "splitService", .type = TYPE_BOOL, .offset = offsetof(struct trace_datadog, split_service),
      .fallback = "false", .doc = "a service name for each direction" },
    { .name = NULL },
};
static const struct object_table trace_datadog_table = {
    .name = "datadog", .rows = trace_datadog_rows, .bytes = sizeof(struct trace_datadog), .doc = "a Datadog agent",
};

static const struct field_row trace_otel_rows[] = {
    { .name = "backendRef", .type = TYPE_OBJECT, .offset = offsetof(struct trace_otel, backend_ref),
      .object = &otel_ref_table, .doc = "the collector's document" },
    { .name = "endpoint", .type = TYPE_STRING, .offset = offsetof(struct trace_otel, endpoint), .min = 1, .max = 1024,
      .doc = "host:port of the collector", .older = OTEL_ENDPOINT_OLDER },
    { .name = NULL },
};
static const struct object_table trace_otel_table = {
    .name = "openTelemetry", .rows = trace_otel_rows, .bytes = sizeof(struct trace_otel),
    .doc = "an OpenTelemetry collector",
};

static const struct field_row trace_backend_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct trace_backend, type), .is_required = true,
      .enums = backend_types, .doc = "what it is" },
    { .name = "zipkin", .type = TYPE_OBJECT, .offset = offsetof(struct trace_backend, zipkin),
      .object = &trace_zipkin_table, .doc = "of Zipkin" },
    { .name = "datadog", .type = TYPE_OBJECT, .offset = offsetof(struct trace_backend, datadog),
      .object = &trace_datadog_table, .doc = "of Datadog" },
    { .name = "openTelemetry", .type = TYPE_OBJECT, .offset = offsetof(struct trace_backend, open_telemetry),
      .object = &trace_otel_table, .doc = "of OpenTelemetry" },
    { .name = NULL },
};
static const struct object_table trace_backend_table = {
    .name = "backend", .rows = trace_backend_rows, .bytes = sizeof(struct trace_backend), .doc = "where spans go",
};

static const struct field_row trace_sampling_rows[] = {
    { .name = "overall", .type = TYPE_PERCENTAGE, .offset = offsetof(struct trace_sampling, overall), .fallback = "100",
      .doc = "share of requests at most" },
    { .name = "client", .type = TYPE_PERCENTAGE, .offset = offsetof(struct trace_sampling, client), .fallback = "100",
      .doc = "share of those whose client asks for it" },
    { .name = "random", .type = TYPE_PERCENTAGE, .offset = offsetof(struct trace_sampling, random), .fallback = "100",
      .doc = "share of the others" },
    { .name = NULL },
};
static const struct object_table trace_sampling_table = {
    .name = "sampling", .rows = trace_sampling_rows, .bytes = sizeof(struct trace_sampling),
    .doc = "which requests are traced",
};

static const struct field_row trace_header_rows[] = {
    { .name = "name", .type = TYPE_HEADER_NAME, .offset = offsetof(struct trace_header, name), .is_required = true,
      .doc = "the header's name in lower case" },
    { .name = "default", .type = TYPE_STRING, .offset = offsetof(struct trace_header, fallback), .min = 0, .max = 1024,
      .doc = "the value when there is no such header" },
    { .name = NULL },
};
static const struct object_table trace_header_table = {
    .name = "header", .rows = trace_header_rows, .bytes = sizeof(struct trace_header), .doc = "a header of the request",
};

static const struct field_row trace_tag_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct trace_tag, name), .is_required = true, .min = 1,
      .max = 256, .doc = "the tag's name" },
    { .name = "literal", .type = TYPE_STRING, .offset = offsetof(struct trace_tag, literal), .min = 0, .max = 1024,
      .doc = "its value" },
    { .name = "header", .type = TYPE_OBJECT, .offset = offsetof(struct trace_tag, header),
      .object = &trace_header_table, .doc = "the header that has its value" },
    { .name = NULL },
};
static const struct object_table trace_tag_table = {
    .name = "tag", .rows = trace_tag_rows, .bytes = sizeof(struct trace_tag), .doc = "a tag of each span",
};

static const struct field_row trace_conf_rows[] = {
    { .name = "backends", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct trace_conf, backends),
      .min = 0, .max = 1, .object = &trace_backend_table, .doc = "where spans go" },
    { .name = "sampling", .type = TYPE_OBJECT, .offset = offsetof(struct trace_conf, sampling),
      .object = &trace_sampling_table, .doc = "which requests are traced" },
    { .name = "tags", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct trace_conf, tags), .min = 1,
      .max = 256, .object = &trace_tag_table, .doc = "tags of each span" },
    { .name = NULL },
};
static const struct object_table trace_conf_table = {
    .name = "MeshTrace's default", .rows = trace_conf_rows, .bytes = sizeof(struct trace_conf), .doc = "where spans go",
};

static const struct field_row rows[] = {
    POLICY_TARGET_ROW,
    POLICY_DEFAULT_ROW(&trace_conf_table),
    POLICY_NO_FROM_ROW,
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshTrace", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "traces",
};

static const struct policy_shape shape = {
    .conf = &trace_conf_table, .top_mask = POLICY_TOP_KINDS,
};

static bool check_backend(const struct trace_backend *b, struct diag *diag)
{
    static const char *const fields[] = { "zipkin", "datadog", "openTelemetry" };

    for (size_t i = 0; i < COUNT(fields); i++)
        if (field_is_written(b, fields[i]) != ((int64_t)i == b->type)) {
            diag_error(diag, field_place(b, "type"), "`type: %s` needs the field `%s`, and that one only",
                       backend_types[b->type].name, fields[b->type]);
            return false;
        }
    return b->open_telemetry == NULL || otel_ref_check(b->open_telemetry, b->open_telemetry->backend_ref,
                                                       b->open_telemetry->endpoint, diag);
}

static bool check_conf(const void *of, struct diag *diag)
{
    const struct trace_conf *conf = of;
    const struct trace_backend *backends = conf->backends.items;
    const struct trace_tag *tags = conf->tags.items;
    bool is_good = true;

    for (uint32_t i = 0; i < conf->backends.n; i++)
        is_good &= check_backend(&backends[i], diag);
    for (uint32_t i = 0; i < conf->tags.n; i++)
        if ((tags[i].literal.at == NULL) == (tags[i].header == NULL)) {
            diag_error(diag, node_place(tags[i].node), "a tag has one of `literal` and `header`, and this one has %s",
                       tags[i].header == NULL ? "none" : "both");
            is_good = false;
        }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

const struct kind kind_mesh_trace = {
    .type = "MeshTrace", .plural = "meshtraces", .short_name = "mtr", .has_spec = true,
    .not_enforced = "no spans are sent; trace headers of requests are passed on as they are", .policy = &shape,
    .table = &table, .check = check,
};
