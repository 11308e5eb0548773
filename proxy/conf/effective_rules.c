/* effective_rules.c - inbound rules: what holds for everybody, and for clients of one identity or server name.
 *
 * Spec:   kuma-dialect.md 3.8.
 * Layer:  conf.
 */
#include <stdlib.h>

#include "conf/conf_arena.h"
#include "conf/effective_index.h"
#include "conf/policy_spec.h"

static bool is_prefix(const struct policy_match *m)
{
    return m->spiffe_id != NULL && m->spiffe_id->type == PATTERN_PREFIX;
}

/* Exact identities, prefixes, server names. */
static int match_class(const struct policy_match *m)
{
    return m->spiffe_id == NULL ? 2 : is_prefix(m) ? 1 : 0;
}

static struct span match_value(const struct policy_match *m)
{
    return m->spiffe_id != NULL ? m->spiffe_id->value : m->sni->value;
}

static bool is_equal(const struct policy_match *a, const struct policy_match *b)
{
    return match_class(a) == match_class(b) && span_is(match_value(a), match_value(b));
}

/* Does wide match whatever narrow matches? A prefix is one of whole segments. */
static bool subsumes(const struct policy_match *wide, const struct policy_match *narrow)
{
    struct span prefix = match_value(wide), value = match_value(narrow);

    if (is_equal(wide, narrow))
        return true;
    if (!is_prefix(wide) || narrow->spiffe_id == NULL || !span_starts(value, prefix))
        return false;
    return value.len == prefix.len || prefix.at[prefix.len - 1] == '/' || value.at[prefix.len] == '/';
}

static int rule_order(const void *left, const void *right)
{
    const struct policy_match *a = ((const struct effective_rule *)left)->match, *b = ((const struct effective_rule *)right)->match;
    size_t a_len = match_value(a).len, b_len = match_value(b).len;
    int order = match_class(a) - match_class(b);

    if (order == 0 && is_prefix(a) && a_len != b_len)
        return a_len > b_len ? -1 : 1; /* The longer prefix matches fewer. */
    return order != 0 ? order : span_order(match_value(a), match_value(b));
}

/* Rules with matches that take part, from weak to strong. */
static uint32_t collect(const struct policy_index *index, const struct effective_subject *subject, const struct effective_statement **out)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < index->about_all_n; i++)
        if (index->about_all[i]->is_rule && index->about_all[i]->match != NULL && effective_applies(index->about_all[i], subject))
            out[n++] = index->about_all[i];
    return n;
}

/* Everybody's, then each rule that matches whoever this one matches. */
static bool merge_rule(struct effective_set *e, const struct common *c, const struct effective_statement *const *matched, uint32_t n,
                       struct effective_rule *rule)
{
    const struct effective_statement **statements = conf_arena_array(e->arena, (size_t)c->n + n, sizeof(struct effective_statement *));
    struct effective *out = &rule->effective;

    if (statements == NULL)
        return false;
    *out = (struct effective){ c->effective.kind, c->effective.tree, NULL, statements, c->n };
    if (c->n > 0)
        memcpy(statements, c->statements, c->n * sizeof(struct effective_statement *));
    for (uint32_t i = 0; i < n; i++) {
        if (!subsumes(matched[i]->match, rule->match))
            continue;
        if (!effective_merge_more(e, matched[i], &out->tree))
            return false;
        statements[out->statements_n++] = matched[i];
    }
    return effective_fill(e, out);
}

static bool merge_rules(struct effective_set *e, const struct policy_index *index, struct common *c,
                        const struct effective_subject *subject)
{
    const struct effective_statement **matched = conf_arena_array(e->arena, index->about_all_n, sizeof(struct effective_statement *));
    uint32_t matched_n = matched != NULL ? collect(index, subject, matched) : 0;
    struct effective_rule *items = conf_arena_array(e->arena, matched_n, sizeof(*items));

    if (matched == NULL || items == NULL)
        return false;
    for (uint32_t i = 0; i < matched_n; i++)
        items[i].match = matched[i]->match;
    if (matched_n > 0)
        qsort(items, matched_n, sizeof(*items), rule_order);
    for (uint32_t i = 0; i < matched_n; i++)
        if (c->rules.items_n == 0 || !is_equal(items[c->rules.items_n - 1].match, items[i].match))
            items[c->rules.items_n++] = items[i];
    for (uint32_t i = 0; i < c->rules.items_n; i++)
        if (!merge_rule(e, c, matched, matched_n, &items[i]))
            return false;
    c->rules.items = items;
    c->rules.base = c->effective;
    c->has_rules = true;
    return true;
}

const struct effective_rules *effective_find_rules(struct effective_set *e, enum kind_id kind, const struct effective_subject *subject)
{
    struct common *c = effective_find_common(e, kind, subject, true);

    if (c == NULL || (!c->has_rules && !merge_rules(e, &e->kinds[kind], c, subject)))
        return NULL;
    return &c->rules;
}
