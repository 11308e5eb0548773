/* kind_dataplane.c - Dataplane.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 */
#include "conf/kind_dataplane.h"

#include "base/clock.h"
#include "conf/document.h"
#include "conf/field_value.h"
#include "conf/kind_mesh_external_service.h"
#include "conf/socket_text.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)

static const struct enum_row protocols[] = {
    { .name = "tcp", .value = SERVICE_TCP },
    { .name = "http", .value = SERVICE_HTTP },
    { .name = "http2", .value = SERVICE_HTTP2 },
    { .name = "grpc", .value = SERVICE_GRPC },
    { .name = "tls", .value = SERVICE_TCP },
    { .name = "kafka", .value = SERVICE_TCP },
    { .name = "mysql", .value = SERVICE_TCP },
    { .name = NULL },
};

static const struct enum_row states[] = {
    { .name = "Ready", .value = INBOUND_READY },
    { .name = "NotReady", .value = INBOUND_NOT_READY },
    { .name = "Ignored", .value = INBOUND_IGNORED },
    { .name = NULL },
};

static const struct enum_row backend_kinds[] = {
    { .name = "MeshService", .value = 0 },
    { .name = "MeshExternalService", .value = 1 },
    { .name = "MeshMultiZoneService", .value = 2 },
    { .name = NULL },
};

static const struct enum_row gateway_types[] = {
    { .name = "DELEGATED", .value = 0 },
    { .name = "BUILTIN", .value = 1 },
    { .name = NULL },
};

static const struct enum_row listener_types[] = {
    { .name = "ZoneIngress", .value = 0 },
    { .name = "ZoneEgress", .value = 1 },
    { .name = NULL },
};

static const struct field_row dataplane_health_rows[] = {
    { .name = "ready", .type = TYPE_BOOL, .offset = offsetof(struct dataplane_health, ready), .fallback = "true",
      .doc = "false takes the inbound out" },
    { .name = NULL },
};
static const struct object_table dataplane_health_table = {
    .name = "health", .rows = dataplane_health_rows, .bytes = sizeof(struct dataplane_health),
    .doc = "what a control plane found out",
};

static const struct field_row dataplane_probe_rows[] = {
    { .name = "interval", .type = TYPE_DURATION, .offset = offsetof(struct dataplane_probe, interval), .min = 0,
      .max = LONGEST, .doc = "time between two questions" },
    { .name = "timeout", .type = TYPE_DURATION, .offset = offsetof(struct dataplane_probe, timeout), .min = 0,
      .max = LONGEST, .doc = "how long an answer may take" },
    { .name = "unhealthyThreshold", .alias = "unhealthy_threshold", .type = TYPE_INT,
      .offset = offsetof(struct dataplane_probe, unhealthy_threshold), .min = 1, .max = 4294967295,
      .doc = "bad answers in a row" },
    { .name = "healthyThreshold", .alias = "healthy_threshold", .type = TYPE_INT,
      .offset = offsetof(struct dataplane_probe, healthy_threshold), .min = 1, .max = 4294967295,
      .doc = "good answers in a row" },
    { .name = "tcp", .type = TYPE_NODE, .offset = offsetof(struct dataplane_probe, tcp),
      .doc = "asks whether a connection is accepted" },
    { .name = NULL },
};
static const struct object_table dataplane_probe_table = {
    .name = "serviceProbe", .rows = dataplane_probe_rows, .bytes = sizeof(struct dataplane_probe),
    .doc = "how a sidecar asks its workload",
};

static const struct field_row dataplane_inbound_rows[] = {
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct dataplane_inbound, port), .is_required = true,
      .min = 1, .max = 65535, .doc = "TCP port" },
    { .name = "servicePort", .type = TYPE_INT, .offset = offsetof(struct dataplane_inbound, service_port), .min = 1,
      .max = 65535, .doc = "the workload's own port, behind the sidecar" },
    { .name = "serviceAddress", .type = TYPE_STRING, .offset = offsetof(struct dataplane_inbound, service_address),
      .min = 1, .max = 253, .doc = "the workload's own address, behind the sidecar" },
    { .name = "address", .type = TYPE_STRING, .offset = offsetof(struct dataplane_inbound, address), .min = 1,
      .max = 253, .doc = "address; that of `networking` when absent" },
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct dataplane_inbound, name), .min = 1, .max = 63,
      .doc = "name of the port" },
    { .name = "protocol", .type = TYPE_ENUM, .offset = offsetof(struct dataplane_inbound, protocol), .enums = protocols,
      .doc = "what is spoken; the tag kuma.io/protocol when absent" },
    { .name = "tags", .type = TYPE_MAP, .offset = offsetof(struct dataplane_inbound, tags),
      .doc = "tags; kuma.io/service is the service that it belongs to. The older form of the document's `labels`" },
    { .name = "state", .type = TYPE_ENUM, .offset = offsetof(struct dataplane_inbound, state), .fallback = "Ready",
      .enums = states, .doc = "Ready, NotReady or Ignored" },
    { .name = "health", .type = TYPE_OBJECT, .offset = offsetof(struct dataplane_inbound, health),
      .object = &dataplane_health_table, .doc = "what a control plane found out" },
    { .name = "serviceProbe", .type = TYPE_OBJECT, .offset = offsetof(struct dataplane_inbound, service_probe),
      .object = &dataplane_probe_table, .doc = "how a sidecar asks its workload" },
    { .name = NULL },
};
static const struct object_table dataplane_inbound_table = {
    .name = "inbound", .rows = dataplane_inbound_rows, .bytes = sizeof(struct dataplane_inbound),
    .doc = "a port where the workload is reached",
};

static const struct field_row dataplane_backend_rows[] = {
    { .name = "kind", .type = TYPE_ENUM, .offset = offsetof(struct dataplane_backend, kind), .is_required = true,
      .enums = backend_kinds, .doc = "its kind" },
    { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct dataplane_backend, name), .doc = "its name" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct dataplane_backend, port), .min = 1, .max = 65535,
      .doc = "its port" },
    { .name = "labels", .type = TYPE_MAP, .offset = offsetof(struct dataplane_backend, labels),
      .doc = "labels that it has" },
    { .name = NULL },
};
static const struct object_table dataplane_backend_table = {
    .name = "backendRef", .rows = dataplane_backend_rows, .bytes = sizeof(struct dataplane_backend), .doc = "a service",
};

static const struct field_row dataplane_outbound_rows[] = {
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct dataplane_outbound, port), .is_required = true,
      .min = 1, .max = 65535, .doc = "TCP port" },
    { .name = "address", .type = TYPE_STRING, .offset = offsetof(struct dataplane_outbound, address), .min = 1,
      .max = 253, .fallback = "127.0.0.1", .doc = "address" },
    { .name = "backendRef", .type = TYPE_OBJECT, .offset = offsetof(struct dataplane_outbound, backend_ref),
      .object = &dataplane_backend_table, .doc = "the service that it leads to" },
    { .name = "tags", .type = TYPE_MAP, .offset = offsetof(struct dataplane_outbound, tags),
      .doc = "tags of the service that it leads to",
      .older = "write `backendRef: {kind: MeshService, name: ..., port: ...}`" },
    { .name = NULL },
};
static const struct object_table dataplane_outbound_table = {
    .name = "outbound", .rows = dataplane_outbound_rows, .bytes = sizeof(struct dataplane_outbound),
    .doc = "a port where a sidecar takes what its workload sends",
};

static const struct field_row dataplane_gateway_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct dataplane_gateway, type), .fallback = "DELEGATED",
      .enums = gateway_types, .doc = "DELEGATED, or BUILTIN" },
    { .name = "tags", .type = TYPE_MAP, .offset = offsetof(struct dataplane_gateway, tags),
      .doc = "tags; kuma.io/service is what a MeshGateway selects" },
    { .name = NULL },
};
static const struct object_table dataplane_gateway_table = {
    .name = "gateway", .rows = dataplane_gateway_rows, .bytes = sizeof(struct dataplane_gateway),
    .doc = "a gateway beside the sidecar",
};

static const struct field_row dataplane_reachable_rows[] = {
    { .name = "refs", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct dataplane_reachable, refs),
      .min = 0, .max = 1024, .object = &dataplane_backend_table, .doc = "the services" },
    { .name = NULL },
};
static const struct object_table dataplane_reachable_table = {
    .name = "reachableBackends", .rows = dataplane_reachable_rows, .bytes = sizeof(struct dataplane_reachable),
    .doc = "services that the sidecar knows",
};

static const struct field_row dataplane_transparent_rows[] = {
    { .name = "redirectPortInbound", .type = TYPE_INT,
      .offset = offsetof(struct dataplane_transparent, redirect_port_inbound), .min = 0, .max = 65535,
      .doc = "port for what comes in" },
    { .name = "redirectPortOutbound", .type = TYPE_INT,
      .offset = offsetof(struct dataplane_transparent, redirect_port_outbound), .min = 0, .max = 65535,
      .doc = "port for what goes out" },
    { .name = "directAccessServices", .type = TYPE_LIST, .of = TYPE_STRING,
      .offset = offsetof(struct dataplane_transparent, direct_access_services), .min = 0, .max = 1024,
      .doc = "services that are reached without the sidecar" },
    { .name = "reachableServices", .type = TYPE_LIST, .of = TYPE_STRING,
      .offset = offsetof(struct dataplane_transparent, reachable_services), .min = 0, .max = 1024,
      .doc = "services that the sidecar knows; the older form of reachableBackends" },
    { .name = "ipFamilyMode", .type = TYPE_STRING, .offset = offsetof(struct dataplane_transparent, ip_family_mode),
      .min = 1, .max = 16, .doc = "DualStack, IPv4 or IPv6" },
    { .name = "reachableBackends", .type = TYPE_OBJECT,
      .offset = offsetof(struct dataplane_transparent, reachable_backends), .object = &dataplane_reachable_table,
      .doc = "services that the sidecar knows" },
    { .name = NULL },
};
static const struct object_table dataplane_transparent_table = {
    .name = "transparentProxying", .rows = dataplane_transparent_rows, .bytes = sizeof(struct dataplane_transparent),
    .doc = "how connections are led through the sidecar",
};

static const struct field_row dataplane_admin_rows[] = {
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct dataplane_admin, port), .min = 0, .max = 65535,
      .doc = "TCP port" },
    { .name = NULL },
};
static const struct object_table dataplane_admin_table = {
    .name = "admin", .rows = dataplane_admin_rows, .bytes = sizeof(struct dataplane_admin), .doc = "Envoy's own port",
};

static const struct field_row dataplane_listener_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct dataplane_listener, type), .is_required = true,
      .enums = listener_types, .doc = "ZoneIngress or ZoneEgress" },
    { .name = "address", .type = TYPE_STRING, .offset = offsetof(struct dataplane_listener, address), .min = 1,
      .max = 253, .doc = "address" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct dataplane_listener, port), .is_required = true,
      .min = 1, .max = 65535, .doc = "TCP port" },
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct dataplane_listener, name), .min = 1, .max = 63,
      .doc = "its name" },
    { .name = "state", .type = TYPE_ENUM, .offset = offsetof(struct dataplane_listener, state), .fallback = "Ready",
      .enums = states, .doc = "Ready, NotReady or Ignored" },
    { .name = NULL },
};
static const struct object_table dataplane_listener_table = {
    .name = "listener", .rows = dataplane_listener_rows, .bytes = sizeof(struct dataplane_listener),
    .doc = "where other zones are met",
};

static const struct field_row dataplane_networking_rows[] = {
    { .name = "address", .type = TYPE_STRING, .offset = offsetof(struct dataplane_networking, address),
      .is_required = true, .min = 1, .max = 253, .doc = "IP address, or a host name" },
    { .name = "advertisedAddress", .alias = "advertised_address", .type = TYPE_STRING,
      .offset = offsetof(struct dataplane_networking, advertised_address), .min = 1, .max = 253,
      .doc = "address that others use; `address` when absent" },
    { .name = "inbound", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct dataplane_networking, inbound),
      .min = 0, .max = 64, .object = &dataplane_inbound_table, .doc = "ports where the workload is reached" },
    { .name = "outbound", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct dataplane_networking, outbound), .min = 0, .max = 1024,
      .object = &dataplane_outbound_table, .doc = "ports where the sidecar takes what the workload sends" },
    { .name = "gateway", .type = TYPE_OBJECT, .offset = offsetof(struct dataplane_networking, gateway),
      .object = &dataplane_gateway_table, .doc = "a gateway beside the sidecar" },
    { .name = "transparentProxying", .alias = "transparent_proxying", .type = TYPE_OBJECT,
      .offset = offsetof(struct dataplane_networking, transparent_proxying), .object = &dataplane_transparent_table,
      .doc = "how connections are led through the sidecar" },
    { .name = "admin", .type = TYPE_OBJECT, .offset = offsetof(struct dataplane_networking, admin),
      .object = &dataplane_admin_table, .doc = "Envoy's own port" },
    { .name = "listeners", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct dataplane_networking, listeners), .min = 1, .max = 16,
      .object = &dataplane_listener_table, .doc = "where other zones are met" },
    { .name = NULL },
};
static const struct object_table dataplane_networking_table = {
    .name = "networking", .rows = dataplane_networking_rows, .bytes = sizeof(struct dataplane_networking),
    .doc = "where the workload listens",
};

static const struct field_row rows[] = {
    { .name = "networking", .type = TYPE_OBJECT, .offset = offsetof(struct dataplane_spec, networking),
      .is_required = true, .object = &dataplane_networking_table,
      .doc = "write `networking:` with `address:` and `inbound:` below it" },
    { .name = "metrics", .type = TYPE_NODE, .offset = offsetof(struct dataplane_spec, metrics),
      .doc = "metrics of the sidecar; the older form of a MeshMetric" },
    { .name = "probes", .type = TYPE_NODE, .offset = offsetof(struct dataplane_spec, probes),
      .doc = "probes that Kubernetes asks through the sidecar" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "Dataplane", .rows = rows, .bytes = sizeof(struct dataplane_spec),
    .doc = "a workload, and where it listens",
};

static bool is_address(struct span text)
{
    struct socket_address address;

    return socket_text_read(text, 1, &address) || value_is_hostname(text, false);
}

static bool check_inbound(const struct dataplane_inbound *inbound, struct diag *diag)
{
    bool is_good = true;

    if (inbound->address.at != NULL && !is_address(inbound->address)) {
        diag_error(diag, field_place(inbound, "address"), "`address` must be an IP address or a host name, and is \"%.*s\"",
                   SPAN_FMT(inbound->address));
        is_good = false;
    }
    if (inbound->tags.node != NULL && field_map_find(&inbound->tags, "kuma.io/service").at == NULL) {
        diag_error(diag, field_place(inbound, "tags"), "`tags` name the service that the inbound belongs to: write "
                   "`kuma.io/service: NAME`, or leave `tags` out and select by `labels`");
        is_good = false;
    }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct dataplane_networking *n = ((const struct dataplane_spec *)doc->spec)->networking;
    const struct dataplane_inbound *inbounds = n->inbound.items;
    const struct dataplane_outbound *outbounds = n->outbound.items;
    bool is_good = true;

    if (!is_address(n->address) || (n->advertised_address.at != NULL && !is_address(n->advertised_address))) {
        diag_error(diag, field_place(n, is_address(n->address) ? "advertisedAddress" : "address"),
                   "this must be an IP address or a host name");
        is_good = false;
    }
    for (uint32_t i = 0; i < n->inbound.n; i++)
        is_good &= check_inbound(&inbounds[i], diag);
    for (uint32_t i = 0; i < n->outbound.n; i++)
        if ((outbounds[i].backend_ref == NULL) == (outbounds[i].tags.node == NULL)) {
            diag_error(diag, node_place(outbounds[i].node), "an outbound leads to one service: write its `backendRef`");
            is_good = false;
        }
    if (n->gateway != NULL && n->gateway->type == 1 && n->inbound.n > 0) {
        diag_error(diag, field_place(n, "inbound"), "a BUILTIN gateway has no `inbound`: its listeners stand in a MeshGateway");
        is_good = false;
    }
    return is_good;
}

const struct kind kind_dataplane = {
    .type = "Dataplane", .plural = "dataplanes", .short_name = "dp", .has_spec = false, .table = &table, .check = check,
};
