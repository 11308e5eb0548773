/* kind_gateway_route.h - Gateway API's routes: HTTPRoute and GRPCRoute.
 *
 * Spec:   wire-contracts.md 2.3.
 * Layer:  conf.
 */
#pragma once

#include "conf/kind_gateway_api.h"
#include "conf/kind_mesh_http_route.h"

struct api_grpc_method {
    const struct node *node;
    int64_t     type;               /* enum api_grpc_type */
    struct span service, method;
};
enum api_grpc_type { API_GRPC_EXACT = 0, API_GRPC_REGEX };

struct api_match {
    const struct node *node;
    const struct path_match_spec *path;
    struct list headers, queries;   /* struct value_match_spec */
    int64_t     method;
    const struct api_grpc_method *grpc;
};

struct api_filter {                 /* its node counts: it becomes the filter of a MeshHTTPRoute */
    const struct node *node;
    int64_t     type;
    const struct modifier_spec *request, *response;
    const struct redirect_spec *redirect;
    const struct rewrite_spec  *rewrite;
};

struct api_timeouts {
    const struct node *node;
    int64_t request, backend_request;
};

struct api_rule {
    const struct node *node;
    struct span name;
    struct list matches;            /* struct api_match */
    struct list filters;            /* struct api_filter */
    struct list backends;           /* struct api_ref */
    const struct api_timeouts *timeouts;
};

struct api_route_spec {
    const struct node *node;
    struct list parents;            /* struct api_ref */
    struct list hostnames;
    struct list rules;              /* struct api_rule */
};

extern const struct kind kind_gateway_http_route, kind_gateway_grpc_route;
