/* regex_test.c - patterns match whole texts, mean what RE2 means by them, and cannot cost without bound. */
#include <stdlib.h>

#include "lib/check.h"

#include "base/clock.h"
#include "base/limits.h"
#include "conf/conf_arena.h"
#include "conf/regex.h"

TEST(regex_matches_the_whole)
{
    static const struct { const char *pattern, *text; enum regex_got got; } rows[] = {
        { "/a", "/a", REGEX_YES }, { "/a", "/a/b", REGEX_NO }, { "/a", "x/a", REGEX_NO }, { "/a.*", "/a/b", REGEX_YES },
        { "a|ab", "ab", REGEX_YES }, { "/v[0-9]+/.*", "/v12/x", REGEX_YES }, { "/v[0-9]+/.*", "/vx/x", REGEX_NO },
        { "^/a$", "/a", REGEX_YES }, { "/a$", "/a\n", REGEX_NO }, { "", "", REGEX_YES }, { "", "a", REGEX_NO },
        { "(?i)/A", "/a", REGEX_YES }, { "(?P<id>[a-z]+)", "abc", REGEX_YES }, { "(?:ab)+", "abab", REGEX_YES },
        { "\\Q(*\\E", "(*", REGEX_YES }, { "[]a]+", "]a", REGEX_YES }, { "[^(?=]", "x", REGEX_YES }, { "a+?", "aa", REGEX_YES },
        { "[[:alpha:](?]", "?", REGEX_YES }, { "\\(?", "(", REGEX_YES }, { "[*+]+", "*+", REGEX_YES }, { "\\++", "++", REGEX_YES },
    };
    struct conf_arena *arena = conf_arena_open(1 << 20);
    char error[256];

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct regex *regex = regex_compile(arena, span_str(rows[i].pattern), error, sizeof(error));
        CHECK(regex != NULL, "%s: %s\n", rows[i].pattern, error);
        CHECK(regex_match(regex, span_str(rows[i].text)) == rows[i].got, "%s on %s\n", rows[i].pattern, rows[i].text);
    }
    CHECK(regex_match(regex_compile(arena, SPAN_LIT("a?"), error, sizeof(error)), SPAN_NONE) == REGEX_YES, "no text\n");
    conf_arena_close(arena);
}

TEST(regex_refuses)
{
    static const struct { const char *pattern, *error; } rows[] = {
        { "(a)\\1", "back reference" }, { "(?P<x>a)(?P=x)", "reference to a group" }, { "\\k<x>", "back reference" },
        { "\\g1", "back reference" }, { "a(?=b)", "looks ahead" }, { "a(?!b)", "looks ahead" }, { "(?<=a)b", "looks behind" },
        { "(?<!a)b", "looks behind" }, { "(?>a)", "special group" }, { "(?R)", "special group" }, { "(?1)", "special group" },
        { "(?&x)", "special group" }, { "(?C1)", "special group" }, { "(?(1)a|b)", "special group" }, { "(?#x)", "special group" },
        { "(*COMMIT)a", "backtracking verb" }, { "(?P>x)", "reference to a group" }, { "a++", "possessive" },
        { "a*+", "possessive" }, { "a{2}+", "possessive" }, { "\\Kx", "escape" }, { "\\C", "escape" }, { "\\R", "escape" },
        { "(a", "missing closing parenthesis, at byte 3" }, { "[a", "missing terminating ]" }, { "*a", "quantifier does not follow" },
        { "((a|b|c){1000}){1000}", "too large" }, { "(((((((((((((((((((((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))))"
                                            "))))))))))))))))", "parentheses are too deeply nested" },
    };
    struct conf_arena *arena = conf_arena_open(1 << 22), *small = conf_arena_open(256);
    char error[256] = "", longest[REGEX_PATTERN_BYTES_MAX + 1];

    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(regex_compile(arena, span_str(rows[i].pattern), error, sizeof(error)) == NULL, "%s: taken\n", rows[i].pattern);
        CHECK(strstr(error, rows[i].error) != NULL, "%s: %s\n", rows[i].pattern, error);
    }
    memset(longest, 'a', sizeof(longest));
    CHECK(regex_compile(arena, span_of(longest, sizeof(longest) - 1), error, sizeof(error)) != NULL, "%s\n", error);
    CHECK(regex_compile(arena, span_of(longest, sizeof(longest)), error, sizeof(error)) == NULL, "too long: taken\n");
    CHECK(regex_compile(small, SPAN_LIT("abc"), error, sizeof(error)) == NULL && strstr(error, "memory") != NULL, "%s\n", error);
    conf_arena_close(arena);
    conf_arena_close(small);
}

/* Patterns that take for ever in a backtracking engine end at the step limit. */
TEST(regex_cost_is_bounded)
{
    static const char *const patterns[] = { "(a+)+[^a]", "(a|aa)+[^a]", "(.*)*(.*)*(.*)*[^a]", "(a*)*[^a]", "([a-z]+)*[0-9]", "(a{1,30}){1,30}[^a]", "(a+)+b" };
    struct conf_arena *arena = conf_arena_open(1 << 22);
    char error[256], *text = malloc(HEAD_LINE_BYTES_MAX);

    memset(text, 'a', HEAD_LINE_BYTES_MAX);
    for (size_t i = 0; i < COUNT(patterns); i++) {
        const struct regex *regex = regex_compile(arena, span_str(patterns[i]), error, sizeof(error));
        uint64_t began_ns = clock_mono_ns();
        CHECK(regex != NULL, "%s: %s\n", patterns[i], error);
        enum regex_got got = regex_match(regex, span_of(text, HEAD_LINE_BYTES_MAX));
        CHECK(got != REGEX_YES, "%s\n", patterns[i]);
        CHECK(clock_mono_ns() - began_ns < 500 * NS_PER_MS, "%s: %llu us\n", patterns[i],
              (unsigned long long)(clock_mono_ns() - began_ns) / 1000);
    }
    /* The first is one that does reach it. */
    CHECK(regex_match(regex_compile(arena, SPAN_LIT("(a+)+[^a]"), error, sizeof(error)), span_of(text, 64)) == REGEX_TOO_DEAR,
          "64 letters were cheap\n");
    free(text);
    conf_arena_close(arena);
}

CHECK_RUN(RUN(regex_matches_the_whole), RUN(regex_refuses), RUN(regex_cost_is_bounded))
