/* compile_host.c - the routes of one host: rules merged, one route a match, in order of precedence, indexed.
 *
 * Spec:   kuma-dialect.md 3.3 (precedence), 3.8 (rules with equal matches).
 * Layer:  conf.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/chain.h"
#include "conf/compile.h"
#include "conf/compile_policy.h"
#include "conf/compile_shadow.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/route_index.h"

/* A rule as this host serves it: the strongest document that has its matches, filled up from weaker ones. */
struct merged {
    const struct rule_plan *rule;       /* matches, name, order */
    const struct rule_plan *filters, *backends;
};

/* Rules by the digest of their matches; open addressing over positions + 1. */
struct merge_table {
    struct merged *rules;
    uint32_t       rules_n;
    uint32_t      *slots;
    uint32_t       slots_n;
};

static uint32_t *merge_slot(struct merge_table *t, const struct rule_plan *rule)
{
    uint64_t start;

    memcpy(&start, rule->digest, sizeof(start));
    for (uint32_t at = (uint32_t)start & (t->slots_n - 1);; at = (at + 1) & (t->slots_n - 1))
        if (t->slots[at] == 0 ||
            memcmp(t->rules[t->slots[at] - 1].rule->digest, rule->digest, sizeof(rule->digest)) == 0)
            return &t->slots[at];
}

static void merge(struct compile *c, struct merge_table *t, const struct rule_plan *rule)
{
    uint32_t *slot = merge_slot(t, rule);
    struct merged *m;

    if (*slot == 0) {
        t->rules[t->rules_n++] = (struct merged){ rule, rule, rule };
        *slot = t->rules_n;
        return;
    }
    m = &t->rules[*slot - 1];
    if (m->rule->doc == rule->doc) {
        if (m->rule->spec != rule->spec)
            diag_error(c->set->diag, node_place(rule->spec->node), "this rule has the same matches as the one in line %u, "
                       "so it never matches: join them", m->rule->spec->node->line);
        return;
    }
    if (!m->filters->has_filters)
        m->filters = rule;
    if (!m->backends->has_backends)
        m->backends = rule;
}

/* Only now is it known: the backends may have come from a weaker document. */
static void check_leads_somewhere(struct compile *c, const struct merged *m)
{
    if (m->filters->redirect == NULL && m->backends->spec->conf->backends.n == 0)
        diag_error(c->set->diag, node_place(m->rule->spec->conf->node),
                   "this rule leads nowhere: write `backendRefs`, or a RequestRedirect");
}

static struct chain_entry shadow_entry(struct compile *c, const struct merged *m, enum policy_index policy, const void *conf)
{
    MUST(chain_state[policy].may_be_shadow);
    return (struct chain_entry){ .policy = policy, .conf = conf, .is_shadow = true,
                                 .shadow_cell = compile_shadow_cell(c, m->rule->doc, SHADOW_POLICY, policy) };
}

/* Policies of a route in the order of enum policy_index, with their configurations; a shadow stands behind what is enforced, and
 * only where it says something else. */
static bool fill_chain(struct compile *c, const struct merged *m, const struct route_settings *settings,
                       const struct route_settings *shadow, struct chain_entry *entries, uint32_t *out_n)
{
    struct body_cap_conf *cap;
    struct chop_conf *chop;
    uint32_t n = 0;

    if (settings->has_body_cap) {
        if ((cap = conf_arena_take(c->arena, sizeof(*cap))) == NULL)
            return false;
        cap->body_bytes_max = settings->body_bytes_max;
        entries[n++] = (struct chain_entry){ .policy = POLICY_BODY_CAP, .conf = cap };
    }
    if (shadow != NULL && shadow->has_body_cap &&
        (!settings->has_body_cap || shadow->body_bytes_max != settings->body_bytes_max)) {
        if ((cap = conf_arena_take(c->arena, sizeof(*cap))) == NULL)
            return false;
        cap->body_bytes_max = shadow->body_bytes_max;
        entries[n++] = shadow_entry(c, m, POLICY_BODY_CAP, cap);
    }
    if (m->filters->modifier != NULL)
        entries[n++] = (struct chain_entry){ .policy = POLICY_HEADER_MODIFIER, .conf = m->filters->modifier };
    if (settings->has_chop) {
        if ((chop = conf_arena_take(c->arena, sizeof(*chop))) == NULL)
            return false;
        chop->seed = settings->chop_seed;
        entries[n++] = (struct chain_entry){ .policy = POLICY_CHOP, .conf = chop };
    }
    if (settings->has_pedant)
        entries[n++] = (struct chain_entry){ .policy = POLICY_PEDANT };
    *out_n = n;
    return true;
}

static bool build_chain(struct compile *c, const struct merged *m, const struct route_settings *settings,
                        const struct route_settings *shadow, struct route *route)
{
    struct chain_entry entries[CHAIN_ENTRIES_MAX], *kept;

    if (!fill_chain(c, m, settings, shadow, entries, &route->chain_n))
        return false;
    kept = conf_arena_array(c->arena, route->chain_n, sizeof(*kept));
    if (kept == NULL)
        return false;
    for (uint32_t i = 0; i < route->chain_n; i++) {
        kept[i] = entries[i];
        kept[i].exchange_offset = route->chain_bytes;
        kept[i].worker_offset = c->snapshot->worker_state_bytes;
        route->chain_bytes += chain_state[entries[i].policy].exchange_bytes;
        c->snapshot->worker_state_bytes += chain_state[entries[i].policy].worker_bytes;
    }
    route->chain = kept;
    return true;
}

/* The document with the label that this rule owes something to, or NULL. */
static const struct conf_document *shadow_of(const struct merged *m)
{
    return m->rule->doc->is_shadow ? m->rule->doc : m->filters->doc->is_shadow ? m->filters->doc
           : m->backends->doc->is_shadow ? m->backends->doc : NULL;
}

static bool note_shadow(struct compile *c, const struct route_shadow *shadow, struct route *route)
{
    struct route_shadow *kept = conf_arena_take(c->arena, sizeof(*kept));

    if (kept == NULL)
        return false;
    *kept = *shadow;
    route->shadow = kept;
    return true;
}

/* What the policies say about a route, and what they would say with the shadows among them. */
static bool apply_policies(struct compile *c, const struct listener_plan *l, const struct merged *m, struct route *route)
{
    struct route_settings settings, with = { .has_body_cap = false };

    if (!compile_policy_route(c, m->rule->doc, l, &settings))
        return false;
    route->request_timeout_ns = settings.request_timeout_ns;
    route->stream_idle_timeout_ns = settings.stream_idle_timeout_ns;
    if (c->effective_shadow == NULL)
        return build_chain(c, m, &settings, NULL, route);
    if (!compile_policy_route_shadow(c, m->rule->doc, l, &with))
        return false;
    if (with.request_timeout_ns != 0 && with.request_timeout_ns != settings.request_timeout_ns) {
        struct route_shadow shadow = { .request_timeout_ns = with.request_timeout_ns,
                                       .timeout_cell = compile_shadow_cell(c, m->rule->doc, SHADOW_TIMEOUT, 0) };
        if (!note_shadow(c, &shadow, route))
            return false;
    }
    return build_chain(c, m, &settings, &with, route);
}

static bool build_routes(struct compile *c, const struct listener_plan *l, const struct merged *m, uint32_t order, bool is_shadow,
                         struct route **io_at)
{
    struct route route = {
        .rule = order, .redirect = m->filters->redirect, .rewrite = m->filters->rewrite,
        .backends = m->backends->backends, .backends_n = m->backends->backends_n, .weight_sum = m->backends->weight_sum,
        .backends_broken = m->backends->backends_broken,
    };
    const struct conf_document *by = is_shadow ? shadow_of(m) : NULL;

    route.origin = m->rule->origin;
    route.name = route.origin->document;
    if (by != NULL) {
        struct route_shadow shadow = { .route_cell = compile_shadow_cell(c, by, SHADOW_ROUTE, 0) };
        if (!note_shadow(c, &shadow, &route))
            return false;
    }
    if (!is_shadow && !apply_policies(c, l, m, &route))
        return false;
    for (uint32_t i = 0; i < m->rule->matches_n; i++) {
        route.match = m->rule->matches[i];
        *(*io_at)++ = route;
    }
    return true;
}

static int path_class(const struct route_match *m)
{
    static const int classes[] = { [MATCH_EXACT] = 0, [MATCH_PREFIX] = 1, [MATCH_REGEX] = 2 };

    return m->has_path ? classes[m->path_type] : 3;
}

static int descending(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

/* Precedence of Gateway API: the kind of path, its length, a method, more headers, more query parameters, earlier rule. */
static int route_order(const void *left, const void *right)
{
    const struct route *a = left, *b = right;
    int by_class = path_class(&a->match) - path_class(&b->match);
    int order = by_class;

    /* Of two exact paths that both match, neither is longer. */
    if (order == 0 && path_class(&a->match) != 0)
        order = descending(a->match.path.len, b->match.path.len);
    if (order == 0)
        order = descending(a->match.method != 0, b->match.method != 0);
    if (order == 0)
        order = descending(a->match.headers_n, b->match.headers_n);
    if (order == 0)
        order = descending(a->match.queries_n, b->match.queries_n);
    if (order == 0)
        order = a->rule < b->rule ? -1 : a->rule > b->rule;
    /* Matches of one rule lead to the same place; any order will do, but always the same one. */
    return order != 0 ? order : a < b ? -1 : 1;
}

bool compile_host(struct compile *c, const struct listener_plan *l, struct to_plan *const *tos, uint32_t tos_n,
                  bool is_shadow, struct virtual_host *host)
{
    struct merge_table t = { .slots_n = 4 };
    uint32_t rules_n = 0, routes_n = 0;
    struct route *routes, *at;

    for (uint32_t i = 0; i < tos_n; i++)
        rules_n += tos[i]->rules_n;
    while (t.slots_n < rules_n * 2)
        t.slots_n *= 2;
    t.rules = conf_arena_array(c->set->scratch, rules_n, sizeof(*t.rules));
    t.slots = conf_arena_array(c->set->scratch, t.slots_n, sizeof(*t.slots));
    if (t.rules == NULL || t.slots == NULL)
        return false;
    for (uint32_t i = 0; i < tos_n; i++)
        for (uint32_t k = 0; k < tos[i]->rules_n; k++)
            merge(c, &t, &tos[i]->rules[k]);
    for (uint32_t i = 0; i < t.rules_n; i++)
        routes_n += t.rules[i].rule->matches_n;
    routes = at = routes_n <= CONF_ROUTES_MAX ? conf_arena_array(c->arena, routes_n, sizeof(*routes)) : NULL;
    if (routes == NULL)
        return false;
    for (uint32_t i = 0; i < t.rules_n; i++)
        check_leads_somewhere(c, &t.rules[i]);
    for (uint32_t i = 0; i < t.rules_n; i++)
        if (!build_routes(c, l, &t.rules[i], i, is_shadow, &at))
            return false;
    MUST(at == routes + routes_n);
    if (routes_n > 0)
        qsort(routes, routes_n, sizeof(*routes), route_order);
    host->routes = routes;
    host->routes_n = routes_n;
    host->index = route_index_build(c->arena, routes, routes_n);
    return host->index != NULL;
}
