/* field_table.c - nodes -> typed structs, by table; each problem told with its place and remedy.
 *
 * Layer:  conf.
 */
#include "conf/field_table.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/must.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/field_unit.h"
#include "conf/field_value.h"
#include "conf/suggest.h"

enum { NAMES_BYTES_MAX = 240, SHOWN_BYTES_MAX = 60 };

static bool fill_value(const struct field_env *env, const struct field_row *row, enum value_type type,
                       const struct node *n, void *out);

/* What the operator wrote, cut to a readable length. */
#define SHOWN(n) (int)((n)->text.len < SHOWN_BYTES_MAX ? (n)->text.len : SHOWN_BYTES_MAX), (const char *)(n)->text.at

static bool says(const struct field_env *env, const struct node *n, const struct field_row *row, const char *expected)
{
    if (n->kind == NODE_SCALAR)
        diag_error(env->diag, node_place(n), "`%s` must be %s, and is \"%.*s\"", row->name, expected, SHOWN(n));
    else if (n->kind != NODE_REFUSED)
        diag_error(env->diag, node_place(n), "`%s` must be %s, and is %s", row->name, expected, node_kind_name(n));
    return false;
}

static bool says_full(const struct field_env *env, const struct node *n)
{
    diag_error(env->diag, node_place(n), "the configuration does not fit into memory: leave some of it out");
    return false;
}

static bool check_range(const struct field_env *env, const struct field_row *row, const struct node *n, int64_t value)
{
    char low[FIELD_UNIT_TEXT_BYTES], high[FIELD_UNIT_TEXT_BYTES];

    if ((row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max))
        return true;
    diag_error(env->diag, node_place(n), "`%s` must be between %s and %s, and is %.*s", row->name,
               field_unit_text(row->type, row->min, low), field_unit_text(row->type, row->max, high), SHOWN(n));
    return false;
}

static void names_add(char *names, const char *name)
{
    size_t used = strlen(names);

    snprintf(names + used, NAMES_BYTES_MAX - used, "%s%s", used > 0 ? ", " : "", name);
}

static bool fill_enum(const struct field_env *env, const struct field_row *row, const struct node *n, int64_t *out)
{
    struct suggest near;
    char names[NAMES_BYTES_MAX] = "";

    suggest_init(&near, n->text);
    for (const struct enum_row *e = row->enums; e->name != NULL; e++) {
        if (span_is(n->text, span_str(e->name))) {
            if (e->refusal != NULL) {
                diag_error(env->diag, node_place(n), "`%s: %s` cannot be taken: %s", row->name, e->name, e->refusal);
                return false;
            }
            if (e->older != NULL)
                diag_warn(env->diag, node_place(n), "`%s: %s` is the older form: %s", row->name, e->name, e->older);
            *out = e->value;
            return true;
        }
        if (e->refusal == NULL) {
            suggest_offer(&near, e->name);
            names_add(names, e->name);
        }
    }
    if (near.best != NULL)
        diag_error(env->diag, node_place(n), "`%s` must be one of %s, and is \"%.*s\": did you mean `%s`?", row->name,
                   names, SHOWN(n), near.best);
    else
        diag_error(env->diag, node_place(n), "`%s` must be one of %s, and is \"%.*s\"", row->name, names, SHOWN(n));
    return false;
}

/* A text: quoted, or plain and nothing else than a text. */
static bool fill_text(const struct field_env *env, const struct field_row *row, const struct node *n, struct span *out)
{
    if (n->kind != NODE_SCALAR)
        return says(env, n, row, "a text");
    if (n->is_plain && value_plain_kind(n->text) != PLAIN_TEXT) {
        diag_error(env->diag, node_place(n), "`%s` must be a text: put it in quotes, \"%.*s\"", row->name, SHOWN(n));
        return false;
    }
    *out = n->text;
    return true;
}

static bool fill_string(const struct field_env *env, const struct field_row *row, const struct node *n, struct span *out)
{
    if (!fill_text(env, row, n, out))
        return false;
    if (row->type != TYPE_STRING || (row->min == 0 && row->max == 0) ||
        ((int64_t)out->len >= row->min && (int64_t)out->len <= row->max))
        return true;
    diag_error(env->diag, node_place(n), "`%s` must be %lld to %lld bytes long, and has %zu", row->name,
               (long long)row->min, (long long)row->max, out->len);
    return false;
}

static bool fill_hostname(const struct field_env *env, const struct field_row *row, const struct node *n,
                          bool with_wildcards, struct span *out)
{
    if (!fill_text(env, row, n, out))
        return false;
    if (!value_is_hostname(n->text, with_wildcards) && !(with_wildcards && n->text.len == 0))
        return says(env, n, row, with_wildcards ? "a host name such as shop.example.com, *.example.com or *"
                                                : "a host name, without scheme, port or wildcard");
    *out = value_lower(env->arena, n->text);
    return out->at != NULL || says_full(env, n);
}

static bool fill_base64(const struct field_env *env, const struct field_row *row, const struct node *n, struct span *out)
{
    *out = value_base64(env->arena, n->text); /* Digits alone are base64, too, with or without quotes. */
    if (out->at == NULL && env->arena->is_full)
        return says_full(env, n);
    if (out->at == NULL) /* Never shown: it may be a key that lost a letter. */
        diag_error(env->diag, node_place(n), "`%s` must be base64 (as `base64 -w0 FILE` prints it), and is not",
                   row->name);
    return out->at != NULL;
}

static bool fill_int(const struct field_env *env, const struct field_row *row, const struct node *n, int64_t *out)
{
    if (!n->is_plain || value_plain_kind(n->text) != PLAIN_INT || !value_int(n->text, out))
        return says(env, n, row, "a whole number without quotes");
    return check_range(env, row, n, *out);
}

static bool fill_bool(const struct field_env *env, const struct field_row *row, const struct node *n, int64_t *out)
{
    if (!n->is_plain || value_plain_kind(n->text) != PLAIN_BOOL)
        return says(env, n, row, "`true` or `false` without quotes");
    *out = (n->text.at[0] | 32) == 't';
    return true;
}

static size_t value_bytes_of(enum value_type type, const struct object_table *object)
{
    switch (type) {
    case TYPE_STRING:
    case TYPE_NAME:
    case TYPE_HOSTNAME:
    case TYPE_HOST_PATTERN:
    case TYPE_HEADER_NAME:
    case TYPE_BASE64:
    case TYPE_INT_OR_STRING:
        return sizeof(struct span);
    case TYPE_ENUM:
    case TYPE_INT:
    case TYPE_BOOL:
    case TYPE_DURATION:
    case TYPE_BYTES:
    case TYPE_PERCENTAGE:
        return sizeof(int64_t);
    case TYPE_OBJECT:
        return object->bytes;
    case TYPE_NODE:
        return sizeof(const struct node *);
    case TYPE_LIST:
    case TYPE_MAP:
    case TYPE_IGNORED:
    case TYPE_REMOVED:
    case TYPE_REFUSED:
        break;
    }
    must_not_reach("a list of this type has no meaning");
}

static bool fill_list(const struct field_env *env, const struct field_row *row, const struct node *n, struct list *out)
{
    size_t item_bytes = value_bytes_of(row->of, row->object);
    bool is_good = true;
    uint8_t *items;

    if (n->kind != NODE_LIST)
        return says(env, n, row, "a list (each item after a `-`)");
    if ((row->min != 0 || row->max != 0) && (n->children_n < row->min || n->children_n > row->max)) {
        diag_error(env->diag, node_place(n), "`%s` must have %lld to %lld items, and has %u", row->name,
                   (long long)row->min, (long long)row->max, n->children_n);
        is_good = false;
    }
    items = conf_arena_array(env->arena, n->children_n, item_bytes);
    if (items == NULL)
        return says_full(env, n);
    *out = (struct list){ .items = items, .n = n->children_n, .node = n };
    for (const struct node *item = n->first; item != NULL; item = item->next, items += item_bytes) {
        if (row->of == TYPE_OBJECT && item->kind != NODE_MAP)
            is_good = says(env, item, row, "a list of groups of fields");
        else if (row->of == TYPE_OBJECT)
            is_good &= field_fill(env, row->object, item, items);
        else
            is_good &= fill_value(env, row, row->of, item, items);
    }
    return is_good;
}

static bool fill_map(const struct field_env *env, const struct field_row *row, const struct node *n, struct list *out)
{
    struct map_item *items;
    bool is_good = true;

    if (n->kind != NODE_MAP)
        return says(env, n, row, "a group of `name: value` lines");
    items = conf_arena_array(env->arena, n->children_n, sizeof(*items));
    if (items == NULL)
        return says_full(env, n);
    *out = (struct list){ .items = items, .n = n->children_n, .node = n };
    for (const struct node *item = n->first; item != NULL; item = item->next, items++) {
        struct field_row value = { .name = (const char *)item->key.at };
        items->node = item;
        items->key = item->key;
        is_good &= fill_value(env, &value, TYPE_STRING, item, &items->value);
    }
    return is_good;
}

static bool fill_object(const struct field_env *env, const struct field_row *row, const struct node *n, void *out)
{
    void *object;

    if (n->kind != NODE_MAP)
        return says(env, n, row, "a group of fields");
    object = conf_arena_take(env->arena, row->object->bytes);
    if (object == NULL)
        return says_full(env, n);
    memcpy(out, &object, sizeof(object));
    return field_fill(env, row->object, n, object);
}

static bool fill_scalar(const struct field_env *env, const struct field_row *row, enum value_type type,
                        const struct node *n, void *out)
{
    struct span *text = out;
    int64_t *number = out;

    switch (type) {
    case TYPE_STRING:
        return fill_string(env, row, n, text);
    case TYPE_NAME:
        return fill_text(env, row, n, text) && (value_is_name(*text) ||
               says(env, n, row, "a name of lower-case letters, digits, `-` and `.`, at most 253 long"));
    case TYPE_HOSTNAME:
        return fill_hostname(env, row, n, false, text);
    case TYPE_HOST_PATTERN:
        return fill_hostname(env, row, n, true, text);
    case TYPE_HEADER_NAME:
        return fill_text(env, row, n, text) &&
               (value_is_header_name(*text) || says(env, n, row, "a header name in lower case, without colon"));
    case TYPE_BASE64:
        return fill_base64(env, row, n, text);
    case TYPE_INT_OR_STRING:
        *text = n->text;
        return !n->is_plain || value_plain_kind(n->text) == PLAIN_TEXT || value_plain_kind(n->text) == PLAIN_INT ||
               says(env, n, row, "a whole number, or a text in quotes");
    case TYPE_ENUM:
        return fill_enum(env, row, n, number);
    case TYPE_INT:
        return fill_int(env, row, n, number);
    case TYPE_BOOL:
        return fill_bool(env, row, n, number);
    case TYPE_DURATION:
        return value_duration(n->text, number) ? check_range(env, row, n, *number)
                                               : says(env, n, row, "a duration such as 500ms, 10s or 1h30m");
    case TYPE_BYTES:
        return value_bytes(n->text, number) ? check_range(env, row, n, *number)
                                            : says(env, n, row, "a number of bytes such as 65536, 64Ki or 10Mi");
    case TYPE_PERCENTAGE:
        return value_percentage(n->text, number) ||
               says(env, n, row, "a percentage from 0 to 100 such as 50 or \"2.5\"");
    case TYPE_OBJECT:
    case TYPE_LIST:
    case TYPE_MAP:
    case TYPE_NODE:
    case TYPE_IGNORED:
    case TYPE_REMOVED:
    case TYPE_REFUSED:
        break;
    }
    must_not_reach("fill_scalar: not a scalar's type");
}

static bool fill_value(const struct field_env *env, const struct field_row *row, enum value_type type,
                       const struct node *n, void *out)
{
    if (type == TYPE_REMOVED) {
        diag_error(env->diag, node_key_place(n), "`%s` was removed: %s", row->name, row->doc);
        return false;
    }
    if (type == TYPE_REFUSED) {
        diag_error(env->diag, node_key_place(n), "`%s` cannot be taken: %s", row->name, row->doc);
        return false;
    }
    if (n->kind == NODE_REFUSED)
        return false;
    if (type == TYPE_OBJECT)
        return fill_object(env, row, n, out);
    if (type == TYPE_LIST)
        return fill_list(env, row, n, out);
    if (type == TYPE_MAP)
        return fill_map(env, row, n, out);
    if (type == TYPE_IGNORED)
        return true;
    if (type == TYPE_NODE) {
        memcpy(out, &n, sizeof(n));
        return true;
    }
    return n->kind == NODE_SCALAR ? fill_scalar(env, row, type, n, out) : says(env, n, row, "a single value");
}

static void *field_at(void *object, const struct field_row *row)
{
    return (uint8_t *)object + row->offset;
}

/* Numbers start as absent, whatever else starts as zero. */
static void set_absent(const struct field_row *row, void *out)
{
    int64_t absent = FIELD_ABSENT;

    if (row->type == TYPE_ENUM || row->type == TYPE_INT || row->type == TYPE_BOOL || row->type == TYPE_DURATION ||
        row->type == TYPE_BYTES || row->type == TYPE_PERCENTAGE)
        memcpy(field_at(out, row), &absent, sizeof(absent));
}

const struct field_row *field_find_row(const struct object_table *table, struct span name)
{
    for (const struct field_row *row = table->rows; row->name != NULL; row++)
        if (span_is(name, span_str(row->name)) || (row->alias != NULL && span_is(name, span_str(row->alias))))
            return row;
    return NULL;
}

static void says_unknown(const struct field_env *env, const struct object_table *table, const struct node *child)
{
    char names[NAMES_BYTES_MAX] = "";
    struct suggest near;

    suggest_init(&near, child->key);
    for (const struct field_row *row = table->rows; row->name != NULL; row++) {
        if (row->type == TYPE_REMOVED || row->type == TYPE_REFUSED)
            continue;
        suggest_offer(&near, row->name);
        if (row->type != TYPE_IGNORED)
            names_add(names, row->name);
    }
    if (near.best != NULL)
        diag_error(env->diag, node_key_place(child), "`%.*s` is not a field of this %s: did you mean `%s`?",
                   SPAN_FMT(child->key), table->name, near.best);
    else
        diag_error(env->diag, node_key_place(child), "`%.*s` is not a field of this %s: it has %s", SPAN_FMT(child->key),
                   table->name, names);
}

static bool fill_missing(const struct field_env *env, const struct object_table *table, const struct field_row *row,
                         const struct node *map, void *out)
{
    struct node fallback = { .kind = NODE_SCALAR, .is_plain = true, .file = map->file, .line = map->line,
                             .column = map->column };

    if (row->is_required) {
        diag_error(env->diag, node_place(map), "`%s` is missing in this %s: %s", row->name, table->name, row->doc);
        return false;
    }
    if (row->fallback == NULL)
        return true;
    fallback.text = span_str(row->fallback);
    fallback.is_plain = row->type != TYPE_STRING;
    return fill_value(env, row, row->type, &fallback, field_at(out, row));
}

bool field_fill(const struct field_env *env, const struct object_table *table, const struct node *map, void *out)
{
    bool is_good = true;

    MUST(map->kind == NODE_MAP);
    memcpy(out, &map, sizeof(map));
    for (const struct field_row *row = table->rows; row->name != NULL; row++)
        set_absent(row, out);
    for (const struct node *child = map->first; child != NULL; child = child->next) {
        const struct field_row *row = field_find_row(table, child->key);
        if (row == NULL) {
            says_unknown(env, table, child);
            is_good = false;
        } else if (!node_is_null(child)) {
            if (row->older != NULL)
                diag_warn(env->diag, node_key_place(child), "`%s` is the older form: %s", row->name, row->older);
            is_good &= fill_value(env, row, row->type, child, field_at(out, row));
        }
    }
    for (const struct field_row *row = table->rows; row->name != NULL; row++) {
        const struct node *child = node_find(map, row->name);
        if (child == NULL && row->alias != NULL)
            child = node_find(map, row->alias);
        if (child == NULL || node_is_null(child))
            is_good &= fill_missing(env, table, row, map, out);
    }
    return is_good;
}

static const struct node *object_node(const void *object)
{
    const struct node *n;

    memcpy(&n, object, sizeof(n));
    return n;
}

struct diag_place field_place(const void *object, const char *name)
{
    const struct node *n = object_node(object), *child = node_find(n, name);

    return node_place(child != NULL ? child : n);
}

bool field_is_written(const void *object, const char *name)
{
    const struct node *child = node_find(object_node(object), name);

    return child != NULL && !node_is_null(child);
}

struct span field_map_find(const struct list *map, const char *key)
{
    const struct map_item *items = map->items;

    for (uint32_t i = 0; i < map->n; i++)
        if (span_is(items[i].key, span_str(key)))
            return items[i].value;
    return SPAN_NONE;
}
