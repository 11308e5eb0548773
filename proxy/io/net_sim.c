/* net_sim.c - sockets in memory, with the manners of Linux: what a close, a reset or an end does to either side.
 *
 * Spec:   RFC 9293 s3.6.1 (half close), s3.10.4 (close with unread data resets), tcp(7).
 * Layer:  io (simulation).
 */
#include "io/net_sim.h"

#include <netinet/in.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_CHOSEN_PORT = 40000 };

void net_sim_init(struct net_sim *net, uint32_t queue_bytes, uint32_t fds_max)
{
    MUST(queue_bytes > 0 && queue_bytes <= NET_SIM_QUEUE_BYTES_MAX);
    *net = (struct net_sim){ .queue_bytes = queue_bytes, .fds_max = fds_max, ._port_next = FIRST_CHOSEN_PORT };
    net->_sockets = memory_map(RING_SIM_SOCKETS_MAX * sizeof *net->_sockets);
    net->_queues = memory_map((size_t)RING_SIM_SOCKETS_MAX * NET_SIM_QUEUE_BYTES_MAX);
    MUST(net->_sockets != NULL && net->_queues != NULL);
}

void net_sim_fini(struct net_sim *net)
{
    memory_unmap(net->_sockets, RING_SIM_SOCKETS_MAX * sizeof *net->_sockets);
    memory_unmap(net->_queues, (size_t)RING_SIM_SOCKETS_MAX * NET_SIM_QUEUE_BYTES_MAX);
}

struct net_sim_socket *net_sim_find(const struct net_sim *net, int fd)
{
    int index = fd - RING_SIM_FD_FIRST;

    if (index < 0 || index >= RING_SIM_SOCKETS_MAX || net->_sockets[index].kind == NET_SIM_FREE)
        return NULL;
    return &net->_sockets[index];
}

static struct net_sim_socket *socket_of(const struct net_sim *net, int fd)
{
    struct net_sim_socket *s = net_sim_find(net, fd);

    MUST(s != NULL); /* an operation on a descriptor that is not open */
    return s;
}

static int fd_of(const struct net_sim *net, const struct net_sim_socket *s)
{
    return (int)(s - net->_sockets) + RING_SIM_FD_FIRST;
}

static struct net_sim_socket *other_of(const struct net_sim *net, const struct net_sim_socket *s)
{
    return s->other >= 0 ? &net->_sockets[s->other] : NULL;
}

int net_sim_socket(struct net_sim *net, bool is_ours)
{
    if (is_ours && net->fds_n >= net->fds_max)
        return -1;
    for (int i = 0; i < RING_SIM_SOCKETS_MAX; i++) {
        struct net_sim_socket *s = &net->_sockets[i];
        if (s->kind != NET_SIM_FREE)
            continue;
        memset(s, 0, offsetof(struct net_sim_socket, waiting));
        memset(&s->local, 0, sizeof s->local);
        memset(&s->peer, 0, sizeof s->peer);
        s->kind = NET_SIM_FRESH;
        s->is_ours = is_ours;
        s->other = -1;
        net->fds_n += is_ours;
        if (net->_used_n <= i)
            net->_used_n = i + 1;
        return i + RING_SIM_FD_FIRST;
    }
    must_not_reach("net_sim: the world has no socket left");
}

static struct socket_address with_port(const struct net_sim *net, const struct socket_address *addr)
{
    struct socket_address a = *addr;

    a.raw.port_be = htons(net->_port_next);
    return a;
}

int net_sim_listen(struct net_sim *net, bool is_ours, const struct socket_address *addr)
{
    int fd = net_sim_socket(net, is_ours);

    if (fd < 0)
        return -1;
    struct net_sim_socket *s = socket_of(net, fd);
    s->kind = NET_SIM_LISTENER;
    s->local = addr->raw.port_be != 0 ? *addr : with_port(net, addr);
    net->_port_next++;
    return fd;
}

static bool is_address(const struct socket_address *a, const struct socket_address *b)
{
    return a->bytes_n == b->bytes_n && memcmp(a->bytes, b->bytes, a->bytes_n) == 0;
}

/* One of the listeners of addr that have room; which spreads over them. */
static struct net_sim_socket *listener_of(const struct net_sim *net, const struct socket_address *addr, uint32_t which)
{
    struct net_sim_socket *found[16];
    int                    n = 0;

    for (int i = 0; i < net->_used_n && n < (int)COUNT(found); i++) {
        struct net_sim_socket *s = &net->_sockets[i];
        if (s->kind == NET_SIM_LISTENER && s->waiting_n < NET_SIM_BACKLOG_MAX && is_address(&s->local, addr))
            found[n++] = s;
    }
    return n > 0 ? found[which % (uint32_t)n] : NULL;
}

enum why net_sim_connect(struct net_sim *net, int fd, const struct socket_address *addr, uint32_t which)
{
    struct net_sim_socket *s = socket_of(net, fd);
    struct net_sim_socket *listener = listener_of(net, addr, which);

    MUST(s->kind == NET_SIM_FRESH);
    if (listener == NULL)
        return WHY_IO_REFUSED;
    /* The accepting side exists from here on; it counts as a descriptor when it is accepted. */
    struct net_sim_socket *far = socket_of(net, net_sim_socket(net, false));
    far->kind = s->kind = NET_SIM_STREAM;
    far->other = (int32_t)(s - net->_sockets);
    s->other = (int32_t)(far - net->_sockets);
    far->local = s->peer = *addr;
    far->peer = s->local = with_port(net, addr);
    net->_port_next++;
    listener->waiting[listener->waiting_n++] = s->other;
    return WHY_OK;
}

enum why net_sim_accept(struct net_sim *net, int listener, int *out_fd)
{
    struct net_sim_socket *l = socket_of(net, listener);

    MUST(l->kind == NET_SIM_LISTENER && l->waiting_n > 0);
    if (l->is_ours && net->fds_n >= net->fds_max)
        return WHY_IO_NO_DESCRIPTORS;
    struct net_sim_socket *s = &net->_sockets[l->waiting[0]];
    memmove(l->waiting, l->waiting + 1, --l->waiting_n * sizeof l->waiting[0]);
    s->is_ours = l->is_ours;
    net->fds_n += s->is_ours;
    *out_fd = fd_of(net, s);
    return WHY_OK;
}

void net_sim_close(struct net_sim *net, int fd, bool with_reset)
{
    struct net_sim_socket *s = socket_of(net, fd), *other = other_of(net, s);

    while (s->waiting_n > 0)
        net_sim_close(net, s->waiting[--s->waiting_n] + RING_SIM_FD_FIRST, true);
    if (other != NULL) {
        /* Closing over unread bytes tells the other side so. */
        if (with_reset || s->resets_at_close || s->rx_n > 0)
            other->is_reset = true;
        else
            other->rx_end = true;
        other->other = -1;
    }
    net->fds_n -= s->is_ours;
    s->kind = NET_SIM_FREE;
}

void net_sim_finish(struct net_sim *net, int fd)
{
    struct net_sim_socket *s = socket_of(net, fd), *other = other_of(net, s);

    s->tx_end = true;
    if (other != NULL)
        other->rx_end = true;
}

bool net_sim_may_send(const struct net_sim *net, int fd)
{
    const struct net_sim_socket *s = socket_of(net, fd), *other = other_of(net, s);

    return s->is_reset || s->tx_end || other == NULL || other->rx_n < net->queue_bytes;
}

bool net_sim_may_recv(const struct net_sim *net, int fd)
{
    const struct net_sim_socket *s = socket_of(net, fd);

    return s->rx_n > 0 || s->rx_end || s->is_reset;
}

static uint8_t *queue_of(const struct net_sim *net, const struct net_sim_socket *s)
{
    return net->_queues + (size_t)(s - net->_sockets) * NET_SIM_QUEUE_BYTES_MAX;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

enum why net_sim_send(struct net_sim *net, int fd, const uint8_t *at, uint32_t len, uint32_t *out_n)
{
    struct net_sim_socket *s = socket_of(net, fd), *other = other_of(net, s);

    MUST(s->kind == NET_SIM_STREAM && net_sim_may_send(net, fd) && len > 0);
    if (s->is_reset || s->tx_end)
        return WHY_IO_RESET;
    if (other == NULL) {
        /* The other side has closed: the kernel takes the bytes, and a reset comes back for them. */
        s->is_reset = true;
        *out_n = len;
        return WHY_OK;
    }
    uint32_t n = least(len, net->queue_bytes - other->rx_n);
    uint32_t end = (other->rx_at + other->rx_n) % net->queue_bytes;
    uint32_t part = least(n, net->queue_bytes - end);
    memcpy(queue_of(net, other) + end, at, part);
    memcpy(queue_of(net, other), at + part, n - part);
    other->rx_n += n;
    *out_n = n;
    return WHY_OK;
}

enum why net_sim_recv(struct net_sim *net, int fd, uint8_t *at, uint32_t bytes_max, uint32_t *out_n)
{
    struct net_sim_socket *s = socket_of(net, fd);

    MUST(s->kind == NET_SIM_STREAM && net_sim_may_recv(net, fd) && bytes_max > 0);
    if (s->rx_n == 0)
        return s->is_reset ? WHY_IO_RESET : WHY_IO_EOF;
    uint32_t n = least(bytes_max, s->rx_n);
    uint32_t part = least(n, net->queue_bytes - s->rx_at);
    memcpy(at, queue_of(net, s) + s->rx_at, part);
    memcpy(at + part, queue_of(net, s), n - part);
    s->rx_at = (s->rx_at + n) % net->queue_bytes;
    s->rx_n -= n;
    *out_n = n;
    return WHY_OK;
}
