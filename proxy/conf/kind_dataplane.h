/* kind_dataplane.h - Dataplane: a workload, and where it listens. MeshServices select it.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

enum inbound_state { INBOUND_READY = 0, INBOUND_NOT_READY, INBOUND_IGNORED };

struct dataplane_health {
    const struct node *node;
    int64_t ready;
};

struct dataplane_probe {
    const struct node *node;
    int64_t interval;
    int64_t timeout;
    int64_t unhealthy_threshold;
    int64_t healthy_threshold;
    const struct node *tcp;
};

struct dataplane_inbound {
    const struct node *node;
    int64_t port;
    int64_t service_port;
    struct span service_address;
    struct span address;
    struct span name;
    int64_t protocol;
    struct list tags;
    int64_t state;
    const struct dataplane_health *health;
    const struct dataplane_probe *service_probe;
};

struct dataplane_backend {
    const struct node *node;
    int64_t kind;
    struct span name;
    int64_t port;
    struct list labels;
};

struct dataplane_outbound {
    const struct node *node;
    int64_t port;
    struct span address;
    const struct dataplane_backend *backend_ref;
    struct list tags;
};

struct dataplane_gateway {
    const struct node *node;
    int64_t type;
    struct list tags;
};

struct dataplane_reachable {
    const struct node *node;
    struct list refs;
};

struct dataplane_transparent {
    const struct node *node;
    int64_t redirect_port_inbound;
    int64_t redirect_port_outbound;
    struct list direct_access_services;
    struct list reachable_services;
    struct span ip_family_mode;
    const struct dataplane_reachable *reachable_backends;
};

struct dataplane_admin {
    const struct node *node;
    int64_t port;
};

struct dataplane_listener {
    const struct node *node;
    int64_t type;
    struct span address;
    int64_t port;
    struct span name;
    int64_t state;
};

struct dataplane_networking {
    const struct node *node;
    struct span address;
    struct span advertised_address;
    struct list inbound;
    struct list outbound;
    const struct dataplane_gateway *gateway;
    const struct dataplane_transparent *transparent_proxying;
    const struct dataplane_admin *admin;
    struct list listeners;
};

struct dataplane_spec {
    const struct node *node;
    const struct dataplane_networking *networking;
    const struct node *metrics;
    const struct node *probes;
};

extern const struct kind kind_dataplane;
