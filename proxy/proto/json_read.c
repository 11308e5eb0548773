/* json_read.c - see json_read.h. */
#include "proto/json_read.h"

#include <yyjson.h>

size_t json_read_memory(size_t text_bytes)
{
    return yyjson_read_max_memory_usage(text_bytes, YYJSON_READ_NOFLAG) + 64;
}

/* Brackets outside of texts; what is no JSON is found out by the reader. */
static bool is_deep(struct span text, size_t *out_offset)
{
    uint32_t depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (in_text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            *out_offset = i;
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

struct yyjson_val *json_read_value(struct span text, void *memory, size_t memory_bytes, const char **out_sentence, size_t *out_offset)
{
    yyjson_read_err error = { 0 };
    yyjson_alc pool;
    yyjson_doc *doc;

    *out_offset = 0;
    *out_sentence = "it is empty";
    if (text.len == 0)
        return NULL;
    *out_sentence = "it is nested deeper than 64 levels";
    if (is_deep(text, out_offset))
        return NULL;
    *out_sentence = "there is no memory for it";
    if (memory == NULL || !yyjson_alc_pool_init(&pool, memory, memory_bytes))
        return NULL;
    doc = yyjson_read_opts((char *)(uintptr_t)text.at, text.len, YYJSON_READ_NOFLAG, &pool, &error); /* Without INSITU it only reads. */
    if (doc != NULL)
        return yyjson_doc_get_root(doc);
    *out_sentence = error.msg != NULL ? error.msg : "it is no JSON";
    *out_offset = error.pos;
    return NULL;
}

struct span json_read_text(struct yyjson_val *object, const char *name)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    const char *text = yyjson_get_str(value);

    return text != NULL ? span_of(text, yyjson_get_len(value)) : SPAN_LIT("");
}

uint64_t json_read_u64(struct yyjson_val *object, const char *name)
{
    yyjson_val *value = yyjson_obj_get(object, name);

    return yyjson_is_uint(value) ? yyjson_get_uint(value) : 0;
}

bool json_read_is_true(struct yyjson_val *object, const char *name)
{
    return yyjson_get_bool(yyjson_obj_get(object, name));
}
