/* exchange.c - see exchange.h. Everything that can happen to one request, in one switch. */
#include "engine/exchange.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/must.h"
#include "engine/engine.h"

/* Which state may follow which; a move that is not here is our bug. */
static const uint16_t exchange_moves[EXCHANGE_STATES_N] = {
#define TO(state) (1U << EXCHANGE_##state)
    [EXCHANGE_AWAIT_HEAD]    = TO(AWAIT_POLICY) | TO(AWAIT_BODY) | TO(AWAIT_SERVICE) | TO(AWAIT_ANSWER) | TO(AWAIT_FLUSH) |
                               TO(ENDED),
    [EXCHANGE_AWAIT_POLICY]  = TO(AWAIT_BODY) | TO(AWAIT_SERVICE) | TO(AWAIT_ANSWER) | TO(AWAIT_FLUSH) | TO(ENDED),
    [EXCHANGE_AWAIT_BODY]    = TO(AWAIT_SERVICE) | TO(AWAIT_FLUSH) | TO(ENDED),
    [EXCHANGE_AWAIT_SERVICE] = TO(AWAIT_FLUSH) | TO(ENDED),
    [EXCHANGE_AWAIT_ANSWER]  = TO(AWAIT_STREAMS) | TO(AWAIT_FLUSH) | TO(ENDED),
    [EXCHANGE_AWAIT_STREAMS] = TO(AWAIT_FLUSH) | TO(ENDED),
    [EXCHANGE_AWAIT_FLUSH]   = TO(ENDED),
#undef TO
};

/* Inline by force: a call for each move costs a request 50 instructions (callgrind, gcc 12). */
static inline __attribute__((always_inline)) void exchange_move(struct engine *e, struct exchange *x, enum exchange_state to)
{
    MUST((exchange_moves[x->state] & (1U << to)) != 0);
    if (to >= EXCHANGE_AWAIT_FLUSH && x->state != EXCHANGE_AWAIT_FLUSH && x->route != NULL && x->route->shadow != NULL)
        exchange_shadow_time(e, x);
    x->state = (uint8_t)to;
}

struct stream *exchange_open(void *engine, struct session *s)
{
    struct engine *e = engine;
    struct exchange *x;

    UNUSED(s);
    if (e->epoch == NULL)
        return NULL;
    x = pool_take(&e->exchanges);
    if (x == NULL) {
        counter_why(&e->shard->counters, WHY_POOL_EXCHANGE_EMPTY);
        return NULL;
    }
    x->task.kind = TASK_EXCHANGE;
    x->timer.kind = TASK_EXCHANGE;
    x->state = EXCHANGE_AWAIT_HEAD;
    arena_init(&x->arena, &e->shard->queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(&x->request, &x->arena);
    head_init(&x->request_trailers, &x->arena);
    x->down.rx_head = &x->request;
    x->down.rx_trailers = &x->request_trailers;
    x->down.reader = &x->task;
    return &x->down;
}

void exchange_touch(struct engine *e, struct stream *st)
{
    struct session *s = st->session;

    if (s == NULL)
        return;
    if (s->type->stream_touch != NULL)
        s->type->stream_touch(s, st);
    shard_wake(e->shard, s->conn_task);
}

static void exchange_count_answer(struct engine *e, const struct exchange *x)
{
    static const enum metric by_class[] = { METRIC_RESPONSES_2XX, METRIC_RESPONSES_3XX, METRIC_RESPONSES_4XX,
                                            METRIC_RESPONSES_5XX };
    unsigned class = x->response.status / 100U;

    if (class >= 2 && class <= 5)
        counter_add(&e->shard->counters, by_class[class - 2], 1);
    else if (class == 1)
        counter_add(&e->shard->counters, METRIC_RESPONSES_2XX, 1); /* 101: switched, a success. */
}

/* The last thing that happens to x; the slot goes back in exchange_settle, when nobody looks at it any more. */
static void exchange_end(struct engine *e, struct exchange *x)
{
    exchange_move(e, x, EXCHANGE_ENDED);
    wheel_cancel(&e->shard->wheel, &x->timer);
    if (x->epoch != NULL) {
        chain_end(e, x);
        if (x->has_answered)
            exchange_count_answer(e, x);
        if (x->why != WHY_OK)
            counter_why(&e->shard->counters, (enum why)x->why);
        e->hooks->on_record(e->hooks->owner, x);
    }
    exchange_leave_up(e, x, (enum why)x->why);
    exchange_service_end(e, x);
    if (x->down.session != NULL) {
        struct session *s = x->down.session;

        s->type->stream_leave(s, &x->down, (enum why)x->why);
        x->down.session = NULL;
        shard_wake(e->shard, s->conn_task);
    }
    bufq_clear(&e->shard->queues, &x->down.rx);
    bufq_clear(&e->shard->queues, &x->down.tx);
    if (x->upstream != NULL)
        up_drop(&e->ups, x->upstream);
    if (x->epoch != NULL)
        epoch_drop(e, x->epoch);
    arena_fini(&x->arena);
    list_remove(&x->task.node);
}

/* Something went wrong on our way to an answer: say it to the client if its head is still ours to write, else cut. */
static void exchange_fail(struct engine *e, struct exchange *x, enum why why)
{
    MUST(why != WHY_OK);
    if (x->why == WHY_OK)
        x->why = (uint16_t)why;
    exchange_leave_up(e, x, why);
    if ((x->has_answered && x->down.tx_head_done) || x->down.session == NULL) {
        exchange_end(e, x);
        return;
    }
    exchange_answer_why(e, x, why);
    exchange_move(e, x, EXCHANGE_AWAIT_FLUSH);
}

/* ---- deadlines ---- */

static uint64_t exchange_deadline(const struct exchange *x, enum why *out_why)
{
    uint64_t idle_ns = 0, whole_ns = 0;

    if (x->state == EXCHANGE_AWAIT_HEAD)
        return 0;
    if (x->service != NULL && (x->route == NULL || x->state == EXCHANGE_AWAIT_SERVICE))
        return exchange_service_deadline(x, out_why);
    if (x->route == NULL)
        return 0;
    if (x->route->stream_idle_timeout_ns > 0)
        idle_ns = x->progress_ns + x->route->stream_idle_timeout_ns;
    /* As Envoy counts: from the request's end to the answer's (kuma-dialect.md 3.3), so that a long upload is no time-out. */
    if (x->route->request_timeout_ns > 0 && x->asked_ns != 0 && x->state != EXCHANGE_AWAIT_FLUSH && !x->down.tx_tunnel)
        whole_ns = x->asked_ns + x->route->request_timeout_ns;
    if (whole_ns != 0 && (idle_ns == 0 || whole_ns < idle_ns)) {
        *out_why = WHY_UP_TIMEOUT;
        return whole_ns;
    }
    *out_why = x->state == EXCHANGE_AWAIT_FLUSH ? WHY_CONN_READ_SLOW
               : !x->down.rx_end && x->down.rx.bytes == 0 && x->state != EXCHANGE_AWAIT_STREAMS ? WHY_CONN_BODY_SLOW
                                                                                             : WHY_UP_IDLE;
    return idle_ns;
}

static void exchange_watch(struct engine *e, struct exchange *x)
{
    enum why why;

    if (x->asked_ns == 0 && x->down.rx_end && bufq_is_empty(&x->down.rx))
        x->asked_ns = e->shard->now_ns;
    uint64_t deadline_ns = exchange_deadline(x, &why);

    if (deadline_ns != 0 && (x->timer.deadline_ns == 0 || x->timer.deadline_ns > deadline_ns))
        wheel_arm(&e->shard->wheel, &x->timer, deadline_ns);
}

/* After each turn: wait on, or be gone. */
static void exchange_settle(struct engine *e, struct exchange *x)
{
    if (x->state == EXCHANGE_ENDED)
        pool_give(&e->exchanges, x);
    else
        exchange_watch(e, x);
}

void exchange_on_timer(struct engine *e, struct exchange *x)
{
    enum why why = WHY_OK;
    uint64_t deadline_ns = exchange_deadline(x, &why);

    if (deadline_ns != 0 && deadline_ns <= e->shard->now_ns) {
        if (why == WHY_OK) {
            shard_wake(e->shard, &x->task); /* Looks at the next deadline in its turn. */
            return;
        }
        if (x->state == EXCHANGE_AWAIT_FLUSH) {
            x->why = (uint16_t)why;
            exchange_end(e, x);
        } else {
            exchange_fail(e, x, why);
        }
    }
    exchange_settle(e, x);
}

/* One step of a built-in service. */
static void exchange_step_service(struct engine *e, struct exchange *x,
                                  enum why (*step)(struct engine *e, struct exchange *x, enum exchange_state *io_state))
{
    enum exchange_state state = (enum exchange_state)x->state;
    enum why why = step(e, x, &state);

    if (why != WHY_OK)
        exchange_fail(e, x, why);
    else if (state != (enum exchange_state)x->state)
        exchange_move(e, x, state);
}

/* ---- the switch ---- */

/* The request is routed and its policies agree: on to the upstream or the service. */
static void exchange_send_on(struct engine *e, struct exchange *x)
{
    enum why why;

    if (x->route != NULL && x->route->redirect != NULL) {
        exchange_answer_redirect(e, x);
        exchange_move(e, x, EXCHANGE_AWAIT_FLUSH);
        return;
    }
    if (x->service == NULL && (why = exchange_choose_up(e, x)) != WHY_OK) {
        exchange_fail(e, x, why);
        return;
    }
    if (x->service != NULL) {
        exchange_step_service(e, x, exchange_service_begin);
        return;
    }
    why = exchange_go_up(e, x);
    if (why != WHY_OK) {
        exchange_fail(e, x, why);
        return;
    }
    exchange_move(e, x, EXCHANGE_AWAIT_ANSWER);
}

static void exchange_ask_policies(struct engine *e, struct exchange *x)
{
    bool holds = false, cut = false;
    enum why why = chain_request_head(e, x, &holds, &cut);

    if (why == WHY_OK && holds) {
        if (x->state != EXCHANGE_AWAIT_POLICY)
            exchange_move(e, x, EXCHANGE_AWAIT_POLICY);
        return;
    }
    if (why == WHY_OK) {
        exchange_send_on(e, x);
    } else if (cut) {
        x->why = (uint16_t)why;
        exchange_end(e, x);
    } else {
        exchange_fail(e, x, why);
    }
}

static void exchange_take_head(struct engine *e, struct exchange *x)
{
    enum why why = exchange_begin(e, x);

    if (why != WHY_OK)
        exchange_fail(e, x, why);
    else
        exchange_ask_policies(e, x);
}

/* A 1xx goes to the client as it is, then the next head of the upstream is read into the same place. */
static void exchange_relay_interim(struct engine *e, struct exchange *x)
{
    bool wanted = x->request.version != HTTP_VERSION_10 && (x->response.status != 100 || x->request.expects_continue);

    if (wanted && !x->interim_flying) {
        head_strip_hop(&x->response);
        x->down.tx_head = &x->response;
        x->down.tx_has_head = true;
        x->down.tx_head_done = false;
        x->interim_flying = true;
        exchange_touch(e, &x->down);
    }
    if (x->interim_flying && !x->down.tx_head_done)
        return;
    x->interim_flying = false;
    x->down.tx_has_head = x->down.tx_head_done = false;
    x->down.tx_head = NULL;
    head_init(&x->response, &x->arena);
    x->up.rx_has_head = x->up.rx_interim = false;
    exchange_touch(e, &x->up);
}

/* The upstream's final head is there. */
static enum why exchange_take_answer(struct engine *e, struct exchange *x)
{
    bool cut = false;
    enum why why;

    x->up_head_ns = e->shard->now_ns;
    x->down.tx_tunnel = x->up.rx_tunnel;
    head_strip_hop(&x->response);
    why = chain_response_head(e, x, &cut);
    if (why == WHY_OK && x->arena.is_full)
        why = WHY_ARENA_FULL;
    if (why != WHY_OK)
        return why;
    x->down.tx_head = &x->response;
    x->down.tx_has_head = true;
    x->has_answered = true;
    return WHY_OK;
}

static bool exchange_is_over(const struct exchange *x)
{
    if (!x->down.tx_end || !bufq_is_empty(&x->up.rx))
        return false;
    /* A tunnel has two directions, and each may outlive the other; but not the connection that it goes over. */
    return !x->down.tx_tunnel || x->up.tx_end || x->up.session == NULL;
}

/* Bytes in both directions; answers why it must end early. */
static enum why exchange_pump(struct engine *e, struct exchange *x)
{
    enum why why = exchange_pump_request(e, x);

    if (why == WHY_OK && x->has_answered)
        why = exchange_pump_response(e, x);
    return why;
}

static void exchange_step_answer(struct engine *e, struct exchange *x)
{
    enum why why;

    if (x->up.rx_interim && x->up.rx_has_head && x->up.gone == WHY_OK)
        exchange_relay_interim(e, x);
    /* An upstream that has gone in the middle of an answer that nobody has seen yet has not answered. */
    if (x->up.gone != WHY_OK && !(x->up.rx_has_head && x->up.rx_end)) {
        bool again;

        why = x->up.gone;
        again = exchange_may_retry(x, why);
        if (again)
            exchange_leave_up(e, x, why);
        if (!again || exchange_go_up(e, x) != WHY_OK) {
            exchange_fail(e, x, why);
            return;
        }
        /* A body that came in the same turn as the failure wakes nobody again: it goes on below. */
    }
    if (x->up.rx_has_head && !x->up.rx_interim) {
        why = exchange_take_answer(e, x);
        if (why != WHY_OK)
            exchange_fail(e, x, why);
        else
            exchange_move(e, x, EXCHANGE_AWAIT_STREAMS);
        return;
    }
    why = exchange_pump(e, x);
    if (why != WHY_OK)
        exchange_fail(e, x, why);
}

static void exchange_step_streams(struct engine *e, struct exchange *x)
{
    enum why why = exchange_pump(e, x);

    if (why == WHY_OK && x->up.gone != WHY_OK && !x->up.rx_end)
        why = x->up.gone;
    if (why != WHY_OK) {
        exchange_fail(e, x, why);
        return;
    }
    if (exchange_is_over(x)) {
        exchange_leave_up(e, x, WHY_OK);
        exchange_move(e, x, EXCHANGE_AWAIT_FLUSH);
    }
}

/* One state's part; what it waits for may be there already when it is entered, so the caller asks again after a move. */
static void exchange_step_state(struct engine *e, struct exchange *x)
{
    switch ((enum exchange_state)x->state) {
    case EXCHANGE_AWAIT_HEAD:
        if (x->down.rx_has_head)
            exchange_take_head(e, x);
        return;
    case EXCHANGE_AWAIT_POLICY:
        exchange_ask_policies(e, x);
        return;
    case EXCHANGE_AWAIT_BODY:
        exchange_step_service(e, x, exchange_service_body);
        return;
    case EXCHANGE_AWAIT_SERVICE:
        exchange_step_service(e, x, exchange_service_wait);
        return;
    case EXCHANGE_AWAIT_ANSWER:
        exchange_step_answer(e, x);
        return;
    case EXCHANGE_AWAIT_STREAMS:
        exchange_step_streams(e, x);
        return;
    case EXCHANGE_AWAIT_FLUSH:
        x->progress_ns = e->shard->now_ns; /* The session wakes us when it has taken some. */
        if (x->down.tx_done)
            exchange_end(e, x);
        return;
    case EXCHANGE_FREE:
    case EXCHANGE_ENDED:
    case EXCHANGE_STATES_N:
        break;
    }
    must_not_reach("exchange_step: after the end");
}

void exchange_step(struct engine *e, struct exchange *x)
{
    uint8_t before;

    if (x->down.gone != WHY_OK) {
        bool was_cut = x->down.gone == WHY_IO_EOF || x->down.gone == WHY_IO_RESET;

        if (x->why == WHY_OK && x->state != EXCHANGE_AWAIT_HEAD && !x->down.tx_done)
            x->why = (uint16_t)(was_cut ? WHY_CONN_CLIENT_GONE : x->down.gone);
        /* A head and a broken body in one piece: never begun, but an ending all the same. */
        if (x->state == EXCHANGE_AWAIT_HEAD && x->down.rx_has_head && !was_cut)
            counter_why(&e->shard->counters, (enum why)x->down.gone);
        exchange_end(e, x);
    }
    do {
        before = x->state;
        if (before != EXCHANGE_ENDED)
            exchange_step_state(e, x);
    } while (x->state != before);
    exchange_settle(e, x);
}
