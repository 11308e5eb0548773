/* api_fuzz.c - bodies and paths of questions to the admin interface, of any bytes.
 *
 * Goal:   no body makes the JSON reader leave its memory or its depth; a path finds at most one route, and its parameters lie in it.
 * Method: the input up to its first line end is a path, all of it a body.
 * Replay: api_fuzz FILE
 */
#include <stdlib.h>
#include <yyjson.h>

#include "admin/api_inside.h"
#include "base/limits.h"
#include "base/must.h"
#include "base/shard.h"
#include "proto/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t depth_of(struct yyjson_val *value)
{
    uint32_t deepest = 0;
    yyjson_val *key, *item;
    size_t i, max;

    yyjson_arr_foreach(value, i, max, item) {
        uint32_t depth = depth_of(item);
        deepest = depth > deepest ? depth : deepest;
    }
    yyjson_obj_foreach(value, i, max, key, item) {
        uint32_t depth = depth_of(item);
        MUST(yyjson_is_str(key));
        deepest = depth > deepest ? depth : deepest;
    }
    return yyjson_is_ctn(value) ? deepest + 1 : 0;
}

static void fuzz_body(struct span body)
{
    size_t bytes = json_read_memory(body.len), offset = 0;
    const char *sentence = NULL;
    void *memory = malloc(bytes);
    struct yyjson_val *root;

    MUST(memory != NULL);
    root = json_read_value(body, memory, bytes, &sentence, &offset);
    if (root == NULL) {
        MUST(sentence != NULL && offset <= body.len);
    } else {
        struct span files = json_read_text(root, "source");
        MUST(depth_of(root) <= JSON_DEPTH_MAX && files.len <= body.len);
        (void)json_read_u64(root, "expect");
        (void)json_read_is_true(root, "dryRun");
    }
    free(memory);
}

static void fuzz_path(struct span path, struct arena *arena)
{
    struct span params[API_PARAMS_MAX], allow;
    bool was_found = false;

    for (int m = METHOD_GET; m < METHOD_N; m++) {
        const struct api_route *r = api_route_find((enum method)m, path, params, arena, &allow);

        MUST(r == NULL || allow.len == 0 || r->handler != NULL);
        for (uint32_t i = 0; r != NULL && i < API_PARAMS_MAX; i++)
            MUST(params[i].at == NULL || (params[i].len > 0 && params[i].at >= path.at &&
                                          params[i].at + params[i].len <= path.at + path.len));
        was_found = was_found || r != NULL;
    }
    MUST(was_found || path.len == 0 || !span_is(path, SPAN_LIT("/")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    struct buf_pool pool = { 0 };
    struct arena arena;

    if (buf_pool_open(&pool, 64, 64) != WHY_OK)
        return 0;
    arena_init(&arena, &pool, EXCHANGE_ARENA_BYTES_MAX);
    fuzz_path(span_of(data, span_find(input, '\n')), &arena);
    fuzz_body(input);
    arena_fini(&arena);
    buf_pool_close(&pool);
    return 0;
}
