/* net.c - one io_uring with a ring of receive buffers. */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum { NET_BACKLOG = 4096, NET_BIND_TRY_N = 300, NET_BIND_RETRY_MS = 10 };

_Noreturn void net_die(int errno_or_0, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    if (errno_or_0 != 0)
        fprintf(stderr, ": %s", strerror(errno_or_0));
    fputc('\n', stderr);
    exit(2);
}

void net_open(struct net *net, unsigned sq_n, unsigned cq_n, unsigned buf_n, unsigned buf_bytes)
{
    struct io_uring_params params = {0};
    int err = 0;

    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                   IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params.cq_entries = cq_n;
    err = io_uring_queue_init_params(sq_n, &net->ring, &params);
    if (err < 0)
        net_die(-err, "the kernel refuses an io_uring of %u entries", sq_n);
    (void)io_uring_register_ring_fd(&net->ring);
    net->buf_n = buf_n;
    net->buf_bytes = buf_bytes;
    net->mem = mmap(NULL, (size_t)buf_n * buf_bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (net->mem == MAP_FAILED)
        net_die(errno, "no memory for %u receive buffers", buf_n);
    net->bufs = io_uring_setup_buf_ring(&net->ring, buf_n, NET_BUF_GROUP, 0, &err);
    if (net->bufs == NULL)
        net_die(-err, "the kernel refuses a ring of %u buffers", buf_n);
    for (unsigned i = 0; i < buf_n; i++)
        net_buf_give_id(net, i);
}

struct io_uring_sqe *net_sqe(struct net *net, uint64_t tag)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&net->ring);

    while (sqe == NULL) {
        int err = io_uring_submit(&net->ring);

        if (err < 0 && err != -EBUSY && err != -EINTR)
            net_die(-err, "io_uring_enter");
        sqe = io_uring_get_sqe(&net->ring);
    }
    /* The prep helpers leave user_data alone, so it is set here, once. */
    io_uring_sqe_set_data64(sqe, tag);
    return sqe;
}

void net_arm_recv(struct net *net, int fd, uint64_t tag)
{
    struct io_uring_sqe *sqe = net_sqe(net, tag);

    io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = NET_BUF_GROUP;
}

void net_send_quiet(struct net *net, int fd, const void *data, size_t bytes, uint64_t tag)
{
    struct io_uring_sqe *sqe = net_sqe(net, tag);

    io_uring_prep_send(sqe, fd, data, bytes, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

uint8_t *net_buf(struct net *net, const struct io_uring_cqe *cqe)
{
    return net->mem + (size_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT) * net->buf_bytes;
}

void net_buf_give(struct net *net, const struct io_uring_cqe *cqe)
{
    if (cqe->flags & IORING_CQE_F_BUFFER)
        net_buf_give_id(net, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
}

void net_buf_give_id(struct net *net, unsigned id)
{
    io_uring_buf_ring_add(net->bufs, net->mem + (size_t)id * net->buf_bytes, net->buf_bytes, (uint16_t)id,
                          io_uring_buf_ring_mask(net->buf_n), 0);
    io_uring_buf_ring_advance(net->bufs, 1);
}

int net_listen(uint16_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    int tries_n = NET_BIND_TRY_N;

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        net_die(errno, "socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* The ring of an earlier program is torn down after its end, and its listening socket only then. */
    while (bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        if (errno != EADDRINUSE || --tries_n == 0)
            net_die(errno, "port %u of 127.0.0.1 cannot be bound", port);
        (void)poll(NULL, 0, NET_BIND_RETRY_MS);
    }
    if (listen(fd, NET_BACKLOG) != 0)
        net_die(errno, "listen");
    return fd;
}

int net_connect(uint16_t port, bool is_brief)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        net_die(errno, "socket");
    if (!is_brief)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0 && errno != EINPROGRESS)
        net_die(errno, "connect to 127.0.0.1:%u", port);
    return fd;
}

uint64_t net_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
