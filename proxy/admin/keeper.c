/* keeper.c - see keeper.h. */
#include "admin/keeper.h"

#include "admin/keeper_inside.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "conf/candidate.h"
#include "conf/load.h"
#include "conf/snapshot.h"

static const struct diag_place NOWHERE = { NULL, 0, 0 };

struct keeper *keeper_open(const struct keeper_options *options)
{
    struct keeper *k = memory_map(sizeof(*k));

    if (k == NULL)
        return NULL;
    k->options = *options;
    keeper_store_open(k);
    return k;
}

void keeper_close(struct keeper *k)
{
    if (k == NULL)
        return;
    keeper_rest(k);
    keeper_store_close(k);
    conf_arena_close(k->memory);
    memory_unmap(k, sizeof(*k));
}

void keeper_result_close(struct keeper_result *result)
{
    if (result != NULL)
        conf_arena_close(result->arena); /* It lies in there itself. */
}

/* ---- one change on its way ---- */

static struct keeper_result *result_open(const struct keeper *k, bool is_dry_run)
{
    struct conf_arena *arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct keeper_result *r = arena != NULL ? conf_arena_take(arena, sizeof(*r)) : NULL;

    if (r == NULL)
        return NULL;
    diag_init(&r->diag);
    r->arena = arena;
    r->is_dry_run = is_dry_run;
    r->generation = k->current.number;
    return r;
}

/* Memory is out; or, if it is not, the store did not give what it should. */
static enum why no_memory(struct keeper_work *w)
{
    if (!w->arena->is_full && w->k->is_broken) {
        diag_error(&w->r->diag, NOWHERE, "%s", w->k->store_sentence);
        return w->k->store_why;
    }
    if (!w->arena->is_full && w->k->store != NULL && store_error(w->k->store)[0] != 0) {
        diag_error(&w->r->diag, NOWHERE, "the store does not give back what it keeps: %s", store_error(w->k->store));
        return WHY_STORE_DAMAGED;
    }
    diag_error(&w->r->diag, NOWHERE, "the configuration does not fit into memory: leave some of it out");
    return WHY_CONF_BAD;
}

/* Who, when and why: copied, because the caller's texts end with the call. */
static bool work_open(struct keeper_work *w, struct keeper *k, struct keeper_result *r, const char *author, const char *reason,
                      const char *source)
{
    *w = (struct keeper_work){ .k = k, .r = r, .arena = r->arena, .source = source };
    w->next = (struct generation){ .number = k->current.number + 1, .parent = k->current.number, .time_ns = clock_wall_ns() };
    w->next.author = conf_arena_copy(w->arena, span_str(author != NULL ? author : ""));
    w->next.reason = conf_arena_copy(w->arena, span_str(reason != NULL ? reason : ""));
    w->next.source = conf_arena_copy(w->arena, span_str(source));
    w->candidate = keeper_candidate(k, &r->diag);
    return !w->arena->is_full && w->candidate != NULL;
}

static void work_close(struct keeper_work *w)
{
    candidate_close(w->candidate);
    conf_free(w->snapshot);
}

/* A folder is on disk anyway: it may be served although it cannot be kept. */
static enum why check_may(struct keeper_work *w, uint64_t expected)
{
    (void)keeper_store_look(w->k);
    if (w->k->is_broken && strcmp(w->source, "dir") != 0) {
        diag_error(&w->r->diag, NOWHERE, "%s", w->k->store_sentence);
        return w->k->store_why;
    }
    if (expected == 0 || expected == w->k->current.number)
        return WHY_OK;
    diag_error(&w->r->diag, NOWHERE, "generation %llu is in force, and %llu was expected: somebody changed the configuration meanwhile; "
               "look at the difference and try again", (unsigned long long)w->k->current.number, (unsigned long long)expected);
    return WHY_KEEPER_EXPECTED;
}

/* What the result says about the change: differences, and how many of each. */
static enum why work_compare(struct keeper_work *w)
{
    struct keeper_result *r = w->r;

    if (!keeper_compare(w->k, &w->k->current, &w->next, w->arena, &r->differences, &r->differences_n))
        return no_memory(w);
    for (uint32_t i = 0; i < r->differences_n; i++) {
        w->next.added_n += r->differences[i].verb == KEEPER_ADDED;
        w->next.changed_n += r->differences[i].verb == KEEPER_CHANGED;
        w->next.removed_n += r->differences[i].verb == KEEPER_REMOVED;
    }
    return WHY_OK;
}

static enum why work_keep_tests(struct keeper_work *w)
{
    struct generation_test *all = conf_arena_array(w->arena, (size_t)w->r->tests_n + 1, sizeof(*all));

    if (all == NULL)
        return no_memory(w);
    for (uint32_t i = 0; i < w->r->tests_n; i++)
        all[i] = (struct generation_test){ w->r->tests[i].name, w->r->tests[i].sentence, w->r->tests[i].has_passed };
    w->next.tests = all;
    w->next.tests_n = w->r->tests_n;
    return WHY_OK;
}

static enum why work_test(struct keeper_work *w)
{
    struct keeper_result *r = w->r;

    if (w->k->options.on_test == NULL)
        return WHY_OK;
    if (!w->k->options.on_test(w->candidate, w->snapshot, w->arena, &r->tests, &r->tests_n))
        return no_memory(w);
    for (uint32_t i = 0; i < r->tests_n; i++) {
        if (r->tests[i].has_passed)
            continue;
        r->tests_failed_n++;
        diag_error(&r->diag, NOWHERE, "ForgeTest `%.*s` fails: %.*s", SPAN_FMT(r->tests[i].name), SPAN_FMT(r->tests[i].sentence));
    }
    return r->tests_failed_n > 0 ? WHY_KEEPER_TEST : work_keep_tests(w);
}

/* The records of next in memory of their own; texts only where the store does not have them. NULL: memory is out. */
static struct conf_arena *work_copy(const struct keeper_work *w, struct generation *out)
{
    struct conf_arena *memory = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    bool is_in_memory = w->k->store == NULL || w->k->is_broken;
    struct generation_document *all;
    struct generation_test *tests;

    if (memory == NULL)
        return NULL;
    *out = w->next;
    out->author = conf_arena_copy(memory, out->author);
    out->reason = conf_arena_copy(memory, out->reason);
    out->source = conf_arena_copy(memory, out->source);
    out->tests = tests = conf_arena_array(memory, (size_t)out->tests_n + 1, sizeof(*tests));
    for (uint32_t i = 0; tests != NULL && i < out->tests_n; i++)
        tests[i] = (struct generation_test){ conf_arena_copy(memory, w->next.tests[i].name),
                                             conf_arena_copy(memory, w->next.tests[i].sentence), w->next.tests[i].has_passed };
    out->documents = all = conf_arena_array(memory, (size_t)out->documents_n + 1, sizeof(*all));
    for (uint32_t i = 0; all != NULL && i < out->documents_n; i++) {
        all[i] = w->next.documents[i];
        all[i].type = conf_arena_copy(memory, all[i].type);
        all[i].mesh = conf_arena_copy(memory, all[i].mesh);
        all[i].name = conf_arena_copy(memory, all[i].name);
        all[i].source = conf_arena_copy(memory, all[i].source);
        all[i].text = is_in_memory && all[i].text.at != NULL ? conf_arena_copy(memory, all[i].text) : SPAN_NONE;
    }
    if (!memory->is_full)
        return memory;
    conf_arena_close(memory);
    return NULL;
}

/* Kept, and then in force: after the commit nothing can fail. */
static enum why work_commit(struct keeper_work *w, void *prepared)
{
    struct keeper *k = w->k;
    struct generation kept;
    struct conf_arena *memory = w->r->is_dry_run ? NULL : work_copy(w, &kept);
    enum why why = w->r->is_dry_run ? WHY_OK : memory == NULL ? no_memory(w) : keeper_store_commit(w);

    if (memory == NULL || why != WHY_OK) {
        conf_arena_close(memory);
        k->options.hooks.discard(k->options.hooks.owner, prepared);
        return why;
    }
    conf_arena_close(k->memory);
    k->memory = memory;
    k->current = kept;
    keeper_rest(k);
    k->options.hooks.publish(k->options.hooks.owner, prepared);
    w->r->generation = kept.number;
    return WHY_OK;
}

/* From planned documents to what workers serve. */
static enum why work_finish(struct keeper_work *w)
{
    struct keeper *k = w->k;
    void *prepared = NULL;
    enum why why;

    if ((why = candidate_compile(w->candidate, w->next.number, &w->snapshot)) != WHY_OK || (why = work_compare(w)) != WHY_OK ||
        (why = work_test(w)) != WHY_OK)
        return why;
    generation_digest(&w->next, w->next.digest);
    if ((why = k->options.hooks.prepare(k->options.hooks.owner, w->snapshot, &w->r->diag, &prepared)) != WHY_OK)
        return why;
    w->snapshot = NULL; /* Goes with what was prepared. */
    return work_commit(w, prepared);
}

/* ---- changes ---- */

static enum why work_read(struct keeper_work *w, const struct keeper_change *change)
{
    if (change->texts_n > KEEPER_CHANGE_TEXTS_MAX) {
        diag_error(&w->r->diag, NOWHERE, "a change has at most %d files: put several documents into one, with `---` between them",
                   KEEPER_CHANGE_TEXTS_MAX);
        return WHY_CONF_BAD;
    }
    for (uint32_t i = 0; i < change->texts_n; i++)
        candidate_add(w->candidate, change->texts[i].file, change->texts[i].text);
    if (change->dir != NULL)
        candidate_add_dir(w->candidate, change->dir);
    w->is_source_whole = change->replaces_source;
    if (!keeper_unseal(w) || !candidate_fill(w->candidate) || !keeper_plan(w, change->deletions, change->deletions_n))
        return no_memory(w);
    return WHY_OK;
}

struct keeper_result *keeper_apply(struct keeper *k, const struct keeper_change *change)
{
    struct keeper_result *r = result_open(k, change->is_dry_run);
    struct keeper_work w;

    if (r == NULL)
        return NULL;
    if (!work_open(&w, k, r, change->author, change->reason, change->source))
        r->why = no_memory(&w);
    else if ((r->why = check_may(&w, change->expected_generation)) == WHY_OK && (r->why = work_read(&w, change)) == WHY_OK) {
        r->is_unchanged = !w.is_changed && r->diag.errors_n == 0 && k->current.number != 0;
        r->why = r->is_unchanged ? WHY_OK : work_finish(&w);
    }
    work_close(&w);
    diag_sort(&r->diag);
    return r;
}

static enum why work_return(struct keeper_work *w, uint64_t generation)
{
    struct generation earlier;
    enum why why = generation != 0 ? keeper_store_find(w->k, generation, w->arena, &earlier) : WHY_KEEPER_UNKNOWN;

    if (why == WHY_KEEPER_UNKNOWN)
        diag_error(&w->r->diag, NOWHERE, "there is no generation %llu: `forgectl history` lists those that are kept",
                   (unsigned long long)generation);
    else if (why != WHY_OK)
        diag_error(&w->r->diag, NOWHERE, "generation %llu cannot be read: %s", (unsigned long long)generation, why_sentence(why));
    if (why != WHY_OK)
        return why;
    w->next.rollback_of = generation;
    if (w->next.reason.len == 0)
        w->next.reason = conf_arena_format(w->arena, "back to generation %llu", (unsigned long long)generation);
    return keeper_plan_rollback(w, &earlier) ? WHY_OK : no_memory(w);
}

struct keeper_result *keeper_rollback(struct keeper *k, uint64_t generation, const char *author, const char *reason,
                                      uint64_t expected_generation, bool is_dry_run)
{
    struct keeper_result *r = result_open(k, is_dry_run);
    struct keeper_work w;

    if (r == NULL)
        return NULL;
    if (!work_open(&w, k, r, author, reason, "api")) {
        r->why = no_memory(&w);
    } else if ((r->why = check_may(&w, expected_generation)) == WHY_OK && (r->why = work_return(&w, generation)) == WHY_OK) {
        r->is_unchanged = !w.is_changed;
        r->why = r->is_unchanged ? WHY_OK : work_finish(&w);
    }
    work_close(&w);
    diag_sort(&r->diag);
    return r;
}

struct keeper_result *keeper_refresh(struct keeper *k)
{
    struct keeper_result *r = result_open(k, false);
    struct keeper_work w;
    void *prepared = NULL;

    if (r == NULL)
        return NULL;
    if (!work_open(&w, k, r, NULL, NULL, "api") || !keeper_load(k, &k->current, w.candidate, r->arena))
        r->why = no_memory(&w);
    else
        r->why = candidate_compile(w.candidate, k->current.number, &w.snapshot);
    if (r->why == WHY_OK)
        r->why = k->options.hooks.prepare(k->options.hooks.owner, w.snapshot, &r->diag, &prepared);
    if (r->why == WHY_OK) {
        w.snapshot = NULL;
        k->options.hooks.publish(k->options.hooks.owner, prepared);
    }
    work_close(&w);
    diag_sort(&r->diag);
    return r;
}
