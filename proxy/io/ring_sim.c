/* ring_sim.c - the ring of the simulated world: same contract as ring_uring.c, as unkind as the odds say.
 *
 * Layer:  io (simulation).
 * Owner:  receive buffers as in ring_uring.c: each counts its holders, of which the world is one while it may go on
 *         filling it.
 * Bounds: RING_SIM_OPS_MAX operations in flight.
 * Thread: one for all rings of a world.
 */
#include "io/ring.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/poison.h"
#include "io/world_sim.h"

enum op_kind {
    OP_ACCEPT = 1,
    OP_RECV,
    OP_SEND,
    OP_CONNECT,
    OP_FINISH,
    OP_CLOSE,
    OP_CANCEL,
    OP_POLL,
    OP_WRITE,
    OP_WAKE,
};

struct op {
    struct handle        handle;
    struct handle        target;   /* OP_CANCEL                                         */
    enum op_kind         kind;
    int                  fd;
    struct msghdr        message;  /* OP_SEND, OP_WRITE: what to read from ...          */
    struct iovec         iov[SEND_IOV_MAX];
    const struct msghdr *given;    /* ... and where the caller keeps it, if it does     */
    const void          *given_iov;
    uint64_t             sum;      /* of all that memory when it was armed              */
    struct socket_address addr;    /* OP_CONNECT                                        */
    const void          *given_addr;
    uint64_t             due_ns;   /* not before                                        */
    enum why             fail;     /* torture: fails with this                          */
    bool                 is_cancelled;
    bool                 is_over;
};

struct ring {
    struct world_sim   *world;
    struct op          *ops;       /* dense, in order of arming                         */
    uint32_t            ops_n;
    uint8_t            *mem;       /* receive buffers                                   */
    struct buf         *bufs;
    uint32_t           *filled;
    uint32_t           *free;      /* stack                                             */
    uint32_t            free_n;
    uint32_t            buffers_n, buffer_bytes;
    struct buf         *current;   /* incremental: partly filled, one reference is ours */
    struct ring_counts  counts;
    struct ring_profile profile;
};

/* ---- opening ---- */

static void buffer_free(struct buf *b)
{
    struct ring *r = b->home;

    MUST(r->free_n < r->buffers_n);
    r->free[r->free_n++] = b->id;
    poison_set(b->mem, b->bytes);
}

static void *map(size_t bytes)
{
    void *at = memory_map(bytes);

    MUST(at != NULL);
    return at;
}

enum why ring_open(struct ring **out_ring, char *out_error, uint32_t out_error_bytes)
{
    struct world_sim *w = world_sim_now();
    struct ring      *r;

    if (w == NULL) {
        snprintf(out_error, out_error_bytes, "no simulated world is open (ring_sim_open)");
        return WHY_IO_FAILED;
    }
    r = map(sizeof *r);
    r->world = w;
    r->profile = (struct ring_profile){ .has_incremental_buffers = !w->odds.is_plain, .name = "simulated" };
    r->buffers_n = w->odds.buffers_n;
    r->buffer_bytes = w->odds.buffer_bytes;
    r->ops = map(RING_SIM_OPS_MAX * sizeof *r->ops);
    r->mem = map((size_t)r->buffers_n * r->buffer_bytes);
    r->bufs = map(r->buffers_n * sizeof *r->bufs);
    r->filled = map(r->buffers_n * sizeof *r->filled);
    r->free = map(r->buffers_n * sizeof *r->free);
    for (uint32_t i = r->buffers_n; i-- > 0;) {
        r->bufs[i] = (struct buf){ .mem = r->mem + (size_t)i * r->buffer_bytes, .bytes = r->buffer_bytes,
                                   .used = r->buffer_bytes, .id = i, .home = r, .on_free = buffer_free };
        buffer_free(&r->bufs[i]);
    }
    w->rings_n++;
    *out_ring = r;
    return WHY_OK;
}

uint32_t ring_buffers_free(const struct ring *r)
{
    return r->free_n + (r->current != NULL);
}

uint32_t ring_buffers_n(const struct ring *r)
{
    return r->buffers_n;
}

void ring_close(struct ring *r)
{
    MUST(ring_buffers_free(r) == r->buffers_n && (r->current == NULL || r->current->refs == 1)); /* all given back */
    r->world->ops_n -= r->ops_n;
    r->world->rings_n--;
    poison_clear(r->mem, (size_t)r->buffers_n * r->buffer_bytes);
    memory_unmap(r->ops, RING_SIM_OPS_MAX * sizeof *r->ops);
    memory_unmap(r->mem, (size_t)r->buffers_n * r->buffer_bytes);
    memory_unmap(r->bufs, r->buffers_n * sizeof *r->bufs);
    memory_unmap(r->filled, r->buffers_n * sizeof *r->filled);
    memory_unmap(r->free, r->buffers_n * sizeof *r->free);
    memory_unmap(r, sizeof *r);
}

const struct ring_profile *ring_profile(const struct ring *r)
{
    return &r->profile;
}

struct ring_counts ring_counts(const struct ring *r)
{
    return r->counts;
}

/* ---- arming ---- */

static bool is_ours(const struct ring *r, int fd)
{
    const struct net_sim_socket *s = net_sim_find(&r->world->net, fd);

    return s != NULL && s->is_ours;
}

static bool has_op(const struct ring *r, int fd, enum op_kind kind)
{
    for (uint32_t i = 0; i < r->ops_n; i++)
        if (r->ops[i].fd == fd && r->ops[i].kind == kind)
            return true;
    return false;
}

static struct op *arm(struct ring *r, enum op_kind kind, struct handle h, int fd)
{
    struct world_sim *w = r->world;
    struct op        *op;

    MUST(r->ops_n < RING_SIM_OPS_MAX);
    MUST(handle_kind(h) != HANDLE_NONE && (handle_kind(h) == HANDLE_WAKE) == (kind == OP_WAKE));
    op = &r->ops[r->ops_n++];
    w->ops_n++;
    /* The list of pieces is long, and read only as far as it was written. */
    memset(&op->message, 0, sizeof op->message);
    op->handle = h;
    op->kind = kind;
    op->fd = fd;
    op->given = NULL;
    op->given_iov = op->given_addr = NULL;
    op->fail = WHY_OK;
    op->is_cancelled = op->is_over = false;
    op->due_ns = world_sim_soon_ns(w);
    r->counts.submitted++;
    if (kind != OP_CANCEL && kind != OP_WAKE && w->fail_in > 0 && --w->fail_in == 0)
        op->fail = w->fail_why;
    return op;
}

void ring_accept(struct ring *r, struct handle h, int fd)
{
    MUST(is_ours(r, fd) && !has_op(r, fd, OP_ACCEPT));
    arm(r, OP_ACCEPT, h, fd);
}

void ring_recv(struct ring *r, struct handle h, int fd)
{
    MUST(handle_kind(h) == HANDLE_RECV);
    MUST(is_ours(r, fd) && !has_op(r, fd, OP_RECV));
    arm(r, OP_RECV, h, fd);
}

/* Of everything that must stay as it is until the event. */
static uint64_t sum_of(const struct op *op)
{
    uint64_t sum = UINT64_C(1469598103934665603);

    for (size_t i = 0; i < op->message.msg_iovlen; i++) {
        const uint8_t *at = op->iov[i].iov_base;
        for (size_t k = 0; k < op->iov[i].iov_len; k++)
            sum = (sum ^ at[k]) * UINT64_C(1099511628211);
    }
    return sum;
}

static void arm_pieces(struct ring *r, enum op_kind kind, struct handle h, int fd, const struct iovec *iov, size_t n)
{
    struct op *op;
    size_t     bytes = 0;

    MUST(n > 0 && n <= SEND_IOV_MAX);
    op = arm(r, kind, h, fd);
    memcpy(op->iov, iov, n * sizeof *iov);
    op->message.msg_iovlen = n;
    for (size_t i = 0; i < n; i++)
        bytes += iov[i].iov_len;
    MUST(bytes > 0);
    op->sum = sum_of(op);
}

void ring_send(struct ring *r, struct handle h, int fd, const void *at, uint32_t len)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)at, .iov_len = len };

    MUST(is_ours(r, fd) && !has_op(r, fd, OP_SEND)); /* two sends in flight may change places */
    arm_pieces(r, OP_SEND, h, fd, &iov, 1);
}

void ring_sendmsg(struct ring *r, struct handle h, int fd, const struct msghdr *message)
{
    struct op *op;

    MUST(is_ours(r, fd) && !has_op(r, fd, OP_SEND));
    arm_pieces(r, OP_SEND, h, fd, message->msg_iov, message->msg_iovlen);
    op = &r->ops[r->ops_n - 1];
    op->given = message;
    op->given_iov = message->msg_iov;
}

void ring_connect(struct ring *r, struct handle h, int fd, const struct sockaddr *addr, uint32_t addr_bytes)
{
    struct op *op;

    MUST(is_ours(r, fd) && addr_bytes <= sizeof op->addr.bytes);
    op = arm(r, OP_CONNECT, h, fd);
    memset(&op->addr, 0, sizeof op->addr);
    memcpy(op->addr.bytes, addr, addr_bytes);
    op->addr.bytes_n = (uint8_t)addr_bytes;
    op->given_addr = addr;
}

void ring_shutdown_send(struct ring *r, struct handle h, int fd)
{
    MUST(is_ours(r, fd));
    arm(r, OP_FINISH, h, fd);
}

void ring_close_fd(struct ring *r, struct handle h, int fd)
{
    MUST(fd < RING_SIM_FD_FIRST || is_ours(r, fd));
    for (uint32_t i = 0; i < r->ops_n; i++)
        MUST(r->ops[i].fd != fd); /* the socket would stay open, and its number might soon mean another */
    arm(r, OP_CLOSE, h, fd);
}

void ring_cancel(struct ring *r, struct handle h, struct handle target)
{
    MUST(handle_is_request(h));
    arm(r, OP_CANCEL, h, -1)->target = target;
}

void ring_poll_in(struct ring *r, struct handle h, int fd)
{
    MUST(fd < RING_SIM_FD_FIRST);
    arm(r, OP_POLL, h, fd);
}

void ring_write_file(struct ring *r, struct handle h, int fd, const void *at, uint32_t len)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)at, .iov_len = len };

    MUST(fd < RING_SIM_FD_FIRST);
    arm_pieces(r, OP_WRITE, h, fd, &iov, 1);
}

void ring_post(struct ring *from, struct ring *target, struct handle h)
{
    MUST(handle_kind(h) == HANDLE_WAKE && from != target);
    arm(target, OP_WAKE, from != NULL ? h : handle_of(HANDLE_WAKE, 0, 0), -1);
}

/* ---- what completes ---- */

static bool is_readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, 0) > 0;
}

/* Something would happen if the operation were looked at now. */
static bool is_ready(const struct ring *r, const struct op *op)
{
    const struct net_sim *net = &r->world->net;

    if (op->is_cancelled || op->fail != WHY_OK)
        return true;
    switch (op->kind) {
    case OP_ACCEPT:
        return net_sim_find(net, op->fd)->waiting_n > 0;
    case OP_RECV:
        return net_sim_may_recv(net, op->fd);
    case OP_SEND:
        return net_sim_may_send(net, op->fd);
    case OP_CONNECT:
        return r->world->silent_port_be == 0 || op->addr.raw.port_be != r->world->silent_port_be;
    case OP_POLL:
        return is_readable(op->fd);
    case OP_FINISH:
    case OP_CLOSE:
    case OP_CANCEL:
    case OP_WRITE:
    case OP_WAKE:
        return true;
    }
    must_not_reach("ring_sim: unknown operation");
}

static void end_with(struct op *op, struct ring_event *e, enum why why)
{
    op->is_over = true;
    e->why = (uint16_t)(handle_is_request(op->handle) ? WHY_OK : why);
    e->more = false;
}

/* One shot of a multishot operation is done; by chance it is the last. */
static void go_on(struct ring *r, struct op *op, struct ring_event *e)
{
    e->more = !world_sim_happens(r->world, r->world->odds.early_end);
    op->is_over = !e->more;
    op->due_ns = world_sim_soon_ns(r->world);
}

/* A failure that operations of this kind have. */
static enum why some_failure(struct ring *r, const struct op *op)
{
    static const enum why accepts[] = { WHY_IO_NO_DESCRIPTORS, WHY_IO_NO_MEMORY };
    static const enum why streams[] = { WHY_IO_RESET, WHY_IO_TIMEOUT, WHY_IO_NO_MEMORY };
    static const enum why connects[] = { WHY_IO_REFUSED, WHY_IO_UNREACHABLE, WHY_IO_TIMEOUT, WHY_IO_FAILED };

    switch (op->kind) {
    case OP_ACCEPT:
        return accepts[rng_below(&r->world->chance, COUNT(accepts))];
    case OP_RECV:
    case OP_SEND:
        return streams[rng_below(&r->world->chance, COUNT(streams))];
    case OP_CONNECT:
        return connects[rng_below(&r->world->chance, COUNT(connects))];
    case OP_FINISH:
        return WHY_IO_RESET;
    case OP_CLOSE:
    case OP_POLL:
    case OP_WRITE:
        return WHY_IO_FAILED;
    case OP_CANCEL:
    case OP_WAKE:
        return WHY_OK;
    }
    must_not_reach("ring_sim: unknown operation");
}

static void fail(struct ring *r, struct op *op, struct ring_event *e, enum why why)
{
    struct net_sim_socket *s = net_sim_find(&r->world->net, op->fd);

    if (op->kind == OP_CLOSE && s != NULL)
        net_sim_close(&r->world->net, op->fd, false); /* closed all the same: close(2) */
    else if (s != NULL && (why == WHY_IO_RESET || why == WHY_IO_TIMEOUT))
        s->is_reset = true;
    end_with(op, e, why);
}

static uint32_t cut(struct ring *r, uint16_t odds, uint32_t n)
{
    return world_sim_happens(r->world, odds) ? 1 + rng_below(&r->world->chance, n) : n;
}

/* ---- completing each kind ---- */

static void do_accept(struct ring *r, struct op *op, struct ring_event *e)
{
    int      fd = -1;
    enum why why = net_sim_accept(&r->world->net, op->fd, &fd);

    if (why != WHY_OK) {
        end_with(op, e, why);
        return;
    }
    e->n = fd;
    go_on(r, op, e);
}

/* Where the next bytes go; NULL when no buffer is free. */
static struct buf *buffer_to_fill(struct ring *r)
{
    if (r->current == NULL && r->free_n > 0) {
        r->current = &r->bufs[r->free[--r->free_n]];
        r->current->refs = 1;
        r->filled[r->current->id] = 0;
        poison_clear(r->current->mem, r->current->bytes);
    }
    return r->current;
}

static void do_recv(struct ring *r, struct op *op, struct ring_event *e)
{
    struct buf *b = world_sim_happens(r->world, r->world->odds.no_buffers) ? NULL : buffer_to_fill(r);
    uint32_t    n = 0;

    if (b == NULL) {
        r->counts.buffers_starved++;
        end_with(op, e, WHY_IO_NO_BUFFERS);
        return;
    }
    uint8_t *at = b->mem + r->filled[b->id];
    uint32_t room = cut(r, r->world->odds.cut_receive, b->bytes - r->filled[b->id]);
    enum why why = net_sim_recv(&r->world->net, op->fd, at, room, &n);
    if (why != WHY_OK) {
        end_with(op, e, why);
        return;
    }
    r->filled[b->id] += n;
    e->n = (int32_t)n;
    e->at = at;
    e->buf = b;
    if (r->world->odds.is_plain || r->filled[b->id] == b->bytes)
        r->current = NULL; /* our reference goes with the event */
    else
        buf_hold(b);
    go_on(r, op, e);
}

/* Aborts when the caller touched what it had lent. */
static void check_lent(const struct op *op)
{
    if (op->given != NULL) {
        MUST(op->given->msg_iov == op->given_iov && op->given->msg_iovlen == op->message.msg_iovlen);
        MUST(memcmp(op->given_iov, op->iov, op->message.msg_iovlen * sizeof op->iov[0]) == 0);
    }
    MUST(sum_of(op) == op->sum);
}

static void do_send(struct ring *r, struct op *op, struct ring_event *e)
{
    struct net_sim *net = &r->world->net;
    size_t          bytes = 0;
    uint32_t        done = 0;

    for (size_t i = 0; i < op->message.msg_iovlen; i++)
        bytes += op->iov[i].iov_len;
    MUST(bytes <= INT32_MAX);
    uint32_t left = cut(r, r->world->odds.short_send, (uint32_t)bytes);
    for (size_t i = 0; i < op->message.msg_iovlen && left > 0; i++) {
        uint32_t len = op->iov[i].iov_len < left ? (uint32_t)op->iov[i].iov_len : left, n = 0;
        if (len == 0)
            continue;
        if (!net_sim_may_send(net, op->fd))
            break;
        enum why why = net_sim_send(net, op->fd, op->iov[i].iov_base, len, &n);
        if (why != WHY_OK && done == 0) {
            end_with(op, e, why);
            return;
        }
        done += n;
        left -= n;
        if (n < len)
            break;
    }
    e->n = (int32_t)done;
    end_with(op, e, WHY_OK);
}

static void do_connect(struct ring *r, struct op *op, struct ring_event *e)
{
    end_with(op, e, net_sim_connect(&r->world->net, op->fd, &op->addr, rng_below(&r->world->chance, 16)));
}

static void do_finish(struct ring *r, struct op *op, struct ring_event *e)
{
    const struct net_sim_socket *s = net_sim_find(&r->world->net, op->fd);

    if (s->is_reset) {
        end_with(op, e, WHY_IO_RESET);
        return;
    }
    net_sim_finish(&r->world->net, op->fd);
    end_with(op, e, WHY_OK);
}

static void do_close(struct ring *r, struct op *op, struct ring_event *e)
{
    if (op->fd < RING_SIM_FD_FIRST)
        close(op->fd);
    else
        net_sim_close(&r->world->net, op->fd, false);
    end_with(op, e, WHY_OK);
}

/* What is armed under the target ends at a moment of its own, unless it is about to complete and chance favours it. */
static void do_cancel(struct ring *r, struct op *op, struct ring_event *e)
{
    for (uint32_t i = 0; i < r->ops_n; i++) {
        struct op *target = &r->ops[i];
        if (target->handle.bits != op->target.bits || target->is_over || target->is_cancelled)
            continue;
        if (is_ready(r, target) && world_sim_happens(r->world, r->world->odds.cancel_loses))
            continue;
        target->is_cancelled = true;
        e->n++;
        target->due_ns = world_sim_soon_ns(r->world);
    }
    end_with(op, e, WHY_OK);
}

static void do_write(struct op *op, struct ring_event *e)
{
    ssize_t n = write(op->fd, op->iov[0].iov_base, op->iov[0].iov_len);

    e->n = n > 0 ? (int32_t)n : 0;
    end_with(op, e, n >= 0 ? WHY_OK : WHY_IO_FAILED);
}

/* Pre: the operation is ready and due. */
static void complete(struct ring *r, struct op *op, struct ring_event *e)
{
    *e = (struct ring_event){ .handle = op->handle, .why = WHY_OK };
    if (op->kind == OP_SEND || op->kind == OP_WRITE)
        check_lent(op);
    if (op->is_cancelled && op->kind != OP_CLOSE && op->kind != OP_CANCEL) {
        end_with(op, e, WHY_IO_CANCELLED);
        return;
    }
    if (op->fail == WHY_OK && world_sim_happens(r->world, r->world->odds.fail))
        op->fail = some_failure(r, op);
    if (op->fail != WHY_OK) {
        fail(r, op, e, op->fail);
        return;
    }
    switch (op->kind) {
    case OP_ACCEPT:
        do_accept(r, op, e);
        break;
    case OP_RECV:
        do_recv(r, op, e);
        break;
    case OP_SEND:
        do_send(r, op, e);
        break;
    case OP_CONNECT:
        do_connect(r, op, e);
        break;
    case OP_FINISH:
        do_finish(r, op, e);
        break;
    case OP_CLOSE:
        do_close(r, op, e);
        break;
    case OP_CANCEL:
        do_cancel(r, op, e);
        break;
    case OP_POLL:
        go_on(r, op, e);
        op->due_ns = r->world->now_ns + 1; /* once a look, however long it stays readable */
        break;
    case OP_WRITE:
        do_write(op, e);
        break;
    case OP_WAKE:
        end_with(op, e, WHY_OK);
        break;
    }
}

/* ---- waiting ---- */

static void drop_over(struct ring *r)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < r->ops_n; i++) {
        if (r->ops[i].is_over)
            continue;
        if (kept != i)
            r->ops[kept] = r->ops[i];
        kept++;
    }
    r->world->ops_n -= r->ops_n - kept;
    r->ops_n = kept;
}

/* Indices of what can complete now: in order of arming in a kind world, in any order in others. */
static uint32_t list_due(struct ring *r, uint32_t *out_due)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < r->ops_n; i++)
        if (r->ops[i].due_ns <= r->world->now_ns && is_ready(r, &r->ops[i]))
            out_due[n++] = i;
    for (uint32_t i = n; i > 1 && r->world->odds.late > 0; i--) {
        uint32_t k = rng_below(&r->world->chance, i), swap = out_due[k];
        out_due[k] = out_due[i - 1];
        out_due[i - 1] = swap;
    }
    return n;
}

static uint32_t collect(struct ring *r, struct ring_event *out_events, uint32_t events_max)
{
    uint32_t due[RING_SIM_OPS_MAX];
    uint32_t n = 0, due_n;

    do {
        due_n = list_due(r, due);
        for (uint32_t i = 0; i < due_n && n < events_max; i++)
            /* What completed before it in this round may have taken what it was waiting for. */
            if (is_ready(r, &r->ops[due[i]]))
                complete(r, &r->ops[due[i]], &out_events[n++]);
        drop_over(r);
    } while (due_n > 0 && n < events_max);
    return n;
}

static uint64_t next_due_ns(const struct ring *r)
{
    uint64_t next_ns = world_sim_next_ns(r->world);

    for (uint32_t i = 0; i < r->ops_n; i++)
        if (r->ops[i].due_ns < next_ns && is_ready(r, &r->ops[i]))
            next_ns = r->ops[i].due_ns;
    return next_ns;
}

uint32_t ring_wait(struct ring *r, struct ring_event *out_events, uint32_t events_max,
                   uint64_t wait_ns, uint32_t batch_min, uint64_t min_wait_ns)
{
    struct world_sim *w = r->world;
    uint64_t          deadline_ns;

    UNUSED(batch_min);
    UNUSED(min_wait_ns);
    MUST(events_max > 0);
    r->counts.enters++;
    for (uint32_t i = 0; i < r->ops_n; i++)
        if (r->ops[i].given_addr != NULL) { /* the kernel reads an address when it gets the submission */
            MUST(memcmp(r->ops[i].given_addr, r->ops[i].addr.bytes, r->ops[i].addr.bytes_n) == 0);
            r->ops[i].given_addr = NULL;
        }
    deadline_ns = w->now_ns + (wait_ns < RING_WAIT_NS_MAX ? wait_ns : RING_WAIT_NS_MAX);
    world_sim_come_to(w, w->now_ns + 1000);
    for (;;) {
        uint32_t n = collect(r, out_events, events_max);
        if (n > 0 || w->now_ns >= deadline_ns)
            return n;
        uint64_t next_ns = next_due_ns(r);
        if (next_ns > deadline_ns)
            next_ns = deadline_ns;
        world_sim_come_to(w, next_ns > w->now_ns ? next_ns : w->now_ns + 1);
    }
}
