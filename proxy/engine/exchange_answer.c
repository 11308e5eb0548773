/* exchange_answer.c - answers of our own: problem documents, redirects, built-in services. */
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

void exchange_answer_service(struct engine *e, struct exchange *x)
{
    const struct conn *c = conn_of_session(x->down.session);
    struct service_answer out = { .status = 200 };
    struct service_call call = {
        .shard = e->shard,
        .request = &x->request,
        .arena = &x->arena,
        .request_id = exchange_id(x),
        .client = exchange_client(x),
        .client_port = x->client_port,
        .listener = x->listener->name,
        .is_tls = x->is_tls,
        .tls_version = c->tls != NULL ? tls_version_name(c->tls) : "",
        .tls_cipher = c->tls != NULL ? tls_cipher_name(c->tls) : "",
        .body_bytes = x->request_body_bytes,
    };
    enum why why = x->service->answer(x->service->owner, &call, &out);
    bool cut = false;

    if (why != WHY_OK) {
        bufq_clear(&e->shard->queues, &out.body);
        x->why = (uint16_t)why;
        exchange_answer_why(e, x, why);
        return;
    }
    answer_head(x, out.status);
    if (out.content_type.len > 0)
        answer_field(x, FIELD_CONTENT_TYPE, out.content_type);
    if (out.allow.len > 0 && !head_add_static(&x->response, FIELD_OTHER, SPAN_LIT("allow"), out.allow))
        x->response.has_content_length = true;
    x->response.content_length = x->response_body_bytes = out.body.bytes;
    x->down.tx = out.body;
    /* A built-in upstream is an upstream: what a route does to answers, it does to this one. */
    if (x->route != NULL && (why = chain_response_head(e, x, &cut)) != WHY_OK) {
        x->why = (uint16_t)why;
        exchange_answer_why(e, x, why);
        return;
    }
    answer_send(e, x);
}
