/* mailbox.c - a single-producer single-consumer ring of messages.
 *
 * Layer:  io.
 * Bounds: MAILBOX_MESSAGES_MAX, a power of two: positions count up and are cut by a mask.
 * Thread: the producer writes its line and the slots, the consumer its line; each keeps a copy of the other's position
 *         and looks at the real one only when the copy says full or empty.
 *
 * Waking: the consumer sleeps only after pop answered false, which sets is_asleep after finding the box empty and then
 * looks again; the producer publishes its message and then takes is_asleep away. Each does its store before its load
 * (sequentially consistent), so one of the two sees the other: no message sleeps, and a wake-up is sent once.
 */
#include "io/mailbox.h"

#include <stdatomic.h>

#include "base/limits.h"
#include "base/memory.h"

enum { LINE_BYTES = 64 };

STATIC_MUST((MAILBOX_MESSAGES_MAX & (MAILBOX_MESSAGES_MAX - 1)) == 0, "positions are cut by a mask");

struct mailbox {
    _Alignas(LINE_BYTES) _Atomic uint32_t written; /* by the producer */
    uint32_t read_seen;                            /* its copy        */
    _Alignas(LINE_BYTES) _Atomic uint32_t read;    /* by the consumer */
    uint32_t written_seen;                         /* its copy        */
    _Alignas(LINE_BYTES) atomic_bool is_asleep;    /* by both         */
    _Alignas(LINE_BYTES) struct message slots[MAILBOX_MESSAGES_MAX];
};

enum why mailbox_open(struct mailbox **out_box)
{
    struct mailbox *box = memory_map(sizeof *box);

    if (box == NULL)
        return WHY_IO_NO_MEMORY;
    atomic_store(&box->is_asleep, true); /* nobody has looked yet: the first message wakes */
    *out_box = box;
    return WHY_OK;
}

void mailbox_close(struct mailbox *box)
{
    memory_unmap(box, sizeof *box);
}

enum why mailbox_push(struct mailbox *box, struct message m, bool *out_must_wake)
{
    uint32_t at = atomic_load_explicit(&box->written, memory_order_relaxed);

    MUST(m.kind > MESSAGE_NONE && m.kind < MESSAGE_N);
    if (at - box->read_seen == MAILBOX_MESSAGES_MAX) {
        box->read_seen = atomic_load_explicit(&box->read, memory_order_acquire);
        if (at - box->read_seen == MAILBOX_MESSAGES_MAX)
            return WHY_MAILBOX_FULL;
    }
    box->slots[at % MAILBOX_MESSAGES_MAX] = m;
    atomic_store(&box->written, at + 1);
    *out_must_wake = atomic_load(&box->is_asleep) && atomic_exchange(&box->is_asleep, false);
    return WHY_OK;
}

static bool is_empty(struct mailbox *box, uint32_t at)
{
    if (at == box->written_seen)
        box->written_seen = atomic_load(&box->written);
    return at == box->written_seen;
}

bool mailbox_pop(struct mailbox *box, struct message *out_message)
{
    uint32_t at = atomic_load_explicit(&box->read, memory_order_relaxed);

    if (is_empty(box, at)) {
        if (atomic_load_explicit(&box->is_asleep, memory_order_relaxed))
            return false; /* said already, and no message came since: a push would have taken it away */
        atomic_store(&box->is_asleep, true);
        if (is_empty(box, at))
            return false;
    }
    *out_message = box->slots[at % MAILBOX_MESSAGES_MAX];
    atomic_store_explicit(&box->read, at + 1, memory_order_release);
    return true;
}
