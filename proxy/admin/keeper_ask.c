/* keeper_ask.c - what was, what is, and what lies between: nothing here changes anything.
 *
 * Layer:  admin.
 * Thread: control's.
 */
#include "admin/keeper_inside.h"
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
    *out = (struct keeper_status){ .generation = k->current.number, .live_generation = k->live };
    out->oldest_generation = k->current.number;
    out->generations_n = k->current.number != 0;
}

void keeper_on_live(struct keeper *k, uint64_t generation)
{
    k->live = generation;
}

/* ---- generations ---- */

static bool show_head(const struct keeper *k, const struct generation *g, struct keeper_generation *out)
{
    *out = (struct keeper_generation){
        .number = g->number, .parent = g->parent, .time_ns = g->time_ns, .rollback_of = g->rollback_of, .author = g->author,
        .reason = g->reason, .source = g->source, .added_n = g->added_n, .changed_n = g->changed_n, .removed_n = g->removed_n,
        .tests_n = g->tests_n, .is_current = g->number == k->current.number,
    };
    memcpy(out->digest, g->digest, HASH_BYTES);
    for (uint32_t i = 0; i < g->documents_n; i++)
        out->documents_n += !g->documents[i].is_deleted;
    return true;
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

/* A generation by number, 0 being the one in force. */
static enum why find(struct keeper *k, uint64_t generation, struct conf_arena *arena, struct generation *out)
{
    UNUSED(arena);
    if (k->current.number == 0 || (generation != 0 && generation != k->current.number))
        return WHY_KEEPER_UNKNOWN;
    *out = k->current;
    return WHY_OK;
}

bool keeper_history(struct keeper *k, uint64_t before, uint32_t limit, struct conf_arena *arena, const struct keeper_generation **out,
                    uint32_t *out_n)
{
    struct keeper_generation *all = conf_arena_take(arena, sizeof(*all));

    if (all == NULL)
        return false;
    *out_n = limit > 0 && k->current.number != 0 && (before == 0 || k->current.number < before);
    *out = all;
    return *out_n == 0 || show_head(k, &k->current, all);
}

enum why keeper_generation(struct keeper *k, uint64_t generation, struct conf_arena *arena, struct keeper_generation *out)
{
    struct generation g;
    enum why why = find(k, generation, arena, &g);

    if (why != WHY_OK)
        return why;
    return show_head(k, &g, out) && show_documents(&g, arena, out) ? WHY_OK : WHY_ARENA_FULL;
}

enum why keeper_document_text(struct keeper *k, const struct keeper_document *document, struct conf_arena *arena, struct span *out)
{
    const struct keeper_name *name = &document->name;
    const struct generation_document *d = generation_find(&k->current, name->type, name->mesh, name->name);

    if (d == NULL || memcmp(d->digest, document->digest, HASH_BYTES) != 0)
        return WHY_KEEPER_UNKNOWN;
    *out = keeper_content(k, d, arena);
    return out->at != NULL ? WHY_OK : WHY_ARENA_FULL;
}

enum why keeper_diff(struct keeper *k, uint64_t from, uint64_t to, struct conf_arena *arena, const struct keeper_difference **out,
                     uint32_t *out_n)
{
    struct generation a, b;
    enum why why;

    if ((why = find(k, from, arena, &a)) != WHY_OK || (why = find(k, to, arena, &b)) != WHY_OK)
        return why;
    return keeper_compare(k, &a, &b, arena, out, out_n) ? WHY_OK : WHY_ARENA_FULL;
}

enum why keeper_export(struct keeper *k, uint64_t generation, struct conf_arena *arena, struct span *out)
{
    static const struct span between = SPAN_LIT("---\n");
    struct generation g;
    size_t bytes = 0;
    uint8_t *at;
    enum why why = find(k, generation, arena, &g);

    if (why != WHY_OK)
        return why;
    for (uint32_t i = 0; i < g.documents_n; i++)
        bytes += g.documents[i].is_deleted ? 0 : keeper_content(k, &g.documents[i], arena).len + between.len;
    at = conf_arena_take(arena, bytes + 1);
    if (at == NULL)
        return WHY_ARENA_FULL;
    *out = span_of(at, 0);
    for (uint32_t i = 0; i < g.documents_n; i++) {
        struct span text = keeper_content(k, &g.documents[i], arena);

        if (g.documents[i].is_deleted)
            continue;
        memcpy(at + out->len, between.at, out->len > 0 ? between.len : 0);
        out->len += out->len > 0 ? between.len : 0;
        memcpy(at + out->len, text.at, text.len);
        out->len += text.len;
    }
    return WHY_OK;
}

enum why keeper_pin(struct keeper *k, uint64_t generation, bool is_pinned)
{
    UNUSED(k);
    UNUSED(generation);
    UNUSED(is_pinned);
    return WHY_KEEPER_UNKNOWN;
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
    enum why why = arena != NULL ? find(k, generation, arena, &g) : WHY_ARENA_FULL;

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
    *out = k->view;
    out->set = candidate_set(k->view.candidate);
    return WHY_OK;
}
