/* exchange_answer.c - answers of our own: problem documents, redirects, what built-in services said. */
#include <string.h>

#include "base/must.h"
#include "engine/engine.h"
#include "engine/exchange.h"
#include "engine/rewrite.h"
#include "http/problem.h"

/* The answer's end is queued with it; the session does the rest. */
static void answer_send(struct engine *e, struct exchange *x)
{
    x->is_local = true;
    x->progress_ns = e->shard->now_ns; /* The client's patience, if it was that, begins anew. */
    x->has_answered = true;
    x->response.version = HTTP_VERSION_11;
    x->down.tx_head = &x->response;
    x->down.tx_has_head = true;
    x->down.tx_head_done = false;
    x->down.tx_end = true;
    exchange_touch(e, &x->down);
}

static void answer_head(struct exchange *x, uint16_t status)
{
    head_init(&x->response, &x->arena);
    x->response.status = status;
    x->response.has_content_length = true;
    x->response.content_length = 0;
}

/* An arena that cannot hold even this leaves an answer without the field, which is still an answer. */
static void answer_field(struct exchange *x, enum field_id id, struct span value)
{
    if (!head_add_static(&x->response, id, field_name(id), value))
        x->response.has_content_length = true;
}

static void answer_body(struct engine *e, struct exchange *x, struct span body)
{
    if (bufq_push_copy(&e->shard->queues, &x->down.tx, body) != WHY_OK)
        return;
    x->response.content_length = body.len;
    x->response_body_bytes = body.len;
}

void exchange_answer_why(struct engine *e, struct exchange *x, enum why why)
{
    struct span json = SPAN_NONE;
    int status = why_http(why);

    bufq_clear(&e->shard->queues, &x->down.tx);
    x->down.tx_tunnel = false;
    x->down.tx_trailers = NULL;
    answer_head(x, (uint16_t)(status != 0 ? status : 502));
    if (problem_body(&x->arena, why, exchange_id(x), &json) == WHY_OK) {
        answer_field(x, FIELD_CONTENT_TYPE, SPAN_LIT("application/problem+json"));
        answer_body(e, x, json);
    }
    answer_send(e, x);
}

void exchange_answer_redirect(struct engine *e, struct exchange *x)
{
    struct span location = SPAN_NONE;

    answer_head(x, x->route->redirect->status);
    if (!rewrite_location(x->route, &x->request, x->is_tls, &x->arena, &location)) {
        exchange_answer_why(e, x, WHY_ARENA_FULL);
        return;
    }
    answer_field(x, FIELD_LOCATION, location);
    answer_send(e, x);
}

/* Of what a service says, the fields. An answer is one without them, too: a full arena leaves them out. */
static void answer_fields(struct exchange *x, const struct service_answer *out)
{
    const struct { struct span name, value; } fields[] = {
        { SPAN_LIT("allow"), out->allow },
        { SPAN_LIT("etag"), out->etag },
        { SPAN_LIT("cache-control"), out->cache_control },
        { SPAN_LIT("www-authenticate"), out->www_authenticate },
    };

    if (out->content_type.len > 0)
        answer_field(x, FIELD_CONTENT_TYPE, out->content_type);
    if (out->location.len > 0)
        answer_field(x, FIELD_LOCATION, out->location);
    if (out->retry_after.len > 0)
        answer_field(x, FIELD_RETRY_AFTER, out->retry_after);
    for (uint32_t i = 0; i < COUNT(fields); i++) {
        if (fields[i].value.len > 0 && !head_add(&x->response, fields[i].name, fields[i].value, 0))
            return;
    }
}

/* Head and queue are filled; sent they are by exchange_answer_send. */
void exchange_answer_service(struct engine *e, struct exchange *x, struct service_answer *out)
{
    bufq_clear(&e->shard->queues, &x->down.tx);
    answer_head(x, out->status);
    answer_fields(x, out);
    if (out->form == SERVICE_STREAM || out->status == 304)
        x->response.has_content_length = false;
    else
        x->response.content_length = out->body.bytes;
    x->response_body_bytes = out->body.bytes;
    x->down.tx = out->body;
    out->body = (struct bufq){ 0 };
}

void exchange_answer_send(struct engine *e, struct exchange *x, bool is_whole)
{
    answer_send(e, x);
    x->down.tx_end = is_whole;
}
