/* kind_mesh_external_service.h - MeshExternalService: what we call an upstream.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

struct data_source;

enum service_protocol { SERVICE_TCP = 0, SERVICE_HTTP, SERVICE_HTTP2, SERVICE_GRPC };
enum verify_mode { VERIFY_SECURED = 0, VERIFY_SKIP_SAN, VERIFY_SKIP_CA, VERIFY_SKIP_ALL };

struct service_match {
    const struct node *node;
    int64_t type, port, protocol;           /* enum service_protocol */
};

struct service_endpoint {
    const struct node *node;
    struct span address;
    int64_t     port, priority;
};

struct service_tls_version {
    const struct node *node;
    int64_t min, max;                       /* 0: automatic, 12, 13 */
};

struct service_alt_name {
    const struct node *node;
    int64_t     type;
    struct span value;
};
enum alt_name_type { ALT_NAME_EXACT = 0, ALT_NAME_PREFIX };

struct service_extension {
    const struct node *node;
    struct span        type;
    const struct node *config;
};

struct service_verification {
    const struct node *node;
    struct list alt_names;                  /* struct service_alt_name */
    int64_t     mode;                       /* enum verify_mode */
    struct span server_name;
    const struct data_source *ca_cert, *client_cert, *client_key;
};

struct service_tls {
    const struct node *node;
    int64_t     enabled, allow_renegotiation;
    const struct service_tls_version  *version;
    const struct service_verification *verification;
};

struct service_spec {
    const struct node *node;
    const struct service_match *match;
    struct list endpoints;                  /* struct service_endpoint */
    const struct service_tls   *tls;
    const struct service_extension *extension;
};

extern const struct kind kind_mesh_external_service;
