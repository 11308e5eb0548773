/* api_show.c - what is in force and what was: status, history, differences, exports, the reference of kinds.
 *
 * Layer:  admin.
 */
#include <string.h>

#include "admin/api_inside.h"
#include "admin/api_kind.h"
#include "admin/management.h"
#include "admin/source_service.h"
#include "base/limits.h"
#include "base/memory.h"
#include "conf/candidate.h"
#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "conf/manual.h"
#include "proto/hex.h"

enum why api_status(struct api_call *c)
{
    struct keeper_status s;

    keeper_status(c->api->keeper, &s);
    api_json(c, 200);
    json_write_member(&c->json, "version", SPAN_LIT(FORGE_VERSION));
    json_write_member_bool(&c->json, "ready", c->api->management->is_ready);
    json_write_member_u64(&c->json, "generation", s.generation);
    json_write_member_u64(&c->json, "liveGeneration", s.live_generation);
    json_write_member_u64(&c->json, "oldestGeneration", s.oldest_generation);
    json_write_member_u64(&c->json, "generations", s.generations_n);
    json_write_member_u64(&c->json, "refused", c->api->management->refused_n);
    api_time(&c->json, "startTime", c->api->management->started_wall_ns);
    json_write_key(&c->json, SPAN_LIT("store"));
    json_write_open(&c->json, '{');
    json_write_member(&c->json, "state", span_str(s.store_why == WHY_OK ? "ok" : why_name(s.store_why)));
    json_write_member(&c->json, "sentence", s.store_sentence);
    json_write_member_u64(&c->json, "bytes", s.store_bytes);
    json_write_member_u64(&c->json, "bytesMax", s.store_bytes_max);
    json_write_member_u64(&c->json, "backupGeneration", s.backup_generation);
    json_write_close(&c->json, '}');
    return api_done(c);
}

/* Whoever came this far has shown that they may change things; a webhook shows it by its signature. */
enum why api_sources(struct api_call *c)
{
    if (c->api->management->sources == NULL)
        return api_refuse(c, 404, "not-found", "Not found", "this gateway has no sources");
    return source_service_answer(c->api->management->sources, c->call, true, c->out);
}

/* ---- generations ---- */

static void write_digest(struct json_write *j, const uint8_t digest[32])
{
    char text[64];

    json_write_member(j, "digest", span_of(text, hex_write(span_of(digest, 32), text)));
}

static void write_generation(struct json_write *j, const struct keeper_generation *g)
{
    json_write_member_u64(j, "generation", g->number);
    json_write_member_u64(j, "parent", g->parent);
    api_time(j, "time", g->time_ns);
    json_write_member(j, "author", g->author);
    json_write_member(j, "reason", g->reason);
    json_write_member(j, "source", g->source);
    json_write_member_u64(j, "rollbackOf", g->rollback_of);
    write_digest(j, g->digest);
    json_write_member_u64(j, "documents", g->documents_n);
    json_write_member_u64(j, "added", g->added_n);
    json_write_member_u64(j, "changed", g->changed_n);
    json_write_member_u64(j, "removed", g->removed_n);
    json_write_member_u64(j, "testsTotal", g->tests_n);
    json_write_member_u64(j, "testsFailed", g->tests_failed_n);
    json_write_member_bool(j, "current", g->is_current);
    json_write_member_bool(j, "pinned", g->is_pinned);
}

enum why api_generations(struct api_call *c)
{
    const struct keeper_generation *all = NULL;
    uint64_t limit, before;
    enum why why = WHY_OK;
    uint32_t n = 0;

    if (!api_query_u64(c, "limit", 50, KEEPER_HISTORY_MAX, &limit, &why) || !api_query_u64(c, "before", 0, UINT64_MAX, &before, &why))
        return why;
    if (!keeper_history(c->api->keeper, before, (uint32_t)limit, c->arena, &all, &n))
        return api_refuse_why(c, c->arena->is_full ? WHY_ARENA_FULL : WHY_STORE_IO);
    api_json(c, 200);
    json_write_key(&c->json, SPAN_LIT("items"));
    json_write_open(&c->json, '[');
    for (uint32_t i = 0; i < n; i++) {
        json_write_open(&c->json, '{');
        write_generation(&c->json, &all[i]);
        json_write_close(&c->json, '}');
    }
    json_write_close(&c->json, ']');
    return api_done(c);
}

/* The generation of the path. false: refused. */
static bool find_generation(struct api_call *c, struct keeper_generation *out, enum why *out_why)
{
    uint64_t number;
    enum why why = span_to_u64(c->params[0], &number) ? keeper_generation(c->api->keeper, number, c->arena, out) : WHY_KEEPER_UNKNOWN;

    if (why != WHY_OK)
        *out_why = api_refuse_why(c, why);
    return why == WHY_OK;
}

enum why api_generation(struct api_call *c)
{
    struct keeper_generation g;
    enum why why = WHY_OK;

    if (!find_generation(c, &g, &why))
        return why;
    api_json(c, 200);
    write_generation(&c->json, &g);
    return api_done(c);
}

enum why api_generation_documents(struct api_call *c)
{
    struct keeper_generation g;
    enum why why = WHY_OK;

    if (!find_generation(c, &g, &why))
        return why;
    api_json(c, 200);
    json_write_member_u64(&c->json, "generation", g.number);
    json_write_key(&c->json, SPAN_LIT("items"));
    json_write_open(&c->json, '[');
    for (uint32_t i = 0; i < g.records_n; i++) {
        const struct keeper_document *d = &g.documents[i];

        json_write_open(&c->json, '{');
        json_write_member(&c->json, "type", d->name.type);
        if (d->name.mesh.len > 0)
            json_write_member(&c->json, "mesh", d->name.mesh);
        json_write_member(&c->json, "name", d->name.name);
        json_write_member(&c->json, "source", d->source);
        json_write_member_u64(&c->json, "generation", d->generation);
        write_digest(&c->json, d->digest);
        api_time(&c->json, "creationTime", d->created_ns);
        api_time(&c->json, "modificationTime", d->changed_ns);
        json_write_member_bool(&c->json, "sealed", d->is_sealed);
        json_write_member_bool(&c->json, "drifted", d->is_drifted);
        json_write_member_bool(&c->json, "deleted", d->is_deleted);
        json_write_close(&c->json, '}');
    }
    json_write_close(&c->json, ']');
    return api_done(c);
}

enum why api_diff(struct api_call *c)
{
    const struct keeper_difference *all = NULL;
    uint64_t from, to;
    enum why why = WHY_OK;
    uint32_t n = 0;

    if (!api_query_u64(c, "from", 0, UINT64_MAX, &from, &why) || !api_query_u64(c, "to", 0, UINT64_MAX, &to, &why))
        return why;
    why = keeper_diff(c->api->keeper, from, to, c->arena, &all, &n);
    if (why != WHY_OK)
        return api_refuse_why(c, why);
    api_json(c, 200);
    json_write_member_u64(&c->json, "from", from);
    json_write_member_u64(&c->json, "to", to);
    api_changes(&c->json, all, n);
    return api_done(c);
}

/* ---- export ---- */

static enum why export_json(struct api_call *c, uint64_t generation)
{
    struct diag *diag = memory_map(sizeof(*diag));
    struct keeper_view view;
    const char *between = "[\n";
    enum why why;

    if (diag == NULL)
        return WHY_ARENA_FULL;
    diag_init(diag);
    why = keeper_view(c->api->keeper, generation, diag, &view);
    memory_unmap(diag, sizeof(*diag));
    if (why != WHY_OK)
        return api_refuse_why(c, why);
    c->out->status = 200;
    c->out->content_type = SPAN_LIT("application/json");
    text_write_init_bufq(&c->text, &c->call->shard->queues, &c->out->body, API_ANSWER_BYTES_MAX);
    for (const struct conf_document *d = api_kind_next(view.set, NULL); d != NULL; d = api_kind_next(view.set, d)) {
        text_write_str(&c->text, between);
        text_write_span(&c->text, canonical_json(d, c->arena, CANONICAL_SECRETS_LEFT_OUT));
        between = ",\n";
    }
    text_write_str(&c->text, between[0] == '[' ? "[]\n" : "\n]\n");
    why = text_write_finish(&c->text);
    return why == WHY_OK && c->arena->is_full ? WHY_ARENA_FULL : why;
}

enum why api_export(struct api_call *c)
{
    struct span format, text;
    uint64_t generation;
    enum why why = WHY_OK;

    if (!api_query_u64(c, "generation", 0, UINT64_MAX, &generation, &why))
        return why;
    if (api_query(c, "format", &format) && !span_is(format, SPAN_LIT("yaml"))) {
        if (!span_is(format, SPAN_LIT("json")))
            return api_refuse_field(c, "format", "`format` is yaml or json");
        return export_json(c, generation);
    }
    why = keeper_export(c->api->keeper, generation, c->arena, &text);
    return why != WHY_OK ? api_refuse_why(c, why) : api_text(c, SPAN_LIT("application/yaml"), text);
}

/* ---- reference ---- */

/* By its type, plural or short name. false: refused. */
static bool find_kind(struct api_call *c, struct api_kind *out, enum why *out_why)
{
    if (api_kind_of_name(c->params[0], out))
        return true;
    *out_why = api_refuse(c, 404, "not-found", "Not found", "there is no such kind; /forge/manual lists them");
    return false;
}

enum why api_schema_kind(struct api_call *c)
{
    struct api_kind kind;
    enum why why = WHY_OK;

    return find_kind(c, &kind, &why) ? api_text(c, SPAN_LIT("application/schema+json"), api_kind_schema(kind.index, c->arena)) : why;
}

enum why api_schema(struct api_call *c)
{
    struct api_kind kind;

    api_json(c, 200);
    for (uint32_t i = 0; api_kind_at(i, &kind); i++) {
        json_write_key(&c->json, span_str(kind.type));
        text_write_span(&c->text, span_trim(api_kind_schema(i, c->arena)));
        c->json._needs_comma = true;
    }
    return api_done(c);
}

enum why api_manual(struct api_call *c)
{
    return api_text(c, SPAN_LIT("text/markdown; charset=utf-8"), manual_index(c->arena));
}

enum why api_manual_kind(struct api_call *c)
{
    static const struct span type = { (const uint8_t *)"text/markdown; charset=utf-8", 28 };
    struct api_kind kind;
    enum why why = WHY_OK;

    return find_kind(c, &kind, &why) ? api_text(c, type, api_kind_manual(kind.index, c->arena)) : why;
}
