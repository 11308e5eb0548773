/* json_write_fuzz.c - JSON made of any bytes is read back by somebody else's reader.
 *
 * Goal:   whatever a string holds, the text is JSON for yyjson, holds no control byte, and well-formed text survives
 *         unchanged.
 * Method: the input is key and value of one member, in a flat buffer and through a queue of small pieces.
 * Replay: json_write_fuzz FILE
 */
#include <yyjson.h>

#include "base/limits.h"
#include "proto/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void object_write(struct text_write *w, struct span text)
{
    struct json_write j;

    json_write_init(&j, w);
    json_write_open(&j, '{');
    json_write_key(&j, text);
    json_write_open(&j, '[');
    json_write_string(&j, text);
    json_write_u64(&j, text.len);
    json_write_close(&j, ']');
    json_write_close(&j, '}');
}

/* Write, read back, and answer the string that yyjson saw; its document is the caller's to free. */
static struct span round_trip(struct span text, char *out, uint32_t n, yyjson_doc **out_doc)
{
    yyjson_val *value = NULL, *key;

    for (uint32_t i = 0; i < n; i++)
        MUST((uint8_t)out[i] >= 0x20 && out[i] != 0x7f);
    *out_doc = yyjson_read(out, n, 0);
    MUST(*out_doc != NULL);
    yyjson_obj_iter iter = yyjson_obj_iter_with(yyjson_doc_get_root(*out_doc));
    while ((key = yyjson_obj_iter_next(&iter)) != NULL)
        value = yyjson_obj_iter_get_val(key);
    MUST(yyjson_get_uint(yyjson_arr_get(value, 1)) == text.len);
    yyjson_val *string = yyjson_arr_get(value, 0);
    return span_of(yyjson_get_str(string), yyjson_get_len(string));
}

static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] >= 0x80)
            return false;
    }
    return true;
}

static void fuzz_flat(struct span text, char *out, uint32_t out_bytes)
{
    struct text_write w;
    yyjson_doc *doc, *doc_again;

    text_write_init(&w, out, out_bytes);
    object_write(&w, text);
    uint32_t n = text_write_length(&w);
    if (n == 0)
        return;
    struct span back = round_trip(text, out, n, &doc);
    MUST(!is_ascii(text) || span_is(back, text));
    /* What came back is well-formed, so it survives unchanged. */
    text_write_init(&w, out, out_bytes);
    object_write(&w, back);
    n = text_write_length(&w);
    if (n > 0) {
        MUST(span_is(round_trip(back, out, n, &doc_again), back));
        yyjson_doc_free(doc_again);
    }
    yyjson_doc_free(doc);
}

static void fuzz_queue(struct span text, const char *flat, uint32_t flat_n)
{
    struct bufq_env env;
    struct bufq q = { 0 };
    struct text_write w;
    uint32_t at = 0;

    MUST(bufq_env_open(&env, 64, 8, 64) == WHY_OK);
    text_write_init_bufq(&w, &env, &q, 512 * 1024);
    object_write(&w, text);
    MUST(text_write_finish(&w) == WHY_OK && q.bytes == flat_n);
    while (q.bytes > 0) {
        struct span front = bufq_front(&q);
        MUST(memcmp(front.at, flat + at, front.len) == 0);
        at += (uint32_t)front.len;
        bufq_eat(&env, &q, (uint32_t)front.len);
    }
    bufq_clear(&env, &q);
    bufq_env_close(&env);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[8192 * 36 + 128];
    struct text_write w;
    struct span text = span_of(data, size);

    if (size > 8192)
        return 0;
    for (uint32_t room = 0; room < 40; room++)
        fuzz_flat(text, out, room);
    fuzz_flat(text, out, sizeof(out));
    text_write_init(&w, out, sizeof(out));
    object_write(&w, text);
    fuzz_queue(text, out, text_write_length(&w));
    return 0;
}
