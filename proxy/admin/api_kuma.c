/* api_kuma.c - documents as kumactl lists, gets, writes and deletes them.
 *
 * Spec:   kuma-dialect.md 3.6; RFC 9110 s13.1.
 * Layer:  admin.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include "admin/api_inside.h"
#include "admin/api_kind.h"
#include "base/limits.h"
#include "base/memory.h"
#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "proto/json_read.h"
#include "proto/uri.h"

enum { LIST_SIZE_USUAL = 100, LIST_SIZE_MAX = 1000, FILTERS_MAX = 8 };

/* What a path is about. */
struct named {
    struct api_kind kind;
    struct span     mesh, name; /* name empty: all of the kind */
};

enum why api_index(struct api_call *c)
{
    char host[64] = "";

    (void)gethostname(host, sizeof(host) - 1);
    api_json(c, 200);
    json_write_member(&c->json, "hostname", span_str(host));
    json_write_member(&c->json, "product", SPAN_LIT("API Forge"));
    json_write_member(&c->json, "version", SPAN_LIT(FORGE_VERSION));
    json_write_member(&c->json, "instanceId", span_str(host));
    json_write_member(&c->json, "clusterId", span_str(host));
    json_write_member(&c->json, "gui", SPAN_LIT(""));
    json_write_member(&c->json, "basedOnKuma", SPAN_LIT("2.14.3"));
    return api_done(c);
}

static void write_policy(struct json_write *j, const struct api_kind *k)
{
    json_write_key(j, SPAN_LIT("policy"));
    json_write_open(j, '{');
    json_write_member_bool(j, "isTargetRef", true);
    json_write_member_bool(j, "hasToTargetRef", k->has_to);
    json_write_member_bool(j, "hasFromTargetRef", false);
    json_write_member_bool(j, "hasRulesTargetRef", k->has_rules);
    json_write_member_bool(j, "isFromAsRules", k->has_rules);
    json_write_close(j, '}');
}

enum why api_resources(struct api_call *c)
{
    struct api_kind k;

    api_json(c, 200);
    json_write_key(&c->json, SPAN_LIT("resources"));
    json_write_open(&c->json, '[');
    for (uint32_t i = 0; api_kind_at(i, &k); i++) {
        json_write_open(&c->json, '{');
        json_write_member(&c->json, "name", span_str(k.type));
        json_write_member(&c->json, "scope", k.is_global ? SPAN_LIT("Global") : SPAN_LIT("Mesh"));
        json_write_member_bool(&c->json, "readOnly", false);
        json_write_member(&c->json, "path", span_str(k.plural));
        json_write_member(&c->json, "singularDisplayName", span_str(k.type));
        json_write_member(&c->json, "pluralDisplayName", span_str(k.plural));
        json_write_member(&c->json, "shortName", span_str(k.short_name));
        json_write_member_bool(&c->json, "includeInFederation", !k.is_global);
        if (k.is_policy)
            write_policy(&c->json, &k);
        json_write_close(&c->json, '}');
    }
    json_write_close(&c->json, ']');
    return api_done(c);
}

/* false: refused. */
static bool read_path(struct api_call *c, bool has_name, struct named *out, enum why *out_why)
{
    bool is_global = c->params[has_name ? 2 : 1].at == NULL;
    struct span plural = c->params[is_global ? 0 : 1];
    char detail[256];

    if (!api_kind_of_plural(plural, &out->kind) || out->kind.is_global != is_global) {
        snprintf(detail, sizeof(detail), "there is no %s kind with the path `%.*s`; /_resources lists them",
                 is_global ? "global" : "mesh's",
                 plural.len < 64 ? (int)plural.len : 64, (const char *)plural.at);
        *out_why = api_refuse(c, 404, "not-found", "Not found", detail);
        return false;
    }
    out->mesh = is_global ? SPAN_LIT("") : c->params[0];
    out->name = has_name ? c->params[is_global ? 1 : 2] : SPAN_LIT("");
    return true;
}

/* ---- reading ---- */

static void write_timed(struct api_call *c, const struct keeper_document *record, const struct conf_document *doc)
{
    struct span text = canonical_json(doc, c->arena, CANONICAL_SECRETS_LEFT_OUT);

    if (text.at == NULL || text.len < 2)
        return;
    text_write_span(&c->text, span_of(text.at, text.len - 1));
    /* After the other members: the canonical form ends with its closing brace. */
    c->json._needs_comma = true;
    api_time(&c->json, "creationTime", record->created_ns);
    api_time(&c->json, "modificationTime", record->changed_ns);
    json_write_close(&c->json, '}');
}

/* The configuration in force, read. WHY_OK, or refused with *out_why. */
static bool view_now(struct api_call *c, struct keeper_view *out, enum why *out_why)
{
    struct diag *diag = memory_map(sizeof(*diag));
    enum why why = WHY_ARENA_FULL;

    if (diag != NULL) {
        diag_init(diag);
        why = keeper_view(c->api->keeper, 0, diag, out);
        memory_unmap(diag, sizeof(*diag));
    }
    if (why != WHY_OK)
        *out_why = api_refuse_why(c, why);
    return why == WHY_OK;
}

static const struct conf_document *find_document(const struct keeper_view *view, const struct keeper_document *record)
{
    return api_kind_document(view->set, record->name.type, record->name.mesh, record->name.name);
}

enum why api_kuma_get(struct api_call *c)
{
    const struct keeper_document *record;
    struct keeper_view view;
    struct named n;
    enum why why;

    if (!read_path(c, true, &n, &why))
        return why;
    record = api_document_find(c, span_str(n.kind.type), n.mesh, n.name, &why);
    if (why != WHY_OK)
        return api_refuse_why(c, why);
    if (record == NULL)
        return api_refuse(c, 404, "not-found", "Could not retrieve a resource", "Not found");
    if (!view_now(c, &view, &why))
        return why;
    c->out->etag = api_document_etag(c, record);
    if (span_is(api_field(c, "if-none-match"), c->out->etag)) {
        c->out->status = 304;
        return WHY_OK;
    }
    const struct conf_document *doc = find_document(&view, record);
    if (doc == NULL)
        return api_refuse(c, 404, "not-found", "Could not retrieve a resource", "Not found");
    c->out->status = 200;
    c->out->content_type = SPAN_LIT("application/json");
    text_write_init_bufq(&c->text, &c->call->shard->queues, &c->out->body, API_ANSWER_BYTES_MAX);
    json_write_init(&c->json, &c->text);
    write_timed(c, record, doc);
    text_write_byte(&c->text, '\n');
    why = text_write_finish(&c->text);
    return why == WHY_OK && c->arena->is_full ? WHY_ARENA_FULL : why;
}

/* filter[label.k]=v, each of which must hold. */
struct filters {
    struct span keys[FILTERS_MAX], values[FILTERS_MAX];
    uint32_t    n;
};

static bool read_filters(struct api_call *c, struct filters *out)
{
    struct span rest = head_query(c->call->request), pair, key, value;

    out->n = 0;
    while (rest.len > 0 && span_next(&rest, '&', &pair)) {
        size_t equals = span_find(pair, '=');

        if (uri_query_decode(span_of(pair.at, equals), c->call->arena, &key) != WHY_OK || !span_starts(key, SPAN_LIT("filter[label.")))
            continue;
        if (out->n == FILTERS_MAX || equals == pair.len || !span_ends(key, SPAN_LIT("]")) ||
            uri_query_decode(span_from(pair, equals + 1), c->call->arena, &value) != WHY_OK)
            return false;
        out->keys[out->n] = span_of(key.at + 13, key.len - 14);
        out->values[out->n++] = value;
    }
    return true;
}

static bool passes(const struct filters *f, const struct conf_document *doc)
{
    for (uint32_t i = 0; i < f->n; i++) {
        if (!api_kind_has_label(doc, f->keys[i], f->values[i]))
            return false;
    }
    return true;
}

static void write_next(struct api_call *c, uint64_t size, uint64_t offset, uint64_t total)
{
    const struct head *request = c->call->request;
    struct span path = head_path(request), rest = head_query(request), pair;
    struct span next = SPAN_LIT("");
    char page[64];

    json_write_key(&c->json, SPAN_LIT("next"));
    if (offset + size >= total) {
        json_write_null(&c->json);
        return;
    }
    next = arena_append(c->call->arena, next, c->call->is_tls ? SPAN_LIT("https://") : SPAN_LIT("http://"));
    next = arena_append(c->call->arena, next, request->authority);
    next = arena_append(c->call->arena, next, path);
    snprintf(page, sizeof(page), "?size=%llu&offset=%llu", (unsigned long long)size, (unsigned long long)(offset + size));
    next = arena_append(c->call->arena, next, span_str(page));
    while (rest.len > 0 && span_next(&rest, '&', &pair)) {
        if (span_starts(pair, SPAN_LIT("size=")) || span_starts(pair, SPAN_LIT("offset=")))
            continue;
        next = arena_append(c->call->arena, next, SPAN_LIT("&"));
        next = arena_append(c->call->arena, next, pair);
    }
    json_write_string(&c->json, next);
}

static void write_items(struct api_call *c, const struct named *n, const struct keeper_generation *now, const struct keeper_view *view,
                        const struct filters *filters, uint64_t size, uint64_t offset)
{
    uint64_t total = 0;

    json_write_key(&c->json, SPAN_LIT("items"));
    json_write_open(&c->json, '[');
    for (uint32_t i = 0; i < now->records_n; i++) {
        const struct keeper_document *record = &now->documents[i];
        const struct conf_document *doc;

        if (record->is_deleted || !span_is(record->name.type, span_str(n->kind.type)) || !span_is(record->name.mesh, n->mesh))
            continue;
        doc = find_document(view, record);
        if (doc == NULL || !passes(filters, doc))
            continue;
        if (total >= offset && total - offset < size) {
            if (total > offset)
                text_write_byte(&c->text, ',');
            write_timed(c, record, doc);
        }
        total++;
    }
    c->json._needs_comma = false;
    json_write_close(&c->json, ']');
    json_write_member_u64(&c->json, "total", total);
    write_next(c, size, offset, total);
}

enum why api_kuma_list(struct api_call *c)
{
    struct keeper_generation now = { 0 };
    struct keeper_view view = { 0 };
    struct filters filters;
    uint64_t size, offset;
    struct named n;
    enum why why = WHY_OK;

    if (!read_path(c, false, &n, &why) || !api_query_u64(c, "size", LIST_SIZE_USUAL, LIST_SIZE_MAX, &size, &why) ||
        !api_query_u64(c, "offset", 0, UINT32_MAX, &offset, &why))
        return why;
    if (size == 0)
        return api_refuse_field(c, "size", "`size` is a number from 1 to 1000");
    if (!read_filters(c, &filters))
        return api_refuse_field(c, "filter", "filters are `filter[label.NAME]=VALUE`, 8 at most");
    if (keeper_current(c->api->keeper) != 0) {
        why = keeper_generation(c->api->keeper, 0, c->arena, &now);
        if (why != WHY_OK)
            return api_refuse_why(c, why);
        if (!view_now(c, &view, &why))
            return why;
    }
    api_json(c, 200);
    write_items(c, &n, &now, &view, &filters, size, offset);
    return api_done(c);
}

/* ---- writing ---- */

/* If-Match, If-None-Match. false: refused. */
static bool precondition(struct api_call *c, const struct keeper_document *record, enum why *out_why)
{
    struct span match = api_field(c, "if-match"), none = api_field(c, "if-none-match");

    if (match.len > 0 && (record == NULL || (!span_is(match, SPAN_LIT("*")) && !span_is(match, api_document_etag(c, record))))) {
        *out_why = api_refuse(c, 412, "precondition-failed", "Somebody else changed it",
                              "the document is not the one that If-Match names: get it again");
        return false;
    }
    if (span_is(none, SPAN_LIT("*")) && record != NULL) {
        *out_why = api_refuse(c, 412, "precondition-failed", "There is one already", "If-None-Match: * writes new documents only");
        return false;
    }
    return true;
}

/* The body says the same as the path. false: refused. */
static bool body_fits(struct api_call *c, const struct named *n, enum why *out_why)
{
    struct yyjson_val *root = api_body(c, out_why);

    if (root == NULL)
        return false;
    const struct { const char *field; struct span is, want; } rows[] = {
        { "type", json_read_text(root, "type"), span_str(n->kind.type) },
        { "name", json_read_text(root, "name"), n->name },
        { "mesh", json_read_text(root, "mesh"), n->mesh },
    };
    for (uint32_t i = 0; i < COUNT(rows); i++) {
        if (span_is(rows[i].is, rows[i].want) || (i == 2 && n->kind.is_global))
            continue;
        *out_why = api_refuse_field(c, rows[i].field, "this must be what the path says");
        return false;
    }
    return true;
}

static const char *author_of(struct api_call *c)
{
    struct span author = api_field(c, "x-forge-author");

    return author.len > 0 ? api_string(c, author) : c->call->is_tls ? "admin" : "local";
}

static enum why answer_write(struct api_call *c, struct keeper_result *r, uint16_t status)
{
    if (r == NULL)
        return WHY_ARENA_FULL;
    if (r->why != WHY_OK)
        return api_refuse_result(c, r);
    api_json(c, status);
    if (r->diag.warnings_n > 0) {
        json_write_key(&c->json, SPAN_LIT("warnings"));
        json_write_open(&c->json, '[');
        for (uint32_t i = 0; i < r->diag.items_n; i++)
            json_write_string(&c->json, span_str(r->diag.items[i].text));
        json_write_close(&c->json, ']');
    }
    if (!r->is_unchanged)
        api_owe(c, r->generation);
    return api_done(c);
}

enum why api_kuma_put(struct api_call *c)
{
    const struct keeper_document *record;
    struct keeper_result *r;
    struct keeper_text text;
    struct named n;
    char file[640];
    enum why why;

    if (!read_path(c, true, &n, &why) || !body_fits(c, &n, &why))
        return why;
    record = api_document_find(c, span_str(n.kind.type), n.mesh, n.name, &why);
    if (why != WHY_OK)
        return api_refuse_why(c, why);
    if (!precondition(c, record, &why))
        return why;
    snprintf(file, sizeof(file), "%s %s%s%s", n.kind.type, api_string(c, n.mesh), n.mesh.len > 0 ? "/" : "", api_string(c, n.name));
    text = (struct keeper_text){ .file = file, .text = c->call->body };
    const struct keeper_change change = { .texts = &text, .texts_n = 1, .source = "api", .author = author_of(c),
                                          .reason = api_string(c, api_field(c, "x-forge-reason")) };
    r = keeper_apply(c->api->keeper, &change);
    why = answer_write(c, r, record != NULL ? 200 : 201);
    keeper_result_close(r);
    return why;
}

enum why api_kuma_delete(struct api_call *c)
{
    const struct keeper_document *record;
    struct keeper_result *r;
    struct named n;
    enum why why;

    if (!read_path(c, true, &n, &why))
        return why;
    record = api_document_find(c, span_str(n.kind.type), n.mesh, n.name, &why);
    if (why != WHY_OK)
        return api_refuse_why(c, why);
    if (record == NULL)
        return api_refuse(c, 404, "not-found", "Could not delete a resource", "Not found");
    if (!precondition(c, record, &why))
        return why;
    const struct keeper_change change = { .deletions = &record->name, .deletions_n = 1, .source = "api", .author = author_of(c),
                                          .reason = api_string(c, api_field(c, "x-forge-reason")) };
    r = keeper_apply(c->api->keeper, &change);
    why = answer_write(c, r, 200);
    keeper_result_close(r);
    return why;
}
