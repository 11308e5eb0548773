/* api_trial.c - what would become of a request, and what the ForgeTest documents say.
 *
 * Layer:  admin.
 */
#include <yyjson.h>

#include "admin/api_inside.h"
#include "admin/testing.h"
#include "base/memory.h"
#include "conf/candidate.h"
#include "conf/conf_arena.h"
#include "conf/explain.h"
#include "engine/try.h"
#include "proto/json_read.h"

/* A configuration, read and compiled. false: refused. */
static bool view_of(struct api_call *c, uint64_t generation, struct keeper_view *out, enum why *out_why)
{
    struct diag *diag = memory_map(sizeof(*diag));
    enum why why = WHY_ARENA_FULL;

    if (diag != NULL) {
        diag_init(diag);
        why = keeper_current(c->api->keeper) == 0 ? WHY_KEEPER_UNKNOWN : keeper_view(c->api->keeper, generation, diag, out);
        memory_unmap(diag, sizeof(*diag));
    }
    if (why != WHY_OK)
        *out_why = api_refuse_why(c, why);
    return why == WHY_OK;
}

static void begin_text(struct api_call *c, bool is_text)
{
    c->out->status = 200;
    c->out->content_type = is_text ? SPAN_LIT("text/plain; charset=utf-8") : SPAN_LIT("application/json");
    text_write_init_bufq(&c->text, &c->call->shard->queues, &c->out->body, API_ANSWER_BYTES_MAX);
}

static bool wants_text(struct api_call *c)
{
    struct span format;

    return api_query(c, "format", &format) && span_is(format, SPAN_LIT("text"));
}

/* What a member says, absent told from empty. */
static struct span text_or_none(struct yyjson_val *root, const char *name)
{
    return yyjson_obj_get(root, name) != NULL ? json_read_text(root, name) : SPAN_NONE;
}

static const char *read_request(struct yyjson_val *root, struct try_header headers[TRY_HEADERS_MAX], struct try_request *out)
{
    yyjson_val *list = yyjson_obj_get(root, "headers"), *one;
    uint64_t port = json_read_u64(root, "port");
    size_t i, max;

    if (yyjson_arr_size(list) > TRY_HEADERS_MAX)
        return "a request has at most 100 headers";
    if (port > 65535)
        return "`port` is a number up to 65535";
    yyjson_arr_foreach(list, i, max, one) {
        headers[i] = (struct try_header){ json_read_text(one, "name"), json_read_text(one, "value") };
        out->headers_n++;
    }
    *out = (struct try_request){
        .method = json_read_text(root, "method"), .scheme = json_read_text(root, "scheme"), .authority = text_or_none(root, "authority"),
        .target = json_read_text(root, "target"), .headers = headers, .headers_n = out->headers_n,
        .body_bytes = json_read_u64(root, "bodyBytes"), .is_chunked = json_read_is_true(root, "chunked"),
        .client = json_read_text(root, "client"), .port = (uint16_t)port, .server_name = text_or_none(root, "serverName"),
        .seed = json_read_u64(root, "seed"),
    };
    return try_check(out);
}

enum why api_try(struct api_call *c)
{
    struct try_header headers[TRY_HEADERS_MAX];
    struct try_request request = { 0 };
    struct keeper_view view;
    enum why why = WHY_OK;
    struct yyjson_val *root = api_body(c, &why);
    const char *wrong;
    struct try *t;

    if (root == NULL)
        return why;
    if ((wrong = read_request(root, headers, &request)) != NULL)
        return api_refuse_field(c, "request", wrong);
    if (!view_of(c, json_read_u64(root, "generation"), &view, &why))
        return why;
    if ((t = try_open()) == NULL)
        return WHY_ARENA_FULL;
    const struct try_result *r = try_run(t, view.snapshot, &request);
    bool is_text = wants_text(c);
    begin_text(c, is_text);
    if (is_text)
        try_text(r, view.snapshot, &c->text);
    else
        try_json(r, view.snapshot, &c->text);
    try_close(t);
    return text_write_finish(&c->text);
}

enum why api_test(struct api_call *c)
{
    const struct keeper_test *tests = NULL;
    struct keeper_view view;
    uint64_t generation;
    enum why why = WHY_OK;
    uint32_t n = 0;

    if (!api_query_u64(c, "generation", 0, UINT64_MAX, &generation, &why) || !view_of(c, generation, &view, &why))
        return why;
    if (!testing_run(view.candidate, view.snapshot, c->arena, &tests, &n))
        return WHY_ARENA_FULL;
    bool is_text = wants_text(c);
    begin_text(c, is_text);
    if (is_text)
        testing_text(tests, n, &c->text);
    else
        testing_json(tests, n, &c->text);
    return text_write_finish(&c->text);
}

static struct span query_or_nothing(struct api_call *c, const char *name)
{
    struct span text;

    return api_query(c, name, &text) ? text : SPAN_LIT("");
}

enum why api_explain(struct api_call *c)
{
    const struct explain_ask ask = { .kind = query_or_nothing(c, "kind"), .mesh = query_or_nothing(c, "mesh"),
                                     .name = query_or_nothing(c, "name"), .listener = query_or_nothing(c, "listener") };
    const char *wrong = NULL;
    struct keeper_view view;
    struct span text;
    uint64_t generation;
    enum why why = WHY_OK;

    if (!api_query_u64(c, "generation", 0, UINT64_MAX, &generation, &why) || !view_of(c, generation, &view, &why))
        return why;
    bool is_text = wants_text(c);
    text = is_text ? explain_text(view.set, &ask, c->arena, &wrong) : explain_json(view.set, &ask, c->arena, &wrong);
    if (text.at == NULL && wrong != NULL)
        return api_refuse(c, 404, "not-found", "Not found", wrong);
    return api_text(c, is_text ? SPAN_LIT("text/plain; charset=utf-8") : SPAN_LIT("application/json"), text);
}
