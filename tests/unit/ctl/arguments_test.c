/* arguments_test.c - the command line: every way to write a flag, and a sentence with a remedy for every way not to.
 *
 * Goal:   what the tables say is what is read; wrong use names what was meant.
 * Method: rows of words and what comes of them.
 */
#include "ctl/arguments.h"

#include "lib/check.h"

#include "base/clock.h"
#include "ctl/command.h"
#include "ctl/flag.h"

enum { WORDS_A_ROW = 8 };

static bool read_row(struct arguments *a, const char *const *words)
{
    char *argv[WORDS_A_ROW];
    int argc = 0;

    while (argc < WORDS_A_ROW && words[argc] != NULL) {
        argv[argc] = (char *)(uintptr_t)words[argc];
        argc++;
    }
    return arguments_read(a, argc, argv);
}

TEST(arguments_of_each_notation)
{
    static const char *const rows[][WORDS_A_ROW] = {
        { "check", "-f", "a", "-f", "b", "-o", "json" },
        { "check", "-fa", "-fb", "-ojson" },
        { "check", "--file", "a", "--file=b", "--output=json" },
        { "check", "-o", "json", "--file", "a", "-f", "b", "--no-color" },
    };
    struct arguments *a = test_malloc(sizeof(*a));

    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t at = 0;
        const char *first, *second;

        CHECK(read_row(a, rows[i]), "%zu: %s\n", i, a->sentence);
        CHECK(a->command == command_find(SPAN_LIT("check")), "%zu: command\n", i);
        first = arguments_next(a, FLAG_FILE, &at);
        second = arguments_next(a, FLAG_FILE, &at);
        CHECK(first != NULL && second != NULL && strcmp(first, "a") == 0 && strcmp(second, "b") == 0, "%zu: files\n", i);
        CHECK(arguments_next(a, FLAG_FILE, &at) == NULL && arguments_output_is(a, "json") && !arguments_output_is(a, "text"), "%zu\n", i);
        CHECK(arguments_has(a, FLAG_NO_COLOR) == (i == 3), "%zu: no-color\n", i);
    }
    static const char *const ended[WORDS_A_ROW] = { "get", "--", "-x" };
    CHECK(read_row(a, ended) && a->words_n == 1 && strcmp(a->words[0], "-x") == 0, "--: %s\n", a->sentence);
    test_free(a);
}

TEST(arguments_have_defaults)
{
    static const char *const row[WORDS_A_ROW] = { "get", "all" }, *const timed[WORDS_A_ROW] = { "wait", "--timeout", "1m30s", "-g", "7" };
    struct arguments *a = test_malloc(sizeof(*a));

    CHECK(read_row(a, row) && a->words_n == 1 && strcmp(a->words[0], "all") == 0, "%s\n", a->sentence);
    CHECK(strcmp(arguments_text(a, FLAG_MESH), "default") == 0 && arguments_text(a, FLAG_SERVER) == NULL, "defaults\n");
    CHECK(!arguments_has(a, FLAG_MESH) && arguments_output_is(a, "table"), "defaults\n");
    CHECK(arguments_duration_ns(a, FLAG_TIMEOUT) == 30 * NS_PER_S && arguments_number(a, FLAG_GENERATION) == 0, "defaults\n");
    CHECK(read_row(a, timed) && arguments_duration_ns(a, FLAG_TIMEOUT) == 90 * NS_PER_S && arguments_number(a, FLAG_GENERATION) == 7,
          "%s\n", a->sentence);
    test_free(a);
}

TEST(arguments_that_are_wrong_say_what_is_right)
{
    static const struct { const char *const words[WORDS_A_ROW]; const char *says; } rows[] = {
        { { "chekc" }, "did you mean `check`?" },
        { { "nonsense" }, "`forgectl help` lists them" },
        { { "check", "--flie", "x" }, "did you mean `--file`?" },
        { { "check", "--prune" }, "`check` has no flag --prune" },
        { { "check", "-z" }, "`check` has no flag -z" },
        { { "check", "-f" }, "--file PATH" },
        { { "check", "-f", "" }, "is empty" },
        { { "check", "-o", "jsno" }, "did you mean `-o json`?" },
        { { "check", "-o", "yaml" }, "`check` prints text,json,sarif" },
        { { "check", "-o", "json", "-o", "text" }, "twice" },
        { { "check", "x.yaml" }, "each behind its own" },
        { { "get" }, "`forgectl get KIND [NAME...]`" },
        { { "rollback", "1", "2" }, "is too much" },
        { { "history", "--limit", "many" }, "write a number" },
        { { "history", "--limit", "-1" }, "write a number" },
        { { "wait", "--timeout", "10" }, "with its unit" },
        { { "wait", "--timeout", "0s" }, "with its unit" },
        { { "wait", "--insecure=yes" }, "stands alone" },
        { { "--server", "x" }, "the command comes first" },
    };
    struct arguments *a = test_malloc(sizeof(*a));

    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(!read_row(a, rows[i].words), "%zu: %s was taken\n", i, rows[i].words[0]);
        CHECK(strstr(a->sentence, rows[i].says) != NULL, "%zu: %s\n", i, a->sentence);
    }
    test_free(a);
}

TEST(arguments_tables_are_sound)
{
    for (unsigned i = 0; i < FLAG_N; i++) {
        const struct flag_row *flag = &flag_list[i];

        CHECK(flag->name != NULL && flag->doc != NULL, "flag %u has no row\n", i);
        CHECK((flag->type == FLAG_TYPE_BOOL) == (flag->value == NULL), "--%s: value\n", flag->name);
        for (unsigned k = 0; k < i; k++)
            CHECK(strcmp(flag->name, flag_list[k].name) != 0, "--%s stands twice\n", flag->name);
    }
    for (const struct command *c = command_list; c->name != NULL; c++) {
        uint64_t flags = command_flags(c);

        CHECK(c[1].name == NULL || strcmp(c->name, c[1].name) < 0, "%s: not in order\n", c->name);
        CHECK(c->summary != NULL && c->doc != NULL && c->run != NULL && c->words != NULL && c->words_min <= c->words_max, "%s\n", c->name);
        CHECK((c->words[0] != 0) == (c->words_max > 0), "%s: words\n", c->name);
        for (unsigned i = 0; i < FLAG_N; i++) /* A letter means one thing in one command. */
            CHECK((flags & FLAG_BIT(i)) == 0 || flag_list[i].letter == 0 || flag_find_letter(flags, flag_list[i].letter) == i,
                  "%s: -%c means two flags\n", c->name, flag_list[i].letter);
    }
    CHECK(strcmp(command_suggest(SPAN_LIT("rolback")), "rollback") == 0 && command_suggest(SPAN_LIT("xyzzy")) == NULL, "suggest\n");
    CHECK(strcmp(flag_suggest(FLAGS_GATEWAY, SPAN_LIT("sever")), "server") == 0, "suggest\n");
    CHECK(flag_find(FLAGS_GATEWAY, SPAN_LIT("prune")) == FLAG_N && flag_find(FLAGS_GATEWAY, SPAN_LIT("server")) == FLAG_SERVER, "find\n");
}

CHECK_RUN(RUN(arguments_of_each_notation), RUN(arguments_have_defaults), RUN(arguments_that_are_wrong_say_what_is_right),
          RUN(arguments_tables_are_sound))
