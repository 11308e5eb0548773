/* api_reply.c - how questions to the admin interface are read, and how its answers look.
 *
 * Spec:   kuma-dialect.md 3.6 (errors); RFC 9110 s8.8.3 (ETag).
 * Layer:  admin.
 */
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "admin/api_inside.h"
#include "base/must.h"
#include "conf/conf_arena.h"
#include "proto/json_read.h"
#include "proto/timestamp.h"
#include "proto/uri.h"

/* ---- answers ---- */

void api_json(struct api_call *c, uint16_t status)
{
    c->out->status = status;
    c->out->content_type = SPAN_LIT("application/json");
    text_write_init_bufq(&c->text, &c->call->shard->queues, &c->out->body, API_ANSWER_BYTES_MAX);
    json_write_init(&c->json, &c->text);
    json_write_open(&c->json, '{');
}

enum why api_done(struct api_call *c)
{
    json_write_close(&c->json, '}');
    text_write_byte(&c->text, '\n');
    enum why why = text_write_finish(&c->text);
    return why == WHY_OK && c->arena != NULL && c->arena->is_full ? WHY_ARENA_FULL : why;
}

enum why api_text(struct api_call *c, struct span content_type, struct span text)
{
    if (text.at == NULL || c->arena->is_full)
        return WHY_ARENA_FULL;
    c->out->status = 200;
    c->out->content_type = content_type;
    return bufq_push_copy(&c->call->shard->queues, &c->out->body, text);
}

static void write_error(struct api_call *c, uint16_t status, const char *type, const char *title, const char *detail)
{
    char urn[128];
    int n = snprintf(urn, sizeof(urn), "urn:apiforge:why:%s", type);

    api_json(c, status);
    json_write_member(&c->json, "type", span_of(urn, n > 0 && n < (int)sizeof(urn) ? (size_t)n : 0));
    json_write_member_u64(&c->json, "status", status);
    json_write_member(&c->json, "title", span_str(title));
    json_write_member(&c->json, "detail", span_str(detail));
    json_write_member(&c->json, "instance", c->call->request_id);
    json_write_member(&c->json, "details", span_str(detail)); /* Older kumactl reads this one. */
}

enum why api_refuse(struct api_call *c, uint16_t status, const char *type, const char *title, const char *detail)
{
    write_error(c, status, type, title, detail);
    return api_done(c);
}

static void write_cause(struct api_call *c, const char *list, const char *says, struct span field, struct span reason)
{
    json_write_key(&c->json, span_str(list));
    json_write_open(&c->json, '[');
    json_write_open(&c->json, '{');
    json_write_member(&c->json, "field", field);
    json_write_member(&c->json, says, reason);
    json_write_close(&c->json, '}');
    json_write_close(&c->json, ']');
}

enum why api_refuse_field(struct api_call *c, const char *field, const char *reason)
{
    write_error(c, 400, "request-bad", "Could not process a resource", reason);
    write_cause(c, "invalid_parameters", "reason", span_str(field), span_str(reason));
    write_cause(c, "causes", "message", span_str(field), span_str(reason));
    return api_done(c);
}

enum why api_refuse_why(struct api_call *c, enum why why)
{
    int status = why_http(why);

    return api_refuse(c, (uint16_t)(status != 0 ? status : 500), why_name(why), "Not done", why_sentence(why));
}

void api_problems(struct json_write *j, const struct diag *diag)
{
    json_write_key(j, SPAN_LIT("problems"));
    json_write_open(j, '[');
    for (uint32_t i = 0; i < diag->items_n; i++) {
        const struct diag_item *item = &diag->items[i];

        json_write_open(j, '{');
        json_write_member(j, "file", span_str(item->file));
        json_write_member_u64(j, "line", item->line);
        json_write_member_u64(j, "column", item->column);
        json_write_member(j, "level", item->level == DIAG_ERROR ? SPAN_LIT("error") : SPAN_LIT("warning"));
        json_write_member(j, "text", span_str(item->text));
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

/* As Kuma lists what is wrong: a reason each, with the place in it. */
static void write_causes(struct api_call *c, const char *list, const char *says, const struct diag *diag)
{
    json_write_key(&c->json, span_str(list));
    json_write_open(&c->json, '[');
    for (uint32_t i = 0; i < diag->items_n; i++) {
        const struct diag_item *item = &diag->items[i];
        char field[DIAG_FILE_BYTES_MAX + 32];

        if (item->level != DIAG_ERROR)
            continue;
        snprintf(field, sizeof(field), "%s:%u:%u", item->file, item->line, item->column);
        json_write_open(&c->json, '{');
        json_write_member(&c->json, "field", span_str(field));
        json_write_member(&c->json, says, span_str(item->text));
        if (says[0] == 'r')
            json_write_member(&c->json, "source", SPAN_LIT("body"));
        json_write_close(&c->json, '}');
    }
    json_write_close(&c->json, ']');
}

enum why api_refuse_result(struct api_call *c, const struct keeper_result *r)
{
    int status = r->why == WHY_CONF_BAD ? 400 : why_http(r->why);
    const char *detail = r->why == WHY_CONF_BAD ? "Resource is not valid" : why_sentence(r->why);

    write_error(c, (uint16_t)(status != 0 ? status : 500), why_name(r->why), "Could not process a resource", detail);
    write_causes(c, "invalid_parameters", "reason", &r->diag);
    write_causes(c, "causes", "message", &r->diag);
    api_problems(&c->json, &r->diag);
    json_write_member_u64(&c->json, "generation", r->generation);
    return api_done(c);
}

void api_time(struct json_write *j, const char *key, uint64_t wall_ns)
{
    struct timestamp_cache cache = { 0 };
    char text[TIMESTAMP_BYTES];

    timestamp_write(&cache, wall_ns, text);
    json_write_member(j, key, span_of(text, sizeof(text)));
}

/* ---- questions ---- */

bool api_query(struct api_call *c, const char *name, struct span *out)
{
    struct span rest = head_query(c->call->request), pair, decoded;

    while (rest.len > 0 && span_next(&rest, '&', &pair)) {
        size_t equals = span_find(pair, '=');

        if (uri_query_decode(span_of(pair.at, equals), c->call->arena, &decoded) != WHY_OK || !span_is(decoded, span_str(name)))
            continue;
        *out = SPAN_LIT("");
        return equals == pair.len || uri_query_decode(span_from(pair, equals + 1), c->call->arena, out) == WHY_OK;
    }
    return false;
}

bool api_query_u64(struct api_call *c, const char *name, uint64_t otherwise, uint64_t max, uint64_t *out, enum why *out_why)
{
    struct span text;
    char reason[96];

    *out = otherwise;
    if (!api_query(c, name, &text) || (span_to_u64(text, out) && *out <= max))
        return true;
    snprintf(reason, sizeof(reason), "`%s` is a number up to %llu", name, (unsigned long long)max);
    *out_why = api_refuse_field(c, name, reason);
    return false;
}

bool api_query_is_true(struct api_call *c, const char *name)
{
    struct span text;

    return api_query(c, name, &text) && (text.len == 0 || span_is(text, SPAN_LIT("true")) || span_is(text, SPAN_LIT("1")));
}

struct span api_field(const struct api_call *c, const char *name)
{
    const struct field *field = head_find_name(c->call->request, span_str(name));

    return field != NULL ? field->value : SPAN_LIT("");
}

struct yyjson_val *api_body(struct api_call *c, enum why *out_why)
{
    size_t bytes = json_read_memory(c->call->body.len), offset = 0;
    const char *sentence = NULL;
    char reason[160];
    struct yyjson_val *root = json_read_value(c->call->body, conf_arena_take(c->arena, bytes), bytes, &sentence, &offset);

    if (root != NULL && yyjson_is_obj(root))
        return root;
    if (root != NULL)
        sentence = "it is no object";
    snprintf(reason, sizeof(reason), "the body must be one JSON object: %s (byte %zu)", sentence, offset);
    *out_why = api_refuse_field(c, "", reason);
    return NULL;
}

const char *api_string(struct api_call *c, struct span text)
{
    struct span copy = conf_arena_copy(c->arena, text);

    return copy.at != NULL ? (const char *)copy.at : "";
}
