/* origin_h1.c - an upstream that speaks HTTP/1.1. */
#include "sim/origin.h"

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/hash.h>

#include "proto/base64.h"

enum { ORIGIN_CHUNK_BYTES = 3000, ORIGIN_OUT_LOW = 1024 };

void origin_h1_begin(struct origin_conn *c)
{
    h1_text_init(&c->in, false);
}

static void put(struct origin_conn *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct origin_conn *c, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(c->out + c->out_n, sizeof(c->out) - c->out_n, format, args);
    va_end(args);
    CHECK(n >= 0 && c->out_n + (size_t)n < sizeof(c->out), "no room to write\n");
    c->out_n += (uint32_t)n;
}

/* ---- requests ---- */

static void refuse(const struct origin_conn *c, const char *what)
{
    if (c->calls_n > 0)
        plan_print(c->origin->plans, c->calls[0].plan);
    CHECK(false, "seed %llu: the gateway's request is no HTTP/1.1: %s\n%s\n", (unsigned long long)c->origin->plans->seed, what,
          c->in.head);
}

/* Both messages went whole: the connection is free again. */
static void retire(struct origin_conn *c)
{
    const struct origin_call *call = &c->calls[0];

    if (c->calls_n == 0 || !call->is_done || !call->is_whole || c->out_at < c->out_n || c->must_close || c->must_reset)
        return;
    c->calls_n = 0;
    if (c->idle_ns != 0)
        c->idle_ns = clock_mono_ns() + ring_sim_pick(400) * NS_PER_MS;
}

static void take_head(struct origin_conn *c)
{
    const char *head = c->in.head, *target = strchr(head, ' '), *end = target != NULL ? strchr(target + 1, ' ') : NULL;
    struct origin_call *call;
    struct span key = h1_text_field(head, "sec-websocket-key", NULL);

    retire(c);
    if (c->calls_n > 0)
        refuse(c, "a request before the answer to the last one");
    if (end == NULL || strncmp(end, " HTTP/1.1\r\n", 11) != 0)
        refuse(c, "no request line");
    call = origin_begin(c, span_of(target + 1, (size_t)(end - target - 1)), span_of(head, (size_t)(target - head)));
    if (!span_is(h1_text_field(head, "host", NULL), SPAN_LIT("sim.example")))
        refuse(c, "it is for another host");
    if (h1_text_field(head, "x-hop", NULL).at != NULL || h1_text_field(head, "x-forwarded-for", NULL).at == NULL)
        refuse(c, "fields that should not be there, or that should");
    if (!h1_text_body(&c->in, true))
        refuse(c, c->in.fault);
    plan_field_came(c->origin->plans, call->plan, false, h1_text_field(head, "x-fill", NULL));
    call->wants_100 = h1_text_field(head, "expect", NULL).at != NULL;
    if (call->plan->is_tunnel) {
        if (!span_is(h1_text_field(head, "upgrade", NULL), SPAN_LIT("websocket")) || key.len != 24)
            refuse(c, "no WebSocket handshake");
        memcpy(call->key, key.at, key.len);
        h1_text_raw(&c->in);
    }
}

static void take(struct origin_conn *c)
{
    struct span body = SPAN_NONE;

    for (;;) {
        struct origin_call *call = &c->calls[0];
        switch (h1_text_next(&c->in, &body)) {
        case H1_TEXT_MORE:
            return;
        case H1_TEXT_HEAD:
            take_head(c);
            break;
        case H1_TEXT_BODY:
            plan_body(c->origin->plans, call->plan, call->got, body);
            call->got += (uint32_t)body.len;
            if (!call->plan->is_tunnel || call->got < call->plan->body_bytes)
                break;
            call->is_whole = true;
            plan_whole(c->origin->plans, call->plan, call->got);
            break;
        case H1_TEXT_END:
            if (c->in.trailers_n > 0 && (!call->plan->has_trailers || h1_text_field(c->in.trailers, "x-end", NULL).at == NULL))
                refuse(c, c->in.trailers);
            call->is_whole = true;
            plan_whole(c->origin->plans, call->plan, call->got);
            break;
        case H1_TEXT_BAD:
            refuse(c, c->in.fault);
        }
    }
}

/* ---- answers ---- */

/* RFC 6455 s4.2.2. */
static void put_accept(struct origin_conn *c, const struct origin_call *call)
{
    char text[64];
    uint8_t sum[20];
    char accept[32];
    int n = snprintf(text, sizeof(text), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", call->key);
    uint32_t len;

    CHECK(wc_ShaHash((const byte *)text, (word32)n, sum) == 0, "no digest\n");
    len = (uint32_t)base64_write(BASE64_PADDED, span_of(sum, sizeof(sum)), accept);
    put(c, "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %.*s\r\n", (int)len, accept);
}

static void put_head(struct origin_conn *c, struct origin_call *call)
{
    const struct plan *p = call->plan;
    bool has_body = p->status != 204 && p->status != 304;
    char fill[PLAN_FIELD_BYTES_MAX];

    put(c, "HTTP/1.1 %u Planned\r\nX-Plan: %u\r\n", p->status, p->number);
    if (p->answer_fill_bytes > 0)
        put(c, "x-fill: \t%.*s \r\n", SPAN_FMT(plan_field(p, true, fill)));
    if (p->is_tunnel)
        put_accept(c, call);
    else if (has_body && p->answer_framing == PLAN_LENGTH)
        put(c, "Content-Length: %u\r\n", p->answer_bytes);
    else if (has_body && p->answer_framing == PLAN_CHUNKED)
        put(c, "Transfer-Encoding: chunked\r\n");
    else if (has_body)
        put(c, "Connection: close\r\n");
    if (ring_sim_pick(4) == 0 && !p->is_tunnel && p->answer_framing != PLAN_CLOSE)
        put(c, "Connection: x-hop\r\nX-Hop: 1\r\n");
    put(c, "\r\n");
    c->must_close = (p->answer_framing == PLAN_CLOSE && has_body) || p->is_tunnel;
}

/* The planned misfortune. */
static void break_down(struct origin_conn *c, struct origin_call *call)
{
    switch (call->plan->fault) {
    case PLAN_RESETS:
    case PLAN_REFUSES:
        c->must_reset = true;
        break;
    case PLAN_CLOSES:
        c->must_close = true;
        break;
    case PLAN_GARBLES:
        put(c, "\x01 garble %u\r\n\r\n", call->plan->number);
        c->must_close = true;
        break;
    case PLAN_STALLS:
        c->must_close = false;
        break;
    case PLAN_SOUND:
    case PLAN_FAULTS_N:
        break;
    }
    call->is_stuck = true;
}

/* true: something was put. */
static bool answer_head(struct origin_conn *c, struct origin_call *call)
{
    uint32_t before = c->out_n;

    if (call->wants_100 && !call->is_whole) {
        put(c, "HTTP/1.1 100 Continue\r\n\r\n");
        call->wants_100 = false;
        return true;
    }
    if (!origin_may_answer(call) || (call->plan->is_tunnel && call->has_begun))
        return false;
    if (origin_is_due(call, PLAN_AT_HEAD)) {
        break_down(c, call);
        return true;
    }
    if (call->interims_n < call->plan->interims_n) {
        call->interims_n++;
        put(c, "HTTP/1.1 103 Early Hints\r\nX-Plan: %u\r\n\r\n", call->plan->number);
        return true;
    }
    put_head(c, call);
    if (origin_is_due(call, PLAN_IN_HEAD)) {
        /* Behind the status line: what follows there is a reason, and nobody reads it. */
        c->out_n = before + (uint32_t)sizeof("HTTP/1.1 200 Planned\r\n") - 1 + ring_sim_pick(6);
        break_down(c, call);
    }
    call->has_begun = true;
    return true;
}

static void answer_end(struct origin_conn *c, struct origin_call *call)
{
    const struct plan *p = call->plan;

    if (p->answer_framing == PLAN_CHUNKED && p->method != METHOD_HEAD && p->status != 204 && p->status != 304)
        put(c, p->answer_trailers ? "0\r\nX-End: %u\r\n\r\n" : "0\r\n\r\n", p->number);
    call->is_done = true;
}

static bool ends_by_itself(const struct plan *p)
{
    return p->answer_framing == PLAN_LENGTH || p->method == METHOD_HEAD || p->status == 204 || p->status == 304;
}

static bool answer_body(struct origin_conn *c, struct origin_call *call)
{
    const struct plan *p = call->plan;
    uint32_t all = p->method == METHOD_HEAD ? 0 : p->answer_bytes, n = 1 + ring_sim_pick(ORIGIN_CHUNK_BYTES);
    bool is_chunked = p->answer_framing == PLAN_CHUNKED;

    if (p->is_tunnel && !call->is_whole)
        return false;
    n = origin_limit(call, n < all - call->sent ? n : all - call->sent);
    if (is_chunked && n > 0)
        put(c, "%x\r\n", n);
    plan_fill(p, true, call->sent, c->out + c->out_n, n);
    c->out_n += n;
    call->sent += n;
    if (is_chunked && n > 0)
        put(c, "\r\n");
    /* A fault behind the last byte is none, unless the end is still to be said. */
    if (origin_is_due(call, PLAN_IN_BODY + call->sent) && (call->sent < all || !ends_by_itself(p)))
        break_down(c, call);
    else if (call->sent == all)
        answer_end(c, call);
    return true;
}

static bool answer(struct origin_conn *c)
{
    struct origin_call *call = &c->calls[0];

    if (c->calls_n == 0 || call->is_stuck || call->is_done)
        return false;
    return call->has_begun ? answer_body(c, call) : answer_head(c, call);
}

/* ---- a visit ---- */

static bool write_some(struct origin_conn *c)
{
    uint32_t n;

    while (c->out_n < ORIGIN_OUT_LOW && answer(c))
        continue;
    if (c->out_at == c->out_n)
        return false;
    n = ring_sim_pick(3) == 0 ? 1 + ring_sim_pick(c->out_n - c->out_at) : c->out_n - c->out_at;
    n = ring_sim_peer_send(c->peer, c->out + c->out_at, n);
    c->out_at += n;
    if (c->out_at == c->out_n)
        c->out_at = c->out_n = 0;
    return n > 0;
}

/* Everything is written: what then? false: the connection is gone. */
static bool settle(struct origin_conn *c)
{
    struct origin_call *call = &c->calls[0];
    bool is_over = c->calls_n > 0 && (call->is_done || call->is_stuck);

    if (c->out_at < c->out_n)
        return true;
    if (c->must_reset) {
        ring_sim_peer_reset(c->peer);
        origin_drop(c);
        return false;
    }
    if (c->must_close && is_over) {
        if (!c->is_finished)
            ring_sim_peer_finish(c->peer);
        c->is_finished = true; /* The gateway ends its side when it has seen that. */
        return true;
    }
    retire(c);
    if (c->calls_n == 0 && c->idle_ns != 0 && clock_mono_ns() >= c->idle_ns) {
        ring_sim_peer_close(c->peer);
        origin_drop(c);
        return false;
    }
    return true;
}

static bool read_some(struct origin_conn *c)
{
    uint32_t room, max = c->is_slow ? 1 + ring_sim_pick(1500) : 1 + ring_sim_pick(20000);
    char *at = h1_text_room(&c->in, &room);
    int32_t n = ring_sim_peer_recv(c->peer, at, max < room ? max : room);

    if (n == RING_SIM_NOTHING)
        return false;
    if (n < 0) {
        ring_sim_peer_close(c->peer);
        origin_drop(c);
        return true;
    }
    h1_text_fed(&c->in, (uint32_t)n);
    take(c);
    return true;
}

bool origin_h1_visit(struct origin_conn *c)
{
    bool has_moved = write_some(c);

    if (!settle(c))
        return true;
    return read_some(c) || has_moved;
}
