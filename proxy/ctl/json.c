/* json.c - see json.h. */
#include "ctl/json.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "conf/conf_arena.h"
#include "proto/json_write.h"

/* ---- reading ---- */

static void *arena_malloc(void *owner, size_t bytes)
{
    return conf_arena_take(owner, bytes);
}

static void *arena_realloc(void *owner, void *at, size_t bytes_old, size_t bytes)
{
    void *more = conf_arena_take(owner, bytes);

    if (more != NULL && at != NULL)
        memcpy(more, at, bytes_old < bytes ? bytes_old : bytes);
    return more;
}

static void arena_free(void *owner, void *at)
{
    UNUSED(owner);
    UNUSED(at); /* With the arena. */
}

struct yyjson_val *json_read(struct conf_arena *arena, struct span text)
{
    const yyjson_alc memory = { arena_malloc, arena_realloc, arena_free, arena };
    yyjson_doc *doc;

    if (text.len == 0)
        return NULL;
    doc = yyjson_read_opts((char *)(uintptr_t)text.at, text.len, YYJSON_READ_NOFLAG, &memory, NULL); /* Without INSITU it only reads. */
    return doc != NULL ? yyjson_doc_get_root(doc) : NULL;
}

struct yyjson_val *json_member(struct yyjson_val *val, const char *name)
{
    return yyjson_obj_get(val, name);
}

struct span json_text(struct yyjson_val *val)
{
    const char *text = yyjson_get_str(val);

    return text != NULL ? span_of(text, yyjson_get_len(val)) : SPAN_LIT("");
}

struct span json_member_text(struct yyjson_val *val, const char *name)
{
    return json_text(json_member(val, name));
}

uint64_t json_member_number(struct yyjson_val *val, const char *name)
{
    struct yyjson_val *member = json_member(val, name);

    return yyjson_is_real(member) && yyjson_get_real(member) > 0 ? (uint64_t)yyjson_get_real(member) : yyjson_get_uint(member);
}

double json_member_real(struct yyjson_val *val, const char *name)
{
    return yyjson_get_num(json_member(val, name));
}

bool json_member_is_true(struct yyjson_val *val, const char *name)
{
    return yyjson_is_true(json_member(val, name));
}

struct yyjson_val *json_item(struct yyjson_val *list, uint32_t at)
{
    return yyjson_arr_get(list, at);
}

uint32_t json_items_n(struct yyjson_val *list)
{
    return (uint32_t)yyjson_arr_size(list);
}

/* ---- writing ---- */

static void write_scalar(struct yyjson_val *val, struct text_write *out)
{
    char number[64];
    struct json_write j;

    if (yyjson_is_str(val)) {
        json_write_init(&j, out);
        json_write_string(&j, json_text(val));
        return;
    }
    if (yyjson_is_null(val))
        text_write_str(out, "null");
    else if (yyjson_is_bool(val))
        text_write_str(out, yyjson_get_bool(val) ? "true" : "false");
    else if (yyjson_is_uint(val))
        text_write_u64(out, yyjson_get_uint(val));
    else if (yyjson_is_sint(val)) {
        snprintf(number, sizeof(number), "%lld", (long long)yyjson_get_sint(val));
        text_write_str(out, number);
    } else {
        snprintf(number, sizeof(number), "%.17g", yyjson_get_real(val));
        text_write_str(out, number);
    }
}

static bool is_empty(struct yyjson_val *val)
{
    return (yyjson_is_obj(val) && yyjson_obj_size(val) == 0) || (yyjson_is_arr(val) && yyjson_arr_size(val) == 0);
}

static void write_indent(struct text_write *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        text_write_str(out, "  ");
}

static void write_pretty(struct yyjson_val *val, unsigned depth, struct text_write *out)
{
    bool is_map = yyjson_is_obj(val);
    size_t i, n;
    struct yyjson_val *key, *item;

    if (!is_map && !yyjson_is_arr(val)) {
        write_scalar(val, out);
        return;
    }
    text_write_byte(out, is_map ? '{' : '[');
    if (is_map) {
        yyjson_obj_foreach(val, i, n, key, item) {
            text_write_str(out, i > 0 ? ",\n" : "\n");
            write_indent(out, depth + 1);
            write_scalar(key, out);
            text_write_str(out, ": ");
            write_pretty(item, depth + 1, out);
        }
    } else {
        yyjson_arr_foreach(val, i, n, item) {
            text_write_str(out, i > 0 ? ",\n" : "\n");
            write_indent(out, depth + 1);
            write_pretty(item, depth + 1, out);
        }
    }
    if (!is_empty(val)) {
        text_write_byte(out, '\n');
        write_indent(out, depth);
    }
    text_write_byte(out, is_map ? '}' : ']');
}

void json_pretty(struct yyjson_val *val, struct text_write *out)
{
    write_pretty(val, 0, out);
    text_write_byte(out, '\n');
}

/* May it stand without quotes, and still be a text to every reader? Letters first, then what has no meaning anywhere. */
static bool is_plain(struct span text)
{
    static const char *const words[] = { "true", "false", "null", "yes", "no", "on", "off", "y", "n" };

    if (text.len == 0 || text.at[text.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c == '/' && text.len > 1);

        if (!is_letter && (i == 0 || ((c < '0' || c > '9') && strchr("-_. ", c) == NULL) || c == 0))
            return false;
    }
    for (unsigned i = 0; i < COUNT(words); i++)
        if (span_is_nocase(text, span_str(words[i])))
            return false;
    return true;
}

static void write_yaml_scalar(struct yyjson_val *val, struct text_write *out)
{
    if (is_empty(val))
        text_write_str(out, yyjson_is_obj(val) ? "{}" : "[]");
    else if (yyjson_is_str(val) && is_plain(json_text(val)))
        text_write_span(out, json_text(val));
    else
        write_scalar(val, out);
}

/* What stands behind "key:" or "-": a scalar on the line, the rest below. is_open: the cursor is where the first key may stand. */
static void write_yaml(struct yyjson_val *val, unsigned depth, bool is_open, struct text_write *out)
{
    bool is_map = yyjson_is_obj(val);
    size_t i, n;
    struct yyjson_val *key, *item;

    if ((!is_map && !yyjson_is_arr(val)) || is_empty(val)) {
        write_yaml_scalar(val, out);
        text_write_byte(out, '\n');
        return;
    }
    if (is_map) {
        yyjson_obj_foreach(val, i, n, key, item) {
            bool is_block = (yyjson_is_obj(item) || yyjson_is_arr(item)) && !is_empty(item);

            if (i > 0 || !is_open)
                write_indent(out, depth);
            write_yaml_scalar(key, out);
            text_write_str(out, is_block ? ":\n" : ": ");
            write_yaml(item, yyjson_is_arr(item) ? depth : depth + 1, false, out);
        }
    } else {
        yyjson_arr_foreach(val, i, n, item) {
            if (i > 0 || !is_open)
                write_indent(out, depth);
            text_write_str(out, "- ");
            write_yaml(item, depth + 1, true, out);
        }
    }
}

void json_yaml(struct yyjson_val *val, struct text_write *out)
{
    write_yaml(val, 0, true, out);
}
