/* client.c - the load: connections through the proxy, requests by one of four plans, every answer checked. */
#include "client.h"

#include "body.h"
#include "h2.h"
#include "outq.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENT_ROOM_BYTES = 1 << 20 };

struct client_conn {  /* what every answer touches fits the first cache line */
    _Alignas(64) int fd;
    uint32_t gen;
    uint32_t asked_n;     /* requests without an answer */
    uint32_t owed_n;      /* answers of this slice, each to be followed by a request */
    bool is_open;
    bool is_done;         /* EACH: answered, waiting for the proxy to close */
    bool is_broken;       /* failed, waiting for the end of its receive */
    bool is_idle;         /* PACED: its slot is in the ring of idle ones */
    uint64_t due_ns;
    struct answer_rd rd;
    struct outq out;
    struct tls tls;
    struct h2 h2;
};

static uint64_t client_tag(const struct client *cl, const struct client_conn *c, uint8_t kind)
{
    return net_tag(kind, (uint32_t)(c - cl->conns), c->gen);
}

void client_open(struct client *cl, struct net *net, const struct client_conf *conf)
{
    bool is_each = conf->plan == CLIENT_PLAN_EACH;
    uint8_t *body = malloc(BODY_LARGE_BYTES);
    int n = 0;

    memset(cl, 0, sizeof *cl);
    cl->net = net;
    cl->conf = *conf;
    cl->conns = aligned_alloc(64, conf->conn_n * sizeof *cl->conns);
    cl->room = malloc(CLIENT_ROOM_BYTES);
    cl->idle = calloc(conf->conn_n, sizeof *cl->idle);
    cl->due_ns = calloc(CLIENT_DUE_N_MAX, sizeof *cl->due_ns);
    n = snprintf(cl->request, sizeof cl->request,
                 "GET /%s HTTP/1.1\r\nHost: bench.test\r\nUser-Agent: forge-bench\r\nAccept: */*\r\n%s\r\n",
                 conf->large ? "1m" : "1k", is_each ? "Connection: close\r\n" : "");
    cl->request_bytes = (size_t)n;
    cl->requests = malloc(cl->request_bytes * conf->depth);
    if (cl->conns == NULL || cl->room == NULL || cl->idle == NULL || cl->due_ns == NULL || body == NULL ||
        cl->requests == NULL)
        net_die(0, "no memory for %u connections", conf->conn_n);
    memset(cl->conns, 0, conf->conn_n * sizeof *cl->conns);
    for (unsigned i = 0; i < conf->depth; i++)
        memcpy(cl->requests + i * cl->request_bytes, cl->request, cl->request_bytes);
    body_fill(body, BODY_LARGE_BYTES);
    cl->want.body = body;
    cl->want.body_bytes = conf->large ? BODY_LARGE_BYTES : BODY_SMALL_BYTES;
    cl->rng = 0x9e3779b97f4a7c15u;
    if (conf->tls)
        tls_ctx_open(&cl->tls_ctx, conf->group, conf->h2);
}

static void client_flush(struct client *cl, struct client_conn *c)
{
    outq_flush(&c->out, cl->net, c->fd, client_tag(cl, c, CLIENT_TAG_SEND));
}

/* Send n requests; of the closed loop's HTTP/2 the session sends them itself. */
static void client_ask(struct client *cl, struct client_conn *c, unsigned n)
{
    c->asked_n += n;
    if (cl->conf.tls)
        tls_write(&c->tls, cl->requests, n * cl->request_bytes);
    else
        net_send_quiet(cl->net, c->fd, cl->requests, n * cl->request_bytes, client_tag(cl, c, CLIENT_TAG_QUIET));
}

/* Bulk in cleartext: heads into buffers, one slice at a time; bodies are counted and thrown away in the kernel. */
static void client_arm_bulk(struct client *cl, struct client_conn *c)
{
    struct io_uring_sqe *sqe = NULL;

    if (c->rd.body_left_bytes > 0) {
        sqe = net_sqe(cl->net, client_tag(cl, c, CLIENT_TAG_SKIP));
        io_uring_prep_recv(sqe, c->fd, cl->room, c->rd.body_left_bytes, MSG_TRUNC);
    } else {
        sqe = net_sqe(cl->net, client_tag(cl, c, CLIENT_TAG_RECV));
        io_uring_prep_recv(sqe, c->fd, NULL, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = NET_BUF_GROUP;
    }
}

static bool client_is_bulk(const struct client *cl)
{
    return cl->conf.large && !cl->conf.tls;
}

static void client_arm(struct client *cl, struct client_conn *c)
{
    if (client_is_bulk(cl))
        client_arm_bulk(cl, c);
    else
        net_arm_recv(cl->net, c->fd, client_tag(cl, c, CLIENT_TAG_RECV));
}

static void client_idle_push(struct client *cl, struct client_conn *c)
{
    if (c->is_idle)
        return;
    c->is_idle = true;
    cl->idle[(cl->idle_first + cl->idle_n++) % cl->conf.conn_n] = (uint32_t)(c - cl->conns);
}

static void client_conn_open(struct client *cl, struct client_conn *c)
{
    c->gen++;
    c->fd = net_connect(cl->conf.port, cl->conf.plan == CLIENT_PLAN_EACH && !cl->conf.tls);
    c->is_open = true;
    c->is_done = false;
    c->is_broken = false;
    c->asked_n = 0;
    c->owed_n = 0;
    outq_clear(&c->out);
    cl->count.opened_n++;
    if (cl->conf.tls) {
        tls_open(&c->tls, &cl->tls_ctx, &c->out, cl->conf.resume);
        client_flush(cl, c);
    } else if (cl->conf.plan == CLIENT_PLAN_PACED) {
        client_idle_push(cl, c);
    } else {
        client_ask(cl, c, cl->conf.depth);
    }
    client_arm(cl, c);
}

static void client_conn_close(struct client *cl, struct client_conn *c)
{
    if (cl->conf.tls)
        tls_close(&c->tls, cl->conf.resume && !c->is_broken);
    h2_close(&c->h2);
    answer_fini(&c->rd);
    close(c->fd);
    c->is_open = false;
    c->gen++;
}

/* Count a failure; the connection ends when its receive does. */
static void client_fail(struct client *cl, struct client_conn *c, const char *why)
{
    if (cl->error == NULL)
        cl->error = why;
    if (++cl->count.error_n > CLIENT_ERROR_N_MAX)
        net_die(0, "too many failures; the first: %s", cl->error);
    if (!c->is_broken) {
        c->is_broken = true;
        shutdown(c->fd, SHUT_RDWR);
    }
}

static void client_answered(struct client *cl, struct client_conn *c, unsigned n, uint64_t now_ns)
{
    cl->count.answered_n += n;
    cl->count.body_bytes += n * cl->want.body_bytes;
    if (cl->conf.h2)
        return;
    if (n > c->asked_n) {
        client_fail(cl, c, "an answer nobody asked for");
        return;
    }
    c->asked_n -= n;
    switch (cl->conf.plan) {
    case CLIENT_PLAN_KEEP:
        c->owed_n += n;
        break;
    case CLIENT_PLAN_EACH:
        c->is_done = true;
        break;
    case CLIENT_PLAN_PACED:
        hist_add(&cl->hist, now_ns - c->due_ns);
        client_idle_push(cl, c);
        break;
    case CLIENT_PLAN_IDLE:
        cl->opening_n--;
        cl->held_n++;
        break;
    }
}

/* Plain text from the peer. */
static void client_feed(struct client *cl, struct client_conn *c, const uint8_t *data, size_t n)
{
    const char *why = NULL;
    uint64_t now_ns = cl->conf.plan == CLIENT_PLAN_PACED ? net_now_ns() : 0;

    if (cl->conf.h2) {
        int64_t done_n = h2_feed(&c->h2, data, n, &why);

        if (done_n < 0)
            client_fail(cl, c, why);
        else
            client_answered(cl, c, (unsigned)done_n, now_ns);
        return;
    }
    while (n > 0 && !c->is_broken) {
        switch (answer_next(&c->rd, &cl->want, &data, &n, &why)) {
        case ANSWER_MORE:
            break;
        case ANSWER_END:
            client_answered(cl, c, 1, now_ns);
            break;
        case ANSWER_BAD:
            client_fail(cl, c, why);
            break;
        }
    }
}

static void client_h2_push(struct client_conn *c)
{
    const uint8_t *data = NULL;
    uint8_t record[16384];
    size_t used = 0;
    size_t n = 0;

    while ((n = h2_pull(&c->h2, &data)) > 0) {
        if (used + n > sizeof record) {
            tls_write(&c->tls, record, used);
            used = 0;
        }
        if (n > sizeof record) {
            tls_write(&c->tls, data, n);
        } else {
            memcpy(record + used, data, n);
            used += n;
        }
    }
    if (used > 0)
        tls_write(&c->tls, record, used);
}

static void client_ready(struct client *cl, struct client_conn *c)
{
    cl->count.handshake_n++;
    cl->count.resumed_n += tls_was_resumed(&c->tls);
    if (cl->conf.h2)
        h2_open(&c->h2, cl->conf.depth, cl->conf.large ? "/1m" : "/1k", cl->want.body, cl->want.body_bytes);
    else if (cl->conf.plan == CLIENT_PLAN_PACED)
        client_idle_push(cl, c);
    else
        client_ask(cl, c, cl->conf.depth);
}

static void client_feed_tls(struct client *cl, struct client_conn *c, const uint8_t *data, size_t n)
{
    const char *why = NULL;
    size_t got_bytes = 0;
    bool is_more = true;

    tls_feed(&c->tls, data, n);
    while (is_more && !c->is_broken) {
        switch (tls_next(&c->tls, cl->room, CLIENT_ROOM_BYTES, &got_bytes, &why)) {
        case TLS_READY:
            client_ready(cl, c);
            break;
        case TLS_DATA:
            client_feed(cl, c, cl->room, got_bytes);
            break;
        case TLS_BAD:
            client_fail(cl, c, why);
            break;
        case TLS_MORE:
        case TLS_CLOSED:
            is_more = false;
            break;
        }
    }
    if (cl->conf.h2 && h2_is_open(&c->h2) && !c->is_broken)
        client_h2_push(c);
}

/* What the slice just fed calls for: the next requests. */
static void client_follow(struct client *cl, struct client_conn *c)
{
    if (c->is_broken)
        return;
    if (c->owed_n > 0) {
        client_ask(cl, c, c->owed_n);
        c->owed_n = 0;
    }
    if (cl->conf.tls)
        client_flush(cl, c);
}

/* The stream's end, or an error of the socket. */
static void client_ended(struct client *cl, struct client_conn *c, int res)
{
    if (!c->is_done && !c->is_broken)
        client_fail(cl, c, res == 0 ? "the proxy closed a connection it should have kept" :
                    res == -ECONNREFUSED ? "connection refused" : "the proxy reset a connection");
    client_conn_close(cl, c);
    if (cl->conf.plan != CLIENT_PLAN_IDLE)
        client_conn_open(cl, c);
}

static void client_recv(struct client *cl, struct client_conn *c, const struct io_uring_cqe *cqe)
{
    bool is_last = !(cqe->flags & IORING_CQE_F_MORE);

    if (cqe->res > 0 && !c->is_broken) {
        const uint8_t *data = net_buf(cl->net, cqe);

        if (cl->conf.tls)
            client_feed_tls(cl, c, data, (size_t)cqe->res);
        else
            client_feed(cl, c, data, (size_t)cqe->res);
        client_follow(cl, c);
    }
    if (!is_last)
        return;
    if (cqe->res > 0 || cqe->res == -ENOBUFS)
        client_arm(cl, c);
    else
        client_ended(cl, c, cqe->res);
}

static void client_skip(struct client *cl, struct client_conn *c, const struct io_uring_cqe *cqe)
{
    if (cqe->res <= 0) {
        client_ended(cl, c, cqe->res);
        return;
    }
    if (answer_skip(&c->rd, (size_t)cqe->res) == ANSWER_END)
        client_answered(cl, c, 1, 0);
    client_follow(cl, c);
    client_arm(cl, c);
}

void client_step(struct client *cl, const struct io_uring_cqe *cqe)
{
    uint64_t tag = io_uring_cqe_get_data64(cqe);
    struct client_conn *c = &cl->conns[net_tag_slot(tag)];

    if (net_tag_kind(tag) == CLIENT_TAG_SEND) {  /* the flight's memory is free, whatever became of the connection */
        outq_landed(&c->out);
        if (c->is_open && !c->is_broken)
            client_flush(cl, c);
    }
    if (net_tag_gen(tag) == c->gen && c->is_open) {
        switch (net_tag_kind(tag)) {
        case CLIENT_TAG_RECV:
            client_recv(cl, c, cqe);
            break;
        case CLIENT_TAG_SKIP:
            client_skip(cl, c, cqe);
            break;
        default:  /* a failed send; of most the receive tells */
            if (cqe->res == -ECONNREFUSED)
                client_fail(cl, c, "connection refused");
            break;
        }
    }
    net_buf_give(cl->net, cqe);
}

void client_grow(struct client *cl)
{
    unsigned now_n = CLIENT_OPENING_N_MAX;

    while (cl->begun_n < cl->conf.conn_n && now_n-- > 0) {
        if (cl->conf.plan == CLIENT_PLAN_IDLE && cl->opening_n >= CLIENT_OPENING_N_MAX)
            return;
        cl->opening_n++;
        client_conn_open(cl, &cl->conns[cl->begun_n++]);
    }
}

bool client_is_full(const struct client *cl)
{
    if (cl->begun_n < cl->conf.conn_n)
        return false;
    if (cl->conf.plan == CLIENT_PLAN_IDLE)
        return cl->held_n == cl->conf.conn_n;
    return cl->conf.plan == CLIENT_PLAN_PACED || cl->count.answered_n >= cl->conf.conn_n;
}

/* Exponentially distributed gaps make a Poisson process: arrivals that know nothing of each other. */
static uint64_t client_gap_ns(struct client *cl)
{
    double share = 0;

    cl->rng ^= cl->rng << 13;
    cl->rng ^= cl->rng >> 7;
    cl->rng ^= cl->rng << 17;
    share = ((double)(cl->rng >> 11) + 1.0) / 9007199254740993.0;
    return (uint64_t)(-log(share) * 1e9 / cl->conf.rate_hz);
}

void client_pace_begin(struct client *cl, uint64_t now_ns)
{
    cl->is_paced = true;
    cl->next_due_ns = now_ns;
}

void client_pace(struct client *cl, uint64_t now_ns)
{
    if (!cl->is_paced)
        return;
    while (cl->next_due_ns <= now_ns) {
        if (cl->due_n < CLIENT_DUE_N_MAX)
            cl->due_ns[(cl->due_first + cl->due_n++) % CLIENT_DUE_N_MAX] = cl->next_due_ns;
        else
            cl->count.late_n++;
        cl->next_due_ns += client_gap_ns(cl);
    }
    while (cl->due_n > 0 && cl->idle_n > 0) {
        struct client_conn *c = &cl->conns[cl->idle[cl->idle_first]];

        cl->idle_first = (cl->idle_first + 1) % cl->conf.conn_n;
        cl->idle_n--;
        c->is_idle = false;
        if (!c->is_open || c->is_broken)
            continue;
        c->due_ns = cl->due_ns[cl->due_first];
        cl->due_first = (cl->due_first + 1) % CLIENT_DUE_N_MAX;
        cl->due_n--;
        client_ask(cl, c, 1);
        if (cl->conf.tls)
            client_flush(cl, c);
    }
}
