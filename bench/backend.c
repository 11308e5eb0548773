/* backend.c - the upstream that every proxy is measured against. */
#include "backend.h"

#include "body.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKEND_HEAD_ROOM_BYTES = 256 };

struct backend_conn {
    uint32_t gen;
    uint32_t part_bytes;
    char *part;  /* the beginning of a head that came in pieces; NULL while none did */
};

struct backend_batch {  /* what one received slice asks for */
    unsigned small_n;
    unsigned large_n;
    bool close;
};

/* Pre: BACKEND_HEAD_ROOM_BYTES + body_bytes of room. */
static size_t backend_answer_make(uint8_t *out_bytes, size_t body_bytes)
{
    int head_bytes = snprintf((char *)out_bytes, BACKEND_HEAD_ROOM_BYTES,
                              "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\n"
                              "Cache-Control: no-store\r\nContent-Length: %zu\r\n\r\n", body_bytes);

    body_fill(out_bytes + head_bytes, body_bytes);
    return (size_t)head_bytes + body_bytes;
}

static void backend_accept_arm(struct backend *b)
{
    struct io_uring_sqe *sqe = net_sqe(b->net, net_tag(BACKEND_TAG_ACCEPT, 0, 0));

    io_uring_prep_multishot_accept(sqe, b->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void backend_open(struct backend *b, struct net *net, uint16_t port)
{
    memset(b, 0, sizeof *b);
    b->net = net;
    b->listen_fd = net_listen(port);
    b->conns = calloc(BACKEND_FD_N_MAX, sizeof *b->conns);
    b->small = malloc(BACKEND_BATCH_N * (BACKEND_HEAD_ROOM_BYTES + BODY_SMALL_BYTES));
    b->large = malloc(BACKEND_HEAD_ROOM_BYTES + BODY_LARGE_BYTES);
    if (b->conns == NULL || b->small == NULL || b->large == NULL)
        net_die(0, "no memory for the backend");
    b->small_bytes = backend_answer_make(b->small, BODY_SMALL_BYTES);
    for (size_t i = 1; i < BACKEND_BATCH_N; i++)
        memcpy(b->small + i * b->small_bytes, b->small, b->small_bytes);
    b->large_bytes = backend_answer_make(b->large, BODY_LARGE_BYTES);
    backend_accept_arm(b);
}

static void backend_conn_close(struct backend *b, int fd)
{
    struct backend_conn *c = &b->conns[fd];

    free(c->part);
    c->part = NULL;
    c->part_bytes = 0;
    c->gen++;
    close(fd);
}

/* Count the requests in a run of bytes; answers how many bytes belong to whole ones. */
static size_t backend_scan(struct backend *b, const char *at, size_t n, struct backend_batch *io_batch)
{
    const char *start = at;
    const char *end = at + n;

    while (at < end) {
        const char *stop = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);

        if (stop == NULL)
            break;
        if (stop - at > 7 && memcmp(at, "GET /1k", 7) == 0)
            io_batch->small_n++;
        else if (stop - at > 7 && memcmp(at, "GET /1m", 7) == 0)
            io_batch->large_n++;
        else
            b->bad_n++;
        if (memmem(at, (size_t)(stop - at), "onnection: close", 16) != NULL)
            io_batch->close = true;
        at = stop + 4;
    }
    return (size_t)(at - start);
}

/* Keep the tail that is not a whole head yet, behind what is kept already. */
static void backend_keep(struct backend *b, struct backend_conn *c, const uint8_t *at, size_t n)
{
    if (c->part == NULL)
        c->part = malloc(BACKEND_HEAD_BYTES_MAX);
    if (c->part == NULL || c->part_bytes + n > BACKEND_HEAD_BYTES_MAX) {
        b->bad_n++;
        return;
    }
    memcpy(c->part + c->part_bytes, at, n);
    c->part_bytes += (uint32_t)n;
}

static void backend_send_now(struct backend *b, int fd, const uint8_t *data, size_t n)
{
    if (send(fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n)
        b->bad_n++;
}

static void backend_answer(struct backend *b, int fd, const struct backend_batch *batch)
{
    uint64_t tag = net_tag(BACKEND_TAG_SEND, (uint32_t)fd, b->conns[fd].gen);
    unsigned small_n = batch->small_n;

    if (batch->close) {  /* at once, so that the close cannot overtake the answer */
        for (; small_n > 0; small_n--)
            backend_send_now(b, fd, b->small, b->small_bytes);
        shutdown(fd, SHUT_WR);
    }
    while (small_n > 0) {
        unsigned now_n = small_n < BACKEND_BATCH_N ? small_n : BACKEND_BATCH_N;

        net_send_quiet(b->net, fd, b->small, now_n * b->small_bytes, tag);
        small_n -= now_n;
    }
    if (batch->large_n > 0)  /* never pipelined */
        net_send_quiet(b->net, fd, b->large, b->large_bytes, tag);
    b->answered_n += batch->small_n + batch->large_n;
}

static void backend_recv(struct backend *b, int fd, const struct io_uring_cqe *cqe)
{
    struct backend_conn *c = &b->conns[fd];
    struct backend_batch batch = {0};
    const uint8_t *data = net_buf(b->net, cqe);
    size_t n = (size_t)cqe->res;
    size_t used = 0;

    if (c->part_bytes > 0) {
        backend_keep(b, c, data, n);
        used = backend_scan(b, c->part, c->part_bytes, &batch);
        memmove(c->part, c->part + used, c->part_bytes - used);
        c->part_bytes -= (uint32_t)used;
    } else {
        used = backend_scan(b, (const char *)data, n, &batch);
        if (used < n)
            backend_keep(b, c, data + used, n - used);
    }
    if (batch.small_n + batch.large_n > 0)
        backend_answer(b, fd, &batch);
}

void backend_step(struct backend *b, const struct io_uring_cqe *cqe)
{
    uint64_t tag = io_uring_cqe_get_data64(cqe);
    int fd = (int)net_tag_slot(tag);

    if (net_tag_kind(tag) == BACKEND_TAG_ACCEPT) {
        if (cqe->res >= BACKEND_FD_N_MAX)
            net_die(0, "the backend has more than %d sockets", BACKEND_FD_N_MAX);
        if (cqe->res >= 0) {
            b->accepted_n++;
            net_arm_recv(b->net, cqe->res, net_tag(BACKEND_TAG_RECV, (uint32_t)cqe->res, b->conns[cqe->res].gen));
        } else {
            b->bad_n++;
        }
        if (!(cqe->flags & IORING_CQE_F_MORE))
            backend_accept_arm(b);
        return;
    }
    if (net_tag_gen(tag) == b->conns[fd].gen) {
        if (net_tag_kind(tag) == BACKEND_TAG_SEND) {
            b->bad_n += cqe->res != -EPIPE && cqe->res != -ECONNRESET;  /* only failures make a completion */
        } else {
            if (cqe->res > 0)
                backend_recv(b, fd, cqe);
            if (!(cqe->flags & IORING_CQE_F_MORE)) {
                if (cqe->res > 0 || cqe->res == -ENOBUFS)
                    net_arm_recv(b->net, fd, tag);
                else
                    backend_conn_close(b, fd);
            }
        }
    }
    net_buf_give(b->net, cqe);
}
