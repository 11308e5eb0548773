/* outq.h - bytes on their way out of one connection: one buffer fills while the other is in the kernel's hands.
 *
 * Owner:  the connection. Bounds: OUTQ_BYTES_MAX in each of the two; more ends the program, because only our own
 *         requests go through here.
 */
#pragma once

#include "net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTQ_BYTES_MAX = 1 << 20 };

struct outq {
    uint8_t *fill;
    uint8_t *flight;
    size_t fill_bytes;
    size_t fill_room_bytes;
    size_t flight_room_bytes;
    bool is_flying;
};

void outq_push(struct outq *q, const void *data, size_t n);

/* Send what has gathered unless a send is in flight; its completion (tag) calls outq_landed, then this again. */
void outq_flush(struct outq *q, struct net *net, int fd, uint64_t tag);
void outq_landed(struct outq *q);

/* Forget what has gathered, keep the memory. Pre: nothing in flight. */
void outq_clear(struct outq *q);
