/* kind_forge_listener.h - ForgeListener: what a MeshGateway's listeners do beyond Kuma's words.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"
#include "conf/target_ref.h"

struct data_source;

enum client_certificate_mode { CLIENT_CERTIFICATE_REQUIRED = 0, CLIENT_CERTIFICATE_OPTIONAL, CLIENT_CERTIFICATE_NONE };

struct forge_proxy_protocol {
    const struct node *node;
    int64_t     enabled;
    struct list trusted;             /* spans: networks */
};

struct forge_forwarded {
    const struct node *node;
    int64_t     hops;
    struct list trusted;             /* spans: networks */
};

struct forge_listener_tls {
    const struct node *node;
    int64_t     version_min, version_max;   /* 12, 13, or FIELD_ABSENT */
    const struct data_source *client_ca;
    int64_t     client_certificate;         /* enum client_certificate_mode, or FIELD_ABSENT */
    struct span ocsp_file;
    int64_t     http2;
};

struct forge_listener_spec {
    const struct node *node;
    const struct target_ref *target;
    int64_t     port;                /* or FIELD_ABSENT: all */
    struct span hostname;            /* at == NULL: all */
    struct list addresses;           /* spans */
    const struct forge_proxy_protocol *proxy_protocol;
    const struct forge_forwarded      *forwarded;
    const struct forge_listener_tls   *tls;
    int64_t     idle_timeout, head_timeout;
};

extern const struct kind kind_forge_listener;
