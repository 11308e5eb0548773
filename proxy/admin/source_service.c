/* source_service.c - see source_service.h. */
#include "admin/source_service.h"

#include "base/limits.h"
#include "conf/conf_arena.h"
#include "proto/text_write.h"

enum { ANSWER_BYTES_MAX = 33554432 };

static const struct span SOURCES = { (const uint8_t *)"/forge/sources", 14 };
static const struct span WEBHOOK = { (const uint8_t *)"/forge/webhook/", 15 };

bool source_service_has(struct span path)
{
    return span_starts(path, WEBHOOK) || span_is(path, SOURCES) || (span_starts(path, SOURCES) && path.at[SOURCES.len] == '/');
}

uint32_t source_service_body_bytes(const struct head *request)
{
    return span_starts(head_path(request), WEBHOOK) && request->method == METHOD_POST ? SOURCE_HOOK_BYTES_MAX : 0;
}

static enum why answer_text(const struct service_call *call, struct service_answer *out, uint16_t status, struct span text)
{
    out->status = status;
    out->content_type = SPAN_LIT("text/plain; charset=utf-8");
    return bufq_push_copy(&call->shard->queues, &out->body, text);
}

static enum why answer_json(struct sources *t, const struct service_call *call, struct span name, struct service_answer *out)
{
    struct text_write w;
    bool is_there;
    enum why why;

    text_write_init_bufq(&w, &call->shard->queues, &out->body, ANSWER_BYTES_MAX);
    is_there = sources_json(t, name, &w);
    why = text_write_finish(&w);
    if (!is_there)
        return answer_text(call, out, 404, SPAN_LIT("there is no such ForgeSource at work: GET /forge/sources lists them\n"));
    out->status = 200;
    out->content_type = SPAN_LIT("application/json");
    return why;
}

static enum why answer_patch(struct sources *t, const struct service_call *call, struct span name, struct service_answer *out)
{
    struct conf_arena *arena = conf_arena_open(SOURCE_TREE_BYTES_MAX);
    bool is_there = false;
    struct span patch = arena != NULL ? sources_patch(t, name, arena, &is_there) : SPAN_NONE;
    enum why why = WHY_IO_NO_MEMORY;

    if (arena != NULL && !is_there) {
        why = answer_text(call, out, 404, SPAN_LIT("there is no such ForgeSource at work: GET /forge/sources lists them\n"));
    } else if (patch.at != NULL) {
        why = answer_text(call, out, 200, patch);
        out->content_type = SPAN_LIT("text/x-diff; charset=utf-8");
    }
    conf_arena_close(arena);
    return why;
}

static enum why answer_hook(struct sources *t, const struct service_call *call, struct span name, struct service_answer *out)
{
    switch (sources_hook(t, name, call->request, call->body)) {
    case SOURCE_HOOK_TAKEN:
        return answer_text(call, out, 202, SPAN_LIT("the source is being looked at\n"));
    case SOURCE_HOOK_UNSIGNED:
        return answer_text(call, out, 401, SPAN_LIT("the signature is missing or wrong: give the Git host the webhook's secret\n"));
    case SOURCE_HOOK_UNKNOWN:
        return answer_text(call, out, 404, SPAN_LIT("there is no ForgeSource of that name with a webhook\n"));
    }
    must_not_reach("answer_hook: unlisted outcome");
}

static enum why answer_method(const struct service_call *call, struct service_answer *out, struct span allow)
{
    out->allow = allow;
    return answer_text(call, out, 405, SPAN_LIT("another method is wanted here\n"));
}

enum why source_service_answer(struct sources *t, const struct service_call *call, bool is_trusted, struct service_answer *out)
{
    struct span path = head_path(call->request), name, verb;
    bool is_get = call->request->method == METHOD_GET || call->request->method == METHOD_HEAD,
         is_post = call->request->method == METHOD_POST;

    if (span_starts(path, WEBHOOK))
        return is_post ? answer_hook(t, call, span_from(path, WEBHOOK.len), out) : answer_method(call, out, SPAN_LIT("POST"));
    name = path.len > SOURCES.len ? span_from(path, SOURCES.len + 1) : SPAN_LIT("");
    verb = span_find(name, '/') < name.len ? span_from(name, span_find(name, '/') + 1) : SPAN_LIT("");
    name.len = span_find(name, '/');
    if (verb.len == 0)
        return is_get ? answer_json(t, call, name, out) : answer_method(call, out, SPAN_LIT("GET, HEAD"));
    if (!is_trusted)
        return answer_text(call, out, 403, SPAN_LIT("this is for the admin interface\n"));
    if (span_is(verb, SPAN_LIT("patch")))
        return is_get ? answer_patch(t, call, name, out) : answer_method(call, out, SPAN_LIT("GET, HEAD"));
    if (!span_is(verb, SPAN_LIT("sync")))
        return WHY_ROUTE_NO_MATCH;
    if (!is_post)
        return answer_method(call, out, SPAN_LIT("POST"));
    if (!sources_sync(t, name))
        return answer_text(call, out, 404, SPAN_LIT("there is no such ForgeSource at work: GET /forge/sources lists them\n"));
    return answer_text(call, out, 202, SPAN_LIT("the source is being looked at\n"));
}
