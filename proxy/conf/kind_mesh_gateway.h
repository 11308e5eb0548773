/* kind_mesh_gateway.h - MeshGateway: listeners by port and host name, and their certificates.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

enum gateway_protocol { GATEWAY_HTTP = 0, GATEWAY_HTTPS, GATEWAY_TCP, GATEWAY_TLS };
enum gateway_tls_mode { GATEWAY_TERMINATE = 0, GATEWAY_PASSTHROUGH };

struct gateway_tls {
    const struct node *node;
    int64_t     mode;
    struct list certificates;       /* struct data_source */
};

struct gateway_resources {
    const struct node *node;
    int64_t connection_limit;
};

struct gateway_listener {
    const struct node *node;
    struct span hostname;           /* at == NULL: absent, any */
    int64_t     port;
    int64_t     protocol;           /* enum gateway_protocol */
    const struct gateway_tls *tls;
    struct list tags;               /* struct map_item */
    int64_t     cross_mesh;
    const struct gateway_resources *resources;
};

struct gateway_conf {
    const struct node *node;
    struct list listeners;          /* struct gateway_listener */
};

struct gateway_selector {
    const struct node *node;
    struct list match;
};

struct gateway_spec {
    const struct node *node;
    struct list selectors;          /* struct gateway_selector; this node is every gateway */
    struct list tags;
    const struct gateway_conf *conf;
};

extern const struct kind kind_mesh_gateway;
