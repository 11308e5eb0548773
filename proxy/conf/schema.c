/* schema.c - see schema.h.
 *
 * Layer:  conf.
 */
#include "conf/schema.h"

#include <stdio.h>

#include "conf/conf_set.h"
#include "conf/conf_text.h"
#include "conf/field_unit.h"
#include "conf/kind.h"
#include "proto/json_write.h"

#define LABEL "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
#define HOST_LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
/* The last label of an address in numbers is a number, that of a name is not. */
#define LAST_LABEL "([0-9]*[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?|[0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])"
#define HOST "(" HOST_LABEL "\\.)*" LAST_LABEL
#define UNITS "(ns|us|\xc2\xb5s|\xce\xbcs|ms|s|m|h)"

/* What a type of value looks like in JSON; {NULL}: anything. */
static const struct shape {
    const char *types[4];
    const char *pattern, *widget, *unit;
    uint32_t    length_max;
} shapes[] = {
    [TYPE_STRING]        = { { "string" }, .widget = "text" },
    [TYPE_NAME]          = { { "string" }, "^" LABEL "(\\." LABEL ")*$", "name", NULL, 253 },
    [TYPE_HOSTNAME]      = { { "string" }, "^" HOST "$", "host", NULL, 253 },
    [TYPE_HOST_PATTERN]  = { { "string" }, "^(|\\*|(\\*\\.)?" HOST ")$", "host", NULL, 255 },
    [TYPE_HEADER_NAME]   = { { "string" }, "^[a-z0-9!#$%&'*+.^_`|~-]+$", "header", NULL, 256 },
    [TYPE_BASE64]        = { { "string", "integer" }, "^[A-Za-z0-9+/= \n\r]*$", "file", NULL, 0 },
    [TYPE_ENUM]          = { .widget = "select" },
    [TYPE_INT]           = { { "integer" }, .widget = "number" },
    [TYPE_BOOL]          = { { "boolean" }, .widget = "toggle" },
    [TYPE_DURATION]      = { { "string", "integer" }, "^(0|(([0-9]+\\.?[0-9]*|\\.[0-9]+)" UNITS ")+)$", "duration", "duration", 0 },
    [TYPE_BYTES]         = { { "integer", "string" }, "^[0-9]+(k|M|G|Ki|Mi|Gi)?$", "bytes", "bytes", 0 },
    [TYPE_PERCENTAGE]    = { { "integer", "number", "string" }, "^(100(\\.0*)?|[0-9]{0,2}(\\.[0-9]*)?|0*[0-9]{1,2})$", "percentage",
                             "percent", 0 },
    [TYPE_INT_OR_STRING] = { { "integer", "string" }, .widget = "text" },
    [TYPE_OBJECT]        = { { "object" }, .widget = "group" },
    [TYPE_LIST]          = { { "array" }, .widget = "list" },
    [TYPE_MAP]           = { { "object" }, .widget = "map" },
    [TYPE_NODE]          = { .widget = "yaml" },
    [TYPE_IGNORED]       = { .widget = "hidden" },
    [TYPE_REMOVED]       = { .widget = "hidden" },
    [TYPE_REFUSED]       = { .widget = "hidden" },
};

static void put_members(struct json_write *j, const struct object_table *table, bool has_older_rules);
static void put_shape(struct json_write *j, const struct field_row *row, enum value_type type, bool may_be_null);

static void put_text(struct json_write *j, const char *key, const char *value)
{
    if (value != NULL)
        json_write_member(j, key, span_str(value));
}

static bool is_number(const char *text)
{
    return text[0] >= '0' && text[0] <= '9' && strspn(text, "0123456789") == strlen(text);
}

/* A value of the table as JSON has it. */
static void put_value(struct json_write *j, enum value_type type, const char *text)
{
    uint64_t number;

    if (type == TYPE_BOOL)
        json_write_bool(j, text[0] == 't');
    else if ((type == TYPE_INT || type == TYPE_ENUM || type == TYPE_BYTES || type == TYPE_PERCENTAGE || type == TYPE_INT_OR_STRING) &&
             is_number(text) && span_to_u64(span_str(text), &number))
        json_write_u64(j, number);
    else
        json_write_string(j, span_str(text));
}

/* One type as a text, several as a list. */
static void put_types(struct json_write *j, const char *const *types, bool may_be_null)
{
    if (types[0] == NULL)
        return;
    json_write_key(j, SPAN_LIT("type"));
    if (types[1] == NULL && !may_be_null) {
        json_write_string(j, span_str(types[0]));
        return;
    }
    json_write_open(j, '[');
    for (uint32_t i = 0; types[i] != NULL; i++)
        json_write_string(j, span_str(types[i]));
    if (may_be_null)
        json_write_string(j, SPAN_LIT("null"));
    json_write_close(j, ']');
}

/* ---- fields and values that are not taken ---- */

static bool is_gone(const struct field_row *row)
{
    return row->type == TYPE_REMOVED || row->type == TYPE_REFUSED;
}

static void put_gone(struct json_write *j, const char *name, const char *instead)
{
    json_write_open(j, '{');
    json_write_member(j, "name", span_str(name));
    json_write_member(j, "instead", span_str(instead));
    json_write_close(j, '}');
}

static void put_removed_fields(struct json_write *j, const struct object_table *table)
{
    bool has_any = false;

    for (const struct field_row *row = table->rows; row->name != NULL; row++)
        has_any |= is_gone(row);
    if (!has_any)
        return;
    json_write_key(j, SPAN_LIT("x-removed"));
    json_write_open(j, '[');
    for (const struct field_row *row = table->rows; row->name != NULL; row++)
        if (is_gone(row))
            put_gone(j, row->name, row->doc);
    json_write_close(j, ']');
}

/* The names of a list of values that have a sentence of one kind. */
static void put_value_sentences(struct json_write *j, const char *key, const struct enum_row *enums, size_t sentence_offset)
{
    bool is_open = false;

    for (const struct enum_row *e = enums; e->name != NULL; e++) {
        const char *sentence;
        memcpy(&sentence, (const uint8_t *)e + sentence_offset, sizeof(sentence));
        if (sentence == NULL)
            continue;
        if (!is_open) {
            json_write_key(j, span_str(key));
            json_write_open(j, '[');
            is_open = true;
        }
        put_gone(j, e->name, sentence);
    }
    if (is_open)
        json_write_close(j, ']');
}

/* ---- values ---- */

static void put_enum(struct json_write *j, const struct field_row *row, bool may_be_null)
{
    json_write_key(j, SPAN_LIT("enum"));
    json_write_open(j, '[');
    for (const struct enum_row *e = row->enums; e->name != NULL; e++) {
        if (e->refusal != NULL)
            continue;
        if (is_number(e->name)) /* A status may be written as a text, too. */
            put_value(j, TYPE_ENUM, e->name);
        json_write_string(j, span_str(e->name));
    }
    if (may_be_null)
        json_write_null(j);
    json_write_close(j, ']');
    put_value_sentences(j, "x-removed", row->enums, offsetof(struct enum_row, refusal));
    put_value_sentences(j, "x-older", row->enums, offsetof(struct enum_row, older));
    put_value_sentences(j, "x-not-enforced", row->enums, offsetof(struct enum_row, not_enforced));
}

static void put_i64(struct json_write *j, const char *key, int64_t value)
{
    if (value < 0)
        return; /* No table has a negative bound: nothing is below zero anyway. */
    json_write_member_u64(j, key, (uint64_t)value);
}

/* Lengths are bytes to us and letters to JSON Schema: a text has no more letters than bytes. */
static void put_lengths(struct json_write *j, const struct field_row *row)
{
    if (row->min > 0)
        json_write_member_u64(j, "minLength", 1);
    if (row->min > 1)
        put_i64(j, "x-min-bytes", row->min);
    if (row->max > 0)
        put_i64(j, "maxLength", row->max);
}

static void put_range(struct json_write *j, const struct field_row *row, enum value_type type)
{
    char text[FIELD_UNIT_TEXT_BYTES];
    bool has_range = row->min != 0 || row->max != 0;

    if (type == TYPE_STRING && row->type == TYPE_STRING && has_range)
        put_lengths(j, row);
    if (type == TYPE_DURATION) { /* A number is 0 only. */
        json_write_member_u64(j, "minimum", 0);
        json_write_member_u64(j, "maximum", 0);
    }
    if (type == TYPE_DURATION && has_range) {
        json_write_member(j, "x-minimum", span_str(field_unit_text(type, row->min, text)));
        json_write_member(j, "x-maximum", span_str(field_unit_text(type, row->max, text)));
    }
    if (type == TYPE_PERCENTAGE) {
        json_write_member_u64(j, "minimum", 0);
        json_write_member_u64(j, "maximum", 100);
    }
    if ((type == TYPE_INT || type == TYPE_BYTES) && has_range) {
        put_i64(j, "minimum", row->min);
        put_i64(j, "maximum", row->max);
    }
    if (type == TYPE_BYTES && has_range) { /* Of texts with a unit, too. */
        put_i64(j, "x-minimum", row->min);
        put_i64(j, "x-maximum", row->max);
    }
}

static void put_list(struct json_write *j, const struct field_row *row)
{
    if (row->min > 0)
        put_i64(j, "minItems", row->min);
    if (row->max > 0)
        put_i64(j, "maxItems", row->max);
    json_write_key(j, SPAN_LIT("items"));
    json_write_open(j, '{');
    put_shape(j, row, row->of, false);
    json_write_close(j, '}');
}

/* The members that say what a value must be. */
static void put_shape(struct json_write *j, const struct field_row *row, enum value_type type, bool may_be_null)
{
    const struct shape *shape = &shapes[type];

    put_types(j, shape->types, may_be_null);
    if (type == TYPE_ENUM)
        put_enum(j, row, may_be_null);
    put_text(j, "pattern", shape->pattern);
    if (shape->length_max > 0)
        json_write_member_u64(j, "maxLength", shape->length_max);
    if (type == TYPE_BASE64)
        put_text(j, "contentEncoding", "base64");
    put_text(j, "x-unit", shape->unit);
    put_range(j, row, type);
    if (type == TYPE_OBJECT)
        put_members(j, row->object, false);
    if (type == TYPE_LIST)
        put_list(j, row);
    if (type == TYPE_MAP) {
        json_write_key(j, SPAN_LIT("additionalProperties"));
        json_write_open(j, '{');
        put_text(j, "type", "string");
        json_write_close(j, '}');
    }
}

static void put_field(struct json_write *j, const struct field_row *row, uint32_t order, bool is_alias)
{
    json_write_key(j, span_str(is_alias ? row->alias : row->name));
    json_write_open(j, '{');
    put_text(j, "description", row->doc);
    put_shape(j, row, row->type, !row->is_required);
    if (row->fallback != NULL) {
        json_write_key(j, SPAN_LIT("default"));
        put_value(j, row->type, row->fallback);
    }
    if (row->is_secret) {
        json_write_member_bool(j, "writeOnly", true);
        json_write_member_bool(j, "x-secret", true);
    }
    put_text(j, "x-older", row->older);
    put_text(j, "x-not-enforced", row->not_enforced);
    if (is_alias) {
        json_write_member_bool(j, "deprecated", true);
        json_write_member(j, "x-alias-of", span_str(row->name));
    } else {
        json_write_member_u64(j, "x-order", order);
        put_text(j, "x-widget", row->is_secret ? "secret" : shapes[row->type].widget);
    }
    json_write_close(j, '}');
}

/* ---- groups ---- */

/* `from` about Mesh, which the reader takes for `rules`. */
static void put_from(struct json_write *j)
{
    json_write_key(j, SPAN_LIT("from"));
    json_write_open(j, '{');
    put_text(j, "description", "the older form of `rules`, for everybody's requests");
    put_types(j, (const char *const[]){ "array", NULL }, true);
    put_i64(j, "minItems", 1);
    json_write_key(j, SPAN_LIT("items"));
    json_write_open(j, '{');
    put_text(j, "type", "object");
    json_write_key(j, SPAN_LIT("properties"));
    json_write_open(j, '{');
    json_write_key(j, SPAN_LIT("targetRef"));
    json_write_open(j, '{');
    put_text(j, "type", "object");
    json_write_key(j, SPAN_LIT("properties"));
    json_write_open(j, '{');
    json_write_key(j, SPAN_LIT("kind"));
    json_write_open(j, '{');
    put_text(j, "const", "Mesh");
    json_write_close(j, '}');
    json_write_close(j, '}');
    json_write_member_bool(j, "additionalProperties", false);
    json_write_close(j, '}');
    json_write_close(j, '}');
    json_write_key(j, SPAN_LIT("required"));
    json_write_open(j, '[');
    json_write_string(j, SPAN_LIT("targetRef"));
    json_write_close(j, ']');
    json_write_close(j, '}');
    json_write_member_bool(j, "deprecated", true);
    put_text(j, "x-alias-of", "rules");
    json_write_close(j, '}');
}

static void put_properties(struct json_write *j, const struct object_table *table, uint32_t *io_order)
{
    for (const struct field_row *row = table->rows; row->name != NULL; row++) {
        if (is_gone(row))
            continue;
        put_field(j, row, (*io_order)++, false);
        if (row->alias != NULL)
            put_field(j, row, 0, true);
    }
}

static void put_required(struct json_write *j, const struct object_table *table)
{
    for (const struct field_row *row = table->rows; row->name != NULL; row++)
        if (row->is_required && row->alias == NULL)
            json_write_string(j, span_str(row->name));
}

/* Members of an object's schema but for its type. */
static void put_members(struct json_write *j, const struct object_table *table, bool has_older_rules)
{
    uint32_t order = 0;

    json_write_key(j, SPAN_LIT("properties"));
    json_write_open(j, '{');
    put_properties(j, table, &order);
    if (has_older_rules)
        put_from(j);
    json_write_close(j, '}');
    json_write_key(j, SPAN_LIT("required"));
    json_write_open(j, '[');
    put_required(j, table);
    json_write_close(j, ']');
    json_write_member_bool(j, "additionalProperties", false);
    put_removed_fields(j, table);
}

/* type, mesh, name, labels ... and what servers set. */
static void put_envelope(struct json_write *j, const struct kind *kind, uint32_t *io_order)
{
    for (const struct field_row *row = conf_envelope_table.rows; row->name != NULL; row++) {
        struct span name = span_str(row->name);
        if (span_is(name, SPAN_LIT("spec")) || (kind->is_global && span_is(name, SPAN_LIT("mesh"))))
            continue;
        if (!span_is(name, SPAN_LIT("type"))) {
            put_field(j, row, (*io_order)++, false);
            continue;
        }
        json_write_key(j, name);
        json_write_open(j, '{');
        json_write_member(j, "const", span_str(kind->type));
        put_text(j, "description", row->doc);
        json_write_member_u64(j, "x-order", (*io_order)++);
        json_write_close(j, '}');
    }
}

static void put_spec(struct json_write *j, const struct kind *kind, uint32_t order)
{
    json_write_key(j, SPAN_LIT("spec"));
    json_write_open(j, '{');
    put_text(j, "type", "object");
    put_text(j, "description", kind->table->doc);
    put_members(j, kind->table, kind->policy != NULL && kind->policy->has_rules);
    json_write_member_u64(j, "x-order", order);
    json_write_close(j, '}');
}

static void put_document(struct json_write *j, const struct kind *kind)
{
    uint32_t order = 0;

    json_write_key(j, SPAN_LIT("properties"));
    json_write_open(j, '{');
    put_envelope(j, kind, &order);
    if (kind->has_spec)
        put_spec(j, kind, order);
    else
        put_properties(j, kind->table, &order);
    json_write_close(j, '}');
    json_write_key(j, SPAN_LIT("required"));
    json_write_open(j, '[');
    put_required(j, &conf_envelope_table);
    if (kind->has_spec)
        json_write_string(j, SPAN_LIT("spec"));
    else
        put_required(j, kind->table);
    json_write_close(j, ']');
    json_write_member_bool(j, "additionalProperties", false);
    if (!kind->has_spec)
        put_removed_fields(j, kind->table);
}

struct span schema_json(const struct kind *kind, struct conf_arena *arena)
{
    struct conf_text text;
    struct json_write j;
    char id[96];

    conf_text_open(&text, arena);
    json_write_init(&j, &text.out);
    json_write_open(&j, '{');
    put_text(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    snprintf(id, sizeof(id), "urn:apiforge:kind:%s", kind->type);
    put_text(&j, "$id", id);
    put_text(&j, "title", kind->type);
    put_text(&j, "description", kind->table->doc);
    put_text(&j, "type", "object");
    put_text(&j, "x-plural", kind->plural);
    put_text(&j, "x-short-name", kind->short_name);
    put_text(&j, "x-scope", kind->is_global ? "Global" : "Mesh");
    put_text(&j, "x-not-enforced", kind->not_enforced);
    put_document(&j, kind);
    json_write_close(&j, '}');
    return conf_text_close(&text);
}
