/* compile_policy.c - policies sorted from weak to strong, and what they say in the end about one thing.
 *
 * Spec:   kuma-dialect.md 3.3 (defaults of MeshTimeout), 3.8 (order and merge).
 * Layer:  conf.
 *
 * Policies are sorted once. Those about everything stand in one list, those about one route or service in a list of that one; a
 * subject's settings are its own list merged into the common one by order, so that ten thousand routes with a policy
 * each cost ten thousand steps.
 */
#include "conf/compile_policy.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "conf/compile.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/document_strength.h"
#include "conf/kind_forge_listener.h"
#include "conf/kind_forge_policies.h"
#include "conf/kind_forge_upstream.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/kind_mesh_timeout.h"

/* One thing that one document says about one subject. */
struct statement {
    const struct conf_document *doc;
    const void              *what;       /* timeout_conf, or the document's own spec */
    const struct target_ref *gateway;    /* only as this gateway serves it; NULL: all */
    const struct target_ref *subject;    /* a route or a service; NULL: all */
    int                      top_rank, to_rank;
    uint32_t                 order;
    struct statement        *next;       /* of the same list, from weak to strong */
};

struct statement_list {
    struct statement *first, *last;
};

struct listener_statement {
    const struct conf_document *doc;
    const struct forge_listener_spec *spec;
    bool is_used;
};

struct policy_set {
    struct statement      *items;
    uint32_t               items_n;
    struct statement_list  for_all;
    struct statement_list *for_route, *for_service;   /* by conf_document.index */
    struct listener_statement *listeners;             /* from weak to strong */
    uint32_t               listeners_n;
};

static void add(struct policy_set *p, const struct conf_document *doc, const void *what, const struct target_ref *top,
                const struct target_ref *to)
{
    struct statement *s = &p->items[p->items_n++];

    *s = (struct statement){ .doc = doc, .what = what };
    if (top != NULL && top->kind == TARGET_MESH_GATEWAY) {
        s->gateway = top;
        s->top_rank = top->tags.n > 0 ? 2 : 1;
    }
    if (top != NULL && (top->kind == TARGET_MESH_HTTP_ROUTE || top->kind == TARGET_MESH_EXTERNAL_SERVICE ||
                        top->kind == TARGET_MESH_SERVICE || top->kind == TARGET_MESH_MULTI_ZONE_SERVICE)) {
        s->subject = top;
        s->top_rank = 3;
    }
    if (to != NULL && to->kind != TARGET_MESH) {
        s->subject = to;
        s->to_rank = to->kind == TARGET_MESH_HTTP_ROUTE ? 2 : 1;
    }
}

static void add_kind(struct compile *c, enum kind_id kind)
{
    for (const struct conf_document *doc = c->set->first[kind]; doc != NULL; doc = doc->next) {
        const struct target_ref *top = NULL;
        if (!kind_document_acts(doc))
            continue;
        if (kind == KIND_FORGE_BODY_CAP)
            top = ((const struct body_cap_spec *)doc->spec)->target;
        else if (kind == KIND_FORGE_TEST_POLICIES)
            top = ((const struct test_policies_spec *)doc->spec)->target;
        else
            top = ((const struct forge_upstream_spec *)doc->spec)->target;
        add(c->policies, doc, doc->spec, top, NULL);
    }
}

static void add_timeouts(struct compile *c)
{
    for (const struct conf_document *doc = c->set->first[KIND_MESH_TIMEOUT]; doc != NULL; doc = doc->next) {
        const struct policy_spec *spec = doc->spec;
        const struct policy_entry *to = kind_document_acts(doc) ? spec->to.items : NULL;
        for (uint32_t i = 0; kind_document_acts(doc) && i < spec->to.n; i++)
            add(c->policies, doc, to[i].conf, spec->target, to[i].target);
    }
}

/* Weak to strong: what it is about, labels, what it is to, name; then as written. */
static int statement_order(const void *left, const void *right)
{
    const struct statement *a = left, *b = right;
    int order = a->top_rank - b->top_rank;

    if (order == 0)
        order = document_strength_by_labels(a->doc, b->doc);
    if (order == 0)
        order = a->to_rank - b->to_rank;
    if (order == 0)
        order = document_strength_by_name(a->doc, b->doc);
    if (order == 0)
        order = a->doc->order < b->doc->order ? -1 : a->doc->order > b->doc->order;
    return order != 0 ? order : a->what < b->what ? -1 : 1;
}

static enum kind_id kind_of(int64_t target)
{
    switch ((enum target_kind)target) {
    case TARGET_MESH_HTTP_ROUTE:
        return KIND_MESH_HTTP_ROUTE;
    case TARGET_MESH_SERVICE:
        return KIND_MESH_SERVICE;
    case TARGET_MESH_MULTI_ZONE_SERVICE:
        return KIND_MESH_MULTI_ZONE_SERVICE;
    case TARGET_MESH_EXTERNAL_SERVICE:
        return KIND_MESH_EXTERNAL_SERVICE;
    case TARGET_MESH:
    case TARGET_MESH_GATEWAY:
    case TARGET_MESH_SUBSET:
    case TARGET_MESH_SERVICE_SUBSET:
    case TARGET_DATAPLANE:
    case TARGET_N:
        break;
    }
    must_not_reach("a statement about no subject");
}

/* List of the subject, or NULL: told, unless its own document is wrong. */
static struct statement_list *list_of(struct compile *c, const struct statement *s)
{
    struct span name;
    enum kind_id kind;
    const struct conf_document *subject;

    if (s->subject == NULL)
        return &c->policies->for_all;
    kind = kind_of(s->subject->kind);
    name = target_ref_name(s->subject);
    if (name.at == NULL) {
        diag_error(c->set->diag, node_place(s->subject->node), "this targetRef needs a `name`");
        return NULL;
    }
    subject = conf_set_find(c->set, kind, s->subject->mesh.at != NULL ? s->subject->mesh : s->doc->mesh, name);
    if (subject == NULL)
        diag_warn(c->set->diag, field_place(s->subject, "name"), "there is no %s `%.*s`, so this changes nothing",
                  kind_list[kind]->type, SPAN_FMT(name));
    if (subject == NULL || !kind_document_acts(subject))
        return NULL;
    return kind == KIND_MESH_HTTP_ROUTE ? &c->policies->for_route[subject->index] : &c->policies->for_service[subject->index];
}

/* Position among the valid documents of a kind. */
static uint32_t number(struct compile *c, enum kind_id kind, uint32_t n)
{
    for (struct conf_document *doc = c->set->first[kind]; doc != NULL; doc = doc->next)
        if (kind_document_acts(doc))
            doc->index = n++;
    return n;
}

static bool collect_statements(struct compile *c, uint32_t services_n)
{
    struct policy_set *p = c->policies;
    uint32_t n = c->set->n[KIND_FORGE_BODY_CAP] + c->set->n[KIND_FORGE_TEST_POLICIES] + c->set->n[KIND_FORGE_UPSTREAM];

    for (const struct conf_document *doc = c->set->first[KIND_MESH_TIMEOUT]; doc != NULL; doc = doc->next)
        n += kind_document_acts(doc) ? ((const struct policy_spec *)doc->spec)->to.n : 0;
    p->items = conf_arena_array(c->set->scratch, n, sizeof(*p->items));
    p->for_route = conf_arena_array(c->set->scratch, c->set->n[KIND_MESH_HTTP_ROUTE] + c->set->n[KIND_MESH_GATEWAY_ROUTE],
                                    sizeof(*p->for_route));
    p->for_service = conf_arena_array(c->set->scratch, services_n, sizeof(*p->for_service));
    if (p->items == NULL || p->for_route == NULL || p->for_service == NULL)
        return false;
    add_kind(c, KIND_FORGE_BODY_CAP);
    add_kind(c, KIND_FORGE_TEST_POLICIES);
    add_kind(c, KIND_FORGE_UPSTREAM);
    add_timeouts(c);
    MUST(p->items_n <= n);
    if (p->items_n > 0)
        qsort(p->items, p->items_n, sizeof(*p->items), statement_order);
    for (uint32_t i = 0; i < p->items_n; i++) {
        struct statement_list *list = list_of(c, &p->items[i]);
        p->items[i].order = i;
        if (list == NULL)
            continue;
        if (list->last == NULL)
            list->first = &p->items[i];
        else
            list->last->next = &p->items[i];
        list->last = &p->items[i];
    }
    return true;
}

static int listener_rank(const struct forge_listener_spec *s)
{
    return (s->hostname.at != NULL) * 4 + (s->port != FIELD_ABSENT) * 2 + (s->target->kind == TARGET_MESH_GATEWAY);
}

static int listener_statement_order(const void *left, const void *right)
{
    const struct listener_statement *a = left, *b = right;
    int order = listener_rank(a->spec) - listener_rank(b->spec);

    if (order == 0)
        order = document_strength(a->doc, b->doc);
    return order != 0 ? order : a->doc->order < b->doc->order ? -1 : 1;
}

static bool collect_listener_statements(struct compile *c)
{
    struct policy_set *p = c->policies;

    p->listeners = conf_arena_array(c->set->scratch, c->set->n[KIND_FORGE_LISTENER], sizeof(*p->listeners));
    if (p->listeners == NULL)
        return false;
    for (const struct conf_document *doc = c->set->first[KIND_FORGE_LISTENER]; doc != NULL; doc = doc->next)
        if (kind_document_acts(doc))
            p->listeners[p->listeners_n++] = (struct listener_statement){ doc, doc->spec, false };
    if (p->listeners_n > 0)
        qsort(p->listeners, p->listeners_n, sizeof(*p->listeners), listener_statement_order);
    return true;
}

static bool compile_access_log(struct compile *c)
{
    struct access_log *log = &c->snapshot->access_log;
    const struct conf_document *doc = c->set->first[KIND_FORGE_ACCESS_LOG];
    const struct access_log_spec *spec;

    for (; doc != NULL && doc->next != NULL; doc = doc->next)
        diag_error(c->set->diag, doc->next->place, "there is one access log, and %s line %u describes it: take one of them out",
                   doc->place.file, doc->place.line);
    doc = c->set->first[KIND_FORGE_ACCESS_LOG];
    if (doc == NULL || !kind_document_acts(doc))
        return true;
    spec = doc->spec;
    log->is_on = true;
    log->mesh = conf_arena_copy(c->arena, doc->mesh);
    log->is_json = spec->format == NULL || spec->format->type == ACCESS_LOG_JSON;
    log->path = spec->path.at != NULL ? conf_arena_copy(c->arena, spec->path) : SPAN_LIT("");
    log->format = spec->format != NULL && spec->format->plain.at != NULL ? conf_arena_copy(c->arena, spec->format->plain)
                                                                         : SPAN_LIT("");
    return log->path.at != NULL && log->format.at != NULL && log->mesh.at != NULL;
}

bool compile_policies(struct compile *c)
{
    uint32_t services_n;

    c->policies = conf_arena_take(c->set->scratch, sizeof(*c->policies));
    if (c->policies == NULL)
        return false;
    number(c, KIND_MESH_GATEWAY_ROUTE, number(c, KIND_MESH_HTTP_ROUTE, 0));
    services_n = compile_services_number(c, number(c, KIND_MESH_EXTERNAL_SERVICE, 0));
    return collect_statements(c, services_n) && collect_listener_statements(c) && compile_access_log(c);
}

static void set_if(int64_t value, uint64_t *io_value)
{
    if (value != FIELD_ABSENT)
        *io_value = (uint64_t)value;
}

static void apply_to_route(const struct statement *s, struct route_settings *io)
{
    if (s->doc->kind == kind_list[KIND_MESH_TIMEOUT]) {
        const struct timeout_http *http = ((const struct timeout_conf *)s->what)->http;
        if (http != NULL) {
            set_if(http->request, &io->request_timeout_ns);
            set_if(http->stream_idle, &io->stream_idle_timeout_ns);
        }
    } else if (s->doc->kind == kind_list[KIND_FORGE_BODY_CAP]) {
        io->has_body_cap = true;
        io->body_bytes_max = (uint64_t)((const struct body_cap_spec *)s->what)->bytes;
    } else if (s->doc->kind == kind_list[KIND_FORGE_TEST_POLICIES]) {
        const struct test_policies_spec *spec = s->what;
        io->has_pedant = spec->pedant == 1;
        io->has_chop = spec->chop_seed != FIELD_ABSENT;
        set_if(spec->chop_seed, &io->chop_seed);
    }
}

static void apply_to_upstream(const struct statement *s, struct upstream_settings *io)
{
    if (s->doc->kind == kind_list[KIND_MESH_TIMEOUT]) {
        const struct timeout_conf *conf = s->what;
        set_if(conf->connection, &io->connect_timeout_ns);
        set_if(conf->idle, &io->idle_timeout_ns);
    } else if (s->doc->kind == kind_list[KIND_FORGE_UPSTREAM]) {
        const struct forge_upstream_spec *spec = s->what;
        set_if(spec->connect_timeout, &io->connect_timeout_ns);
        set_if(spec->idle_timeout, &io->idle_timeout_ns);
        io->balance = spec->balance != FIELD_ABSENT ? spec->balance : io->balance;
        io->is_echo = spec->echo != FIELD_ABSENT ? spec->echo == 1 : io->is_echo;
    }
}

/* The next statement of two lists, in the order of strength. */
static const struct statement *next_of(const struct statement **io_all, const struct statement **io_own)
{
    const struct statement **from = io_all, *s;

    if (*io_own != NULL && (*io_all == NULL || (*io_own)->order < (*io_all)->order))
        from = io_own;
    s = *from;
    if (s != NULL)
        *from = s->next;
    return s;
}

static bool is_gateway(const struct target_ref *ref, const struct conf_document *gateway)
{
    struct span name = ref != NULL ? target_ref_name(ref) : SPAN_NONE;

    return name.at == NULL || span_is(name, gateway->name);
}

void compile_policy_route(const struct compile *c, const struct conf_document *route, const struct conf_document *gateway,
                          struct route_settings *out)
{
    const struct statement *all = c->policies->for_all.first, *own = c->policies->for_route[route->index].first, *s;

    *out = (struct route_settings){ .request_timeout_ns = 15 * NS_PER_S, .stream_idle_timeout_ns = 1800 * NS_PER_S };
    while ((s = next_of(&all, &own)) != NULL)
        if (span_is(s->doc->mesh, route->mesh) && is_gateway(s->gateway, gateway))
            apply_to_route(s, out);
}

void compile_policy_upstream(const struct compile *c, struct span mesh, const struct conf_document *service,
                             struct upstream_settings *out)
{
    const struct statement *all = c->policies->for_all.first, *s;
    const struct statement *own = service != NULL ? c->policies->for_service[service->index].first : NULL;

    *out = (struct upstream_settings){ .connect_timeout_ns = 5 * NS_PER_S, .idle_timeout_ns = 3600 * NS_PER_S,
                                       .balance = BALANCE_ROUND_ROBIN };
    while ((s = next_of(&all, &own)) != NULL)
        if (span_is(s->doc->mesh, mesh))
            apply_to_upstream(s, out);
}

static bool is_about(const struct listener_statement *s, const struct listener_plan *l)
{
    struct span hostname = span_is(s->spec->hostname, SPAN_LIT("*")) ? SPAN_LIT("") : s->spec->hostname;

    return span_is(s->doc->mesh, l->doc->mesh) && is_gateway(s->spec->target, l->doc) &&
           (s->spec->port == FIELD_ABSENT || s->spec->port == l->spec->port) &&
           (s->spec->hostname.at == NULL || span_is(hostname, l->hostname));
}

static void apply_to_listener(const struct listener_statement *s, struct listener_settings *io)
{
    const struct forge_listener_spec *spec = s->spec;
    const struct forge_listener_tls *tls = spec->tls;

    if (spec->addresses.n > 0)
        io->addresses = spec;
    if (spec->proxy_protocol != NULL)
        io->proxy_protocol = spec;
    if (spec->forwarded != NULL)
        io->forwarded = spec;
    if (spec->idle_timeout != FIELD_ABSENT)
        io->idle_timeout = spec;
    if (spec->head_timeout != FIELD_ABSENT)
        io->head_timeout = spec;
    if (tls == NULL)
        return;
    if (tls->version_min != FIELD_ABSENT)
        io->version_min = tls;
    if (tls->version_max != FIELD_ABSENT)
        io->version_max = tls;
    if (tls->client_ca != NULL) {
        io->client_ca = tls;
        io->client_ca_doc = s->doc;
    }
    if (tls->client_certificate != FIELD_ABSENT)
        io->client_certificate = tls;
    if (tls->ocsp_file.at != NULL)
        io->ocsp_file = tls;
    if (tls->http2 != FIELD_ABSENT)
        io->http2 = tls;
}

void compile_policy_listener(const struct compile *c, const struct listener_plan *l, struct listener_settings *out)
{
    *out = (struct listener_settings){ .addresses = NULL };
    for (uint32_t i = 0; i < c->policies->listeners_n; i++)
        if (is_about(&c->policies->listeners[i], l)) {
            c->policies->listeners[i].is_used = true;
            apply_to_listener(&c->policies->listeners[i], out);
        }
}

void compile_policy_check_listeners(const struct compile *c)
{
    for (uint32_t i = 0; i < c->policies->listeners_n; i++) {
        const struct listener_statement *s = &c->policies->listeners[i];
        if (!s->is_used)
            diag_warn(c->set->diag, node_place(s->spec->target->node), "no listener is what this ForgeListener is about: check "
                      "`targetRef`, `port` and `hostname` against the MeshGateways");
    }
}
