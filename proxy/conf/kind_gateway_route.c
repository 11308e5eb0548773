/* kind_gateway_route.c - see kind_gateway_route.h.
 *
 * Layer:  conf.
 */
#include "conf/kind_gateway_route.h"

#include "base/clock.h"
#include "conf/snapshot.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)
#define GROUP                                                                                                                     \
    { .name = "group", .type = TYPE_STRING, .offset = offsetof(struct api_ref, group), .max = 253, .doc = "API group of what is meant" }
#define NAME { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct api_ref, name), .is_required = true, .doc = "its name" }
#define NAMESPACE                                                                                                                 \
    { .name = "namespace", .type = TYPE_NAME, .offset = offsetof(struct api_ref, name_space),                                    \
      .doc = "its namespace; the route's when absent" }

static const struct enum_row match_types[] = {
    { .name = "Exact", .value = MATCH_EXACT }, { .name = "RegularExpression", .value = MATCH_REGEX }, { .name = NULL },
};
static const struct enum_row grpc_types[] = {
    { .name = "Exact", .value = API_GRPC_EXACT }, { .name = "RegularExpression", .value = API_GRPC_REGEX }, { .name = NULL },
};
static const struct enum_row filter_types[] = {
    { .name = "RequestHeaderModifier", .value = FILTER_REQUEST_HEADER_MODIFIER },
    { .name = "ResponseHeaderModifier", .value = FILTER_RESPONSE_HEADER_MODIFIER },
    { .name = "RequestRedirect", .value = FILTER_REQUEST_REDIRECT },
    { .name = "URLRewrite", .value = FILTER_URL_REWRITE },
    { .name = "RequestMirror", .refusal = "this version sends a request to one backend only: take the filter out" },
    { .name = "CORS", .refusal = "this version does not answer preflight requests: let the backend do it, and take the filter out" },
    { .name = "ExtensionRef", .refusal = "there are no extensions here: take the filter out" },
    { .name = "ExternalAuth", .refusal = "this version does not ask other services about a request: take the filter out" },
    { .name = NULL },
};

/* ---- references ---- */

static const struct field_row parent_rows[] = {
    GROUP,
    { .name = "kind", .type = TYPE_STRING, .offset = offsetof(struct api_ref, kind), .min = 1, .max = 63, .fallback = "Gateway",
      .doc = "Gateway; routes of other parents are left to them" },
    NAME, NAMESPACE,
    { .name = "sectionName", .type = TYPE_NAME, .offset = offsetof(struct api_ref, section_name),
      .doc = "name of one listener; all when absent" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct api_ref, port), .min = 1, .max = 65535,
      .doc = "listeners of that port only" },
    { .name = NULL },
};
static const struct object_table parent_table = {
    .name = "parentRef", .rows = parent_rows, .bytes = sizeof(struct api_ref), .doc = "the Gateway that a route is for",
};
static const struct field_row backend_rows[] = {
    GROUP,
    { .name = "kind", .type = TYPE_STRING, .offset = offsetof(struct api_ref, kind), .min = 1, .max = 63, .fallback = "Service",
      .doc = "Service; or with `group: kuma.io` MeshExternalService or MeshService" },
    NAME, NAMESPACE,
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct api_ref, port), .min = 1, .max = 65535, .doc = "the Service's port" },
    { .name = "weight", .type = TYPE_INT, .offset = offsetof(struct api_ref, weight), .fallback = "1", .min = 0, .max = 1000000,
      .doc = "its share of the requests" },
    { .name = "filters", .type = TYPE_REFUSED, .doc = "filters of one backend are not taken: write them in the rule" },
    { .name = NULL },
};
static const struct object_table backend_table = {
    .name = "backendRef", .rows = backend_rows, .bytes = sizeof(struct api_ref), .doc = "where requests go",
};

/* ---- filters: those of a MeshHTTPRoute, but with names of headers in any case ---- */

static const struct field_row header_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct name_value_spec, name), .is_required = true, .min = 1, .max = 256,
      .doc = "the header's name" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct name_value_spec, value), .is_required = true, .max = 4096,
      .doc = "the header's value" },
    { .name = NULL },
};
static const struct object_table header_table = {
    .name = "header", .rows = header_rows, .bytes = sizeof(struct name_value_spec), .doc = "a header",
};
static const struct field_row modifier_rows[] = {
    { .name = "set", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct modifier_spec, set), .max = 16,
      .object = &header_table, .doc = "headers to replace or add" },
    { .name = "add", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct modifier_spec, add), .max = 16,
      .object = &header_table, .doc = "headers to add beside what is there" },
    { .name = "remove", .type = TYPE_LIST, .of = TYPE_STRING, .offset = offsetof(struct modifier_spec, remove), .max = 16,
      .doc = "names of headers to take out" },
    { .name = NULL },
};
static const struct object_table modifier_table = {
    .name = "header modifier", .rows = modifier_rows, .bytes = sizeof(struct modifier_spec), .doc = "changes of headers",
};
static const struct field_row rewrite_rows[] = {
    { .name = "hostname", .type = TYPE_HOSTNAME, .offset = offsetof(struct rewrite_spec, hostname),
      .doc = "the host that the backend sees" },
    { .name = "path", .type = TYPE_OBJECT, .offset = offsetof(struct rewrite_spec, path), .object = &mesh_http_path_change_table,
      .doc = "the path that the backend sees" },
    { .name = NULL },
};
static const struct object_table rewrite_table = {
    .name = "urlRewrite", .rows = rewrite_rows, .bytes = sizeof(struct rewrite_spec), .doc = "what the backend sees",
};
static const struct field_row filter_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct api_filter, type), .is_required = true, .enums = filter_types,
      .doc = "which filter it is" },
    { .name = "requestHeaderModifier", .type = TYPE_OBJECT, .offset = offsetof(struct api_filter, request), .object = &modifier_table,
      .doc = "changes what the backend sees" },
    { .name = "responseHeaderModifier", .type = TYPE_OBJECT, .offset = offsetof(struct api_filter, response), .object = &modifier_table,
      .doc = "changes what the client sees" },
    { .name = "requestRedirect", .type = TYPE_OBJECT, .offset = offsetof(struct api_filter, redirect),
      .object = &mesh_http_redirect_table, .doc = "answers with a redirect" },
    { .name = "urlRewrite", .type = TYPE_OBJECT, .offset = offsetof(struct api_filter, rewrite), .object = &rewrite_table,
      .doc = "changes host or path that the backend sees" },
    { .name = "requestMirror", .type = TYPE_IGNORED, .doc = "refused by its type" },
    { .name = "cors", .type = TYPE_IGNORED, .doc = "refused by its type" },
    { .name = "extensionRef", .type = TYPE_IGNORED, .doc = "refused by its type" },
    { .name = "externalAuth", .type = TYPE_IGNORED, .doc = "refused by its type" },
    { .name = NULL },
};
static const struct object_table filter_table = {
    .name = "filter", .rows = filter_rows, .bytes = sizeof(struct api_filter), .doc = "what is done to a request",
};

/* ---- matches ---- */

static const struct field_row header_match_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct value_match_spec, type), .fallback = "Exact", .enums = match_types,
      .doc = "how the value is compared" },
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct value_match_spec, name), .is_required = true, .min = 1, .max = 256,
      .doc = "the header's name" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct value_match_spec, value), .is_required = true, .min = 1,
      .max = 4096, .doc = "what to compare with" },
    { .name = NULL },
};
static const struct object_table header_match_rows_table = {
    .name = "header match", .rows = header_match_rows, .bytes = sizeof(struct value_match_spec), .doc = "a header of a request",
};
static const struct field_row path_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct path_match_spec, type), .fallback = "PathPrefix",
      .enums = mesh_http_path_types, .doc = "how the path is compared" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct path_match_spec, value), .fallback = "/", .min = 1, .max = 1024,
      .doc = "the path, from its first slash" },
    { .name = NULL },
};
static const struct object_table path_table = {
    .name = "path match", .rows = path_rows, .bytes = sizeof(struct path_match_spec), .doc = "a request's path",
};
static const struct field_row http_match_rows[] = {
    { .name = "path", .type = TYPE_OBJECT, .offset = offsetof(struct api_match, path), .object = &path_table,
      .doc = "the request's path; any when absent" },
    { .name = "method", .type = TYPE_ENUM, .offset = offsetof(struct api_match, method), .enums = mesh_http_methods,
      .doc = "the request's method; any when absent" },
    { .name = "headers", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_match, headers), .max = 16,
      .object = &header_match_rows_table, .doc = "all of these headers" },
    { .name = "queryParams", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_match, queries), .max = 16,
      .object = &mesh_http_query_table, .doc = "all of these query parameters" },
    { .name = NULL },
};
static const struct object_table http_match_table = {
    .name = "match", .rows = http_match_rows, .bytes = sizeof(struct api_match), .doc = "which requests; all of what is written",
};
static const struct field_row method_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct api_grpc_method, type), .fallback = "Exact", .enums = grpc_types,
      .doc = "how the names are compared" },
    { .name = "service", .type = TYPE_STRING, .offset = offsetof(struct api_grpc_method, service), .min = 1, .max = 400,
      .doc = "package.Service; any when absent" },
    { .name = "method", .type = TYPE_STRING, .offset = offsetof(struct api_grpc_method, method), .min = 1, .max = 400,
      .doc = "the method; any when absent" },
    { .name = NULL },
};
static const struct object_table method_table = {
    .name = "method match", .rows = method_rows, .bytes = sizeof(struct api_grpc_method), .doc = "a method of gRPC",
};
static const struct field_row grpc_match_rows[] = {
    { .name = "method", .type = TYPE_OBJECT, .offset = offsetof(struct api_match, grpc), .object = &method_table,
      .doc = "service and method; any when absent" },
    { .name = "headers", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_match, headers), .max = 16,
      .object = &header_match_rows_table, .doc = "all of these headers" },
    { .name = NULL },
};
static const struct object_table grpc_match_table = {
    .name = "match", .rows = grpc_match_rows, .bytes = sizeof(struct api_match), .doc = "which calls; all of what is written",
};

/* ---- rules and routes ---- */

#define RULE_ROWS(match_table_of)                                                                                                 \
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct api_rule, name), .min = 1, .max = 253, .doc = "a name for people" }, \
    { .name = "matches", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_rule, matches), .max = 64,            \
      .object = (match_table_of), .doc = "any of these; everything when absent" },                                                \
    { .name = "filters", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_rule, filters), .max = 16,            \
      .object = &filter_table, .doc = "what is done to the request" },                                                            \
    { .name = "backendRefs", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_rule, backends), .max = 256,      \
      .object = &backend_table, .doc = "where it goes" },                                                                         \
    { .name = "sessionPersistence", .type = TYPE_REFUSED, .doc = "this version does not bind clients to backends: take it out" }

static const struct field_row timeout_rows[] = {
    { .name = "request", .type = TYPE_DURATION, .offset = offsetof(struct api_timeouts, request), .max = LONGEST,
      .doc = "a whole request; 0s is off" },
    { .name = "backendRequest", .type = TYPE_DURATION, .offset = offsetof(struct api_timeouts, backend_request), .max = LONGEST,
      .doc = "one try of it; there is one" },
    { .name = NULL },
};
static const struct object_table timeout_table = {
    .name = "timeouts", .rows = timeout_rows, .bytes = sizeof(struct api_timeouts), .doc = "how long a request may take",
};
static const struct field_row http_rule_rows[] = {
    RULE_ROWS(&http_match_table),
    { .name = "timeouts", .type = TYPE_OBJECT, .offset = offsetof(struct api_rule, timeouts), .object = &timeout_table,
      .doc = "how long it may take" },
    { .name = "retry", .type = TYPE_REFUSED, .doc = "this version does not try requests of one rule again: take it out" },
    { .name = NULL },
};
static const struct object_table http_rule_table = {
    .name = "rule", .rows = http_rule_rows, .bytes = sizeof(struct api_rule), .doc = "which requests, and what becomes of them",
};
static const struct field_row grpc_rule_rows[] = { RULE_ROWS(&grpc_match_table), { .name = NULL } };
static const struct object_table grpc_rule_table = {
    .name = "rule", .rows = grpc_rule_rows, .bytes = sizeof(struct api_rule), .doc = "which calls, and what becomes of them",
};

#define ROUTE_ROWS(rule_table_of)                                                                                                 \
    { .name = "parentRefs", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_route_spec, parents), .max = 32,   \
      .object = &parent_table, .doc = "the Gateways that it is for" },                                                            \
    { .name = "hostnames", .type = TYPE_LIST, .of = TYPE_HOST_PATTERN, .offset = offsetof(struct api_route_spec, hostnames),       \
      .max = 1024, .doc = "hosts that it serves; those of the listener when absent" },                                            \
    { .name = "rules", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_route_spec, rules), .max = 1024,        \
      .object = (rule_table_of), .doc = "the rules" },                                                                            \
    { .name = "useDefaultGateways", .type = TYPE_REFUSED, .doc = "write `parentRefs`" }

static const struct field_row http_rows[] = { ROUTE_ROWS(&http_rule_table), { .name = NULL } };
static const struct object_table http_table = {
    .name = "HTTPRoute", .rows = http_rows, .bytes = sizeof(struct api_route_spec), .doc = "routes of HTTP (Kubernetes)",
};
const struct kind kind_gateway_http_route = { .type = "HTTPRoute", .plural = "httproutes", .has_spec = true, .table = &http_table };

static const struct field_row grpc_rows[] = { ROUTE_ROWS(&grpc_rule_table), { .name = NULL } };
static const struct object_table grpc_table = {
    .name = "GRPCRoute", .rows = grpc_rows, .bytes = sizeof(struct api_route_spec), .doc = "routes of gRPC (Kubernetes)",
};
const struct kind kind_gateway_grpc_route = { .type = "GRPCRoute", .plural = "grpcroutes", .has_spec = true, .table = &grpc_table };
