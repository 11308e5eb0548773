/* explain_subject.c - the listener, route or service that a question means.
 *
 * Layer:  conf.
 */
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/explain_report.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/policy_spec.h"
#include "conf/target_select.h"

static const enum kind_id route_kinds[] = { KIND_MESH_HTTP_ROUTE, KIND_MESH_GATEWAY_ROUTE };
static const enum kind_id service_kinds[] = { KIND_MESH_EXTERNAL_SERVICE, KIND_MESH_SERVICE, KIND_MESH_MULTI_ZONE_SERVICE };

static struct span listener_name(struct conf_arena *arena, const struct conf_document *gateway, const struct gateway_listener *l)
{
    bool has_host = l->hostname.at != NULL && l->hostname.len > 0 && !span_is(l->hostname, SPAN_LIT("*"));

    return conf_arena_format(arena, "%.*s:%lld%s%.*s", SPAN_FMT(gateway->name), (long long)l->port, has_host ? "/" : "",
                             SPAN_FMT(has_host ? l->hostname : SPAN_LIT("")));
}

/* "edge", "edge:8080" or "edge:8080/host": is it this one? */
static bool is_listener(struct conf_arena *arena, struct span wanted, const struct conf_document *gateway, const struct gateway_listener *l)
{
    struct span name = listener_name(arena, gateway, l);

    if (name.at == NULL)
        return false;
    if (span_is(wanted, name) || span_is(wanted, gateway->name))
        return true;
    return span_is(wanted, span_of(name.at, span_find(name, '/')));
}

static bool find_listener(const struct conf_set *set, struct span mesh, struct span wanted, struct conf_arena *arena,
                          struct explain_report *out)
{
    for (const struct conf_document *doc = set->first[KIND_MESH_GATEWAY]; doc != NULL; doc = doc->next) {
        const struct gateway_spec *spec = doc->spec;
        const struct gateway_listener *items = doc->is_valid ? spec->conf->listeners.items : NULL;
        for (uint32_t i = 0; items != NULL && i < spec->conf->listeners.n; i++)
            if (span_is(doc->mesh, mesh) && is_listener(arena, wanted, doc, &items[i])) {
                out->subject.gateway = doc;
                out->subject.listener = &items[i];
                out->listener = listener_name(arena, doc, &items[i]);
                return true;
            }
    }
    return false;
}

/* May that listener serve the route? What a MeshGatewayRoute selects is not looked at. */
static bool may_serve(const struct conf_document *route, const struct conf_document *gateway, const struct gateway_listener *l)
{
    const struct policy_flat *spec = route->spec; /* A MeshHTTPRoute begins like a policy. */

    return span_is(route->mesh, gateway->mesh) &&
           (route->kind != kind_list[KIND_MESH_HTTP_ROUTE] || target_selects_listener(spec->target, gateway, l));
}

/* All listeners that serve a route; the first is the subject's, unless another one is asked for. */
static const char *find_servers(const struct conf_set *set, const struct explain_ask *ask, struct conf_arena *arena,
                                struct explain_report *out)
{
    struct span *names;
    uint32_t n = 0;

    for (const struct conf_document *doc = set->first[KIND_MESH_GATEWAY]; doc != NULL; doc = doc->next)
        n += doc->is_valid ? ((const struct gateway_spec *)doc->spec)->conf->listeners.n : 0;
    names = conf_arena_array(arena, n, sizeof(*names));
    if (names == NULL)
        return NULL;
    out->listeners = names;
    for (const struct conf_document *doc = set->first[KIND_MESH_GATEWAY]; doc != NULL; doc = doc->next) {
        const struct gateway_spec *spec = doc->spec;
        const struct gateway_listener *items = doc->is_valid ? spec->conf->listeners.items : NULL;
        for (uint32_t i = 0; items != NULL && i < spec->conf->listeners.n; i++) {
            if (!may_serve(out->doc, doc, &items[i]))
                continue;
            names[out->listeners_n++] = listener_name(arena, doc, &items[i]);
            if (out->subject.listener != NULL || (ask->listener.len > 0 && !is_listener(arena, ask->listener, doc, &items[i])))
                continue;
            out->subject.gateway = doc;
            out->subject.listener = &items[i];
            out->listener = names[out->listeners_n - 1];
        }
    }
    return ask->listener.len > 0 && out->subject.listener == NULL ? "no such listener serves this route: write it as GATEWAY:PORT" : NULL;
}

static const struct conf_document *find(const struct conf_set *set, const enum kind_id *kinds, size_t n, struct span mesh, struct span name)
{
    for (size_t i = 0; i < n; i++) {
        const struct conf_document *doc = conf_set_find(set, kinds[i], mesh, name);
        if (doc != NULL)
            return doc;
    }
    return NULL;
}

/* A kind by its name, its plural, its short name. */
static enum kind_id kind_called(struct span name)
{
    enum kind_id kind = kind_find(name);

    if (kind == KIND_N)
        kind = kind_find_plural(name);
    for (uint32_t i = 0; kind == KIND_N && i < KIND_N; i++)
        if (kind_list[i]->short_name != NULL && span_is(name, span_str(kind_list[i]->short_name)))
            kind = (enum kind_id)i;
    return kind;
}

/* Groups of kinds that a question may mean. */
enum { MEANS_LISTENER = 1, MEANS_ROUTE = 2, MEANS_SERVICE = 4 };

static unsigned meaning(struct span called, enum kind_id *out_kind)
{
    enum kind_id kind = kind_called(called);

    *out_kind = KIND_N;
    if (called.len == 0)
        return MEANS_LISTENER | MEANS_ROUTE | MEANS_SERVICE;
    if (kind == KIND_MESH_GATEWAY || span_is(called, SPAN_LIT("listener")))
        return MEANS_LISTENER;
    *out_kind = kind;
    for (size_t i = 0; i < COUNT(route_kinds); i++)
        if (kind == route_kinds[i])
            return MEANS_ROUTE;
    for (size_t i = 0; i < COUNT(service_kinds); i++)
        if (kind == service_kinds[i])
            return MEANS_SERVICE;
    *out_kind = KIND_N;
    return span_is(called, SPAN_LIT("route")) ? MEANS_ROUTE : span_is(called, SPAN_LIT("service")) ? MEANS_SERVICE : 0;
}

const char *explain_subject_find(const struct conf_set *set, const struct explain_ask *ask, struct conf_arena *arena,
                                 struct explain_report *out)
{
    struct span mesh = ask->mesh.len > 0 ? ask->mesh : SPAN_LIT("default");
    enum kind_id kind;
    unsigned means = meaning(ask->kind, &kind);
    bool is_any = kind == KIND_N;

    out->subject = (struct effective_subject){ .about = EFFECTIVE_LISTENER, .mesh = mesh };
    if (means == 0)
        return "only listeners (MeshGateway), routes and services are explained: write one of these kinds";
    if ((means & MEANS_LISTENER) != 0 && find_listener(set, mesh, ask->name, arena, out)) {
        out->doc = out->subject.gateway;
        return NULL;
    }
    if ((means & MEANS_ROUTE) != 0)
        out->doc = out->subject.route = find(set, is_any ? route_kinds : &kind, is_any ? COUNT(route_kinds) : 1, mesh, ask->name);
    if (out->doc == NULL && (means & MEANS_SERVICE) != 0)
        out->doc = out->subject.service = find(set, is_any ? service_kinds : &kind, is_any ? COUNT(service_kinds) : 1, mesh, ask->name);
    if (out->doc == NULL)
        return arena->is_full ? NULL : "there is nothing of that kind and name in that mesh; a listener is written as GATEWAY:PORT";
    if (!out->doc->is_valid)
        return "this document has errors: mend them first";
    out->subject.about = out->subject.route != NULL ? EFFECTIVE_ROUTE : EFFECTIVE_SERVICE;
    return out->subject.route != NULL ? find_servers(set, ask, arena, out) : NULL;
}
