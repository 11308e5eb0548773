/* conn.c - see conn.h. How a connection begins, how long it may wait, how it ends. */
#include "conn/conn.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/must.h"
#include "conn/conn_inside.h"

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

/* When to look at c, now that its deadline is another; 0: no need. What makes it idle (a send that is done, a request that is
 * over) asks for no turn, so it is looked at when it could have been idle for long enough. */
static uint64_t conn_look(const struct conn_table *ct, const struct conn *c, uint64_t deadline_ns)
{
    uint64_t idle_ns = ct->shard->now_ns + c->idle_ms * NS_PER_MS;

    if (c->state != CONN_OPEN || c->idle_ms == 0)
        return deadline_ns;
    return deadline_ns == 0 || idle_ns < deadline_ns ? idle_ns : deadline_ns;
}

/* An armed timer that is early is left alone: it looks again when it fires. */
void conn_watch(struct conn_table *ct, struct conn *c)
{
    enum why why;
    uint64_t look_ns = conn_look(ct, c, conn_deadline(c, &why));

    if (look_ns != 0 && (c->timer.deadline_ns == 0 || c->timer.deadline_ns > look_ns))
        wheel_arm(&ct->shard->wheel, &c->timer, look_ns);
}

/* The session may still have an answer for a client that is too slow, and counts that itself. */
static void conn_expire(struct conn_table *ct, struct conn *c, enum why why)
{
    struct session *s = c->session;

    if (c->state != CONN_OPEN || !c->is_client || s->type->expire == NULL || !s->in_head) {
        if (c->is_client && c->state != CONN_AWAIT_EOF)
            counter_why(&ct->shard->counters, why);
        conn_close(ct, c, why);
        return;
    }
    c->why = (uint16_t)why;
    s->type->expire(s, why);
    c->progress_ns = ct->shard->now_ns;
    shard_wake(ct->shard, &c->task);
}

void conn_on_timer(struct conn_table *ct, struct conn *c)
{
    enum why why = WHY_OK;
    uint64_t deadline_ns = conn_deadline(c, &why);

    if (deadline_ns != 0 && deadline_ns <= ct->shard->now_ns)
        conn_expire(ct, c, why);
    else
        conn_watch(ct, c);
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
    if (c->peer.bytes_n == 0) {
        /* Reset before we could ask who it is: what it sent meanwhile must not go anywhere without a name. */
        counter_why(&ct->shard->counters, WHY_IO_RESET);
        conn_close(ct, c, WHY_IO_RESET);
        return NULL;
    }
    switch (ct->hooks->proxy(ct->hooks->owner, c)) {
    case CONN_PROXY_NONE:
        break;
    case CONN_PROXY_WANTED:
        c->state = CONN_AWAIT_PROXY;
        break;
    case CONN_PROXY_REFUSED:
        counter_why(&ct->shard->counters, WHY_PROXY_UNTRUSTED);
        conn_close(ct, c, WHY_PROXY_UNTRUSTED);
        return NULL;
    }
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
