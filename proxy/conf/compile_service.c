/* compile_service.c - services of the mesh -> upstreams: MeshServices, MeshMultiZoneServices, and services that tags name.
 *
 * Spec:   kuma-dialect.md 3.5.
 * Layer:  conf.
 *
 * A service has an upstream for each of its ports. Its endpoints are the ready inbounds of the Dataplanes that it selects. A name
 * that no MeshService has may still be the tag kuma.io/service of inbounds (Kuma up to 2.14): such an upstream is made when a
 * route first asks for it.
 */
#include <stdio.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/backend_spec.h"
#include "conf/compile.h"
#include "conf/compile_policy.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/field_value.h"
#include "conf/kind_dataplane.h"
#include "conf/kind_mesh_external_service.h"
#include "conf/kind_mesh_multi_zone_service.h"
#include "conf/kind_mesh_service.h"
#include "conf/socket_text.h"

#define SERVICE_TAG "kuma.io/service"

/* A service that only tags name. */
struct tagged_service {
    struct span mesh;
    const struct map_item *tags;
    uint32_t    tags_n, index;
    struct tagged_service *next;
};

/* Endpoints of one upstream, on their way. */
struct gathering {
    struct endpoint *endpoints;
    uint32_t n;
    bool     is_told;              /* that there are too many */
};

/* What an inbound must be to belong to a port of a service. All that is there must hold. */
struct wanted {
    struct span        mesh, dataplane;
    const struct list *labels;
    const struct map_item *tags;
    uint32_t           tags_n;
    bool               has_port;
    struct span        port;       /* name or number */
};

static bool has_all(const struct list *have, const struct map_item *wanted, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct span value = field_map_find(have, (const char *)wanted[i].key.at);
        if (value.at == NULL || !(span_is(value, wanted[i].value) || span_is(wanted[i].value, SPAN_LIT("*"))))
            return false;
    }
    return true;
}

/* Labels that a document has, with those that Kuma gives every one. */
static bool document_has(const struct conf_document *doc, const struct list *wanted)
{
    const struct map_item *items = wanted->items;

    for (uint32_t i = 0; i < wanted->n; i++) {
        struct span value = field_map_find(&doc->labels, (const char *)items[i].key.at);
        if (value.at == NULL && span_is(items[i].key, SPAN_LIT("kuma.io/display-name")))
            value = doc->name;
        if (value.at == NULL && span_is(items[i].key, SPAN_LIT("kuma.io/mesh")))
            value = doc->mesh;
        if (value.at == NULL || !span_is(value, items[i].value))
            return false;
    }
    return true;
}

static bool is_wanted(const struct dataplane_inbound *inbound, const struct wanted *w)
{
    int64_t number;

    if (inbound->state != INBOUND_READY || (inbound->health != NULL && inbound->health->ready == 0) ||
        !has_all(&inbound->tags, w->tags, w->tags_n))
        return false;
    if (!w->has_port)
        return true;
    return value_int(w->port, &number) ? inbound->port == number : inbound->name.at != NULL && span_is(inbound->name, w->port);
}

static bool gather_inbound(struct compile *c, const struct conf_document *doc, const struct dataplane_inbound *inbound,
                           struct gathering *g)
{
    const struct dataplane_networking *networking = ((const struct dataplane_spec *)doc->spec)->networking;
    struct span address = inbound->address.at != NULL ? inbound->address : networking->address;
    struct endpoint *e = &g->endpoints[g->n];

    if (networking->advertised_address.at != NULL)
        address = networking->advertised_address;
    if (span_is(address, SPAN_LIT("localhost")))
        address = SPAN_LIT("127.0.0.1");
    if (g->n == UP_ENDPOINTS_MAX) {
        if (!g->is_told)
            diag_error(c->set->diag, doc->place, "this is the 257th Dataplane of one service, and an upstream has 256 endpoints "
                       "at most");
        g->is_told = true;
        return true;
    }
    if (!socket_text_read(address, (uint16_t)inbound->port, &e->address)) {
        diag_error(c->set->diag, field_place(networking, "address"), "`address: %.*s` is understood but not enforced by this "
                   "version: no DNS is asked, so write an IPv4 or IPv6 address or `localhost`", SPAN_FMT(address));
        return true;
    }
    e->weight = 1;
    e->text = conf_arena_format(c->arena, span_find(address, ':') < address.len ? "[%.*s]:%lld" : "%.*s:%lld", SPAN_FMT(address),
                                (long long)inbound->port);
    for (uint32_t i = 0; i < g->n; i++) /* One inbound may be met by several services of a MeshMultiZoneService. */
        if (e->text.at != NULL && span_is(g->endpoints[i].text, e->text))
            return true;
    g->n++;
    return e->text.at != NULL;
}

static bool gather(struct compile *c, const struct wanted *w, struct gathering *g)
{
    for (const struct conf_document *doc = c->set->first[KIND_DATAPLANE]; doc != NULL; doc = doc->next) {
        const struct dataplane_networking *networking;
        const struct dataplane_inbound *inbounds;
        if (!kind_document_acts(doc) || !span_is(doc->mesh, w->mesh) ||
            (w->dataplane.at != NULL && !span_is(doc->name, w->dataplane)) ||
            (w->labels != NULL && !document_has(doc, w->labels)))
            continue;
        networking = ((const struct dataplane_spec *)doc->spec)->networking;
        inbounds = networking->inbound.items;
        for (uint32_t i = 0; i < networking->inbound.n; i++)
            if (is_wanted(&inbounds[i], w) && !gather_inbound(c, doc, &inbounds[i], g))
                return false;
    }
    return true;
}

/* Endpoints of one port of a MeshService. */
static bool gather_service(struct compile *c, const struct conf_document *doc, const struct mesh_service_port *port,
                           struct gathering *g)
{
    const struct mesh_service_selector *s = ((const struct mesh_service_spec *)doc->spec)->selector;
    struct wanted w = { .mesh = doc->mesh, .has_port = true, .port = port->target_port };
    char number[8];

    if (s == NULL)
        return true;
    if (w.port.at == NULL) {
        snprintf(number, sizeof(number), "%lld", (long long)port->port);
        w.port = span_str(number);
    }
    if (s->dataplane_ref != NULL)
        w.dataplane = s->dataplane_ref->name;
    if (s->dataplane_labels != NULL)
        w.labels = &s->dataplane_labels->labels;
    w.tags = s->dataplane_tags.items;
    w.tags_n = s->dataplane_tags.n;
    return gather(c, &w, g);
}

static bool gather_multi_zone(struct compile *c, const struct conf_document *doc, const struct multi_zone_port *port,
                              struct gathering *g)
{
    const struct multi_zone_spec *spec = doc->spec;

    for (const struct conf_document *s = c->set->first[KIND_MESH_SERVICE]; s != NULL; s = s->next) {
        const struct mesh_service_spec *service = s->spec;
        const struct mesh_service_port *ports = kind_document_acts(s) ? service->ports.items : NULL;
        if (ports == NULL || !span_is(s->mesh, doc->mesh) || !document_has(s, &spec->selector->mesh_service->labels))
            continue;
        for (uint32_t i = 0; i < service->ports.n; i++)
            if (ports[i].port == port->port && !gather_service(c, s, &ports[i], g))
                return false;
    }
    return true;
}

static bool gathering_open(struct compile *c, struct gathering *g)
{
    if (c->gathered == NULL)
        c->gathered = conf_arena_array(c->set->scratch, UP_ENDPOINTS_MAX + 1, sizeof(*c->gathered));
    *g = (struct gathering){ .endpoints = c->gathered };
    return g->endpoints != NULL;
}

/* One more upstream with what was gathered. service: whose policies it has, or NULL. */
static bool add_upstream(struct compile *c, struct span mesh, const struct conf_document *service, struct span name,
                         int64_t protocol, const struct gathering *g)
{
    struct upstream *up = &c->upstreams[c->upstreams_n++];
    struct endpoint *endpoints = conf_arena_array(c->arena, g->n, sizeof(*endpoints));
    struct upstream_settings settings;

    MUST(c->upstreams_n <= c->upstreams_max);
    if (!compile_policy_upstream(c, mesh, service, &settings) || endpoints == NULL || name.at == NULL)
        return false;
    if (g->n > 0)
        memcpy(endpoints, g->endpoints, g->n * sizeof(*endpoints));
    up->name = name;
    up->endpoints = endpoints;
    up->endpoints_n = g->n;
    compile_upstream_set(up, protocol, &settings);
    return true;
}

static bool add_service(struct compile *c, struct conf_document *doc)
{
    const struct mesh_service_spec *spec = doc->spec;
    const struct mesh_service_port *ports = spec->ports.items;
    struct gathering g;

    MUST(doc->index == c->upstreams_n);
    for (uint32_t i = 0; i < spec->ports.n; i++) {
        if (!gathering_open(c, &g) || !gather_service(c, doc, &ports[i], &g))
            return false;
        if (g.n == 0)
            diag_warn(c->set->diag, node_place(ports[i].node), "no ready Dataplane is port %lld of this service: requests that "
                      "would go there are answered with 503", (long long)ports[i].port);
        if (!add_upstream(c, doc->mesh, doc, spec->ports.n == 1 ? conf_arena_copy(c->arena, doc->name) :
                          conf_arena_format(c->arena, "%.*s:%lld", SPAN_FMT(doc->name), (long long)ports[i].port),
                          ports[i].app_protocol, &g))
            return false;
    }
    return true;
}

static bool add_multi_zone(struct compile *c, struct conf_document *doc)
{
    const struct multi_zone_spec *spec = doc->spec;
    const struct multi_zone_port *ports = spec->ports.items;
    struct gathering g;

    MUST(doc->index == c->upstreams_n);
    for (uint32_t i = 0; i < spec->ports.n; i++) {
        if (!gathering_open(c, &g) || !gather_multi_zone(c, doc, &ports[i], &g))
            return false;
        if (g.n == 0)
            diag_warn(c->set->diag, node_place(ports[i].node), "no ready Dataplane is port %lld of the services of this one: "
                      "requests that would go there are answered with 503", (long long)ports[i].port);
        if (!add_upstream(c, doc->mesh, doc, spec->ports.n == 1 ? conf_arena_copy(c->arena, doc->name) :
                          conf_arena_format(c->arena, "%.*s:%lld", SPAN_FMT(doc->name), (long long)ports[i].port),
                          ports[i].app_protocol, &g))
            return false;
    }
    return true;
}

bool compile_services(struct compile *c)
{
    for (struct conf_document *doc = c->set->first[KIND_MESH_SERVICE]; doc != NULL; doc = doc->next)
        if (kind_document_acts(doc) && !add_service(c, doc))
            return false;
    for (struct conf_document *doc = c->set->first[KIND_MESH_MULTI_ZONE_SERVICE]; doc != NULL; doc = doc->next)
        if (kind_document_acts(doc) && !add_multi_zone(c, doc))
            return false;
    return true;
}

uint32_t compile_services_number(struct compile *c, uint32_t first)
{
    for (struct conf_document *doc = c->set->first[KIND_MESH_SERVICE]; doc != NULL; doc = doc->next)
        if (kind_document_acts(doc)) {
            doc->index = first;
            first += ((const struct mesh_service_spec *)doc->spec)->ports.n;
        }
    for (struct conf_document *doc = c->set->first[KIND_MESH_MULTI_ZONE_SERVICE]; doc != NULL; doc = doc->next)
        if (kind_document_acts(doc)) {
            doc->index = first;
            first += ((const struct multi_zone_spec *)doc->spec)->ports.n;
        }
    return first;
}

/* ---- services that only tags name ---- */

static bool same_tags(const struct tagged_service *s, const struct map_item *tags, uint32_t n)
{
    if (s->tags_n != n)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        bool is_there = false;
        for (uint32_t k = 0; k < n; k++)
            is_there |= span_is(s->tags[k].key, tags[i].key) && span_is(s->tags[k].value, tags[i].value);
        if (!is_there)
            return false;
    }
    return true;
}

/* What the inbounds with these tags speak, the first that says so; FIELD_ABSENT: no inbound has them, ready or not. */
static int64_t tagged_protocol(const struct compile *c, struct span mesh, const struct map_item *tags, uint32_t tags_n)
{
    static const struct { const char *name; int64_t protocol; } names[] = {
        { "http", SERVICE_HTTP }, { "http2", SERVICE_HTTP2 }, { "grpc", SERVICE_GRPC },
    };
    int64_t found = FIELD_ABSENT;

    for (const struct conf_document *doc = c->set->first[KIND_DATAPLANE]; doc != NULL; doc = doc->next) {
        const struct list *list = kind_document_acts(doc) && span_is(doc->mesh, mesh)
                                      ? &((const struct dataplane_spec *)doc->spec)->networking->inbound : NULL;
        for (uint32_t i = 0; list != NULL && i < list->n; i++) {
            const struct dataplane_inbound *inbound = &((const struct dataplane_inbound *)list->items)[i];
            struct span tag = field_map_find(&inbound->tags, "kuma.io/protocol");
            if (!has_all(&inbound->tags, tags, tags_n))
                continue;
            found = SERVICE_TCP;
            if (inbound->protocol != FIELD_ABSENT)
                return inbound->protocol;
            for (size_t k = 0; k < COUNT(names); k++)
                if (tag.at != NULL && span_is(tag, span_str(names[k].name)))
                    return names[k].protocol;
        }
    }
    return found;
}

enum compile_found compile_service_tagged(struct compile *c, struct span mesh, const struct map_item *tags, uint32_t tags_n,
                                          struct diag_place place, uint32_t *out_index)
{
    struct wanted w = { .mesh = mesh, .tags = tags, .tags_n = tags_n };
    struct tagged_service *s = c->tagged;
    struct span name = SPAN_LIT("");
    int64_t protocol;
    struct gathering g;

    while (s != NULL && (!span_is(s->mesh, mesh) || !same_tags(s, tags, tags_n)))
        s = s->next;
    if (s != NULL) {
        *out_index = s->index;
        return COMPILE_FOUND;
    }
    protocol = tagged_protocol(c, mesh, tags, tags_n);
    if (protocol == FIELD_ABSENT)
        return COMPILE_FOUND_NONE;
    for (uint32_t i = 0; i < tags_n; i++)
        if (span_is(tags[i].key, SPAN_LIT(SERVICE_TAG)))
            name = tags[i].value;
    if (protocol == SERVICE_TCP) {
        diag_error(c->set->diag, place, "the service `%.*s` speaks tcp, and this route speaks HTTP: write `protocol: http` (or http2, "
                   "grpc) in its Dataplane's `inbound`", SPAN_FMT(name));
        return COMPILE_FOUND_TOLD;
    }
    s = conf_arena_take(c->set->scratch, sizeof(*s));
    if (s == NULL || !gathering_open(c, &g) || !gather(c, &w, &g))
        return COMPILE_FOUND_TOLD; /* The arena remembers. */
    if (c->upstreams_n == c->upstreams_max) {
        diag_error(c->set->diag, place, "this service is one more than the 2048 that a configuration has at most");
        return COMPILE_FOUND_TOLD;
    }
    if (g.n == 0)
        diag_warn(c->set->diag, place, "no Dataplane of the service `%.*s` is ready: requests that would go there are answered "
                  "with 503", SPAN_FMT(name));
    *s = (struct tagged_service){ mesh, tags, tags_n, c->upstreams_n, c->tagged };
    c->tagged = s;
    *out_index = s->index;
    return add_upstream(c, mesh, NULL, conf_arena_copy(c->arena, name), protocol, &g) ? COMPILE_FOUND : COMPILE_FOUND_TOLD;
}

/* ---- references ---- */

/* By name, or the first whose labels are those of the reference. */
static const struct conf_document *find_document(const struct compile *c, enum kind_id kind, struct span mesh,
                                                 const struct target_ref *ref)
{
    struct span name = target_ref_name(ref);

    if (ref->name.at != NULL || (name.at != NULL && ref->labels.n == 1))
        return conf_set_find(c->set, kind, mesh, name);
    for (const struct conf_document *doc = c->set->first[kind]; doc != NULL; doc = doc->next)
        if (!doc->is_shadow && span_is(doc->mesh, mesh) && document_has(doc, &ref->labels))
            return doc;
    return NULL;
}

static bool says_speaks(struct compile *c, const struct backend_spec *b, const struct conf_document *service)
{
    diag_error(c->set->diag, field_place(&b->ref, "name"), "the %s `%.*s` speaks tcp, and this route speaks HTTP: write `%s: http` "
               "(or http2, grpc) in its `%s`", service->kind->type, SPAN_FMT(service->name),
               b->ref.kind == TARGET_MESH_EXTERNAL_SERVICE ? "protocol" : "appProtocol",
               b->ref.kind == TARGET_MESH_EXTERNAL_SERVICE ? "match" : "ports");
    return false;
}

/* A field as it was written. */
static struct span field_text(const void *object, const char *name)
{
    const struct node *n;

    memcpy(&n, object, sizeof(n));
    n = node_find(n, name);
    return n != NULL ? n->text : SPAN_LIT("");
}

/* Position of the port that a reference means. Both kinds of ports have the same fields, read by this. */
struct port_view {
    const struct node *node;
    struct span name;
    int64_t     number, protocol;
};

static struct port_view port_at(const struct conf_document *service, uint32_t i)
{
    if (service->kind == kind_list[KIND_MESH_SERVICE]) {
        const struct mesh_service_port *p = ((const struct mesh_service_spec *)service->spec)->ports.items;
        return (struct port_view){ p[i].node, p[i].name, p[i].port, p[i].app_protocol };
    }
    if (service->kind == kind_list[KIND_MESH_MULTI_ZONE_SERVICE]) {
        const struct multi_zone_port *p = ((const struct multi_zone_spec *)service->spec)->ports.items;
        return (struct port_view){ p[i].node, p[i].name, p[i].port, p[i].app_protocol };
    }
    const struct service_match *m = ((const struct service_spec *)service->spec)->match;
    return (struct port_view){ m->node, SPAN_NONE, m->port, m->protocol };
}

static uint32_t ports_n(const struct conf_document *service)
{
    if (service->kind == kind_list[KIND_MESH_SERVICE])
        return ((const struct mesh_service_spec *)service->spec)->ports.n;
    return service->kind == kind_list[KIND_MESH_MULTI_ZONE_SERVICE] ? ((const struct multi_zone_spec *)service->spec)->ports.n : 1;
}

static bool find_port(struct compile *c, const struct backend_spec *b, const struct conf_document *service, uint32_t *out_index)
{
    uint32_t n = ports_n(service), at = 0;
    int64_t section = FIELD_ABSENT;

    if (b->port == FIELD_ABSENT && b->ref.section_name.at == NULL) {
        if (n > 1) {
            diag_error(c->set->diag, node_place(b->ref.node), "the %s `%.*s` has %u ports: write the `port` that is meant",
                       service->kind->type, SPAN_FMT(service->name), n);
            return false;
        }
    } else {
        value_int(b->ref.section_name.at != NULL ? b->ref.section_name : SPAN_LIT(""), &section);
        for (; at < n; at++) {
            struct port_view port = port_at(service, at);
            if (b->port != FIELD_ABSENT ? port.number == b->port
                                        : port.number == section || (port.name.at != NULL && span_is(port.name, b->ref.section_name)))
                break;
        }
    }
    if (at == n) {
        bool by_port = b->port != FIELD_ABSENT;
        struct span called = by_port ? field_text(&b->ref, "port") : b->ref.section_name;
        diag_warn(c->set->diag, field_place(&b->ref, by_port ? "port" : "sectionName"), "the %s `%.*s` has port %lld, and none that "
                  "is called %.*s: requests that would go there are answered with 500", service->kind->type, SPAN_FMT(service->name),
                  (long long)port_at(service, 0).number, SPAN_FMT(called));
        return false;
    }
    *out_index = service->index + at;
    return port_at(service, at).protocol != SERVICE_TCP || says_speaks(c, b, service);
}

/* Tags of a MeshServiceSubset, or of a MeshService that is known by its tag only. */
static bool find_tagged(struct compile *c, struct span mesh, const struct backend_spec *b, uint32_t *out_index)
{
    const struct map_item *own = b->ref.tags.items;
    struct map_item *tags = conf_arena_array(c->set->scratch, b->ref.tags.n + 1, sizeof(*tags));

    if (tags == NULL)
        return false;
    tags[0] = (struct map_item){ b->ref.node, SPAN_LIT(SERVICE_TAG), target_ref_name(&b->ref) };
    for (uint32_t i = 0; i < b->ref.tags.n; i++)
        tags[i + 1] = own[i];
    switch (compile_service_tagged(c, mesh, tags, b->ref.tags.n + 1, field_place(&b->ref, "name"), out_index)) {
    case COMPILE_FOUND:
        return true;
    case COMPILE_FOUND_TOLD:
        return false;
    case COMPILE_FOUND_NONE:
        break;
    }
    diag_warn(c->set->diag, field_place(&b->ref, "name"), "there is no MeshService `%.*s` in mesh `%.*s`, and no Dataplane with these "
              "tags: requests that would go there are answered with 500", SPAN_FMT(tags[0].value), SPAN_FMT(mesh));
    return false;
}

bool compile_service_find(struct compile *c, const struct conf_document *doc, const struct backend_spec *b, uint32_t *out_index)
{
    struct span name = target_ref_name(&b->ref), mesh = b->ref.mesh.at != NULL ? b->ref.mesh : doc->mesh;
    enum kind_id kind = b->ref.kind == TARGET_MESH_EXTERNAL_SERVICE ? KIND_MESH_EXTERNAL_SERVICE
                        : b->ref.kind == TARGET_MESH_SERVICE        ? KIND_MESH_SERVICE
                                                                    : KIND_MESH_MULTI_ZONE_SERVICE;
    const struct conf_document *service;

    if (name.at == NULL && (b->ref.labels.n == 0 || b->ref.kind == TARGET_MESH_SERVICE_SUBSET)) {
        diag_error(c->set->diag, node_place(b->ref.node), "this backendRef names no service: write its `name`");
        return false;
    }
    if (b->ref.kind == TARGET_MESH_SERVICE_SUBSET)
        return find_tagged(c, mesh, b, out_index);
    service = find_document(c, kind, mesh, &b->ref);
    if ((service == NULL || service->is_shadow) && kind == KIND_MESH_SERVICE && name.at != NULL)
        return find_tagged(c, mesh, b, out_index);
    if (service == NULL || service->is_shadow) {
        diag_warn(c->set->diag, field_place(&b->ref, b->ref.name.at != NULL ? "name" : "labels"), "there is no %s %s%.*s%s in mesh "
                  "`%.*s`: requests that would go there are answered with 500", kind_list[kind]->type, name.at != NULL ? "`" : "",
                  SPAN_FMT(name.at != NULL ? name : SPAN_LIT("with these labels")), name.at != NULL ? "`" : "", SPAN_FMT(mesh));
        return false;
    }
    return kind_document_acts(service) && find_port(c, b, service, out_index); /* Else told at the service. */
}
