/* ring_sim.h - the simulated world behind io/ring.h: its seed, its moods, and the peers that tests script in it.
 *
 * Layer:  io; for tests and fuzzers, linked instead of ring_uring.c, socket_uring.c and base/clock.c.
 * Owner:  one world at a time in a process (rings, sockets and clocks find it by themselves); several rings may live
 *         in it, all stepped by one thread. Without a world there is a clock, which stands still, and nothing else.
 * Bounds: RING_SIM_* below; going past one is the test's mistake and aborts.
 *
 * Time is virtual: it moves in ring_wait (a microsecond a call, or as far as the next thing that happens) and in
 * ring_sim_pass. The world is stricter than the kernel where the contract of ring.h allows: it aborts when memory of a
 * send changes before its event, when a descriptor is closed under an operation, when two sends or two receives are
 * armed on one socket, and when an operation names a descriptor that is not open.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "io/socket.h"

enum {
    RING_SIM_OPS_MAX = 16384,    /* operations in flight, per ring            */
    RING_SIM_SOCKETS_MAX = 4096, /* of the program and of its scripted peers  */
    RING_SIM_LATER_MAX = 4096,   /* callbacks waiting                         */
    RING_SIM_FD_FIRST = 1000000, /* descriptors below are real ones (files, pipes) */
};

/* How the world behaves. Odds are out of 1000 and all of them may be 0: a kind world in which everything completes at
 * once, whole and in order of arming. A size of 0 takes its default. */
struct ring_sim_odds {
    uint16_t late;         /* a completion is delayed, by up to delay_ns_max; this also reorders             */
    uint16_t short_send;   /* a send takes only a part                                                       */
    uint16_t cut_receive;  /* a receive gives only a part of what is there                                   */
    uint16_t early_end;    /* a multishot operation ends (no `more`) though nothing is wrong                 */
    uint16_t no_buffers;   /* a receive finds no buffer for a moment                                         */
    uint16_t fail;         /* an operation fails, with a why that its kind can have                          */
    uint16_t cancel_loses; /* a cancelled operation completes as if it had not been                          */
    uint64_t delay_ns_max; /* default 200 us                                                                 */
    uint32_t buffers_n;    /* receive buffers; default 64                                                    */
    uint32_t buffer_bytes; /* default 16384                                                                  */
    uint32_t queue_bytes;  /* that a socket holds for its reader; default and maximum 65536                  */
    uint32_t fds_max;      /* descriptors of the program; default RING_SIM_SOCKETS_MAX                       */
    bool     is_plain;     /* a buffer is used up by one receive, as before Linux 6.12                       */
};

/* A world from its seed. odds == NULL: kind. Pre: none is open. */
void ring_sim_open(uint64_t seed, const struct ring_sim_odds *odds);
/* Pre: its rings are closed. Sockets that are open vanish. Harmless when none is open. */
void ring_sim_close(void);
/* Odds as unkind as the seed says: each misbehaviour off, rare or frequent. */
struct ring_sim_odds ring_sim_odds_of(uint64_t seed);
/* Connects to this port never complete (a host that is switched off); 0: none. */
void ring_sim_silence(uint16_t port);
/* Change the odds of the open world (not its sizes). */
void ring_sim_set_odds(const struct ring_sim_odds *odds);
/* Torture: the n-th operation armed from now fails with why (1: the next); 0 turns it off. */
void ring_sim_fail_nth(uint32_t n, enum why why);
/* Was the operation that should fail armed by now? */
bool ring_sim_has_failed(void);
/* Descriptors that the program has open, operations that all rings have in flight: both 0 when nothing leaked. */
uint32_t ring_sim_fds_n(void);
uint32_t ring_sim_ops_n(void);
/* Chance for scripts, from the world's seed: uniform in [0, n). */
uint32_t ring_sim_pick(uint32_t n);

/* Let time pass; callbacks that come due run. */
void ring_sim_pass(uint64_t ns);
typedef void ring_sim_fn(void *arg);
/* Call fn once, in_ns from now, from inside ring_wait or ring_sim_pass. It may script peers and call later again. */
void ring_sim_later(uint64_t in_ns, ring_sim_fn *fn, void *arg);

/* Scripted peers: sockets on the other side of the wire. They act at once. 127.0.0.1:port is enough of an address. */
struct socket_address ring_sim_address(uint16_t port);
/* -1: nobody listens there. */
int ring_sim_peer_connect(const struct socket_address *to);
int ring_sim_peer_listen(const struct socket_address *addr);
/* -1: nobody has connected. */
int ring_sim_peer_accept(int listener);
/* Bytes taken; less than len when the reader's queue is full. */
uint32_t ring_sim_peer_send(int peer, const void *at, uint32_t len);
enum { RING_SIM_NOTHING = 0, RING_SIM_END = -1, RING_SIM_RESET = -2 };
/* Bytes received, or one of the above. */
int32_t ring_sim_peer_recv(int peer, void *at, uint32_t bytes_max);
void ring_sim_peer_finish(int peer); /* half close                                      */
void ring_sim_peer_reset(int peer);  /* close with a reset                              */
void ring_sim_peer_close(int peer);  /* close; a reset when unread bytes are there      */
