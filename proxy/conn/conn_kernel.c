/* conn_kernel.c - a connection's operations and what comes of them. Nothing is stepped here: completions leave their marks and
 * push the connection's task.
 *
 * Layer:  conn.
 * Bounds: one receive, one send, one connect or close in flight; inflight_n counts them and the cancels.
 * Thread: one.
 */
#include "conn/conn_inside.h"

#include <string.h>

#include "base/limits.h"
#include "base/must.h"

struct handle conn_handle(struct conn_table *ct, const struct conn *c, enum handle_kind kind)
{
    return handle_of(kind, pool_slot(&ct->conns, c), pool_generation(&ct->conns, c));
}

void conn_arm_recv(struct conn_table *ct, struct conn *c)
{
    if (c->recv_armed || c->has_eof || c->is_starved)
        return;
    c->recv_armed = true;
    c->recv_cancelled = false;
    c->inflight_n++;
    ring_recv(ct->ring, conn_handle(ct, c, HANDLE_RECV), c->fd);
}

void conn_cancel(struct conn_table *ct, struct conn *c, enum handle_kind what)
{
    c->inflight_n++;
    ring_cancel(ct->ring, conn_handle(ct, c, HANDLE_CANCEL), conn_handle(ct, c, what));
}

void conn_cancel_recv(struct conn_table *ct, struct conn *c)
{
    if (!c->recv_armed || c->recv_cancelled)
        return;
    c->recv_cancelled = true;
    conn_cancel(ct, c, HANDLE_RECV);
}

void conn_arm_send(struct conn_table *ct, struct conn *c)
{
    struct span front;

    if (c->send_armed || c->is_broken || bufq_is_empty(&c->out))
        return;
    MUST(!c->is_shut);
    c->send_armed = true;
    c->progress_ns = ct->shard->now_ns; /* A reader stalls from here on, however long there was nothing for it. */
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

void conn_release(struct conn_table *ct, struct conn *c)
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

/* ---- events ---- */

/* When no more than a quarter of the receive buffers is free, what arrives is copied out at once: slow readers can then never hold
 * all of the kernel's buffers, and the rest keeps turning over. (The one that the kernel is filling counts as free, and so it must
 * not be the last one that is held: a reader's WINDOW_UPDATE could not come in any more.) */
static enum why conn_keep_input(struct conn_table *ct, struct conn *c, struct ring_event *ev)
{
    if (ring_buffers_free(ct->ring) > ring_buffers_n(ct->ring) / 4)
        return bufq_push_buf(&ct->shard->queues, &c->wire_in, ev->buf, ev->at, (uint32_t)ev->n);
    enum why why = bufq_push_copy(&ct->shard->queues, &c->wire_in, span_of(ev->at, (size_t)ev->n));
    buf_drop(ev->buf);
    return why;
}

/* A connection that is over but for what has arrived. Behind that comes no end in good order: the kernel tells one even of a reset,
 * once a send has heard of it. */
static void conn_break(struct conn *c, enum why why)
{
    c->is_broken = true;
    if (c->why == WHY_OK)
        c->why = (uint16_t)why;
}

/* A client's connection failed, and not by its doing. A request may think that all is well: its answer was queued. */
static void conn_fail(struct conn_table *ct, struct conn *c, enum why why)
{
    if (c->is_client && why_fault(why) == WHY_FAULT_US)
        counter_why(&ct->shard->counters, why);
    conn_close(ct, c, why);
}

/* Does what the peer said before its reset still count? An upstream's answer does: RFC 9112 s9.6. Of a client's only the alert that
 * says why it refuses our handshake: behind it OpenSSL closes at once, and what it left unread makes that a reset. */
static bool conn_hears_last_words(const struct conn *c)
{
    return !c->is_client || (c->state == CONN_AWAIT_TLS && !bufq_is_empty(&c->wire_in));
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

            c->progress_ns = ct->shard->now_ns;
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
    } else if (ev->why != WHY_IO_CANCELLED && !conn_hears_last_words(c)) {
        conn_fail(ct, c, (enum why)ev->why);
        return;
    } else if (ev->why != WHY_IO_CANCELLED) {
        c->has_eof = true;
        conn_break(c, (enum why)ev->why);
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
    if (ev->why != WHY_OK && (c->is_client || c->state != CONN_OPEN || ev->why != WHY_IO_RESET)) {
        conn_fail(ct, c, (enum why)ev->why);
        return;
    }
    if (ev->why != WHY_OK) {
        /* An upstream that answers early and closes: its answer may be on the way or here already. Its end will tell. */
        conn_break(c, WHY_IO_RESET);
        bufq_clear(&ct->shard->queues, &c->out);
        shard_wake(ct->shard, &c->task);
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

/* A receive that was busy when its cancel came goes on, and must be asked again: nothing else would end it. */
static void conn_on_cancel(struct conn_table *ct, struct conn *c, const struct ring_event *ev)
{
    c->inflight_n--;
    if (ev->n == 0 && c->recv_armed && c->recv_cancelled) {
        c->recv_cancelled = false;
        if (c->state == CONN_AWAIT_KERNEL)
            conn_cancel_recv(ct, c);
        else
            shard_wake(ct->shard, &c->task);
    }
    if (c->state == CONN_AWAIT_KERNEL)
        conn_release(ct, c);
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
        conn_on_cancel(ct, c, ev);
        return;
    case HANDLE_CLOSE:
        conn_on_closed(ct, c);
        return;
    case HANDLE_NONE:
    case HANDLE_WAKE:
    case HANDLE_ACCEPT:
    case HANDLE_UNLISTEN:
    case HANDLE_FILE_WRITE:
    case HANDLE_POLL:
    case HANDLE_RESOLVE:
    case HANDLE_CHILD:
        break;
    }
    must_not_reach("conn_on_event: not a connection's operation");
}

void conn_feed_starved(struct conn_table *ct)
{
    while (!list_is_empty(&ct->starved) && ring_buffers_free(ct->ring) > ring_buffers_n(ct->ring) / 8) {
        struct list_node *n = list_pop(&ct->starved);
        struct conn *c = container_of(n, struct conn, starved_link);

        c->is_starved = false;
        shard_wake(ct->shard, &c->task);
    }
}
