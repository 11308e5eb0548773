/* keeper_plan.c - documents in force and a change -> the documents of the next generation.
 *
 * Layer:  admin.
 * Thread: control's.
 *
 * `said` is what a document's source said about it last: its digest, or nothing (zeros) when the source does not have it. Somebody
 * else's edit changes the digest and leaves `said` as it is; so does a rollback. A source that says the same once more changes nothing.
 */
#include <stdlib.h>

#include "admin/keeper_inside.h"
#include "conf/candidate.h"
#include "conf/conf_set.h"

/* A document of the change. */
struct incoming {
    struct generation_document record; /* name, digest, text */
    struct conf_document      *doc;
};

static int incoming_order(const void *left, const void *right)
{
    return generation_document_order(&((const struct incoming *)left)->record, &((const struct incoming *)right)->record);
}

static bool is_nothing(const uint8_t digest[HASH_BYTES])
{
    static const uint8_t nothing[HASH_BYTES];

    return memcmp(digest, nothing, HASH_BYTES) == 0;
}

static bool is_api(struct span source)
{
    return span_is(source, SPAN_LIT("api"));
}

/* All documents that the candidate has, sorted. NULL: memory is out. */
static struct incoming *list_incoming(struct keeper_work *w, uint32_t *out_n)
{
    const struct conf_set *set = candidate_set(w->candidate);
    struct incoming *all = conf_arena_array(w->arena, set->documents_n + 1, sizeof(*all));
    uint32_t n = 0;

    for (uint32_t kind = 0; all != NULL && kind < KIND_N; kind++)
        for (struct conf_document *d = set->first[kind]; d != NULL; d = d->next) {
            struct incoming *in = &all[n];

            if (d->is_derived)
                continue; /* Nobody wrote it. */
            n++;
            in->doc = d;
            in->record = (struct generation_document){
                .type = span_str(d->kind->type), .mesh = d->kind->is_global ? SPAN_LIT("") : d->mesh, .name = d->name,
                .source = span_str(w->source),
            };
            if (!d->is_valid)
                continue; /* Told: there will be no generation. */
            if (!keeper_address(w->k, d, w->arena, &in->record))
                return NULL;
        }
    if (all != NULL)
        qsort(all, n, sizeof(*all), incoming_order);
    *out_n = n;
    return all;
}

/* ---- one document ---- */

/* Two sources that both want a document would take it from each other forever. */
static bool may_take(struct keeper_work *w, const struct incoming *in, const struct generation_document *old)
{
    if (is_api(in->record.source) || is_api(old->source) || span_is(old->source, in->record.source))
        return true;
    diag_error(&w->r->diag, in->doc->place, "%s `%.*s` is kept by source %.*s already: take it out there, or out of %.*s",
               in->doc->kind->type, SPAN_FMT(in->record.name), SPAN_FMT(old->source), SPAN_FMT(in->record.source));
    return false;
}

/* The change has it; old is the record so far, or NULL. Answers whether the change's content counts. */
static bool take(struct keeper_work *w, const struct incoming *in, const struct generation_document *old,
                 struct generation_document *out)
{
    bool is_by_api = is_api(in->record.source);

    *out = in->record;
    out->created_ns = out->changed_ns = w->next.time_ns;
    out->number = w->next.number;
    if (!is_by_api)
        memcpy(out->said, out->digest, HASH_BYTES);
    if (old == NULL)
        return true;
    (void)may_take(w, in, old);
    if (is_by_api) { /* An edit: it stays the source's. */
        out->source = old->source;
        memcpy(out->said, old->said, HASH_BYTES);
    } else if (span_is(old->source, in->record.source) && memcmp(old->said, out->said, HASH_BYTES) == 0) {
        *out = *old; /* Nothing new from the source: whatever was done to it since stays. */
        if (!generation_document_is_drifted(old))
            return true;
        diag_warn(&w->r->diag, in->doc->place, "%s `%.*s` was %s in generation %llu, which stays in force until this text changes",
                  in->doc->kind->type, SPAN_FMT(in->record.name), old->is_deleted ? "deleted" : "changed", (unsigned long long)old->number);
        return false;
    }
    if (!old->is_deleted)
        out->created_ns = old->created_ns;
    if (!old->is_deleted && memcmp(old->digest, out->digest, HASH_BYTES) == 0) {
        out->number = old->number;
        out->changed_ns = old->changed_ns;
    }
    return true;
}

static bool is_same(const struct generation_document *a, const struct generation_document *b)
{
    return a->is_deleted == b->is_deleted && span_is(a->source, b->source) && memcmp(a->digest, b->digest, HASH_BYTES) == 0 &&
           memcmp(a->said, b->said, HASH_BYTES) == 0;
}

/* The change does not have it. false: it goes without a trace. */
static bool keep(const struct keeper_work *w, bool is_to_delete, const struct generation_document *old,
                 struct generation_document *out)
{
    bool is_own = span_is(old->source, span_str(w->source));

    *out = *old;
    if (is_to_delete) {
        out->is_deleted = true;
        out->number = w->next.number;
        out->changed_ns = w->next.time_ns;
        return !is_own && !is_api(old->source) && !is_nothing(old->said);
    }
    return !(w->is_source_whole && is_own && !is_nothing(old->said));
}

/* ---- all of them ---- */

static bool to_delete(const struct keeper_name *deletions, uint32_t n, const struct generation_document *d)
{
    for (uint32_t i = 0; i < n; i++)
        if (span_is(deletions[i].type, d->type) && span_is(deletions[i].mesh, d->mesh) && span_is(deletions[i].name, d->name))
            return true;
    return false;
}

static void check_deletions(struct keeper_work *w, const struct keeper_name *deletions, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct generation_document *d =
            generation_find(&w->k->current, deletions[i].type, deletions[i].mesh, deletions[i].name);

        if (d == NULL || d->is_deleted)
            diag_error(&w->r->diag, (struct diag_place){ 0 }, "there is no %.*s `%.*s`%s%.*s to delete: `forgectl get` lists what there is",
                       SPAN_FMT(deletions[i].type), SPAN_FMT(deletions[i].name), deletions[i].mesh.len > 0 ? " in mesh " : "",
                       SPAN_FMT(deletions[i].mesh));
    }
}

/* A folder that is not mounted looks like one from which everything was taken. */
static void check_source_is_there(struct keeper_work *w, uint32_t in_n)
{
    uint32_t own_n = 0;

    for (uint32_t i = 0; i < w->k->current.documents_n; i++) {
        const struct generation_document *d = &w->k->current.documents[i];
        own_n += span_is(d->source, span_str(w->source)) && !is_nothing(d->said);
    }
    if (w->is_source_whole && in_n == 0 && own_n > 0)
        diag_error(&w->r->diag, (struct diag_place){ 0 }, "source %s has no documents any more, and %u of it are in force, which looks "
                   "like an accident: leave at least one there, or delete them with `forgectl delete`", w->source, own_n);
}

bool keeper_plan(struct keeper_work *w, const struct keeper_name *deletions, uint32_t deletions_n)
{
    const struct generation *old = &w->k->current;
    uint32_t in_n = 0, n = 0, at = 0;
    struct incoming *in = list_incoming(w, &in_n);
    struct generation_document *all = conf_arena_array(w->arena, (size_t)in_n + old->documents_n + 1, sizeof(*all));

    if (in == NULL || all == NULL)
        return false;
    check_deletions(w, deletions, deletions_n);
    check_source_is_there(w, in_n);
    for (uint32_t i = 0; i < in_n || at < old->documents_n;) {
        const struct generation_document *o = at < old->documents_n ? &old->documents[at] : NULL;
        int order = i == in_n ? 1 : o == NULL ? -1 : generation_document_order(&in[i].record, o);

        if (order <= 0) {
            bool counts = take(w, &in[i], order == 0 ? o : NULL, &all[n]);

            w->is_changed |= order < 0 || !is_same(&all[n], o);
            if (!counts)
                candidate_leave_out(w->candidate, in[i].doc);
            if (!counts && !all[n].is_deleted && !keeper_load_document(w->k, o, w->candidate, w->arena))
                return false;
            n++;
            i++;
            at += order == 0;
        } else {
            bool stays = keep(w, to_delete(deletions, deletions_n, o), o, &all[n]);

            w->is_changed |= !stays || !is_same(&all[n], o);
            if (stays && !all[n].is_deleted && !keeper_load_document(w->k, o, w->candidate, w->arena))
                return false;
            n += stays;
            at++;
        }
    }
    w->next.documents = all;
    w->next.documents_n = n;
    return true;
}

/* ---- back to an earlier one ---- */

/* What the sources said last is a fact about them, which does not roll back. */
static void return_to(struct keeper_work *w, const struct generation_document *then, const struct generation_document *now,
                      struct generation_document *out)
{
    *out = *then;
    if (now != NULL)
        memcpy(out->said, now->said, HASH_BYTES);
    else
        memset(out->said, 0, HASH_BYTES);
    if (now != NULL && now->is_deleted == then->is_deleted && memcmp(now->digest, then->digest, HASH_BYTES) == 0) {
        out->number = now->number;
        out->changed_ns = now->changed_ns;
        out->source = now->source;
        return;
    }
    if (now != NULL)
        out->source = now->source;
    out->number = w->next.number;
    out->changed_ns = w->next.time_ns;
}

bool keeper_plan_rollback(struct keeper_work *w, const struct generation *earlier)
{
    const struct generation *old = &w->k->current;
    struct generation_document *all = conf_arena_array(w->arena, (size_t)earlier->documents_n + old->documents_n + 1, sizeof(*all));
    uint32_t n = 0, at = 0;

    if (all == NULL)
        return false;
    for (uint32_t i = 0; i < earlier->documents_n || at < old->documents_n;) {
        const struct generation_document *then = i < earlier->documents_n ? &earlier->documents[i] : NULL;
        const struct generation_document *now = at < old->documents_n ? &old->documents[at] : NULL;
        int order = then == NULL ? 1 : now == NULL ? -1 : generation_document_order(then, now);

        if (order <= 0) {
            return_to(w, then, order == 0 ? now : NULL, &all[n]);
            w->is_changed |= order < 0 || !is_same(&all[n], now);
            if (!all[n].is_deleted && !keeper_load_document(w->k, then, w->candidate, w->arena))
                return false;
            i++;
            at += order == 0;
            n++;
        } else { /* It was not there then: its source may not bring it back unasked. */
            all[n] = *now;
            all[n].is_deleted = true;
            w->is_changed |= !now->is_deleted;
            n += !is_api(now->source) && !is_nothing(now->said);
            at++;
        }
    }
    w->next.documents = all;
    w->next.documents_n = n;
    return true;
}
