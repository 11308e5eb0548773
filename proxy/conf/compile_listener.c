/* compile_listener.c - listeners of all gateways -> ports, their hosts, and which routes each host has.
 *
 * Spec:   kuma-dialect.md 3.5 (MeshGateway: listeners of one port merge, the most specific host wins and is isolated).
 * Layer:  conf.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/must.h"
#include "conf/compile.h"
#include "conf/compile_shadow.h"
#include "conf/compile_policy.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/host_index.h"
#include "conf/kind_forge_listener.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/merge.h"
#include "conf/name_hash.h"
#include "conf/socket_text.h"
#include "conf/target_select.h"

/* A route's rules for one host, while hosts are found. */
struct binding {
    struct span     pattern;
    uint32_t        owner;        /* position in the port's listeners */
    uint32_t        order;        /* strongest first */
    struct to_plan *to;           /* NULL: the listener's own host, routes or not */
};

struct port {
    struct listener_plan *listeners;         /* of c->listeners: one port, as written */
    uint32_t        listeners_n;
    const struct host_index *index;          /* host name -> listener */
    struct binding *bindings;
    uint32_t        bindings_n;
};

static int listener_order(const void *left, const void *right)
{
    const struct listener_plan *a = left, *b = right;

    if (a->spec->port != b->spec->port)
        return a->spec->port < b->spec->port ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static bool collect_listeners(struct compile *c)
{
    uint32_t n = 0;

    for (const struct conf_document *doc = c->set->first[KIND_MESH_GATEWAY]; doc != NULL; doc = doc->next)
        if (kind_document_acts(doc))
            n += ((const struct gateway_spec *)doc->spec)->conf->listeners.n;
    c->listeners = conf_arena_array(c->set->scratch, n, sizeof(*c->listeners));
    if (c->listeners == NULL)
        return false;
    for (const struct conf_document *doc = c->set->first[KIND_MESH_GATEWAY]; doc != NULL; doc = doc->next) {
        const struct gateway_spec *spec = doc->spec;
        const struct gateway_listener *items = kind_document_acts(doc) ? spec->conf->listeners.items : NULL;
        for (uint32_t i = 0; kind_document_acts(doc) && i < spec->conf->listeners.n; i++) {
            struct listener_plan *plan = &c->listeners[c->listeners_n];
            *plan = (struct listener_plan){ doc, &items[i], items[i].hostname, c->listeners_n++, 0 };
            if (plan->hostname.at == NULL || host_is_any(plan->hostname))
                plan->hostname = SPAN_LIT("");
            plan->key = name_hash(plan->hostname);
        }
    }
    if (n > 0)
        qsort(c->listeners, n, sizeof(*c->listeners), listener_order);
    return true;
}

/* A key lives longer than a generation, in the connections that were accepted under it, so it comes from what a listener is on
 * its port: its host name. Two names of one port with one hash are told apart by their order, until that changes. */
static void separate_keys(struct listener_plan *listeners, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (listeners[k].key == listeners[i].key) {
                listeners[i].key++;
                k = UINT32_MAX; /* From the start again. */
            }
}

/* Listeners of one port agree on the protocol and differ in their hosts. */
static bool check_port(struct compile *c, struct port *port)
{
    const struct listener_plan *first = &port->listeners[0];
    struct span *hostnames = conf_arena_array(c->set->scratch, port->listeners_n, sizeof(*hostnames));
    uint32_t kept = 0;

    if (hostnames == NULL)
        return false;
    for (uint32_t i = 0; i < port->listeners_n; i++) {
        const struct listener_plan *l = &port->listeners[i];
        if (l->spec->protocol != first->spec->protocol)
            diag_error(c->set->diag, field_place(l->spec, "protocol"), "port %lld speaks another protocol already, in %s "
                       "line %u: listeners of one port have one protocol", (long long)l->spec->port,
                       first->spec->node->file, first->spec->node->line);
        for (uint32_t k = 0; k < i; k++)
            if (span_is(l->hostname, port->listeners[k].hostname)) {
                diag_error(c->set->diag, node_place(l->spec->node), "port %lld has a listener for this `hostname` already, "
                           "in %s line %u: give one of them another port or hostname", (long long)l->spec->port,
                           port->listeners[k].spec->node->file, port->listeners[k].spec->node->line);
                return true; /* Nothing after this has a meaning for the port. */
            }
        hostnames[kept++] = l->hostname;
    }
    port->index = host_index_build(c->set->scratch, hostnames, kept);
    return port->index != NULL;
}

static bool serves(const struct listener_plan *l, const struct to_plan *to)
{
    return span_is(l->doc->mesh, to->doc->mesh) && target_selects_listener(to->target, l->doc, l->spec);
}

/* The hosts that pattern and the listener have in common, when this listener is the one that serves them. */
static void add_binding(struct port *port, uint32_t owner, struct span pattern, struct to_plan *to, uint32_t order)
{
    struct span hostname = port->listeners[owner].hostname;

    if (host_covers(pattern, hostname))
        pattern = hostname;
    else if (!host_covers(hostname, pattern))
        return;
    if (host_is_any(pattern))
        pattern = SPAN_LIT("");
    to->is_bound = true;
    if (host_index_cover(port->index, pattern) != (int32_t)owner)
        return; /* A more specific listener serves them, and has routes of its own. */
    port->bindings[port->bindings_n++] = (struct binding){ pattern, owner, order, to };
}

static bool collect_bindings(struct compile *c, struct port *port, bool with_shadow)
{
    uint64_t n = port->listeners_n;

    for (uint32_t i = 0; i < c->tos_n; i++)
        n += (uint64_t)port->listeners_n * (c->tos[i].spec->hostnames.n + 1);
    port->bindings = conf_arena_array(c->set->scratch, n, sizeof(*port->bindings));
    if (port->bindings == NULL)
        return false;
    for (uint32_t owner = 0; owner < port->listeners_n; owner++) {
        const struct listener_plan *l = &port->listeners[owner];
        port->bindings[port->bindings_n++] = (struct binding){ l->hostname, owner, 0, NULL };
        for (uint32_t i = 0; i < c->tos_n; i++) {
            const struct list *hostnames = &c->tos[i].spec->hostnames;
            if (!serves(l, &c->tos[i]) || (c->tos[i].doc->is_shadow && !with_shadow))
                continue;
            if (hostnames->node == NULL)
                add_binding(port, owner, SPAN_LIT(""), &c->tos[i], i + 1);
            for (uint32_t k = 0; k < hostnames->n; k++)
                add_binding(port, owner, ((const struct span *)hostnames->items)[k], &c->tos[i], i + 1);
        }
    }
    return true;
}

static int binding_order(const void *left, const void *right)
{
    const struct binding *a = left, *b = right;
    int by_pattern = host_order(a->pattern, b->pattern);

    return by_pattern != 0 ? by_pattern : (a->order > b->order) - (a->order < b->order);
}

/* Bindings of one pattern -> its virtual host. */
static bool build_host(struct compile *c, const struct port *port, const struct binding *bindings, uint32_t n, bool with_shadow,
                       struct virtual_host *host)
{
    struct to_plan **tos = conf_arena_array(c->set->scratch, n, sizeof(*tos));
    uint32_t tos_n = 0;

    if (tos == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) /* An entry may name a host twice, as itself and within a pattern. */
        if (bindings[i].to != NULL && (tos_n == 0 || tos[tos_n - 1] != bindings[i].to))
            tos[tos_n++] = bindings[i].to;
    host->hostname = conf_arena_copy(c->arena, bindings[0].pattern);
    host->listener_key = port->listeners[bindings[0].owner].key;
    return host->hostname.at != NULL && compile_host(c, &port->listeners[bindings[0].owner], tos, tos_n, with_shadow, host);
}

static bool build_hosts(struct compile *c, struct port *port, bool with_shadow, struct listener *listener)
{
    struct virtual_host *hosts = conf_arena_array(c->arena, port->bindings_n, sizeof(*hosts));
    struct span *names = conf_arena_array(c->set->scratch, port->bindings_n, sizeof(*names));
    uint32_t n = 0;

    if (hosts == NULL || names == NULL)
        return false;
    qsort(port->bindings, port->bindings_n, sizeof(*port->bindings), binding_order);
    for (uint32_t i = 0, next; i < port->bindings_n; i = next) {
        for (next = i; next < port->bindings_n && span_is(port->bindings[next].pattern, port->bindings[i].pattern);)
            next++;
        if (!build_host(c, port, &port->bindings[i], next - i, with_shadow, &hosts[n]))
            return false;
        names[n] = hosts[n].hostname;
        n++;
    }
    listener->hosts = hosts;
    listener->hosts_n = n;
    listener->host_index = host_index_build(c->arena, names, n);
    if (listener->host_index == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        int32_t above = host_index_above(listener->host_index, hosts[i].hostname);
        /* Not beyond the listener's own host: there another listener begins, or nothing. */
        if (above != HOST_NONE && hosts[above].listener_key == hosts[i].listener_key)
            hosts[i].fallback = &hosts[above];
    }
    return true;
}

/* The same hosts and more with shadow routes among the others, for those who count where a request would have gone. */
static bool build_shadow(struct compile *c, struct port *port, struct listener *listener)
{
    struct listener *shadow;

    if (c->shadow == NULL || !c->shadow->has_routes)
        return true;
    shadow = conf_arena_take(c->arena, sizeof(*shadow));
    if (shadow == NULL)
        return false;
    *shadow = *listener;
    port->bindings_n = 0;
    if (!collect_bindings(c, port, true) || !build_hosts(c, port, true, shadow))
        return false;
    listener->shadow = shadow;
    return true;
}

/* Settings of a port are settled before a connection names its host, so all its listeners must agree on them. */
static bool settings_differ(const struct listener_settings *a, const struct listener_settings *b)
{
    static const char *const shared[] = { "addresses", "proxyProtocol", "forwarded" };

    for (size_t i = 0; i < COUNT(shared); i++)
        if (!merge_is_equal(node_find(a->tree, shared[i]), node_find(b->tree, shared[i])))
            return true;
    return a->idle_timeout_ns != b->idle_timeout_ns || a->head_timeout_ns != b->head_timeout_ns;
}

static bool merge_settings(struct compile *c, const struct port *port, struct listener_settings *out)
{
    if (!compile_policy_listener(c, &port->listeners[0], out))
        return false;
    for (uint32_t i = 1; i < port->listeners_n; i++) {
        struct listener_settings other;
        if (!compile_policy_listener(c, &port->listeners[i], &other))
            return false;
        if (settings_differ(out, &other)) {
            diag_error(c->set->diag, node_place(port->listeners[i].spec->node), "this listener shares port %lld with %s line %u, but "
                       "a ForgeListener treats them differently: write it with `targetRef: {kind: Mesh}` and `port: %lld`",
                       (long long)port->listeners[i].spec->port, port->listeners[0].spec->node->file,
                       port->listeners[0].spec->node->line, (long long)port->listeners[i].spec->port);
            return false;
        }
    }
    return true;
}

static bool build_networks(struct compile *c, const struct list *list, const struct cidr **out, uint32_t *out_n)
{
    struct cidr *networks = conf_arena_array(c->arena, list->n, sizeof(*networks));

    if (networks == NULL)
        return false;
    for (uint32_t i = 0; i < list->n; i++)
        MUST(socket_text_read_cidr(((const struct span *)list->items)[i], &networks[i]) == NULL); /* Checked by its kind. */
    *out = networks;
    *out_n = list->n;
    return true;
}

static bool apply_settings(struct compile *c, const struct listener_settings *settings, struct listener *l)
{
    const struct forge_proxy_protocol *proxy = settings->spec != NULL ? settings->spec->proxy_protocol : NULL;
    const struct forge_forwarded *forwarded = settings->spec != NULL ? settings->spec->forwarded : NULL;

    l->idle_timeout_ns = settings->idle_timeout_ns;
    l->head_timeout_ns = settings->head_timeout_ns;
    if (proxy != NULL && proxy->enabled == 1) {
        l->proxy_protocol = true;
        if (!build_networks(c, &proxy->trusted, &l->proxy_trusted, &l->proxy_trusted_n))
            return false;
    }
    if (forwarded == NULL)
        return true;
    l->forwarded_hops = (uint32_t)forwarded->hops;
    return build_networks(c, &forwarded->trusted, &l->forwarded_trusted, &l->forwarded_trusted_n);
}

static bool build_port(struct compile *c, struct port *port, struct listener_settings *settings, struct listener *listener)
{
    const struct listener_plan *first = &port->listeners[0];

    if (!check_port(c, port))
        return false;
    if (port->index == NULL || !merge_settings(c, port, settings)) {
        port->index = NULL;
        return true; /* Told. */
    }
    separate_keys(port->listeners, port->listeners_n);
    listener->name = conf_arena_format(c->arena, "%.*s:%lld", SPAN_FMT(first->doc->name), (long long)first->spec->port);
    for (uint32_t i = 0; i < port->listeners_n; i++) {
        const struct gateway_resources *r = port->listeners[i].spec->resources;
        if (r != NULL && r->connection_limit != FIELD_ABSENT &&
            (listener->connections_max == 0 || r->connection_limit < listener->connections_max))
            listener->connections_max = (uint32_t)r->connection_limit;
    }
    return listener->name.at != NULL && apply_settings(c, settings, listener) && collect_bindings(c, port, false) &&
           build_hosts(c, port, false, listener) && build_shadow(c, port, listener) && (first->spec->protocol != GATEWAY_HTTPS ||
                                              compile_tls_hosts(c, port->listeners, port->listeners_n, listener));
}

/* One listener for each address; without any, all of IPv4, and all of IPv6 where the host has it. */
static void place(struct compile *c, const struct listener *built, const struct listener_plan *l,
                  const struct listener_settings *settings, struct listener *listeners)
{
    static const struct span everywhere[] = { { (const uint8_t *)"0.0.0.0", 7 }, { (const uint8_t *)"::", 2 } };
    const struct list *wanted = settings->spec != NULL && settings->spec->addresses.n > 0 ? &settings->spec->addresses : NULL;
    const struct span *addresses = wanted != NULL ? wanted->items : everywhere;
    uint32_t n = wanted != NULL ? wanted->n : COUNT(everywhere);

    for (uint32_t i = 0; i < n; i++) {
        struct listener *out = &listeners[c->snapshot->listeners_n];
        if (c->snapshot->listeners_n == CONF_LISTENERS_MAX) {
            diag_error(c->set->diag, node_place(l->spec->node), "there are more than 128 pairs of address and port to listen on: "
                       "let listeners share ports, or name fewer `addresses`");
            return;
        }
        *out = *built;
        out->may_be_missing = wanted == NULL && i == 1;
        MUST(socket_text_read(addresses[i], (uint16_t)l->spec->port, &out->address)); /* Checked by its kind. */
        c->snapshot->listeners_n++;
    }
}

static void check_bound(struct compile *c)
{
    for (uint32_t i = 0; i < c->tos_n; i++) {
        const struct to_plan *to = &c->tos[i];
        if (!to->is_bound && c->set->n[KIND_MESH_GATEWAY] > 0)
            diag_warn(c->set->diag, node_place(to->spec->node), "no listener serves these rules: check `targetRef` and "
                      "`hostnames` of the route against the MeshGateway's listeners");
    }
}

bool compile_listeners(struct compile *c)
{
    struct listener *listeners = conf_arena_array(c->arena, CONF_LISTENERS_MAX, sizeof(*listeners));

    if (listeners == NULL || !collect_listeners(c))
        return false;
    for (uint32_t i = 0, next; i < c->listeners_n; i = next) {
        struct port port = { .listeners = &c->listeners[i] };
        struct listener built = { .name = SPAN_NONE };
        struct listener_settings settings;
        for (next = i; next < c->listeners_n && c->listeners[next].spec->port == c->listeners[i].spec->port;)
            next++;
        port.listeners_n = next - i;
        if (!build_port(c, &port, &settings, &built))
            return false;
        if (port.index != NULL)
            place(c, &built, &c->listeners[i], &settings, listeners);
    }
    c->snapshot->listeners = listeners;
    check_bound(c);
    compile_policy_check_listeners(c);
    return true;
}
