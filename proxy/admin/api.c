/* api.c - see api.h. Who may ask, what is owed, and who watches. */
#include "admin/api.h"

#include <string.h>

#include "admin/api_inside.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/must.h"
#include "conf/conf_arena.h"
#include "engine/engine.h"

bool api_open(struct api *api, struct engine *engine, struct keeper *keeper, const struct management *management, const char *state_dir,
              char *out_error, uint32_t out_error_bytes)
{
    memset(api, 0, sizeof(*api));
    api->engine = engine;
    api->keeper = keeper;
    api->management = management;
    return admin_token_open(&api->token, state_dir, out_error, out_error_bytes);
}

/* ---- a request ---- */

/* An answer of the interface itself: no route was asked, so there is no arena beside the exchange's. */
static enum why api_say(struct api *api, const struct service_call *call, struct service_answer *out, uint16_t status, const char *type,
                        const char *title, const char *detail)
{
    struct api_call c = { .api = api, .call = call, .out = out };

    return api_refuse(&c, status, type, title, detail);
}

static bool api_may(struct api *api, const struct service_call *call)
{
    const struct field *given = head_find(call->request, FIELD_AUTHORIZATION);

    if (span_is(call->listener, SPAN_LIT(API_LISTENER_LOCAL)))
        return true;
    return given != NULL && admin_token_fits(&api->token, given->value);
}

enum why api_admit(void *owner, const struct service_call *call, uint32_t *out_body_bytes_max, struct service_answer *out)
{
    struct span params[API_PARAMS_MAX], allow = SPAN_NONE;
    struct api *api = owner;
    const struct api_route *route = api_route_find((enum method)call->request->method, head_path(call->request), params, call->arena,
                                                   &allow);

    if (!(route != NULL && route->is_open) && !api_may(api, call)) {
        out->www_authenticate = SPAN_LIT("Bearer realm=\"API Forge\"");
        out->delay_ns = admin_token_failed(&api->token, call->shard->now_ns);
        return api_say(api, call, out, 401, "unauthenticated", "Unauthenticated",
                       "write `Authorization: Bearer TOKEN`, with the token of the gateway's state folder (admin-token)");
    }
    if (route == NULL && allow.len > 0) {
        out->allow = allow;
        return api_say(api, call, out, 405, "method-not-allowed", "Method not allowed", "the field Allow lists what is taken here");
    }
    if (route == NULL)
        return api_say(api, call, out, 404, "not-found", "Not found", "/forge/openapi.json lists what there is");
    *out_body_bytes_max = route->body_bytes_max;
    return WHY_OK;
}

enum why api_answer(void *owner, const struct service_call *call, struct service_answer *out)
{
    struct span allow;
    struct api_call c = { .api = owner, .call = call, .out = out };
    const struct api_route *route = api_route_find((enum method)call->request->method, head_path(call->request), c.params, call->arena,
                                                   &allow);
    enum why why;

    MUST(route != NULL); /* api_admit found it, and the request is the same. */
    c.arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    if (c.arena == NULL)
        return WHY_ARENA_FULL;
    out->cache_control = SPAN_LIT("no-store");
    why = route->handler(&c);
    conf_arena_close(c.arena);
    return why;
}

/* ---- later ---- */

void api_owe(struct api_call *c, uint64_t generation)
{
    struct api *api = c->api;
    struct keeper_status status;

    keeper_status(api->keeper, &status);
    /* With no room to remember it the answer is given at once: it is true, if early. */
    if (status.live_generation >= generation || api->owed_n == API_OWED_MAX)
        return;
    c->out->form = SERVICE_LATER;
    api->owed[api->owed_n++] = (struct api_owed){ c->call->ticket, generation };
}

static void api_give_owed(struct api *api, uint64_t live)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < api->owed_n; i++) {
        if (api->owed[i].generation <= live)
            (void)service_finish(api->engine, api->owed[i].ticket, WHY_OK, NULL);
        else
            api->owed[n++] = api->owed[i];
    }
    api->owed_n = n;
}

static uint32_t api_event(const struct keeper_status *status, char *out, uint32_t out_bytes)
{
    struct text_write w;

    text_write_init(&w, out, out_bytes);
    text_write_str(&w, "event: generation\nid: ");
    text_write_u64(&w, status->generation);
    text_write_str(&w, "\ndata: {\"generation\":");
    text_write_u64(&w, status->generation);
    text_write_str(&w, ",\"liveGeneration\":");
    text_write_u64(&w, status->live_generation);
    text_write_str(&w, "}\n\n");
    return text_write_length(&w);
}

/* Those that have left are forgotten here. */
static void api_push(struct api *api, struct span event)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < api->watchers_n; i++) {
        if (service_push(api->engine, api->watchers[i], event))
            api->watchers[n++] = api->watchers[i];
    }
    api->watchers_n = n;
}

enum why api_watch(struct api_call *c)
{
    struct api *api = c->api;
    struct keeper_status status;
    char event[API_TEXT_BYTES_MAX];

    if (api->watchers_n == API_WATCHERS_MAX)
        api_push(api, SPAN_LIT(":\n\n"));
    if (api->watchers_n == API_WATCHERS_MAX) {
        c->out->retry_after = SPAN_LIT("15");
        return api_refuse(c, 503, "watchers-full", "Too many watchers", "64 watch already: ask /forge/status instead, or wait");
    }
    keeper_status(api->keeper, &status);
    c->out->content_type = SPAN_LIT("text/event-stream");
    if (c->call->request->method == METHOD_GET) {
        c->out->form = SERVICE_STREAM;
        api->watchers[api->watchers_n++] = c->call->ticket;
    }
    return bufq_push_copy(&c->call->shard->queues, &c->out->body, span_of(event, api_event(&status, event, sizeof(event))));
}

void api_on_tick(struct api *api)
{
    uint64_t now_ns = api->engine->shard->now_ns;
    struct keeper_status status;
    char event[API_TEXT_BYTES_MAX];

    if (api->owed_n == 0 && api->watchers_n == 0)
        return;
    keeper_status(api->keeper, &status);
    api_give_owed(api, status.live_generation);
    if (status.generation != api->told_generation || status.live_generation != api->told_live) {
        api->told_generation = status.generation;
        api->told_live = status.live_generation;
        api->told_ns = now_ns;
        api_push(api, span_of(event, api_event(&status, event, sizeof(event))));
    } else if (now_ns - api->told_ns >= API_HEARTBEAT_S * NS_PER_S) {
        api->told_ns = now_ns;
        api_push(api, SPAN_LIT(":\n\n"));
    }
}
