/* policy_spec.c - see policy_spec.h. */
#include "conf/policy_spec.h"

#include "base/must.h"
#include "conf/document.h"

static const struct enum_row id_types[] = {
    { .name = "Exact", .value = PATTERN_EXACT }, { .name = "Prefix", .value = PATTERN_PREFIX }, { .name = NULL },
};
static const struct enum_row sni_types[] = { { .name = "Exact", .value = PATTERN_EXACT }, { .name = NULL } };

static const struct field_row id_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct policy_pattern, type), .is_required = true,
      .enums = id_types, .doc = "Exact, or Prefix for whole segments of the path" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct policy_pattern, value), .is_required = true,
      .min = 1, .max = 2048, .doc = "the identity, spiffe://TRUST-DOMAIN/WORKLOAD" },
    { .name = NULL },
};
static const struct object_table id_table = {
    .name = "spiffeID", .rows = id_rows, .bytes = sizeof(struct policy_pattern), .doc = "identities of clients",
};

static const struct field_row sni_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct policy_pattern, type), .is_required = true,
      .enums = sni_types, .doc = "always Exact" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct policy_pattern, value), .is_required = true,
      .min = 1, .max = 253, .doc = "the server name" },
    { .name = NULL },
};
static const struct object_table sni_table = {
    .name = "sni", .rows = sni_rows, .bytes = sizeof(struct policy_pattern), .doc = "a server name of TLS",
};

static const struct field_row match_rows[] = {
    { .name = "spiffeID", .type = TYPE_OBJECT, .offset = offsetof(struct policy_match, spiffe_id), .object = &id_table,
      .doc = "the client's identity, from its certificate" },
    { .name = "sni", .type = TYPE_OBJECT, .offset = offsetof(struct policy_match, sni), .object = &sni_table,
      .doc = "the server name that the client asked for" },
    { .name = NULL },
};
const struct object_table policy_match_table = {
    .name = "match", .rows = match_rows, .bytes = sizeof(struct policy_match), .doc = "whose requests",
};

static struct node *child_of(struct node *n, const char *key)
{
    if (n == NULL || n->kind != NODE_MAP)
        return NULL;
    for (struct node *child = n->first; child != NULL; child = child->next)
        if (span_is(child->key, span_str(key)))
            return child;
    return NULL;
}

/* Is each entry about Mesh, so that it says nothing about who asks? */
static bool is_about_all(const struct node *from)
{
    for (const struct node *entry = from->first; entry != NULL; entry = entry->next) {
        const struct node *target = node_find(entry, "targetRef"), *kind = node_find(target, "kind");
        if (kind == NULL || kind->kind != NODE_SCALAR || !span_is(kind->text, SPAN_LIT("Mesh")) || target->children_n != 1)
            return false;
    }
    return from->kind == NODE_LIST && from->first != NULL;
}

static void take_out(struct node *map, const struct node *child)
{
    for (struct node **at = &map->first; *at != NULL; at = &(*at)->next)
        if (*at == child) {
            *at = child->next;
            map->children_n--;
            return;
        }
}

void policy_spec_mend(const struct kind *kind, struct node *root, struct diag *diag)
{
    struct node *spec = child_of(root, "spec"), *from = child_of(spec, "from"), *rules = child_of(spec, "rules");

    if (kind->policy == NULL || !kind->policy->has_rules)
        return;
    if (rules != NULL && (from != NULL || (kind->policy->rules_exclude_to && node_find(spec, "to") != NULL))) {
        diag_error(diag, node_key_place(rules), "`rules` and `%s` exclude each other in one %s: write a second document for "
                   "one of them", from != NULL ? "from" : "to", kind->type);
        return;
    }
    if (from == NULL || !is_about_all(from))
        return;
    from->key = SPAN_LIT("rules");
    for (struct node *entry = from->first; entry != NULL; entry = entry->next)
        take_out(entry, node_find(entry, "targetRef"));
}

static bool check_match(const struct policy_match *match, struct diag *diag)
{
    if ((match->spiffe_id == NULL) == (match->sni == NULL)) {
        diag_error(diag, node_place(match->node), "a match names one of `spiffeID` and `sni`, and this one names %s",
                   match->sni == NULL ? "none" : "both");
        return false;
    }
    if (match->spiffe_id != NULL && !span_starts(match->spiffe_id->value, SPAN_LIT("spiffe://"))) {
        diag_error(diag, field_place(match->spiffe_id, "value"), "`value` must start with spiffe://, and is \"%.*s\"",
                   SPAN_FMT(match->spiffe_id->value));
        return false;
    }
    return true;
}

bool policy_spec_check_matches(const struct list *matches, struct diag *diag)
{
    const struct policy_match *items = matches->items;
    bool is_good = true;

    for (uint32_t i = 0; i < matches->n; i++)
        is_good &= check_match(&items[i], diag);
    return is_good;
}

static bool check_entries(const struct list *list, uint32_t mask, struct diag *diag,
                          bool (*check_conf)(const void *conf, struct diag *diag))
{
    const struct policy_entry *entries = list->items;
    bool is_good = true;

    for (uint32_t i = 0; i < list->n; i++) {
        is_good &= mask == 0 || target_ref_allow(entries[i].target, mask, diag);
        is_good &= policy_spec_check_matches(&entries[i].matches, diag);
        if (check_conf != NULL)
            is_good &= check_conf(entries[i].conf, diag);
    }
    return is_good;
}

bool policy_spec_check(const struct conf_document *doc, struct diag *diag,
                       bool (*check_conf)(const void *conf, struct diag *diag))
{
    const struct policy_shape *shape = doc->kind->policy;
    const struct policy_spec *spec = doc->spec;
    bool is_good = target_ref_allow(spec->target, shape->top_mask, diag);

    is_good &= check_entries(&spec->to, shape->to_mask, diag, check_conf);
    is_good &= check_entries(&spec->rules, 0, diag, check_conf);
    if (spec->conf != NULL && check_conf != NULL)
        is_good &= check_conf(spec->conf, diag);
    if (spec->to.n + spec->rules.n == 0 && spec->conf == NULL) {
        diag_error(diag, node_place(spec->node), "this %s says nothing: write %s", doc->kind->type,
                   shape->to_mask == 0 ? "`rules:` with `default:`"
                   : shape->has_rules  ? "`to:` with `targetRef:` and `default:`, or `rules:` with `default:`"
                                       : "`to:` with `targetRef:` and `default:`");
        is_good = false;
    }
    return is_good;
}
