/* conn.c - see conn.h. The life of a connection: conn_step moves it on, conn_on_event takes what the kernel says. */
#include "conn/conn.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/must.h"
#include "io/socket_address.h"
#include "proto/proxy_protocol.h"

struct conn_send {
    struct msghdr message;
    struct iovec  pieces[SEND_IOV_MAX];
};

/* RFC 9113 s3.4. */
static const char h2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { H2_PREFACE_BYTES = sizeof(h2_preface) - 1 };

/* To somebody who speaks HTTP to a TLS port: there is no session to say it, and no TLS to say it in. */
static const char plain_http_answer[] =
    "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: 135\r\nconnection: close\r\n\r\n"
    "{\"type\":\"urn:apiforge:why:tls-plain-http\",\"title\":\"Bad Request\",\"status\":400,"
    "\"detail\":\"this port speaks TLS: use https:// to reach it\"}";

enum why conn_table_open(struct conn_table *ct, struct shard *shard, struct ring *ring, const struct conn_hooks *hooks)
{
    enum why why;

    memset(ct, 0, sizeof(*ct));
    ct->shard = shard;
    ct->ring = ring;
    ct->hooks = hooks;
    list_init(&ct->starved);
    if ((why = pool_open(&ct->conns, "conn", sizeof(struct conn), CONNS_MAX)) != WHY_OK)
        return why;
    if ((why = pool_open(&ct->sends, "send", sizeof(struct conn_send), CONN_SENDS_MAX)) != WHY_OK)
        return why;
    if ((why = pool_open(&ct->h1, "h1-session", h1_session_bytes(), SESSIONS_H1_MAX)) != WHY_OK)
        return why;
    if ((why = pool_open(&ct->h2, "h2-session", h2_session_bytes(), SESSIONS_H2_MAX)) != WHY_OK)
        return why;
    return pool_open(&ct->tls, "tls", tls_slot_bytes(), SESSIONS_TLS_MAX);
}

void conn_table_close(struct conn_table *ct)
{
    pool_close(&ct->conns);
    pool_close(&ct->sends);
    pool_close(&ct->h1);
    pool_close(&ct->h2);
    pool_close(&ct->tls);
}

static struct handle conn_handle(struct conn_table *ct, const struct conn *c, enum handle_kind kind)
{
    return handle_of(kind, pool_slot(&ct->conns, c), pool_generation(&ct->conns, c));
}

/* ---- the kernel's side ---- */

static void conn_arm_recv(struct conn_table *ct, struct conn *c)
{
    if (c->recv_armed || c->has_eof || c->is_starved)
        return;
    c->recv_armed = true;
    c->recv_cancelled = false;
    c->inflight_n++;
    ring_recv(ct->ring, conn_handle(ct, c, HANDLE_RECV), c->fd);
}

static void conn_cancel(struct conn_table *ct, struct conn *c, enum handle_kind what)
{
    c->inflight_n++;
    ring_cancel(ct->ring, conn_handle(ct, c, HANDLE_CANCEL), conn_handle(ct, c, what));
}

static void conn_cancel_recv(struct conn_table *ct, struct conn *c)
{
    if (!c->recv_armed || c->recv_cancelled)
        return;
    c->recv_cancelled = true;
    conn_cancel(ct, c, HANDLE_RECV);
}

static void conn_arm_send(struct conn_table *ct, struct conn *c)
{
    struct span front;

    if (c->send_armed || bufq_is_empty(&c->out))
        return;
    MUST(!c->is_shut);
    c->send_armed = true;
    c->inflight_n++;
    front = bufq_front(&c->out);
    if (front.len < c->out.bytes)
        c->send = pool_take_dirty(&ct->sends);
    if (c->send == NULL) {
        ring_send(ct->ring, conn_handle(ct, c, HANDLE_SEND), c->fd, front.at, (uint32_t)front.len);
        return;
    }
    uint32_t bytes;
    unsigned n = bufq_iovec(&c->out, c->send->pieces, SEND_IOV_MAX, &bytes);
    memset(&c->send->message, 0, sizeof(c->send->message));
    c->send->message.msg_iov = c->send->pieces;
    c->send->message.msg_iovlen = n;
    ring_sendmsg(ct->ring, conn_handle(ct, c, HANDLE_SEND), c->fd, &c->send->message);
}

static void conn_release(struct conn_table *ct, struct conn *c)
{
    if (c->inflight_n > 0)
        return;
    bufq_clear(&ct->shard->queues, &c->out);
    bufq_clear(&ct->shard->queues, &c->wire_in);
    bufq_clear(&ct->shard->queues, &c->plain_in);
    bufq_clear(&ct->shard->queues, &c->plain_out);
    if (c->tls != NULL) {
        tls_close(c->tls);
        c->tls = NULL;
    }
    c->inflight_n++;
    ring_close_fd(ct->ring, conn_handle(ct, c, HANDLE_CLOSE), c->fd);
}

void conn_close(struct conn_table *ct, struct conn *c, enum why why)
{
    MUST(c->state != CONN_FREE);
    if (c->state == CONN_AWAIT_KERNEL)
        return;
    bool was_connecting = c->state == CONN_AWAIT_CONNECT;
    if (c->why == WHY_OK)
        c->why = (uint16_t)why;
    c->state = CONN_AWAIT_KERNEL;
    if (c->session != NULL) {
        struct session *s = c->session;
        c->session = NULL;
        s->type->fini(s, why);
    }
    ct->hooks->on_gone(ct->hooks->owner, c);
    list_remove(&c->starved_link);
    list_remove(&c->task.node);
    wheel_cancel(&ct->shard->wheel, &c->timer);
    if (c->is_client)
        ct->clients_n--;
    else
        ct->ups_n--;
    if (was_connecting)
        conn_cancel(ct, c, HANDLE_CONNECT);
    if (c->send_armed)
        conn_cancel(ct, c, HANDLE_SEND);
    conn_cancel_recv(ct, c);
    conn_release(ct, c);
}

/* ---- deadlines ---- */

/* When c has waited long enough in its state, and what that is called; 0: somebody else's deadline counts. */
static uint64_t conn_deadline(const struct conn *c, enum why *out_why)
{
    const struct session *s = c->session;

    switch ((enum conn_state)c->state) {
    case CONN_AWAIT_CONNECT:
        *out_why = WHY_UP_CONNECT_TIMEOUT;
        return c->opened_ns + c->head_ms * NS_PER_MS;
    case CONN_AWAIT_PROXY:
    case CONN_AWAIT_HELLO:
    case CONN_AWAIT_TLS:
        *out_why = c->is_client ? WHY_CONN_SETUP_SLOW : WHY_UP_CONNECT_TIMEOUT;
        return c->opened_ns + CONN_SETUP_MS_MAX * NS_PER_MS;
    case CONN_AWAIT_FIRST:
        *out_why = WHY_CONN_IDLE;
        return c->opened_ns + c->idle_ms * NS_PER_MS;
    case CONN_OPEN:
        if (!bufq_is_empty(&c->out)) {
            *out_why = c->is_client ? WHY_CONN_READ_SLOW : WHY_UP_IDLE;
            return c->progress_ns + CONN_STALL_MS_MAX * NS_PER_MS;
        }
        if (s->in_head) {
            *out_why = WHY_CONN_HEAD_SLOW;
            return c->head_ns + c->head_ms * NS_PER_MS;
        }
        if (s->is_idle && c->idle_ms > 0) {
            *out_why = WHY_CONN_IDLE;
            return c->progress_ns + c->idle_ms * NS_PER_MS;
        }
        return 0;
    case CONN_AWAIT_FLUSH:
        *out_why = WHY_CONN_READ_SLOW;
        return c->progress_ns + CONN_STALL_MS_MAX * NS_PER_MS;
    case CONN_AWAIT_EOF:
        *out_why = WHY_CONN_IDLE;
        return c->progress_ns + CONN_LINGER_MS_MAX * NS_PER_MS;
    case CONN_FREE:
    case CONN_AWAIT_KERNEL:
    case CONN_STATES_N:
        return 0;
    }
    must_not_reach("conn_deadline: unlisted state");
}

/* An armed timer that is early is left alone: it looks again when it fires. */
static void conn_watch(struct conn_table *ct, struct conn *c)
{
    enum why why;
    uint64_t deadline_ns = conn_deadline(c, &why);

    if (deadline_ns != 0 && (c->timer.deadline_ns == 0 || c->timer.deadline_ns > deadline_ns))
        wheel_arm(&ct->shard->wheel, &c->timer, deadline_ns);
}

void conn_on_timer(struct conn_table *ct, struct conn *c)
{
    enum why why = WHY_OK;
    uint64_t deadline_ns = conn_deadline(c, &why);

    if (deadline_ns == 0)
        return;
    if (deadline_ns > ct->shard->now_ns) {
        wheel_arm(&ct->shard->wheel, &c->timer, deadline_ns);
        return;
    }
    if (c->is_client && c->state != CONN_AWAIT_EOF)
        counter_why(&ct->shard->counters, why);
    conn_close(ct, c, why);
}

/* ---- opening ---- */

static struct conn *conn_take(struct conn_table *ct, int fd)
{
    struct conn *c = pool_take(&ct->conns);

    if (c == NULL)
        return NULL;
    c->task.kind = TASK_CONN;
    c->timer.kind = TASK_CONN;
    c->fd = fd;
    c->opened_ns = c->progress_ns = ct->shard->now_ns;
    return c;
}

struct conn *conn_accept(struct conn_table *ct, int fd, uint32_t listener, bool is_tls)
{
    struct conn *c = conn_take(ct, fd);
    struct conn_timeouts t;

    counter_add(&ct->shard->counters, METRIC_ACCEPTED, 1);
    if (c == NULL) {
        counter_why(&ct->shard->counters, WHY_POOL_CONN_EMPTY);
        socket_close_now(fd);
        return NULL;
    }
    c->is_client = true;
    c->listener = listener;
    ct->clients_n++;
    t = ct->hooks->timeouts(ct->hooks->owner, c);
    c->idle_ms = (uint32_t)(t.idle_ns / NS_PER_MS);
    c->head_ms = (uint32_t)(t.head_ns / NS_PER_MS);
    c->expects_tls = is_tls;
    c->state = is_tls ? CONN_AWAIT_HELLO : CONN_AWAIT_FIRST;
    socket_peer(fd, &c->peer);
    if (ct->hooks->proxy_wanted(ct->hooks->owner, c))
        c->state = CONN_AWAIT_PROXY;
    conn_arm_recv(ct, c);
    conn_watch(ct, c);
    return c;
}

enum why conn_connect(struct conn_table *ct, const struct conn_target *target, void *owner, struct conn **out_conn)
{
    struct conn *c;
    enum why why;
    int fd;

    if ((why = socket_stream(target->address->any.sa_family, &fd)) != WHY_OK)
        return why;
    c = conn_take(ct, fd);
    if (c == NULL) {
        socket_close_now(fd);
        return WHY_POOL_CONN_EMPTY;
    }
    c->owner = owner;
    c->peer = *target->address;
    c->idle_ms = (uint32_t)(target->idle_timeout_ns / NS_PER_MS);
    c->head_ms = (uint32_t)(target->connect_timeout_ns / NS_PER_MS);
    ct->ups_n++;
    why = target->is_h2 ? h2_client_open(&ct->h2, ct->shard, &c->session)
                        : h1_client_open(&ct->h1, ct->shard, &c->session);
    if (why == WHY_OK && target->tls != NULL)
        why = tls_connect_open(&ct->tls, ct->shard, target->tls, target->server_name, target->endpoint_key,
                               target->is_h2, !target->is_h2, &c->tls);
    if (why != WHY_OK) {
        if (c->session != NULL)
            c->session->type->fini(c->session, why);
        ct->ups_n--;
        pool_give(&ct->conns, c);
        socket_close_now(fd);
        return why;
    }
    c->session->conn_task = &c->task;
    c->session->is_tls = target->tls != NULL;
    c->state = CONN_AWAIT_CONNECT;
    c->inflight_n++;
    ring_connect(ct->ring, conn_handle(ct, c, HANDLE_CONNECT), fd, &c->peer.any, c->peer.bytes_n);
    conn_watch(ct, c);
    counter_add(&ct->shard->counters, METRIC_UP_CONNECTS, 1);
    *out_conn = c;
    return WHY_OK;
}

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
            conn_close(ct, c, c->is_client ? WHY_IO_EOF : WHY_UP_RESET_EARLY);
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
        why = s->type->feed_end(s);
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
        c->session = NULL;
        s->type->fini(s, WHY_OK);
        conn_finish(c, must_linger);
    }
}

/* Everything queued is with the kernel's other end: end politely. */
static void conn_turn_flush(struct conn_table *ct, struct conn *c)
{
    if (!bufq_is_empty(&c->plain_out) || !bufq_is_empty(&c->out))
        return;
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

void conn_drain(struct conn_table *ct, struct conn *c)
{
    c->is_draining = true;
    switch ((enum conn_state)c->state) {
    case CONN_OPEN:
        c->session->type->drain(c->session);
        shard_wake(ct->shard, &c->task);
        return;
    case CONN_AWAIT_FIRST:
        if (bufq_is_empty(&c->wire_in) && bufq_is_empty(&c->plain_in))
            conn_close(ct, c, WHY_CONN_DRAIN);
        return;
    case CONN_AWAIT_CONNECT:
    case CONN_AWAIT_PROXY:
    case CONN_AWAIT_HELLO:
    case CONN_AWAIT_TLS:
    case CONN_AWAIT_FLUSH:
    case CONN_AWAIT_EOF:
    case CONN_AWAIT_KERNEL:
    case CONN_FREE:
    case CONN_STATES_N:
        return;
    }
}

/* ---- events ---- */

/* Below a quarter of free receive buffers, what arrives is copied out at once: slow readers can then never hold all of the
 * kernel's buffers, and the rest keeps turning over. */
static enum why conn_keep_input(struct conn_table *ct, struct conn *c, struct ring_event *ev)
{
    if (ring_buffers_free(ct->ring) >= RING_BUFFERS_N / 4)
        return bufq_push_buf(&ct->shard->queues, &c->wire_in, ev->buf, ev->at, (uint32_t)ev->n);
    enum why why = bufq_push_copy(&ct->shard->queues, &c->wire_in, span_of(ev->at, (size_t)ev->n));
    buf_drop(ev->buf);
    return why;
}

static void conn_on_recv(struct conn_table *ct, struct conn *c, struct ring_event *ev)
{
    if (!ev->more) {
        c->recv_armed = false;
        c->inflight_n--;
    }
    if (c->state == CONN_AWAIT_KERNEL) {
        if (ev->buf != NULL)
            buf_drop(ev->buf);
        conn_release(ct, c);
        return;
    }
    if (ev->why == WHY_OK) {
        c->progress_ns = ct->shard->now_ns;
        if (c->is_client)
            counter_add(&ct->shard->counters, METRIC_BYTES_IN, (uint64_t)ev->n);
        if (c->state == CONN_AWAIT_FLUSH || c->state == CONN_AWAIT_EOF) {
            c->lingered_bytes += (uint32_t)ev->n;
            buf_drop(ev->buf);
            if (c->lingered_bytes > CONN_LINGER_BYTES_MAX) {
                conn_close(ct, c, (enum why)c->why);
                return;
            }
        } else {
            enum why why = conn_keep_input(ct, c, ev);
            if (why != WHY_OK) {
                counter_why(&ct->shard->counters, why);
                conn_close(ct, c, why);
                return;
            }
        }
    } else if (ev->why == WHY_IO_EOF) {
        c->has_eof = true;
    } else if (ev->why == WHY_IO_NO_BUFFERS) {
        counter_add(&ct->shard->counters, METRIC_BUFFERS_STARVED, 1);
        c->is_starved = true;
        if (!list_has(&c->starved_link))
            list_push(&ct->starved, &c->starved_link);
    } else if (ev->why != WHY_IO_CANCELLED) {
        conn_close(ct, c, (enum why)ev->why);
        return;
    }
    shard_wake(ct->shard, &c->task);
}

static void conn_on_send(struct conn_table *ct, struct conn *c, const struct ring_event *ev)
{
    c->send_armed = false;
    c->inflight_n--;
    if (c->send != NULL) {
        pool_give(&ct->sends, c->send);
        c->send = NULL;
    }
    if (c->state == CONN_AWAIT_KERNEL) {
        conn_release(ct, c);
        return;
    }
    if (ev->why != WHY_OK) {
        conn_close(ct, c, (enum why)ev->why);
        return;
    }
    c->progress_ns = ct->shard->now_ns;
    if (c->is_client)
        counter_add(&ct->shard->counters, METRIC_BYTES_OUT, (uint64_t)ev->n);
    bufq_eat(&ct->shard->queues, &c->out, (uint32_t)ev->n);
    /* With nothing left to send and a session that has nothing to say, there is nothing to step for. */
    if (!bufq_is_empty(&c->out) || !bufq_is_empty(&c->plain_out) || c->state != CONN_OPEN || c->session->wants_write)
        shard_wake(ct->shard, &c->task);
}

static void conn_on_connect(struct conn_table *ct, struct conn *c, const struct ring_event *ev)
{
    c->inflight_n--;
    if (c->state == CONN_AWAIT_KERNEL) {
        conn_release(ct, c);
        return;
    }
    if (ev->why != WHY_OK) {
        conn_close(ct, c, (enum why)ev->why);
        return;
    }
    c->progress_ns = ct->shard->now_ns;
    c->state = c->tls != NULL ? CONN_AWAIT_TLS : CONN_OPEN;
    if (c->tls != NULL) {
        /* The client speaks first: an empty feed writes the hello. */
        enum why why = tls_feed(c->tls, &c->wire_in, &c->plain_in, CONN_TLS_PLAIN_BYTES_MAX, &c->out);
        if (why != WHY_OK) {
            conn_close(ct, c, why);
            return;
        }
    }
    shard_wake(ct->shard, &c->task);
}

static void conn_on_closed(struct conn_table *ct, struct conn *c)
{
    MUST(c->state == CONN_AWAIT_KERNEL);
    MUST(c->inflight_n == 1);
    MUST(!list_has(&c->task.node) && !list_has(&c->link));
    counter_add(&ct->shard->counters, METRIC_CONN_CLOSED, 1);
    c->state = CONN_FREE;
    pool_give(&ct->conns, c);
}

void conn_on_event(struct conn_table *ct, struct ring_event *ev)
{
    struct conn *c = pool_find(&ct->conns, handle_slot(ev->handle), handle_generation(ev->handle));

    if (c == NULL) {
        counter_add(&ct->shard->counters, METRIC_STALE_EVENTS, 1);
        if (ev->buf != NULL)
            buf_drop(ev->buf);
        return;
    }
    switch (handle_kind(ev->handle)) {
    case HANDLE_RECV:
        conn_on_recv(ct, c, ev);
        return;
    case HANDLE_SEND:
        conn_on_send(ct, c, ev);
        return;
    case HANDLE_CONNECT:
        conn_on_connect(ct, c, ev);
        return;
    case HANDLE_CANCEL:
        c->inflight_n--;
        if (c->state == CONN_AWAIT_KERNEL)
            conn_release(ct, c);
        return;
    case HANDLE_CLOSE:
        conn_on_closed(ct, c);
        return;
    case HANDLE_NONE:
    case HANDLE_WAKE:
    case HANDLE_ACCEPT:
    case HANDLE_FILE_WRITE:
    case HANDLE_POLL:
        break;
    }
    must_not_reach("conn_on_event: not a connection's operation");
}

void conn_feed_starved(struct conn_table *ct)
{
    while (!list_is_empty(&ct->starved) && ring_buffers_free(ct->ring) > RING_BUFFERS_N / 8) {
        struct list_node *n = list_pop(&ct->starved);
        struct conn *c = container_of(n, struct conn, starved_link);

        c->is_starved = false;
        shard_wake(ct->shard, &c->task);
    }
}
