/* keeper_ask.c - what was, what is, and what lies between: nothing here changes anything.
 *
 * Layer:  admin.
 * Thread: control's.
 */
#include "admin/keeper_inside.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "conf/candidate.h"
#include "conf/load.h"

uint64_t keeper_current(const struct keeper *k)
{
    return k->current.number;
}

void keeper_status(const struct keeper *k, struct keeper_status *out)
{
    struct store_figures figures = { .oldest = k->current.number, .generations_n = k->current.number != 0 };

    if (k->store != NULL)
        store_figures(k->store, &figures);
    *out = (struct keeper_status){
        .generation = k->current.number, .live_generation = k->live, .oldest_generation = figures.oldest,
        .generations_n = figures.generations_n, .store_why = k->store_why, .store_sentence = span_str(k->store_sentence),
        .store_bytes = figures.bytes, .store_bytes_max = figures.bytes_max, .backup_generation = k->backup_generation,
    };
}

void keeper_on_live(struct keeper *k, uint64_t generation)
{
    k->live = generation;
}

/* ---- generations ---- */

/* Texts into arena, as g may lie elsewhere. */
static void show_head(struct keeper *k, const struct generation *g, struct conf_arena *arena, struct keeper_generation *out)
{
    struct keeper_test *tests = conf_arena_array(arena, (size_t)g->tests_n + 1, sizeof(*tests));

    *out = (struct keeper_generation){
        .number = g->number, .parent = g->parent, .time_ns = g->time_ns, .rollback_of = g->rollback_of,
        .author = conf_arena_copy(arena, g->author), .reason = conf_arena_copy(arena, g->reason),
        .source = conf_arena_copy(arena, g->source), .added_n = g->added_n, .changed_n = g->changed_n, .removed_n = g->removed_n,
        .tests_n = g->tests_n, .tests = tests, .is_current = g->number == k->current.number,
        .is_pinned = k->store != NULL && store_is_pinned(k->store, g->number),
    };
    memcpy(out->digest, g->digest, HASH_BYTES);
    for (uint32_t i = 0; i < g->documents_n; i++)
        out->documents_n += !g->documents[i].is_deleted;
    for (uint32_t i = 0; tests != NULL && i < g->tests_n; i++) {
        tests[i] = (struct keeper_test){ conf_arena_copy(arena, g->tests[i].name), conf_arena_copy(arena, g->tests[i].sentence),
                                         g->tests[i].has_passed };
        out->tests_failed_n += !g->tests[i].has_passed;
    }
}

static bool show_documents(const struct generation *g, struct conf_arena *arena, struct keeper_generation *out)
{
    struct keeper_document *all = conf_arena_array(arena, (size_t)g->documents_n + 1, sizeof(*all));

    for (uint32_t i = 0; all != NULL && i < g->documents_n; i++) {
        const struct generation_document *d = &g->documents[i];

        all[i] = (struct keeper_document){
            .name = { d->type, d->mesh, d->name }, .source = d->source, .generation = d->number, .created_ns = d->created_ns,
            .changed_ns = d->changed_ns, .is_sealed = d->is_sealed, .is_deleted = d->is_deleted,
            .is_drifted = generation_document_is_drifted(d),
        };
        memcpy(all[i].digest, d->digest, HASH_BYTES);
    }
    out->documents = all;
    out->records_n = g->documents_n;
    return all != NULL;
}

/* Heads of so many numbers, each read in memory of its own. */
static enum why show_heads(struct keeper *k, const uint64_t *numbers, uint32_t n, struct conf_arena *arena, struct keeper_generation *out)
{
    for (uint32_t i = 0; i < n; i++) {
        struct conf_arena *memory = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
        struct generation g;
        enum why why = memory != NULL ? keeper_store_find(k, numbers[i], memory, &g) : WHY_ARENA_FULL;

        if (why == WHY_OK)
            show_head(k, &g, arena, &out[i]);
        conf_arena_close(memory);
        if (why != WHY_OK)
            return why;
    }
    return arena->is_full ? WHY_ARENA_FULL : WHY_OK;
}

bool keeper_history(struct keeper *k, uint64_t before, uint32_t limit, struct conf_arena *arena, const struct keeper_generation **out,
                    uint32_t *out_n)
{
    uint32_t most = limit < KEEPER_HISTORY_MAX ? limit : KEEPER_HISTORY_MAX;
    struct keeper_generation *all = conf_arena_array(arena, (size_t)most + 1, sizeof(*all));
    uint64_t *numbers = conf_arena_array(arena, (size_t)most + 1, sizeof(*numbers));

    *out_n = 0;
    *out = all;
    if (all == NULL || numbers == NULL)
        return false;
    if (k->store != NULL && !k->is_broken) {
        if (store_list(k->store, before, most, numbers, out_n) != WHY_OK)
            return false;
    } else if (most > 0 && k->current.number != 0 && (before == 0 || k->current.number < before)) {
        numbers[(*out_n)++] = k->current.number; /* All that is known for sure. */
    }
    return show_heads(k, numbers, *out_n, arena, all) == WHY_OK;
}

enum why keeper_generation(struct keeper *k, uint64_t generation, struct conf_arena *arena, struct keeper_generation *out)
{
    struct generation g;
    enum why why = keeper_store_find(k, generation, arena, &g);

    if (why != WHY_OK)
        return why;
    show_head(k, &g, arena, out);
    return show_documents(&g, arena, out) ? WHY_OK : WHY_ARENA_FULL;
}

enum why keeper_document_text(struct keeper *k, const struct keeper_document *document, struct conf_arena *arena, struct span *out)
{
    const struct keeper_name *name = &document->name;
    struct generation_document d = { .type = name->type, .mesh = name->mesh, .name = name->name, .is_sealed = document->is_sealed };
    const struct generation_document *now = generation_find(&k->current, name->type, name->mesh, name->name);

    memcpy(d.digest, document->digest, HASH_BYTES);
    if (now != NULL && hash_is_equal(now->digest, d.digest))
        d.text = now->text;
    *out = keeper_content_sealed(k, &d, arena);
    return out->at != NULL ? WHY_OK : arena->is_full ? WHY_ARENA_FULL : WHY_KEEPER_UNKNOWN;
}

enum why keeper_diff(struct keeper *k, uint64_t from, uint64_t to, struct conf_arena *arena, const struct keeper_difference **out,
                     uint32_t *out_n)
{
    struct generation a, b;
    enum why why;

    if ((why = keeper_store_find(k, from, arena, &a)) != WHY_OK || (why = keeper_store_find(k, to, arena, &b)) != WHY_OK)
        return why;
    if (keeper_compare(k, &a, &b, arena, out, out_n))
        return WHY_OK;
    return arena->is_full ? WHY_ARENA_FULL : WHY_STORE_DAMAGED;
}

enum why keeper_export(struct keeper *k, uint64_t generation, struct conf_arena *arena, struct span *out)
{
    static const struct span between = SPAN_LIT("---\n");
    struct generation g;
    struct span *texts;
    size_t bytes = 0, n = 0;
    uint8_t *at;
    enum why why = keeper_store_find(k, generation, arena, &g);

    if (why != WHY_OK)
        return why;
    texts = conf_arena_array(arena, (size_t)g.documents_n + 1, sizeof(*texts));
    for (uint32_t i = 0; texts != NULL && i < g.documents_n; i++) {
        if (g.documents[i].is_deleted)
            continue;
        texts[n] = keeper_content_sealed(k, &g.documents[i], arena);
        if (texts[n].at == NULL)
            return arena->is_full ? WHY_ARENA_FULL : WHY_STORE_DAMAGED;
        bytes += texts[n++].len + between.len;
    }
    at = conf_arena_take(arena, bytes + 1);
    if (texts == NULL || at == NULL)
        return WHY_ARENA_FULL;
    *out = span_of(at, 0);
    for (size_t i = 0; i < n; i++) {
        memcpy(at + out->len, between.at, i > 0 ? between.len : 0);
        out->len += i > 0 ? between.len : 0;
        memcpy(at + out->len, texts[i].at, texts[i].len);
        out->len += texts[i].len;
    }
    return WHY_OK;
}

enum why keeper_pin(struct keeper *k, uint64_t generation, bool is_pinned)
{
    if (k->is_broken)
        return k->store_why;
    return k->store != NULL ? store_pin(k->store, generation, is_pinned) : WHY_KEEPER_UNKNOWN;
}

/* ---- views ---- */

void keeper_rest(struct keeper *k)
{
    candidate_close(k->view.candidate);
    conf_free((struct snapshot *)(uintptr_t)k->view.snapshot); /* Const only for those who look at it. */
    memory_unmap(k->view_diag, sizeof(*k->view_diag));
    k->view_diag = NULL;
    k->view = (struct keeper_view){ 0 };
}

/* Into k->view. On failure it holds what there is, for the caller to drop. */
static enum why view_fill(struct keeper *k, const struct generation *g)
{
    struct conf_arena *arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct snapshot *snapshot = NULL;
    enum why why = WHY_ARENA_FULL;

    k->view.generation = g->number;
    k->view_diag = memory_map(sizeof(*k->view_diag));
    if (arena != NULL && k->view_diag != NULL) {
        diag_init(k->view_diag);
        k->view.candidate = keeper_candidate(k, k->view_diag);
        if (k->view.candidate != NULL && keeper_load(k, g, k->view.candidate, arena)) /* Which has copies of its own. */
            why = candidate_compile(k->view.candidate, g->number, &snapshot);
    }
    conf_arena_close(arena);
    k->view.snapshot = snapshot;
    return why;
}

enum why keeper_view(struct keeper *k, uint64_t generation, struct diag *diag, struct keeper_view *out)
{
    struct conf_arena *arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct generation g;
    enum why why = arena != NULL ? keeper_store_find(k, generation, arena, &g) : WHY_ARENA_FULL;

    if (why == WHY_OK && (k->view.candidate == NULL || k->view.generation != g.number)) {
        keeper_rest(k);
        why = view_fill(k, &g);
        if (k->view_diag != NULL)
            *diag = *k->view_diag;
        if (why != WHY_OK)
            keeper_rest(k);
    }
    conf_arena_close(arena);
    if (why != WHY_OK)
        return why;
    k->view_ns = clock_mono_ns();
    *out = k->view;
    out->set = candidate_set(k->view.candidate);
    return WHY_OK;
}
