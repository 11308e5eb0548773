/* conf_arena_test.c - memory is zeroed and aligned, ends where it was told to, and stays full. */
#include "lib/check.h"

#include "conf/conf_arena.h"

TEST(conf_arena_ends)
{
    struct conf_arena *a = conf_arena_open(65536);
    uint8_t *first = conf_arena_take(a, 3), *second = conf_arena_take(a, 1);
    size_t taken = 0;

    CHECK(first != NULL && (uintptr_t)second % 16 == 0 && second == first + 16, "%p %p\n", (void *)first, (void *)second);
    CHECK(first[0] == 0 && first[2] == 0, "not zeroed\n");
    CHECK(conf_arena_take(a, 0) != NULL && !a->is_full, "nothing is something\n");
    CHECK(conf_arena_array(a, SIZE_MAX / 2, 4) == NULL && a->is_full, "overflow\n");
    CHECK(conf_arena_take(a, 1) == NULL, "full sticks\n");
    conf_arena_close(a);

    a = conf_arena_open(65536);
    while (conf_arena_take(a, 1000) != NULL)
        taken += 1000;
    CHECK(taken > 60000 && a->is_full && conf_arena_copy(a, SPAN_LIT("x")).at == NULL, "%zu\n", taken);
    CHECK(conf_arena_format(a, "%d", 1).at == NULL, "format\n");
    conf_arena_close(a);
    conf_arena_close(NULL);
}

TEST(conf_arena_copies)
{
    struct conf_arena *a = conf_arena_open(65536);
    struct span s = conf_arena_copy(a, SPAN_LIT("abc")), empty = conf_arena_copy(a, SPAN_NONE);

    CHECK(span_is(s, SPAN_LIT("abc")) && s.at[3] == 0, "copy\n");
    CHECK(empty.at != NULL && empty.len == 0, "empty\n");
    CHECK(span_is(conf_arena_format(a, "%s:%d", "x", 7), SPAN_LIT("x:7")), "format\n");
    conf_arena_close(a);
}

CHECK_RUN(RUN(conf_arena_ends), RUN(conf_arena_copies))
