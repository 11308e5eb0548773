/* kind_gateway_api.c - see kind_gateway_api.h.
 *
 * Layer:  conf.
 */
#include "conf/kind_gateway_api.h"

#define IGNORED(field) { .name = (field), .type = TYPE_IGNORED, .doc = "for clusters; without meaning here" }
#define REF_NAME                                                                                                                  \
    { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct api_ref, name), .is_required = true, .doc = "its name" }
#define REF_GROUP                                                                                                                 \
    { .name = "group", .type = TYPE_STRING, .offset = offsetof(struct api_ref, group), .max = 253, .doc = "API group of what is meant" }
#define REF_KIND                                                                                                                  \
    { .name = "kind", .type = TYPE_STRING, .offset = offsetof(struct api_ref, kind), .min = 1, .max = 63, .is_required = true,     \
      .doc = "kind of what is meant" }
#define REF_NAMESPACE                                                                                                             \
    { .name = "namespace", .type = TYPE_NAME, .offset = offsetof(struct api_ref, name_space), .doc = "its namespace" }

/* ---- GatewayClass ---- */

static const struct field_row class_rows[] = {
    { .name = "controllerName", .type = TYPE_STRING, .offset = offsetof(struct api_class_spec, controller), .is_required = true,
      .min = 1, .max = 253, .doc = "whose gateways they are; ours are apiforge.io/gateway" },
    { .name = "description", .type = TYPE_IGNORED, .doc = "for people" },
    { .name = "parametersRef", .type = TYPE_REFUSED, .doc = "gateways of this class have no parameters: take it out" },
    { .name = NULL },
};
static const struct object_table class_table = {
    .name = "GatewayClass", .rows = class_rows, .bytes = sizeof(struct api_class_spec), .doc = "whose Gateways are whose (Kubernetes)",
};
const struct kind kind_gateway_class = { .type = "GatewayClass", .plural = "gatewayclasses", .has_spec = true, .is_global = true,
                                         .table = &class_table };

/* ---- Gateway ---- */

#define HTTP_ONLY "this version routes HTTP only: write HTTP, or HTTPS with `tls`"

static const struct enum_row protocols[] = {
    { .name = "HTTP", .value = API_HTTP }, { .name = "HTTPS", .value = API_HTTPS },
    { .name = "TLS", .refusal = HTTP_ONLY }, { .name = "TCP", .refusal = HTTP_ONLY }, { .name = "UDP", .refusal = HTTP_ONLY },
    { .name = NULL },
};
static const struct enum_row tls_modes[] = {
    { .name = "Terminate" },
    { .name = "Passthrough", .refusal = "this version ends TLS at the gateway: write Terminate and certificateRefs" },
    { .name = NULL },
};
static const struct enum_row froms[] = {
    { .name = "Same", .value = API_FROM_SAME }, { .name = "All", .value = API_FROM_ALL },
    { .name = "Selector", .refusal = "without a cluster namespaces have no labels: write Same or All" }, { .name = NULL },
};

static const struct field_row certificate_rows[] = {
    REF_GROUP,
    { .name = "kind", .type = TYPE_STRING, .offset = offsetof(struct api_ref, kind), .min = 1, .max = 63, .fallback = "Secret",
      .doc = "always Secret" },
    REF_NAME, REF_NAMESPACE, { .name = NULL },
};
static const struct object_table certificate_table = {
    .name = "certificateRef", .rows = certificate_rows, .bytes = sizeof(struct api_ref), .doc = "a Secret of the type kubernetes.io/tls",
};
static const struct field_row tls_rows[] = {
    { .name = "mode", .type = TYPE_ENUM, .offset = offsetof(struct api_listener_tls, mode), .fallback = "Terminate",
      .enums = tls_modes, .doc = "where TLS ends" },
    { .name = "certificateRefs", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_listener_tls, certificates),
      .is_required = true, .min = 1, .max = 2, .object = &certificate_table, .doc = "one or two certificates, of different key types" },
    { .name = "frontendValidation", .type = TYPE_REFUSED, .doc = "write a ForgeListener with `tls.clientCa`" },
    { .name = "options", .type = TYPE_REFUSED, .doc = "write a ForgeListener with `tls`" },
    { .name = NULL },
};
static const struct object_table tls_table = {
    .name = "listener's tls", .rows = tls_rows, .bytes = sizeof(struct api_listener_tls), .doc = "certificates of a listener",
};
static const struct field_row namespaces_rows[] = {
    { .name = "from", .type = TYPE_ENUM, .offset = offsetof(struct api_allowed, from), .fallback = "Same", .enums = froms,
      .doc = "routes of which namespaces" },
    { .name = "selector", .type = TYPE_REFUSED, .doc = "without a cluster namespaces have no labels: write `from: Same` or `from: All`" },
    { .name = NULL },
};
static const struct object_table namespaces_table = {
    .name = "allowedRoutes' namespaces", .rows = namespaces_rows, .bytes = sizeof(struct api_allowed), .doc = "namespaces of routes",
};
static const struct field_row route_kind_rows[] = { REF_GROUP, REF_KIND, { .name = NULL } };
static const struct object_table route_kind_table = {
    .name = "route kind", .rows = route_kind_rows, .bytes = sizeof(struct api_ref), .doc = "a kind of route",
};
static const struct field_row allowed_rows[] = {
    { .name = "namespaces", .type = TYPE_OBJECT, .offset = offsetof(struct api_allowed, namespaces), .object = &namespaces_table,
      .doc = "routes of which namespaces; the gateway's own when absent" },
    { .name = "kinds", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_allowed, kinds), .max = 8,
      .object = &route_kind_table, .doc = "HTTPRoute, GRPCRoute; both when absent" },
    { .name = NULL },
};
static const struct object_table allowed_table = {
    .name = "allowedRoutes", .rows = allowed_rows, .bytes = sizeof(struct api_allowed), .doc = "which routes a listener takes",
};
static const struct field_row listener_rows[] = {
    { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct api_listener, name), .is_required = true,
      .doc = "what a route's sectionName means" },
    { .name = "hostname", .type = TYPE_HOST_PATTERN, .offset = offsetof(struct api_listener, hostname),
      .doc = "host that it serves, *.x for those below x; any when absent" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct api_listener, port), .is_required = true, .min = 1, .max = 65535,
      .doc = "TCP port" },
    { .name = "protocol", .type = TYPE_ENUM, .offset = offsetof(struct api_listener, protocol), .is_required = true,
      .enums = protocols, .doc = "HTTP or HTTPS" },
    { .name = "tls", .type = TYPE_OBJECT, .offset = offsetof(struct api_listener, tls), .object = &tls_table,
      .doc = "certificates, for HTTPS" },
    { .name = "allowedRoutes", .type = TYPE_OBJECT, .offset = offsetof(struct api_listener, allowed), .object = &allowed_table,
      .doc = "which routes it takes" },
    { .name = NULL },
};
static const struct object_table listener_table = {
    .name = "Gateway's listener", .rows = listener_rows, .bytes = sizeof(struct api_listener), .doc = "a port and the host on it",
};
static const struct field_row gateway_rows[] = {
    { .name = "gatewayClassName", .type = TYPE_NAME, .offset = offsetof(struct api_gateway_spec, class_name), .is_required = true,
      .doc = "its GatewayClass; a class without a document is ours" },
    { .name = "listeners", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_gateway_spec, listeners),
      .is_required = true, .min = 1, .max = 64, .object = &listener_table, .doc = "at least one listener" },
    { .name = "addresses", .type = TYPE_REFUSED, .doc = "write a ForgeListener with `addresses`" },
    IGNORED("infrastructure"),
    { .name = "backendTLS", .type = TYPE_REFUSED, .doc = "write a MeshExternalService with `tls.verification.clientCert`" },
    { .name = "allowedListeners", .type = TYPE_REFUSED, .doc = "listeners of other documents are not taken: write them here" },
    { .name = "tls", .type = TYPE_REFUSED, .doc = "write a ForgeListener with `tls`" },
    { .name = NULL },
};
static const struct object_table gateway_table = {
    .name = "Gateway", .rows = gateway_rows, .bytes = sizeof(struct api_gateway_spec), .doc = "listeners (Kubernetes)",
};

static bool gateway_check(const struct conf_document *doc, struct diag *diag)
{
    const struct api_gateway_spec *spec = doc->spec;
    const struct api_listener *listeners = spec->listeners.items;
    bool is_good = true;

    for (uint32_t i = 0; i < spec->listeners.n; i++) {
        const struct api_listener *l = &listeners[i];
        if ((l->protocol == API_HTTPS) != (l->tls != NULL)) {
            diag_error(diag, field_place(l, "protocol"), l->tls == NULL ? "`protocol: HTTPS` needs `tls` with `certificateRefs`"
                       : "`tls` has no meaning with `protocol: HTTP`: write HTTPS, or take it out");
            is_good = false;
        }
        for (uint32_t k = 0; k < i; k++)
            if (span_is(l->name, listeners[k].name)) {
                diag_error(diag, field_place(l, "name"), "there is a listener `%.*s` already: give one of them another name",
                           SPAN_FMT(l->name));
                is_good = false;
            }
    }
    return is_good;
}

const struct kind kind_gateway = { .type = "Gateway", .plural = "gateways", .has_spec = true, .table = &gateway_table,
                                   .check = gateway_check };

/* ---- ReferenceGrant ---- */

static const struct field_row from_rows[] = {
    REF_GROUP, REF_KIND,
    { .name = "namespace", .type = TYPE_NAME, .offset = offsetof(struct api_ref, name_space), .is_required = true,
      .doc = "where the reference stands" },
    { .name = NULL },
};
static const struct object_table from_table = {
    .name = "grant's from", .rows = from_rows, .bytes = sizeof(struct api_ref), .doc = "who may refer",
};
static const struct field_row to_rows[] = {
    REF_GROUP, REF_KIND,
    { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct api_ref, name), .doc = "one of them; all when absent" },
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "grant's to", .rows = to_rows, .bytes = sizeof(struct api_ref), .doc = "to what, in the grant's own namespace",
};
static const struct field_row grant_rows[] = {
    { .name = "from", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_grant_spec, from), .is_required = true,
      .min = 1, .max = 16, .object = &from_table, .doc = "who may refer" },
    { .name = "to", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_grant_spec, to), .is_required = true,
      .min = 1, .max = 16, .object = &to_table, .doc = "to what" },
    { .name = NULL },
};
static const struct object_table grant_table = {
    .name = "ReferenceGrant", .rows = grant_rows, .bytes = sizeof(struct api_grant_spec),
    .doc = "who may refer into this namespace from another one (Kubernetes)",
};
const struct kind kind_reference_grant = { .type = "ReferenceGrant", .plural = "referencegrants", .has_spec = true,
                                           .table = &grant_table };

/* ---- BackendTLSPolicy ---- */

static const struct enum_row well_knowns[] = { { .name = "System" }, { .name = NULL } };

static const struct field_row target_rows[] = {
    REF_GROUP, REF_KIND, REF_NAME,
    { .name = "sectionName", .type = TYPE_NAME, .offset = offsetof(struct api_ref, section_name), .doc = "name of the Service's port; all "
      "when absent" },
    { .name = NULL },
};
static const struct object_table target_table = {
    .name = "policy's targetRef", .rows = target_rows, .bytes = sizeof(struct api_ref), .doc = "a Service",
};
static const struct field_row ca_rows[] = { REF_GROUP, REF_KIND, REF_NAME, { .name = NULL } };
static const struct object_table ca_table = {
    .name = "caCertificateRef", .rows = ca_rows, .bytes = sizeof(struct api_ref), .doc = "a ConfigMap or Secret with `ca.crt`",
};
static const struct field_row validation_rows[] = {
    { .name = "hostname", .type = TYPE_HOSTNAME, .offset = offsetof(struct api_validation, hostname), .is_required = true,
      .doc = "name to ask for (SNI) and to find in the service's certificate" },
    { .name = "caCertificateRefs", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_validation, ca), .max = 1,
      .object = &ca_table, .doc = "the authorities that the certificate must come from" },
    { .name = "wellKnownCACertificates", .type = TYPE_ENUM, .offset = offsetof(struct api_validation, well_known),
      .enums = well_knowns, .doc = "System for the authorities of the operating system" },
    { .name = "subjectAltNames", .type = TYPE_REFUSED, .doc = "this version checks one name: write it as `hostname`" },
    { .name = NULL },
};
static const struct object_table validation_table = {
    .name = "validation", .rows = validation_rows, .bytes = sizeof(struct api_validation), .doc = "how a service proves itself",
};
static const struct field_row policy_rows[] = {
    { .name = "targetRefs", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_tls_policy_spec, targets),
      .is_required = true, .min = 1, .max = 16, .object = &target_table, .doc = "the Services to speak TLS to" },
    { .name = "validation", .type = TYPE_OBJECT, .offset = offsetof(struct api_tls_policy_spec, validation), .is_required = true,
      .object = &validation_table, .doc = "how they prove themselves" },
    { .name = "options", .type = TYPE_REFUSED, .doc = "there are no options here: take it out" },
    { .name = NULL },
};
static const struct object_table policy_table = {
    .name = "BackendTLSPolicy", .rows = policy_rows, .bytes = sizeof(struct api_tls_policy_spec), .doc = "TLS to Services (Kubernetes)",
};

static bool policy_check(const struct conf_document *doc, struct diag *diag)
{
    const struct api_tls_policy_spec *spec = doc->spec;

    if ((spec->validation->ca.n > 0) != (spec->validation->well_known != FIELD_ABSENT))
        return true;
    diag_error(diag, field_place(spec, "validation"), "write one of `caCertificateRefs` and `wellKnownCACertificates: System`");
    return false;
}

const struct kind kind_backend_tls_policy = { .type = "BackendTLSPolicy", .plural = "backendtlspolicies", .has_spec = true,
                                              .table = &policy_table, .check = policy_check };

/* ---- Service, EndpointSlice, ConfigMap ---- */

static const struct field_row port_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct api_service_port, name), .max = 63, .doc = "the port's name" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct api_service_port, port), .is_required = true, .min = 1, .max = 65535,
      .doc = "the port that a backendRef names" },
    { .name = "targetPort", .type = TYPE_INT_OR_STRING, .offset = offsetof(struct api_service_port, target),
      .doc = "port of the endpoints; an EndpointSlice says it in numbers" },
    { .name = "appProtocol", .type = TYPE_STRING, .offset = offsetof(struct api_service_port, protocol_name), .max = 63,
      .doc = "kubernetes.io/h2c for HTTP/2 without TLS; HTTP/1.1 otherwise" },
    IGNORED("protocol"), IGNORED("nodePort"), { .name = NULL },
};
static const struct object_table port_table = {
    .name = "Service's port", .rows = port_rows, .bytes = sizeof(struct api_service_port), .doc = "a port of a Service",
};
static const struct field_row service_rows[] = {
    { .name = "ports", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_service_spec, ports), .max = 256,
      .object = &port_table, .doc = "its ports" },
    { .name = "externalName", .type = TYPE_REFUSED, .doc = "names are not looked up by this version: write a MeshExternalService with "
      "`endpoints`, and `group: kuma.io, kind: MeshExternalService` in the backendRef" },
    IGNORED("type"), IGNORED("selector"), IGNORED("clusterIP"), IGNORED("clusterIPs"), IGNORED("ipFamilies"), IGNORED("ipFamilyPolicy"),
    IGNORED("sessionAffinity"), IGNORED("sessionAffinityConfig"), IGNORED("internalTrafficPolicy"), IGNORED("externalTrafficPolicy"),
    IGNORED("externalIPs"), IGNORED("loadBalancerIP"), IGNORED("loadBalancerClass"), IGNORED("loadBalancerSourceRanges"),
    IGNORED("allocateLoadBalancerNodePorts"), IGNORED("healthCheckNodePort"), IGNORED("publishNotReadyAddresses"),
    IGNORED("trafficDistribution"), { .name = NULL },
};
static const struct object_table service_table = {
    .name = "Service", .rows = service_rows, .bytes = sizeof(struct api_service_spec), .doc = "ports of a backend (Kubernetes)",
};
const struct kind kind_service = { .type = "Service", .plural = "services", .has_spec = true, .table = &service_table };

static const struct enum_row address_types[] = {
    { .name = "IPv4" }, { .name = "IPv6" },
    { .name = "FQDN", .refusal = "names are not looked up by this version: write addresses" }, { .name = NULL },
};
static const struct field_row condition_rows[] = {
    { .name = "ready", .type = TYPE_BOOL, .offset = offsetof(struct api_conditions, ready), .doc = "false: not asked" },
    IGNORED("serving"), IGNORED("terminating"), { .name = NULL },
};
static const struct object_table condition_table = {
    .name = "conditions", .rows = condition_rows, .bytes = sizeof(struct api_conditions), .doc = "how an endpoint is",
};
static const struct field_row endpoint_rows[] = {
    { .name = "addresses", .type = TYPE_LIST, .of = TYPE_STRING, .offset = offsetof(struct api_endpoint, addresses), .is_required = true,
      .min = 1, .max = 100, .doc = "its addresses; the first is used" },
    { .name = "conditions", .type = TYPE_OBJECT, .offset = offsetof(struct api_endpoint, conditions), .object = &condition_table,
      .doc = "how it is" },
    IGNORED("hostname"), IGNORED("nodeName"), IGNORED("zone"), IGNORED("targetRef"), IGNORED("hints"), IGNORED("deprecatedTopology"),
    { .name = NULL },
};
static const struct object_table endpoint_table = {
    .name = "endpoint", .rows = endpoint_rows, .bytes = sizeof(struct api_endpoint), .doc = "an endpoint of a Service",
};
static const struct field_row slice_rows[] = {
    { .name = "addressType", .type = TYPE_ENUM, .offset = offsetof(struct api_slice_spec, address_type), .is_required = true,
      .enums = address_types, .doc = "IPv4 or IPv6" },
    { .name = "endpoints", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_slice_spec, endpoints), .max = 1000,
      .object = &endpoint_table, .doc = "where the Service is; its name is in the label kubernetes.io/service-name" },
    { .name = "ports", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct api_slice_spec, ports), .max = 100,
      .object = &port_table, .doc = "on which ports; names are those of the Service's ports" },
    { .name = NULL },
};
static const struct object_table slice_table = {
    .name = "EndpointSlice", .rows = slice_rows, .bytes = sizeof(struct api_slice_spec), .doc = "addresses of a backend (Kubernetes)",
};
const struct kind kind_endpoint_slice = { .type = "EndpointSlice", .plural = "endpointslices", .has_spec = false, .table = &slice_table };

static const struct field_row config_map_rows[] = {
    { .name = "data", .type = TYPE_MAP, .offset = offsetof(struct api_config_map_spec, data), .doc = "texts by name; `ca.crt` is used" },
    IGNORED("binaryData"), IGNORED("immutable"), { .name = NULL },
};
static const struct object_table config_map_table = {
    .name = "ConfigMap", .rows = config_map_rows, .bytes = sizeof(struct api_config_map_spec), .doc = "texts (Kubernetes)",
};
const struct kind kind_config_map = { .type = "ConfigMap", .plural = "configmaps", .has_spec = false, .table = &config_map_table };
