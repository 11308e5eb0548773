/* net_sim.h - the network of the simulated world: sockets, listeners and the bytes between them. No time, no chance.
 *
 * Layer:  io (simulation).
 * Owner:  the world embeds one; a socket is named by its descriptor.
 * Bounds: RING_SIM_SOCKETS_MAX sockets; queue_bytes per reader; NET_SIM_BACKLOG_MAX connections that wait for accept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "io/ring_sim.h"
#include "io/socket.h"

enum { NET_SIM_BACKLOG_MAX = 256, NET_SIM_QUEUE_BYTES_MAX = 65536 };

enum net_sim_kind {
    NET_SIM_FREE = 0,
    NET_SIM_FRESH,     /* made, not connected          */
    NET_SIM_LISTENER,
    NET_SIM_STREAM,    /* connected, now or once       */
};

struct net_sim_socket {
    uint8_t  kind;        /* enum net_sim_kind                                              */
    bool     is_ours;     /* the program's; others are scripted                             */
    bool     rx_end;      /* the other side sends no more after what is queued              */
    bool     tx_end;      /* this side sends no more                                        */
    bool     resets_at_close;
    bool     is_reset;    /* comes to light after what is queued                            */
    int32_t  other;       /* index of the socket at the other end; -1 when it is gone       */
    uint32_t rx_at, rx_n; /* queued for the reader: a ring in the socket's piece of the memory */
    uint32_t waiting_n;   /* listener: connections not accepted                             */
    int32_t  waiting[NET_SIM_BACKLOG_MAX];
    struct socket_address local, peer;
};

struct net_sim {
    struct net_sim_socket *_sockets; /* RING_SIM_SOCKETS_MAX                        */
    uint8_t               *_queues;  /* NET_SIM_QUEUE_BYTES_MAX for each            */
    uint32_t               queue_bytes;
    uint32_t               fds_max;
    uint32_t               fds_n;    /* of the program, open                        */
    int32_t                _used_n;  /* sockets from here on were never used        */
    uint16_t               _port_next;
};

void net_sim_init(struct net_sim *net, uint32_t queue_bytes, uint32_t fds_max);
void net_sim_fini(struct net_sim *net);
/* NULL when no socket has that descriptor. */
struct net_sim_socket *net_sim_find(const struct net_sim *net, int fd);
/* Lowest free number, as the kernel does it; -1 when the program has too many. */
int net_sim_socket(struct net_sim *net, bool is_ours);
/* A port of 0 is chosen. */
int net_sim_listen(struct net_sim *net, bool is_ours, const struct socket_address *addr);
/* Joins fd to one of the listeners of that address (which: any number), which may accept it. Errors: WHY_IO_REFUSED. */
enum why net_sim_connect(struct net_sim *net, int fd, const struct socket_address *addr, uint32_t which);
/* WHY_OK and *out_fd; WHY_IO_NO_DESCRIPTORS (the connection goes on waiting). Pre: waiting_n > 0. */
enum why net_sim_accept(struct net_sim *net, int listener, int *out_fd);
void net_sim_close(struct net_sim *net, int fd, bool with_reset);
void net_sim_finish(struct net_sim *net, int fd);
/* Would a send or a receive complete now, be it with an error? */
bool net_sim_may_send(const struct net_sim *net, int fd);
bool net_sim_may_recv(const struct net_sim *net, int fd);
/* Queue up to len bytes for the other side: WHY_OK and *out_n > 0, or WHY_IO_RESET. Pre: may_send. */
enum why net_sim_send(struct net_sim *net, int fd, const uint8_t *at, uint32_t len, uint32_t *out_n);
/* WHY_OK and *out_n > 0, WHY_IO_EOF, or WHY_IO_RESET. Pre: may_recv. */
enum why net_sim_recv(struct net_sim *net, int fd, uint8_t *at, uint32_t bytes_max, uint32_t *out_n);
