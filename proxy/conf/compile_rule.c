/* compile_rule.c - MeshHTTPRoute's rules -> matches, filters and backends, each once.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/chain.h"
#include "conf/compile.h"
#include "conf/compile_shadow.h"
#include "conf/conf_arena.h"
#include "conf/digest.h"
#include "conf/document.h"
#include "conf/document_strength.h"
#include "conf/regex.h"
#include "proto/uri.h"

enum { ERROR_BYTES_MAX = 200 };

static bool copy(struct compile *c, struct span from, struct span *out)
{
    *out = from.at != NULL ? conf_arena_copy(c->arena, from) : SPAN_LIT("");
    return out->at != NULL;
}

/* NULL also when the pattern is wrong, which is told; c->arena->is_full tells them apart. */
static const struct regex *compile_regex(struct compile *c, const void *object, struct span pattern)
{
    char error[ERROR_BYTES_MAX];
    const struct regex *regex = regex_compile(c->arena, pattern, error, sizeof(error));

    if (regex == NULL)
        diag_error(c->set->diag, field_place(object, "value"), "`value` %s", error);
    return regex;
}

/* Requests are normalised before they are matched, so a path that is not normal never matches. */
static void check_normal(struct compile *c, const struct path_match_spec *path)
{
    uint8_t normal[HEAD_LINE_BYTES_MAX];
    uint32_t bytes;
    enum why why = uri_normalise_path_into(path->value, normal, &bytes);

    if (why != WHY_OK)
        diag_error(c->set->diag, field_place(path, "value"), "`value` never matches: %s", why_sentence(why));
    else if (!span_is(path->value, span_of(normal, bytes)))
        diag_error(c->set->diag, field_place(path, "value"), "`value` is not how requests are spelled when they are matched: "
                   "write \"%.*s\"", (int)bytes, (const char *)normal);
}

static bool compile_path(struct compile *c, const struct path_match_spec *path, struct route_match *out)
{
    out->has_path = true;
    out->path_type = (enum match_type)path->type;
    if (path->type == MATCH_REGEX) {
        out->path_regex = compile_regex(c, path, path->value);
    } else {
        check_normal(c, path);
    }
    if (path->type == MATCH_PREFIX && path->value.len == 1) {
        out->path = SPAN_LIT("");
        return true;
    }
    return copy(c, path->value, &out->path);
}

static bool compile_values(struct compile *c, const struct list *list, const struct value_match **out, uint32_t *out_n)
{
    const struct value_match_spec *items = list->items;
    struct value_match *values = conf_arena_array(c->arena, list->n, sizeof(*values));

    if (values == NULL)
        return false;
    for (uint32_t i = 0; i < list->n; i++) {
        values[i].type = (enum match_type)items[i].type;
        if (!copy(c, items[i].name, &values[i].name) || !copy(c, items[i].value, &values[i].value))
            return false;
        if (items[i].type == MATCH_REGEX)
            values[i].regex = compile_regex(c, &items[i], items[i].value);
    }
    *out = values;
    *out_n = list->n;
    return true;
}

static void digest_values(struct digest *d, const struct value_match *values, uint32_t n)
{
    digest_add_u64(d, n);
    for (uint32_t i = 0; i < n; i++) {
        digest_add_u64(d, values[i].type);
        digest_add(d, values[i].name);
        digest_add(d, values[i].value);
    }
}

static bool compile_matches(struct compile *c, struct rule_plan *rule)
{
    const struct match_spec *items = rule->spec->matches.items;
    uint32_t n = rule->spec->matches.n;
    struct route_match *matches = conf_arena_array(c->set->scratch, n, sizeof(*matches));
    struct digest d;

    if (matches == NULL)
        return false;
    digest_init(&d);
    for (uint32_t i = 0; i < n; i++) {
        struct route_match *m = &matches[i];
        if (items[i].method != FIELD_ABSENT)
            m->method = (uint8_t)items[i].method;
        if ((items[i].path != NULL && !compile_path(c, items[i].path, m)) ||
            !compile_values(c, &items[i].headers, &m->headers, &m->headers_n) ||
            !compile_values(c, &items[i].queries, &m->queries, &m->queries_n))
            return false;
        digest_add_u64(&d, (uint64_t)m->has_path << 32 | (uint64_t)m->path_type << 16 | m->method);
        digest_add(&d, m->path);
        digest_values(&d, m->headers, m->headers_n);
        digest_values(&d, m->queries, m->queries_n);
    }
    digest_end(&d, rule->digest);
    rule->matches = matches;
    rule->matches_n = n;
    return true;
}

static bool compile_name_values(struct compile *c, const struct list *list, const struct name_value **out, uint32_t *out_n)
{
    const struct name_value_spec *items = list->items;
    struct name_value *values = conf_arena_array(c->arena, list->n, sizeof(*values));

    if (values == NULL)
        return false;
    for (uint32_t i = 0; i < list->n; i++)
        if (!copy(c, items[i].name, &values[i].name) || !copy(c, items[i].value, &values[i].value))
            return false;
    *out = values;
    *out_n = list->n;
    return true;
}

static bool compile_modifier(struct compile *c, const struct modifier_spec *spec, const struct header_modifier **out)
{
    const struct span *names = spec->remove.items;
    struct header_modifier *m = conf_arena_take(c->arena, sizeof(*m));
    struct span *remove = conf_arena_array(c->arena, spec->remove.n, sizeof(*remove));

    if (m == NULL || remove == NULL || !compile_name_values(c, &spec->set, &m->set, &m->set_n) ||
        !compile_name_values(c, &spec->add, &m->add, &m->add_n))
        return false;
    for (uint32_t i = 0; i < spec->remove.n; i++)
        if (!copy(c, names[i], &remove[i]))
            return false;
    m->remove = remove;
    m->remove_n = spec->remove.n;
    *out = m;
    return true;
}

static bool compile_path_change(struct compile *c, const struct path_change_spec *spec, enum path_change *out_change,
                                struct span *out_path)
{
    struct span path;

    *out_change = PATH_KEEP;
    *out_path = SPAN_LIT("");
    if (spec == NULL)
        return true;
    *out_change = (enum path_change)spec->type;
    path = spec->type == PATH_REPLACE_FULL ? spec->full : spec->prefix;
    /* "/" and "" take a prefix away alike, and the slash that follows the prefix stays. */
    while (spec->type == PATH_REPLACE_PREFIX && path.len > 0 && path.at[path.len - 1] == '/')
        path.len--;
    return copy(c, path, out_path);
}

static bool compile_redirect(struct compile *c, const struct redirect_spec *spec, const struct redirect **out)
{
    static const struct span schemes[] = { [REDIRECT_HTTP] = { (const uint8_t *)"http", 4 },
                                           [REDIRECT_HTTPS] = { (const uint8_t *)"https", 5 } };
    struct redirect *r = conf_arena_take(c->arena, sizeof(*r));

    if (r == NULL || !copy(c, spec->hostname, &r->hostname) ||
        !compile_path_change(c, spec->path, &r->path_change, &r->path))
        return false;
    r->scheme = spec->scheme != FIELD_ABSENT ? schemes[spec->scheme] : SPAN_LIT("");
    r->port = spec->port != FIELD_ABSENT ? (uint16_t)spec->port : 0;
    r->status = (uint16_t)spec->status;
    *out = r;
    return true;
}

static bool compile_rewrite(struct compile *c, const struct rewrite_spec *spec, const struct rewrite **out)
{
    struct rewrite *r = conf_arena_take(c->arena, sizeof(*r));

    if (r == NULL || !copy(c, spec->hostname, &r->hostname) ||
        !compile_path_change(c, spec->path, &r->path_change, &r->path))
        return false;
    r->host_to_backend = spec->host_to_backend == 1;
    *out = r;
    return true;
}

static bool compile_filters(struct compile *c, struct rule_plan *rule)
{
    const struct filter_spec *items = rule->spec->conf->filters.items;
    struct header_modifier_conf *modifier = NULL;

    rule->has_filters = rule->spec->conf->filters.node != NULL;
    for (uint32_t i = 0; i < rule->spec->conf->filters.n; i++) {
        const struct filter_spec *f = &items[i];
        if ((f->request != NULL || f->response != NULL) && modifier == NULL) {
            modifier = conf_arena_take(c->arena, sizeof(*modifier));
            if (modifier == NULL)
                return false;
        }
        if ((f->request != NULL && !compile_modifier(c, f->request, &modifier->request)) ||
            (f->response != NULL && !compile_modifier(c, f->response, &modifier->response)) ||
            (f->redirect != NULL && !compile_redirect(c, f->redirect, &rule->redirect)) ||
            (f->rewrite != NULL && !compile_rewrite(c, f->rewrite, &rule->rewrite)))
            return false;
    }
    rule->modifier = modifier;
    return true;
}

static bool compile_backends(struct compile *c, struct rule_plan *rule)
{
    const struct backend_spec *items = rule->spec->conf->backends.items;
    uint32_t n = rule->spec->conf->backends.n;
    struct backend_ref *backends = conf_arena_array(c->arena, n, sizeof(*backends));

    if (backends == NULL)
        return false;
    rule->has_backends = rule->spec->conf->backends.node != NULL;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t upstream;
        if (!compile_service_find(c, rule->doc, &items[i], &upstream))
            continue;
        backends[rule->backends_n++] = (struct backend_ref){ upstream, (uint32_t)items[i].weight };
        rule->weight_sum += (uint64_t)items[i].weight; /* 256 of 2^32 - 1 at most. */
    }
    rule->backends = backends;
    rule->backends_broken = n > 0 && rule->weight_sum == 0;
    return true;
}

/* Where the rules of a `to` entry were written: one file name for all of them. */
static const struct rule_origin *compile_origins(struct compile *c, const struct conf_document *doc,
                                                 const struct route_to_spec *spec, uint32_t to_number)
{
    const struct rule_spec *rules = spec->rules.items;
    struct rule_origin *origins = conf_arena_array(c->arena, spec->rules.n, sizeof(*origins));
    struct rule_origin same = { .type = doc->kind->type, .to = to_number };

    if (origins == NULL || !copy(c, doc->mesh, &same.mesh) || !copy(c, doc->name, &same.document) ||
        !copy(c, doc->place.file != NULL ? span_str(doc->place.file) : SPAN_NONE, &same.file))
        return NULL;
    for (uint32_t i = 0; i < spec->rules.n; i++) {
        origins[i] = same;
        origins[i].line = rules[i].node->line;
        origins[i].rule = i;
    }
    return origins;
}

bool compile_to(struct compile *c, const struct conf_document *doc, const struct route_to_spec *spec, uint32_t to_number,
                const struct target_ref *target, struct to_plan *to)
{
    const struct rule_origin *origins = compile_origins(c, doc, spec, to_number);
    const struct rule_spec *rules = spec->rules.items;

    *to = (struct to_plan){ .doc = doc, .spec = spec, .target = target, .rules_n = spec->rules.n };
    to->rules = conf_arena_array(c->set->scratch, to->rules_n, sizeof(*to->rules));
    if (to->rules == NULL || origins == NULL)
        return false;
    for (uint32_t i = 0; i < to->rules_n; i++) {
        struct rule_plan *rule = &to->rules[i];
        rule->spec = &rules[i];
        rule->doc = doc;
        rule->origin = &origins[i];
        if (!compile_matches(c, rule) || !compile_filters(c, rule) || !compile_backends(c, rule))
            return false;
    }
    return true;
}

static int target_rank(const struct target_ref *target)
{
    if (target == NULL || target->kind == TARGET_MESH)
        return 0;
    return target->tags.n > 0 ? 2 : 1;
}

/* Strongest first, so that the first rule wins; equal ones as written. */
static int to_order(const void *left, const void *right)
{
    const struct to_plan *a = left, *b = right;
    int ranks = target_rank(b->target) - target_rank(a->target);
    int strength = ranks != 0 ? ranks : document_strength(b->doc, a->doc);

    return strength != 0 ? strength : a->spec < b->spec ? -1 : 1;
}

static bool is_for_clients(struct compile *c, const struct route_to_spec *to)
{
    if (to->target->kind == TARGET_MESH)
        return true;
    diag_warn(c->set->diag, field_place(to->target, "kind"), "this routes what sidecars send to a service, and this node is a "
              "gateway, so it changes nothing here: write `kind: Mesh` to route what clients send");
    return false;
}

bool compile_rules(struct compile *c)
{
    uint32_t n = 0;

    for (const struct conf_document *doc = c->set->first[KIND_MESH_HTTP_ROUTE]; doc != NULL; doc = doc->next)
        if (compile_shadow_acts(doc))
            n += ((const struct http_route_spec *)doc->spec)->to.n;
    c->tos = conf_arena_array(c->set->scratch, n + compile_gateway_routes_n(c), sizeof(*c->tos));
    if (c->tos == NULL)
        return false;
    for (const struct conf_document *doc = c->set->first[KIND_MESH_HTTP_ROUTE]; doc != NULL; doc = doc->next) {
        const struct http_route_spec *spec = doc->spec;
        const struct route_to_spec *items = compile_shadow_acts(doc) ? spec->to.items : NULL;
        for (uint32_t i = 0; compile_shadow_acts(doc) && i < spec->to.n; i++)
            if (is_for_clients(c, &items[i]) && !compile_to(c, doc, &items[i], i, spec->target, &c->tos[c->tos_n++]))
                return false;
    }
    if (!compile_gateway_routes(c))
        return false;
    if (c->tos_n > 0)
        qsort(c->tos, c->tos_n, sizeof(*c->tos), to_order);
    return true;
}
