/* conn_inside.h - what the files of a connection share among themselves, and with nobody else.
 *
 * Layer:  conn. conn.c: begin, deadlines, end. conn_kernel.c: operations and completions. conn_turn.c: a turn.
 */
#pragma once

#include "base/limits.h"
#include "conn/conn.h"

struct conn_send {          /* message and pieces of one gathered send */
    struct msghdr message;
    struct iovec  pieces[SEND_IOV_MAX];
};

struct handle conn_handle(struct conn_table *ct, const struct conn *c, enum handle_kind kind);
/* Each is harmless when there is nothing to do. */
void conn_arm_recv(struct conn_table *ct, struct conn *c);
void conn_arm_send(struct conn_table *ct, struct conn *c);
void conn_cancel_recv(struct conn_table *ct, struct conn *c);
/* Ask for the end of the operation that is in flight under that kind. */
void conn_cancel(struct conn_table *ct, struct conn *c, enum handle_kind what);
/* The end has begun: close the descriptor once the kernel has let go of everything else. */
void conn_release(struct conn_table *ct, struct conn *c);
/* See that the timer fires no later than the deadline of c's state. */
void conn_watch(struct conn_table *ct, struct conn *c);
