/* socket_sim.c - sockets of the simulated world, instead of socket_uring.c.
 *
 * Layer:  io (simulation).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io/socket.h"
#include "io/world_sim.h"

static struct world_sim *world_of(void)
{
    struct world_sim *w = world_sim_now();

    MUST(w != NULL);
    return w;
}

enum why socket_listen(const struct socket_address *addr, int backlog, int *out_fd, int *out_errno)
{
    int fd = net_sim_listen(&world_of()->net, true, addr);

    UNUSED(backlog);
    if (fd < 0) {
        *out_errno = EMFILE;
        return WHY_IO_FAILED;
    }
    *out_fd = fd;
    return WHY_OK;
}

enum why socket_listen_path(const char *path, int backlog, int *out_fd, int *out_errno)
{
    UNUSED(path);
    UNUSED(backlog);
    UNUSED(out_fd);
    *out_errno = EAFNOSUPPORT; /* The simulated world has one family. */
    return WHY_IO_FAILED;
}

enum why socket_stream(int family, int *out_fd)
{
    int fd = net_sim_socket(&world_of()->net, true);

    UNUSED(family);
    if (fd < 0)
        return WHY_IO_NO_DESCRIPTORS;
    *out_fd = fd;
    return WHY_OK;
}

/* There are no datagrams in this world. */
enum why socket_datagram(int family, int *out_fd)
{
    UNUSED(family);
    UNUSED(out_fd);
    return WHY_IO_NO_DESCRIPTORS;
}

enum why socket_datagram_connect(int fd, const struct socket_address *peer)
{
    UNUSED(fd);
    UNUSED(peer);
    return WHY_IO_FAILED;
}

void socket_datagram_send(int fd, struct span bytes)
{
    UNUSED(fd);
    UNUSED(bytes);
}

int socket_datagram_receive(int fd, uint8_t *at, uint32_t len)
{
    UNUSED(fd);
    UNUSED(at);
    UNUSED(len);
    return -1;
}

void socket_peer(int fd, struct socket_address *out_addr)
{
    const struct net_sim_socket *s = net_sim_find(&world_of()->net, fd);

    MUST(s != NULL);
    memset(out_addr, 0, sizeof *out_addr);
    if (s->kind == NET_SIM_STREAM && !s->is_reset) /* nobody is at the other end of a reset one */
        *out_addr = s->peer;
}

void socket_local(int fd, struct socket_address *out_addr)
{
    const struct net_sim_socket *s = net_sim_find(&world_of()->net, fd);

    MUST(s != NULL);
    *out_addr = s->local;
}

void socket_reset_at_close(int fd)
{
    struct net_sim_socket *s = net_sim_find(&world_of()->net, fd);

    if (s != NULL)
        s->resets_at_close = true;
}

void socket_close_now(int fd)
{
    if (fd < RING_SIM_FD_FIRST)
        close(fd);
    else
        net_sim_close(&world_of()->net, fd, false);
}
