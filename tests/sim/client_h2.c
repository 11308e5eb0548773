/* client_h2.c - a client that speaks HTTP/2: several streams at once, trailers, resets, windows that open late, WebSocket. */
#include "sim/client.h"

/* ---- requests ---- */

static struct client_call *h2_call(struct client *c, int32_t id)
{
    for (uint32_t i = 0; i < c->calls_n; i++)
        if (c->calls[i].id == id)
            return &c->calls[i];
    return NULL;
}

static nghttp2_ssize h2_read(void *user, int32_t id, uint8_t *at, size_t room, uint32_t *flags)
{
    struct client *c = user;
    struct client_call *call = h2_call(c, id);
    const struct plan *p;
    uint32_t n = 1 + ring_sim_pick(6000);

    if (call == NULL)
        return NGHTTP2_ERR_DEFERRED;
    p = call->plan;
    if (!call->may_send || c->is_mute || (ring_sim_pick(4) == 0 && call->sent < p->body_bytes)) {
        call->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    n = n < room ? n : (uint32_t)room;
    n = n < p->body_bytes - call->sent ? n : p->body_bytes - call->sent;
    plan_fill(p, false, call->sent, at, n);
    call->sent += n;
    if (call->sent < p->body_bytes)
        return n;
    if (p->is_tunnel && !p->end && p->got_bytes < p->answer_bytes) {
        call->is_deferred = true; /* Stays open until the upstream has said everything. */
        return n > 0 ? (nghttp2_ssize)n : NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (p->has_trailers) {
        nghttp2_nv nv = { (uint8_t *)(uintptr_t)"x-end", (uint8_t *)(uintptr_t)"1", 5, 1, NGHTTP2_NV_FLAG_NONE };
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        CHECK(nghttp2_submit_trailer(c->end.ng, id, &nv, 1) == 0, "trailer\n");
    }
    call->is_sent = true;
    call->plan->was_sent = true;
    return n;
}

static void h2_request(struct client *c, struct plan *p)
{
    struct client_call *call = &c->calls[c->calls_n++];
    nghttp2_data_provider2 source = h2_end_source(&c->end);
    char target[PLAN_NAME_BYTES], number[16], fill[PLAN_FIELD_BYTES_MAX];
    bool has_body = p->body_bytes > 0 || p->body_framing == PLAN_CHUNKED || p->is_tunnel;
    struct h2_end_fields f = { .n = 0 };

    *call = (struct client_call){ .plan = p, .may_send = !p->expects && !p->is_tunnel, .is_sent = !has_body };
    c->requests_n++;
    h2_end_field(&f, ":method", p->is_tunnel ? SPAN_LIT("CONNECT") : method_name(p->method));
    if (p->is_tunnel)
        h2_end_field(&f, ":protocol", SPAN_LIT("websocket"));
    h2_end_field(&f, ":scheme", SPAN_LIT("http"));
    h2_end_field(&f, ":authority", SPAN_LIT("sim.example"));
    h2_end_field(&f, ":path", plan_target(p, target));
    if (p->is_tunnel)
        h2_end_field(&f, "sec-websocket-version", SPAN_LIT("13"));
    if (p->expects)
        h2_end_field(&f, "expect", SPAN_LIT("100-continue"));
    if (has_body && p->body_framing == PLAN_LENGTH)
        h2_end_field(&f, "content-length", span_of(number, (size_t)snprintf(number, sizeof(number), "%u", p->body_bytes)));
    if (p->fill_bytes > 0)
        h2_end_field_at(&f, "x-fill", plan_field(p, false, fill));
    p->was_sent = !has_body;
    call->id = nghttp2_submit_request2(c->end.ng, NULL, f.nv, f.n, has_body ? &source : NULL, NULL);
    CHECK(call->id > 0, "request: %s\n", nghttp2_strerror(call->id));
}

/* ---- answers ---- */

static void h2_on_field(void *user, int32_t id, struct span name, struct span value)
{
    struct client *c = user;
    struct client_call *call = h2_call(c, id);

    if (call == NULL)
        return;
    if (span_is(name, SPAN_LIT(":status")) && value.len == 3) {
        call->status = (uint16_t)((value.at[0] - '0') * 100 + (value.at[1] - '0') * 10 + value.at[2] - '0');
        call->is_ours = false;
    }
    if (span_is(name, SPAN_LIT("x-plan")))
        call->is_ours = true;
    if (span_is(name, SPAN_LIT("x-fill")))
        plan_field_came(c->plans, call->plan, true, value);
    PLAN_CHECK(c->plans, call->plan, !span_is(name, SPAN_LIT("x-hop")), "a hop-by-hop field came through\n");
}

static void h2_on_fields(void *user, int32_t id, nghttp2_headers_category category, bool is_end)
{
    struct client *c = user;
    struct client_call *call = h2_call(c, id);

    (void)is_end;
    if (call == NULL || call->plan->end != PLAN_OPEN || (category == NGHTTP2_HCAT_HEADERS && call->plan->has_head))
        return; /* Trailers, or nobody's. */
    plan_answered(c->plans, call->plan, call->status, call->is_ours);
    call->may_send = call->may_send || call->status == 100 || (call->plan->is_tunnel && call->status == 200) ||
                     (call->status >= 200 && !call->plan->is_tunnel);
}

static void h2_on_data(void *user, int32_t id, struct span bytes)
{
    struct client *c = user;
    struct client_call *call = h2_call(c, id);

    CHECK(nghttp2_session_consume_connection(c->end.ng, bytes.len) == 0, "window\n");
    if (call == NULL)
        return;
    call->unread += (uint32_t)bytes.len;
    plan_answer_body(c->plans, call->plan, bytes);
}

static void h2_on_end(void *user, int32_t id)
{
    struct client *c = user;
    struct client_call *call = h2_call(c, id);

    if (call == NULL || call->plan->end != PLAN_OPEN)
        return;
    plan_answer_end(c->plans, call->plan);
    call->may_send = true;
}

static void h2_on_close(void *user, int32_t id, uint32_t code)
{
    struct client *c = user;
    struct client_call *call = h2_call(c, id);

    (void)code;
    if (call == NULL)
        return;
    if (call->has_left)
        plan_left(c->plans, call->plan);
    plan_cut(c->plans, call->plan);
    *call = c->calls[--c->calls_n];
}

static void h2_on_goaway(void *user)
{
    struct client *c = user;

    c->is_closing = true;
}

static const struct h2_end_hooks client_hooks = {
    .on_field = h2_on_field, .on_fields = h2_on_fields, .on_data = h2_on_data, .on_end = h2_on_end,
    .on_close = h2_on_close, .on_goaway = h2_on_goaway, .on_read = h2_read,
};

void client_h2_begin(struct client *c)
{
    h2_end_open(&c->end, false, &client_hooks, c, c->plans->seed);
}

void client_h2_end(struct client *c)
{
    h2_end_close(&c->end);
}

/* ---- a visit ---- */

/* Windows open and bodies go on, when chance says so. */
static void h2_tend(struct client *c, struct client_call *call)
{
    if (call->unread > 0 && call->plan->leave != PLAN_HALTS_READING && (!c->is_slow || ring_sim_pick(20) == 0)) {
        CHECK(nghttp2_session_consume_stream(c->end.ng, call->id, call->unread) == 0, "window\n");
        call->unread = 0;
    }
    if (!call->may_send && call->plan->expects && ring_sim_pick(50) == 0)
        call->may_send = true;
    if (call->is_deferred && call->may_send && !c->is_mute && ring_sim_pick(3) == 0) {
        call->is_deferred = false;
        (void)nghttp2_session_resume_data(c->end.ng, call->id);
    }
}

/* A stream's own misbehaviour: it is reset, after a while or at once, and the others go on. */
static void h2_misbehave(struct client *c, struct client_call *call)
{
    enum plan_leave leave = call->plan->leave;
    bool must_leave = false;

    if (call->has_left || leave == PLAN_STAYS)
        return;
    if (leave == PLAN_LEAVES_SENDING)
        must_leave = !call->is_sent && ring_sim_pick(8) == 0;
    else if (leave == PLAN_LEAVES_WAITING)
        must_leave = call->is_sent && ring_sim_pick(8) == 0;
    else if (leave == PLAN_HALTS_SENDING)
        call->may_send = false;
    if (!must_leave)
        return;
    call->has_left = true;
    CHECK(nghttp2_submit_rst_stream(c->end.ng, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_CANCEL) == 0, "reset\n");
}

bool client_h2_visit(struct client *c)
{
    struct plan *p;
    int32_t how = 0;
    bool has_moved;

    for (uint32_t i = 0; i < c->calls_n; i++) {
        h2_tend(c, &c->calls[i]);
        h2_misbehave(c, &c->calls[i]);
    }
    while (!c->is_closing && c->calls_n < c->depth && ring_sim_pick(3) != 0 && (p = client_next(c)) != NULL) {
        if (p->is_tunnel && !c->end.connects) {
            client_give(c, p); /* Until the gateway has said that it may. */
            break;
        }
        h2_request(c, p);
    }
    has_moved = h2_end_move(&c->end, c->peer, 1 + ring_sim_pick(c->is_slow ? 2000 : 20000), &how);
    if (how == 0 && c->is_closing && c->calls_n == 0)
        how = RING_SIM_END;
    if (how != 0) {
        ring_sim_peer_close(c->peer);
        client_drop(c, false);
        return true;
    }
    return has_moved;
}
