/* keeper_diff_test.c - lines that went, stayed and came, in few steps.
 *
 * Method: rows of two texts and the lines wanted; for long texts the difference is applied and must give the second one.
 */
#include "admin/keeper_inside.h"

#include <stdlib.h>

#include "lib/check.h"

static const struct row {
    const char *name, *from, *to, *want;
} rows[] = {
    { "nothing", "", "", "" },
    { "same", "a\nb\n", "a\nb\n", " a\n b\n" },
    { "came", "", "a\n", "+a\n" },
    { "went", "a\nb\n", "", "-a\n-b\n" },
    { "one line in the middle", "a\nb\nc\n", "a\nx\nc\n", " a\n-b\n+x\n c\n" },
    { "two places", "a\nb\nc\nd\ne\n", "b\nc\nX\nd\n", "-a\n b\n c\n+X\n d\n-e\n" },
    { "no line feed at the end", "a\nb", "a\nb\nc", " a\n b\n+c\n" },
    { "blank lines", "a\n\nb\n", "a\nb\n", " a\n-\n b\n" },
};

TEST(keeper_lines_say_what_changed)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conf_arena *arena = conf_arena_open(1 << 20);
        struct span got = keeper_lines(arena, span_str(rows[i].from), span_str(rows[i].to));

        CHECK(got.at != NULL && span_is(got, span_str(rows[i].want)), "%s: got\n%.*s", rows[i].name, SPAN_FMT(got));
        conf_arena_close(arena);
    }
}

/* What is left of a difference for one side. */
static size_t side(struct span lines, char mark, char *out)
{
    struct span line;
    size_t used = 0;

    while (span_next(&lines, '\n', &line)) {
        if (line.len == 0 || (line.at[0] != ' ' && line.at[0] != mark))
            continue;
        memcpy(out + used, line.at + 1, line.len - 1);
        used += line.len - 1;
        out[used++] = '\n';
    }
    return used;
}

TEST(keeper_lines_lead_from_one_text_to_the_other)
{
    enum { LINES = 3000, BYTES = LINES * 8 };
    char *from = malloc(BYTES), *to = malloc(BYTES), *got = malloc(2 * BYTES);
    uint32_t seed = 1;

    for (int lines = 10; lines <= LINES; lines = lines * 17 / 3) {
        struct conf_arena *arena = conf_arena_open(1 << 26);
        size_t from_n = 0, to_n = 0;

        for (int i = 0; i < lines; i++) {
            seed = seed * 1103515245 + 12345;
            int word = (int)(seed >> 16) % 7, change = (int)(seed >> 24) % 4;
            if (change != 0)
                from_n += (size_t)snprintf(from + from_n, 8, "w%d\n", word);
            if (change != 1)
                to_n += (size_t)snprintf(to + to_n, 8, "w%d\n", change == 2 ? word + 1 : word);
        }
        struct span lines_of = keeper_lines(arena, span_of(from, from_n), span_of(to, to_n));
        CHECK(side(lines_of, '-', got) == from_n && memcmp(got, from, from_n) == 0, "%d lines: not the first text\n", lines);
        CHECK(side(lines_of, '+', got) == to_n && memcmp(got, to, to_n) == 0, "%d lines: not the second text\n", lines);
        conf_arena_close(arena);
    }
    free(from);
    free(to);
    free(got);
}

TEST(keeper_lines_tell_that_memory_is_out)
{
    struct conf_arena *arena = conf_arena_open(128);

    CHECK(keeper_lines(arena, SPAN_LIT("a\nb\nc\n"), SPAN_LIT("d\ne\nf\n")).at == NULL, "in 128 bytes\n");
    conf_arena_close(arena);
}

CHECK_RUN(RUN(keeper_lines_say_what_changed), RUN(keeper_lines_lead_from_one_text_to_the_other), RUN(keeper_lines_tell_that_memory_is_out))
