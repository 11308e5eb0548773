/* manual.c - see manual.h.
 *
 * Layer:  conf.
 */
#include "conf/manual.h"

#include <stdio.h>

#include "base/must.h"
#include "conf/conf_text.h"
#include "conf/field_unit.h"
#include "conf/gateway_api.h"
#include "conf/kind.h"
#include "conf/kind_example.h"

enum { GROUPS_MAX = 96, PATH_BYTES_MAX = 240 };

/* A table that has, or will have, its section. */
struct group {
    const struct object_table *table;
    char path[PATH_BYTES_MAX];          /* "spec.to[].default" */
};

struct page {
    struct text_write *out;
    struct group groups[GROUPS_MAX];    /* in the order of their sections */
    uint32_t     groups_n;
};

static void put(struct page *p, const char *text)
{
    text_write_str(p->out, text);
}

/* Into a cell of a table: a bar would end it. */
static void put_cell(struct page *p, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            text_write_byte(p->out, '\\');
        text_write_byte(p->out, *text);
    }
}

static void put_code(struct page *p, const char *text)
{
    put(p, "`");
    put_cell(p, text);
    put(p, "`");
}

/* A sentence of a table starts with a small letter and has no full stop. */
static void put_sentence(struct page *p, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    text_write_byte(p->out, text[0] >= 'a' && text[0] <= 'z' ? (char)(text[0] - 32) : text[0]);
    put(p, text + 1);
    put(p, ".\n");
}

/* ---- types and ranges ---- */

static const char *type_name(enum value_type type)
{
    switch (type) {
    case TYPE_STRING:        return "text";
    case TYPE_NAME:          return "name";
    case TYPE_HOSTNAME:      return "host name";
    case TYPE_HOST_PATTERN:  return "host name, `*.x` or `*`";
    case TYPE_HEADER_NAME:   return "header name";
    case TYPE_BASE64:        return "base64";
    case TYPE_ENUM:          return "one of";
    case TYPE_INT:           return "whole number";
    case TYPE_BOOL:          return "`true` or `false`";
    case TYPE_DURATION:      return "duration (`500ms`, `10s`, `1h30m`)";
    case TYPE_BYTES:         return "size in bytes (`65536`, `64Ki`, `10Mi`)";
    case TYPE_PERCENTAGE:    return "percentage (`50` or `\"2.5\"`)";
    case TYPE_INT_OR_STRING: return "number or text";
    case TYPE_OBJECT:        return "group";
    case TYPE_LIST:          return "list of";
    case TYPE_MAP:           return "`name: text` lines";
    case TYPE_NODE:          return "any";
    case TYPE_IGNORED:       return "ignored";
    case TYPE_REMOVED:
    case TYPE_REFUSED:
        break;
    }
    return "removed";
}

static void put_enum_names(struct page *p, const struct enum_row *enums)
{
    bool is_first = true;

    for (const struct enum_row *e = enums; e->name != NULL; e++) {
        if (e->refusal != NULL)
            continue;
        put(p, is_first ? " " : ", ");
        put_code(p, e->name);
        is_first = false;
    }
}

/* Where the group's section is; its place is kept when it is met for the first time. */
static const char *group_path(struct page *p, const struct object_table *table, const char *path, const char *name, bool is_list)
{
    struct text_write full;
    struct group *g;

    for (uint32_t i = 0; i < p->groups_n; i++)
        if (p->groups[i].table == table)
            return p->groups[i].path;
    MUST(p->groups_n < GROUPS_MAX); /* manual_test writes every page. */
    g = &p->groups[p->groups_n++];
    g->table = table;
    text_write_init(&full, g->path, sizeof(g->path) - 1);
    text_write_str(&full, path);
    text_write_str(&full, path[0] != '\0' ? "." : "");
    text_write_str(&full, name);
    text_write_str(&full, is_list ? "[]" : "");
    MUST(!full.is_full);
    *full.at = '\0';
    return g->path;
}

static void put_type(struct page *p, const struct field_row *row, const char *path)
{
    bool is_list = row->type == TYPE_LIST;
    enum value_type type = is_list ? row->of : row->type;

    if (is_list)
        put(p, "list of ");
    put(p, is_list && type == TYPE_OBJECT ? "groups" : type_name(type));
    if (type == TYPE_ENUM)
        put_enum_names(p, row->enums);
    if (type == TYPE_OBJECT) {
        put(p, ", see ");
        put_code(p, group_path(p, row->object, path, row->name, is_list));
    }
}

static void put_range(struct page *p, const struct field_row *row)
{
    char low[FIELD_UNIT_TEXT_BYTES], high[FIELD_UNIT_TEXT_BYTES];
    const char *unit = row->type == TYPE_STRING ? " bytes" : row->type == TYPE_LIST ? " items" : "";

    if ((row->min == 0 && row->max == 0) || row->max == INT64_MAX)
        return;
    field_unit_text(row->type, row->min, low);
    field_unit_text(row->type, row->max, high);
    put(p, low);
    put(p, " to ");
    put(p, high);
    put(p, unit);
}

/* ---- tables ---- */

static bool is_gone(const struct field_row *row)
{
    return row->type == TYPE_REMOVED || row->type == TYPE_REFUSED;
}

static void put_row(struct page *p, const struct field_row *row, const char *path)
{
    put(p, "| ");
    put_code(p, row->name);
    put(p, row->is_required ? " (required) | " : " | ");
    put_type(p, row, path);
    put(p, " | ");
    if (row->fallback != NULL)
        put_code(p, row->fallback);
    put(p, " | ");
    put_range(p, row);
    put(p, " | ");
    put_cell(p, row->doc);
    if (row->is_secret)
        put(p, "; never shown once written");
    if (row->alias != NULL) {
        put(p, "; may be written ");
        put_code(p, row->alias);
    }
    if (row->older != NULL) {
        put(p, "; the next Kuma will not read it: ");
        put_cell(p, row->older);
    }
    if (row->not_enforced != NULL) {
        put(p, "; **not enforced by this version**: ");
        put_cell(p, row->not_enforced);
    }
    put(p, " |\n");
}

static void put_fields(struct page *p, const struct object_table *table, const char *path)
{
    put(p, "\n| Field | Type | Default | Range | What it is |\n|---|---|---|---|---|\n");
    for (const struct field_row *row = table->rows; row->name != NULL; row++)
        if (!is_gone(row) && row->type != TYPE_IGNORED)
            put_row(p, row, path);
}

static void put_gone(struct page *p, bool *io_is_open, const char *path, const char *name, const char *value, const char *instead)
{
    char full[PATH_BYTES_MAX + 128];

    if (!*io_is_open)
        put(p, "\n## Not taken (any more)\n\n| What | Instead |\n|---|---|\n");
    *io_is_open = true;
    snprintf(full, sizeof(full), "%s%s%s%s%s", path, path[0] != '\0' ? "." : "", name, value != NULL ? ": " : "",
             value != NULL ? value : "");
    put(p, "| ");
    put_code(p, full);
    put(p, " | ");
    put_cell(p, instead);
    put(p, " |\n");
}

/* Fields and values with a sentence about what to write instead, over all groups. */
static void put_removed(struct page *p)
{
    bool is_open = false;

    for (uint32_t i = 0; i < p->groups_n; i++)
        for (const struct field_row *row = p->groups[i].table->rows; row->name != NULL; row++) {
            if (is_gone(row))
                put_gone(p, &is_open, p->groups[i].path, row->name, NULL, row->doc);
            for (const struct enum_row *e = row->enums; e != NULL && e->name != NULL; e++) {
                if (e->refusal != NULL)
                    put_gone(p, &is_open, p->groups[i].path, row->name, e->name, e->refusal);
                if (e->not_enforced != NULL)
                    put_gone(p, &is_open, p->groups[i].path, row->name, e->name, e->not_enforced);
            }
        }
}

static void put_head(struct page *p, const struct kind *kind)
{
    put(p, "# ");
    put(p, kind->type);
    put(p, "\n\n");
    put_sentence(p, kind->table->doc);
    put(p, kind->is_global ? "\nIt belongs to no mesh" : "\nIt belongs to a mesh");
    put(p, "; in URLs it is ");
    put_code(p, kind->plural);
    if (kind->short_name != NULL) {
        put(p, ", in short ");
        put_code(p, kind->short_name);
    }
    put(p, kind->has_spec ? ". Its fields stand below `spec`.\n" : ". Its fields stand beside `type` and `name`.\n");
    if (gateway_api_version(kind) != NULL) {
        put(p, "\nIt is written as Kubernetes has it, with ");
        put(p, "`apiVersion: ");
        put(p, gateway_api_version(kind));
        put(p, "`");
        put(p, ", and no cluster is needed. One of namespace `N` is kept under the name `name.N`.\n");
    }
    if (kind->not_enforced != NULL) {
        put(p, "\n**Read and checked, but not enforced by this version**: ");
        put(p, kind->not_enforced);
        put(p, ".\n");
    }
    if (kind_example(kind) == NULL)
        return;
    put(p, "\n## Example\n\n```yaml\n");
    put(p, kind_example(kind));
    put(p, "```\n");
}

static void write_page(struct page *p, const struct kind *kind)
{
    put_head(p, kind);
    p->groups[p->groups_n++] = (struct group){ kind->table, "" };
    if (kind->has_spec)
        snprintf(p->groups[0].path, sizeof(p->groups[0].path), "spec");
    put(p, "\n## Fields\n");
    /* Each section finds further groups, which get theirs behind it. */
    for (uint32_t i = 0; i < p->groups_n; i++) {
        if (i > 0) {
            put(p, "\n### ");
            put_code(p, p->groups[i].path);
            put(p, "\n");
        }
        if (i > 0 && p->groups[i].table->doc != NULL) {
            put(p, "\n");
            put_sentence(p, p->groups[i].table->doc);
        }
        put_fields(p, p->groups[i].table, p->groups[i].path);
    }
    put_removed(p);
}

struct span manual_page(const struct kind *kind, struct conf_arena *arena)
{
    struct conf_text text;
    struct page p = { .out = &text.out };

    conf_text_open(&text, arena);
    write_page(&p, kind);
    return conf_text_close(&text);
}

struct span manual_index(struct conf_arena *arena)
{
    struct conf_text text;
    struct page p = { .out = &text.out };

    conf_text_open(&text, arena);
    put(&p, "# Kinds of documents\n\n| Kind | What it is | Enforced |\n|---|---|---|\n");
    for (uint32_t i = 0; i < KIND_N; i++) {
        put(&p, "| ");
        put_code(&p, kind_list[i]->type);
        put(&p, " | ");
        put_cell(&p, kind_list[i]->table->doc);
        put(&p, kind_list[i]->not_enforced == NULL ? " | yes |\n" : " | no |\n");
    }
    return conf_text_close(&text);
}
