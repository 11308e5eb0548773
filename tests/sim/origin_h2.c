/* origin_h2.c - an upstream that speaks HTTP/2. */
#include "sim/origin.h"

static struct origin_call *find(struct origin_conn *c, int32_t id)
{
    for (uint32_t i = 0; i < c->calls_n; i++)
        if (c->calls[i].id == id)
            return &c->calls[i];
    return NULL;
}

/* ---- requests ---- */

/* The field comes before it is known whose it is. */
static uint64_t sum_of(struct span value)
{
    uint64_t sum = value.len;

    for (size_t i = 0; i < value.len; i++)
        sum = sum * 31 + value.at[i];
    return sum;
}

/* A head is read into a call without a plan, which it finds when all fields are there. */
static void on_field(void *user, int32_t id, struct span name, struct span value)
{
    struct origin_conn *c = user;
    struct origin_call *call = find(c, id);

    if (call == NULL) {
        CHECK(c->calls_n < ORIGIN_CALLS_MAX, "too many streams on one upstream connection\n");
        call = &c->calls[c->calls_n++];
        memset(call, 0, sizeof(*call));
        call->id = id;
    }
    if (span_is(name, SPAN_LIT(":path")) && value.len < sizeof(call->path))
        memcpy(call->path, value.at, value.len);
    else if (span_is(name, SPAN_LIT(":method")) && value.len < sizeof(call->method))
        memcpy(call->method, value.at, value.len);
    else if (span_is(name, SPAN_LIT("expect")))
        call->wants_100 = true;
    else if (span_is(name, SPAN_LIT("x-fill")))
        call->fill_sum = sum_of(value);
    CHECK(!span_is(name, SPAN_LIT(":authority")) || span_is(value, SPAN_LIT("sim.example")), "for %.*s\n", SPAN_FMT(value));
    CHECK(!span_is(name, SPAN_LIT("x-hop")), "a hop-by-hop field came through\n");
}

static void on_fields(void *user, int32_t id, nghttp2_headers_category category, bool is_end)
{
    struct origin_conn *c = user;
    struct origin_call *call = find(c, id);
    char fill[PLAN_FIELD_BYTES_MAX];

    (void)is_end;
    CHECK(call != NULL, "a head without fields\n");
    if (category != NGHTTP2_HCAT_REQUEST)
        return;
    call->plan = plan_arrives(c->origin->plans, span_str(call->path), span_str(call->method));
    PLAN_CHECK(c->origin->plans, call->plan, call->fill_sum == sum_of(plan_field(call->plan, false, fill)), "x-fill differs\n");
}

static void on_data(void *user, int32_t id, struct span bytes)
{
    struct origin_conn *c = user;
    struct origin_call *call = find(c, id);

    CHECK(nghttp2_session_consume_connection(c->end.ng, bytes.len) == 0, "window\n");
    if (call == NULL)
        return;
    plan_body(c->origin->plans, call->plan, call->got, bytes);
    call->got += (uint32_t)bytes.len;
    call->unread += (uint32_t)bytes.len;
    if (call->plan->is_tunnel && call->got == call->plan->body_bytes && !call->is_whole) {
        call->is_whole = true;
        plan_whole(c->origin->plans, call->plan, call->got);
    }
}

static void on_end(void *user, int32_t id)
{
    struct origin_conn *c = user;
    struct origin_call *call = find(c, id);

    if (call == NULL || call->plan->is_tunnel)
        return;
    call->is_whole = true;
    plan_whole(c->origin->plans, call->plan, call->got);
}

static void on_close(void *user, int32_t id, uint32_t code)
{
    struct origin_conn *c = user;
    struct origin_call *call = find(c, id);

    (void)code;
    if (call != NULL)
        *call = c->calls[--c->calls_n];
    if (c->calls_n == 0 && c->idle_ns != 0)
        c->idle_ns = clock_mono_ns() + ring_sim_pick(400) * NS_PER_MS;
}

static void on_goaway(void *user)
{
    struct origin_conn *c = user;

    c->is_leaving = true;
}

/* ---- answers ---- */

static void break_down(struct origin_conn *c, struct origin_call *call)
{
    uint32_t code = NGHTTP2_INTERNAL_ERROR;

    call->is_stuck = true;
    switch (call->plan->fault) {
    case PLAN_REFUSES:
        code = NGHTTP2_INTERNAL_ERROR;
        if (!call->has_begun && call->got == 0) {
            code = NGHTTP2_REFUSED_STREAM;
            call->plan->refused_n++;
        }
        break;
    case PLAN_RESETS:
        break;
    case PLAN_CLOSES:
        c->must_close = true;
        return;
    case PLAN_GARBLES:
        c->must_reset = true;
        return;
    case PLAN_STALLS:
    case PLAN_SOUND:
    case PLAN_FAULTS_N:
        return;
    }
    CHECK(nghttp2_submit_rst_stream(c->end.ng, NGHTTP2_FLAG_NONE, call->id, code) == 0, "reset\n");
}

static nghttp2_ssize on_read(void *user, int32_t id, uint8_t *at, size_t room, uint32_t *flags)
{
    struct origin_conn *c = user;
    struct origin_call *call = find(c, id);
    const struct plan *p;
    uint32_t n = 1 + ring_sim_pick(6000), left;

    if (call == NULL || call->is_stuck)
        return NGHTTP2_ERR_DEFERRED;
    p = call->plan;
    left = (p->method == METHOD_HEAD ? 0 : p->answer_bytes) - call->sent;
    n = n < room ? n : (uint32_t)room;
    n = origin_limit(call, n < left ? n : left);
    if ((p->is_tunnel && !call->is_whole) || (left > 0 && ring_sim_pick(4) == 0)) {
        call->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (n == 0 && left > 0) {
        call->is_deferred = true; /* The fault comes with the next visit: a reset from in here would be too early. */
        return NGHTTP2_ERR_DEFERRED;
    }
    plan_fill(p, true, call->sent, at, n);
    call->sent += n;
    if (call->sent < (p->method == METHOD_HEAD ? 0 : p->answer_bytes) || origin_is_due(call, PLAN_IN_BODY + call->sent))
        return n > 0 ? (nghttp2_ssize)n : NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    call->is_done = true;
    if (p->answer_trailers) {
        nghttp2_nv nv = { (uint8_t *)(uintptr_t)"x-end", (uint8_t *)(uintptr_t)"1", 5, 1, NGHTTP2_NV_FLAG_NONE };
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        CHECK(nghttp2_submit_trailer(c->end.ng, id, &nv, 1) == 0, "trailer\n");
    }
    return n;
}

static void submit_head(struct origin_conn *c, struct origin_call *call)
{
    const struct plan *p = call->plan;
    bool has_body = p->status != 204 && p->status != 304 && p->method != METHOD_HEAD;
    nghttp2_data_provider2 source = h2_end_source(&c->end);
    struct h2_end_fields f = { .n = 0 };
    char text[32], number[16];
    uint16_t status = p->is_tunnel ? 200 : p->status;
    char fill[PLAN_FIELD_BYTES_MAX];

    h2_end_field(&f, ":status", span_of(text, (size_t)snprintf(text, sizeof(text), "%u", status)));
    h2_end_field(&f, "x-plan", span_of(number, (size_t)snprintf(number, sizeof(number), "%u", p->number)));
    if (p->answer_framing == PLAN_LENGTH && p->status != 204 && p->status != 304)
        h2_end_field(&f, "content-length", span_of(number, (size_t)snprintf(number, sizeof(number), "%u", p->answer_bytes)));
    if (p->answer_fill_bytes > 0)
        h2_end_field_at(&f, "x-fill", plan_field(p, true, fill));
    CHECK(nghttp2_submit_response2(c->end.ng, call->id, f.nv, f.n, has_body || p->is_tunnel ? &source : NULL) == 0,
          "response\n");
    call->has_begun = true;
    call->is_done = !has_body && !p->is_tunnel;
}

static void submit_interim(struct origin_conn *c, struct origin_call *call, const char *status)
{
    struct h2_end_fields f = { .n = 0 };

    h2_end_field(&f, ":status", span_str(status));
    h2_end_field(&f, "x-plan", SPAN_LIT("1"));
    CHECK(nghttp2_submit_headers(c->end.ng, NGHTTP2_FLAG_NONE, call->id, NULL, f.nv, f.n, NULL) == 0, "interim\n");
}

static void answer(struct origin_conn *c, struct origin_call *call)
{
    if (call->is_stuck || call->plan == NULL)
        return;
    if (call->wants_100 && !call->is_whole && !call->has_begun) {
        submit_interim(c, call, "100");
        call->wants_100 = false;
        return;
    }
    if (!origin_may_answer(call))
        return;
    if (!call->has_begun && (origin_is_due(call, PLAN_AT_HEAD) || origin_is_due(call, PLAN_IN_HEAD))) {
        break_down(c, call);
        return;
    }
    if (call->interims_n < call->plan->interims_n) {
        call->interims_n++;
        submit_interim(c, call, "103");
        return;
    }
    if (!call->has_begun) {
        submit_head(c, call);
    } else if (origin_is_due(call, PLAN_IN_BODY + call->sent)) {
        break_down(c, call);
    } else if (call->is_deferred && ring_sim_pick(3) == 0) {
        call->is_deferred = false;
        (void)nghttp2_session_resume_data(c->end.ng, call->id);
    }
}

static const struct h2_end_hooks origin_hooks = {
    .on_field = on_field, .on_fields = on_fields, .on_data = on_data, .on_end = on_end,
    .on_close = on_close, .on_goaway = on_goaway, .on_read = on_read,
};

void origin_h2_begin(struct origin_conn *c)
{
    h2_end_open(&c->end, true, &origin_hooks, c, c->origin->plans->seed);
}

/* ---- a visit ---- */

static void tend(struct origin_conn *c)
{
    for (uint32_t i = 0; i < c->calls_n; i++) {
        struct origin_call *call = &c->calls[i];
        if (call->unread > 0 && (!c->is_slow || ring_sim_pick(10) == 0)) {
            CHECK(nghttp2_session_consume_stream(c->end.ng, call->id, call->unread) == 0, "window\n");
            call->unread = 0;
        }
        answer(c, call);
    }
    if (c->calls_n == 0 && c->idle_ns != 0 && clock_mono_ns() >= c->idle_ns) {
        CHECK(nghttp2_session_terminate_session(c->end.ng, NGHTTP2_NO_ERROR) == 0, "goodbye\n");
        c->must_close = true;
        c->idle_ns = 0;
    }
}

bool origin_h2_visit(struct origin_conn *c)
{
    int32_t how = 0;
    bool has_moved;

    tend(c);
    has_moved = h2_end_move(&c->end, c->peer, 1 + ring_sim_pick(c->is_slow ? 2000 : 20000), &how);
    if (c->must_reset) {
        ring_sim_peer_reset(c->peer);
        origin_drop(c);
        return true;
    }
    if (how != 0 || ((c->must_close || (c->is_leaving && c->calls_n == 0)) && c->end.out_at == c->end.out_n)) {
        ring_sim_peer_close(c->peer);
        origin_drop(c);
        return true;
    }
    return has_moved;
}
