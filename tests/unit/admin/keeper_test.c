/* keeper_test.c - a change is taken whole or not at all, and documents remember who said them.
 *
 * Method: texts as an operator would send them; control is played by three hooks that count.
 */
#include "unit/admin/keeper_world.h"

TEST(keeper_takes_all_of_a_change_or_nothing)
{
    struct control c = { 0 };
    struct keeper *k = open_keeper(&c, NULL);

    CHECK(keeper_current(k) == 0, "a generation out of nothing\n");
    done(say(k, "api", CAP("a", "1") "---\n" CAP("b", "2")), WHY_OK, 1);
    CHECK(c.published_n == 1 && c.generation == 1 && c.documents_n == 2, "%u documents\n", c.documents_n);
    done(say(k, "api", CAP("c", "1") "---\n" CAP("d", "many")), WHY_CONF_BAD, 1);
    check_documents(k, "a b");
    c.must_refuse = true;
    done(say(k, "api", CAP("c", "1")), WHY_CONF_BAD, 1);
    c.must_refuse = false;
    check_documents(k, "a b");
    done(say(k, "api", CAP("c", "1")), WHY_OK, 2);
    check_documents(k, "a b c");
    CHECK(c.published_n == 2 && c.discarded_n == 0 && c.documents_n == 3, "%u\n", c.published_n);
    keeper_close(k);
}

TEST(keeper_sees_that_nothing_changed)
{
    struct control c = { 0 };
    struct keeper *k = open_keeper(&c, NULL);
    struct keeper_result *r;

    done(say(k, "dir", CAP("a", "1")), WHY_OK, 1);
    r = say(k, "dir", "# the same\n" CAP("a", "1"));
    CHECK(r->is_unchanged && c.prepared_n == 1, "%s\n", r->diag.items[0].text);
    done(r, WHY_OK, 1);
    r = keeper_refresh(k);
    CHECK(c.published_n == 2 && c.generation == 1, "%u\n", c.published_n);
    done(r, WHY_OK, 1);
    keeper_close(k);
}

TEST(keeper_refuses_another_generation_than_the_expected)
{
    struct control c = { 0 };
    struct keeper *k = open_keeper(&c, NULL);
    struct keeper_text texts[1] = { { "t.yaml", SPAN_LIT(CAP("b", "1")) } };
    struct keeper_change change = { .texts = texts, .texts_n = 1, .source = "api", .expected_generation = 7 };

    done(say(k, "api", CAP("a", "1")), WHY_OK, 1);
    done(keeper_apply(k, &change), WHY_KEEPER_EXPECTED, 1);
    change.expected_generation = 1;
    change.is_dry_run = true;
    struct keeper_result *r = keeper_apply(k, &change);
    CHECK(r->differences_n == 1 && r->differences[0].verb == KEEPER_ADDED && c.discarded_n == 1, "%u\n", r->differences_n);
    done(r, WHY_OK, 1);
    check_documents(k, "a");
    change.is_dry_run = false;
    done(keeper_apply(k, &change), WHY_OK, 2);
    done(keeper_rollback(k, 99, "ann", "", 0, false), WHY_KEEPER_UNKNOWN, 2);
    keeper_close(k);
}

static bool test_two(const struct candidate *candidate, const struct snapshot *snapshot, struct conf_arena *arena,
                     const struct keeper_test **out, uint32_t *out_n)
{
    struct keeper_test *all = conf_arena_array(arena, 2, sizeof(*all));

    CHECK(candidate != NULL && all != NULL, "no memory\n");
    all[0] = (struct keeper_test){ SPAN_LIT("first"), SPAN_LIT(""), true };
    all[1] = (struct keeper_test){ SPAN_LIT("second"), SPAN_LIT("status 200 was expected, and 404 came"), snapshot->documents_n < 2 };
    *out = all;
    *out_n = 2;
    return true;
}

TEST(keeper_runs_tests_before_it_publishes)
{
    struct control c = { 0 };
    struct keeper_options options = { .hooks = { &c, on_prepare, on_publish, on_discard }, .on_test = test_two };
    struct keeper *k = keeper_open(&options);

    done(say(k, "api", CAP("a", "1")), WHY_OK, 1);
    struct keeper_result *r = say(k, "api", CAP("b", "1"));
    CHECK(r->tests_n == 2 && r->tests_failed_n == 1 && strstr(r->diag.items[0].text, "404 came") != NULL, "%s\n", r->diag.items[0].text);
    done(r, WHY_KEEPER_TEST, 1);
    CHECK(c.prepared_n == 1, "prepared although a test fails\n");
    keeper_close(k);
}

TEST(keeper_remembers_sources)
{
    struct control c = { 0 };
    struct keeper *k = open_keeper(&c, NULL);

    done(say(k, "dir", CAP("a", "1") "---\n" CAP("b", "1") "---\n" CAP("c", "1")), WHY_OK, 1);
    done(say(k, "api", CAP("x", "1")), WHY_OK, 2);
    done(say(k, "api", CAP("a", "9")), WHY_OK, 3);
    done(delete_cap(k, "b"), WHY_OK, 4);
    check_documents(k, "a! b-! c x");
    CHECK(c.documents_n == 3, "%u\n", c.documents_n);
    /* The source says what it said: edits stay, and it is told. */
    struct keeper_result *r = say(k, "dir", CAP("a", "1") "---\n" CAP("b", "1") "---\n" CAP("c", "1"));
    CHECK(r->is_unchanged && r->diag.warnings_n == 2 && strstr(r->diag.items[0].text, "`a` was changed in generation 3, which stays") != NULL &&
          strstr(r->diag.items[1].text, "`b` was deleted in generation 4") != NULL, "%s\n", r->diag.items[0].text);
    done(r, WHY_OK, 4);
    /* A folder that is not mounted is no order to delete everything. */
    r = say(k, "dir", "# nothing\n");
    CHECK(strstr(r->diag.items[0].text, "source dir has no documents any more, and 3 of it are in force") != NULL, "%s\n", r->diag.items[0].text);
    done(r, WHY_CONF_BAD, 4);
    /* It says something new about two of them, and nothing about the third any more. */
    done(say(k, "dir", CAP("a", "2") "---\n" CAP("b", "2")), WHY_OK, 5);
    check_documents(k, "a b x");
    /* Another source may not take what is somebody's. */
    done(say(k, "git:main", CAP("a", "3")), WHY_CONF_BAD, 5);
    done(say(k, "git:main", CAP("x", "3")), WHY_OK, 6);
    done(delete_cap(k, "nobody"), WHY_CONF_BAD, 6);
    keeper_close(k);
}

TEST(keeper_shows_what_is_in_force)
{
    struct control c = { 0 };
    struct keeper *k = open_keeper(&c, NULL);
    struct conf_arena *arena = conf_arena_open(1 << 24);
    struct diag *diag = malloc(sizeof(*diag));
    const struct keeper_generation *all;
    const struct keeper_difference *differences;
    struct keeper_view view, again;
    struct span text;
    uint32_t n;

    CHECK(keeper_view(k, 0, diag, &view) == WHY_KEEPER_UNKNOWN, "a view of nothing\n");
    struct keeper_result *r = say(k, "api", CAP("a", "1"));
    done(r, WHY_OK, 1);
    r = say(k, "api", CAP("a", "2"));
    CHECK(r->differences_n == 1 && r->differences[0].verb == KEEPER_CHANGED, "%u\n", r->differences_n);
    CHECK(memmem(r->differences[0].lines.at, r->differences[0].lines.len, "\n-  bytes: 1\n+  bytes: 2\n", 25) != NULL, "%.*s\n",
          SPAN_FMT(r->differences[0].lines));
    done(r, WHY_OK, 2);
    CHECK(keeper_view(k, 2, diag, &view) == WHY_OK && view.snapshot->documents_n == 1, "no view\n");
    CHECK(keeper_view(k, 0, diag, &again) == WHY_OK && again.candidate == view.candidate, "parsed again\n");
    CHECK(keeper_history(k, 0, 10, arena, &all, &n) && n == 1 && span_is(all[0].author, SPAN_LIT("ann")), "%u\n", n);
    CHECK(keeper_export(k, 0, arena, &text) == WHY_OK && text.len > 10, "%.*s\n", SPAN_FMT(text));
    CHECK(keeper_diff(k, 2, 2, arena, &differences, &n) == WHY_OK && n == 0, "%u\n", n);
    keeper_on_live(k, 2);
    free(diag);
    conf_arena_close(arena);
    keeper_close(k);
}

CHECK_RUN(RUN(keeper_takes_all_of_a_change_or_nothing), RUN(keeper_sees_that_nothing_changed),
          RUN(keeper_refuses_another_generation_than_the_expected), RUN(keeper_runs_tests_before_it_publishes),
          RUN(keeper_remembers_sources), RUN(keeper_shows_what_is_in_force))
