/* canonical.c - see canonical.h.
 *
 * Layer:  conf.
 */
#include "conf/canonical.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/canonical_write.h"
#include "conf/conf_text.h"
#include "conf/document.h"
#include "conf/field_value.h"
#include "conf/gateway_api.h"
#include "conf/kind.h"

struct walk {
    struct canonical_write w;
    const struct kind     *kind;
    enum canonical_secrets secrets;
};

static const char MESH_LABEL[] = "kuma.io/mesh"; /* `mesh` says it */

static void put_value(struct walk *k, const struct field_row *row, enum value_type type, const struct node *n);

static void put_member(struct walk *k, const char *key, struct span value)
{
    canonical_write_key(&k->w, span_str(key));
    canonical_write_string(&k->w, value);
}

/* ---- scalars ---- */

static bool is_digits(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return s.len > 0;
}

/* "0", "17", "-3": what JSON and every YAML take for the same whole number. */
static bool is_whole_number(struct span s)
{
    bool is_negative = s.len > 1 && s.at[0] == '-';
    struct span rest = is_negative ? span_from(s, 1) : s;

    return is_digits(rest) && (rest.at[0] != '0' || (rest.len == 1 && !is_negative));
}

/* A float that JSON and both YAMLs read as one: -1.5, 1.0e+3. Others stay texts. */
static bool is_float(struct span s)
{
    size_t dot = span_find(s, '.'), e;
    struct span fraction;

    if (dot == s.len || !(is_whole_number(span_of(s.at, dot)) || span_is(span_of(s.at, dot), SPAN_LIT("-0"))))
        return false;
    fraction = span_from(s, dot + 1);
    e = span_find(fraction, 'e');
    if (e == fraction.len)
        return is_digits(fraction);
    return is_digits(span_of(fraction.at, e)) && fraction.len > e + 2 &&
           (fraction.at[e + 1] == '+' || fraction.at[e + 1] == '-') && is_digits(span_from(fraction, e + 2));
}

/* Without zeros in front: YAML 1.1 would count 010 in octal. */
static void put_number(struct walk *k, struct span s)
{
    bool is_negative = s.len > 0 && s.at[0] == '-';

    s = is_negative ? span_from(s, 1) : s;
    while (s.len > 1 && s.at[0] == '0')
        s = span_from(s, 1);
    is_negative = is_negative && !span_is(s, SPAN_LIT("0"));
    canonical_write_plain(&k->w, is_negative ? span_of(s.at - 1, s.len + 1) : s);
}

/* Lower case, as the reader makes it; anything else as it stands. */
static void put_lower(struct walk *k, struct span s)
{
    char lower[256];

    if (s.len > sizeof(lower)) {
        canonical_write_string(&k->w, s);
        return;
    }
    for (size_t i = 0; i < s.len; i++)
        lower[i] = (char)(s.at[i] >= 'A' && s.at[i] <= 'Z' ? s.at[i] + 32 : s.at[i]);
    canonical_write_string(&k->w, span_of(lower, s.len));
}

/* A value whose type no table tells: what it means without quotes, as long as JSON can say it. */
static void put_untyped(struct walk *k, const struct node *n)
{
    enum plain_kind kind = n->is_plain ? value_plain_kind(n->text) : PLAIN_TEXT;

    if (kind == PLAIN_BOOL)
        canonical_write_plain(&k->w, (n->text.at[0] | 32) == 't' ? SPAN_LIT("true") : SPAN_LIT("false"));
    else if ((kind == PLAIN_INT && is_whole_number(n->text)) || (kind == PLAIN_FLOAT && is_float(n->text)))
        canonical_write_plain(&k->w, n->text);
    else
        canonical_write_string(&k->w, n->text);
}

static void put_scalar(struct walk *k, const struct field_row *row, enum value_type type, const struct node *n)
{
    bool is_plain_int = n->is_plain && value_plain_kind(n->text) == PLAIN_INT;

    switch (type) {
    case TYPE_HOSTNAME:
    case TYPE_HOST_PATTERN:
        put_lower(k, n->text);
        return;
    case TYPE_INT:
        if (is_plain_int) {
            put_number(k, n->text);
            return;
        }
        break;
    case TYPE_BYTES:
    case TYPE_PERCENTAGE:
        if (is_digits(n->text)) {
            put_number(k, n->text);
            return;
        }
        break;
    case TYPE_ENUM:
        if (row->type == TYPE_ENUM && is_whole_number(n->text)) { /* Statuses; in a list they are texts among other names. */
            canonical_write_plain(&k->w, n->text);
            return;
        }
        break;
    case TYPE_INT_OR_STRING:
        if (is_plain_int && is_whole_number(n->text)) {
            canonical_write_plain(&k->w, n->text);
            return;
        }
        break;
    case TYPE_STRING:
    case TYPE_NAME:
    case TYPE_HEADER_NAME:
    case TYPE_BASE64:
    case TYPE_DURATION:
        break;
    case TYPE_BOOL:
    case TYPE_OBJECT:
    case TYPE_LIST:
    case TYPE_MAP:
    case TYPE_NODE:
    case TYPE_IGNORED:
    case TYPE_REMOVED:
    case TYPE_REFUSED:
        put_untyped(k, n);
        return;
    }
    canonical_write_string(&k->w, n->text);
}

/* ---- groups ---- */

/* As it was written: nobody but the kind knows what it means. */
static void put_node(struct walk *k, const struct node *n)
{
    char open = n->kind == NODE_MAP ? '{' : '[', close = n->kind == NODE_MAP ? '}' : ']';

    if (n->kind == NODE_REFUSED || node_is_null(n)) {
        canonical_write_plain(&k->w, SPAN_LIT("null"));
        return;
    }
    if (n->kind == NODE_SCALAR) {
        put_untyped(k, n);
        return;
    }
    canonical_write_open(&k->w, open, n->first == NULL);
    for (const struct node *child = n->first; child != NULL; child = child->next) {
        if (n->kind == NODE_MAP)
            canonical_write_key(&k->w, child->key);
        put_node(k, child);
    }
    canonical_write_close(&k->w, close, n->first == NULL);
}

struct pair {
    struct span key, value;
};

static int pair_order(const void *a, const void *b)
{
    struct span x = ((const struct pair *)a)->key, y = ((const struct pair *)b)->key;
    int order = memcmp(x.at, y.at, x.len < y.len ? x.len : y.len);

    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

/* By name. Pre: n <= CONF_KEYS_MAX + 1. */
static void put_pairs(struct walk *k, struct pair *pairs, uint32_t n)
{
    qsort(pairs, n, sizeof(*pairs), pair_order);
    canonical_write_open(&k->w, '{', n == 0);
    for (uint32_t i = 0; i < n; i++) {
        canonical_write_key(&k->w, pairs[i].key);
        canonical_write_string(&k->w, pairs[i].value);
    }
    canonical_write_close(&k->w, '}', n == 0);
}

static void put_map(struct walk *k, const struct node *map)
{
    struct pair pairs[CONF_KEYS_MAX]; /* 32 KiB, and no map is inside */
    uint32_t n = 0;

    for (const struct node *child = map->first; child != NULL; child = child->next) {
        MUST(n < COUNT(pairs));
        pairs[n++] = (struct pair){ child->key, child->kind == NODE_SCALAR ? child->text : SPAN_LIT("") };
    }
    put_pairs(k, pairs, n);
}

static bool is_left_out(const struct walk *k, const struct field_row *row)
{
    return row->is_secret && k->secrets == CANONICAL_SECRETS_LEFT_OUT;
}

/* What the reader took for this row: the last that is not null, under either name. */
static const struct node *find_child(const struct node *map, const struct field_row *row)
{
    const struct node *found = NULL;

    for (const struct node *child = map->first; child != NULL; child = child->next)
        if ((span_is(child->key, span_str(row->name)) ||
             (row->alias != NULL && span_is(child->key, span_str(row->alias)))) &&
            (found == NULL || !node_is_null(child)))
            found = child;
    return found;
}

static bool has_fields(const struct walk *k, const struct object_table *table, const struct node *map)
{
    for (const struct field_row *row = table->rows; row->name != NULL; row++)
        if (!is_left_out(k, row) && find_child(map, row) != NULL)
            return true;
    return false;
}

static void put_fields(struct walk *k, const struct object_table *table, const struct node *map);

/* `rules` beside `to`, where one excludes the other: they were the older `from`, and only as that the reader takes both. */
static bool was_from(const struct walk *k, const struct object_table *table, const struct node *map, const struct field_row *row)
{
    return table == k->kind->table && k->kind->policy != NULL && k->kind->policy->rules_exclude_to &&
           strcmp(row->name, "rules") == 0 && node_find(map, "to") != NULL;
}

static void put_from(struct walk *k, const struct field_row *row, const struct node *list)
{
    canonical_write_key(&k->w, SPAN_LIT("from"));
    canonical_write_open(&k->w, '[', list->first == NULL);
    for (const struct node *item = list->first; item != NULL; item = item->next) {
        canonical_write_open(&k->w, '{', false);
        canonical_write_key(&k->w, SPAN_LIT("targetRef"));
        canonical_write_open(&k->w, '{', false);
        put_member(k, "kind", SPAN_LIT("Mesh"));
        canonical_write_close(&k->w, '}', false);
        put_fields(k, row->object, item);
        canonical_write_close(&k->w, '}', false);
    }
    canonical_write_close(&k->w, ']', list->first == NULL);
}

/* The members only; the brackets are the caller's. */
static void put_fields(struct walk *k, const struct object_table *table, const struct node *map)
{
    for (const struct field_row *row = table->rows; row->name != NULL; row++) {
        const struct node *child = is_left_out(k, row) ? NULL : find_child(map, row);
        if (child == NULL)
            continue;
        if (was_from(k, table, map, row) && child->kind == NODE_LIST) {
            put_from(k, row, child);
            continue;
        }
        canonical_write_key(&k->w, span_str(row->name));
        if (row->is_secret && k->secrets == CANONICAL_SECRETS_MASKED && !node_is_null(child))
            canonical_write_string(&k->w, SPAN_LIT("***"));
        else
            put_value(k, row, row->type, child);
    }
}

static void put_object(struct walk *k, const struct object_table *table, const struct node *map)
{
    bool is_empty = !has_fields(k, table, map);

    canonical_write_open(&k->w, '{', is_empty);
    put_fields(k, table, map);
    canonical_write_close(&k->w, '}', is_empty);
}

static void put_list(struct walk *k, const struct field_row *row, const struct node *list)
{
    canonical_write_open(&k->w, '[', list->first == NULL);
    for (const struct node *item = list->first; item != NULL; item = item->next)
        put_value(k, row, row->of, item);
    canonical_write_close(&k->w, ']', list->first == NULL);
}

static void put_value(struct walk *k, const struct field_row *row, enum value_type type, const struct node *n)
{
    if (type == TYPE_OBJECT && n->kind == NODE_MAP)
        put_object(k, row->object, n);
    else if (type == TYPE_LIST && n->kind == NODE_LIST)
        put_list(k, row, n);
    else if (type == TYPE_MAP && n->kind == NODE_MAP)
        put_map(k, n);
    else if (n->kind == NODE_SCALAR && !node_is_null(n))
        put_scalar(k, row, type, n);
    else
        put_node(k, n);
}

/* ---- envelopes ---- */

/* Labels with those that the envelope says itself left out; extra adds one. Nothing is written when none is left. */
static void put_labels(struct walk *k, const struct conf_document *doc, struct span extra, bool has_namespace)
{
    struct pair pairs[CONF_KEYS_MAX + 1];
    const struct map_item *items = doc->labels.items;
    uint32_t n = 0;

    for (uint32_t i = 0; i < doc->labels.n && n < CONF_KEYS_MAX; i++)
        if (!span_is(items[i].key, span_str(MESH_LABEL)) &&
            !(has_namespace && span_is(items[i].key, SPAN_LIT(GATEWAY_API_NAMESPACE_LABEL))))
            pairs[n++] = (struct pair){ items[i].key, items[i].value };
    if (extra.at != NULL)
        pairs[n++] = (struct pair){ span_str(MESH_LABEL), extra };
    if (n == 0)
        return;
    canonical_write_key(&k->w, SPAN_LIT("labels"));
    put_pairs(k, pairs, n);
}

/* The map that the kind's struct was filled from; NULL: there was none. */
static const struct node *fields_of(const struct conf_document *doc)
{
    const struct node *n = NULL;

    if (doc->spec != NULL)
        memcpy(&n, doc->spec, sizeof(n));
    return n;
}

static void put_spec(struct walk *k, const struct conf_document *doc)
{
    const struct node *fields = fields_of(doc);

    if (fields == NULL)
        return;
    canonical_write_key(&k->w, SPAN_LIT("spec"));
    put_object(k, doc->kind->table, fields);
}

static void put_universal(struct walk *k, const struct conf_document *doc)
{
    const struct node *fields = fields_of(doc);

    canonical_write_open(&k->w, '{', false);
    put_member(k, "type", span_str(doc->kind->type));
    if (!doc->kind->is_global)
        put_member(k, "mesh", doc->mesh);
    put_member(k, "name", doc->name);
    put_labels(k, doc, SPAN_NONE, false);
    if (doc->kind->has_spec)
        put_spec(k, doc);
    else if (fields != NULL)
        put_fields(k, doc->kind->table, fields);
    canonical_write_close(&k->w, '}', false);
}

/* A Secret: bytes below `data`, what it is in `type`. */
static void put_secret_data(struct walk *k, const struct conf_document *doc)
{
    const struct node *data = node_find(fields_of(doc), "data");

    put_member(k, "type", doc->kind->is_global ? SPAN_LIT("system.kuma.io/global-secret") : SPAN_LIT("system.kuma.io/secret"));
    if (data == NULL || k->secrets == CANONICAL_SECRETS_LEFT_OUT)
        return;
    canonical_write_key(&k->w, SPAN_LIT("data"));
    canonical_write_open(&k->w, '{', false);
    put_member(k, "value", k->secrets == CANONICAL_SECRETS_MASKED ? SPAN_LIT("***") : data->text);
    canonical_write_close(&k->w, '}', false);
}

/* Kinds of Kubernetes itself: namespaces stand in their names here. */
static void put_cluster(struct walk *k, const struct conf_document *doc)
{
    struct span name = gateway_api_name(doc);
    bool has_namespace = name.len < doc->name.len, has_mesh = !doc->kind->is_global && !span_is(doc->mesh, SPAN_LIT("default"));
    const struct node *fields = fields_of(doc);

    canonical_write_open(&k->w, '{', false);
    put_member(k, "apiVersion", span_str(gateway_api_version(doc->kind)));
    put_member(k, "kind", span_str(doc->kind->type));
    canonical_write_key(&k->w, SPAN_LIT("metadata"));
    canonical_write_open(&k->w, '{', false);
    put_member(k, "name", name);
    if (has_namespace)
        put_member(k, "namespace", gateway_api_namespace(doc));
    put_labels(k, doc, has_mesh ? doc->mesh : SPAN_NONE, has_namespace);
    canonical_write_close(&k->w, '}', false);
    if (doc->kind->has_spec)
        put_spec(k, doc);
    else if (fields != NULL)
        put_fields(k, doc->kind->table, fields);
    canonical_write_close(&k->w, '}', false);
}

/* Kuma's older kinds are of the whole cluster and have `mesh` at the top; the others lie in its system's namespace, with a label. */
static void put_kubernetes(struct walk *k, const struct conf_document *doc)
{
    bool is_secret = span_ends(span_str(doc->kind->type), SPAN_LIT("Secret"));
    bool is_old = !doc->kind->has_spec && !is_secret;

    if (gateway_api_version(doc->kind) != NULL) {
        put_cluster(k, doc);
        return;
    }
    canonical_write_open(&k->w, '{', false);
    put_member(k, "apiVersion", is_secret ? SPAN_LIT("v1") : SPAN_LIT("kuma.io/v1alpha1"));
    put_member(k, "kind", is_secret ? SPAN_LIT("Secret") : span_str(doc->kind->type));
    if (is_old && !doc->kind->is_global)
        put_member(k, "mesh", doc->mesh);
    canonical_write_key(&k->w, SPAN_LIT("metadata"));
    canonical_write_open(&k->w, '{', false);
    put_member(k, "name", doc->name);
    if (!is_old)
        put_member(k, "namespace", SPAN_LIT("kuma-system"));
    put_labels(k, doc, is_old || doc->kind->is_global ? SPAN_NONE : doc->mesh, false);
    canonical_write_close(&k->w, '}', false);
    if (is_secret)
        put_secret_data(k, doc);
    else
        put_spec(k, doc);
    canonical_write_close(&k->w, '}', false);
}

static struct span write(const struct conf_document *doc, struct conf_arena *arena, enum canonical_secrets secrets, bool is_yaml,
                         void (*put)(struct walk *k, const struct conf_document *doc))
{
    struct conf_text text;
    struct walk k = { .kind = doc->kind, .secrets = secrets };

    MUST(doc->name.at != NULL);
    conf_text_open(&text, arena);
    canonical_write_init(&k.w, &text.out, is_yaml);
    put(&k, doc);
    return conf_text_close(&text);
}

struct span canonical_json(const struct conf_document *doc, struct conf_arena *arena, enum canonical_secrets secrets)
{
    return write(doc, arena, secrets, false, put_universal);
}

struct span canonical_yaml(const struct conf_document *doc, struct conf_arena *arena, enum canonical_secrets secrets)
{
    return write(doc, arena, secrets, true, put_universal);
}

struct span canonical_kubernetes_yaml(const struct conf_document *doc, struct conf_arena *arena, enum canonical_secrets secrets)
{
    return write(doc, arena, secrets, true, put_kubernetes);
}
