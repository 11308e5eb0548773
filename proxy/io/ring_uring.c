/* ring_uring.c - the ring of the kernel: io_uring with one issuer, deferred task work and provided receive buffers.
 *
 * Spec:   io_uring(7), io_uring_setup(2), io_uring_enter(2); io_uring_buf_ring: io_uring_setup_buf_ring(3).
 * Layer:  io. The only file that includes liburing.
 * Owner:  receive buffers are the ring's; each counts its holders in its struct buf, of which the kernel is one until a
 *         completion comes without F_BUF_MORE. At the last drop it goes on a stack, and from there to the kernel when
 *         that has fewer than it should: so slow holders cost memory (RING_BUFFERS_MAX) and not receives, and the
 *         buffer used next is the one whose lines are warm.
 * Bounds: RING_* of limits.h.
 * Thread: one; only a target's wake_fd is touched by others.
 */
#include "io/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"

enum {
    BUFFER_GROUP = 0,
    SUBMIT_TRIES_MAX = 1000, /* turns given to a kernel that has no memory for a submission */
};

STATIC_MUST(RING_BUFFERS_PLAIN_MAX <= 65536, "a buffer's number has 16 bits");
STATIC_MUST(RING_BUFFERS_N <= RING_BUFFERS_MAX && RING_BUFFERS_PLAIN_N <= RING_BUFFERS_PLAIN_MAX,
            "the kernel's share is part of all");

/* Our own completions have HANDLE_NONE as kind; what they are about stands where the slot would. */
enum own_kind {
    OWN_WAKE_POLL = 1, /* readiness of wake_fd                                        */
    OWN_POST,          /* a wake-up that failed; generation: descriptor to wake with  */
    OWN_PROBE,         /* the receive that finds out whether a cap is understood      */
};

struct receive_buffers {
    struct io_uring_buf_ring *ring;   /* shared with the kernel: which buffers it may fill          */
    uint8_t                  *mem;    /* all_n * bytes                                              */
    struct buf               *bufs;   /* all_n                                                      */
    uint32_t                 *filled; /* bytes the kernel has filled of each                        */
    uint16_t                 *free;   /* stack of buffers that nobody holds                         */
    uint32_t                  free_n;
    uint32_t                  lent_n; /* with the kernel                                            */
    uint32_t                  lent_max;
    uint32_t                  all_n;
    uint32_t                  bytes;  /* of one                                                     */
};

struct ring {
    struct io_uring        uring;
    struct receive_buffers rx;
    struct ring_counts     counts;
    struct ring_profile    profile;
    uint32_t               recv_cap; /* bytes a multishot receive may take before others have their turn; 0: no cap */
    int                    wake_fd;  /* eventfd: for threads without a ring                         */
};

/* ---- receive buffers ---- */

static void rx_free(struct buf *b)
{
    struct receive_buffers *rx = b->home;

    MUST(rx->free_n < rx->all_n);
    rx->free[rx->free_n++] = (uint16_t)b->id;
}

/* Bring the kernel's share up to lent_max; one store publishes them all. */
static void rx_lend(struct receive_buffers *rx)
{
    int mask = io_uring_buf_ring_mask(rx->lent_max);
    int n = 0;

    while (rx->lent_n < rx->lent_max && rx->free_n > 0) {
        uint16_t    id = rx->free[--rx->free_n];
        struct buf *b = &rx->bufs[id];
        b->refs = 1;
        rx->filled[id] = 0;
        io_uring_buf_ring_add(rx->ring, b->mem, rx->bytes, id, mask, n++);
        rx->lent_n++;
    }
    if (n > 0)
        io_uring_buf_ring_advance(rx->ring, n);
}

static enum why rx_open(struct ring *r)
{
    struct receive_buffers *rx = &r->rx;
    bool                    has_more = r->profile.has_incremental_buffers;
    int                     result = 0;

    rx->bytes = has_more ? RING_BUFFER_BYTES : RING_BUFFER_BYTES_PLAIN;
    rx->lent_max = has_more ? RING_BUFFERS_N : RING_BUFFERS_PLAIN_N;
    rx->all_n = has_more ? RING_BUFFERS_MAX : RING_BUFFERS_PLAIN_MAX;
    rx->mem = memory_map((size_t)rx->all_n * rx->bytes);
    rx->bufs = memory_map(rx->all_n * sizeof *rx->bufs);
    rx->filled = memory_map(rx->all_n * sizeof *rx->filled);
    rx->free = memory_map(rx->all_n * sizeof *rx->free);
    if (rx->mem == NULL || rx->bufs == NULL || rx->filled == NULL || rx->free == NULL)
        return WHY_IO_NO_MEMORY;
    /* Memory of ours: one mapped by the kernel (IOU_PBUF_RING_MMAP) could be used after its release, CVE-2024-0582. */
    rx->ring = io_uring_setup_buf_ring(&r->uring, rx->lent_max, BUFFER_GROUP, has_more ? IOU_PBUF_RING_INC : 0,
                                       &result);
    if (rx->ring == NULL)
        return result == -ENOMEM ? WHY_IO_NO_MEMORY : WHY_IO_FAILED;
    for (uint32_t i = rx->all_n; i-- > 0;) {
        rx->bufs[i] = (struct buf){ .mem = rx->mem + (size_t)i * rx->bytes, .bytes = rx->bytes, .used = rx->bytes,
                                    .id = i, .home = rx, .on_free = rx_free };
        rx->free[rx->free_n++] = (uint16_t)i;
    }
    rx_lend(rx);
    return WHY_OK;
}

/* The piece that a completion is about, with one reference for whoever gets it; NULL when nothing was received. */
static struct buf *rx_take(struct receive_buffers *rx, const struct io_uring_cqe *cqe, uint8_t **out_at)
{
    uint32_t    id = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
    bool        is_kept = (cqe->flags & IORING_CQE_F_BUF_MORE) != 0;
    struct buf *b;

    MUST(id < rx->all_n);
    b = &rx->bufs[id];
    *out_at = b->mem + rx->filled[id];
    if (!is_kept)
        rx->lent_n--; /* the kernel's reference becomes the receiver's */
    if (cqe->res <= 0) {
        if (!is_kept)
            buf_drop(b);
        return NULL;
    }
    MUST((uint32_t)cqe->res <= rx->bytes - rx->filled[id]);
    rx->filled[id] += (uint32_t)cqe->res;
    if (is_kept)
        buf_hold(b);
    return b;
}

/* ---- arming ---- */

static struct io_uring_sqe *next_sqe(struct ring *r)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&r->uring);

    for (int tries = 0; sqe == NULL && tries < SUBMIT_TRIES_MAX; tries++) {
        if (io_uring_submit(&r->uring) < 0)
            sched_yield(); /* the kernel is short of memory for a moment */
        r->counts.enters++;
        sqe = io_uring_get_sqe(&r->uring);
    }
    MUST(sqe != NULL);
    r->counts.submitted++;
    return sqe;
}

static struct handle own_handle(enum own_kind kind, int fd)
{
    return handle_of(HANDLE_NONE, (uint32_t)kind, (uint32_t)fd);
}

/* Handles of callers say an operation; ours come from own_handle, and wake-ups only from ring_post. */
static void name_sqe(struct io_uring_sqe *sqe, struct handle h)
{
    MUST(handle_kind(h) != HANDLE_NONE && handle_kind(h) != HANDLE_WAKE);
    sqe->user_data = h.bits;
}

void ring_accept(struct ring *r, struct handle h, int fd)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_CLOEXEC);
    name_sqe(sqe, h);
}

static void prep_recv(const struct ring *r, struct io_uring_sqe *sqe, int fd, uint32_t cap)
{
    io_uring_prep_recv_multishot(sqe, fd, NULL, cap, 0);
    /* Without POLL_FIRST, arming an idle socket while no buffer is free ends at once with ENOBUFS. With it, a reset
     * that came before the arming and behind unread bytes is never told (seen on 6.18, kept by tests/conformance). */
    if (ring_buffers_free(r) == 0)
        sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = BUFFER_GROUP;
}

void ring_recv(struct ring *r, struct handle h, int fd)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    MUST(handle_kind(h) == HANDLE_RECV);
    prep_recv(r, sqe, fd, r->recv_cap);
    name_sqe(sqe, h);
}

void ring_send(struct ring *r, struct handle h, int fd, const void *at, uint32_t len)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    MUST(len > 0);
    /* No MSG_WAITALL: a short send is progress, which a slow reader's deadline wants to see. */
    io_uring_prep_send(sqe, fd, at, len, MSG_NOSIGNAL);
    name_sqe(sqe, h);
}

void ring_sendmsg(struct ring *r, struct handle h, int fd, const struct msghdr *message)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    MUST(message->msg_iovlen > 0 && message->msg_iovlen <= SEND_IOV_MAX);
    io_uring_prep_sendmsg(sqe, fd, message, MSG_NOSIGNAL);
    name_sqe(sqe, h);
}

void ring_connect(struct ring *r, struct handle h, int fd, const struct sockaddr *addr, uint32_t addr_bytes)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    io_uring_prep_connect(sqe, fd, addr, addr_bytes);
    name_sqe(sqe, h);
}

void ring_shutdown_send(struct ring *r, struct handle h, int fd)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    io_uring_prep_shutdown(sqe, fd, SHUT_WR);
    name_sqe(sqe, h);
}

void ring_close_fd(struct ring *r, struct handle h, int fd)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    io_uring_prep_close(sqe, fd);
    name_sqe(sqe, h);
}

void ring_cancel(struct ring *r, struct handle h, struct handle target)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    MUST(handle_is_request(h));
    /* By handle: the number of a descriptor may mean another connection by the time the kernel looks. */
    io_uring_prep_cancel64(sqe, target.bits, IORING_ASYNC_CANCEL_ALL);
    name_sqe(sqe, h);
}

static void prep_poll(struct io_uring_sqe *sqe, int fd)
{
    io_uring_prep_poll_multishot(sqe, fd, POLLIN);
}

void ring_poll_in(struct ring *r, struct handle h, int fd)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    prep_poll(sqe, fd);
    name_sqe(sqe, h);
}

void ring_write_file(struct ring *r, struct handle h, int fd, const void *at, uint32_t len)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    MUST(len > 0);
    io_uring_prep_write(sqe, fd, at, len, (uint64_t)-1); /* -1: at the descriptor's position, the end with O_APPEND */
    name_sqe(sqe, h);
}

/* ---- waking ---- */

static void arm_wake_poll(struct ring *r)
{
    struct io_uring_sqe *sqe = next_sqe(r);

    prep_poll(sqe, r->wake_fd);
    sqe->user_data = own_handle(OWN_WAKE_POLL, 0).bits;
}

static void wake_by_eventfd(int fd)
{
    uint64_t one = 1;
    ssize_t  n = write(fd, &one, sizeof one);

    UNUSED(n); /* it fails when the counter is full, and then the receiver is being woken already */
}

void ring_post(struct ring *from, struct ring *target, struct handle h)
{
    struct io_uring_sqe *sqe;

    MUST(handle_kind(h) == HANDLE_WAKE && from != target);
    if (from == NULL) {
        wake_by_eventfd(target->wake_fd);
        return;
    }
    sqe = next_sqe(from);
    io_uring_prep_msg_ring(sqe, target->uring.ring_fd, 0, h.bits, 0);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    sqe->user_data = own_handle(OWN_POST, target->wake_fd).bits;
}

/* ---- completions ---- */

static enum why why_of(int error)
{
    switch (error) {
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENOTCONN:
        return WHY_IO_RESET;
    case ECONNREFUSED:
        return WHY_IO_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
        return WHY_IO_UNREACHABLE;
    case ETIMEDOUT:
        return WHY_IO_TIMEOUT;
    case ECANCELED:
    case EINTR:
        return WHY_IO_CANCELLED;
    case ENOBUFS:
        return WHY_IO_NO_BUFFERS;
    case EMFILE:
    case ENFILE:
        return WHY_IO_NO_DESCRIPTORS;
    case ENOMEM:
        return WHY_IO_NO_MEMORY;
    default:
        return WHY_IO_FAILED;
    }
}

/* A completion of our own; true when there is something in it for the caller. */
static bool translate_own(struct ring *r, const struct io_uring_cqe *cqe, struct ring_event *out_event)
{
    struct handle h = { cqe->user_data };
    uint64_t      count;

    switch ((enum own_kind)handle_slot(h)) {
    case OWN_WAKE_POLL:
        if ((cqe->flags & IORING_CQE_F_MORE) == 0)
            arm_wake_poll(r);
        if (read(r->wake_fd, &count, sizeof count) != (ssize_t)sizeof count)
            return false;
        *out_event = (struct ring_event){ .handle = handle_of(HANDLE_WAKE, 0, 0), .why = WHY_OK };
        return true;
    case OWN_POST:
        wake_by_eventfd((int)handle_generation(h)); /* success is not told, so this is a failure */
        return false;
    case OWN_PROBE:
        return false;
    }
    must_not_reach("ring: a completion that nobody armed");
}

/* What an operation's result means; a receive's buffer is taken even when the result is of no use. */
static void translate(struct ring *r, const struct io_uring_cqe *cqe, struct ring_event *out_event)
{
    struct ring_event *e = out_event;
    enum handle_kind   kind;

    e->handle.bits = cqe->user_data;
    e->more = (cqe->flags & IORING_CQE_F_MORE) != 0;
    e->buf = NULL;
    e->at = NULL;
    e->why = WHY_OK;
    e->n = 0;
    if ((cqe->flags & IORING_CQE_F_BUFFER) != 0)
        e->buf = rx_take(&r->rx, cqe, &e->at);
    if (handle_is_request(e->handle)) {
        e->n = cqe->res > 0 ? cqe->res : 0;
        return;
    }
    kind = handle_kind(e->handle);
    if (cqe->res < 0) {
        e->why = (uint16_t)why_of(-cqe->res);
        if (e->why == WHY_IO_NO_BUFFERS)
            r->counts.buffers_starved++;
    } else if (kind == HANDLE_RECV) {
        e->n = cqe->res;
        if (cqe->res == 0)
            e->why = WHY_IO_EOF;
    } else if (kind == HANDLE_SEND || kind == HANDLE_ACCEPT || kind == HANDLE_FILE_WRITE) {
        e->n = cqe->res;
    }
}

static uint32_t copy_events(struct ring *r, struct ring_event *out_events, uint32_t events_max)
{
    struct io_uring_cq *cq = &r->uring.cq;
    unsigned            head = *cq->khead;
    unsigned            tail = io_uring_smp_load_acquire(cq->ktail);
    uint32_t            n = 0;

    while (head != tail && n < events_max) {
        const struct io_uring_cqe *cqe = &cq->cqes[head & cq->ring_mask];
        struct handle              h = { cqe->user_data };
        head++;
        if (handle_kind(h) != HANDLE_NONE)
            translate(r, cqe, &out_events[n++]);
        else
            n += translate_own(r, cqe, &out_events[n]);
    }
    io_uring_smp_store_release(cq->khead, head);
    return n;
}

static void submit_and_wait(struct ring *r, uint64_t wait_ns, uint32_t batch_min, uint64_t min_wait_ns)
{
    struct io_uring_cqe     *cqe;
    struct __kernel_timespec limit;

    r->counts.enters++;
    if (wait_ns > RING_WAIT_NS_MAX)
        wait_ns = RING_WAIT_NS_MAX;
    limit = (struct __kernel_timespec){ .tv_sec = (int64_t)(wait_ns / NS_PER_S),
                                        .tv_nsec = (int64_t)(wait_ns % NS_PER_S) };
    if (batch_min > 1 && min_wait_ns >= NS_PER_US && r->profile.has_min_wait)
        (void)io_uring_submit_and_wait_min_timeout(&r->uring, &cqe, batch_min, &limit,
                                                   (unsigned)(min_wait_ns / NS_PER_US), NULL);
    else
        (void)io_uring_submit_and_wait_timeout(&r->uring, &cqe, 1, &limit, NULL);
    /* What these answer (time is up, a signal, no memory just now) changes nothing: completions are looked for, and
     * what was not submitted is tried again in the next turn. */
}

uint32_t ring_wait(struct ring *r, struct ring_event *out_events, uint32_t events_max,
                   uint64_t wait_ns, uint32_t batch_min, uint64_t min_wait_ns)
{
    MUST(events_max > 0 && min_wait_ns <= RING_WAIT_NS_MAX);
    rx_lend(&r->rx);
    if (io_uring_cq_has_overflow(&r->uring))
        r->counts.overflows++;
    if (wait_ns == 0 || io_uring_cq_ready(&r->uring) > 0) {
        r->counts.enters++;
        (void)io_uring_submit_and_get_events(&r->uring);
    } else {
        submit_and_wait(r, wait_ns, batch_min, min_wait_ns);
    }
    return copy_events(r, out_events, events_max);
}

uint32_t ring_buffers_free(const struct ring *r)
{
    return r->rx.free_n + r->rx.lent_n;
}

uint32_t ring_buffers_n(const struct ring *r)
{
    return r->rx.all_n;
}

const struct ring_profile *ring_profile(const struct ring *r)
{
    return &r->profile;
}

struct ring_counts ring_counts(const struct ring *r)
{
    return r->counts;
}

/* ---- opening ---- */

static int sysctl_disabled(void)
{
    char    text[8] = "";
    int     fd = open("/proc/sys/kernel/io_uring_disabled", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

    if (fd >= 0)
        close(fd);
    return n > 0 ? text[0] - '0' : 0;
}

static enum why explain(int error, char *out_error, uint32_t out_error_bytes)
{
    const char *text = "the kernel refused to make a ring";

    if (error == EPERM && sysctl_disabled() == 2)
        text = "io_uring is switched off on this system: set the sysctl kernel.io_uring_disabled to 0, or to 1 with "
               "kernel.io_uring_group naming a group of this process";
    else if (error == EPERM && sysctl_disabled() == 1)
        text = "io_uring is reserved on this system: kernel.io_uring_disabled is 1, so this process must run in the "
               "group that kernel.io_uring_group names, or with CAP_SYS_ADMIN";
    else if (error == EPERM || error == EACCES)
        text = "a system-call filter or security module of this container forbids io_uring: allow io_uring_setup, "
               "io_uring_enter and io_uring_register";
    else if (error == ENOSYS || error == EINVAL)
        text = "this kernel has no io_uring, or one that is too old: Linux 6.1 or newer is needed";
    else if (error == ENOMEM)
        text = "the kernel has no memory for a ring: raise the limit of locked memory (RLIMIT_MEMLOCK)";
    else if (error == EMFILE || error == ENFILE)
        text = "no descriptor is left for a ring: raise the limit of open files (RLIMIT_NOFILE)";
    snprintf(out_error, out_error_bytes, "%s (%s)", text, strerrordesc_np(error));
    return error == ENOMEM ? WHY_IO_NO_MEMORY : WHY_IO_FAILED;
}

/* Whether a multishot receive may carry a cap (6.17): older kernels refuse the submission with EINVAL. Asked of the
 * kernel with a receive, because no feature bit tells. */
static bool probe_recv_cap(struct ring *r)
{
    struct __kernel_timespec limit = { .tv_sec = 1 };
    struct io_uring_cqe     *cqe = NULL;
    int                      ends[2], result = -EINVAL;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    close(ends[1]); /* so that a receive that is accepted sees the end at once */
    struct io_uring_sqe *sqe = next_sqe(r);
    prep_recv(r, sqe, ends[0], r->rx.bytes);
    sqe->user_data = own_handle(OWN_PROBE, 0).bits;
    if (io_uring_submit_and_wait_timeout(&r->uring, &cqe, 1, &limit, NULL) >= 0 && cqe != NULL) {
        uint8_t *at;
        result = cqe->res;
        if ((cqe->flags & IORING_CQE_F_BUFFER) != 0)
            (void)rx_take(&r->rx, cqe, &at);
        io_uring_cqe_seen(&r->uring, cqe);
    }
    close(ends[0]);
    return result == 0;
}

static void choose_profile(struct ring *r)
{
    struct ring_profile *p = &r->profile;

    p->has_min_wait = (r->uring.features & IORING_FEAT_MIN_TIMEOUT) != 0;
    p->has_incremental_buffers = p->has_min_wait; /* they came in one release */
    p->name = p->has_min_wait ? "6.12" : "6.1";
}

/* What this file arms is all that the ring will ever take, whoever writes into its memory: no file is opened through
 * it, and nothing more is registered. */
static int allow_only_ours(struct ring *r)
{
    static const uint8_t operations[] = {
        IORING_OP_ACCEPT, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_SENDMSG, IORING_OP_CONNECT, IORING_OP_SHUTDOWN,
        IORING_OP_CLOSE, IORING_OP_ASYNC_CANCEL, IORING_OP_POLL_ADD, IORING_OP_WRITE, IORING_OP_MSG_RING,
    };
    static const uint8_t registers[] = { IORING_UNREGISTER_PBUF_RING, IORING_UNREGISTER_RING_FDS };
    struct io_uring_restriction rules[COUNT(operations) + COUNT(registers) + 1] = {
        { .opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS },
    };
    unsigned n = 1;
    int      result;

    for (unsigned i = 0; i < COUNT(operations); i++)
        rules[n++] = (struct io_uring_restriction){ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = operations[i] };
    for (unsigned i = 0; i < COUNT(registers); i++)
        rules[n++] = (struct io_uring_restriction){ .opcode = IORING_RESTRICTION_REGISTER_OP,
                                                    .register_op = registers[i] };
    result = io_uring_register_restrictions(&r->uring, rules, n);
    return result < 0 ? result : io_uring_enable_rings(&r->uring);
}

static enum why open_parts(struct ring *r)
{
    unsigned io_threads[2] = { RING_IO_THREADS_MAX, RING_IO_THREADS_MAX };
    enum why why;

    choose_profile(r);
    why = rx_open(r);
    if (why != WHY_OK)
        return why;
    (void)io_uring_register_ring_fd(&r->uring);                      /* cheaper entries; works without */
    (void)io_uring_register_iowq_max_workers(&r->uring, io_threads); /* a bound on kernel threads      */
    if (allow_only_ours(r) < 0)
        return WHY_IO_FAILED;
    r->profile.has_recv_cap = probe_recv_cap(r);
    if (r->profile.has_recv_cap) {
        r->recv_cap = r->rx.bytes;
        r->profile.name = "newest";
    }
    r->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (r->wake_fd < 0)
        return WHY_IO_NO_DESCRIPTORS;
    arm_wake_poll(r);
    return WHY_OK;
}

enum why ring_open(struct ring **out_ring, char *out_error, uint32_t out_error_bytes)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_R_DISABLED,
        .cq_entries = RING_COMPLETIONS_N,
    };
    struct ring *r = memory_map(sizeof *r);
    enum why     why;

    if (r == NULL)
        return explain(ENOMEM, out_error, out_error_bytes);
    r->wake_fd = -1;
    int result = io_uring_queue_init_params(RING_ENTRIES, &r->uring, &params);
    if (result < 0) {
        memory_unmap(r, sizeof *r);
        return explain(-result, out_error, out_error_bytes);
    }
    why = open_parts(r);
    if (why != WHY_OK) {
        snprintf(out_error, out_error_bytes, "a ring could not be completed: %s", why_sentence(why));
        ring_close(r);
        return why;
    }
    *out_ring = r;
    return WHY_OK;
}

void ring_close(struct ring *r)
{
    struct receive_buffers *rx = &r->rx;

    for (uint32_t i = 0; rx->ring != NULL && i < rx->all_n; i++)
        MUST(rx->bufs[i].refs <= 1); /* the kernel's own */
    MUST(rx->ring == NULL || rx->free_n + rx->lent_n == rx->all_n);
    if (rx->ring != NULL)
        io_uring_free_buf_ring(&r->uring, rx->ring, rx->lent_max, BUFFER_GROUP);
    io_uring_queue_exit(&r->uring);
    if (r->wake_fd >= 0)
        close(r->wake_fd);
    memory_unmap(rx->mem, (size_t)rx->all_n * rx->bytes);
    memory_unmap(rx->bufs, rx->all_n * sizeof *rx->bufs);
    memory_unmap(rx->filled, rx->all_n * sizeof *rx->filled);
    memory_unmap(rx->free, rx->all_n * sizeof *rx->free);
    memory_unmap(r, sizeof *r);
}
