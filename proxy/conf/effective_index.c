/* effective_index.c - see effective_index.h.
 *
 * Spec:   kuma-dialect.md 3.8.
 * Layer:  conf.
 */
#include "conf/effective_index.h"

#include <stdlib.h>

#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/document.h"
#include "conf/document_strength.h"
#include "conf/policy_spec.h"
#include "conf/target_select.h"

/* The kind of documents that a reference may name, or KIND_N. */
static enum kind_id kind_of(const struct target_ref *ref)
{
    return kind_find(span_str(target_kinds[ref->kind].name));
}

static bool is_named_to(const struct effective_statement *s)
{
    return s->to != NULL && s->to->kind != TARGET_MESH;
}

/* Is it about everything, and not about one route or service? */
static bool is_common(const struct effective_statement *s)
{
    return !is_named_to(s) && !target_names_document(s->top);
}

/* ---- order ---- */

int effective_order(const struct effective_statement *a, const struct effective_statement *b, const char **out_because)
{
    int order = b->is_initial - a->is_initial;

    *out_because = "it is built in, and weaker than whatever is written";
    if (order == 0 && (order = a->top_rank - b->top_rank) != 0)
        *out_because = "its `targetRef` is about more";
    if (order == 0 && (order = document_strength_by_origin(a->doc, b->doc)) != 0)
        *out_because = "its label kuma.io/origin is the weaker: global is weaker than zone";
    if (order == 0 && (order = document_strength_by_role(a->doc, b->doc)) != 0)
        *out_because = "its label kuma.io/policy-role is the weaker, and roles (system, producer, consumer, workload-owner) are compared "
                       "before what an entry is `to`";
    if (order == 0 && (order = a->to_rank - b->to_rank) != 0)
        *out_because = "its entry is `to` more";
    if (order == 0 && (order = document_strength_by_name(a->doc, b->doc)) != 0)
        *out_because = "its name comes later in the alphabet";
    if (order == 0 && (order = span_order(a->doc->mesh, b->doc->mesh)) != 0)
        *out_because = "it is of another mesh";
    if (order == 0 && (order = (a->entry > b->entry) - (a->entry < b->entry)) != 0)
        *out_because = "it stands earlier in the same document";
    return order;
}

static int statement_order(const void *left, const void *right)
{
    const char *because;

    return effective_order(left, right, &because);
}

/* ---- statements ---- */

static bool takes_part(const struct effective_set *e, const struct conf_document *doc)
{
    switch (e->view) {
    case EFFECTIVE_ENFORCED:    return kind_document_acts(doc);
    case EFFECTIVE_UNDERSTOOD:  return doc->is_valid && !doc->is_shadow;
    case EFFECTIVE_WITH_SHADOW: return doc->is_valid;
    }
    must_not_reach("view");
}

static uint32_t count_of(const struct conf_document *doc)
{
    const struct policy_spec *spec = doc->spec;
    const struct policy_entry *rules = spec->rules.items;
    uint32_t n = spec->to.n + (spec->conf != NULL);

    if (doc->kind->policy->is_flat)
        return 1;
    for (uint32_t i = 0; i < spec->rules.n; i++)
        n += rules[i].matches.n > 0 ? rules[i].matches.n : 1;
    return n;
}

static const struct node *node_of(const void *object)
{
    const struct node *n;

    memcpy(&n, object, sizeof(n)); /* Every filled object starts with its node. */
    return n;
}

static void add(struct policy_index *index, const struct effective_statement *like, const struct node *conf, const struct target_ref *to,
                const struct policy_match *match)
{
    struct effective_statement *s = &index->items[index->n];

    *s = *like;
    s->conf = conf;
    s->to = to;
    s->match = match;
    s->to_rank = target_to_rank(to);
    s->entry = index->n++;
}

static void add_document(struct policy_index *index, const struct conf_document *doc, bool is_initial)
{
    const struct policy_shape *shape = doc->kind->policy;
    struct effective_statement like = { .doc = doc, .is_initial = is_initial };

    if (shape->is_flat) {
        const struct policy_flat *flat = doc->spec;
        like.top = flat->target;
        like.top_rank = (shape->rank != NULL ? shape->rank(flat) : 0) + target_top_rank(flat->target);
        add(index, &like, flat->node, NULL, NULL);
        return;
    }
    const struct policy_spec *spec = doc->spec;
    const struct policy_entry *to = spec->to.items, *rules = spec->rules.items;
    like.top = spec->target;
    like.top_rank = target_top_rank(spec->target);
    if (spec->conf != NULL)
        add(index, &like, node_of(spec->conf), NULL, NULL);
    for (uint32_t i = 0; i < spec->to.n; i++)
        add(index, &like, node_of(to[i].conf), to[i].target, NULL);
    like.is_rule = true;
    for (uint32_t i = 0; i < spec->rules.n; i++) {
        const struct policy_match *matches = rules[i].matches.items;
        if (rules[i].matches.n == 0)
            add(index, &like, node_of(rules[i].conf), NULL, NULL);
        for (uint32_t k = 0; k < rules[i].matches.n; k++)
            add(index, &like, node_of(rules[i].conf), NULL, &matches[k]);
    }
}

static bool collect(struct effective_set *e, enum kind_id kind)
{
    struct policy_index *index = &e->kinds[kind];
    uint32_t n = 0;

    for (const struct conf_document *doc = e->set->first[kind]; doc != NULL; doc = doc->next)
        n += takes_part(e, doc) ? count_of(doc) : 0;
    for (uint32_t i = 0; i < e->meshes_n; i++)
        for (const struct conf_document *doc = e->meshes[i].initial.first[kind]; doc != NULL; doc = doc->next)
            n += count_of(doc);
    index->items = conf_arena_array(e->arena, n, sizeof(*index->items));
    if (index->items == NULL)
        return false;
    for (const struct conf_document *doc = e->set->first[kind]; doc != NULL; doc = doc->next)
        if (takes_part(e, doc))
            add_document(index, doc, false);
    for (uint32_t i = 0; i < e->meshes_n; i++)
        for (const struct conf_document *doc = e->meshes[i].initial.first[kind]; doc != NULL; doc = doc->next)
            add_document(index, doc, true);
    MUST(index->n == n);
    if (n > 0)
        qsort(index->items, n, sizeof(*index->items), statement_order);
    for (uint32_t i = 0; i < n; i++)
        index->items[i].order = i;
    return true;
}

/* ---- what is about one document ---- */

static struct own *own_slot(struct policy_index *index, const struct conf_document *doc)
{
    uint64_t hash = (uint64_t)(uintptr_t)doc * 0x9e3779b97f4a7c15u;

    for (uint32_t at = (uint32_t)(hash >> 32) & (index->owns_slots_n - 1);; at = (at + 1) & (index->owns_slots_n - 1))
        if (index->owns[at].doc == NULL || index->owns[at].doc == doc)
            return &index->owns[at];
}

struct own *effective_index_own(struct policy_index *index, const struct conf_document *doc)
{
    struct own *own = index->owns_slots_n > 0 && doc != NULL ? own_slot(index, doc) : NULL;

    return own != NULL && own->doc != NULL ? own : NULL;
}

static bool link_to(struct effective_set *e, struct policy_index *index, const struct effective_statement *s,
                    const struct conf_document *doc)
{
    struct own *own = own_slot(index, doc);
    struct own_link *link = conf_arena_take(e->arena, sizeof(*link));

    if (link == NULL)
        return false;
    *link = (struct own_link){ .statement = s };
    own->doc = doc;
    if (own->last == NULL)
        own->first = link;
    else
        own->last->next = link;
    own->last = link;
    return true;
}

static int display_order(const void *left, const void *right)
{
    const struct conf_document *a = *(struct conf_document *const *)left, *b = *(struct conf_document *const *)right;
    int order = span_order(target_display_name(a), target_display_name(b));

    return order != 0 ? order : a->order < b->order ? -1 : 1;
}

/* Position of the first document of that display name, or of one behind it. */
static uint32_t display_find(const struct effective_set *e, enum kind_id kind, struct span name)
{
    uint32_t low = 0, high = e->by_display_n[kind];

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (span_order(target_display_name(e->by_display[kind][middle]), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool display_build(struct effective_set *e, enum kind_id kind)
{
    uint32_t n = 0;

    if (e->by_display[kind] != NULL)
        return true;
    e->by_display[kind] = conf_arena_array(e->arena, e->set->n[kind], sizeof(struct conf_document *));
    if (e->by_display[kind] == NULL)
        return false;
    for (struct conf_document *doc = e->set->first[kind]; doc != NULL; doc = doc->next)
        if (takes_part(e, doc))
            e->by_display[kind][n++] = doc;
    e->by_display_n[kind] = n;
    if (n > 0)
        qsort(e->by_display[kind], n, sizeof(struct conf_document *), display_order);
    return true;
}

/* Each document that the labels of ref select; of those with its display name, where one is wanted. */
static bool link_by_labels(struct effective_set *e, struct policy_index *index, const struct effective_statement *s,
                           const struct target_ref *ref, struct span mesh, bool *io_is_found)
{
    enum kind_id kind = kind_of(ref);
    struct span display = field_map_find(&ref->labels, "kuma.io/display-name");
    uint32_t at;

    if (!display_build(e, kind))
        return false;
    for (at = display.at != NULL ? display_find(e, kind, display) : 0; at < e->by_display_n[kind]; at++) {
        const struct conf_document *doc = e->by_display[kind][at];
        if (display.at != NULL && !span_is(target_display_name(doc), display))
            break;
        if (!span_is(doc->mesh, mesh) || !target_selects_document(ref, doc))
            continue;
        *io_is_found = true;
        if (!link_to(e, index, s, doc))
            return false;
    }
    return true;
}

/* A reference that leads nowhere is told once, by those who compile. */
static void says_nowhere(struct effective_set *e, const struct target_ref *ref)
{
    if (e->view != EFFECTIVE_ENFORCED)
        return;
    if (ref->name.at != NULL)
        diag_warn(e->set->diag, field_place(ref, "name"), "there is no %s `%.*s`, so this changes nothing", target_kinds[ref->kind].name,
                  SPAN_FMT(ref->name));
    else
        diag_warn(e->set->diag, field_place(ref, "labels"), "no %s has these labels, so this changes nothing",
                  target_kinds[ref->kind].name);
}

static bool link(struct effective_set *e, struct policy_index *index, const struct effective_statement *s)
{
    const struct target_ref *ref = is_named_to(s) ? s->to : s->top;
    enum kind_id kind = kind_of(ref);
    struct span mesh = ref->mesh.at != NULL ? ref->mesh : s->doc->mesh;
    const struct conf_document *doc;
    bool is_found = false;

    if (ref->name.at == NULL && ref->labels.n == 0) {
        if (e->view == EFFECTIVE_ENFORCED)
            diag_error(e->set->diag, node_place(ref->node), "this targetRef needs a `name`");
        return true;
    }
    if (kind == KIND_N)
        return true; /* Subsets of services: nobody is one here. */
    if (ref->name.at == NULL) {
        if (!link_by_labels(e, index, s, ref, mesh, &is_found))
            return false;
    } else if ((doc = conf_set_find(e->set, kind, mesh, ref->name)) != NULL) {
        is_found = true;
        if (takes_part(e, doc) && !link_to(e, index, s, doc))
            return false;
    }
    if (!is_found)
        says_nowhere(e, ref);
    return true;
}

bool effective_index_build(struct effective_set *e, enum kind_id kind)
{
    struct policy_index *index = &e->kinds[kind];
    uint64_t own_n = 0;
    bool selects = kind_list[kind]->policy->selects != NULL;

    if (!collect(e, kind))
        return false;
    index->about_all = conf_arena_array(e->arena, index->n, sizeof(struct effective_statement *));
    if (index->about_all == NULL)
        return false;
    for (uint32_t i = 0; i < index->n; i++) {
        const struct effective_statement *s = &index->items[i];
        const struct target_ref *ref = is_named_to(s) ? s->to : s->top;
        if (is_common(s)) {
            index->tells_apart |= selects || target_tells_listeners_apart(s->top);
            index->about_all[index->about_all_n++] = s;
        } else {
            own_n += ref->name.at != NULL || kind_of(ref) == KIND_N ? 1 : e->set->n[kind_of(ref)] + 1;
        }
    }
    if (own_n == 0)
        return true;
    if (own_n > e->set->documents_n)
        own_n = e->set->documents_n;
    for (index->owns_slots_n = 4; index->owns_slots_n < own_n * 2;)
        index->owns_slots_n *= 2;
    index->owns = conf_arena_array(e->arena, index->owns_slots_n, sizeof(*index->owns));
    if (index->owns == NULL)
        return false;
    for (uint32_t i = 0; i < index->n; i++)
        if (!is_common(&index->items[i]) && !link(e, index, &index->items[i]))
            return false;
    return true;
}
