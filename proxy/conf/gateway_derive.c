/* gateway_derive.c - Gateways -> MeshGateways; who may refer to what.
 *
 * Layer:  conf.
 */
#include "conf/gateway_derive.h"

#include "base/must.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/gateway_api.h"
#include "conf/gateway_node.h"

#define CONTROLLER "apiforge.io/gateway"

struct span gateway_full_name(const struct conf_set *set, struct span name_space, struct span name)
{
    if (span_is(name_space, SPAN_LIT("default")))
        return name;
    return conf_arena_format(set->scratch, "%.*s.%.*s", SPAN_FMT(name), SPAN_FMT(name_space));
}

const struct conf_document *gateway_find(const struct conf_set *set, enum kind_id kind, struct span mesh, struct span name_space,
                                         struct span name)
{
    bool is_global = kind_list[kind]->is_global;
    struct span full = is_global ? name : gateway_full_name(set, name_space, name);
    const struct conf_document *d = full.at != NULL ? conf_set_find(set, kind, is_global ? SPAN_LIT("") : mesh, full) : NULL;

    return d != NULL && kind_document_acts(d) && (is_global || span_is(gateway_api_namespace(d), name_space)) ? d : NULL;
}

static bool is_same(struct span a, struct span b)
{
    return span_is(a.at != NULL ? a : SPAN_LIT(""), b.at != NULL ? b : SPAN_LIT(""));
}

static bool grants(const struct api_grant_spec *grant, const struct conf_document *doc, struct span group, struct span kind,
                   struct span name)
{
    const struct api_ref *from = grant->from.items, *to = grant->to.items;
    bool may_refer = false, may_be_meant = false;

    for (uint32_t i = 0; i < grant->from.n; i++)
        may_refer |= is_same(from[i].group, SPAN_LIT(GATEWAY_GROUP_NAME)) && span_is(from[i].kind, span_str(doc->kind->type)) &&
                     span_is(from[i].name_space, gateway_api_namespace(doc));
    for (uint32_t i = 0; i < grant->to.n; i++)
        may_be_meant |= is_same(to[i].group, group) && span_is(to[i].kind, kind) && (to[i].name.at == NULL || span_is(to[i].name, name));
    return may_refer && may_be_meant;
}

bool gateway_is_granted(const struct conf_set *set, const struct conf_document *doc, struct span group, struct span kind,
                        struct span name_space, struct span name)
{
    if (span_is(gateway_api_namespace(doc), name_space))
        return true;
    for (const struct conf_document *d = set->first[KIND_REFERENCE_GRANT]; d != NULL; d = d->next)
        if (kind_document_acts(d) && span_is(d->mesh, doc->mesh) && span_is(gateway_api_namespace(d), name_space) &&
            grants(d->spec, doc, group, kind, name))
            return true;
    return false;
}

bool gateway_is_ours(const struct conf_set *set, const struct conf_document *gateway)
{
    const struct api_gateway_spec *spec = gateway->spec;
    const struct conf_document *class = gateway_find(set, KIND_GATEWAY_CLASS, SPAN_LIT(""), SPAN_LIT(""), spec->class_name);

    return class == NULL || span_is(((const struct api_class_spec *)class->spec)->controller, SPAN_LIT(CONTROLLER));
}

/* ---- MeshGateway ---- */

static struct node *derive_certificate(struct conf_set *set, const struct conf_document *doc, const struct api_ref *ref)
{
    struct span space = ref->name_space.at != NULL ? ref->name_space : gateway_api_namespace(doc);
    struct node *source = gateway_node_map(set->scratch, ref->node);
    struct span name = gateway_full_name(set, space, ref->name);

    if (!span_is(ref->kind, SPAN_LIT("Secret")) || !is_same(ref->group, SPAN_NONE))
        diag_error(set->diag, node_place(ref->node), "a certificateRef names a Secret, and this one names a %.*s", SPAN_FMT(ref->kind));
    if (!gateway_is_granted(set, doc, SPAN_LIT(""), SPAN_LIT("Secret"), space, ref->name))
        diag_error(set->diag, node_place(ref->node), "a Secret of namespace `%.*s` needs a ReferenceGrant there, from Gateway in "
                   "`%.*s` to Secret", SPAN_FMT(space), SPAN_FMT(gateway_api_namespace(doc)));
    if (name.at != NULL)
        gateway_node_put(source, "secret", gateway_node_text(set->scratch, ref->node, name));
    return source;
}

static struct node *derive_listener(struct conf_set *set, const struct conf_document *doc, const struct api_listener *l)
{
    struct node *out = gateway_node_map(set->scratch, l->node), *tags = gateway_node_map(set->scratch, l->node), *tls, *certificates;
    const struct api_ref *refs;

    gateway_node_put(out, "port", gateway_node_number(set->scratch, node_find(l->node, "port"), l->port));
    gateway_node_put(out, "protocol", gateway_node_text(set->scratch, node_find(l->node, "protocol"),
                                                        l->protocol == API_HTTPS ? SPAN_LIT("HTTPS") : SPAN_LIT("HTTP")));
    if (l->hostname.at != NULL)
        gateway_node_put(out, "hostname", gateway_node_text(set->scratch, node_find(l->node, "hostname"), l->hostname));
    gateway_node_put(tags, GATEWAY_SECTION_TAG, gateway_node_text(set->scratch, l->node, l->name));
    gateway_node_put(out, "tags", tags);
    if (l->tls == NULL)
        return out;
    tls = gateway_node_map(set->scratch, l->tls->node);
    certificates = gateway_node_list(set->scratch, l->tls->certificates.node);
    refs = l->tls->certificates.items;
    for (uint32_t i = 0; i < l->tls->certificates.n; i++)
        gateway_node_put(certificates, NULL, derive_certificate(set, doc, &refs[i]));
    gateway_node_put(tls, "certificates", certificates);
    gateway_node_put(out, "tls", tls);
    return out;
}

static bool derive_gateway(struct conf_set *set, const struct conf_document *doc)
{
    const struct api_gateway_spec *spec = doc->spec;
    const struct api_listener *listeners = spec->listeners.items;
    struct node *root = gateway_node_map(set->scratch, doc->root), *conf = gateway_node_map(set->scratch, spec->node);
    struct node *list = gateway_node_list(set->scratch, spec->listeners.node);

    if (!gateway_is_ours(set, doc)) {
        diag_warn(set->diag, field_place(spec, "gatewayClassName"), "the GatewayClass `%.*s` is another controller's, so this Gateway is "
                  "left to it: ours is `controllerName: " CONTROLLER "`", SPAN_FMT(spec->class_name));
        return true;
    }
    gateway_node_put(root, "type", gateway_node_text(set->scratch, doc->root, SPAN_LIT("MeshGateway")));
    gateway_node_put(root, "mesh", gateway_node_text(set->scratch, doc->root, doc->mesh));
    gateway_node_put(root, "name", gateway_node_copy(set->scratch, node_find(doc->root, "name")));
    for (uint32_t i = 0; i < spec->listeners.n; i++)
        gateway_node_put(list, NULL, derive_listener(set, doc, &listeners[i]));
    gateway_node_put(conf, "listeners", list);
    gateway_node_put(root, "conf", conf);
    return conf_set_add_derived(set, root);
}

bool gateway_api_derive(struct conf_set *set)
{
    for (const struct conf_document *d = set->first[KIND_GATEWAY]; d != NULL; d = d->next)
        if (kind_document_acts(d) && !derive_gateway(set, d))
            return false;
    for (const struct conf_document *d = set->first[KIND_GATEWAY_HTTP_ROUTE]; d != NULL; d = d->next)
        if (kind_document_acts(d) && !gateway_derive_route(set, d, false))
            return false;
    for (const struct conf_document *d = set->first[KIND_GATEWAY_GRPC_ROUTE]; d != NULL; d = d->next)
        if (kind_document_acts(d) && !gateway_derive_route(set, d, true))
            return false;
    return !set->scratch->is_full;
}
