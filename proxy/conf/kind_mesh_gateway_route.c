/* kind_mesh_gateway_route.c - MeshGatewayRoute.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_mesh_gateway_route.h"

#include "base/must.h"
#include "conf/document.h"
#include "conf/snapshot.h"
#include "http/head.h"

static const struct enum_row path_types[] = {
    { .name = "EXACT", .value = MATCH_EXACT },
    { .name = "PREFIX", .value = MATCH_PREFIX },
    { .name = "REGEX", .value = MATCH_REGEX },
    { .name = NULL },
};

static const struct enum_row header_types[] = {
    { .name = "EXACT", .value = MATCH_EXACT },
    { .name = "REGEX", .value = MATCH_REGEX },
    { .name = "PRESENT", .value = MATCH_PRESENT },
    { .name = "ABSENT", .value = MATCH_ABSENT },
    { .name = NULL },
};

static const struct enum_row query_types[] = {
    { .name = "EXACT", .value = MATCH_EXACT },
    { .name = "REGEX", .value = MATCH_REGEX },
    { .name = NULL },
};

static const struct enum_row methods[] = {
    { .name = "CONNECT", .value = METHOD_CONNECT },
    { .name = "DELETE", .value = METHOD_DELETE },
    { .name = "GET", .value = METHOD_GET },
    { .name = "HEAD", .value = METHOD_HEAD },
    { .name = "OPTIONS", .value = METHOD_OPTIONS },
    { .name = "PATCH", .value = METHOD_PATCH },
    { .name = "POST", .value = METHOD_POST },
    { .name = "PUT", .value = METHOD_PUT },
    { .name = "TRACE", .value = METHOD_TRACE },
    { .name = NULL },
};

static const struct enum_row schemes[] = {
    { .name = "http", .value = REDIRECT_HTTP },
    { .name = "https", .value = REDIRECT_HTTPS },
    { .name = NULL },
};

static const struct enum_row statuses[] = {
    { .name = "301", .value = 301 },
    { .name = "302", .value = 302 },
    { .name = "303", .value = 303 },
    { .name = "307", .value = 307 },
    { .name = "308", .value = 308 },
    { .name = NULL },
};

static const struct field_row gateway_route_path_rows[] = {
    { .name = "match", .type = TYPE_ENUM, .offset = offsetof(struct path_match_spec, type), .fallback = "EXACT",
      .enums = path_types, .doc = "EXACT, PREFIX or REGEX" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct path_match_spec, value), .is_required = true,
      .min = 1, .max = 1024, .doc = "the path, from its first slash" },
    { .name = NULL },
};
static const struct object_table gateway_route_path_table = {
    .name = "path match", .rows = gateway_route_path_rows, .bytes = sizeof(struct path_match_spec),
    .doc = "what the request's path is compared with",
};

static const struct field_row gateway_route_header_rows[] = {
    { .name = "match", .type = TYPE_ENUM, .offset = offsetof(struct value_match_spec, type), .fallback = "EXACT",
      .enums = header_types, .doc = "EXACT, REGEX, PRESENT or ABSENT" },
    { .name = "name", .type = TYPE_HEADER_NAME, .offset = offsetof(struct value_match_spec, name),
      .is_required = true, .doc = "the header's name in lower case" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct value_match_spec, value), .min = 0,
      .max = 4096, .doc = "what to compare with; none for PRESENT and ABSENT" },
    { .name = NULL },
};
static const struct object_table gateway_route_header_table = {
    .name = "header match", .rows = gateway_route_header_rows, .bytes = sizeof(struct value_match_spec),
    .doc = "what a header is compared with",
};

static const struct field_row gateway_route_query_rows[] = {
    { .name = "match", .type = TYPE_ENUM, .offset = offsetof(struct value_match_spec, type), .fallback = "EXACT",
      .enums = query_types, .doc = "EXACT or REGEX" },
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct value_match_spec, name), .is_required = true,
      .min = 1, .max = 256, .doc = "the parameter's name" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct value_match_spec, value), .is_required = true,
      .min = 0, .max = 1024, .doc = "what to compare with" },
    { .name = NULL },
};
static const struct object_table gateway_route_query_table = {
    .name = "query parameter match", .rows = gateway_route_query_rows, .bytes = sizeof(struct value_match_spec),
    .doc = "what a query parameter is compared with",
};

static const struct field_row gateway_route_match_rows[] = {
    { .name = "path", .type = TYPE_OBJECT, .offset = offsetof(struct match_spec, path),
      .object = &gateway_route_path_table, .doc = "the request's path; any when absent" },
    { .name = "method", .type = TYPE_ENUM, .offset = offsetof(struct match_spec, method), .enums = methods,
      .doc = "the request's method; any when absent" },
    { .name = "headers", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct match_spec, headers),
      .min = 1, .max = 16, .object = &gateway_route_header_table, .doc = "all of these headers" },
    { .name = "queryParameters", .alias = "query_parameters", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct match_spec, queries), .min = 1, .max = 16,
      .object = &gateway_route_query_table, .doc = "all of these query parameters" },
    { .name = NULL },
};
static const struct object_table gateway_route_match_table = {
    .name = "match", .rows = gateway_route_match_rows, .bytes = sizeof(struct match_spec),
    .doc = "which requests",
};

static const struct field_row gateway_route_backend_rows[] = {
    { .name = "weight", .type = TYPE_INT, .offset = offsetof(struct gateway_route_backend, weight), .min = 0,
      .max = 4294967295, .fallback = "1", .doc = "its share of the requests" },
    { .name = "destination", .type = TYPE_MAP, .offset = offsetof(struct gateway_route_backend, destination),
      .is_required = true, .doc = "tags of the service; kuma.io/service is its name" },
    { .name = NULL },
};
static const struct object_table gateway_route_backend_table = {
    .name = "backend", .rows = gateway_route_backend_rows, .bytes = sizeof(struct gateway_route_backend),
    .doc = "where requests go",
};

static const struct field_row gateway_route_mirror_rows[] = {
    { .name = "backend", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_route_mirror, backend),
      .is_required = true, .object = &gateway_route_backend_table, .doc = "where copies go" },
    { .name = "percentage", .type = TYPE_PERCENTAGE, .offset = offsetof(struct gateway_route_mirror, percentage),
      .fallback = "100", .doc = "share of requests that are copied" },
    { .name = NULL },
};
static const struct object_table gateway_route_mirror_table = {
    .name = "mirror", .rows = gateway_route_mirror_rows, .bytes = sizeof(struct gateway_route_mirror),
    .doc = "a copy of each request",
};

static const struct field_row gateway_route_rewrite_rows[] = {
    { .name = "replaceFull", .alias = "replace_full", .type = TYPE_STRING,
      .offset = offsetof(struct gateway_route_rewrite, replace_full), .min = 1, .max = 1024,
      .doc = "the whole new path" },
    { .name = "replacePrefixMatch", .alias = "replace_prefix_match", .type = TYPE_STRING,
      .offset = offsetof(struct gateway_route_rewrite, replace_prefix_match), .min = 0, .max = 1024,
      .doc = "what stands in place of the matched prefix" },
    { .name = "hostToBackendHostname", .alias = "host_to_backend_hostname", .type = TYPE_BOOL,
      .offset = offsetof(struct gateway_route_rewrite, host_to_backend_hostname), .fallback = "false",
      .doc = "the backend sees its own host name" },
    { .name = NULL },
};
static const struct object_table gateway_route_rewrite_table = {
    .name = "rewrite", .rows = gateway_route_rewrite_rows, .bytes = sizeof(struct gateway_route_rewrite),
    .doc = "changes what the backend sees",
};

static const struct field_row gateway_route_redirect_rows[] = {
    { .name = "scheme", .type = TYPE_ENUM, .offset = offsetof(struct gateway_route_redirect, scheme), .enums = schemes,
      .doc = "http or https; the request's when absent" },
    { .name = "hostname", .type = TYPE_HOSTNAME, .offset = offsetof(struct gateway_route_redirect, hostname),
      .doc = "the new host; the request's when absent" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct gateway_route_redirect, port), .min = 1, .max = 65535,
      .doc = "the new port" },
    { .name = "statusCode", .alias = "status_code", .type = TYPE_ENUM,
      .offset = offsetof(struct gateway_route_redirect, status_code), .fallback = "302", .enums = statuses,
      .doc = "the answer's status" },
    { .name = "path", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_route_redirect, path),
      .object = &gateway_route_rewrite_table, .doc = "the new path; the request's when absent" },
    { .name = NULL },
};
static const struct object_table gateway_route_redirect_table = {
    .name = "redirect", .rows = gateway_route_redirect_rows, .bytes = sizeof(struct gateway_route_redirect),
    .doc = "answers with a redirect",
};

static const struct field_row gateway_route_filter_rows[] = {
    { .name = "requestHeader", .alias = "request_header", .type = TYPE_OBJECT,
      .offset = offsetof(struct gateway_route_filter, request_header), .object = &header_modifier_table,
      .doc = "changes what the backend sees" },
    { .name = "responseHeader", .alias = "response_header", .type = TYPE_OBJECT,
      .offset = offsetof(struct gateway_route_filter, response_header), .object = &header_modifier_table,
      .doc = "changes what the client sees" },
    { .name = "mirror", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_route_filter, mirror),
      .object = &gateway_route_mirror_table, .doc = "sends a copy of each request",
      .not_enforced = "a request is sent to one backend only: take the filter out" },
    { .name = "redirect", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_route_filter, redirect),
      .object = &gateway_route_redirect_table, .doc = "answers with a redirect" },
    { .name = "rewrite", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_route_filter, rewrite),
      .object = &gateway_route_rewrite_table, .doc = "changes what the backend sees" },
    { .name = NULL },
};
static const struct object_table gateway_route_filter_table = {
    .name = "filter", .rows = gateway_route_filter_rows, .bytes = sizeof(struct gateway_route_filter),
    .doc = "what is done to requests",
};

static const struct field_row gateway_route_rule_rows[] = {
    { .name = "matches", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct gateway_route_rule, matches),
      .is_required = true, .min = 1, .max = 128, .object = &gateway_route_match_table,
      .doc = "which requests; at least one" },
    { .name = "filters", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct gateway_route_rule, filters),
      .min = 0, .max = 16, .object = &gateway_route_filter_table, .doc = "what is done to them" },
    { .name = "backends", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct gateway_route_rule, backends),
      .min = 0, .max = 256, .object = &gateway_route_backend_table, .doc = "where they go" },
    { .name = NULL },
};
static const struct object_table gateway_route_rule_table = {
    .name = "rule", .rows = gateway_route_rule_rows, .bytes = sizeof(struct gateway_route_rule),
    .doc = "what is done to which requests",
};

static const struct field_row gateway_route_http_rows[] = {
    { .name = "hostnames", .type = TYPE_LIST, .of = TYPE_HOST_PATTERN,
      .offset = offsetof(struct gateway_route_http, hostnames), .min = 1, .max = 1024,
      .doc = "hosts that it serves; those of the listener when absent" },
    { .name = "rules", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct gateway_route_http, rules),
      .is_required = true, .min = 1, .max = 1024, .object = &gateway_route_rule_table, .doc = "the rules" },
    { .name = NULL },
};
static const struct object_table gateway_route_http_table = {
    .name = "http", .rows = gateway_route_http_rows, .bytes = sizeof(struct gateway_route_http), .doc = "requests",
};

static const struct field_row gateway_route_conf_rows[] = {
    { .name = "http", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_route_conf, http),
      .object = &gateway_route_http_table, .doc = "requests of HTTP and HTTPS listeners" },
    { .name = "tcp", .type = TYPE_NODE, .offset = offsetof(struct gateway_route_conf, tcp),
      .doc = "connections of TCP listeners", .not_enforced = "only HTTP is routed: write `http`" },
    { .name = "tls", .type = TYPE_NODE, .offset = offsetof(struct gateway_route_conf, tls),
      .doc = "connections of TLS listeners", .not_enforced = "only HTTP is routed: write `http`" },
    { .name = "udp", .type = TYPE_NODE, .offset = offsetof(struct gateway_route_conf, udp),
      .doc = "datagrams of UDP listeners", .not_enforced = "only HTTP is routed: write `http`" },
    { .name = NULL },
};
static const struct object_table gateway_route_conf_table = {
    .name = "MeshGatewayRoute's conf", .rows = gateway_route_conf_rows, .bytes = sizeof(struct gateway_route_conf),
    .doc = "what is routed",
};

static const struct field_row gateway_route_selector_rows[] = {
    { .name = "match", .type = TYPE_MAP, .offset = offsetof(struct gateway_route_selector, match), .is_required = true,
      .doc = "tags of gateway and listener; * for any value" },
    { .name = NULL },
};
static const struct object_table gateway_route_selector_table = {
    .name = "selector", .rows = gateway_route_selector_rows, .bytes = sizeof(struct gateway_route_selector),
    .doc = "which listeners",
};

static const struct field_row rows[] = {
    { .name = "selectors", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct gateway_route_spec, selectors), .is_required = true, .min = 1, .max = 256,
      .object = &gateway_route_selector_table, .doc = "which listeners" },
    { .name = "conf", .type = TYPE_OBJECT, .offset = offsetof(struct gateway_route_spec, conf), .is_required = true,
      .object = &gateway_route_conf_table, .doc = "write `conf:` with `http:` and `rules:` below it" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshGatewayRoute", .rows = rows, .bytes = sizeof(struct gateway_route_spec),
    .doc = "a route of gateways; the older form of a MeshHTTPRoute",
};

static bool check_filter(const struct gateway_route_filter *f, struct diag *diag)
{
    static const char *const names[] = { "requestHeader", "request_header", "responseHeader", "response_header", "mirror",
                                         "redirect", "rewrite" };
    const struct gateway_route_rewrite *rewrite = f->redirect != NULL ? f->redirect->path : f->rewrite;
    int n = 0;

    for (size_t i = 0; i < COUNT(names); i++)
        n += field_is_written(f, names[i]);
    if (n != 1) {
        diag_error(diag, node_place(f->node), "a filter is one of request_header, response_header, mirror, redirect and rewrite, and "
                   "this one is %d of them", n);
        return false;
    }
    if (rewrite == NULL || rewrite->replace_full.at == NULL || rewrite->replace_prefix_match.at == NULL)
        return true;
    diag_error(diag, node_place(rewrite->node), "`replace_full` and `replace_prefix_match` exclude each other: keep one");
    return false;
}

static bool check_backend(const struct gateway_route_backend *b, struct diag *diag)
{
    if (field_map_find(&b->destination, "kuma.io/service").at != NULL)
        return true;
    diag_error(diag, field_place(b, "destination"), "`destination` names a service: write `kuma.io/service: NAME`");
    return false;
}

/* The rest is checked where the rules become those of a MeshHTTPRoute (compile_gateway_route.c). */
static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct gateway_route_spec *spec = doc->spec;
    const struct gateway_route_http *http = spec->conf->http;
    const struct gateway_route_rule *rules = http != NULL ? http->rules.items : NULL;
    bool is_good = true;

    if (spec->conf->node->children_n != 1) {
        diag_error(diag, node_place(spec->conf->node), "`conf` has one of http, tcp and tls, and this one has %u of them",
                   spec->conf->node->children_n);
        is_good = false;
    }
    for (uint32_t i = 0; rules != NULL && i < http->rules.n; i++) {
        const struct gateway_route_filter *filters = rules[i].filters.items;
        const struct gateway_route_backend *backends = rules[i].backends.items;
        for (uint32_t k = 0; k < rules[i].filters.n; k++)
            is_good &= check_filter(&filters[k], diag);
        for (uint32_t k = 0; k < rules[i].backends.n; k++)
            is_good &= check_backend(&backends[k], diag);
    }
    return is_good;
}

const struct kind kind_mesh_gateway_route = {
    .type = "MeshGatewayRoute", .plural = "meshgatewayroutes",
    .has_spec = false, .table = &table, .check = check,
};
