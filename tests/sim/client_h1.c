/* client_h1.c - a client that speaks HTTP/1.1: keep-alive, pipelining, chunked bodies, Expect, upgrades. */
#include "sim/client.h"

enum { H1_CHUNK_BYTES = 3000 };

void client_h1_begin(struct client *c)
{
    h1_text_init(&c->in, true);
    c->out_at = c->out_n = 0;
}

/* ---- requests ---- */

static void h1_put(struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void h1_put(struct client *c, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(c->out + c->out_n, sizeof(c->out) - c->out_n, format, args);
    va_end(args);
    CHECK(n >= 0 && c->out_n + (size_t)n < sizeof(c->out), "no room to write\n");
    c->out_n += (uint32_t)n;
}

static void h1_put_head(struct client *c, const struct plan *p)
{
    char target[PLAN_NAME_BYTES], fill[PLAN_FIELD_BYTES_MAX];

    h1_put(c, "%.*s %.*s HTTP/1.1\r\nHost: sim.example\r\n", SPAN_FMT(method_name(p->method)), SPAN_FMT(plan_target(p, target)));
    if (p->is_tunnel)
        h1_put(c, "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    else if (ring_sim_pick(4) == 0)
        h1_put(c, "Connection: x-hop\r\nX-Hop: 1\r\n");
    if (p->fill_bytes > 0)
        h1_put(c, "X-Fill:%.*s\r\n", SPAN_FMT(plan_field(p, false, fill)));
    if (p->expects)
        h1_put(c, "Expect: 100-continue\r\n");
    if (!p->is_tunnel && p->body_framing == PLAN_CHUNKED)
        h1_put(c, "Transfer-Encoding: chunked\r\n");
    else if (p->body_bytes > 0 && !p->is_tunnel)
        h1_put(c, "Content-Length: %u\r\n", p->body_bytes);
    h1_put(c, "\r\n");
}

/* The next piece of the body, and what ends it. */
static void h1_put_body(struct client *c, struct client_call *call)
{
    const struct plan *p = call->plan;
    uint32_t n = 1 + ring_sim_pick(H1_CHUNK_BYTES);
    bool is_chunked = p->body_framing == PLAN_CHUNKED && !p->is_tunnel;

    if (n > p->body_bytes - call->sent)
        n = p->body_bytes - call->sent;
    if (is_chunked && n > 0)
        h1_put(c, "%x\r\n", n);
    plan_fill(p, false, call->sent, c->out + c->out_n, n);
    c->out_n += n;
    call->sent += n;
    if (is_chunked && n > 0)
        h1_put(c, "\r\n");
    if (call->sent < p->body_bytes)
        return;
    if (is_chunked)
        h1_put(c, p->has_trailers ? "0\r\nx-end: %u\r\n\r\n" : "0\r\n\r\n", p->number);
    call->is_sent = true;
}

static struct client_call *h1_sending(struct client *c)
{
    struct client_call *last = c->calls_n > 0 ? &c->calls[c->calls_n - 1] : NULL;

    return last != NULL && !last->is_sent ? last : NULL;
}

/* Put something to write; false: there is nothing now. */
static bool h1_write_more(struct client *c)
{
    struct client_call *call = h1_sending(c);
    struct plan *p;

    if (call == NULL) {
        bool is_tunnel = c->calls_n > 0 && c->calls[c->calls_n - 1].plan->is_tunnel;
        if (c->is_closing || is_tunnel || c->calls_n >= c->depth || (p = client_next(c)) == NULL)
            return false;
        c->calls[c->calls_n++] = (struct client_call){ .plan = p, .may_send = !p->expects && !p->is_tunnel };
        c->requests_n++;
        h1_put_head(c, p);
        if (p->body_framing == PLAN_LENGTH && p->body_bytes == 0)
            c->calls[c->calls_n - 1].is_sent = true;
        return true;
    }
    if (!call->may_send && call->plan->expects && ring_sim_pick(50) == 0)
        call->may_send = true; /* RFC 9110 s10.1.1: a client does not wait for ever. */
    if (call->plan->has_head && !call->plan->is_tunnel && call == c->calls)
        call->may_send = call->may_send || !c->is_closing;
    if (!call->may_send)
        return false;
    h1_put_body(c, call);
    return true;
}

static bool h1_write(struct client *c)
{
    uint32_t n;

    if (c->out_at == c->out_n) {
        c->out_at = c->out_n = 0;
        if (!h1_write_more(c))
            return false;
    }
    n = 1 + ring_sim_pick(c->out_n - c->out_at);
    n = ring_sim_peer_send(c->peer, c->out + c->out_at, ring_sim_pick(4) == 0 ? n : c->out_n - c->out_at);
    c->out_at += n;
    if (c->calls_n > 0 && c->out_at == c->out_n && c->calls[c->calls_n - 1].is_sent)
        c->calls[c->calls_n - 1].plan->was_sent = true;
    return n > 0;
}

/* ---- answers ---- */

static void h1_fail(const struct client *c, const char *what)
{
    if (c->calls_n > 0)
        plan_print(c->plans, c->calls[0].plan);
    CHECK(false, "seed %llu: the gateway's answer is no HTTP/1.1: %s\n%s\n", (unsigned long long)c->plans->seed, what, c->in.head);
}

static void h1_take_head(struct client *c)
{
    struct client_call *call = &c->calls[0];
    struct plan *p = call->plan;
    uint16_t status = h1_text_status(&c->in);
    struct span mark = h1_text_field(c->in.head, "x-plan", NULL);

    if (c->calls_n == 0 || status == 0)
        h1_fail(c, c->calls_n == 0 ? "nobody asked" : "no status line");
    if (h1_text_field(c->in.head, "x-hop", NULL).at != NULL)
        h1_fail(c, "a hop-by-hop field came through");
    call->is_ours = mark.at != NULL;
    plan_answered(c->plans, p, status, call->is_ours);
    if (call->is_ours && (status >= 200 || status == 101))
        plan_field_came(c->plans, p, true, h1_text_field(c->in.head, "x-fill", NULL));
    if (status < 200 && status != 101) {
        call->may_send = call->may_send || status == 100;
        if (!h1_text_body(&c->in, false))
            h1_fail(c, c->in.fault);
        return;
    }
    if (status == 101) {
        PLAN_CHECK(c->plans, p, p->is_tunnel, "switched unasked\n");
        h1_text_raw(&c->in);
        call->may_send = true;
        return;
    }
    call->is_sent = call->is_sent || p->is_tunnel;
    if (!h1_text_body(&c->in, p->method != METHOD_HEAD && status != 204 && status != 304))
        h1_fail(c, c->in.fault);
    c->is_closing = c->is_closing || c->in.is_closing;
    if (h1_text_may_end(&c->in))
        h1_fail(c, "an answer to HTTP/1.1 that only the end of the connection ends");
}

static void h1_take_end(struct client *c)
{
    struct plan *p = c->calls[0].plan;
    struct span trailer = h1_text_field(c->in.trailers, "x-end", NULL);

    if (!p->has_head)
        return; /* An interim one. */
    PLAN_CHECK(c->plans, p, c->in.trailers[0] == '\0' || (p->answer_trailers && trailer.at != NULL), "trailers: %s\n",
               c->in.trailers);
    plan_answer_end(c->plans, p);
    /* Or the client found it complete, and the gateway waited for an end that never came. */
    c->was_early = c->was_early || p->is_early || p->fault != PLAN_SOUND;
    if (!c->calls[0].is_sent) {
        /* Answered early. The rest of the request is owed, unless the gateway wants no more of it. */
        c->reset_ns = c->is_closing ? 0 : clock_mono_ns() + 1;
    }
    memmove(c->calls, c->calls + 1, --c->calls_n * sizeof(c->calls[0]));
    if (c->calls_n == 0)
        c->out_at = c->out_n = 0;
}

static void h1_take(struct client *c)
{
    struct span body = SPAN_NONE;

    for (;;) {
        switch (h1_text_next(&c->in, &body)) {
        case H1_TEXT_MORE:
            return;
        case H1_TEXT_HEAD:
            h1_take_head(c);
            break;
        case H1_TEXT_BODY:
            plan_answer_body(c->plans, c->calls[0].plan, body);
            break;
        case H1_TEXT_END:
            h1_take_end(c);
            break;
        case H1_TEXT_BAD:
            h1_fail(c, c->in.fault);
        }
    }
}

static void h1_take_close(struct client *c, bool is_reset)
{
    struct plan *p = c->calls_n > 0 ? c->calls[0].plan : NULL;

    /* A tunnel ends when its connection does. */
    if (p != NULL && p->is_tunnel && !is_reset && p->got_status == 101 && p->got_bytes == p->answer_bytes) {
        plan_answer_end(c->plans, p);
        memmove(c->calls, c->calls + 1, --c->calls_n * sizeof(c->calls[0]));
    }
    ring_sim_peer_close(c->peer);
    client_drop(c, false);
}

static bool h1_read(struct client *c)
{
    uint32_t room;
    char *at = h1_text_room(&c->in, &room);
    uint32_t max = c->is_slow ? 1 + ring_sim_pick(700) : 1 + ring_sim_pick(20000);
    int32_t n = ring_sim_peer_recv(c->peer, at, max < room ? max : room);

    if (n == RING_SIM_NOTHING)
        return false;
    if (n < 0) {
        h1_take_close(c, n == RING_SIM_RESET);
        return true;
    }
    h1_text_fed(&c->in, (uint32_t)n);
    h1_take(c);
    return true;
}

bool client_h1_visit(struct client *c)
{
    bool has_moved = false;

    if (c->calls_n > 0) {
        struct client_call *last = &c->calls[c->calls_n - 1];
        if (client_misbehaves(c, last->plan, last->plan->was_sent))
            return true;
    }
    for (uint32_t turns = 1 + ring_sim_pick(4); turns > 0 && !c->is_mute; turns--)
        has_moved = h1_write(c) || has_moved;
    return h1_read(c) || has_moved;
}
