/* handle.h - what a completion carries back: who armed it, never a pointer.
 *
 * Layer:  io.
 * kind (8 bits) says which operation of which sort of owner, slot (24) and generation (32) find the owner in its pool,
 * or show that it is gone. io_uring-and-libraries.md 1.5.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum handle_kind {
    HANDLE_NONE = 0,
    HANDLE_WAKE,        /* mailbox: another thread wrote to us             */
    HANDLE_ACCEPT,      /* listener                                        */
    HANDLE_UNLISTEN,    /* listener: the cancel of its accept was handled  */
    HANDLE_RECV,        /* conn: multishot receive                         */
    HANDLE_SEND,        /* conn: the one send in flight                    */
    HANDLE_CONNECT,     /* conn                                            */
    HANDLE_CLOSE,       /* conn: the descriptor is closed                  */
    HANDLE_CANCEL,      /* conn: a cancel request was handled              */
    HANDLE_FILE_WRITE,  /* log writer                                      */
    HANDLE_POLL,        /* control: foreign descriptors (signals, inotify) */
    HANDLE_RESOLVE,     /* resolver: a socket towards a name server        */
    HANDLE_CHILD,       /* control: a program that it started has ended    */
};

struct handle {
    uint64_t bits;
};

static inline struct handle handle_of(enum handle_kind kind, uint32_t slot, uint32_t generation)
{
    return (struct handle){ (uint64_t)kind << 56 | (uint64_t)(slot & 0xffffffU) << 32 | generation };
}

static inline enum handle_kind handle_kind(struct handle h)
{
    return (enum handle_kind)(h.bits >> 56);
}

/* The event says only that the request was handled: what became of its target is told by the target's own event. */
static inline bool handle_is_request(struct handle h)
{
    return handle_kind(h) == HANDLE_CANCEL || handle_kind(h) == HANDLE_UNLISTEN;
}

static inline uint32_t handle_slot(struct handle h)
{
    return (uint32_t)(h.bits >> 32) & 0xffffffU;
}

static inline uint32_t handle_generation(struct handle h)
{
    return (uint32_t)h.bits;
}
