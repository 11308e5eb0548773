/* ring_test.c - what only the kernel's ring and sockets do: refusals, limits of the process, other threads, overflow.
 *
 * The common part is tests/conformance/ring_test.c.
 */
#include "io/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/limits.h"
#include "lib/check.h"
#include "lib/child.h"

static struct ring *open_ring(void)
{
    struct ring *r = NULL;
    char         error[256] = "";
    enum why     why = ring_open(&r, error, sizeof error);

    CHECK(why == WHY_OK, "ring: %s\n", error);
    return r;
}

static struct socket_address loopback(uint16_t family)
{
    struct socket_address a = { .bytes_n = sizeof(struct sockaddr_in) };

    a.raw.family = family;
    if (family == AF_INET6) {
        a.bytes_n = sizeof(struct sockaddr_in6);
        a.bytes[23] = 1;
    } else {
        a.bytes[4] = 127;
        a.bytes[7] = 1;
    }
    return a;
}

static int listen_on(struct socket_address *io_addr)
{
    int      fd = -1, refused = 0;
    enum why why = socket_listen(io_addr, 16, &fd, &refused);

    CHECK(why == WHY_OK, "listen: %s\n", strerror(refused));
    socket_local(fd, io_addr);
    return fd;
}

/* The next event; there must be one within a second or so. */
static struct ring_event next_event(struct ring *r)
{
    struct ring_event e = { 0 };
    uint32_t          n = 0;

    for (int turns = 0; turns < 100 && n == 0; turns++)
        n = ring_wait(r, &e, 1, 10 * NS_PER_MS, 1, 0);
    CHECK(n == 1, "no event came\n");
    return e;
}

/* No new descriptor for this process; answers the limit that was. */
static struct rlimit limit_descriptors(void)
{
    struct rlimit before, none;
    int           lowest = dup(STDERR_FILENO);

    close(lowest);
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){ .rlim_cur = (rlim_t)lowest, .rlim_max = before.rlim_max };
    setrlimit(RLIMIT_NOFILE, &none);
    return before;
}

TEST(a_process_out_of_descriptors_loses_no_connection)
{
    struct ring          *r = open_ring();
    struct socket_address addr = loopback(AF_INET);
    int                   listener = listen_on(&addr), client = -1, refused = 0;

    CHECK(socket_stream(AF_INET, &client) == WHY_OK, "socket\n");
    struct rlimit before = limit_descriptors();
    enum why      why = socket_stream(AF_INET, &refused);
    CHECK(why == WHY_IO_NO_DESCRIPTORS, "socket: %s\n", why_name(why));
    ring_accept(r, handle_of(HANDLE_ACCEPT, 1, 1), listener);
    ring_connect(r, handle_of(HANDLE_CONNECT, 2, 1), client, &addr.any, addr.bytes_n);
    bool is_connected = false, is_refused = false;
    for (int i = 0; i < 2; i++) {
        struct ring_event e = next_event(r);
        if (handle_kind(e.handle) == HANDLE_CONNECT)
            is_connected = e.why == WHY_OK;
        else
            is_refused = e.why == WHY_IO_NO_DESCRIPTORS && !e.more;
    }
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK(is_connected && is_refused, "connected %d, refused %d\n", is_connected, is_refused);
    ring_accept(r, handle_of(HANDLE_ACCEPT, 1, 2), listener);
    struct ring_event e = next_event(r);
    CHECK(e.why == WHY_OK && e.n > 0 && e.more, "the connection is lost: %s\n", why_name((enum why)e.why));
    socket_close_now(e.n);
    socket_close_now(client);
    ring_cancel(r, handle_of(HANDLE_CANCEL, 1, 1), handle_of(HANDLE_ACCEPT, 1, 2));
    next_event(r);
    next_event(r);
    socket_close_now(listener);
    ring_close(r);
}

TEST(an_address_without_a_way_is_unreachable)
{
    struct ring          *r = open_ring();
    struct socket_address group = loopback(AF_INET);
    int                   client = -1;

    group.bytes[4] = 224; /* TCP has no way to a group, whatever the routes */
    group.raw.port_be = htons(80);
    CHECK(socket_stream(AF_INET, &client) == WHY_OK, "socket\n");
    ring_connect(r, handle_of(HANDLE_CONNECT, 2, 1), client, &group.any, group.bytes_n);
    struct ring_event e = next_event(r);
    CHECK(e.why == WHY_IO_UNREACHABLE, "connect: %s\n", why_name((enum why)e.why));
    socket_close_now(client);
    ring_close(r);
}

TEST(listening_says_what_is_wrong)
{
    struct socket_address v6 = loopback(AF_INET6), foreign = loopback(AF_INET);
    int                   fd = -1, refused = 0;

    foreign.bytes[4] = 192;
    foreign.bytes[6] = 2; /* 192.0.2.1: for documentation, nobody's own */
    enum why why = socket_listen(&foreign, 16, &fd, &refused);
    CHECK(why == WHY_IO_FAILED && refused == EADDRNOTAVAIL, "%s, %s\n", why_name(why), strerror(refused));
    fd = listen_on(&v6);
    CHECK(v6.bytes_n == sizeof(struct sockaddr_in6) && v6.raw.port_be != 0, "%u bytes\n", v6.bytes_n);
    /* Workers share a port. */
    int second = listen_on(&v6);
    socket_close_now(second);
    socket_close_now(fd);
}

static void refuse_by_filter(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = COUNT(code), .filter = code };
    struct ring      *r = NULL;
    char              error[256] = "";

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    enum why why = ring_open(&r, error, sizeof error);
    dprintf(STDERR_FILENO, "%s: %s", why_name(why), error);
}

static void refuse_by_limit(void)
{
    struct ring *r = NULL;
    char         error[256] = "";

    limit_descriptors();
    enum why why = ring_open(&r, error, sizeof error);
    dprintf(STDERR_FILENO, "%s: %s", why_name(why), error);
}

TEST(a_refused_ring_tells_the_operator_what_to_do)
{
    char text[1024];
    int  status = 0;

    child_stderr(refuse_by_filter, text, sizeof text, &status);
    CHECK(strstr(text, "io-failed: ") == text && strstr(text, "allow io_uring_setup") != NULL, "said: %s\n", text);
    child_stderr(refuse_by_limit, text, sizeof text, &status);
    CHECK(strstr(text, "RLIMIT_NOFILE") != NULL, "said: %s\n", text);
}

TEST(a_profile_is_named)
{
    struct ring               *r = open_ring();
    const struct ring_profile *p = ring_profile(r);

    CHECK(p->name != NULL && p->has_incremental_buffers == p->has_min_wait, "profile %s\n", p->name);
    CHECK(ring_buffers_free(r) == (p->has_incremental_buffers ? RING_BUFFERS_MAX : RING_BUFFERS_PLAIN_MAX), "%u free\n",
          ring_buffers_free(r));
    ring_close(r);
}

TEST(completions_beyond_the_queue_are_kept_and_counted)
{
    enum { MANY = RING_COMPLETIONS_N + 2 * RING_ENTRIES };
    static struct ring_event events[RING_EVENTS_A_TICK];
    static uint8_t           seen[MANY];
    struct ring             *r = open_ring();
    uint32_t                 got = 0;

    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < MANY; i++)
        ring_cancel(r, handle_of(HANDLE_CANCEL, i, 1), handle_of(HANDLE_RECV, 1, 1));
    for (int turns = 0; got < MANY && turns < 10000; turns++) {
        uint32_t n = ring_wait(r, events, RING_EVENTS_A_TICK, NS_PER_MS, 1, 0);
        for (uint32_t i = 0; i < n; i++)
            seen[handle_slot(events[i].handle)]++;
        got += n;
    }
    for (uint32_t i = 0; i < MANY; i++)
        CHECK(seen[i] == 1, "%u completed %u times\n", i, seen[i]);
    CHECK(ring_counts(r).overflows > 0 && ring_counts(r).submitted >= MANY, "%llu overflows\n",
          (unsigned long long)ring_counts(r).overflows);
    ring_close(r);
}

struct wakers {
    struct ring *target;
    uint32_t     n;
};

static void *wake_with_a_ring(void *arg)
{
    struct wakers *w = arg;
    char           error[256] = "";
    struct ring   *own = NULL;

    if (ring_open(&own, error, sizeof error) != WHY_OK)
        return NULL;
    for (uint32_t i = 0; i < w->n; i++) {
        struct ring_event e;
        ring_post(own, w->target, handle_of(HANDLE_WAKE, i, 9));
        (void)ring_wait(own, &e, 1, 0, 1, 0);
    }
    ring_close(own);
    return w;
}

TEST(wake_ups_arrive_from_another_thread)
{
    struct ring   *r = open_ring();
    struct wakers  w = { .target = r, .n = 100 };
    pthread_t      thread;
    void          *done = NULL;

    CHECK(pthread_create(&thread, NULL, wake_with_a_ring, &w) == 0, "thread\n");
    for (uint32_t i = 0; i < w.n; i++) {
        struct ring_event e = next_event(r);
        CHECK(handle_kind(e.handle) == HANDLE_WAKE && handle_slot(e.handle) == i, "%u: slot %u\n", i,
              handle_slot(e.handle));
    }
    pthread_join(thread, &done);
    CHECK(done == &w, "the thread got no ring\n");
    ring_close(r);
}

/* The highest descriptor that is a ring: of the one opened last. */
static int last_ring_fd(void)
{
    int last = -1;

    for (int fd = 0; fd < 256; fd++) {
        char    path[32], target[64] = "";
        ssize_t n;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        n = readlink(path, target, sizeof target - 1);
        if (n > 0 && strstr(target, "io_uring") != NULL)
            last = fd;
    }
    return last;
}

TEST(a_wake_up_that_the_kernel_refuses_goes_another_way)
{
    struct ring      *a = open_ring(), *b = open_ring();
    struct ring_event e;
    int               fd = last_ring_fd(), null = open("/dev/null", O_RDWR);

    /* b goes on by its registered descriptor; who asks for it by number finds something that is no ring. */
    CHECK(fd >= 0 && null >= 0 && dup2(null, fd) == fd, "no ring among the descriptors\n");
    ring_post(a, b, handle_of(HANDLE_WAKE, 1, 1));
    for (int turns = 0; turns < 10; turns++)
        CHECK(ring_wait(a, &e, 1, NS_PER_MS, 1, 0) == 0, "the sender's caller is told\n");
    CHECK(handle_kind(next_event(b).handle) == HANDLE_WAKE, "nobody woke\n");
    close(null);
    ring_close(a);
    ring_close(b);
}

CHECK_RUN(RUN(a_process_out_of_descriptors_loses_no_connection), RUN(an_address_without_a_way_is_unreachable),
          RUN(listening_says_what_is_wrong), RUN(a_refused_ring_tells_the_operator_what_to_do), RUN(a_profile_is_named),
          RUN(completions_beyond_the_queue_are_kept_and_counted), RUN(wake_ups_arrive_from_another_thread),
          RUN(a_wake_up_that_the_kernel_refuses_goes_another_way))
