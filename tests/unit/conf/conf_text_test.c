/* conf_text_test.c - text at the end of an arena: all of it, or none and a full arena.
 *
 * Goal:   what conf_text.h promises about length, the zero behind and the end of memory.
 * Method: arenas that are just large enough and one byte too small.
 */
#include "conf/conf_text.h"

#include "conf/conf_arena.h"
#include "lib/check.h"

TEST(conf_text_fits_or_not)
{
    bool has_fitted = false;

    for (size_t bytes = 32; bytes <= 64; bytes++) {
        struct conf_arena *a = conf_arena_open(bytes);
        struct conf_text t;
        conf_text_open(&t, a);
        text_write_str(&t.out, "0123456789");
        struct span s = conf_text_close(&t);
        CHECK((s.at == NULL) == a->is_full, "%zu\n", bytes);
        CHECK(s.at == NULL || (span_is(s, SPAN_LIT("0123456789")) && s.at[10] == '\0'), "%zu\n", bytes);
        CHECK(!has_fitted || s.at != NULL, "%zu\n", bytes);
        has_fitted = s.at != NULL;
        conf_arena_close(a);
    }
    CHECK(has_fitted, "never\n");
}

TEST(conf_text_leaves_the_rest_zeroed_and_usable)
{
    struct conf_arena *a = conf_arena_open(4096);
    struct conf_text t;

    conf_text_open(&t, a);
    struct span empty = conf_text_close(&t);
    conf_text_open(&t, a);
    text_write_str(&t.out, "abc");
    struct span abc = conf_text_close(&t);
    const uint8_t *next = conf_arena_take(a, 64);
    CHECK(empty.at != NULL && empty.len == 0 && span_is(abc, SPAN_LIT("abc")) && next > abc.at, "places\n");
    for (size_t i = 0; i < 64; i++)
        CHECK(next[i] == 0, "byte %zu\n", i);
    CHECK(conf_arena_take(a, 8192) == NULL, "more than there is\n");
    conf_text_open(&t, a); /* Of a full arena */
    text_write_str(&t.out, "abc");
    CHECK(conf_text_close(&t).at == NULL, "text in a full arena\n");
    conf_arena_close(a);
}

CHECK_RUN(RUN(conf_text_fits_or_not), RUN(conf_text_leaves_the_rest_zeroed_and_usable))
