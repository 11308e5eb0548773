/* field_table.h - a kind is a const table of fields; typed structs are filled from nodes by it, all errors at once.
 *
 * Layer:  conf.
 * Owner:  what is filled lives in the env's arena and points to nodes and their texts.
 *
 * Adding a kind or a field is adding rows: the reader, and later the schema, the manual and the forms, come from here.
 * Every filled object starts with `const struct node *node`, its place. Numbers of any type are int64_t, FIELD_ABSENT when
 * neither written nor defaulted; texts are spans with at == NULL when absent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "conf/diag.h"

struct conf_arena;
struct node;
struct object_table;

#define FIELD_ABSENT INT64_MIN

enum value_type {          /* what is filled in                                                         */
    TYPE_STRING = 0,       /* struct span; min..max bytes                                               */
    TYPE_NAME,             /* struct span; RFC 1123 subdomain                                           */
    TYPE_HOSTNAME,         /* struct span, made lower case; no address                                  */
    TYPE_HOST_PATTERN,     /* struct span, made lower case; a host name, "*.x", "*", or empty           */
    TYPE_HEADER_NAME,      /* struct span; lower-case token, at most 256 bytes                          */
    TYPE_BASE64,           /* struct span, decoded                                                      */
    TYPE_ENUM,             /* int64_t, the value of the enum_row                                        */
    TYPE_INT,              /* int64_t, min..max                                                         */
    TYPE_BOOL,             /* int64_t, 0 or 1                                                           */
    TYPE_DURATION,         /* int64_t nanoseconds, min..max; Go's form: 500ms, 10s, 1h30m               */
    TYPE_BYTES,            /* int64_t, min..max; a number, or one with Ki, Mi, Gi, k, M, G              */
    TYPE_PERCENTAGE,       /* int64_t millionths of one; 50 or "2.5"                                    */
    TYPE_INT_OR_STRING,    /* struct span, as written                                                   */
    TYPE_OBJECT,           /* const struct <object> *, NULL when absent                                 */
    TYPE_LIST,             /* struct list of `of`; min..max items                                       */
    TYPE_MAP,              /* struct list of struct map_item                                            */
    TYPE_NODE,             /* const struct node *, as it is: read by the kind itself                    */
    TYPE_IGNORED,          /* nothing: written by servers, or without meaning here                      */
    TYPE_REMOVED,          /* an error; doc says what to write instead                                  */
    TYPE_REFUSED,          /* an error; doc says why this version cannot do it                          */
};

struct enum_row {
    const char *name;
    int64_t     value;
    const char *refusal;   /* NULL, or why it is known but not taken, and what to write instead */
    const char *older;     /* NULL, or what to write in place of a form that the next Kuma will not read: a warning */
    const char *not_enforced; /* NULL, or as field_row has it */
};

struct field_row {
    const char     *name;
    const char     *alias;       /* another spelling, read silently; or NULL */
    enum value_type type, of;
    uint16_t        offset;      /* in the object's struct */
    bool            is_required;
    bool            is_atomic;   /* merging replaces it whole (Kuma's non-mergeable structs)        */
    bool            is_appended; /* merging concatenates the lists (Kuma's Append... fields)        */
    bool            is_secret;   /* its value is never shown: not in answers, diffs, logs or exports */
    int64_t         min, max;    /* both 0: any */
    const char     *fallback;    /* default, as an operator would write it; or NULL */
    const struct enum_row *enums; /* of a TYPE_ENUM, or of a list of it; ends with a NULL name */
    const struct object_table *object; /* of a TYPE_OBJECT, or of a list of it */
    const char     *doc;         /* one sentence: what it is; for REMOVED and REFUSED what to do instead */
    const char     *older;       /* NULL, or what to write in place of a form that the next Kuma will not read: a warning */
    const char     *not_enforced; /* NULL, or what this version does instead: read and checked, refused when compiled */
    const char     *harmless;    /* a value that says what is done anyway, so that not_enforced does not matter; or NULL */
};

struct object_table {
    const char *name;            /* for sentences: "listener" */
    const struct field_row *rows; /* ends with a NULL name */
    size_t      bytes;           /* of the struct */
    const char *doc;
};

struct list {
    const void        *items;    /* spans, int64_t, or structs of the object table, one behind the other */
    uint32_t           n;
    const struct node *node;     /* NULL: not written */
};

struct map_item {
    const struct node *node;
    struct span key, value;
};

struct field_env {
    struct conf_arena *arena;
    struct diag       *diag;
};

/* Fill out (zeroed, table->bytes long) from a map. false: env->diag says what is wrong; out is then usable for nothing
 * but its places. */
bool field_fill(const struct field_env *env, const struct object_table *table, const struct node *map, void *out);
/* Row of a field by its name or alias, or NULL. */
const struct field_row *field_find_row(const struct object_table *table, struct span name);
/* Place of a field of a filled object, or of the object when the field is not written. */
struct diag_place field_place(const void *object, const char *name);
bool field_is_written(const void *object, const char *name);
/* Value of a key in a filled TYPE_MAP, SPAN_NONE when it is not there. */
struct span field_map_find(const struct list *map, const char *key);
