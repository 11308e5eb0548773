/* kind_mesh_multi_zone_service.h - MeshMultiZoneService: MeshServices of several zones as one.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

struct multi_zone_labels {
    const struct node *node;
    struct list labels;
};

struct multi_zone_selector {
    const struct node *node;
    const struct multi_zone_labels *mesh_service;
};

struct multi_zone_port {
    const struct node *node;
    struct span name;
    int64_t port;
    int64_t app_protocol;
};

struct multi_zone_spec {
    const struct node *node;
    const struct multi_zone_selector *selector;
    struct list ports;
};

extern const struct kind kind_mesh_multi_zone_service;
