/* keeper_test.c - a change is taken whole or not at all, and documents remember who said them.
 *
 * Method: texts as an operator would send them; control is played by three hooks that count.
 */
#include "admin/keeper.h"

#include <stdlib.h>

#include "lib/check.h"

#include "conf/conf_arena.h"
#include "conf/load.h"
#include "conf/snapshot.h"

struct control {
    uint32_t prepared_n, published_n, discarded_n;
    uint64_t generation;           /* published last */
    uint32_t documents_n;
    bool     must_refuse;
};

static enum why on_prepare(void *owner, struct snapshot *snapshot, struct diag *diag, void **out)
{
    struct control *c = owner;

    c->prepared_n++;
    if (c->must_refuse) {
        diag_error(diag, (struct diag_place){ 0 }, "listener edge: cannot listen");
        return WHY_CONF_BAD;
    }
    *out = snapshot;
    return WHY_OK;
}

static void on_publish(void *owner, void *prepared)
{
    struct control *c = owner;
    struct snapshot *s = prepared;

    c->published_n++;
    c->generation = s->generation;
    c->documents_n = s->documents_n;
    conf_free(s);
}

static void on_discard(void *owner, void *prepared)
{
    struct control *c = owner;

    c->discarded_n++;
    conf_free(prepared);
}

static struct keeper *open_keeper(struct control *c)
{
    struct keeper_options options = { .hooks = { c, on_prepare, on_publish, on_discard } };
    struct keeper *k = keeper_open(&options);

    CHECK(k != NULL, "no memory\n");
    return k;
}

#define CAP(name, bytes) "type: ForgeBodyCap\nname: " name "\nspec: {bytes: " bytes "}\n"

/* Documents of one text from a source. */
static struct keeper_result *say(struct keeper *k, const char *source, const char *text)
{
    struct keeper_text texts[1] = { { "t.yaml", span_str(text) } };
    struct keeper_change change = { .texts = texts, .texts_n = 1, .source = source, .author = "ann", .reason = "because",
                                    .replaces_source = strcmp(source, "api") != 0 };
    struct keeper_result *r = keeper_apply(k, &change);

    CHECK(r != NULL, "no memory\n");
    return r;
}

static struct keeper_result *delete_cap(struct keeper *k, const char *name)
{
    struct keeper_name names[1] = { { SPAN_LIT("ForgeBodyCap"), SPAN_LIT("default"), span_str(name) } };
    struct keeper_change change = { .deletions = names, .deletions_n = 1, .source = "api" };
    struct keeper_result *r = keeper_apply(k, &change);

    CHECK(r != NULL, "no memory\n");
    return r;
}

static void done(struct keeper_result *r, enum why why, uint64_t generation)
{
    CHECK(r->why == why && r->generation == generation, "%s, generation %llu: %s\n", why_name(r->why),
          (unsigned long long)r->generation, r->diag.items[0].text);
    keeper_result_close(r);
}

/* "a b- c!": names of records, - deleted, ! drifted. */
static void check_documents(struct keeper *k, const char *want)
{
    struct conf_arena *arena = conf_arena_open(1 << 24);
    struct keeper_generation g;
    char got[256] = "";
    size_t used = 0;

    CHECK(keeper_generation(k, 0, arena, &g) == WHY_OK, "no generation\n");
    for (uint32_t i = 0; i < g.records_n; i++)
        used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%.*s%s%s", i > 0 ? " " : "", SPAN_FMT(g.documents[i].name.name),
                                 g.documents[i].is_deleted ? "-" : "", g.documents[i].is_drifted ? "!" : "");
    CHECK(strcmp(got, want) == 0, "got %s, want %s\n", got, want);
    conf_arena_close(arena);
}

TEST(keeper_takes_all_of_a_change_or_nothing)
{
    struct control c = { 0 };
    struct keeper *k = open_keeper(&c);

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
    struct keeper *k = open_keeper(&c);
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
    struct keeper *k = open_keeper(&c);
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
    struct keeper *k = open_keeper(&c);

    done(say(k, "dir", CAP("a", "1") "---\n" CAP("b", "1") "---\n" CAP("c", "1")), WHY_OK, 1);
    done(say(k, "api", CAP("x", "1")), WHY_OK, 2);
    done(say(k, "api", CAP("a", "9")), WHY_OK, 3);
    done(delete_cap(k, "b"), WHY_OK, 4);
    check_documents(k, "a! b-! c x");
    CHECK(c.documents_n == 3, "%u\n", c.documents_n);
    /* The source says what it said: edits stay. */
    done(say(k, "dir", CAP("a", "1") "---\n" CAP("b", "1") "---\n" CAP("c", "1")), WHY_OK, 4);
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
    struct keeper *k = open_keeper(&c);
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
    CHECK(memmem(r->differences[0].lines.at, r->differences[0].lines.len, "\n-\"spec\"", 8) != NULL, "%.*s\n",
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
