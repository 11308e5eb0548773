/* source.c - see source.h. */
#include "admin/source.h"

#include <stdarg.h>
#include <stdio.h>

#include "admin/keeper.h"
#include "admin/source_inside.h"
#include "admin/source_patch.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/shard.h"
#include "conf/conf_arena.h"

enum why sources_open(struct sources *t, struct shard *shard, struct ring *ring, struct keeper *keeper, struct fetch_table *fetches)
{
    *t = (struct sources){ .shard = shard, .ring = ring, .keeper = keeper, .fetches = fetches };
    list_init(&t->all);
    return pool_open(&t->pool, "source", sizeof(struct source), SOURCES_MAX);
}

void sources_close(struct sources *t)
{
    MUST(list_is_empty(&t->all));
    pool_close(&t->pool);
}

bool sources_have_ended(const struct sources *t)
{
    return t->pool.live_n == 0;
}

struct source *source_find(struct sources *t, struct span name)
{
    for (struct list_node *n = t->all.head.next; n != &t->all.head; n = n->next) {
        struct source *s = container_of(n, struct source, node);

        if (s->conf != NULL && span_is(span_str(s->name), name))
            return s;
    }
    return NULL;
}

/* ---- when ---- */

/* The next look: after the interval, or twice as long after each failure; a tenth more or less, so that many gateways do not come at
 * once. */
void source_plan(struct source *s)
{
    struct shard *shard = s->table->shard;
    uint64_t most_ns = SOURCE_BACKOFF_S_MAX * NS_PER_S, wait_ns = s->conf->interval_ns;

    s->state = SOURCE_IDLE;
    if (most_ns < wait_ns)
        most_ns = wait_ns;
    for (uint32_t i = 1; i < s->failures_n && wait_ns < most_ns; i++)
        wait_ns *= 2;
    if (wait_ns > most_ns)
        wait_ns = most_ns;
    wait_ns = wait_ns / 10 * 9 + wait_ns / 1000 * rng_below(&shard->rng, 201);
    if (s->must_look)
        wait_ns = 0;
    s->must_look = false;
    s->next_ns = shard->now_ns + wait_ns;
    wheel_arm(&shard->wheel, &s->timer, s->next_ns);
}

void source_wake(struct source *s)
{
    if (s->state != SOURCE_IDLE) {
        s->must_look = true;
        return;
    }
    s->next_ns = s->table->shard->now_ns;
    wheel_cancel(&s->table->shard->wheel, &s->timer);
    wheel_arm(&s->table->shard->wheel, &s->timer, s->next_ns);
}

void source_on_timer(struct timer *timer)
{
    struct source *s = container_of(timer, struct source, timer);

    if (s->state == SOURCE_IDLE) {
        source_look(s);
        return;
    }
    s->is_in_time = false; /* Of a program: a fetch watches its own time. */
    child_kill(&s->child);
}

void sources_on_event(struct sources *t, const struct ring_event *ev)
{
    struct source *s = pool_find(&t->pool, handle_slot(ev->handle), handle_generation(ev->handle));

    if (s == NULL || s->child.pid == 0)
        return; /* The last event of a poll that was told already. */
    if (ev->more) /* Its end closes the descriptor, so the kernel has to let go of it first. */
        ring_cancel(t->ring, handle_of(HANDLE_UNLISTEN, handle_slot(ev->handle), handle_generation(ev->handle)), ev->handle);
    else
        source_on_child(s);
    if (s->conf == NULL && s->child.pid == 0) {
        list_remove(&s->node);
        pool_give(&t->pool, s);
    }
}

/* ---- what came of it ---- */

void source_fail(struct source *s, enum why why, const char *format, ...)
{
    char sentence[sizeof(s->sentence)];
    va_list list;

    va_start(list, format);
    vsnprintf(sentence, sizeof(sentence), format, list);
    va_end(list);
    if (strcmp(sentence, s->sentence) != 0) /* Once: it may stay so for days. */
        log_warn("ForgeSource %s: %s", s->name, sentence);
    memcpy(s->sentence, sentence, sizeof(sentence));
    s->why = why;
    diag_init(&s->diag);
    s->failures_n++;
    source_plan(s);
}

static void source_is_good(struct source *s)
{
    if (s->why != WHY_OK)
        log_info("ForgeSource %s is read again", s->name);
    s->why = WHY_OK;
    s->sentence[0] = 0;
    diag_init(&s->diag);
    s->failures_n = 0;
}

/* Is the ForgeSource's own document one that it brought itself? */
static bool source_is_its_own(struct source *s)
{
    struct conf_arena *arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct keeper_generation g;
    bool is_own = false;

    if (arena != NULL && keeper_generation(s->table->keeper, 0, arena, &g) == WHY_OK)
        for (uint32_t i = 0; i < g.records_n && !is_own; i++)
            is_own = span_is(g.documents[i].name.type, SPAN_LIT("ForgeSource")) && span_is(g.documents[i].name.name, span_str(s->name)) &&
                     span_is(g.documents[i].source, span_str(s->source));
    conf_arena_close(arena);
    return is_own;
}

/* Would this end the source itself? Asked of a dry run, and only where it can be. */
static bool change_ends_source(struct source *s, const struct keeper_change *change)
{
    struct keeper_change dry = *change;
    struct keeper_result *r;
    bool ends = false;

    if (!change->replaces_source || !source_is_its_own(s))
        return false;
    dry.is_dry_run = true;
    r = keeper_apply(s->table->keeper, &dry);
    for (uint32_t i = 0; r != NULL && i < r->differences_n && !ends; i++)
        ends = r->differences[i].verb == KEEPER_REMOVED && span_is(r->differences[i].name.type, SPAN_LIT("ForgeSource")) &&
               span_is(r->differences[i].name.name, span_str(s->name));
    keeper_result_close(r);
    return ends;
}

static void source_refuse(struct source *s, const struct source_tree *tree, enum why why, const struct diag *diag)
{
    bool is_news = strcmp(s->seen, tree->revision) != 0 || s->why != why;

    memcpy(s->seen, tree->revision, sizeof(s->seen));
    s->seen_generation = keeper_current(s->table->keeper);
    s->why = why;
    s->failures_n = 0; /* The source was reached; that its documents are wrong is no reason to ask less often. */
    if (diag != NULL)
        s->diag = *diag;
    else
        diag_init(&s->diag);
    snprintf(s->sentence, sizeof(s->sentence), "revision %.12s is not taken: %s; %s stays in force", tree->revision,
             why == WHY_SOURCE_SELF ? "it no longer has this ForgeSource, and nothing after it would be looked at: put the document back, "
                                      "or delete it yourself with `forgectl delete ForgeSource`"
                                    : why_sentence(why),
             s->tree != NULL ? s->tree->revision : "what was there before");
    if (!is_news)
        return;
    log_error("ForgeSource %s: %s", s->name, s->sentence);
    for (uint32_t i = 0; i < s->diag.items_n; i++)
        log_error("%s:%u:%u: %s", s->diag.items[i].file, s->diag.items[i].line, s->diag.items[i].column, s->diag.items[i].text);
}

static void source_keep(struct source *s, struct source_tree *tree, const struct keeper_result *r)
{
    if (!r->is_unchanged)
        log_info("ForgeSource %s: revision %.12s is generation %llu (%u differences)", s->name, tree->revision,
                 (unsigned long long)r->generation, r->differences_n);
    source_is_good(s);
    s->diag = r->diag; /* Warnings. */
    source_tree_close(s->tree);
    s->tree = tree;
    memcpy(s->etag, s->next_etag, sizeof(s->etag));
    memcpy(s->seen, tree->revision, sizeof(s->seen));
    s->taken_ns = s->table->shard->wall_ns;
    s->generation = r->generation;
    s->applied_n += !r->is_unchanged;
    s->files_n = tree->texts_n;
}

static void source_apply(struct source *s, struct source_tree *tree)
{
    char reason[400];
    struct keeper_change change = {
        .texts = tree->texts, .texts_n = tree->texts_n, .source = s->source, .replaces_source = s->conf->prunes,
        .author = tree->author != NULL && tree->author[0] != 0 ? tree->author : s->source, .reason = reason,
    };
    struct keeper_result *r;

    snprintf(reason, sizeof(reason), "%.40s%s%.300s", tree->revision, tree->reason != NULL ? " " : "",
             tree->reason != NULL ? tree->reason : "");
    if (change_ends_source(s, &change)) {
        source_refuse(s, tree, WHY_SOURCE_SELF, NULL);
        source_tree_close(tree);
        return;
    }
    r = keeper_apply(s->table->keeper, &change);
    if (r != NULL && r->why == WHY_OK) {
        source_keep(s, tree, r);
    } else {
        source_refuse(s, tree, r != NULL ? r->why : WHY_IO_NO_MEMORY, r != NULL ? &r->diag : NULL);
        source_tree_close(tree);
    }
    keeper_result_close(r);
}

/* Documents that others edited are said once more, as an edit of our own: that is what they say then, and no drift. */
static void source_revert(struct source *s)
{
    struct keeper_change change = {
        .texts = s->tree->texts, .texts_n = s->tree->texts_n, .source = "api", .author = s->source,
        .reason = "driftPolicy Revert: as the source has them",
    };
    struct keeper_result *r = keeper_apply(s->table->keeper, &change);

    if (r != NULL && r->why == WHY_OK)
        log_info("ForgeSource %s: %u documents that others had edited are as the source has them again", s->name, s->drift_n);
    else
        log_error("ForgeSource %s: documents that others have edited could not be put back: %s", s->name,
                  r != NULL && r->diag.items_n > 0 ? r->diag.items[0].text : "memory is out");
    keeper_result_close(r);
    source_count_drift(s);
}

void source_take(struct source *s, struct source_tree *tree)
{
    bool is_known = tree == NULL || (s->tree != NULL && strcmp(tree->revision, s->tree->revision) == 0),
         is_refused = tree != NULL && !is_known && strcmp(tree->revision, s->seen) == 0 &&
                      s->seen_generation == keeper_current(s->table->keeper);

    if (is_known || is_refused) {
        if (is_known)
            source_is_good(s);
        if (is_known && tree != NULL)
            memcpy(s->etag, s->next_etag, sizeof(s->etag));
        source_tree_close(tree);
    } else {
        source_apply(s, tree);
    }
    source_count_drift(s);
    if (s->drift_n > 0 && s->conf->reverts && s->tree != NULL)
        source_revert(s);
    source_plan(s);
}

void source_count_drift(struct source *s)
{
    struct conf_arena *arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct keeper_generation g;

    s->drift_n = 0;
    if (arena != NULL && keeper_generation(s->table->keeper, 0, arena, &g) == WHY_OK)
        for (uint32_t i = 0; i < g.records_n; i++)
            s->drift_n += g.documents[i].is_drifted && span_is(g.documents[i].source, span_str(s->source));
    conf_arena_close(arena);
}

/* ---- which there are ---- */

/* What is under way and what is in hand. A program ends in its own time. */
static void source_stop(struct source *s)
{
    if (s->fetch != NULL)
        fetch_cancel(s->fetch);
    s->fetch = NULL;
    if (s->archive != NULL)
        memory_unmap(s->archive, s->archive_bytes);
    s->archive = NULL;
    source_tree_close(s->tree);
    s->tree = NULL;
}

/* It is not there any more. Its documents stay: who wants them gone deletes them. */
static void source_end(struct source *s)
{
    struct sources *t = s->table;

    source_stop(s);
    wheel_cancel(&t->shard->wheel, &s->timer);
    source_conf_close(s->conf);
    s->conf = NULL;
    if (s->child.pid != 0) { /* Goes when that has ended. */
        child_kill(&s->child);
        return;
    }
    list_remove(&s->node);
    pool_give(&t->pool, s);
}

static struct source *source_begin(struct sources *t, struct source_conf *c)
{
    struct source *s = pool_take(&t->pool);

    if (s == NULL) {
        log_error("ForgeSource %.*s: there may be %d of them at work, and this one is not", SPAN_FMT(c->name), SOURCES_MAX);
        source_conf_close(c);
        return NULL;
    }
    s->table = t;
    s->conf = c;
    s->timer.kind = TASK_SOURCE;
    snprintf(s->name, sizeof(s->name), "%.*s", SPAN_FMT(c->name));
    snprintf(s->source, sizeof(s->source), "git:%s", s->name);
    list_push(&t->all, &s->node);
    return s;
}

/* Its document says so now. What it said so far may have come from elsewhere: it is looked at anew. */
static void source_adopt(struct sources *t, struct source_conf *c)
{
    struct source *s = source_find(t, c->name);

    if (c->is_broken || (s != NULL && hash_is_equal(s->conf->digest, c->digest))) {
        source_conf_close(c);
        return;
    }
    if (s == NULL) {
        s = source_begin(t, c);
    } else {
        if (s->child.pid != 0) {
            child_kill(&s->child);
            s->is_stale = true;
        } else {
            s->state = SOURCE_IDLE;
        }
        source_stop(s);
        source_conf_close(s->conf);
        s->conf = c;
        s->etag[0] = s->next_etag[0] = s->seen[0] = 0;
        s->failures_n = 0;
    }
    if (s != NULL)
        source_wake(s);
}

static bool is_listed(struct source_conf *const *all, uint32_t n, const struct source *s)
{
    for (uint32_t i = 0; i < n; i++)
        if (span_is(all[i]->name, span_str(s->name)))
            return true;
    return false;
}

static void sources_follow(struct sources *t, struct source_conf **all, uint32_t n)
{
    struct list_node *next;

    for (struct list_node *node = t->all.head.next; node != &t->all.head; node = next) {
        struct source *s = container_of(node, struct source, node);

        next = node->next;
        if (s->conf != NULL && !is_listed(all, n, s)) {
            log_info("ForgeSource %s is deleted: what it brought stays, and is looked after by nobody", s->name);
            source_end(s);
        }
    }
    for (uint32_t i = 0; i < n; i++)
        source_adopt(t, all[i]);
    for (struct list_node *node = t->all.head.next; node != &t->all.head; node = node->next) {
        struct source *s = container_of(node, struct source, node);

        if (s->conf == NULL)
            continue;
        source_count_drift(s);
        if (s->drift_n > 0 && s->conf->reverts)
            source_wake(s);
    }
}

void sources_refresh(struct sources *t)
{
    struct source_conf *all[SOURCES_MAX];
    uint32_t n = 0;

    if (t->is_closing || t->generation == keeper_current(t->keeper))
        return;
    t->generation = keeper_current(t->keeper);
    if (source_conf_read_all(t->keeper, all, &n))
        sources_follow(t, all, n);
}

void sources_end(struct sources *t)
{
    struct list_node *next;

    t->is_closing = true;
    for (struct list_node *n = t->all.head.next; n != &t->all.head; n = next) {
        next = n->next;
        if (container_of(n, struct source, node)->conf != NULL)
            source_end(container_of(n, struct source, node));
    }
}

bool sources_sync(struct sources *t, struct span name)
{
    struct source *s = source_find(t, name);

    if (s != NULL)
        source_wake(s);
    return s != NULL;
}

struct span sources_patch(struct sources *t, struct span name, struct conf_arena *arena, bool *out_found)
{
    struct source *s = source_find(t, name);

    *out_found = s != NULL;
    if (s == NULL)
        return SPAN_NONE;
    return s->tree != NULL && s->drift_n > 0 ? source_patch_make(t->keeper, span_str(s->source), s->tree, arena) : SPAN_LIT("");
}
