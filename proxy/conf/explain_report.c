/* explain_report.c - the merged trees of all kinds, taken apart into fields with their origins and losers.
 *
 * Spec:   kuma-dialect.md 3.8.
 * Layer:  conf.
 */
#include "conf/explain_report.h"

#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/merge.h"
#include "conf/policy_spec.h"
#include "conf/target_ref.h"

/* The way to a field, from its end. */
struct step {
    struct span        key;
    uint32_t           item;         /* of an appended list; counted from 1, 0: none */
    const struct step *up;
};

struct walk {
    struct conf_arena     *arena;
    const struct effective *of;
    struct explain_field **at;       /* where the next one goes */
};

static struct span path_text(struct conf_arena *arena, const struct step *step)
{
    struct span before = step->up != NULL ? path_text(arena, step->up) : SPAN_LIT("");

    if (before.at == NULL)
        return SPAN_NONE;
    if (step->item > 0)
        return conf_arena_format(arena, "%.*s[%u]", SPAN_FMT(before), step->item - 1);
    return conf_arena_format(arena, "%.*s%s%.*s", SPAN_FMT(before), before.len > 0 ? "." : "", SPAN_FMT(step->key));
}

static const struct node *find(const struct node *tree, const struct step *step)
{
    const struct node *above = step->up != NULL ? find(tree, step->up) : tree;

    return above != NULL && step->item == 0 ? node_find(above, (const char *)step->key.at) : NULL;
}

/* Everybody else who said something there. */
static bool add_losers(struct walk *w, const struct step *step, struct explain_field *field)
{
    struct explain_loser **at = &field->losers;

    for (uint32_t i = w->of->statements_n; i > 0; i--) {
        const struct effective_statement *s = w->of->statements[i - 1];
        const struct node *value = s != field->origin ? find(s->conf, step) : NULL;
        const char *because;
        if (value == NULL)
            continue;
        if (effective_order(s, field->origin, &because) >= 0)
            because = "a stronger one said something else again";
        if ((*at = conf_arena_take(w->arena, sizeof(**at))) == NULL)
            return false;
        **at = (struct explain_loser){ value, s, because, NULL };
        at = &(*at)->next;
    }
    return true;
}

static bool add_field(struct walk *w, const struct step *step, const struct node *value, const struct field_row *row)
{
    struct explain_field *field = conf_arena_take(w->arena, sizeof(*field));

    if (field == NULL)
        return false;
    *field = (struct explain_field){ .path = path_text(w->arena, step), .value = value, .place = value,
                                     .origin = effective_origin(w->of, value), .row = row };
    if (field->path.at == NULL)
        return false;
    if (field->origin == NULL)
        return true; /* An empty group that several merged to: nobody's. */
    *w->at = field;
    w->at = &field->next;
    return add_losers(w, step, field);
}

/* Which of a flat kind's fields say what it is about? They are no configuration. */
static bool is_selector(const struct policy_shape *shape, const struct field_row *row)
{
    if (row->object == &target_ref_table)
        return true;
    for (const char *const *name = shape->selectors; name != NULL && *name != NULL; name++)
        if (strcmp(*name, row->name) == 0)
            return true;
    return false;
}

static bool walk(struct walk *w, const struct object_table *table, const struct node *map, const struct step *up)
{
    const struct policy_shape *shape = w->of->kind->policy;

    for (const struct node *child = map->first; child != NULL; child = child->next) {
        const struct field_row *row = table != NULL ? field_find_row(table, child->key) : NULL;
        struct step step = { child->key, 0, up };
        if (up == NULL && shape->is_flat && row != NULL && is_selector(shape, row))
            continue;
        if (child->kind == NODE_MAP && child->first != NULL && !(row != NULL && (merge_is_whole(row) || row->is_secret))) {
            if (!walk(w, row != NULL && row->type == TYPE_OBJECT ? row->object : NULL, child, &step))
                return false;
        } else if (child->kind == NODE_LIST && row != NULL && row->is_appended) {
            struct step item = { child->key, 0, &step };
            for (const struct node *n = child->first; n != NULL; n = n->next) {
                item.item++;
                if (!add_field(w, &item, n, row))
                    return false;
            }
        } else if (!add_field(w, &step, child, row)) {
            return false;
        }
    }
    return true;
}

static bool is_listed(const struct explain_field *fields, struct span path)
{
    for (const struct explain_field *f = fields; f != NULL; f = f->next)
        if (span_is(f->path, path))
            return true;
    return false;
}

/* Nulls of a statement that took something out, which nobody stronger said again. */
static bool walk_nulls(struct walk *w, struct explain_field *fields, const struct effective_statement *s, const struct node *map,
                       const struct step *up)
{
    for (const struct node *child = map->first; child != NULL; child = child->next) {
        struct step step = { child->key, 0, up };
        struct explain_field field = { .value = NULL, .place = child, .origin = s };
        if (child->kind == NODE_MAP && !walk_nulls(w, fields, s, child, &step))
            return false;
        if (!node_is_null(child) || (w->of->tree != NULL && find(w->of->tree, &step) != NULL))
            continue;
        field.path = path_text(w->arena, &step);
        if (field.path.at == NULL || !add_losers(w, &step, &field))
            return false;
        if (field.losers == NULL || is_listed(fields, field.path))
            continue;
        if ((*w->at = conf_arena_take(w->arena, sizeof(**w->at))) == NULL)
            return false;
        **w->at = field;
        w->at = &(*w->at)->next;
    }
    return true;
}

static bool list_fields(struct conf_arena *arena, const struct effective *of, struct explain_field **out)
{
    struct walk w = { arena, of, out };

    *out = NULL;
    if (of->tree != NULL && of->tree->kind == NODE_MAP && !walk(&w, of->kind->policy->conf, of->tree, NULL))
        return false;
    for (uint32_t i = of->statements_n; i > 0; i--)
        if (!walk_nulls(&w, *out, of->statements[i - 1], of->statements[i - 1]->conf, NULL))
            return false;
    return true;
}

/* Fields that are not the same without shadows. */
static struct explain_field *different(struct explain_field *shadow, const struct explain_field *plain)
{
    struct explain_field *kept = NULL, **at = &kept;

    for (struct explain_field *f = shadow, *next; f != NULL; f = next) {
        const struct explain_field *p = plain;
        next = f->next;
        f->next = NULL;
        while (p != NULL && !span_is(p->path, f->path))
            p = p->next;
        if (p != NULL && merge_is_equal(p->value, f->value))
            continue;
        *at = f;
        at = &f->next;
    }
    return kept;
}

uint32_t explain_fields_of(const struct explain_part *part, const struct effective_statement *s)
{
    uint32_t n = 0;

    for (const struct explain_field *f = part->fields; f != NULL; f = f->next)
        n += (f->origin->doc == s->doc && f->origin->conf == s->conf) ||
             (f->origin->is_initial && s->is_initial && span_is(f->origin->doc->name, s->doc->name)); /* Each set makes its own. */
    return n;
}

struct maker {
    struct conf_arena     *arena;
    struct effective_set  *plain, *with_shadow;
    struct explain_part  **at;
    const struct effective_subject *subject;
};

static bool add_part(struct maker *m, enum kind_id kind, bool is_rule, const struct policy_match *match, const struct effective *plain,
                     const struct effective *shadow)
{
    struct explain_part *part;

    if (plain->statements_n == 0 && shadow->statements_n == 0)
        return true;
    part = conf_arena_take(m->arena, sizeof(*part));
    if (part == NULL)
        return false;
    *part = (struct explain_part){ .kind = kind_list[kind], .is_rule = is_rule, .match = match, .effective = *plain,
                                   .with_shadow = *shadow };
    if (!list_fields(m->arena, plain, &part->fields) || !list_fields(m->arena, shadow, &part->shadow_fields))
        return false;
    part->shadow_fields = different(part->shadow_fields, part->fields);
    *m->at = part;
    m->at = &part->next;
    return true;
}

static const struct effective *rule_like(const struct effective_rules *rules, const struct policy_match *match)
{
    static const struct effective none = { .kind = NULL };

    for (uint32_t i = 0; i < rules->items_n; i++) {
        const struct policy_match *m = rules->items[i].match;
        if (merge_is_equal(m->node, match->node))
            return &rules->items[i].effective;
    }
    return &none;
}

static bool add_rules(struct maker *m, enum kind_id kind)
{
    const struct effective_rules *plain = effective_find_rules(m->plain, kind, m->subject);
    const struct effective_rules *shadow = effective_find_rules(m->with_shadow, kind, m->subject);

    if (plain == NULL || shadow == NULL || !add_part(m, kind, true, NULL, &plain->base, &shadow->base))
        return false;
    for (uint32_t i = 0; i < shadow->items_n; i++) { /* Those of shadows alone, too. */
        struct effective of = *rule_like(plain, shadow->items[i].match);
        of.kind = kind_list[kind];
        if (!add_part(m, kind, true, shadow->items[i].match, &of, &shadow->items[i].effective))
            return false;
    }
    return true;
}

static bool add_kind(struct maker *m, enum kind_id kind)
{
    const struct effective *plain, *shadow;

    if (effective_is_about(kind, m->subject->about)) {
        plain = effective_find(m->plain, kind, m->subject);
        shadow = effective_find(m->with_shadow, kind, m->subject);
        if (plain == NULL || shadow == NULL || !add_part(m, kind, false, NULL, plain, shadow))
            return false;
    }
    return !kind_list[kind]->policy->has_rules || m->subject->about != EFFECTIVE_LISTENER || add_rules(m, kind);
}

const struct explain_report *explain_report_make(const struct conf_set *set, const struct explain_ask *ask, struct conf_arena *arena,
                                                 const char **out_wrong)
{
    struct explain_report *r = conf_arena_take(arena, sizeof(*r));
    struct maker m = { .arena = arena };

    *out_wrong = r != NULL ? explain_subject_find(set, ask, arena, r) : NULL;
    if (r == NULL || *out_wrong != NULL || arena->is_full)
        return NULL;
    m.subject = &r->subject;
    m.at = &r->parts;
    m.plain = effective_open(set, EFFECTIVE_UNDERSTOOD, arena);
    m.with_shadow = effective_open(set, EFFECTIVE_WITH_SHADOW, arena);
    if (m.plain == NULL || m.with_shadow == NULL)
        return NULL;
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        if (kind_list[kind]->policy != NULL && !add_kind(&m, (enum kind_id)kind))
            return NULL;
    return arena->is_full ? NULL : r;
}
