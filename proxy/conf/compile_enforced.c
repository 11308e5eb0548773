/* compile_enforced.c - what is understood and not enforced is refused when it would be compiled, never dropped in silence.
 *
 * Layer:  conf.
 *
 * The tables say it, kind by kind, field by field, value by value; this walks the nodes of each document beside its table.
 */
#include "base/must.h"
#include "conf/compile.h"
#include "conf/document.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/policy_spec.h"
#include "conf/target_select.h"

#define NOT_ENFORCED "is understood but not enforced by this version: "

static bool check_object(const struct object_table *table, const struct node *map, struct diag *diag);

static bool check_enum(const struct field_row *row, const struct node *n, struct diag *diag)
{
    for (const struct enum_row *e = row->enums; e->name != NULL; e++)
        if (e->not_enforced != NULL && span_is(n->text, span_str(e->name))) {
            diag_error(diag, node_place(n), "`%s: %s` " NOT_ENFORCED "%s", row->name, e->name, e->not_enforced);
            return false;
        }
    return true;
}

static bool check_value(const struct field_row *row, enum value_type type, const struct node *n, struct diag *diag)
{
    bool is_good = true;

    if (type == TYPE_ENUM)
        return check_enum(row, n, diag);
    if (type == TYPE_OBJECT)
        return check_object(row->object, n, diag);
    if (type == TYPE_LIST && (row->of == TYPE_OBJECT || row->of == TYPE_ENUM))
        for (const struct node *item = n->first; item != NULL; item = item->next)
            is_good &= check_value(row, row->of, item, diag);
    return is_good;
}

/* Pre: the table was satisfied by the map. */
static bool check_object(const struct object_table *table, const struct node *map, struct diag *diag)
{
    bool is_good = true;

    MUST(map->kind == NODE_MAP);
    for (const struct node *child = map->first; child != NULL; child = child->next) {
        const struct field_row *row = field_find_row(table, child->key);
        MUST(row != NULL);
        if (node_is_null(child))
            continue;
        if (row->not_enforced != NULL &&
            !(row->harmless != NULL && child->kind == NODE_SCALAR && span_is(child->text, span_str(row->harmless)))) {
            diag_error(diag, node_key_place(child), "`%s` " NOT_ENFORCED "%s", row->name, row->not_enforced);
            is_good = false;
            continue;
        }
        is_good &= check_value(row, row->type, child, diag);
    }
    return is_good;
}

/* Does a policy select one of this node's listeners, so that it is not about sidecars alone? */
static bool selects_listener(const struct conf_set *set, const struct conf_document *doc)
{
    const struct policy_flat *policy = doc->spec; /* Both frames begin like that. */

    STATIC_MUST(offsetof(struct policy_flat, target) == offsetof(struct policy_spec, target), "one frame begins like the other");
    for (const struct conf_document *gateway = set->first[KIND_MESH_GATEWAY]; gateway != NULL; gateway = gateway->next) {
        const struct gateway_spec *spec = gateway->spec;
        const struct gateway_listener *items = kind_document_acts(gateway) ? spec->conf->listeners.items : NULL;
        for (uint32_t i = 0; items != NULL && i < spec->conf->listeners.n; i++)
            if (span_is(gateway->mesh, doc->mesh) && target_selects_listener(policy->target, gateway, &items[i]))
                return true;
    }
    return false;
}

/* A policy or route of sidecars is none of this node's business: it is kept, and said to change nothing. */
static bool is_for_sidecars(const struct conf_set *set, const struct conf_document *doc, struct diag *diag)
{
    static const char *const kinds[] = { "Dataplane", "MeshSubset", "MeshService", "MeshServiceSubset" };
    const struct node *fields, *kind;

    memcpy(&fields, doc->spec, sizeof(fields));
    kind = node_find(node_find(fields, "targetRef"), "kind");
    if ((doc->kind->policy != NULL || doc->kind == kind_list[KIND_MESH_HTTP_ROUTE]) && selects_listener(set, doc))
        return false;
    for (size_t i = 0; doc->kind->has_spec && kind != NULL && i < COUNT(kinds); i++)
        if (span_is(kind->text, span_str(kinds[i]))) {
            diag_warn(diag, node_place(kind), "this is about sidecars, and this node is a gateway, so it changes nothing here");
            return true;
        }
    return false;
}

static bool check_document(const struct conf_set *set, const struct conf_document *doc, struct diag *diag)
{
    const struct node *fields;
    bool is_good;

    if (is_for_sidecars(set, doc, diag))
        return false;
    if (doc->kind->not_enforced != NULL) {
        diag_error(diag, doc->place, "`%s` " NOT_ENFORCED "%s; to keep the document, give it the label `kuma.io/effect: shadow`",
                   doc->kind->type, doc->kind->not_enforced);
        return false;
    }
    memcpy(&fields, doc->spec, sizeof(fields)); /* Every filled object starts with its node. */
    is_good = check_object(doc->kind->table, fields, diag);
    return (doc->kind->check_enforced == NULL || doc->kind->check_enforced(doc, diag)) && is_good;
}

bool compile_enforced(struct compile *c)
{
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        for (struct conf_document *doc = c->set->first[kind]; doc != NULL; doc = doc->next)
            doc->is_refused = doc->is_valid && !doc->is_shadow && !check_document(c->set, doc, c->set->diag);
    return true;
}
