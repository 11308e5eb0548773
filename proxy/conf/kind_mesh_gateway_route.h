/* kind_mesh_gateway_route.h - MeshGatewayRoute: the older form of a MeshHTTPRoute.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"
#include "conf/kind_mesh_http_route.h"

struct gateway_route_backend {
    const struct node *node;
    int64_t weight;
    struct list destination;
};

struct gateway_route_mirror {
    const struct node *node;
    const struct gateway_route_backend *backend;
    int64_t percentage;
};

struct gateway_route_rewrite {
    const struct node *node;
    struct span replace_full;
    struct span replace_prefix_match;
    int64_t host_to_backend_hostname;
};

struct gateway_route_redirect {
    const struct node *node;
    int64_t scheme;
    struct span hostname;
    int64_t port;
    int64_t status_code;
    const struct gateway_route_rewrite *path;
};

struct gateway_route_filter {
    const struct node *node;
    const struct modifier_spec *request_header;
    const struct modifier_spec *response_header;
    const struct gateway_route_mirror *mirror;
    const struct gateway_route_redirect *redirect;
    const struct gateway_route_rewrite *rewrite;
};

struct gateway_route_rule {
    const struct node *node;
    struct list matches;             /* struct match_spec */
    struct list filters;             /* struct gateway_route_filter */
    struct list backends;            /* struct gateway_route_backend */
};

struct gateway_route_http {
    const struct node *node;
    struct list hostnames;
    struct list rules;
};

struct gateway_route_conf {
    const struct node *node;
    const struct gateway_route_http *http;
    const struct node *tcp;
    const struct node *tls;
    const struct node *udp;
};

struct gateway_route_selector {
    const struct node *node;
    struct list match;
};

struct gateway_route_spec {
    const struct node *node;
    struct list selectors;
    const struct gateway_route_conf *conf;
};

extern const struct kind kind_mesh_gateway_route;
