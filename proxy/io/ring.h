/* ring.h - the one door to the kernel: arm operations, collect completions. Two makers, chosen at link time:
 * ring_uring.c (the kernel) and ring_sim.c (a seeded world in memory). tests/conformance runs one script on both.
 *
 * Layer:  io.
 * Owner:  the thread that opened it; only that thread calls in (ring_post excepted).
 * Bounds: RING_* of limits.h.
 *
 * An armed operation completes exactly once, always later (multishot: many times, with exactly one *last*, the
 * event without `more`). Memory and the descriptor given to an operation belong to the kernel until its last event;
 * cancel is a request, not an end. errno is translated here, once, into enum why.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/why.h"
#include "io/handle.h"
#include "io/socket.h"

struct ring;

/* What the kernel offers; probed once, logged at start. */
struct ring_profile {
    bool has_incremental_buffers; /* 6.12 */
    bool has_min_wait;            /* 6.12 */
    bool has_recv_cap;            /* 6.17: per-shot cap on multishot receive */
    const char *name;             /* "6.1", "6.12", "newest", "simulated"     */
};

struct ring_event {
    struct handle handle;
    int32_t       n;    /* bytes, or the accepted descriptor; of a cancel: operations that will end for it; 0 for
                           others. Valid when why is WHY_OK */
    uint16_t      why;  /* enum why; for a receive WHY_IO_EOF is the peer's end of sending                  */
    bool          more; /* the same operation will complete again                                          */
    struct buf   *buf;  /* receive: buffer holding [at, at+n); the reference passes to whoever takes the event */
    uint8_t      *at;
};

struct ring_counts {
    uint64_t overflows;       /* completion queue overflowed                        */
    uint64_t enters;          /* kernel entries                                     */
    uint64_t submitted;
    uint64_t buffers_starved; /* receive ended for lack of buffers                  */
};

/* Errors: WHY_IO_FAILED with a sentence in out_error (e.g. io_uring refused by kernel.io_uring_disabled),
 * WHY_IO_NO_MEMORY. */
MUST_CHECK enum why ring_open(struct ring **out_ring, char *out_error, uint32_t out_error_bytes);
/* Pre: no operation in flight whose owner is still alive; receive buffers all given back. */
void ring_close(struct ring *r);
const struct ring_profile *ring_profile(const struct ring *r);
struct ring_counts ring_counts(const struct ring *r);

/* Arming. Never fails: a full submission queue is flushed first. fd is an ordinary descriptor. */
void ring_accept(struct ring *r, struct handle h, int fd);              /* multishot; n = new descriptor          */
void ring_recv(struct ring *r, struct handle h, int fd);                /* multishot into provided buffers        */
void ring_send(struct ring *r, struct handle h, int fd, const void *at, uint32_t len);
/* message and all it points to stay untouched until the event. */
void ring_sendmsg(struct ring *r, struct handle h, int fd, const struct msghdr *message);
/* addr stays untouched until the event. */
void ring_connect(struct ring *r, struct handle h, int fd, const struct sockaddr *addr, uint32_t addr_bytes);
/* Half close. With a handle_is_request(h) the event does not tell a failure, which the next receive or send will. */
void ring_shutdown_send(struct ring *r, struct handle h, int fd);
void ring_close_fd(struct ring *r, struct handle h, int fd);
/* Ask for the end of the operation(s) armed under target. Pre: handle_is_request(h). */
void ring_cancel(struct ring *r, struct handle h, struct handle target);
void ring_poll_in(struct ring *r, struct handle h, int fd);             /* multishot: a foreign one became readable */
/* Append to a regular file (offset: its end). */
void ring_write_file(struct ring *r, struct handle h, int fd, const void *at, uint32_t len);

/* Submit what is armed, wait up to wait_ns (0: do not wait; more than RING_WAIT_NS_MAX counts as that) for at least one
 * completion (batch_min > 1 with min_wait_ns > 0: up to min_wait_ns for that many, where the profile has it), then copy
 * out at most events_max events. Answers how many; 0 on time-out. */
uint32_t ring_wait(struct ring *r, struct ring_event *out_events, uint32_t events_max,
                   uint64_t wait_ns, uint32_t batch_min, uint64_t min_wait_ns);
/* Receive buffers that the kernel may fill (an armed receive that found none ended with WHY_IO_NO_BUFFERS and is
 * to be re-armed by its owner once this is above zero again). */
uint32_t ring_buffers_free(const struct ring *r);
/* All that there are, for thresholds: they differ from kernel to kernel. */
uint32_t ring_buffers_n(const struct ring *r);

/* Wake another thread's ring: it sees an event with h, which is of HANDLE_WAKE. Leaves with the sender's next
 * ring_wait. from == NULL: a thread without a ring; leaves at once, and the event's handle has slot and generation 0. A
 * wake-up can be lost (the kernel is out of memory), so a wait never lasts longer than RING_WAIT_NS_MAX. */
void ring_post(struct ring *from, struct ring *target, struct handle h);
