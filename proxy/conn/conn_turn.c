/* conn_turn.c - a connection's turn: from what has arrived to what can be sent, by state.
 *
 * Spec:   RFC 9113 s3.4 (preface), PROXY protocol s2, RFC 9112 s9.6 (ending so that the answer arrives).
 * Layer:  conn.
 * Thread: one.
 */
#include <string.h>

#include "base/limits.h"
#include "base/must.h"
#include "conn/conn_inside.h"
#include "io/socket_address.h"
#include "proto/proxy_protocol.h"

/* RFC 9113 s3.4. */
static const char h2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { H2_PREFACE_BYTES = sizeof(h2_preface) - 1 };

/* To somebody who speaks HTTP to a TLS port: there is no session to say it, and no TLS to say it in. */
static const char plain_http_answer[] =
    "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: 135\r\nconnection: close\r\n\r\n"
    "{\"type\":\"urn:apiforge:why:tls-plain-http\",\"title\":\"Bad Request\",\"status\":400,"
    "\"detail\":\"this port speaks TLS: use https:// to reach it\"}";

static void conn_open_session(struct conn_table *ct, struct conn *c, bool is_h2)
{
    enum why why = is_h2 ? h2_server_open(&ct->h2, ct->shard, &c->session)
                         : h1_server_open(&ct->h1, ct->shard, &c->session);

    if (why != WHY_OK) {
        counter_why(&ct->shard->counters, why);
        conn_close(ct, c, why);
        return;
    }
    c->session->conn_task = &c->task;
    c->session->hooks = &ct->hooks->sessions;
    c->session->is_tls = c->tls != NULL;
    c->head_ns = ct->shard->now_ns;
    c->state = CONN_OPEN;
    if (c->is_draining)
        c->session->type->drain(c->session);
}

/* ---- turns ---- */

/* Nothing more is asked of the session: send what is queued, then end. */
static void conn_finish(struct conn *c, bool must_linger)
{
    c->must_linger = c->must_linger || must_linger;
    c->state = CONN_AWAIT_FLUSH;
}

/* The load balancer in front tells who the peer is; nothing is answered when it does not (PROXY protocol s2). */
static bool conn_turn_proxy(struct conn_table *ct, struct conn *c)
{
    uint8_t front[PROXY_PROTOCOL_BYTES_MAX];
    uint32_t n = bufq_peek(&c->wire_in, front, sizeof(front));
    struct proxy_protocol header;
    enum why why = WHY_OK;

    switch (proxy_protocol_read(span_of(front, n), &header, &why)) {
    case PROXY_PROTOCOL_MORE:
        if (c->has_eof)
            conn_close(ct, c, WHY_IO_EOF);
        return false;
    case PROXY_PROTOCOL_BAD:
        counter_why(&ct->shard->counters, why);
        conn_close(ct, c, why);
        return false;
    case PROXY_PROTOCOL_DONE:
        break;
    }
    bufq_eat(&ct->shard->queues, &c->wire_in, header.bytes);
    if (header.has_addresses)
        socket_address_join(header.source, header.source_port, &c->peer);
    c->state = c->expects_tls ? CONN_AWAIT_HELLO : CONN_AWAIT_FIRST;
    return true;
}

static bool conn_turn_hello(struct conn_table *ct, struct conn *c)
{
    struct tls_hello hello;
    enum tls_alpn alpn = TLS_ALPN_NONE;
    struct tls_server *server;
    enum why why = WHY_OK;

    switch (tls_hello_read(&c->wire_in, &hello, &why)) {
    case TLS_HELLO_MORE:
        if (c->has_eof)
            conn_close(ct, c, WHY_IO_EOF);
        return false;
    case TLS_HELLO_BAD:
        counter_why(&ct->shard->counters, why);
        counter_add(&ct->shard->counters, METRIC_TLS_FAILED, 1);
        c->why = (uint16_t)why;
        if (why == WHY_TLS_PLAIN_HTTP &&
            bufq_push_copy(&ct->shard->queues, &c->out, SPAN_LIT(plain_http_answer)) != WHY_OK)
            why = WHY_POOL_BUFFER_EMPTY;
        conn_finish(c, true);
        return true;
    case TLS_HELLO_DONE:
        break;
    }
    server = ct->hooks->tls_pick(ct->hooks->owner, c, &hello, &alpn, &why);
    if (server == NULL || (why = tls_accept_open(&ct->tls, ct->shard, server, &hello, alpn, &c->tls)) != WHY_OK) {
        counter_why(&ct->shard->counters, why);
        conn_close(ct, c, why);
        return false;
    }
    c->state = CONN_AWAIT_TLS;
    return true;
}

/* Take ciphertext in; answers false when the connection is ending. */
static bool conn_decrypt(struct conn_table *ct, struct conn *c)
{
    enum why why;

    if (bufq_is_empty(&c->wire_in) && !tls_has_more(c->tls))
        return true;
    why = tls_feed(c->tls, &c->wire_in, &c->plain_in, CONN_TLS_PLAIN_BYTES_MAX, &c->out);
    if (why == WHY_OK)
        return true;
    if (why == WHY_IO_EOF) {
        c->has_eof = true; /* close_notify: whatever follows on the wire is nobody's. */
        bufq_clear(&ct->shard->queues, &c->wire_in);
        return true;
    }
    counter_why(&ct->shard->counters, why);
    if (!tls_is_ready(c->tls))
        counter_add(&ct->shard->counters, METRIC_TLS_FAILED, 1);
    c->why = (uint16_t)why;
    if (c->session != NULL) {
        struct session *s = c->session;
        c->session = NULL;
        s->type->fini(s, why);
    }
    conn_finish(c, true);
    return false;
}

static bool conn_turn_tls(struct conn_table *ct, struct conn *c)
{
    if (!conn_decrypt(ct, c))
        return true;
    if (!tls_is_ready(c->tls)) {
        if (c->has_eof)
            conn_close(ct, c, !c->is_client ? WHY_UP_RESET_EARLY : c->is_broken ? (enum why)c->why : WHY_IO_EOF);
        return false;
    }
    counter_add(&ct->shard->counters, METRIC_TLS_HANDSHAKES, 1);
    if (tls_was_resumed(c->tls))
        counter_add(&ct->shard->counters, METRIC_TLS_RESUMED, 1);
    c->state = c->is_client ? CONN_AWAIT_FIRST : CONN_OPEN;
    return true;
}

static bool conn_turn_first(struct conn_table *ct, struct conn *c)
{
    struct bufq *in = c->tls != NULL ? &c->plain_in : &c->wire_in;
    uint8_t first[H2_PREFACE_BYTES];
    uint32_t n;

    if (c->tls != NULL && bufq_is_empty(in) && !conn_decrypt(ct, c))
        return true;
    if (bufq_is_empty(in)) {
        if (c->has_eof)
            conn_close(ct, c, WHY_IO_EOF);
        return false;
    }
    if (c->tls != NULL && tls_alpn(c->tls) != TLS_ALPN_NONE) {
        conn_open_session(ct, c, tls_alpn(c->tls) == TLS_ALPN_H2);
        return c->state == CONN_OPEN;
    }
    n = bufq_peek(in, first, sizeof(first));
    if (memcmp(first, h2_preface, n) != 0)
        conn_open_session(ct, c, false);
    else if (n == H2_PREFACE_BYTES)
        conn_open_session(ct, c, true);
    else if (c->has_eof)
        conn_close(ct, c, WHY_IO_EOF);
    return c->state == CONN_OPEN;
}

/* The peer sends no more. In the middle of something TLS must have said so itself: else anybody may have cut it (RFC 8446
 * s6.1), and what only ends with the connection is not known to be whole. */
static enum why conn_turn_eof(const struct conn *c)
{
    struct session *s = c->session;
    enum why why = WHY_IO_EOF;

    if (c->is_broken)
        return (enum why)c->why;
    if (c->tls != NULL && !s->is_idle)
        why = tls_eof(c->tls);
    return why == WHY_IO_EOF ? s->type->feed_end(s) : why;
}

/* Let the session eat; false when the connection is ending. */
static bool conn_turn_input(struct conn_table *ct, struct conn *c)
{
    struct bufq *in = c->tls != NULL ? &c->plain_in : &c->wire_in;
    struct session *s = c->session;
    bool was_in_head = s->in_head;
    enum why why = WHY_OK;

    for (;;) {
        if (c->tls != NULL && s->wants_read && !conn_decrypt(ct, c))
            return false;
        uint32_t before = in->bytes;
        if (before == 0 || !s->wants_read)
            break;
        if ((why = s->type->feed(s, in)) != WHY_OK)
            break;
        if (c->tls == NULL || in->bytes == before)
            break;
    }
    if (why == WHY_OK && c->has_eof && !c->eof_told && bufq_is_empty(in) && bufq_is_empty(&c->wire_in)) {
        c->eof_told = true;
        why = conn_turn_eof(c);
    }
    if (s->in_head && !was_in_head)
        c->head_ns = ct->shard->now_ns;
    if (why != WHY_OK && c->why == WHY_OK)
        c->why = (uint16_t)why;
    return why == WHY_OK;
}

static bool conn_turn_output(struct conn *c)
{
    struct bufq *to = c->tls != NULL ? &c->plain_out : &c->out;
    struct session *s = c->session;
    enum why why = WHY_OK;

    while (why == WHY_OK && s->wants_write && to->bytes < CONN_OUT_BYTES_HIGH) {
        uint32_t before = to->bytes;
        why = s->type->pull(s, to, CONN_OUT_BYTES_HIGH - before);
        if (to->bytes == before)
            break;
    }
    if (why != WHY_OK && c->why == WHY_OK)
        c->why = (uint16_t)why;
    return why == WHY_OK;
}

static bool conn_encrypt(struct conn_table *ct, struct conn *c)
{
    enum why why = WHY_OK;

    if (c->tls == NULL || !tls_is_ready(c->tls))
        return true;
    if (!bufq_is_empty(&c->plain_out) && c->out.bytes < CONN_OUT_BYTES_HIGH)
        why = tls_pull(c->tls, &c->plain_out, &c->out, CONN_OUT_BYTES_HIGH);
    if (why == WHY_OK)
        return true;
    counter_why(&ct->shard->counters, why);
    conn_close(ct, c, why);
    return false;
}

static void conn_turn_open(struct conn_table *ct, struct conn *c)
{
    bool fits = conn_turn_input(ct, c);

    if (c->session == NULL)
        return; /* TLS broke: conn_finish was called. */
    if (!conn_turn_output(c))
        fits = false;
    if (!fits) {
        /* The session has put its last words into the queue; nothing else of it counts. */
        struct session *s = c->session;
        enum why why = (enum why)c->why;
        c->session = NULL;
        s->type->fini(s, why);
        conn_finish(c, true);
    } else if (c->session->is_done && !c->session->wants_write) {
        struct session *s = c->session;
        bool must_linger = s->must_linger;
        c->must_reset = s->must_reset;
        c->session = NULL;
        s->type->fini(s, WHY_OK);
        conn_finish(c, must_linger);
    }
}

/* Everything queued is with the kernel's other end: end politely. */
static void conn_turn_flush(struct conn_table *ct, struct conn *c)
{
    if (c->is_broken) {
        conn_close(ct, c, (enum why)c->why);
        return;
    }
    if (!bufq_is_empty(&c->plain_out) || !bufq_is_empty(&c->out))
        return;
    if (c->must_reset) {
        socket_reset_at_close(c->fd);
        conn_close(ct, c, (enum why)c->why);
        return;
    }
    if (c->tls != NULL && tls_is_ready(c->tls) && !c->goodbye_said) {
        c->goodbye_said = true;
        tls_goodbye(c->tls, &c->out);
        if (!bufq_is_empty(&c->out))
            return;
    }
    if (!c->must_linger || c->has_eof) {
        conn_close(ct, c, (enum why)c->why);
        return;
    }
    c->is_shut = true;
    c->inflight_n++;
    ring_shutdown_send(ct->ring, conn_handle(ct, c, HANDLE_CANCEL), c->fd);
    bufq_clear(&ct->shard->queues, &c->wire_in);
    bufq_clear(&ct->shard->queues, &c->plain_in);
    c->progress_ns = ct->shard->now_ns;
    c->state = CONN_AWAIT_EOF;
}

/* What waits for the rest of a head must not keep a receive buffer from the kernel meanwhile. */
static bool conn_settle(struct conn_table *ct, struct conn *c)
{
    if (bufq_is_empty(&c->wire_in) || bufq_settle(&ct->shard->queues, &c->wire_in) == WHY_OK)
        return true;
    counter_why(&ct->shard->counters, WHY_POOL_BUFFER_EMPTY);
    conn_close(ct, c, WHY_POOL_BUFFER_EMPTY);
    return false;
}

/* Open or shut the tap. */
static void conn_turn_tap(struct conn_table *ct, struct conn *c)
{
    if (c->wire_in.bytes >= STREAM_RX_BYTES_HIGH)
        conn_cancel_recv(ct, c);
    else if (c->wire_in.bytes < STREAM_RX_BYTES_LOW)
        conn_arm_recv(ct, c);
}

void conn_step(struct conn_table *ct, struct conn *c)
{
    bool again = true;

    while (again) {
        switch ((enum conn_state)c->state) {
        case CONN_FREE:
        case CONN_AWAIT_KERNEL:
        case CONN_AWAIT_CONNECT:
        case CONN_STATES_N:
            return;
        case CONN_AWAIT_PROXY:
            again = conn_turn_proxy(ct, c);
            break;
        case CONN_AWAIT_HELLO:
            again = conn_turn_hello(ct, c);
            break;
        case CONN_AWAIT_TLS:
            again = conn_turn_tls(ct, c);
            break;
        case CONN_AWAIT_FIRST:
            again = conn_turn_first(ct, c);
            break;
        case CONN_OPEN:
            conn_turn_open(ct, c);
            again = false;
            break;
        case CONN_AWAIT_FLUSH:
        case CONN_AWAIT_EOF:
            again = false;
            break;
        }
    }
    if (c->state == CONN_AWAIT_KERNEL || !conn_encrypt(ct, c))
        return;
    conn_arm_send(ct, c);
    if (c->state == CONN_AWAIT_FLUSH && !c->send_armed) {
        conn_turn_flush(ct, c);
        if (c->state == CONN_AWAIT_KERNEL)
            return;
        conn_arm_send(ct, c);
    }
    if (c->state == CONN_AWAIT_EOF && c->has_eof) {
        conn_close(ct, c, (enum why)c->why);
        return;
    }
    if (!conn_settle(ct, c))
        return;
    conn_turn_tap(ct, c);
    conn_watch(ct, c);
}
