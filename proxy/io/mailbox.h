/* mailbox.h - typed messages between two threads: one single-producer single-consumer ring per ordered pair.
 *
 * Layer:  io.
 * Owner:  messages are values or moves, never shares; io/message.def lists them all.
 * Bounds: MAILBOX_MESSAGES_MAX; a full box is a why at the sender.
 * Thread: one producer, one consumer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/why.h"

enum message_kind {
    MESSAGE_NONE = 0,
#define MESSAGE(name, from, to, payload, ownership) MESSAGE_##name,
#include "io/message.def"
#undef MESSAGE
    MESSAGE_N
};

struct message {
    uint32_t kind;  /* enum message_kind       */
    uint32_t from;  /* thread number of sender */
    uint64_t value; /* small payload           */
    void    *moved; /* ownership moves         */
};

struct mailbox;

MUST_CHECK enum why mailbox_open(struct mailbox **out_box);
void mailbox_close(struct mailbox *box);
/* Errors: WHY_MAILBOX_FULL. *out_must_wake: the consumer may be asleep, send a wake-up through the ring (at most one is
 * outstanding while the box is not empty). */
MUST_CHECK enum why mailbox_push(struct mailbox *box, struct message m, bool *out_must_wake);
/* false when empty. */
bool mailbox_pop(struct mailbox *box, struct message *out_message);
