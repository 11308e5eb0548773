/* schema_check.h - does a tree of nodes satisfy a JSON Schema, read as a tree of nodes, too? As much of 2020-12 as we generate.
 *
 * Ours: x-minimum and x-maximum of durations and sizes, x-min-bytes.
 */
#pragma once

#include <regex.h>
#include <stdlib.h>

#include "conf/document.h"
#include "conf/field_value.h"
#include "lib/check.h"

struct schema_check {
    char wrong[256]; /* the first thing */
};

static inline const char *schema_check_type(const struct node *n)
{
    if (n->kind == NODE_MAP)
        return "object";
    if (n->kind == NODE_LIST)
        return "array";
    if (!n->is_plain)
        return "string";
    switch (value_plain_kind(n->text)) {
    case PLAIN_NULL:     return "null";
    case PLAIN_BOOL:     return "boolean";
    case PLAIN_INT:      return "integer";
    case PLAIN_FLOAT:    return "number";
    case PLAIN_TEXT:
    case PLAIN_OLD_BOOL:
        break;
    }
    return value_plain_kind(n->text) == PLAIN_OLD_BOOL ? "boolean of YAML 1.1" : "string";
}

static inline bool schema_check_says(struct schema_check *c, const char *keyword, const struct node *n)
{
    if (c->wrong[0] == '\0')
        snprintf(c->wrong, sizeof(c->wrong), "%s at %u:%u", keyword, n->line, n->column);
    return false;
}

static inline bool schema_check_is_in(const struct node *list, struct span text)
{
    for (const struct node *item = list->first; item != NULL; item = item->next)
        if (span_is(item->text, text))
            return true;
    return false;
}

/* type and enum */
static inline bool schema_check_kind(struct schema_check *c, const struct node *schema, const struct node *n)
{
    const struct node *type = node_find(schema, "type"), *values = node_find(schema, "enum"), *one = node_find(schema, "const");
    const char *is = schema_check_type(n);

    if (type != NULL && type->kind == NODE_SCALAR && !span_is(type->text, span_str(is)))
        return schema_check_says(c, "type", n);
    if (type != NULL && type->kind == NODE_LIST && !schema_check_is_in(type, span_str(is)))
        return schema_check_says(c, "type", n);
    if (one != NULL && !span_is(one->text, n->text))
        return schema_check_says(c, "const", n);
    if (values == NULL)
        return true;
    for (const struct node *v = values->first; v != NULL; v = v->next)
        if ((span_is(v->text, n->text) && strcmp(schema_check_type(v), is) == 0) || (node_is_null(v) && node_is_null(n)))
            return true;
    return schema_check_says(c, "enum", n);
}

static inline int64_t schema_check_number(const struct node *schema, const char *key, int64_t fallback)
{
    const struct node *n = node_find(schema, key);
    int64_t value;

    if (n == NULL)
        return fallback;
    CHECK(value_int(n->text, &value) || value_duration(n->text, &value), "%s: %.*s\n", key, SPAN_FMT(n->text));
    return value;
}

static inline bool schema_check_scalar(struct schema_check *c, const struct node *schema, const struct node *n)
{
    const struct node *pattern = node_find(schema, "pattern"), *unit = node_find(schema, "x-unit");
    int64_t len = (int64_t)n->text.len, letters = 0, value;
    const char *is = schema_check_type(n);

    for (size_t i = 0; i < n->text.len; i++)
        letters += (n->text.at[i] & 0xc0) != 0x80;
    if (strcmp(is, "integer") == 0 && value_int(n->text, &value) &&
        (value < schema_check_number(schema, "minimum", INT64_MIN) || value > schema_check_number(schema, "maximum", INT64_MAX)))
        return schema_check_says(c, "minimum or maximum", n);
    if (strcmp(is, "integer") == 0 && node_find(schema, "type") != NULL && !value_int(n->text, &value)) /* 0x1, or too long */
        return schema_check_says(c, "integer", n);
    if (unit != NULL && (span_is(unit->text, SPAN_LIT("duration")) ? value_duration(n->text, &value)
                         : span_is(unit->text, SPAN_LIT("bytes")) && value_bytes(n->text, &value)) &&
        (value < schema_check_number(schema, "x-minimum", INT64_MIN) || value > schema_check_number(schema, "x-maximum", INT64_MAX)))
        return schema_check_says(c, "x-minimum or x-maximum", n);
    if (strcmp(is, "string") != 0)
        return true;
    if (letters < schema_check_number(schema, "minLength", 0) || letters > schema_check_number(schema, "maxLength", INT64_MAX) ||
        len < schema_check_number(schema, "x-min-bytes", 0))
        return schema_check_says(c, "length", n);
    if (pattern != NULL) {
        regex_t regex;
        CHECK(regcomp(&regex, (const char *)pattern->text.at, REG_EXTENDED | REG_NOSUB) == 0, "%.*s\n", SPAN_FMT(pattern->text));
        bool fits = regexec(&regex, (const char *)n->text.at, 0, NULL, 0) == 0;
        regfree(&regex);
        if (!fits)
            return schema_check_says(c, "pattern", n);
    }
    return true;
}

static inline bool schema_check(struct schema_check *c, const struct node *schema, const struct node *n);

static inline bool schema_check_object(struct schema_check *c, const struct node *schema, const struct node *n)
{
    const struct node *properties = node_find(schema, "properties"), *more = node_find(schema, "additionalProperties");
    const struct node *required = node_find(schema, "required");

    for (const struct node *child = n->first; child != NULL; child = child->next) {
        const struct node *sub = properties != NULL ? node_find(properties, (const char *)child->key.at) : NULL;
        if (sub == NULL && more != NULL && more->kind == NODE_MAP)
            sub = more;
        if (sub == NULL && more != NULL)
            return schema_check_says(c, "additionalProperties", child);
        if (sub != NULL && !schema_check(c, sub, child))
            return false;
    }
    for (const struct node *name = required != NULL ? required->first : NULL; name != NULL; name = name->next)
        if (node_find(n, (const char *)name->text.at) == NULL)
            return schema_check_says(c, "required", n);
    return true;
}

static inline bool schema_check_list(struct schema_check *c, const struct node *schema, const struct node *n)
{
    const struct node *items = node_find(schema, "items");

    if (n->children_n < schema_check_number(schema, "minItems", 0) ||
        n->children_n > schema_check_number(schema, "maxItems", INT64_MAX))
        return schema_check_says(c, "minItems or maxItems", n);
    for (const struct node *child = n->first; child != NULL; child = child->next)
        if (items != NULL && !schema_check(c, items, child))
            return false;
    return true;
}

static inline bool schema_check(struct schema_check *c, const struct node *schema, const struct node *n)
{
    if (n->kind == NODE_REFUSED)
        return schema_check_says(c, "refused", n);
    if (!schema_check_kind(c, schema, n))
        return false;
    if (n->kind == NODE_MAP)
        return schema_check_object(c, schema, n);
    if (n->kind == NODE_LIST)
        return schema_check_list(c, schema, n);
    return schema_check_scalar(c, schema, n);
}
