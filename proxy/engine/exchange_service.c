/* exchange_service.c - requests to what is built in: their bodies taken in, their answers given at once, later or bit by bit.
 *
 * Layer:  engine.
 * Bounds: SERVICE_* of limits.h.
 * Thread: one.
 */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/must.h"
#include "engine/engine.h"
#include "engine/exchange.h"

/* What only such a request has; in its arena. */
struct service_work {
    uint8_t *body;           /* mapped; NULL: not wanted, or given back                    */
    uint32_t body_bytes;     /* in there                                                   */
    uint32_t body_bytes_max; /* more is refused; the mapping has one byte more, for a zero  */
    uint64_t due_ns;         /* a held answer goes out then; 0: none is held                */
    uint64_t owed_ns;        /* SERVICE_LATER: since when                                  */
    uint16_t why;            /* enum why: how it is to end                                 */
    bool     is_stream;
    bool     is_over;        /* service_finish or service_end was called                   */
};

static struct service_ticket service_ticket_of(const struct engine *e, const struct exchange *x)
{
    return (struct service_ticket){ pool_slot(&e->exchanges, x), pool_generation(&e->exchanges, x) };
}

static void service_drop_body(struct engine *e, struct service_work *work)
{
    if (work->body == NULL)
        return;
    memory_unmap(work->body, (size_t)work->body_bytes_max + 1);
    work->body = NULL;
    MUST(e->service_bodies_n > 0);
    e->service_bodies_n--;
}

void exchange_service_end(struct engine *e, struct exchange *x)
{
    if (x->work != NULL)
        service_drop_body(e, x->work);
    x->work = NULL;
}

static struct service_call service_call_of(struct engine *e, struct exchange *x)
{
    const struct conn *c = conn_of_session(x->down.session);
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
        .ticket = service_ticket_of(e, x),
    };

    return call;
}

/* The service has said what it has to say. */
static enum why service_said(struct engine *e, struct exchange *x, enum why why, struct service_answer *out,
                             enum exchange_state *io_state)
{
    bool cut = false;

    if (why != WHY_OK) {
        bufq_clear(&e->shard->queues, &out->body);
        return why;
    }
    MUST(out->form == SERVICE_WHOLE || x->work != NULL); /* What is owed needs a service that admits. */
    exchange_answer_service(e, x, out);
    /* A built-in upstream is an upstream: what a route does to answers, it does to this one. */
    if (x->route != NULL && (why = chain_response_head(e, x, &cut)) != WHY_OK)
        return why;
    if (out->form == SERVICE_LATER) {
        x->work->owed_ns = e->shard->now_ns;
        *io_state = EXCHANGE_AWAIT_SERVICE;
        return WHY_OK;
    }
    if (out->form == SERVICE_WHOLE && out->delay_ns > 0 && x->work != NULL) {
        x->work->due_ns = e->shard->now_ns + out->delay_ns;
        *io_state = EXCHANGE_AWAIT_SERVICE;
        return WHY_OK;
    }
    exchange_answer_send(e, x, out->form == SERVICE_WHOLE);
    *io_state = EXCHANGE_AWAIT_FLUSH;
    if (out->form == SERVICE_STREAM) {
        x->work->is_stream = true;
        *io_state = EXCHANGE_AWAIT_SERVICE;
    }
    return WHY_OK;
}

/* Room for a body of that size at most; what is announced to be longer need not come. */
static enum why service_take_body(struct engine *e, struct exchange *x, uint32_t bytes_max)
{
    struct service_work *work = x->work;

    MUST(bytes_max <= SERVICE_BODY_BYTES_MAX);
    if (x->request.has_content_length && x->request.content_length > bytes_max)
        return WHY_SERVICE_BODY_LONG;
    if (e->service_bodies_n == SERVICE_BODIES_MAX)
        return WHY_POOL_BODY_EMPTY;
    work->body_bytes_max = x->request.has_content_length ? (uint32_t)x->request.content_length : bytes_max;
    work->body = memory_map((size_t)work->body_bytes_max + 1);
    if (work->body == NULL)
        return WHY_POOL_BODY_EMPTY;
    e->service_bodies_n++;
    return WHY_OK;
}

enum why exchange_service_begin(struct engine *e, struct exchange *x, enum exchange_state *io_state)
{
    struct service_answer out = { 0 };
    uint32_t bytes_max = 0;
    enum why why;

    *io_state = EXCHANGE_AWAIT_BODY;
    if (x->service->admit == NULL)
        return WHY_OK;
    x->work = arena_take(&x->arena, sizeof(*x->work));
    if (x->work == NULL)
        return WHY_ARENA_FULL;
    *x->work = (struct service_work){ 0 };
    struct service_call call = service_call_of(e, x);
    why = x->service->admit(x->service->owner, &call, &bytes_max, &out);
    if (why != WHY_OK || out.status != 0)
        return service_said(e, x, why, &out, io_state);
    return bytes_max > 0 && x->request.has_body ? service_take_body(e, x, bytes_max) : WHY_OK;
}

/* A built-in upstream is an upstream: what a route's policies do to bodies, they do to this one. */
static enum why service_ask_policies(struct engine *e, struct exchange *x, bool is_end)
{
    return x->has_body_policy ? chain_request_body(e, x, &x->down.rx, is_end) : WHY_OK;
}

/* Into its place what has come, or away with it. */
static enum why service_eat(struct engine *e, struct exchange *x)
{
    struct service_work *work = x->work;
    uint32_t bytes = x->down.rx.bytes;
    enum why why;

    if (bytes == 0)
        return WHY_OK;
    if ((why = service_ask_policies(e, x, false)) != WHY_OK)
        return why;
    x->request_body_bytes += bytes;
    bytes = x->down.rx.bytes; /* Policies may have eaten. */
    x->progress_ns = e->shard->now_ns;
    if (work != NULL && work->body != NULL) {
        if (bytes > work->body_bytes_max - work->body_bytes)
            return WHY_SERVICE_BODY_LONG;
        work->body_bytes += bufq_peek(&x->down.rx, work->body + work->body_bytes, bytes);
    }
    bufq_clear(&e->shard->queues, &x->down.rx);
    exchange_touch(e, &x->down);
    return WHY_OK;
}

/* A client that waits to be told so may send its body. */
static void service_invite(struct engine *e, struct exchange *x)
{
    if (!x->request.expects_continue || x->interim_flying || x->has_answered)
        return;
    head_init(&x->response, &x->arena);
    x->response.status = 100;
    x->down.tx_head = &x->response;
    x->down.tx_has_head = true;
    x->interim_flying = true;
    exchange_touch(e, &x->down);
}

enum why exchange_service_body(struct engine *e, struct exchange *x, enum exchange_state *io_state)
{
    struct service_answer out = { .status = 200 };
    enum why why = service_eat(e, x);

    if (why != WHY_OK)
        return why;
    if (!x->down.rx_end) {
        service_invite(e, x);
        return WHY_OK;
    }
    if (x->interim_flying && !x->down.tx_head_done)
        return WHY_OK;
    if ((why = service_ask_policies(e, x, true)) != WHY_OK)
        return why;
    x->interim_flying = false;
    x->down.tx_has_head = x->down.tx_head_done = false;
    struct service_call call = service_call_of(e, x);
    if (x->work != NULL && x->work->body != NULL)
        call.body = span_of(x->work->body, x->work->body_bytes);
    why = x->service->answer(x->service->owner, &call, &out);
    if (x->work != NULL)
        service_drop_body(e, x->work);
    return service_said(e, x, why, &out, io_state);
}

enum why exchange_service_wait(struct engine *e, struct exchange *x, enum exchange_state *io_state)
{
    struct service_work *work = x->work;

    MUST(work != NULL);
    if (work->why != WHY_OK)
        return (enum why)work->why;
    if (work->is_stream) {
        if (bufq_is_empty(&x->down.tx))
            x->progress_ns = e->shard->now_ns;
        if (!work->is_over)
            return WHY_OK;
        x->down.tx_end = true;
        exchange_touch(e, &x->down);
        *io_state = EXCHANGE_AWAIT_FLUSH;
        return WHY_OK;
    }
    if (!work->is_over && (work->due_ns == 0 || work->due_ns > e->shard->now_ns))
        return WHY_OK;
    exchange_answer_send(e, x, true);
    *io_state = EXCHANGE_AWAIT_FLUSH;
    return WHY_OK;
}

static uint64_t service_wait_deadline(const struct exchange *x, enum why *out_why)
{
    const struct service_work *work = x->work;

    if (work->is_stream) {
        *out_why = WHY_CONN_READ_SLOW;
        return bufq_is_empty(&x->down.tx) ? 0 : x->progress_ns + CONN_STALL_MS_MAX * NS_PER_MS;
    }
    if (work->due_ns != 0) {
        *out_why = WHY_OK;
        return work->due_ns;
    }
    *out_why = WHY_SERVICE_TIMEOUT;
    return work->owed_ns + SERVICE_LATER_MS_MAX * NS_PER_MS;
}

/* There is no route that says how long anything may take. */
uint64_t exchange_service_deadline(const struct exchange *x, enum why *out_why)
{
    uint64_t idle_ns = x->progress_ns + SERVICE_BODY_IDLE_MS_MAX * NS_PER_MS;
    uint64_t whole_ns = x->began_ns + SERVICE_BODY_MS_MAX * NS_PER_MS;

    if (x->state == EXCHANGE_AWAIT_SERVICE)
        return service_wait_deadline(x, out_why);
    if (x->state == EXCHANGE_AWAIT_FLUSH) {
        *out_why = WHY_CONN_READ_SLOW;
        return x->progress_ns + CONN_STALL_MS_MAX * NS_PER_MS;
    }
    *out_why = WHY_CONN_BODY_SLOW;
    return idle_ns < whole_ns ? idle_ns : whole_ns;
}

/* ---- what services call later ---- */

static struct exchange *service_find(struct engine *e, struct service_ticket ticket)
{
    struct exchange *x = pool_find(&e->exchanges, ticket.slot, ticket.generation);

    /* One whose client has gone in this very turn has not heard of it yet. */
    return x != NULL && x->state == EXCHANGE_AWAIT_SERVICE && x->down.session != NULL && x->down.gone == WHY_OK ? x : NULL;
}

bool service_finish(struct engine *e, struct service_ticket ticket, enum why why, struct service_answer *out)
{
    struct exchange *x = service_find(e, ticket);

    if (x == NULL || x->work->is_stream || x->work->is_over || x->work->due_ns != 0) {
        if (out != NULL)
            bufq_clear(&e->shard->queues, &out->body);
        return false;
    }
    MUST(out == NULL || out->form == SERVICE_WHOLE);
    x->work->is_over = true;
    x->work->why = (uint16_t)why;
    if (out != NULL && why == WHY_OK)
        exchange_answer_service(e, x, out);
    else if (out != NULL)
        bufq_clear(&e->shard->queues, &out->body);
    shard_wake(e->shard, &x->task);
    return true;
}

bool service_push(struct engine *e, struct service_ticket ticket, struct span bytes)
{
    struct exchange *x = service_find(e, ticket);

    if (x == NULL || !x->work->is_stream || x->work->is_over || x->work->why != WHY_OK)
        return false;
    shard_wake(e->shard, &x->task);
    if (x->down.tx.bytes + bytes.len > SERVICE_STREAM_BYTES_MAX) {
        x->work->why = WHY_CONN_READ_SLOW;
        return false;
    }
    enum why why = bufq_push_copy(&e->shard->queues, &x->down.tx, bytes);
    if (why != WHY_OK) {
        x->work->why = (uint16_t)why;
        return false;
    }
    x->response_body_bytes += bytes.len;
    exchange_touch(e, &x->down);
    return true;
}

void service_end(struct engine *e, struct service_ticket ticket)
{
    struct exchange *x = service_find(e, ticket);

    if (x == NULL || !x->work->is_stream)
        return;
    x->work->is_over = true;
    shard_wake(e->shard, &x->task);
}
