/* gateway_route.c - HTTPRoutes and GRPCRoutes -> MeshHTTPRoutes, and MeshTimeouts for what they say about time.
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
#include "conf/snapshot.h"

struct route_work {
    struct conf_set            *set;
    const struct conf_document *doc;
    const struct conf_document *gateway;
    const struct api_listener  *listener;   /* NULL: all of the gateway's */
    bool                        is_grpc;
    bool                        was_told;   /* the rules have been derived for another listener */
    uint32_t                    derived_n;  /* MeshHTTPRoutes so far */
};

static struct node *text(struct route_work *r, const struct node *at, const char *s)
{
    return gateway_node_text(r->set->scratch, at, span_str(s));
}

static struct node *map(struct route_work *r, const struct node *at)
{
    return gateway_node_map(r->set->scratch, at);
}

/* {kind: KIND} */
static struct node *target(struct route_work *r, const struct node *at, const char *kind)
{
    struct node *ref = map(r, at);

    gateway_node_put(ref, "kind", text(r, at, kind));
    return ref;
}

/* ---- matches ---- */

static struct node *path_node(struct route_work *r, const struct node *at, struct span type, struct span value)
{
    struct node *path = map(r, at);

    gateway_node_put(path, "type", gateway_node_text(r->set->scratch, at, type));
    gateway_node_put(path, "value", gateway_node_text(r->set->scratch, at, value));
    return path;
}

static struct node *http_path(struct route_work *r, const struct api_match *m)
{
    const struct path_match_spec *path = m->path;
    struct span value, type = SPAN_LIT("PathPrefix");

    if (path == NULL)
        return path_node(r, m->node, type, SPAN_LIT("/"));
    value = path->value;
    for (const struct enum_row *e = mesh_http_path_types; e->name != NULL; e++)
        if (e->value == path->type)
            type = span_str(e->name);
    if (path->type == MATCH_PREFIX && value.len > 1 && value.at[value.len - 1] == '/')
        value.len--; /* "/a/" is "/a" to Gateway API. */
    return path_node(r, path->node, type, value);
}

/* gRPC's method is the path /SERVICE/METHOD. */
static struct node *grpc_path(struct route_work *r, const struct api_match *m)
{
    const struct api_grpc_method *g = m->grpc;
    struct span service = g != NULL ? g->service : SPAN_NONE, method = g != NULL ? g->method : SPAN_NONE, value;
    const char *any = "[^/]+";

    if (service.at == NULL && method.at == NULL)
        return path_node(r, m->node, SPAN_LIT("PathPrefix"), SPAN_LIT("/"));
    if (g->type == API_GRPC_EXACT && service.at != NULL) {
        value = conf_arena_format(r->set->scratch, "/%.*s%s%.*s", SPAN_FMT(service), method.at != NULL ? "/" : "",
                                  SPAN_FMT(method.at != NULL ? method : SPAN_LIT("")));
        return value.at != NULL ? path_node(r, g->node, method.at != NULL ? SPAN_LIT("Exact") : SPAN_LIT("PathPrefix"), value) : NULL;
    }
    value = conf_arena_format(r->set->scratch, "/%.*s/%.*s", SPAN_FMT(service.at != NULL ? service : span_str(any)),
                              SPAN_FMT(method.at != NULL ? method : span_str(any)));
    return value.at != NULL ? path_node(r, g->node, SPAN_LIT("RegularExpression"), value) : NULL;
}

/* Groups with a `name`, which is made lower case: that of a header. */
static struct node *with_lower_names(struct route_work *r, const struct node *list)
{
    struct node *out = gateway_node_list(r->set->scratch, list);

    for (const struct node *item = list->first; item != NULL; item = item->next) {
        struct node *copy = map(r, item);
        for (const struct node *member = item->first; member != NULL; member = member->next) {
            struct node *value = gateway_node_copy(r->set->scratch, member);
            if (value != NULL && span_is(member->key, SPAN_LIT("name")))
                value->text = value_lower(r->set->scratch, member->text);
            gateway_node_put(copy, (const char *)member->key.at, value);
        }
        gateway_node_put(out, NULL, copy);
    }
    return out;
}

static struct node *derive_match(struct route_work *r, const struct api_match *m)
{
    struct node *out = map(r, m->node);

    gateway_node_put(out, "path", r->is_grpc ? grpc_path(r, m) : http_path(r, m));
    if (m->method != FIELD_ABSENT && !r->is_grpc)
        gateway_node_put(out, "method", gateway_node_copy(r->set->scratch, node_find(m->node, "method")));
    if (m->headers.n > 0)
        gateway_node_put(out, "headers", with_lower_names(r, m->headers.node));
    if (m->queries.n > 0)
        gateway_node_put(out, "queryParams", gateway_node_copy(r->set->scratch, m->queries.node));
    return out;
}

static struct node *derive_matches(struct route_work *r, const struct api_rule *rule)
{
    const struct api_match *items = rule->matches.items;
    struct node *out = gateway_node_list(r->set->scratch, rule->node);

    for (uint32_t i = 0; i < rule->matches.n; i++)
        gateway_node_put(out, NULL, derive_match(r, &items[i]));
    if (rule->matches.n == 0) {
        struct node *all = map(r, rule->node);
        gateway_node_put(all, "path", path_node(r, rule->node, SPAN_LIT("PathPrefix"), SPAN_LIT("/")));
        gateway_node_put(out, NULL, all);
    }
    return out;
}

/* ---- filters ---- */

static struct node *derive_modifier(struct route_work *r, const struct modifier_spec *m)
{
    struct node *out = map(r, m->node), *remove = gateway_node_list(r->set->scratch, m->node);

    if (m->set.n > 0)
        gateway_node_put(out, "set", with_lower_names(r, m->set.node));
    if (m->add.n > 0)
        gateway_node_put(out, "add", with_lower_names(r, m->add.node));
    for (uint32_t i = 0; i < m->remove.n; i++) {
        struct span lower = value_lower(r->set->scratch, ((const struct span *)m->remove.items)[i]);
        gateway_node_put(remove, NULL, lower.at != NULL ? gateway_node_text(r->set->scratch, m->node, lower) : NULL);
    }
    if (m->remove.n > 0)
        gateway_node_put(out, "remove", remove);
    return out;
}

static struct node *derive_filter(struct route_work *r, const struct api_filter *f)
{
    struct node *out = map(r, f->node);

    gateway_node_put(out, "type", gateway_node_copy(r->set->scratch, node_find(f->node, "type")));
    if (f->request != NULL)
        gateway_node_put(out, "requestHeaderModifier", derive_modifier(r, f->request));
    if (f->response != NULL)
        gateway_node_put(out, "responseHeaderModifier", derive_modifier(r, f->response));
    if (f->redirect != NULL)
        gateway_node_put(out, "requestRedirect", gateway_node_copy(r->set->scratch, f->redirect->node));
    if (f->rewrite != NULL)
        gateway_node_put(out, "urlRewrite", gateway_node_copy(r->set->scratch, f->rewrite->node));
    return out;
}

/* ---- rules ---- */

static struct node *derive_backends(struct route_work *r, const struct api_rule *rule, bool has_redirect)
{
    const struct api_ref *items = rule->backends.items;
    struct node *out = gateway_node_list(r->set->scratch, rule->node);

    for (uint32_t i = 0; i < rule->backends.n; i++)
        gateway_node_put(out, NULL, gateway_derive_backend(r->set, r->doc, &items[i], r->is_grpc, r->was_told));
    if (rule->backends.n > 0 || has_redirect)
        return out;
    if (!r->was_told)
        diag_warn(r->set->diag, node_place(rule->node), "this rule leads nowhere, and its requests are answered with 500: write "
                  "`backendRefs`, or a RequestRedirect");
    gateway_node_put(out, NULL, gateway_derive_nowhere(r->set, r->doc, rule->node));
    return out;
}

static struct node *derive_rule(struct route_work *r, const struct api_rule *rule)
{
    struct node *out = map(r, rule->node), *conf = map(r, rule->node), *filters = gateway_node_list(r->set->scratch, rule->node);
    const struct api_filter *items = rule->filters.items;
    bool has_redirect = false;

    for (uint32_t i = 0; i < rule->filters.n; i++) {
        gateway_node_put(filters, NULL, derive_filter(r, &items[i]));
        has_redirect |= items[i].redirect != NULL;
    }
    if (rule->filters.n > 0)
        gateway_node_put(conf, "filters", filters);
    gateway_node_put(conf, "backendRefs", derive_backends(r, rule, has_redirect));
    gateway_node_put(out, "matches", derive_matches(r, rule));
    gateway_node_put(out, "default", conf);
    return out;
}

/* What a rule says about time: nanoseconds, or FIELD_ABSENT. There is one try, so the shorter one counts; 0 is off. */
static int64_t timeout_of(const struct api_rule *rule)
{
    const struct api_timeouts *t = rule->timeouts;

    if (t == NULL || t->request == FIELD_ABSENT || t->backend_request == FIELD_ABSENT)
        return t == NULL ? FIELD_ABSENT : t->request != FIELD_ABSENT ? t->request : t->backend_request;
    if (t->request == 0 || t->backend_request == 0)
        return t->request == 0 ? t->backend_request : t->request;
    return t->request < t->backend_request ? t->request : t->backend_request;
}

/* ---- documents ---- */

static struct node *document(struct route_work *r, const char *type, struct span name, struct node *spec)
{
    struct node *root = map(r, r->doc->root), *named = gateway_node_copy(r->set->scratch, node_find(r->doc->root, "name"));

    if (named != NULL)
        named->text = name;
    gateway_node_put(root, "type", text(r, r->doc->root, type));
    gateway_node_put(root, "mesh", gateway_node_text(r->set->scratch, r->doc->root, r->doc->mesh));
    gateway_node_put(root, "name", named);
    gateway_node_put(root, "spec", spec);
    return root;
}

static bool derive_timeout(struct route_work *r, const struct node *at, struct span name, int64_t timeout)
{
    struct node *spec = map(r, at), *ref = target(r, at, "MeshHTTPRoute"), *to = gateway_node_list(r->set->scratch, at);
    struct node *entry = map(r, at), *conf = map(r, at), *http = map(r, at);
    char value[32];

    snprintf(value, sizeof(value), timeout % 1000000 == 0 ? "%lldms" : "%lldns",
             (long long)(timeout % 1000000 == 0 ? timeout / 1000000 : timeout));
    gateway_node_put(ref, "name", gateway_node_text(r->set->scratch, at, name));
    gateway_node_put(http, "requestTimeout", text(r, at, value));
    gateway_node_put(conf, "http", http);
    gateway_node_put(entry, "targetRef", target(r, at, "Mesh"));
    gateway_node_put(entry, "default", conf);
    gateway_node_put(to, NULL, entry);
    gateway_node_put(spec, "targetRef", ref);
    gateway_node_put(spec, "to", to);
    return conf_set_add_derived(r->set, document(r, "MeshTimeout", name, spec));
}

/* The rules with one timeout as a MeshHTTPRoute of their own: a MeshTimeout is about a route. */
static bool derive_rules(struct route_work *r, int64_t timeout)
{
    const struct api_route_spec *spec = r->doc->spec;
    const struct api_rule *rules = spec->rules.items;
    const struct node *at = spec->node;
    struct node *out = map(r, at), *ref = target(r, at, "MeshGateway"), *entry = map(r, at), *tags = map(r, at);
    struct node *to = gateway_node_list(r->set->scratch, at), *list = gateway_node_list(r->set->scratch, at);
    struct span name = conf_arena_format(r->set->scratch, "%.*s%s", SPAN_FMT(r->doc->name), r->is_grpc ? ".grpc" : "");

    if (r->derived_n > 0 && name.at != NULL)
        name = conf_arena_format(r->set->scratch, "%.*s.%u", SPAN_FMT(name), r->derived_n + 1);
    if (name.at == NULL)
        return false;
    r->derived_n++;
    gateway_node_put(ref, "name", gateway_node_text(r->set->scratch, at, r->gateway->name));
    if (r->listener != NULL) {
        gateway_node_put(tags, GATEWAY_SECTION_TAG, gateway_node_text(r->set->scratch, at, r->listener->name));
        gateway_node_put(ref, "tags", tags);
    }
    for (uint32_t i = 0; i < spec->rules.n; i++)
        if (timeout_of(&rules[i]) == timeout)
            gateway_node_put(list, NULL, derive_rule(r, &rules[i]));
    gateway_node_put(entry, "targetRef", target(r, at, "Mesh"));
    if (spec->hostnames.n > 0)
        gateway_node_put(entry, "hostnames", gateway_node_copy(r->set->scratch, spec->hostnames.node));
    gateway_node_put(entry, "rules", list);
    gateway_node_put(to, NULL, entry);
    gateway_node_put(out, "targetRef", ref);
    gateway_node_put(out, "to", to);
    return conf_set_add_derived(r->set, document(r, "MeshHTTPRoute", name, out)) &&
           (timeout == FIELD_ABSENT || derive_timeout(r, at, name, timeout));
}

static bool derive_for(struct route_work *r)
{
    const struct api_route_spec *spec = r->doc->spec;
    const struct api_rule *rules = spec->rules.items;

    for (uint32_t i = 0; i < spec->rules.n; i++) {
        bool is_known = false;
        for (uint32_t k = 0; k < i; k++)
            is_known |= timeout_of(&rules[k]) == timeout_of(&rules[i]);
        if (!is_known && !derive_rules(r, timeout_of(&rules[i])))
            return false;
    }
    r->was_told = true;
    return true;
}

/* ---- parents ---- */

static bool takes_kind(const struct api_allowed *allowed, const char *kind)
{
    const struct api_ref *kinds = allowed != NULL ? allowed->kinds.items : NULL;

    if (kinds == NULL || allowed->kinds.n == 0)
        return true;
    for (uint32_t i = 0; i < allowed->kinds.n; i++)
        if (span_is(kinds[i].kind, span_str(kind)))
            return true;
    return false;
}

static bool takes(const struct route_work *r, const struct api_listener *l, const struct api_ref *parent)
{
    const struct api_allowed *namespaces = l->allowed != NULL ? l->allowed->namespaces : NULL;
    bool is_same = span_is(gateway_api_namespace(r->doc), gateway_api_namespace(r->gateway));

    if ((parent->section_name.at != NULL && !span_is(parent->section_name, l->name)) ||
        (parent->port != FIELD_ABSENT && parent->port != l->port))
        return false;
    return (is_same || (namespaces != NULL && namespaces->from == API_FROM_ALL)) && takes_kind(l->allowed, r->doc->kind->type);
}

static bool derive_parent(struct route_work *r, const struct api_ref *parent)
{
    struct span space = parent->name_space.at != NULL ? parent->name_space : gateway_api_namespace(r->doc);
    const struct api_gateway_spec *gateway;
    const struct api_listener *listeners;
    uint32_t taking_n = 0;

    if (!span_is(parent->kind, SPAN_LIT("Gateway")))
        return true; /* A Service of a mesh: not ours. */
    r->gateway = gateway_find(r->set, KIND_GATEWAY, r->doc->mesh, space, parent->name);
    if (r->gateway == NULL) {
        diag_warn(r->set->diag, field_place(parent, "name"), "there is no Gateway `%.*s` in namespace `%.*s`: this route is bound to "
                  "nothing there", SPAN_FMT(parent->name), SPAN_FMT(space));
        return true;
    }
    if (!gateway_is_ours(r->set, r->gateway))
        return true;
    gateway = r->gateway->spec;
    listeners = gateway->listeners.items;
    for (uint32_t i = 0; i < gateway->listeners.n; i++)
        taking_n += takes(r, &listeners[i], parent);
    if (taking_n == 0)
        diag_warn(r->set->diag, node_place(parent->node), "no listener of the Gateway `%.*s` takes this %s: look at its "
                  "`allowedRoutes`, and at `sectionName` and `port` here", SPAN_FMT(parent->name), r->doc->kind->type);
    r->listener = NULL;
    if (taking_n == gateway->listeners.n)
        return derive_for(r);
    for (uint32_t i = 0; i < gateway->listeners.n; i++) {
        r->listener = &listeners[i];
        if (takes(r, r->listener, parent) && !derive_for(r))
            return false;
    }
    return true;
}

bool gateway_derive_route(struct conf_set *set, const struct conf_document *doc, bool is_grpc)
{
    struct route_work r = { .set = set, .doc = doc, .is_grpc = is_grpc };
    const struct api_route_spec *spec = doc->spec;
    const struct api_ref *parents = spec->parents.items;

    if (spec->parents.n == 0)
        diag_warn(set->diag, doc->place, "this %s has no `parentRefs`, so it is bound to nothing", doc->kind->type);
    for (uint32_t i = 0; i < spec->parents.n; i++)
        if (!derive_parent(&r, &parents[i]))
            return false;
    return true;
}
