/* effective.c - see effective.h.
 *
 * Spec:   kuma-dialect.md 3.8.
 * Layer:  conf.
 */
#include "conf/effective.h"

#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/document.h"
#include "conf/effective_index.h"
#include "conf/policy_spec.h"
#include "conf/target_select.h"

/* ---- opening ---- */

static bool has_mesh(const struct effective_set *e, struct span mesh)
{
    for (uint32_t i = e->meshes_n; i > 0; i--)
        if (span_is(e->meshes[i - 1].mesh, mesh))
            return true;
    return false;
}

/* A mesh is one that has something which policies may be about. */
static bool make_initial(struct effective_set *e)
{
    static const enum kind_id subjects[] = { KIND_MESH_GATEWAY, KIND_MESH_HTTP_ROUTE, KIND_MESH_EXTERNAL_SERVICE, KIND_MESH_SERVICE,
                                             KIND_MESH_MULTI_ZONE_SERVICE };
    uint32_t n = 0;

    for (size_t i = 0; i < COUNT(subjects); i++)
        n += e->set->n[subjects[i]];
    e->meshes = conf_arena_array(e->arena, n, sizeof(*e->meshes));
    if (e->meshes == NULL)
        return false;
    for (size_t i = 0; i < COUNT(subjects); i++)
        for (const struct conf_document *doc = e->set->first[subjects[i]]; doc != NULL; doc = doc->next) {
            struct mesh_policies *mesh = &e->meshes[e->meshes_n];
            if (has_mesh(e, doc->mesh))
                continue;
            mesh->mesh = doc->mesh;
            e->meshes_n++;
            if (!initial_policies_make(e->set, doc->mesh, e->arena, e->said, &mesh->initial))
                return false;
        }
    return true;
}

struct effective_set *effective_open(const struct conf_set *set, enum effective_view view, struct conf_arena *arena)
{
    struct effective_set *e = conf_arena_take(arena, sizeof(*e));

    if (e == NULL)
        return NULL;
    *e = (struct effective_set){ .set = set, .view = view, .arena = arena, .merge = { .arena = arena } };
    e->said = conf_arena_take(arena, sizeof(*e->said));
    if (e->said == NULL || !make_initial(e))
        return NULL;
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        if (kind_list[kind]->policy != NULL && !effective_index_build(e, (enum kind_id)kind))
            return NULL;
    return e;
}

uint64_t effective_steps(const struct effective_set *e)
{
    return e->merge.steps;
}

const struct effective_statement *effective_statements(const struct effective_set *e, enum kind_id kind, uint32_t *out_n)
{
    *out_n = e->kinds[kind].n;
    return e->kinds[kind].items;
}

bool effective_is_about(enum kind_id kind, enum effective_about about)
{
    const struct policy_shape *shape = kind_list[kind]->policy;
    const uint32_t services = 1u << TARGET_MESH_SERVICE | 1u << TARGET_MESH_EXTERNAL_SERVICE | 1u << TARGET_MESH_MULTI_ZONE_SERVICE;

    if (shape == NULL)
        return false;
    if (shape->about_mask != 0)
        return (shape->about_mask & 1u << about) != 0;
    switch (about) {
    case EFFECTIVE_LISTENER: return true;
    case EFFECTIVE_ROUTE:    return shape->to_mask != 0 || !shape->has_rules;
    case EFFECTIVE_SERVICE:  return (shape->to_mask & services) != 0;
    }
    must_not_reach("about");
}

/* ---- who takes part ---- */

static bool is_at_top(const struct effective_statement *s, const struct effective_subject *subject)
{
    const struct policy_shape *shape = s->doc->kind->policy;

    if (target_names_document(s->top)) {
        const struct conf_document *doc = s->top->kind == TARGET_MESH_HTTP_ROUTE ? subject->route : subject->service;
        return doc != NULL && target_selects_document(s->top, doc);
    }
    if (shape->selects == NULL && !target_tells_listeners_apart(s->top))
        return s->top == NULL || s->top->kind != TARGET_MESH_SERVICE;
    return subject->listener != NULL && target_selects_listener(s->top, subject->gateway, subject->listener) &&
           (shape->selects == NULL || shape->selects(s->doc->spec, subject->listener));
}

static bool is_to(const struct effective_statement *s, const struct effective_subject *subject)
{
    const struct conf_document *doc;

    if (s->to == NULL || s->to->kind == TARGET_MESH)
        return true;
    doc = s->to->kind == TARGET_MESH_HTTP_ROUTE ? subject->route : subject->service;
    return doc != NULL && target_selects_document(s->to, doc);
}

bool effective_applies(const struct effective_statement *s, const struct effective_subject *subject)
{
    return span_is(s->doc->mesh, subject->mesh) && is_at_top(s, subject) && is_to(s, subject);
}

/* ---- merging ---- */

bool effective_fill(struct effective_set *e, struct effective *out)
{
    const struct object_table *table = out->kind->policy->conf;
    struct field_env env = { e->arena, e->said };
    void *conf;

    if (out->tree == NULL)
        return true;
    conf = conf_arena_take(e->arena, table->bytes);
    if (conf == NULL)
        return false;
    diag_init(e->said);
    field_fill(&env, table, out->tree, conf);
    out->conf = conf;
    for (uint32_t i = 0; e->said->errors_n > 0 && e->view == EFFECTIVE_ENFORCED && i < e->said->items_n; i++)
        if (e->said->items[i].level == DIAG_ERROR)
            diag_error(e->set->diag, (struct diag_place){ out->tree->file, e->said->items[i].line, e->said->items[i].column },
                       "what several documents of kind %s say together is wrong: %s", out->kind->type, e->said->items[i].text);
    return !e->arena->is_full;
}

bool effective_merge_more(struct effective_set *e, const struct effective_statement *s, const struct node **io_tree)
{
    *io_tree = merge_over(&e->merge, s->doc->kind->policy->conf, *io_tree, s->conf);
    return *io_tree != NULL;
}

/* What is said about everything: each beginning of the list merged, so that another list can be merged into it from there on. */
static struct common *make_common(struct effective_set *e, enum kind_id kind, const struct effective_subject *subject, bool is_rule)
{
    const struct policy_index *index = &e->kinds[kind];
    struct common *c = conf_arena_take(e->arena, sizeof(*c));

    if (c == NULL)
        return NULL;
    *c = (struct common){ .mesh = subject->mesh, .listener = index->tells_apart ? subject->listener : NULL };
    c->statements = conf_arena_array(e->arena, index->about_all_n, sizeof(*c->statements));
    c->prefixes = conf_arena_array(e->arena, (size_t)index->about_all_n + 1, sizeof(*c->prefixes));
    if (c->statements == NULL || c->prefixes == NULL)
        return NULL;
    for (uint32_t i = 0; i < index->about_all_n; i++) {
        const struct effective_statement *s = index->about_all[i];
        const struct node *tree = c->prefixes[c->n];
        if (s->is_rule != is_rule || s->match != NULL || !effective_applies(s, subject))
            continue;
        if (!effective_merge_more(e, s, &tree))
            return NULL;
        c->statements[c->n++] = s;
        c->prefixes[c->n] = tree;
    }
    c->effective = (struct effective){ kind_list[kind], c->prefixes[c->n], NULL, c->statements, c->n };
    return effective_fill(e, &c->effective) ? c : NULL;
}

struct common *effective_find_common(struct effective_set *e, enum kind_id kind, const struct effective_subject *subject, bool is_rule)
{
    struct policy_index *index = &e->kinds[kind];
    struct common **first = &index->commons[is_rule], *c;

    for (struct common **at = first; (c = *at) != NULL; at = &c->next)
        if ((!index->tells_apart || c->listener == subject->listener) && span_is(c->mesh, subject->mesh)) {
            *at = c->next;
            break;
        }
    if (c == NULL)
        c = make_common(e, kind, subject, is_rule);
    if (c != NULL) {
        c->next = *first;
        *first = c;
    }
    return c;
}

/* Next of two lists, in order, of those that take part. */
static const struct effective_statement *next_own(const struct own_link **io_a, const struct own_link **io_b,
                                                  const struct effective_subject *subject)
{
    while (*io_a != NULL || *io_b != NULL) {
        bool is_b = *io_b != NULL && (*io_a == NULL || (*io_b)->statement->order < (*io_a)->statement->order);
        const struct own_link **from = is_b ? io_b : io_a;
        const struct effective_statement *s = (*from)->statement;
        *from = (*from)->next;
        if (!s->is_rule && effective_applies(s, subject))
            return s;
    }
    return NULL;
}

/* The common statements with those of a subject between them. NULL: memory is out; c's own answer: there are none. */
static const struct effective *merge_own(struct effective_set *e, const struct common *c, const struct own *a, const struct own *b,
                                         const struct effective_subject *subject)
{
    const struct own_link *left = a != NULL ? a->first : NULL, *right = b != NULL ? b->first : NULL;
    const struct effective_statement *s = next_own(&left, &right, subject), **statements;
    uint32_t at = 0, own_n = 0;
    struct effective *made;

    if (s == NULL)
        return &c->effective;
    for (const struct own_link *l = a != NULL ? a->first : NULL; l != NULL; l = l->next)
        own_n++;
    for (const struct own_link *l = b != NULL ? b->first : NULL; l != NULL; l = l->next)
        own_n++;
    made = conf_arena_take(e->arena, sizeof(*made));
    statements = conf_arena_array(e->arena, (size_t)c->n + own_n, sizeof(struct effective_statement *));
    if (made == NULL || statements == NULL)
        return NULL;
    *made = (struct effective){ .kind = c->effective.kind, .statements = statements };
    while (at < c->n && c->statements[at]->order < s->order)
        at++;
    if (at > 0)
        memcpy(statements, c->statements, at * sizeof(struct effective_statement *));
    made->statements_n = at;
    made->tree = c->prefixes[at];
    while (s != NULL || at < c->n) {
        bool is_own = s != NULL && (at == c->n || s->order < c->statements[at]->order);
        const struct effective_statement *next = is_own ? s : c->statements[at++];
        if (is_own)
            s = next_own(&left, &right, subject);
        if (!effective_merge_more(e, next, &made->tree))
            return NULL;
        statements[made->statements_n++] = next;
    }
    return effective_fill(e, made) ? made : NULL;
}

const struct effective *effective_find(struct effective_set *e, enum kind_id kind, const struct effective_subject *subject)
{
    struct common *c = effective_find_common(e, kind, subject, false);
    struct own *route, *service, *kept;
    const struct effective *made;

    MUST((subject->gateway == NULL) == (subject->listener == NULL));
    if (c == NULL)
        return NULL;
    route = effective_index_own(&e->kinds[kind], subject->route);
    service = effective_index_own(&e->kinds[kind], subject->service);
    if (route == NULL && service == NULL)
        return &c->effective;
    kept = route != NULL ? route : service;
    if (kept->answer != NULL && kept->answer_listener == subject->listener &&
        kept->answer_service == (route != NULL ? subject->service : NULL))
        return kept->answer;
    made = merge_own(e, c, route, service, subject);
    kept->answer = made;
    kept->answer_listener = subject->listener;
    kept->answer_service = route != NULL ? subject->service : NULL;
    return made;
}

/* ---- provenance ---- */

static bool is_same_place(const struct node *a, const struct node *b)
{
    return a->kind == b->kind && a->line == b->line && a->column == b->column && a->file == b->file &&
           (a->kind != NODE_SCALAR || a->text.at == b->text.at);
}

static bool contains(const struct node *tree, const struct node *leaf)
{
    if (is_same_place(tree, leaf))
        return true;
    for (const struct node *child = tree->first; child != NULL; child = child->next)
        if (contains(child, leaf))
            return true;
    return false;
}

const struct effective_statement *effective_origin(const struct effective *of, const struct node *leaf)
{
    for (uint32_t i = of->statements_n; i > 0; i--)
        if (contains(of->statements[i - 1]->conf, leaf))
            return of->statements[i - 1];
    return NULL;
}

bool effective_is_written(const struct effective *of, const struct node *leaf)
{
    const struct effective_statement *s = leaf != NULL ? effective_origin(of, leaf) : NULL;

    return s != NULL && !s->is_initial;
}

const struct node *effective_node(const struct effective *of, const char *const *path, uint32_t path_n)
{
    const struct node *n = of->tree;

    for (uint32_t i = 0; n != NULL && i < path_n; i++)
        n = node_find(n, path[i]);
    return n;
}
