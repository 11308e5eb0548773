/* socket_uring.c - the kernel's sockets.
 *
 * Spec:   socket(7), tcp(7), ipv6(7).
 * Layer:  io.
 * Thread: any.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/socket.h"

static int set_on(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof on);
}

enum why socket_listen(const struct socket_address *addr, int backlog, int *out_fd, int *out_errno)
{
    int fd = socket(addr->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

    /* TCP_NODELAY is inherited by accepted sockets, which saves a call for each. */
    if (fd >= 0 && set_on(fd, SOL_SOCKET, SO_REUSEADDR) == 0 && set_on(fd, SOL_SOCKET, SO_REUSEPORT) == 0 &&
        set_on(fd, IPPROTO_TCP, TCP_NODELAY) == 0 &&
        (addr->any.sa_family != AF_INET6 || set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0) &&
        bind(fd, &addr->any, addr->bytes_n) == 0 && listen(fd, backlog) == 0) {
        *out_fd = fd;
        return WHY_OK;
    }
    *out_errno = errno;
    if (fd >= 0)
        socket_close_now(fd);
    return WHY_IO_FAILED;
}

enum why socket_listen_path(const char *path, int backlog, int *out_fd, int *out_errno)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = -1, probe;
    bool is_taken;

    if (strlen(path) >= sizeof addr.sun_path) {
        *out_errno = ENAMETOOLONG;
        return WHY_IO_FAILED;
    }
    memcpy(addr.sun_path, path, strlen(path));
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    is_taken = probe >= 0 && connect(probe, (struct sockaddr *)&addr, sizeof addr) == 0;
    if (probe >= 0)
        socket_close_now(probe);
    if (is_taken) {
        *out_errno = EADDRINUSE;
        return WHY_IO_FAILED;
    }
    /* Linux gives the file the mode of the socket: there is no moment at which others may connect. */
    if ((unlink(path) == 0 || errno == ENOENT) && (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0 &&
        fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0 && listen(fd, backlog) == 0) {
        *out_fd = fd;
        return WHY_OK;
    }
    *out_errno = errno;
    if (fd >= 0)
        socket_close_now(fd);
    return WHY_IO_FAILED;
}

enum why socket_stream(int family, int *out_fd)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0)
        return errno == EMFILE || errno == ENFILE ? WHY_IO_NO_DESCRIPTORS : WHY_IO_FAILED;
    if (set_on(fd, IPPROTO_TCP, TCP_NODELAY) != 0) {
        socket_close_now(fd);
        return WHY_IO_FAILED;
    }
    *out_fd = fd;
    return WHY_OK;
}

enum why socket_datagram(int family, int *out_fd)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);

    if (fd < 0)
        return errno == EMFILE || errno == ENFILE ? WHY_IO_NO_DESCRIPTORS : WHY_IO_FAILED;
    *out_fd = fd;
    return WHY_OK;
}

enum why socket_datagram_connect(int fd, const struct socket_address *peer)
{
    return connect(fd, &peer->any, peer->bytes_n) == 0 ? WHY_OK : WHY_IO_FAILED;
}

void socket_datagram_send(int fd, struct span bytes)
{
    (void)!send(fd, bytes.at, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int socket_datagram_receive(int fd, uint8_t *at, uint32_t len)
{
    for (int refusals_n = 0; refusals_n < 4; refusals_n++) {
        ssize_t n = recv(fd, at, len, MSG_DONTWAIT);

        if (n >= 0)
            return (int)n;
        if (errno != ECONNREFUSED) /* An answer to an earlier datagram: better ones may stand behind it. */
            return -1;
    }
    return -1;
}

typedef int name_fn(int fd, struct sockaddr *addr, socklen_t *io_bytes);

static void ask_name(name_fn *ask, int fd, struct socket_address *out_addr)
{
    socklen_t bytes = sizeof out_addr->bytes;

    memset(out_addr, 0, sizeof *out_addr);
    if (ask(fd, &out_addr->any, &bytes) == 0 && bytes <= sizeof out_addr->bytes)
        out_addr->bytes_n = (uint8_t)bytes;
}

void socket_peer(int fd, struct socket_address *out_addr)
{
    ask_name(getpeername, fd, out_addr);
}

void socket_local(int fd, struct socket_address *out_addr)
{
    ask_name(getsockname, fd, out_addr);
}

void socket_reset_at_close(int fd)
{
    struct linger now = { .l_onoff = 1, .l_linger = 0 };

    /* Refused on a socket that the peer has reset already: then it is done. */
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void socket_close_now(int fd)
{
    int failed = close(fd);

    MUST(failed == 0 || errno != EBADF);
}
