/* json_read_test.c - JSON of clients is read within bounds, or refused with a sentence and a place.
 *
 * Method: rows; depth in pairs, the last good one and the first bad one.
 */
#include "lib/check.h"

#include <stdlib.h>
#include <yyjson.h>

#include "proto/json_read.h"

static struct yyjson_val *read_in(char **out_memory, struct span text, const char **out_sentence, size_t *out_offset)
{
    size_t bytes = json_read_memory(text.len);

    *out_memory = malloc(bytes);
    CHECK(*out_memory != NULL, "no memory for the test\n");
    return json_read_value(text, *out_memory, bytes, out_sentence, out_offset);
}

TEST(json_read_members)
{
    static const char text[] = "{\"a\":\"x\\u0000y\",\"n\":18446744073709551615,\"yes\":true,\"no\":false,\"list\":[1],\"minus\":-1}";
    const char *sentence;
    size_t offset;
    char *memory;
    struct yyjson_val *root = read_in(&memory, span_str(text), &sentence, &offset);

    CHECK(root != NULL, "%s\n", sentence);
    CHECK(span_is(json_read_text(root, "a"), span_of("x\0y", 3)) && json_read_u64(root, "n") == UINT64_MAX, "values\n");
    CHECK(json_read_is_true(root, "yes") && !json_read_is_true(root, "no") && !json_read_is_true(root, "a"), "truth\n");
    CHECK(json_read_text(root, "n").len == 0 && json_read_u64(root, "a") == 0 && json_read_u64(root, "minus") == 0, "other sorts\n");
    CHECK(json_read_text(root, "absent").len == 0 && json_read_text(NULL, "a").len == 0 && json_read_u64(NULL, "a") == 0, "absent\n");
    free(memory);
}

TEST(json_read_refuses)
{
    static const char *const rows[] = { "", "{", "{\"a\":}", "[1,]", "{} x", "nul", "\"\\ud800\"", "{\"a\" 1}", "\xff" };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *sentence = NULL;
        size_t offset = 99;
        char *memory;
        CHECK(read_in(&memory, span_str(rows[i]), &sentence, &offset) == NULL, "row %zu is taken\n", i);
        CHECK(sentence != NULL && sentence[0] != 0 && offset <= strlen(rows[i]), "row %zu: %zu\n", i, offset);
        free(memory);
    }
}

TEST(json_read_depth)
{
    for (int extra = 0; extra < 2; extra++) {
        char text[2 * (JSON_DEPTH_MAX + 1) + 8];
        size_t n = 0, depth = (size_t)(JSON_DEPTH_MAX + extra);
        const char *sentence = NULL;
        size_t offset;
        char *memory;
        for (size_t i = 0; i < depth; i++)
            text[n++] = '[';
        memcpy(text + n, "\"[[\"", 4); /* Brackets in a text are none. */
        n += 4;
        for (size_t i = 0; i < depth; i++)
            text[n++] = ']';
        CHECK((read_in(&memory, span_of(text, n), &sentence, &offset) != NULL) == (extra == 0), "depth %zu: %s\n", depth, sentence);
        CHECK(extra == 0 || (strstr(sentence, "deeper") != NULL && offset == JSON_DEPTH_MAX), "%s at %zu\n", sentence, offset);
        free(memory);
    }
    const char *sentence;
    size_t offset;
    CHECK(json_read_value(SPAN_LIT("{}"), NULL, 0, &sentence, &offset) == NULL && strstr(sentence, "memory") != NULL, "memory from nowhere\n");
}

CHECK_RUN(RUN(json_read_members), RUN(json_read_refuses), RUN(json_read_depth))
