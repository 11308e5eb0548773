/* floor.c - a bare forwarder on one io_uring: what the kernel alone costs, without any HTTP.
 *
 *     floor --listen PORT --backend PORT [--buf-bytes N] [--bufs N]
 *
 * One upstream connection per client. Multishot accept, multishot receive into provided buffers, each buffer sent
 * from where it landed; one send in flight per direction, what arrives meanwhile goes out gathered. An empty buffer
 * ring parks a socket until a buffer is back. The end of one side is passed on when its bytes have gone.
 *
 * Thread: one. Bounds: FLOOR_FD_N_MAX sockets, FLOOR_GATHER_N buffers in one send.
 */
#include "net.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FLOOR_FD_N_MAX = 1 << 16, FLOOR_GATHER_N = 16, FLOOR_SQ_N = 4096, FLOOR_CQ_N = 16384, FLOOR_NONE = -1 };
enum floor_tag { FLOOR_TAG_ACCEPT = 1, FLOOR_TAG_RECV, FLOOR_TAG_SEND, FLOOR_TAG_SENDMSG };

struct floor_end {          /* one socket, indexed by its descriptor */
    uint32_t gen;
    int32_t peer;           /* the socket that gets what this one receives; FLOOR_NONE when gone */
    int32_t flight_first;   /* buffers on their way OUT of this socket, chained by floor_buf.next */
    int32_t wait_first;     /* buffers that follow them */
    int32_t wait_last;
    int32_t next_parked;
    bool is_open;
    bool is_recv_armed;
    bool is_eof;            /* it will receive no more */
};

struct floor_buf {
    int32_t next;
    uint32_t bytes;
};

struct floor_send {         /* arguments of a gathered send, one per socket that ever needed one */
    struct msghdr msg;
    struct iovec iov[FLOOR_GATHER_N];
};

struct floor {
    struct net net;
    uint16_t backend_port;
    int listen_fd;
    int32_t parked_first;
    struct floor_end *ends;
    struct floor_buf *bufs;
    struct floor_send **sends;
};

static void floor_arm_accept(struct floor *f)
{
    struct io_uring_sqe *sqe = net_sqe(&f->net, net_tag(FLOOR_TAG_ACCEPT, 0, 0));

    io_uring_prep_multishot_accept(sqe, f->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void floor_arm_recv(struct floor *f, int fd)
{
    f->ends[fd].is_recv_armed = true;
    net_arm_recv(&f->net, fd, net_tag(FLOOR_TAG_RECV, (uint32_t)fd, f->ends[fd].gen));
}

static void floor_end_open(struct floor *f, int fd, int peer)
{
    struct floor_end *e = &f->ends[fd];

    if (fd >= FLOOR_FD_N_MAX)
        net_die(0, "more than %d sockets", FLOOR_FD_N_MAX);
    e->peer = peer;
    e->flight_first = e->wait_first = e->wait_last = FLOOR_NONE;
    e->is_open = true;
    e->is_eof = false;
    floor_arm_recv(f, fd);
}

static void floor_buf_give(struct floor *f, int32_t id)
{
    net_buf_give_id(&f->net, (unsigned)id);
}

static void floor_chain_give(struct floor *f, int32_t id)
{
    while (id != FLOOR_NONE) {
        int32_t next = f->bufs[id].next;

        floor_buf_give(f, id);
        id = next;
    }
}

/* Nothing of this socket is in the kernel any more and its way out is over: close it. */
static void floor_settle(struct floor *f, int fd)
{
    struct floor_end *e = &f->ends[fd];
    struct floor_end *p = e->peer == FLOOR_NONE ? NULL : &f->ends[e->peer];
    bool is_out_over = e->flight_first == FLOOR_NONE && e->wait_first == FLOOR_NONE && (p == NULL || p->is_eof);

    if (!e->is_open || !is_out_over)
        return;
    if (!e->is_eof) {  /* the other side has ended and all of it is sent: pass the end on, wait for this side's */
        shutdown(fd, SHUT_WR);
        return;
    }
    if (e->is_recv_armed)
        return;
    if (p != NULL)
        p->peer = FLOOR_NONE;
    e->is_open = false;
    e->gen++;
    close(fd);
    if (p != NULL)
        floor_settle(f, (int)(p - f->ends));
}

static void floor_send_one(struct floor *f, int fd, int32_t id)
{
    struct io_uring_sqe *sqe = net_sqe(&f->net, net_tag(FLOOR_TAG_SEND, (uint32_t)fd, f->ends[fd].gen));

    io_uring_prep_send(sqe, fd, f->net.mem + (size_t)id * f->net.buf_bytes, f->bufs[id].bytes,
                       MSG_NOSIGNAL | MSG_WAITALL);
}

/* Several buffers have gathered: the first FLOOR_GATHER_N of them in one send. */
static void floor_send_many(struct floor *f, int fd)
{
    struct floor_end *e = &f->ends[fd];
    struct floor_send *s = f->sends[fd];
    struct io_uring_sqe *sqe = net_sqe(&f->net, net_tag(FLOOR_TAG_SENDMSG, (uint32_t)fd, e->gen));
    int32_t id = e->wait_first;
    int32_t last = FLOOR_NONE;
    size_t n = 0;

    if (s == NULL)
        s = f->sends[fd] = calloc(1, sizeof *s);
    if (s == NULL)
        net_die(0, "no memory");
    for (; id != FLOOR_NONE && n < FLOOR_GATHER_N; id = f->bufs[id].next) {
        s->iov[n].iov_base = f->net.mem + (size_t)id * f->net.buf_bytes;
        s->iov[n++].iov_len = f->bufs[id].bytes;
        last = id;
    }
    e->flight_first = e->wait_first;
    e->wait_first = id;
    if (id == FLOOR_NONE)
        e->wait_last = FLOOR_NONE;
    f->bufs[last].next = FLOOR_NONE;
    s->msg.msg_iov = s->iov;
    s->msg.msg_iovlen = n;
    io_uring_prep_sendmsg(sqe, fd, &s->msg, MSG_NOSIGNAL | MSG_WAITALL);
}

static void floor_push(struct floor *f, int fd, int32_t id, uint32_t bytes)
{
    struct floor_end *e = &f->ends[fd];

    f->bufs[id] = (struct floor_buf){.next = FLOOR_NONE, .bytes = bytes};
    if (e->flight_first == FLOOR_NONE) {
        e->flight_first = id;
        floor_send_one(f, fd, id);
    } else if (e->wait_first == FLOOR_NONE) {
        e->wait_first = e->wait_last = id;
    } else {
        f->bufs[e->wait_last].next = id;
        e->wait_last = id;
    }
}

static void floor_unpark(struct floor *f)
{
    int32_t fd = f->parked_first;

    f->parked_first = FLOOR_NONE;
    while (fd != FLOOR_NONE) {
        int32_t next = f->ends[fd].next_parked;

        if (f->ends[fd].is_open && !f->ends[fd].is_recv_armed && !f->ends[fd].is_eof)
            floor_arm_recv(f, fd);
        fd = next;
    }
}

static void floor_sent(struct floor *f, int fd, int res)
{
    struct floor_end *e = &f->ends[fd];

    floor_chain_give(f, e->flight_first);
    e->flight_first = FLOOR_NONE;
    if (res < 0) {
        floor_chain_give(f, e->wait_first);
        e->wait_first = e->wait_last = FLOOR_NONE;
        shutdown(fd, SHUT_RDWR);
    } else if (e->wait_first != FLOOR_NONE && f->bufs[e->wait_first].next == FLOOR_NONE) {
        e->flight_first = e->wait_first;
        e->wait_first = e->wait_last = FLOOR_NONE;
        floor_send_one(f, fd, e->flight_first);
    } else if (e->wait_first != FLOOR_NONE) {
        floor_send_many(f, fd);
    }
    if (f->parked_first != FLOOR_NONE)
        floor_unpark(f);
    floor_settle(f, fd);
}

static void floor_received(struct floor *f, int fd, const struct io_uring_cqe *cqe)
{
    struct floor_end *e = &f->ends[fd];
    int32_t id = (int32_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);

    if (cqe->res > 0 && e->peer != FLOOR_NONE)
        floor_push(f, e->peer, id, (uint32_t)cqe->res);
    else if (cqe->flags & IORING_CQE_F_BUFFER)
        floor_buf_give(f, id);
    if (cqe->flags & IORING_CQE_F_MORE)
        return;
    e->is_recv_armed = false;
    if (cqe->res > 0) {
        floor_arm_recv(f, fd);
    } else if (cqe->res == -ENOBUFS) {
        e->next_parked = f->parked_first;
        f->parked_first = fd;
    } else {
        int peer = e->peer;

        e->is_eof = true;
        if (peer != FLOOR_NONE)
            floor_settle(f, peer);
        floor_settle(f, fd);
    }
}

static void floor_step(struct floor *f, const struct io_uring_cqe *cqe)
{
    uint64_t tag = io_uring_cqe_get_data64(cqe);
    int fd = (int)net_tag_slot(tag);

    switch ((enum floor_tag)net_tag_kind(tag)) {
    case FLOOR_TAG_ACCEPT:
        if (cqe->res >= 0) {
            int up = net_connect(f->backend_port, false);

            floor_end_open(f, cqe->res, up);
            floor_end_open(f, up, cqe->res);
        }
        if (!(cqe->flags & IORING_CQE_F_MORE))
            floor_arm_accept(f);
        break;
    case FLOOR_TAG_RECV:
        floor_received(f, fd, cqe);
        break;
    case FLOOR_TAG_SEND:
    case FLOOR_TAG_SENDMSG:
        floor_sent(f, fd, cqe->res);
        break;
    }
}

static void floor_loop(struct floor *f)
{
    for (;;) {
        struct io_uring_cqe *cqe = NULL;
        unsigned head = 0;
        unsigned n = 0;
        int err = io_uring_submit_and_wait(&f->net.ring, 1);

        if (err < 0 && err != -EINTR && err != -EBUSY)
            net_die(-err, "io_uring_enter");
        io_uring_for_each_cqe(&f->net.ring, head, cqe) {
            n++;
            floor_step(f, cqe);
        }
        io_uring_cq_advance(&f->net.ring, n);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"listen", required_argument, NULL, 'l'}, {"backend", required_argument, NULL, 'b'},
        {"buf-bytes", required_argument, NULL, 's'}, {"bufs", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0},
    };
    struct floor *f = calloc(1, sizeof *f);
    unsigned buf_bytes = 4096;
    unsigned buf_n = 256;
    uint16_t port = 0;
    int c = 0;

    if (f == NULL)
        net_die(0, "no memory");
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'l': port = (uint16_t)strtoul(optarg, NULL, 10); break;
        case 'b': f->backend_port = (uint16_t)strtoul(optarg, NULL, 10); break;
        case 's': buf_bytes = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'n': buf_n = (unsigned)strtoul(optarg, NULL, 10); break;
        default:  net_die(0, "see the head of bench/floor.c for the options");
        }
    }
    if (port == 0 || f->backend_port == 0)
        net_die(0, "--listen and --backend are wanted");
    f->ends = calloc(FLOOR_FD_N_MAX, sizeof *f->ends);
    f->sends = calloc(FLOOR_FD_N_MAX, sizeof *f->sends);
    f->bufs = calloc(buf_n, sizeof *f->bufs);
    if (f->ends == NULL || f->bufs == NULL || f->sends == NULL)
        net_die(0, "no memory");
    f->parked_first = FLOOR_NONE;
    net_open(&f->net, FLOOR_SQ_N, FLOOR_CQ_N, buf_n, buf_bytes);
    f->listen_fd = net_listen(port);
    floor_arm_accept(f);
    floor_loop(f);
    return 0;
}
