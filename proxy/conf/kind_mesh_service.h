/* kind_mesh_service.h - MeshService: a service whose endpoints are Dataplanes of this mesh.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

struct mesh_service_dataplane {
    const struct node *node;
    struct span name;
};

struct mesh_service_labels {
    const struct node *node;
    struct list labels;
};

struct mesh_service_selector {
    const struct node *node;
    const struct mesh_service_dataplane *dataplane_ref;
    const struct mesh_service_labels *dataplane_labels;
    struct list dataplane_tags;
};

struct mesh_service_port {
    const struct node *node;
    struct span name;
    int64_t port;
    struct span target_port;
    int64_t app_protocol;
};

struct mesh_service_identity {
    const struct node *node;
    int64_t type;
    struct span value;
};

struct mesh_service_spec {
    const struct node *node;
    const struct mesh_service_selector *selector;
    struct list ports;
    struct list identities;
    int64_t state;
};

extern const struct kind kind_mesh_service;
