/* kind_gateway_api.h - Kubernetes' Gateway API and what it refers to, read as files, without a cluster: GatewayClass, Gateway,
 * ReferenceGrant, BackendTLSPolicy, Service, EndpointSlice, ConfigMap. Routes are in kind_gateway_route.h.
 *
 * Spec:   wire-contracts.md 2.3.
 * Layer:  conf.
 *
 * gateway_api.h says what becomes of them.
 */
#pragma once

#include "conf/kind.h"

/* Any reference: of a route to its gateway, to a backend, to a certificate ... */
struct api_ref {
    const struct node *node;
    struct span group, kind, name, name_space, section_name; /* at == NULL: not written, but for kind */
    int64_t     port, weight;
};

struct api_class_spec {
    const struct node *node;
    struct span controller;
};

struct api_listener_tls {
    const struct node *node;
    int64_t     mode;
    struct list certificates;       /* struct api_ref */
};

struct api_allowed {                /* of allowedRoutes, and its namespaces */
    const struct node *node;
    const struct api_allowed *namespaces;
    int64_t     from;               /* enum api_from */
    struct list kinds;              /* struct api_ref: kind only */
};
enum api_from { API_FROM_SAME = 0, API_FROM_ALL };

struct api_listener {
    const struct node *node;
    struct span name, hostname;
    int64_t     port, protocol;
    const struct api_listener_tls *tls;
    const struct api_allowed      *allowed;
};
enum api_protocol { API_HTTP = 0, API_HTTPS };

struct api_gateway_spec {
    const struct node *node;
    struct span class_name;
    struct list listeners;          /* struct api_listener */
};

struct api_grant_spec {
    const struct node *node;
    struct list from, to;           /* struct api_ref */
};

struct api_validation {
    const struct node *node;
    struct span hostname;
    struct list ca;                 /* struct api_ref */
    int64_t     well_known;         /* 0: System, or FIELD_ABSENT */
};

struct api_tls_policy_spec {
    const struct node *node;
    struct list targets;            /* struct api_ref */
    const struct api_validation *validation;
};

struct api_service_port {
    const struct node *node;
    struct span name, target, protocol_name; /* target: number or name */
    int64_t     port;
};

struct api_service_spec {
    const struct node *node;
    struct list ports;              /* struct api_service_port */
};

struct api_conditions {
    const struct node *node;
    int64_t ready;
};

struct api_endpoint {
    const struct node *node;
    struct list addresses;          /* spans */
    const struct api_conditions *conditions;
};

struct api_slice_spec {
    const struct node *node;
    int64_t     address_type;
    struct list endpoints;          /* struct api_endpoint */
    struct list ports;              /* struct api_service_port: name and port */
};

struct api_config_map_spec {
    const struct node *node;
    struct list data;
};

extern const struct kind kind_gateway_class, kind_gateway, kind_reference_grant, kind_backend_tls_policy, kind_service,
    kind_endpoint_slice, kind_config_map;
