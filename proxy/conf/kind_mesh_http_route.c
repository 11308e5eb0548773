/* kind_mesh_http_route.c - MeshHTTPRoute: its tables. What they cannot say is in kind_mesh_http_route_check.c.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_http_route.h"

#include "base/limits.h"
#include "conf/kind_mesh_http_route_check.h"
#include "conf/snapshot.h"
#include "http/head.h"

const struct enum_row mesh_http_path_types[] = {
    { .name = "Exact", .value = MATCH_EXACT },
    { .name = "PathPrefix", .value = MATCH_PREFIX },
    { .name = "RegularExpression", .value = MATCH_REGEX },
    { .name = NULL },
};
static const struct enum_row query_types[] = {
    { .name = "Exact", .value = MATCH_EXACT },
    { .name = "RegularExpression", .value = MATCH_REGEX },
    { .name = NULL },
};
const struct enum_row mesh_http_methods[] = {
    { .name = "CONNECT", .value = METHOD_CONNECT }, { .name = "DELETE", .value = METHOD_DELETE },
    { .name = "GET", .value = METHOD_GET },         { .name = "HEAD", .value = METHOD_HEAD },
    { .name = "OPTIONS", .value = METHOD_OPTIONS }, { .name = "PATCH", .value = METHOD_PATCH },
    { .name = "POST", .value = METHOD_POST },       { .name = "PUT", .value = METHOD_PUT },
    { .name = "TRACE", .value = METHOD_TRACE },     { .name = NULL },
};
static const struct enum_row path_changes[] = {
    { .name = "ReplaceFullPath", .value = PATH_REPLACE_FULL },
    { .name = "ReplacePrefixMatch", .value = PATH_REPLACE_PREFIX },
    { .name = NULL },
};
static const struct enum_row schemes[] = {
    { .name = "http", .value = REDIRECT_HTTP }, { .name = "https", .value = REDIRECT_HTTPS }, { .name = NULL },
};
static const struct enum_row statuses[] = {
    { .name = "301", .value = 301 }, { .name = "302", .value = 302 }, { .name = "303", .value = 303 },
    { .name = "307", .value = 307 }, { .name = "308", .value = 308 }, { .name = NULL },
};
static const struct enum_row filter_types[] = {
    { .name = "RequestHeaderModifier", .value = FILTER_REQUEST_HEADER_MODIFIER },
    { .name = "ResponseHeaderModifier", .value = FILTER_RESPONSE_HEADER_MODIFIER },
    { .name = "RequestRedirect", .value = FILTER_REQUEST_REDIRECT },
    { .name = "URLRewrite", .value = FILTER_URL_REWRITE },
    { .name = "RequestMirror", .value = FILTER_REQUEST_MIRROR,
      .not_enforced = "a request is sent to one backend only: take the filter out" },
    { .name = NULL },
};

static const struct field_row path_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct path_match_spec, type), .is_required = true,
      .enums = mesh_http_path_types, .doc = "Exact, PathPrefix or RegularExpression" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct path_match_spec, value), .is_required = true,
      .min = 1, .max = 1024, .doc = "the path, from its first slash" },
    { .name = NULL },
};
static const struct object_table path_table = {
    .name = "path match", .rows = path_rows, .bytes = sizeof(struct path_match_spec),
};

static const struct field_row query_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct value_match_spec, type), .fallback = "Exact",
      .enums = query_types, .doc = "how the value is compared" },
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct value_match_spec, name), .is_required = true,
      .min = 1, .max = 256, .doc = "the parameter's name" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct value_match_spec, value), .is_required = true,
      .min = 0, .max = 1024, .doc = "what to compare with" },
    { .name = NULL },
};
const struct object_table mesh_http_query_table = {
    .name = "query parameter match", .rows = query_rows, .bytes = sizeof(struct value_match_spec),
};

static const struct field_row match_rows[] = {
    { .name = "path", .type = TYPE_OBJECT, .offset = offsetof(struct match_spec, path), .object = &path_table,
      .doc = "the request's path; any when absent" },
    { .name = "method", .type = TYPE_ENUM, .offset = offsetof(struct match_spec, method), .enums = mesh_http_methods,
      .doc = "the request's method; any when absent" },
    { .name = "headers", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct match_spec, headers), .min = 1,
      .max = CONF_HEADER_ACTIONS_MAX, .object = &header_match_table, .doc = "all of these headers" },
    { .name = "queryParams", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct match_spec, queries),
      .min = 1, .max = CONF_HEADER_ACTIONS_MAX, .object = &mesh_http_query_table, .doc = "all of these query parameters" },
    { .name = NULL },
};
static const struct object_table match_table = {
    .name = "match", .rows = match_rows, .bytes = sizeof(struct match_spec),
};

static const struct field_row path_change_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct path_change_spec, type), .is_required = true,
      .enums = path_changes, .doc = "ReplaceFullPath or ReplacePrefixMatch" },
    { .name = "replaceFullPath", .type = TYPE_STRING, .offset = offsetof(struct path_change_spec, full), .min = 1,
      .max = 1024, .doc = "the whole new path" },
    { .name = "replacePrefixMatch", .type = TYPE_STRING, .offset = offsetof(struct path_change_spec, prefix), .min = 0,
      .max = 1024, .doc = "what stands in place of the matched prefix" },
    { .name = NULL },
};
const struct object_table mesh_http_path_change_table = {
    .name = "path change", .rows = path_change_rows, .bytes = sizeof(struct path_change_spec),
};

static const struct field_row redirect_rows[] = {
    { .name = "scheme", .type = TYPE_ENUM, .offset = offsetof(struct redirect_spec, scheme), .enums = schemes,
      .doc = "http or https; the request's when absent" },
    { .name = "hostname", .type = TYPE_HOSTNAME, .offset = offsetof(struct redirect_spec, hostname),
      .doc = "the new host; the request's when absent" },
    { .name = "path", .type = TYPE_OBJECT, .offset = offsetof(struct redirect_spec, path), .object = &mesh_http_path_change_table,
      .doc = "the new path; the request's when absent" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct redirect_spec, port), .min = 1, .max = 65535,
      .doc = "the new port" },
    { .name = "statusCode", .type = TYPE_ENUM, .offset = offsetof(struct redirect_spec, status), .fallback = "302",
      .enums = statuses, .doc = "the answer's status" },
    { .name = NULL },
};
const struct object_table mesh_http_redirect_table = {
    .name = "requestRedirect", .rows = redirect_rows, .bytes = sizeof(struct redirect_spec),
};

static const struct field_row rewrite_rows[] = {
    { .name = "hostname", .type = TYPE_HOSTNAME, .offset = offsetof(struct rewrite_spec, hostname),
      .doc = "the host that the backend sees" },
    { .name = "path", .type = TYPE_OBJECT, .offset = offsetof(struct rewrite_spec, path), .object = &mesh_http_path_change_table,
      .doc = "the path that the backend sees" },
    { .name = "hostToBackendHostname", .type = TYPE_BOOL, .offset = offsetof(struct rewrite_spec, host_to_backend),
      .fallback = "false", .doc = "the backend sees its own host name" },
    { .name = NULL },
};
static const struct object_table rewrite_table = {
    .name = "urlRewrite", .rows = rewrite_rows, .bytes = sizeof(struct rewrite_spec),
};

static const struct field_row mirror_rows[] = {
    { .name = "percentage", .type = TYPE_PERCENTAGE, .offset = offsetof(struct mirror_spec, percentage), .fallback = "100",
      .doc = "share of requests that are copied" },
    { .name = "backendRef", .type = TYPE_OBJECT, .offset = offsetof(struct mirror_spec, backend), .is_required = true,
      .object = &backend_ref_table, .doc = "where copies go" },
    { .name = NULL },
};
static const struct object_table mirror_table = {
    .name = "requestMirror", .rows = mirror_rows, .bytes = sizeof(struct mirror_spec),
};

static const struct field_row filter_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct filter_spec, type), .is_required = true,
      .enums = filter_types, .doc = "which filter it is" },
    { .name = "requestHeaderModifier", .type = TYPE_OBJECT, .offset = offsetof(struct filter_spec, request),
      .object = &header_modifier_table, .doc = "changes what the backend sees" },
    { .name = "responseHeaderModifier", .type = TYPE_OBJECT, .offset = offsetof(struct filter_spec, response),
      .object = &header_modifier_table, .doc = "changes what the client sees" },
    { .name = "requestRedirect", .type = TYPE_OBJECT, .offset = offsetof(struct filter_spec, redirect),
      .object = &mesh_http_redirect_table, .doc = "answers with a redirect" },
    { .name = "urlRewrite", .type = TYPE_OBJECT, .offset = offsetof(struct filter_spec, rewrite),
      .object = &rewrite_table, .doc = "changes host or path that the backend sees" },
    { .name = "requestMirror", .type = TYPE_OBJECT, .offset = offsetof(struct filter_spec, mirror),
      .object = &mirror_table, .doc = "sends a copy of each request to another backend" },
    { .name = NULL },
};
static const struct object_table filter_table = {
    .name = "filter", .rows = filter_rows, .bytes = sizeof(struct filter_spec),
};

static const struct field_row default_rows[] = {
    { .name = "filters", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct rule_default_spec, filters),
      .min = 0, .max = 16, .object = &filter_table, .doc = "what is done to the request" },
    { .name = "backendRefs", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct rule_default_spec, backends),
      .min = 0, .max = 256, .object = &backend_ref_table, .doc = "where it goes" },
    { .name = NULL },
};
static const struct object_table default_table = {
    .name = "rule's default", .rows = default_rows, .bytes = sizeof(struct rule_default_spec),
};

static const struct field_row rule_rows[] = {
    { .name = "matches", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct rule_spec, matches),
      .is_required = true, .min = 1, .max = 128, .object = &match_table, .doc = "at least one match" },
    { .name = "default", .type = TYPE_OBJECT, .offset = offsetof(struct rule_spec, conf), .is_required = true,
      .object = &default_table, .doc = "write `default:` with `backendRefs:` below it" },
    { .name = NULL },
};
static const struct object_table rule_table = {
    .name = "rule", .rows = rule_rows, .bytes = sizeof(struct rule_spec),
};

static const struct field_row to_rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct route_to_spec, target), .is_required = true,
      .object = &target_ref_table, .doc = "write `targetRef: {kind: Mesh}`" },
    { .name = "hostnames", .type = TYPE_LIST, .of = TYPE_HOST_PATTERN, .offset = offsetof(struct route_to_spec, hostnames),
      .min = 1, .max = 1024, .doc = "hosts that it serves; those of the listener when absent" },
    { .name = "rules", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct route_to_spec, rules),
      .is_required = true, .min = 0, .max = CONF_DOCUMENTS_MAX, .object = &rule_table, .doc = "the rules" },
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "`to` entry", .rows = to_rows, .bytes = sizeof(struct route_to_spec),
};

static const struct field_row rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct http_route_spec, target),
      .object = &target_ref_table, .doc = "the gateway that it is for; all when absent" },
    { .name = "to", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct http_route_spec, to),
      .is_required = true, .min = 1, .max = 256, .object = &to_table, .doc = "write `to:` with `rules:` below it" },
    { .name = "from", .type = TYPE_REMOVED, .doc = "a route has only `to`" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshHTTPRoute", .rows = rows, .bytes = sizeof(struct http_route_spec), .doc = "a route",
};

const struct kind kind_mesh_http_route = {
    .type = "MeshHTTPRoute", .plural = "meshhttproutes", .short_name = "mhttpr",
    .has_spec = true, .table = &table, .check = kind_mesh_http_route_check,
};
