/* api_route.c - the one table of the admin interface, how a path finds its row, and the OpenAPI document made from it.
 *
 * Spec:   OpenAPI 3.1.0.
 * Layer:  admin.
 */
#include <string.h>

#include "admin/api_inside.h"
#include "admin/api_kind.h"
#include "base/limits.h"
#include "base/must.h"
#include "conf/conf_arena.h"

enum { SMALL = 65536 };

/* Literal paths stand before those that take any word. */
static const struct api_route routes[] = {
    { METHOD_GET, "/", api_index, 0, true, "What this is: product and version.", "" },
    { METHOD_GET, "/_resources", api_resources, 0, false, "Kinds of documents, as kumactl asks for them.", "" },
    { METHOD_GET, "/forge/status", api_status, 0, false, "Generations in force and live, and how the store is.", "" },
    { METHOD_GET, "/forge/generations", api_generations, 0, false, "History, newest first.", "limit,before" },
    { METHOD_GET, "/forge/generations/{generation}", api_generation, 0, false, "One generation; 0 is the one in force.", "" },
    { METHOD_GET, "/forge/generations/{generation}/documents", api_generation_documents, 0, false,
      "Its documents: source, digest, whether somebody else than the source edited them.", "" },
    { METHOD_POST, "/forge/generations/{generation}/pin", api_pin, SMALL, false,
      "Keep it, whatever retention says; ?off=true: no more.", "off" },
    { METHOD_GET, "/forge/diff", api_diff, 0, false,
      "What changes on the way from one generation to another; 0 is the one in force.", "from,to" },
    { METHOD_GET, "/forge/export", api_export, 0, false, "All documents as one text; secrets stay sealed.", "generation,format" },
    { METHOD_GET, "/forge/watch", api_watch, 0, false,
      "Server-sent events: each generation when it is in force, and when it is live.", "" },
    { METHOD_GET, "/forge/schema", api_schema, 0, false, "JSON Schema of every kind.", "" },
    { METHOD_GET, "/forge/schema/{kind}", api_schema_kind, 0, false, "JSON Schema of a kind.", "" },
    { METHOD_GET, "/forge/manual", api_manual, 0, false, "Kinds and what they are, as Markdown.", "" },
    { METHOD_GET, "/forge/manual/{kind}", api_manual_kind, 0, false, "A kind's page of the manual, as Markdown.", "" },
    { METHOD_POST, "/forge/apply", api_apply, SERVICE_BODY_BYTES_MAX, false,
      "Change documents, all or nothing: JSON {files: [{name, text}], delete: [{type, mesh, name}], author, reason, source, "
      "replace, dryRun, expect}, or YAML with the same as parameters. Answered when all workers serve it.",
      "author,reason,source,replace,dryRun,expect" },
    { METHOD_POST, "/forge/rollback", api_rollback, SMALL, false,
      "An earlier generation as a new one: {generation, author, reason, expect, dryRun}.", "" },
    { METHOD_POST, "/forge/try", api_try, 1048576, false,
      "How a request would be treated: {method, scheme, authority, target, headers: [{name, value}], bodyBytes, client, port, generation}.",
      "format,generation" },
    { METHOD_POST, "/forge/test", api_test, 0, false, "Run the ForgeTest documents of a generation.", "generation,format" },
    { METHOD_GET, "/forge/sources", api_sources, 0, false, "How each ForgeSource goes.", "" },
    { METHOD_GET, "/forge/sources/{name}", api_sources, 0, false, "How one goes.", "" },
    { METHOD_GET, "/forge/sources/{name}/patch", api_sources, 0, false, "What others edited in it, as a unified diff.", "" },
    { METHOD_POST, "/forge/sources/{name}/sync", api_sources, SMALL, false, "Look at it now.", "" },
    { METHOD_POST, "/forge/webhook/{name}", api_sources, SOURCE_HOOK_BYTES_MAX, true, "A Git host's call: its signature counts.", "" },
    { METHOD_GET, "/forge/explain", api_explain, 0, false,
      "What is in force for a listener, route or service, field by field, and which document said it.",
      "kind,mesh,name,listener,generation,format" },
    { METHOD_GET, "/forge/openapi.json", api_openapi, 0, false, "This document.", "" },
    { METHOD_GET, "/meshes/{mesh}/{plural}", api_kuma_list, 0, false,
      "Documents of a kind, page by page.", "size,offset,filter[label.NAME]" },
    { METHOD_GET, "/meshes/{mesh}/{plural}/{name}", api_kuma_get, 0, false, "One document.", "" },
    { METHOD_PUT, "/meshes/{mesh}/{plural}/{name}", api_kuma_put, CONF_FILE_BYTES_MAX, false,
      "Write it; If-Match: its ETag, If-None-Match: * only if it is new.", "" },
    { METHOD_DELETE, "/meshes/{mesh}/{plural}/{name}", api_kuma_delete, 0, false, "Delete it; If-Match: its ETag.", "" },
    { METHOD_GET, "/{plural}", api_kuma_list, 0, false, "Documents of a global kind.", "size,offset,filter[label.NAME]" },
    { METHOD_GET, "/{plural}/{name}", api_kuma_get, 0, false, "One document of a global kind.", "" },
    { METHOD_PUT, "/{plural}/{name}", api_kuma_put, CONF_FILE_BYTES_MAX, false, "Write it.", "" },
    { METHOD_DELETE, "/{plural}/{name}", api_kuma_delete, 0, false, "Delete it.", "" },
};

/* ---- matching ---- */

static bool path_fits(struct span pattern, struct span path, struct span out_params[API_PARAMS_MAX])
{
    struct span have, want;
    uint32_t n = 0;

    memset(out_params, 0, API_PARAMS_MAX * sizeof(*out_params));
    for (;;) {
        bool is_pattern = span_next(&pattern, '/', &want), is_path = span_next(&path, '/', &have);

        if (!is_pattern || !is_path)
            return is_pattern == is_path;
        if (want.len == 0 || want.at[0] != '{') {
            if (!span_is(want, have))
                return false;
        } else {
            MUST(n < API_PARAMS_MAX);
            if (have.len == 0)
                return false;
            out_params[n++] = have;
        }
    }
}

/* "/forge/..." is ours: what is not in the table there is no kind of documents. */
static bool may_be_kind(const struct api_route *r, struct span path)
{
    return r->pattern[1] != '{' || !(span_starts(path, SPAN_LIT("/forge/")) || span_is(path, SPAN_LIT("/forge")));
}

const struct api_route *api_route_find(enum method method, struct span path, struct span out_params[API_PARAMS_MAX],
                                       struct arena *arena, struct span *out_allow)
{
    enum method asked = method == METHOD_HEAD ? METHOD_GET : method;

    *out_allow = SPAN_NONE;
    for (uint32_t i = 0; i < COUNT(routes); i++) {
        if (!path_fits(span_str(routes[i].pattern), path, out_params) || !may_be_kind(&routes[i], path))
            continue;
        if (routes[i].method == asked)
            return &routes[i];
        *out_allow = arena_append(arena, *out_allow, out_allow->len > 0 ? SPAN_LIT(", ") : SPAN_LIT(""));
        *out_allow = arena_append(arena, *out_allow, method_name(routes[i].method));
    }
    return NULL;
}

/* ---- OpenAPI ---- */

static void write_parameter(struct json_write *j, struct span name, const char *in)
{
    bool is_path = in[0] == 'p';

    json_write_open(j, '{');
    json_write_member(j, "name", name);
    json_write_member(j, "in", span_str(in));
    json_write_member_bool(j, "required", is_path);
    json_write_key(j, SPAN_LIT("schema"));
    json_write_open(j, '{');
    json_write_member(j, "type", SPAN_LIT("string"));
    json_write_close(j, '}');
    json_write_close(j, '}');
}

static void write_parameters(struct json_write *j, const struct api_route *r)
{
    struct span pattern = span_str(r->pattern), query = span_str(r->query), part;

    json_write_key(j, SPAN_LIT("parameters"));
    json_write_open(j, '[');
    while (span_next(&pattern, '/', &part)) {
        if (part.len > 2 && part.at[0] == '{')
            write_parameter(j, span_of(part.at + 1, part.len - 2), "path");
    }
    while (query.len > 0 && span_next(&query, ',', &part))
        write_parameter(j, part, "query");
    json_write_close(j, ']');
}

static void write_described(struct json_write *j, const char *key, const char *description)
{
    json_write_key(j, span_str(key));
    json_write_open(j, '{');
    json_write_member(j, "description", span_str(description));
    json_write_close(j, '}');
}

static void write_operation(struct json_write *j, const struct api_route *r)
{
    uint8_t name[16];
    struct span method = method_name(r->method);

    field_lower(name, method.at, method.len);
    json_write_key(j, span_of(name, method.len));
    json_write_open(j, '{');
    json_write_member(j, "summary", span_str(r->summary));
    write_parameters(j, r);
    if (r->is_open) {
        json_write_key(j, SPAN_LIT("security"));
        json_write_open(j, '[');
        json_write_close(j, ']');
    }
    if (r->body_bytes_max > 0) {
        json_write_key(j, SPAN_LIT("requestBody"));
        json_write_open(j, '{');
        json_write_key(j, SPAN_LIT("content"));
        json_write_open(j, '{');
        json_write_key(j, SPAN_LIT("application/json"));
        json_write_open(j, '{');
        json_write_close(j, '}');
        json_write_close(j, '}');
        json_write_close(j, '}');
    }
    json_write_key(j, SPAN_LIT("responses"));
    json_write_open(j, '{');
    write_described(j, "2XX", "as asked");
    json_write_key(j, SPAN_LIT("default"));
    json_write_open(j, '{');
    json_write_member(j, "$ref", SPAN_LIT("#/components/responses/Error"));
    json_write_close(j, '}');
    json_write_close(j, '}');
    json_write_close(j, '}');
}

static void write_paths(struct json_write *j)
{
    json_write_key(j, SPAN_LIT("paths"));
    json_write_open(j, '{');
    for (uint32_t i = 0; i < COUNT(routes); i++) {
        bool is_first = true;

        for (uint32_t k = 0; k < i; k++)
            is_first = is_first && strcmp(routes[k].pattern, routes[i].pattern) != 0;
        if (!is_first)
            continue;
        json_write_key(j, span_str(routes[i].pattern));
        json_write_open(j, '{');
        for (uint32_t k = i; k < COUNT(routes); k++) {
            if (strcmp(routes[k].pattern, routes[i].pattern) == 0)
                write_operation(j, &routes[k]);
        }
        json_write_close(j, '}');
    }
    json_write_close(j, '}');
}

/* The kinds' schemas are JSON already: they go in as they are. */
static void write_schemas(struct api_call *c)
{
    const char *between = "";
    struct api_kind kind;

    text_write_str(&c->text, ",\"schemas\":{");
    for (uint32_t i = 0; api_kind_at(i, &kind); i++) {
        struct span schema = api_kind_schema(i, c->arena);

        if (schema.len == 0)
            continue;
        text_write_str(&c->text, between);
        text_write_byte(&c->text, '"');
        text_write_str(&c->text, kind.type);
        text_write_str(&c->text, "\":");
        text_write_span(&c->text, span_trim(schema));
        between = ",";
    }
    text_write_byte(&c->text, '}');
}

enum why api_openapi(struct api_call *c)
{
    static const char components[] =
        "\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}},\"responses\":{\"Error\":{\"description\":\"refused\","
        "\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\",\"required\":[\"type\",\"status\",\"title\",\"detail\"],"
        "\"properties\":{\"type\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"title\":{\"type\":\"string\"},"
        "\"detail\":{\"type\":\"string\"},\"instance\":{\"type\":\"string\"},\"invalid_parameters\":{\"type\":\"array\"},"
        "\"problems\":{\"type\":\"array\"}}}}}}}";

    api_json(c, 200);
    json_write_member(&c->json, "openapi", SPAN_LIT("3.1.0"));
    json_write_key(&c->json, SPAN_LIT("info"));
    json_write_open(&c->json, '{');
    json_write_member(&c->json, "title", SPAN_LIT("API Forge"));
    json_write_member(&c->json, "version", SPAN_LIT(FORGE_VERSION));
    json_write_close(&c->json, '}');
    json_write_key(&c->json, SPAN_LIT("security"));
    json_write_open(&c->json, '[');
    json_write_open(&c->json, '{');
    json_write_key(&c->json, SPAN_LIT("token"));
    json_write_open(&c->json, '[');
    json_write_close(&c->json, ']');
    json_write_close(&c->json, '}');
    json_write_close(&c->json, ']');
    write_paths(&c->json);
    json_write_key(&c->json, SPAN_LIT("components"));
    json_write_open(&c->json, '{');
    text_write_span(&c->text, span_of(components, sizeof(components) - 1));
    write_schemas(c);
    json_write_close(&c->json, '}');
    return api_done(c);
}
