/* net.h - one io_uring with a ring of receive buffers, as the generator, the backend and the floor use it.
 *
 * Owner:  main() of each program; nothing in here is shared between threads.
 * Bounds: sq_n submissions per kernel entry, buf_n buffers of buf_bytes each; an exhausted buffer ring ends a
 *         multishot receive with -ENOBUFS, and the owner of the socket arms it again.
 * Thread: the one that called net_open (SINGLE_ISSUER).
 */
#pragma once

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

enum { NET_BUF_GROUP = 1 };

struct net {
    struct io_uring ring;
    struct io_uring_buf_ring *bufs;
    uint8_t *mem;
    unsigned buf_n;
    unsigned buf_bytes;
};

/* A completion's tag: what it is (8 bits), the slot it belongs to (24), the slot's generation (32). */
static inline uint64_t net_tag(uint8_t kind, uint32_t slot, uint32_t gen)
{
    return (uint64_t)kind << 56 | (uint64_t)(slot & 0xffffffu) << 32 | gen;
}
static inline uint8_t net_tag_kind(uint64_t tag) { return (uint8_t)(tag >> 56); }
static inline uint32_t net_tag_slot(uint64_t tag) { return (uint32_t)(tag >> 32) & 0xffffffu; }
static inline uint32_t net_tag_gen(uint64_t tag) { return (uint32_t)tag; }

/* Print a sentence and leave with code 2. errno_or_0 adds the system's reason. */
_Noreturn void net_die(int errno_or_0, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the program when the kernel refuses. buf_n is a power of two, at most 32768. */
void net_open(struct net *net, unsigned sq_n, unsigned cq_n, unsigned buf_n, unsigned buf_bytes);

/* The next free submission, entering the kernel when the queue is full. Never NULL. */
struct io_uring_sqe *net_sqe(struct net *net, uint64_t tag);

/* Receive into provided buffers until an error, the end of the stream, or an empty buffer ring. */
void net_arm_recv(struct net *net, int fd, uint64_t tag);

/* Send all of data. The memory stays untouched until the peer has answered; success makes no completion. */
void net_send_quiet(struct net *net, int fd, const void *data, size_t bytes, uint64_t tag);

/* The buffer that a completion landed in, and giving it back. */
uint8_t *net_buf(struct net *net, const struct io_uring_cqe *cqe);
void net_buf_give(struct net *net, const struct io_uring_cqe *cqe);
void net_buf_give_id(struct net *net, unsigned id);

/* A listening socket on every address, non-blocking, TCP_NODELAY inherited by what it accepts. */
int net_listen(uint16_t port);

/* A non-blocking socket on its way to 127.0.0.1:port; sends on it wait for the connection. is_brief: it will send
 * once, so that Nagle's algorithm has nothing to delay and need not be turned off. */
int net_connect(uint16_t port, bool is_brief);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t net_now_ns(void);
