/* kind_mesh_http_route.h - MeshHTTPRoute: which requests, what is done to them, where they go.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/backend_spec.h"
#include "conf/header_spec.h"
#include "conf/kind.h"
#include "conf/target_ref.h"

/* Values are those of enum match_type. */
struct path_match_spec {
    const struct node *node;
    int64_t     type;
    struct span value;
};

struct match_spec {
    const struct node *node;
    const struct path_match_spec *path;
    int64_t     method;              /* enum method, or FIELD_ABSENT */
    struct list headers, queries;    /* struct value_match_spec */
};

struct path_change_spec {
    const struct node *node;
    int64_t     type;                /* enum path_change */
    struct span full, prefix;
};

struct redirect_spec {
    const struct node *node;
    int64_t     scheme;              /* enum redirect_scheme, or FIELD_ABSENT */
    struct span hostname;
    const struct path_change_spec *path;
    int64_t     port, status;
};
enum redirect_scheme { REDIRECT_HTTP = 0, REDIRECT_HTTPS };

struct rewrite_spec {
    const struct node *node;
    struct span hostname;
    const struct path_change_spec *path;
    int64_t     host_to_backend;
};

enum filter_type {
    FILTER_REQUEST_HEADER_MODIFIER = 0,
    FILTER_RESPONSE_HEADER_MODIFIER,
    FILTER_REQUEST_REDIRECT,
    FILTER_URL_REWRITE,
    FILTER_REQUEST_MIRROR,
    FILTER_N
};

struct mirror_spec {
    const struct node *node;
    int64_t percentage;              /* millionths of one */
    const struct backend_spec *backend;
};

struct filter_spec {
    const struct node *node;
    int64_t type;                    /* enum filter_type */
    const struct modifier_spec *request, *response;
    const struct redirect_spec *redirect;
    const struct rewrite_spec  *rewrite;
    const struct mirror_spec   *mirror;
};

struct rule_default_spec {
    const struct node *node;
    struct list filters;             /* struct filter_spec */
    struct list backends;            /* struct backend_spec */
};

struct rule_spec {
    const struct node *node;
    struct list matches;             /* struct match_spec */
    const struct rule_default_spec *conf;
};

struct route_to_spec {
    const struct node *node;
    const struct target_ref *target;
    struct list hostnames;           /* spans */
    struct list rules;               /* struct rule_spec */
};

struct http_route_spec {
    const struct node *node;
    const struct target_ref *target; /* NULL: Mesh */
    struct list to;                  /* struct route_to_spec */
};

/* Shared with Gateway API's routes. */
extern const struct object_table mesh_http_query_table, mesh_http_path_change_table, mesh_http_redirect_table;
extern const struct enum_row mesh_http_methods[], mesh_http_path_types[];

extern const struct kind kind_mesh_http_route;
