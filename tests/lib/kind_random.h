/* kind_random.h - random documents that the tables of a kind take: every type, edge values, aliases, odd letters.
 *
 * The text is YAML in flow style. What a kind's check asks for beyond its table is not known here, so some are refused by it.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/rng.h"
#include "conf/kind.h"

struct kind_random {
    struct rng rng;
    const struct kind *kind;
    bool   has_to;
    char   text[1 << 18];
    size_t used;
};

static inline uint32_t kind_random_pick(struct kind_random *k, uint32_t n)
{
    return rng_below(&k->rng, n);
}

static inline void __attribute__((format(printf, 2, 3))) kind_random_put(struct kind_random *k, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(k->text + k->used, sizeof(k->text) - k->used, format, args);
    va_end(args);
    MUST(n >= 0 && (size_t)n < sizeof(k->text) - k->used);
    k->used += (size_t)n;
}

/* In double quotes; letters that need it escaped. */
static inline void kind_random_quoted(struct kind_random *k, const char *text)
{
    kind_random_put(k, "\"");
    for (const char *p = text; *p != '\0'; p++)
        if (*p == '\n')
            kind_random_put(k, "\\n");
        else if ((unsigned char)*p < ' ' || *p == '"' || *p == '\\' || *p == 0x7f)
            kind_random_put(k, "\\x%02x", (unsigned)*p);
        else
            kind_random_put(k, "%c", *p);
    kind_random_put(k, "\"");
}

static const char *const kind_random_texts[] = {
    "a", "/", "/a/b", "no", "On", "y", "null", "~", "true", "1", "010", "0x1f", "0o17", "0b11", "1_000", "1e3", "1.5", ".5", "-.inf",
    ".NaN", "1:30", "12:30:45", "2001-12-14", "2001-12-14 21:59:43.10 -5", "2001-12-14t21:59:43Z", "10.0.0.1", "<<", "=", "---",
    "...", "- a", "-a", "? a", "a: b", "a:", "a #b", "a#b", "#a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'a'", "\"a\"", "[a",
    "{a", "a]", "a, b", " a", "a ", "a\nb", "a\nb\n", "a\n\nb\n\n", "\na", " a\nb", "a \nb", "a\n  b\n", "\t", "a\tb", "\x01",
    "\xc2\x85", "b\xe2\x80\xa8", "\xef\xbf\xbd", "\xf0\x9f\x90\x99", "\xc3\xa9t\xc3\xa9", "a\\b", "5s", "-----BEGIN X-----\nAb+/=\n",
};

static inline void kind_random_string(struct kind_random *k, const struct field_row *row)
{
    bool any = row->min == 0 && row->max == 0;

    for (int i = 0; i < 8; i++) {
        const char *text = kind_random_texts[kind_random_pick(k, sizeof(kind_random_texts) / sizeof(kind_random_texts[0]))];
        int64_t n = (int64_t)strlen(text);
        if (any || (n >= row->min && n <= row->max)) {
            kind_random_quoted(k, text);
            return;
        }
    }
    kind_random_put(k, "\"%.*s\"", row->min > 0 ? (int)row->min : 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static inline int64_t kind_random_number(struct kind_random *k, const struct field_row *row)
{
    int64_t low = row->min, high = row->min == 0 && row->max == 0 ? 1000 : row->max;

    switch (kind_random_pick(k, 3)) {
    case 0:  return low;
    case 1:  return high;
    default: return high - low > 0 && high - low < INT64_MAX - 1 ? low + (int64_t)(rng_u64(&k->rng) % (uint64_t)(high - low)) : low;
    }
}

static inline void kind_random_node(struct kind_random *k, uint32_t depth)
{
    static const char *const plain[] = { "true", "False", "7", "-7", "010", "0x1f", "1.5", "1.0e+3", "1e3", "word", "null", "no", "~" };

    switch (kind_random_pick(k, depth > 2 ? 2 : 4)) {
    case 0:
        kind_random_put(k, "%s", plain[kind_random_pick(k, sizeof(plain) / sizeof(plain[0]))]);
        break;
    case 1:
        kind_random_quoted(k, kind_random_texts[kind_random_pick(k, sizeof(kind_random_texts) / sizeof(kind_random_texts[0]))]);
        break;
    case 2:
        kind_random_put(k, "[");
        for (uint32_t n = kind_random_pick(k, 3); n > 0; n--, kind_random_put(k, n > 0 ? ", " : ""))
            kind_random_node(k, depth + 1);
        kind_random_put(k, "]");
        break;
    default:
        kind_random_put(k, "{");
        for (uint32_t n = kind_random_pick(k, 3); n > 0; n--, kind_random_put(k, n > 0 ? ", " : "")) {
            kind_random_put(k, "\"k%u\": ", n);
            kind_random_node(k, depth + 1);
        }
        kind_random_put(k, "}");
        break;
    }
}

static inline void kind_random_scalar(struct kind_random *k, const struct field_row *row, enum value_type type)
{
    static const char *const bools[] = { "true", "True", "FALSE", "false" };
    static const char *const hosts[] = { "a.example.com", "Shop.Example.COM", "localhost" };
    static const char *const patterns[] = { "\"*\"", "\"\"", "\"*.Example.com\"", "a.b" };
    static const char *const percentages[] = { "0", "100", "50", "\"2.5\"", "\"007\"", "\"50\"", "0.5" };
    static const char *const either[] = { "5", "\"5\"", "010", "word", "\"-3\"", "\"true\"", "\"1.5\"" };
    static const char *const names[] = { "a", "shop", "a-b.c", "\"1a\"", "\"1\"", "\"1e3\"" };
    uint32_t enums_n = 0, at;
    int64_t number;

    switch (type) {
    case TYPE_STRING:
        kind_random_string(k, row);
        break;
    case TYPE_NAME:
        kind_random_put(k, "%s", names[kind_random_pick(k, 6)]);
        break;
    case TYPE_HOSTNAME:
        kind_random_put(k, "%s", hosts[kind_random_pick(k, 3)]);
        break;
    case TYPE_HOST_PATTERN:
        kind_random_put(k, "%s", patterns[kind_random_pick(k, 4)]);
        break;
    case TYPE_HEADER_NAME:
        kind_random_put(k, "x-%c", 'a' + (char)kind_random_pick(k, 26));
        break;
    case TYPE_BASE64:
        kind_random_put(k, kind_random_pick(k, 2) == 0 ? "\"aGk=\"" : "\"YWJj\\nZGVm\\n\"");
        break;
    case TYPE_ENUM:
        for (const struct enum_row *e = row->enums; e->name != NULL; e++)
            enums_n += e->refusal == NULL;
        at = kind_random_pick(k, enums_n);
        for (const struct enum_row *e = row->enums; e->name != NULL; e++)
            if (e->refusal == NULL && at-- == 0)
                kind_random_put(k, kind_random_pick(k, 2) == 0 ? "\"%s\"" : "%s", e->name);
        break;
    case TYPE_INT:
        number = kind_random_number(k, row);
        kind_random_put(k, kind_random_pick(k, 4) == 0 && number >= 0 && number < 1000000 ? "00%lld" : "%lld", (long long)number);
        break;
    case TYPE_BOOL:
        kind_random_put(k, "%s", bools[kind_random_pick(k, 4)]);
        break;
    case TYPE_DURATION:
        kind_random_put(k, "%lldms", (long long)(kind_random_number(k, row) / 1000000));
        break;
    case TYPE_BYTES:
        number = kind_random_number(k, row);
        kind_random_put(k, kind_random_pick(k, 2) == 0 || number > 1000000 ? "\"%lld\"" : "0%lld", (long long)number);
        break;
    case TYPE_PERCENTAGE:
        kind_random_put(k, "%s", percentages[kind_random_pick(k, 7)]);
        break;
    case TYPE_INT_OR_STRING:
        kind_random_put(k, "%s", either[kind_random_pick(k, 7)]);
        break;
    case TYPE_OBJECT:
    case TYPE_LIST:
    case TYPE_MAP:
    case TYPE_NODE:
    case TYPE_IGNORED:
    case TYPE_REMOVED:
    case TYPE_REFUSED:
        must_not_reach("not a scalar");
    }
}

static inline void kind_random_object(struct kind_random *k, const struct object_table *table);

static inline void kind_random_list(struct kind_random *k, const struct field_row *row);
static inline void kind_random_map(struct kind_random *k);

static inline void kind_random_value(struct kind_random *k, const struct field_row *row, enum value_type type)
{
    if (type == TYPE_OBJECT)
        kind_random_object(k, row->object);
    else if (type == TYPE_LIST)
        kind_random_list(k, row);
    else if (type == TYPE_MAP)
        kind_random_map(k);
    else if (type == TYPE_NODE)
        kind_random_node(k, 0);
    else
        kind_random_scalar(k, row, type);
}

static inline void kind_random_list(struct kind_random *k, const struct field_row *row)
{
    int64_t n = row->min + kind_random_pick(k, row->max == 0 || row->max > row->min ? 2 : 1);

    kind_random_put(k, "[");
    for (int64_t i = 0; i < n; i++) {
        kind_random_put(k, i > 0 ? ", " : "");
        kind_random_value(k, row, row->of);
    }
    kind_random_put(k, "]");
}

static inline void kind_random_map(struct kind_random *k)
{
    uint32_t n = kind_random_pick(k, 3);

    kind_random_put(k, "{");
    for (uint32_t i = 0; i < n; i++) {
        kind_random_put(k, "%s\"%c", i > 0 ? ", " : "", 'z' - (char)i);
        kind_random_put(k, kind_random_pick(k, 2) == 0 ? "/no: \": " : "\": ");
        kind_random_quoted(k, kind_random_texts[kind_random_pick(k, sizeof(kind_random_texts) / sizeof(kind_random_texts[0]))]);
    }
    kind_random_put(k, "}");
}

static inline bool kind_random_is_written(const struct field_row *row)
{
    return row->type != TYPE_IGNORED && row->type != TYPE_REMOVED && row->type != TYPE_REFUSED;
}

/* Members, each after a comma but the first. */
static inline void kind_random_fields(struct kind_random *k, const struct object_table *table, bool is_first)
{
    for (const struct field_row *row = table->rows; row->name != NULL; row++) {
        if (!kind_random_is_written(row) || (!row->is_required && kind_random_pick(k, 10) < 5) ||
            (table == k->kind->table && k->has_to && strcmp(row->name, "rules") == 0))
            continue;
        k->has_to |= table == k->kind->table && strcmp(row->name, "to") == 0; /* Then no `rules`: they exclude each other. */
        kind_random_put(k, "%s%s: ", is_first ? "" : ", ", row->alias != NULL && kind_random_pick(k, 2) == 0 ? row->alias : row->name);
        is_first = false;
        if (!row->is_required && kind_random_pick(k, 20) == 0)
            kind_random_put(k, "null");
        else
            kind_random_value(k, row, row->type);
    }
}

static inline void kind_random_object(struct kind_random *k, const struct object_table *table)
{
    kind_random_put(k, "{");
    kind_random_fields(k, table, true);
    kind_random_put(k, "}");
}

/* A document `r` of a kind, in k->text. */
static inline void kind_random_document(struct kind_random *k, const struct kind *kind)
{
    k->used = 0;
    k->kind = kind;
    k->has_to = false;
    kind_random_put(k, "{type: %s, name: r", kind->type);
    if (kind_random_pick(k, 2) == 0)
        kind_random_put(k, ", labels: {z: \"1\", a: \"no\"}, creationTime: x");
    if (kind->has_spec) {
        kind_random_put(k, ", spec: ");
        kind_random_object(k, kind->table);
    } else {
        kind_random_fields(k, kind->table, false);
    }
    kind_random_put(k, "}\n");
}
