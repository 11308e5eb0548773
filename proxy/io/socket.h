/* socket.h - sockets as values: addresses, and the calls that never block, made at once.
 *
 * Layer:  io.
 * Through the same door as the ring, so that the simulated world has them too: socket_uring.c, socket_sim.c.
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"

struct socket_address {
    union {
        struct sockaddr     any;
        struct { uint16_t family; uint16_t port_be; uint8_t rest[24]; } raw;
        uint8_t bytes[28]; /* sockaddr_in or sockaddr_in6 */
    };
    uint8_t bytes_n;
};
/* A listening TCP socket: SO_REUSEPORT, SO_REUSEADDR, TCP_NODELAY (inherited), IPV6_V6ONLY. Errors: WHY_IO_FAILED with
 * out_errno for the operator's sentence (EADDRINUSE, EACCES ...). */
MUST_CHECK enum why socket_listen(const struct socket_address *addr, int backlog, int *out_fd, int *out_errno);
/* A listening socket of this machine at path, which only its owner may connect to (mode 0600). One that nobody listens on any more is
 * replaced. Errors: as above; ENAMETOOLONG: a path of more than 107 bytes, EADDRINUSE: somebody does listen. */
MUST_CHECK enum why socket_listen_path(const char *path, int backlog, int *out_fd, int *out_errno);
/* A TCP socket for ring_connect, TCP_NODELAY set. Errors: WHY_IO_NO_DESCRIPTORS, WHY_IO_FAILED. */
MUST_CHECK enum why socket_stream(int family, int *out_fd);
/* A UDP socket for one peer, which never blocks. Errors: WHY_IO_NO_DESCRIPTORS, WHY_IO_FAILED. */
MUST_CHECK enum why socket_datagram(int family, int *out_fd);
/* Datagrams go to that peer and come from it alone; may be repeated. Errors: WHY_IO_FAILED. */
MUST_CHECK enum why socket_datagram_connect(int fd, const struct socket_address *peer);
/* Sent or lost, as datagrams are. */
void socket_datagram_send(int fd, struct span bytes);
/* The next datagram, cut to len bytes: its length; -1: none is there. */
int socket_datagram_receive(int fd, uint8_t *at, uint32_t len);
/* Peer's and own address of a connected socket; bytes_n 0 when it is already gone. */
void socket_peer(int fd, struct socket_address *out_addr);
void socket_local(int fd, struct socket_address *out_addr);
/* Let the close of a connected socket be a reset (SO_LINGER of 0 s): the peer must not take what it has for everything. */
void socket_reset_at_close(int fd);
/* Synchronous close for descriptors with nothing in flight (start-up errors). */
void socket_close_now(int fd);
