/* gateway_backend.c - backendRefs of Gateway API -> MeshExternalServices with the endpoints of EndpointSlices.
 *
 * Layer:  conf.
 */
#include <stdio.h>

#include "base/must.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/field_value.h"
#include "conf/gateway_api.h"
#include "conf/gateway_derive.h"
#include "conf/gateway_node.h"
#include "conf/name_hash.h"

#define SERVICE_LABEL "kubernetes.io/service-name"
#define NOWHERE "gateway-api-nowhere"

enum { LABEL_BYTES_MAX = 63 };

static struct node *service_root(struct conf_set *set, const struct conf_document *doc, const struct node *at, struct span name,
                                 int64_t port, const char *protocol, struct node *endpoints, struct node *tls)
{
    struct node *root = gateway_node_map(set->scratch, at), *spec = gateway_node_map(set->scratch, at);
    struct node *match = gateway_node_map(set->scratch, at);

    gateway_node_put(match, "port", gateway_node_number(set->scratch, at, port));
    gateway_node_put(match, "protocol", gateway_node_text(set->scratch, at, span_str(protocol)));
    gateway_node_put(spec, "match", match);
    gateway_node_put(spec, "endpoints", endpoints);
    gateway_node_put(spec, "tls", tls);
    gateway_node_put(root, "type", gateway_node_text(set->scratch, at, SPAN_LIT("MeshExternalService")));
    gateway_node_put(root, "mesh", gateway_node_text(set->scratch, at, doc->mesh));
    gateway_node_put(root, "name", gateway_node_text(set->scratch, at, name));
    gateway_node_put(root, "spec", spec);
    return root;
}

static void put_endpoint(struct conf_set *set, struct node *list, const struct node *at, struct span address, int64_t port)
{
    struct node *endpoint = gateway_node_map(set->scratch, at);

    gateway_node_put(endpoint, "address", gateway_node_text(set->scratch, at, address));
    gateway_node_put(endpoint, "port", gateway_node_number(set->scratch, at, port));
    gateway_node_put(list, NULL, endpoint);
}

static struct node *backend_ref(struct conf_set *set, const struct node *at, struct span name, int64_t weight)
{
    struct node *out = gateway_node_map(set->scratch, at);

    gateway_node_put(out, "kind", gateway_node_text(set->scratch, at, SPAN_LIT("MeshExternalService")));
    gateway_node_put(out, "name", gateway_node_text(set->scratch, at, name));
    gateway_node_put(out, "weight", gateway_node_number(set->scratch, at, weight));
    return out;
}

/* A rule whose backends have no weight answers with 500; the one here is never asked. */
struct node *gateway_derive_nowhere(struct conf_set *set, const struct conf_document *doc, const struct node *at)
{
    struct node *endpoints = gateway_node_list(set->scratch, at);

    if (conf_set_find(set, KIND_MESH_EXTERNAL_SERVICE, doc->mesh, SPAN_LIT(NOWHERE)) == NULL) {
        put_endpoint(set, endpoints, at, SPAN_LIT("127.0.0.1"), 1);
        if (!conf_set_add_derived(set, service_root(set, doc, at, SPAN_LIT(NOWHERE), 1, "http", endpoints, NULL)))
            return NULL;
    }
    return backend_ref(set, at, SPAN_LIT(NOWHERE), 0);
}

/* ---- TLS ---- */

static const struct conf_document *find_tls_policy(const struct conf_set *set, const struct conf_document *service, struct span port_name)
{
    const struct conf_document *of_all = NULL;

    for (const struct conf_document *d = set->first[KIND_BACKEND_TLS_POLICY]; d != NULL; d = d->next) {
        const struct api_tls_policy_spec *spec = d->spec;
        const struct api_ref *targets = kind_document_acts(d) ? spec->targets.items : NULL;
        for (uint32_t i = 0; targets != NULL && i < spec->targets.n; i++) {
            if (!span_is(targets[i].kind, SPAN_LIT("Service")) || !span_is(targets[i].name, gateway_api_name(service)) ||
                !span_is(gateway_api_namespace(d), gateway_api_namespace(service)) || !span_is(d->mesh, service->mesh))
                continue;
            if (targets[i].section_name.at != NULL && span_is(targets[i].section_name, port_name))
                return d; /* The more specific one. */
            if (targets[i].section_name.at == NULL && of_all == NULL)
                of_all = d;
        }
    }
    return of_all;
}

/* Where the authorities come from, as a data source. NULL: told, or memory is out. */
static struct node *derive_ca(struct conf_set *set, const struct conf_document *policy, const struct api_ref *ref)
{
    struct node *source = gateway_node_map(set->scratch, ref->node);
    const struct conf_document *map;
    struct span text = SPAN_NONE;

    if (span_is(ref->kind, SPAN_LIT("Secret"))) {
        struct span name = gateway_full_name(set, gateway_api_namespace(policy), ref->name);
        gateway_node_put(source, "secret", name.at != NULL ? gateway_node_text(set->scratch, ref->node, name) : NULL);
        return source;
    }
    map = gateway_find(set, KIND_CONFIG_MAP, policy->mesh, gateway_api_namespace(policy), ref->name);
    if (!span_is(ref->kind, SPAN_LIT("ConfigMap")))
        map = NULL;
    if (map != NULL)
        text = field_map_find(&((const struct api_config_map_spec *)map->spec)->data, "ca.crt");
    if (text.at == NULL) {
        diag_error(set->diag, node_place(ref->node), "there is no ConfigMap `%.*s` with `ca.crt` in namespace `%.*s`: write one, or "
                   "correct the reference", SPAN_FMT(ref->name), SPAN_FMT(gateway_api_namespace(policy)));
        return NULL;
    }
    gateway_node_put(source, "inlineString", gateway_node_text(set->scratch, ref->node, text));
    return source;
}

static struct node *derive_tls(struct conf_set *set, const struct conf_document *policy)
{
    const struct api_validation *v = ((const struct api_tls_policy_spec *)policy->spec)->validation;
    struct node *tls = gateway_node_map(set->scratch, v->node), *verification = gateway_node_map(set->scratch, v->node);
    struct node *enabled = gateway_node_text(set->scratch, v->node, SPAN_LIT("true"));

    if (enabled != NULL)
        enabled->is_plain = true;
    gateway_node_put(tls, "enabled", enabled);
    gateway_node_put(verification, "serverName", gateway_node_text(set->scratch, v->node, v->hostname));
    if (v->ca.n > 0)
        gateway_node_put(verification, "caCert", derive_ca(set, policy, v->ca.items));
    gateway_node_put(tls, "verification", verification);
    return tls;
}

/* ---- endpoints ---- */

static const struct api_service_port *find_port(const struct conf_document *service, int64_t port)
{
    const struct api_service_spec *spec = service->spec;
    const struct api_service_port *ports = spec->ports.items;

    for (uint32_t i = 0; i < spec->ports.n; i++)
        if (ports[i].port == port)
            return &ports[i];
    return NULL;
}

/* Number of the slice's port of that name; 0: it has none. */
static int64_t slice_port(const struct api_slice_spec *slice, struct span name)
{
    const struct api_service_port *ports = slice->ports.items;

    for (uint32_t i = 0; i < slice->ports.n; i++)
        if (span_is(ports[i].name.at != NULL ? ports[i].name : SPAN_LIT(""), name))
            return ports[i].port;
    return 0;
}

static struct node *derive_endpoints(struct conf_set *set, const struct conf_document *service, struct span port_name)
{
    struct node *list = gateway_node_list(set->scratch, service->root);

    for (const struct conf_document *d = set->first[KIND_ENDPOINT_SLICE]; d != NULL; d = d->next) {
        const struct api_slice_spec *slice = d->spec;
        const struct api_endpoint *items = kind_document_acts(d) ? slice->endpoints.items : NULL;
        int64_t port = items != NULL ? slice_port(slice, port_name) : 0;
        if (port == 0 || !span_is(d->mesh, service->mesh) || !span_is(gateway_api_namespace(d), gateway_api_namespace(service)) ||
            !span_is(field_map_find(&d->labels, SERVICE_LABEL), gateway_api_name(service)))
            continue;
        for (uint32_t i = 0; i < slice->endpoints.n; i++)
            if (items[i].conditions == NULL || items[i].conditions->ready != 0)
                put_endpoint(set, list, items[i].node, ((const struct span *)items[i].addresses.items)[0], port);
    }
    return list;
}

/* Readable where it fits: NAME--NAMESPACE--PORT. */
static struct span service_label(struct conf_set *set, const struct conf_document *service, int64_t port, bool is_grpc)
{
    struct span name = conf_arena_format(set->scratch, "%.*s--%.*s--%lld%s", SPAN_FMT(gateway_api_name(service)),
                                         SPAN_FMT(gateway_api_namespace(service)), (long long)port, is_grpc ? "-grpc" : "");

    if (name.at == NULL || (name.len <= LABEL_BYTES_MAX && value_is_label(name)))
        return name;
    return conf_arena_format(set->scratch, "service-%08x", name_hash(name));
}

/* The MeshExternalService of a Service's port. SPAN_NONE: *out_problem, or memory is out. */
static struct span derive_service(struct conf_set *set, const struct conf_document *doc, const struct api_ref *ref, struct span space,
                                  bool is_grpc, const char **out_problem)
{
    const struct conf_document *service = gateway_find(set, KIND_SERVICE, doc->mesh, space, ref->name), *policy;
    const struct api_service_port *port = service != NULL && ref->port != FIELD_ABSENT ? find_port(service, ref->port) : NULL;
    struct span name, port_name;
    struct node *endpoints;
    const char *protocol = is_grpc ? "grpc" : "http";

    *out_problem = service == NULL ? "there is no such Service" : port == NULL ? "the Service has no such `port`" : NULL;
    if (*out_problem != NULL)
        return SPAN_NONE;
    name = service_label(set, service, ref->port, is_grpc);
    if (name.at == NULL || conf_set_find(set, KIND_MESH_EXTERNAL_SERVICE, doc->mesh, name) != NULL)
        return name;
    port_name = port->name.at != NULL ? port->name : SPAN_LIT("");
    endpoints = derive_endpoints(set, service, port_name);
    if (endpoints == NULL || endpoints->first == NULL) {
        *out_problem = "no EndpointSlice has a ready endpoint for this port of the Service";
        return SPAN_NONE;
    }
    if (span_is(port->protocol_name, SPAN_LIT("kubernetes.io/h2c")))
        protocol = "http2";
    policy = find_tls_policy(set, service, port_name);
    return conf_set_add_derived(set, service_root(set, doc, service->root, name, ref->port, protocol, endpoints,
                                                  policy != NULL ? derive_tls(set, policy) : NULL)) ? name : SPAN_NONE;
}

struct node *gateway_derive_backend(struct conf_set *set, const struct conf_document *doc, const struct api_ref *ref, bool is_grpc,
                                    bool was_told)
{
    struct span space = ref->name_space.at != NULL ? ref->name_space : gateway_api_namespace(doc), name = SPAN_NONE;
    bool is_service = (ref->group.at == NULL || ref->group.len == 0) && span_is(ref->kind, SPAN_LIT("Service"));
    const char *problem = NULL;
    struct node *out;

    if (span_is(ref->group, SPAN_LIT("kuma.io"))) { /* One of our own documents. */
        out = backend_ref(set, ref->node, ref->name, ref->weight);
        if (out != NULL && out->first != NULL)
            out->first->text = ref->kind;
        if (ref->port != FIELD_ABSENT)
            gateway_node_put(out, "port", gateway_node_number(set->scratch, ref->node, ref->port));
        return out;
    }
    if (!is_service)
        problem = "this version knows Services, and with `group: kuma.io` MeshExternalServices";
    else if (!gateway_is_granted(set, doc, SPAN_LIT(""), SPAN_LIT("Service"), space, ref->name))
        problem = "a Service of another namespace needs a ReferenceGrant there";
    else
        name = derive_service(set, doc, ref, space, is_grpc, &problem);
    if (name.at != NULL)
        return backend_ref(set, ref->node, name, ref->weight);
    if (problem == NULL)
        return NULL; /* Memory is out. */
    if (!was_told)
        diag_warn(set->diag, field_place(ref, "name"), "the backend `%.*s` of namespace `%.*s` cannot be resolved: %s. Requests that "
                  "would go there are answered with 500", SPAN_FMT(ref->name), SPAN_FMT(space), problem);
    return gateway_derive_nowhere(set, doc, ref->node);
}
