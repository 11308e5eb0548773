/* ring_test.c - the kernel and the simulated world keep one contract: io/ring.h.
 *
 * Goal:   whatever is learnt on the simulated ring holds on the real one.
 * Method: this file is linked twice, with ring_uring.c and with ring_sim.c. Both ends of each connection are ours, so a
 *         script is ring operations only. What was seen is summed up per operation, because batches may be cut
 *         anywhere: bytes, how it ended, how often it ended.
 */
#include "io/ring.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "io/ring_sim.h"
#include "lib/check.h"

/* Only the simulated ring has these. */
#pragma weak ring_sim_open
#pragma weak ring_sim_close
#pragma weak ring_sim_fds_n
#pragma weak ring_sim_ops_n

enum { OPS_MAX = 64, EVENTS_MAX = 64, HELD_MAX = 65536, PATTERN_PRIME = 251 };

/* All that was seen of one operation; its slot is its index. */
struct seen {
    uint32_t events, lasts; /* all, and those without more */
    int64_t  n;             /* sum                         */
    int32_t  last_n;
    enum why why;           /* of the last event           */
    uint32_t wrong_bytes;   /* not as the pattern wants    */
};

struct rig {
    struct ring *ring;
    struct seen  seen[OPS_MAX];
    int          listener, client, server;
    struct socket_address addr;
    uint32_t     next_slot;
    bool         is_holding;    /* receive buffers are kept ... */
    struct buf  *held[HELD_MAX];
    uint32_t     held_n;
};

static bool is_simulated(void)
{
    return ring_sim_open != NULL;
}

static struct handle op(struct rig *g, enum handle_kind kind)
{
    CHECK(g->next_slot < OPS_MAX, "too many operations\n");
    return handle_of(kind, g->next_slot++, 77);
}

static void take(struct rig *g, const struct ring_event *e)
{
    struct seen *s = &g->seen[handle_slot(e->handle)];

    CHECK(handle_slot(e->handle) < OPS_MAX, "slot %u\n", handle_slot(e->handle));
    bool should_have = handle_kind(e->handle) == HANDLE_RECV && e->why == WHY_OK;
    CHECK((e->buf != NULL) == should_have, "a buffer, or none, with %s\n", why_name((enum why)e->why));
    CHECK(e->why == WHY_OK || e->n == 0, "%s with %d\n", why_name((enum why)e->why), e->n);
    CHECK(s->lasts == 0, "an event after the last one\n");
    if (e->buf != NULL) {
        CHECK(e->n > 0 && e->at >= e->buf->mem && e->at + e->n <= e->buf->mem + e->buf->bytes, "outside its buffer\n");
        for (int32_t i = 0; i < e->n; i++)
            s->wrong_bytes += e->at[i] != (uint8_t)((s->n + i) % PATTERN_PRIME);
        if (g->is_holding)
            g->held[g->held_n++] = e->buf;
        else
            buf_drop(e->buf);
    }
    s->events++;
    s->lasts += !e->more;
    s->n += e->n;
    s->last_n = e->n;
    s->why = (enum why)e->why;
}

static void turn(struct rig *g, uint64_t wait_ns)
{
    struct ring_event events[EVENTS_MAX];
    uint32_t          n = ring_wait(g->ring, events, EVENTS_MAX, wait_ns, 1, 0);

    CHECK(n <= EVENTS_MAX, "%u events\n", n);
    for (uint32_t i = 0; i < n; i++)
        take(g, &events[i]);
}

static const struct seen *seen(const struct rig *g, struct handle h)
{
    return &g->seen[handle_slot(h)];
}

/* Turns until the operation has completed (for the last time, if so asked). */
static const struct seen *await(struct rig *g, struct handle h, bool its_last)
{
    const struct seen *s = seen(g, h);

    for (int turns = 0; its_last ? s->lasts == 0 : s->events == 0; turns++) {
        CHECK(turns < 20000, "operation %u of kind %d never completes\n", handle_slot(h), handle_kind(h));
        turn(g, 10 * NS_PER_MS);
    }
    return s;
}

static const struct seen *await_bytes(struct rig *g, struct handle h, int64_t bytes)
{
    const struct seen *s = seen(g, h);

    for (int turns = 0; s->n < bytes; turns++) {
        CHECK(turns < 20000 && s->lasts == 0, "operation %u: %lld of %lld bytes, %s\n", handle_slot(h), (long long)s->n,
              (long long)bytes, why_name(s->why));
        turn(g, 10 * NS_PER_MS);
    }
    return s;
}

/* Time for whatever might come that should not. */
static void settle(struct rig *g)
{
    for (int i = 0; i < 5; i++)
        turn(g, NS_PER_MS);
}

static void rig_open(struct rig *g)
{
    char     error[256] = "";
    int      refused = 0;
    enum why why;

    memset(g, 0, sizeof *g);
    g->client = g->server = -1;
    if (is_simulated())
        ring_sim_open(1, NULL);
    why = ring_open(&g->ring, error, sizeof error);
    CHECK(why == WHY_OK, "ring: %s\n", error);
    g->addr.raw.family = AF_INET;
    g->addr.bytes[4] = 127;
    g->addr.bytes[7] = 1;
    g->addr.bytes_n = 16;
    why = socket_listen(&g->addr, 16, &g->listener, &refused);
    CHECK(why == WHY_OK, "listen: %s\n", strerror(refused));
    socket_local(g->listener, &g->addr);
    CHECK(g->addr.bytes_n == 16 && g->addr.raw.port_be != 0, "no port was chosen\n");
}

static void close_now(int *io_fd)
{
    if (*io_fd >= 0)
        socket_close_now(*io_fd);
    *io_fd = -1;
}

/* Pre: each receive has ended; accepts are ended here. */
static void rig_close(struct rig *g)
{
    for (uint32_t i = 0; i < g->held_n; i++)
        buf_drop(g->held[i]);
    close_now(&g->client);
    close_now(&g->server);
    close_now(&g->listener);
    if (is_simulated()) {
        CHECK(ring_sim_ops_n() == 0, "%u operations are in flight\n", ring_sim_ops_n());
        CHECK(ring_sim_fds_n() == 0, "%u descriptors are open\n", ring_sim_fds_n());
    }
    ring_close(g->ring);
    if (is_simulated())
        ring_sim_close();
}

static void end_by_cancel(struct rig *g, struct handle target)
{
    struct handle      cancel = op(g, HANDLE_CANCEL);
    const struct seen *s;

    ring_cancel(g->ring, cancel, target);
    s = await(g, cancel, true);
    CHECK(s->why == WHY_OK && s->n == 1, "the cancel itself: %s, %d will end\n", why_name(s->why), (int)s->n);
    s = await(g, target, true);
    CHECK(s->why == WHY_IO_CANCELLED, "cancelled, but ended with %s\n", why_name(s->why));
}

/* g->client and g->server become the ends of one connection. */
static void join(struct rig *g)
{
    struct handle      accept = op(g, HANDLE_ACCEPT), connect = op(g, HANDLE_CONNECT);
    const struct seen *s;

    CHECK(socket_stream(AF_INET, &g->client) == WHY_OK, "socket\n");
    ring_accept(g->ring, accept, g->listener);
    ring_connect(g->ring, connect, g->client, &g->addr.any, g->addr.bytes_n);
    s = await(g, connect, true);
    CHECK(s->why == WHY_OK && s->events == 1 && s->n == 0, "connect: %s, %lld\n", why_name(s->why), (long long)s->n);
    s = await(g, accept, false);
    CHECK(s->why == WHY_OK && s->events == 1 && s->lasts == 0, "accept: %s\n", why_name(s->why));
    g->server = s->last_n;
    end_by_cancel(g, accept);
}

static const uint8_t *pattern(size_t bytes)
{
    static uint8_t mem[3 << 20];

    CHECK(bytes <= sizeof mem, "pattern\n");
    for (size_t i = 0; i < bytes; i++)
        mem[i] = (uint8_t)(i % PATTERN_PRIME);
    return mem;
}

static struct handle recv_on(struct rig *g, int fd)
{
    struct handle h = op(g, HANDLE_RECV);

    ring_recv(g->ring, h, fd);
    return h;
}

static const struct seen *send_on(struct rig *g, int fd, const void *at, uint32_t len)
{
    struct handle h = op(g, HANDLE_SEND);

    ring_send(g->ring, h, fd, at, len);
    return await(g, h, true);
}

static void close_on(struct rig *g, int *io_fd)
{
    struct handle      h = op(g, HANDLE_CLOSE);
    const struct seen *s;

    ring_close_fd(g->ring, h, *io_fd);
    s = await(g, h, true);
    CHECK(s->why == WHY_OK && s->events == 1, "close: %s\n", why_name(s->why));
    *io_fd = -1;
}

static void expect_end(struct rig *g, struct handle recv, int64_t bytes, enum why why)
{
    const struct seen *s = await(g, recv, true);

    CHECK(s->n == bytes && s->why == why, "%lld bytes and %s, not %lld and %s\n", (long long)s->n, why_name(s->why),
          (long long)bytes, why_name(why));
    CHECK(s->lasts == 1 && s->wrong_bytes == 0, "%u ends, %u wrong bytes\n", s->lasts, s->wrong_bytes);
}

/* ---- scripts ---- */

static struct rig g;

TEST(a_wait_for_nothing_takes_its_time)
{
    struct ring_event events[4];

    rig_open(&g);
    uint64_t begin_ns = clock_mono_ns();
    CHECK(ring_wait(g.ring, events, 4, 20 * NS_PER_MS, 1, 0) == 0, "an event of nothing\n");
    uint64_t took_ns = clock_mono_ns() - begin_ns;
    CHECK(took_ns >= 20 * NS_PER_MS && took_ns < 2 * NS_PER_S, "%llu ns\n", (unsigned long long)took_ns);
    begin_ns = clock_mono_ns();
    CHECK(ring_wait(g.ring, events, 4, 0, 1, 0) == 0, "an event of nothing\n");
    CHECK(clock_mono_ns() - begin_ns < NS_PER_S, "no wait was asked for\n");
    begin_ns = clock_mono_ns();
    CHECK(ring_wait(g.ring, events, 4, UINT64_MAX, 16, 50 * NS_PER_US) == 0, "an event of nothing\n");
    took_ns = clock_mono_ns() - begin_ns;
    CHECK(took_ns >= RING_WAIT_NS_MAX && took_ns < 3 * NS_PER_S, "for ever was %llu ns\n", (unsigned long long)took_ns);
    rig_close(&g);
}

TEST(bytes_arrive_whole_and_the_receive_goes_on)
{
    rig_open(&g);
    join(&g);
    struct handle      recv = recv_on(&g, g.server);
    const struct seen *s = send_on(&g, g.client, pattern(5), 5);
    CHECK(s->n == 5 && s->why == WHY_OK && s->events == 1, "send: %lld\n", (long long)s->n);
    s = await_bytes(&g, recv, 5);
    CHECK(s->n == 5 && s->lasts == 0, "receive: %lld\n", (long long)s->n);
    uint8_t      *rest = (uint8_t *)(uintptr_t)(pattern(300) + 5);
    struct iovec  iov[3] = { { rest, 100 }, { rest + 100, 0 }, { rest + 100, 195 } };
    struct msghdr message = { .msg_iov = iov, .msg_iovlen = 3 };
    struct handle send = op(&g, HANDLE_SEND);
    ring_sendmsg(g.ring, send, g.client, &message);
    CHECK(await(&g, send, true)->n == 295, "sendmsg: %lld\n", (long long)seen(&g, send)->n);
    await_bytes(&g, recv, 300);
    close_on(&g, &g.client);
    expect_end(&g, recv, 300, WHY_IO_EOF);
    rig_close(&g);
}

TEST(much_arrives_in_order_through_short_sends)
{
    enum { BYTES = (RING_BUFFERS_N - 1) * RING_BUFFER_BYTES }; /* more may come at once than buffers are lent */
    const uint8_t *bytes = pattern(BYTES);
    int64_t        sent = 0;

    rig_open(&g);
    join(&g);
    struct handle recv = recv_on(&g, g.server);
    while (sent < BYTES) {
        g.next_slot = 20; /* this slot again and again */
        g.seen[20] = (struct seen){ 0 };
        const struct seen *s = send_on(&g, g.client, bytes + sent, (uint32_t)(BYTES - sent));
        CHECK(s->why == WHY_OK && s->n > 0, "send: %s after %lld\n", why_name(s->why), (long long)sent);
        sent += s->n;
    }
    close_on(&g, &g.client);
    expect_end(&g, recv, BYTES, WHY_IO_EOF);
    rig_close(&g);
}

TEST(half_close_leaves_the_other_direction_open)
{
    rig_open(&g);
    join(&g);
    struct handle to_server = recv_on(&g, g.server), to_client = recv_on(&g, g.client), finish = op(&g, HANDLE_CLOSE);
    ring_shutdown_send(g.ring, finish, g.client);
    CHECK(await(&g, finish, true)->why == WHY_OK, "shutdown: %s\n", why_name(seen(&g, finish)->why));
    expect_end(&g, to_server, 0, WHY_IO_EOF);
    CHECK(send_on(&g, g.server, pattern(10), 10)->n == 10, "the other direction is shut too\n");
    await_bytes(&g, to_client, 10);
    const struct seen *s = send_on(&g, g.client, pattern(1), 1);
    CHECK(s->why == WHY_IO_RESET, "send after shutdown: %s\n", why_name(s->why));
    close_on(&g, &g.server);
    expect_end(&g, to_client, 10, WHY_IO_EOF);
    rig_close(&g);
}

TEST(an_end_may_be_received_again)
{
    rig_open(&g);
    join(&g);
    close_on(&g, &g.client);
    expect_end(&g, recv_on(&g, g.server), 0, WHY_IO_EOF);
    expect_end(&g, recv_on(&g, g.server), 0, WHY_IO_EOF);
    rig_close(&g);
}

TEST(closing_over_unread_bytes_resets)
{
    rig_open(&g);
    join(&g);
    struct handle recv = recv_on(&g, g.client);
    CHECK(send_on(&g, g.client, pattern(10), 10)->n == 10, "send\n");
    settle(&g);
    close_on(&g, &g.server);
    expect_end(&g, recv, 0, WHY_IO_RESET);
    settle(&g);
    const struct seen *s = send_on(&g, g.client, pattern(10), 10);
    CHECK(s->why == WHY_IO_RESET && s->n == 0, "send into a reset: %s\n", why_name(s->why));
    struct handle finish = op(&g, HANDLE_CLOSE);
    ring_shutdown_send(g.ring, finish, g.client);
    CHECK(await(&g, finish, true)->why == WHY_IO_RESET, "shutdown of a reset: %s\n", why_name(seen(&g, finish)->why));
    finish = op(&g, HANDLE_CANCEL);
    ring_shutdown_send(g.ring, finish, g.client);
    CHECK(await(&g, finish, true)->why == WHY_OK, "a request tells: %s\n", why_name(seen(&g, finish)->why));
    struct socket_address addr;
    socket_peer(g.client, &addr);
    CHECK(addr.bytes_n == 0, "a reset connection has a peer\n");
    rig_close(&g);
}

TEST(bytes_before_a_reset_can_be_read)
{
    rig_open(&g);
    join(&g);
    CHECK(send_on(&g, g.client, pattern(10), 10)->n == 10, "send\n");
    CHECK(send_on(&g, g.server, pattern(20), 20)->n == 20, "send\n");
    settle(&g);
    close_on(&g, &g.server);
    settle(&g);
    expect_end(&g, recv_on(&g, g.client), 20, WHY_IO_RESET);
    rig_close(&g);
}

TEST(sending_to_one_who_closed_brings_a_reset)
{
    rig_open(&g);
    join(&g);
    close_on(&g, &g.server);
    settle(&g);
    const struct seen *s = send_on(&g, g.client, pattern(10), 10);
    CHECK(s->why == WHY_OK && s->n == 10, "the first send is taken: %s\n", why_name(s->why));
    settle(&g);
    s = send_on(&g, g.client, pattern(10), 10);
    CHECK(s->why == WHY_IO_RESET, "the second one is not: %s\n", why_name(s->why));
    rig_close(&g);
}

TEST(an_idle_receive_can_be_cancelled_and_nothing_is_lost)
{
    rig_open(&g);
    join(&g);
    struct handle recv = recv_on(&g, g.server);
    settle(&g);
    end_by_cancel(&g, recv);
    CHECK(send_on(&g, g.client, pattern(10), 10)->n == 10, "send\n");
    settle(&g);
    CHECK(seen(&g, recv)->n == 0, "bytes after the end\n");
    recv = recv_on(&g, g.server);
    await_bytes(&g, recv, 10);
    close_on(&g, &g.client);
    expect_end(&g, recv, 10, WHY_IO_EOF);
    rig_close(&g);
}

TEST(a_send_that_is_stuck_can_be_cancelled)
{
    enum { BYTES = (RING_BUFFERS_N - 1) * RING_BUFFER_BYTES }; /* more may come at once than buffers are lent */
    struct handle send;

    rig_open(&g);
    join(&g);
    int64_t sent = 0;
    for (int turns = 0;; turns++) { /* until the peer's queue and ours are full */
        g.next_slot = 30 + (uint32_t)(turns % 2);
        g.seen[g.next_slot] = (struct seen){ 0 };
        send = op(&g, HANDLE_SEND);
        ring_send(g.ring, send, g.client, pattern(BYTES), BYTES);
        for (int i = 0; i < 50 && seen(&g, send)->events == 0; i++)
            turn(&g, NS_PER_MS);
        sent += seen(&g, send)->n;
        if (seen(&g, send)->events == 0)
            break;
        CHECK(seen(&g, send)->why == WHY_OK && turns < 1000, "send: %s\n", why_name(seen(&g, send)->why));
    }
    CHECK(sent > 0, "nothing fitted\n");
    g.next_slot = 40;
    end_by_cancel(&g, send);
    CHECK(seen(&g, send)->n == 0, "a cancelled send sent\n");
    rig_close(&g);
}

TEST(cancelling_nothing_is_answered)
{
    rig_open(&g);
    struct handle cancel = op(&g, HANDLE_CANCEL);
    ring_cancel(g.ring, cancel, handle_of(HANDLE_RECV, 5, 5));
    const struct seen *s = await(&g, cancel, true);
    CHECK(s->why == WHY_OK && s->events == 1 && s->n == 0, "cancel: %s, %d will end\n", why_name(s->why), (int)s->n);
    cancel = op(&g, HANDLE_UNLISTEN);
    ring_cancel(g.ring, cancel, handle_of(HANDLE_ACCEPT, 5, 5));
    s = await(&g, cancel, true);
    CHECK(s->why == WHY_OK && s->events == 1, "unlisten: %s\n", why_name(s->why));
    rig_close(&g);
}

TEST(a_connect_to_nobody_is_refused)
{
    rig_open(&g);
    struct handle connect = op(&g, HANDLE_CONNECT);
    close_now(&g.listener);
    if (!is_simulated())
        usleep(20000); /* listening sockets of an earlier ring may outlive it by milliseconds */
    CHECK(socket_stream(AF_INET, &g.client) == WHY_OK, "socket\n");
    ring_connect(g.ring, connect, g.client, &g.addr.any, g.addr.bytes_n);
    const struct seen *s = await(&g, connect, true);
    CHECK(s->why == WHY_IO_REFUSED && s->events == 1, "connect: %s\n", why_name(s->why));
    rig_close(&g);
}

TEST(one_accept_takes_many)
{
    enum { CLIENTS_N = 10 };
    int fds[CLIENTS_N];

    rig_open(&g);
    struct handle accept = op(&g, HANDLE_ACCEPT);
    ring_accept(g.ring, accept, g.listener);
    for (int i = 0; i < CLIENTS_N; i++) {
        struct handle connect = op(&g, HANDLE_CONNECT);
        CHECK(socket_stream(AF_INET, &fds[i]) == WHY_OK, "socket\n");
        ring_connect(g.ring, connect, fds[i], &g.addr.any, g.addr.bytes_n);
        CHECK(await(&g, connect, true)->why == WHY_OK, "connect\n");
        for (uint32_t turns = 0; seen(&g, accept)->events <= (uint32_t)i; turns++) {
            CHECK(turns < 1000, "accepted %u of %d\n", seen(&g, accept)->events, i + 1);
            turn(&g, NS_PER_MS);
        }
        struct socket_address near, far;
        int                   accepted = seen(&g, accept)->last_n;
        socket_local(fds[i], &near);
        socket_peer(accepted, &far);
        CHECK(near.bytes_n == 16 && memcmp(near.bytes, far.bytes, 16) == 0, "the two ends do not agree who they are\n");
        close_now(&accepted);
        close_now(&fds[i]);
    }
    CHECK(seen(&g, accept)->lasts == 0, "accept ended\n");
    end_by_cancel(&g, accept);
    rig_close(&g);
}

/* The closed end's memory of the connection must not hold back its end: cancel, then close, and the peer sees it. */
TEST(close_order_ends_the_connection)
{
    rig_open(&g);
    join(&g);
    struct handle near = recv_on(&g, g.server), far = recv_on(&g, g.client);
    settle(&g);
    end_by_cancel(&g, near);
    close_on(&g, &g.server);
    expect_end(&g, far, 0, WHY_IO_EOF);
    rig_close(&g);
}

TEST(starved_receives_end_and_lose_nothing)
{
    enum { CHUNK = 1 << 20 };
    const uint8_t *bytes = pattern(CHUNK + PATTERN_PRIME);
    int64_t        sent = 0;

    rig_open(&g);
    join(&g);
    g.is_holding = true;
    struct handle recv = recv_on(&g, g.server), send = { 0 };
    bool          is_sending = false;
    CHECK(ring_buffers_n(g.ring) > 1 && ring_buffers_free(g.ring) == ring_buffers_n(g.ring), "not all are free\n");
    while (seen(&g, recv)->lasts == 0) {
        if (!is_sending) {
            g.next_slot = 30;
            g.seen[30] = (struct seen){ 0 };
            send = op(&g, HANDLE_SEND);
            ring_send(g.ring, send, g.client, bytes + sent % PATTERN_PRIME, CHUNK);
            is_sending = true;
        }
        turn(&g, 10 * NS_PER_MS);
        CHECK(g.held_n < HELD_MAX - EVENTS_MAX, "buffers without end\n");
        if (seen(&g, send)->lasts > 0) {
            sent += seen(&g, send)->n;
            is_sending = false;
        }
    }
    const struct seen *s = seen(&g, recv);
    int64_t            before = s->n;
    CHECK(s->why == WHY_IO_NO_BUFFERS && ring_counts(g.ring).buffers_starved == 1, "ended with %s\n", why_name(s->why));
    CHECK(s->wrong_bytes == 0 && ring_buffers_free(g.ring) == 0, "%u buffers free\n", ring_buffers_free(g.ring));
    /* An idle receive may be armed without a buffer. */
    g.next_slot = 40;
    struct handle idle = recv_on(&g, g.client);
    settle(&g);
    CHECK(seen(&g, idle)->events == 0, "an idle receive ended with %s\n", why_name(seen(&g, idle)->why));
    end_by_cancel(&g, idle);
    for (uint32_t i = 0; i < g.held_n; i++)
        buf_drop(g.held[i]);
    g.held_n = 0;
    g.is_holding = false;
    CHECK(ring_buffers_free(g.ring) > 0, "dropped, not free\n");
    g.next_slot = 32;
    struct handle again = op(&g, HANDLE_RECV);
    g.seen[32].n = before; /* the pattern goes on */
    ring_recv(g.ring, again, g.server);
    if (is_sending)
        sent += await(&g, send, true)->n;
    await_bytes(&g, again, sent);
    CHECK(seen(&g, again)->wrong_bytes == 0, "%u bytes are wrong\n", seen(&g, again)->wrong_bytes);
    close_on(&g, &g.client);
    expect_end(&g, again, sent, WHY_IO_EOF);
    rig_close(&g);
}

TEST(few_events_at_a_time_lose_none)
{
    struct ring_event one[1];

    rig_open(&g);
    uint32_t first = g.next_slot, got = 0;
    for (int i = 0; i < 20; i++)
        ring_cancel(g.ring, op(&g, HANDLE_CANCEL), handle_of(HANDLE_RECV, 1, 1));
    for (int turns = 0; got < 20 && turns < 1000; turns++)
        if (ring_wait(g.ring, one, 1, NS_PER_MS, 8, 10 * NS_PER_US) == 1) {
            take(&g, one);
            got++;
        }
    for (uint32_t i = first; i < first + 20; i++)
        CHECK(g.seen[i].lasts == 1, "operation %u completed %u times\n", i, g.seen[i].lasts);
    rig_close(&g);
}

TEST(many_operations_of_one_turn_all_complete)
{
    enum { MANY = 3 * RING_ENTRIES };
    struct ring_event events[EVENTS_MAX];
    uint32_t          got = 0;

    rig_open(&g);
    for (uint32_t i = 0; i < MANY; i++)
        ring_cancel(g.ring, handle_of(HANDLE_CANCEL, i, 1), handle_of(HANDLE_RECV, 1, 1));
    for (int turns = 0; got < MANY && turns < 10000; turns++)
        got += ring_wait(g.ring, events, EVENTS_MAX, NS_PER_MS, 1, 0);
    CHECK(got == MANY, "%u of %d\n", got, MANY);
    rig_close(&g);
}

TEST(a_wake_up_arrives_from_a_ring_and_from_none)
{
    struct ring      *other = NULL;
    struct ring_event e[4];
    char              error[256] = "";
    uint32_t          n = 0;

    rig_open(&g);
    enum why why = ring_open(&other, error, sizeof error);
    CHECK(why == WHY_OK, "second ring: %s\n", error);
    ring_post(other, g.ring, handle_of(HANDLE_WAKE, 3, 4));
    CHECK(ring_wait(other, e, 4, 0, 1, 0) == 0, "the sender is told\n");
    for (int turns = 0; turns < 100 && n == 0; turns++)
        n = ring_wait(g.ring, e, 4, 10 * NS_PER_MS, 1, 0);
    CHECK(n == 1 && handle_kind(e[0].handle) == HANDLE_WAKE && e[0].why == WHY_OK && !e[0].more, "%u events\n", n);
    CHECK(handle_slot(e[0].handle) == 3 && handle_generation(e[0].handle) == 4, "another handle\n");
    for (int round = 0; round < 3; round++) {
        ring_post(NULL, g.ring, handle_of(HANDLE_WAKE, 0, 0));
        n = 0;
        for (int turns = 0; turns < 100 && n == 0; turns++)
            n = ring_wait(g.ring, e, 4, 10 * NS_PER_MS, 1, 0);
        CHECK(n == 1 && handle_kind(e[0].handle) == HANDLE_WAKE, "round %d: %u events\n", round, n);
    }
    ring_close(other);
    rig_close(&g);
}

TEST(foreign_descriptors_are_polled_and_files_written)
{
    int ends[2];

    rig_open(&g);
    CHECK(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0, "pipe\n");
    struct handle poll = op(&g, HANDLE_POLL);
    ring_poll_in(g.ring, poll, ends[0]);
    settle(&g);
    CHECK(seen(&g, poll)->events == 0, "readable while empty\n");
    for (uint32_t round = 1; round <= 2; round++) {
        char c = 'x';
        CHECK(write(ends[1], &c, 1) == 1, "write\n");
        for (int turns = 0; turns < 100 && seen(&g, poll)->events < round; turns++)
            turn(&g, NS_PER_MS);
        CHECK(seen(&g, poll)->events >= round && seen(&g, poll)->lasts == 0, "round %u: not seen\n", round);
        CHECK(read(ends[0], &c, 1) == 1, "read\n");
        settle(&g);
    }
    end_by_cancel(&g, poll);
    int           file = memfd_create("ring_test", MFD_CLOEXEC);
    struct handle first = op(&g, HANDLE_FILE_WRITE), second = op(&g, HANDLE_FILE_WRITE);
    char          got[16] = "";
    ring_write_file(g.ring, first, file, "one ", 4);
    CHECK(await(&g, first, true)->n == 4, "write: %s\n", why_name(seen(&g, first)->why));
    ring_write_file(g.ring, second, file, "two", 3);
    CHECK(await(&g, second, true)->n == 3, "write: %s\n", why_name(seen(&g, second)->why));
    CHECK(pread(file, got, sizeof got, 0) == 7 && strcmp(got, "one two") == 0, "the file holds %s\n", got);
    struct handle bad = op(&g, HANDLE_FILE_WRITE);
    ring_write_file(g.ring, bad, ends[0], "x", 1);
    CHECK(await(&g, bad, true)->why == WHY_IO_FAILED, "write to a read end: %s\n", why_name(seen(&g, bad)->why));
    close(file);
    close(ends[0]);
    close(ends[1]);
    rig_close(&g);
}

CHECK_RUN(RUN(a_wait_for_nothing_takes_its_time), RUN(bytes_arrive_whole_and_the_receive_goes_on),
          RUN(much_arrives_in_order_through_short_sends), RUN(half_close_leaves_the_other_direction_open),
          RUN(an_end_may_be_received_again), RUN(closing_over_unread_bytes_resets),
          RUN(bytes_before_a_reset_can_be_read), RUN(sending_to_one_who_closed_brings_a_reset),
          RUN(an_idle_receive_can_be_cancelled_and_nothing_is_lost), RUN(a_send_that_is_stuck_can_be_cancelled),
          RUN(cancelling_nothing_is_answered), RUN(a_connect_to_nobody_is_refused), RUN(one_accept_takes_many),
          RUN(close_order_ends_the_connection), RUN(starved_receives_end_and_lose_nothing),
          RUN(few_events_at_a_time_lose_none), RUN(many_operations_of_one_turn_all_complete),
          RUN(a_wake_up_arrives_from_a_ring_and_from_none), RUN(foreign_descriptors_are_polled_and_files_written))
