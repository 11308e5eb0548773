/* outq.c - bytes on their way out of one connection. */
#include "outq.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { OUTQ_FIRST_BYTES = 2048 };

void outq_push(struct outq *q, const void *data, size_t n)
{
    if (q->fill_bytes + n > q->fill_room_bytes) {
        size_t room = q->fill_room_bytes == 0 ? OUTQ_FIRST_BYTES : q->fill_room_bytes;

        while (room < q->fill_bytes + n)
            room *= 2;
        if (room > OUTQ_BYTES_MAX)
            net_die(0, "a connection has %zu bytes to send", room);
        q->fill = realloc(q->fill, room);
        if (q->fill == NULL)
            net_die(0, "no memory for what is to be sent");
        q->fill_room_bytes = room;
    }
    memcpy(q->fill + q->fill_bytes, data, n);
    q->fill_bytes += n;
}

void outq_flush(struct outq *q, struct net *net, int fd, uint64_t tag)
{
    uint8_t *other = q->flight;
    size_t other_room_bytes = q->flight_room_bytes;
    struct io_uring_sqe *sqe = NULL;

    if (q->is_flying || q->fill_bytes == 0)
        return;
    q->flight = q->fill;
    q->flight_room_bytes = q->fill_room_bytes;
    q->fill = other;
    q->fill_room_bytes = other_room_bytes;
    sqe = net_sqe(net, tag);
    io_uring_prep_send(sqe, fd, q->flight, q->fill_bytes, MSG_NOSIGNAL | MSG_WAITALL);
    q->fill_bytes = 0;
    q->is_flying = true;
}

void outq_landed(struct outq *q)
{
    q->is_flying = false;
}

void outq_clear(struct outq *q)
{
    q->fill_bytes = 0;
}
