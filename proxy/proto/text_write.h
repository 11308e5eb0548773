/* text_write.h - where generated text goes: a flat buffer, or a queue that grows up to a maximum.
 *
 * Layer:  proto. Pure, but for the chunks that a queue takes.
 * Owner:  the caller owns buffer or queue; while a queue is being written nobody else may touch it.
 * Bounds: the buffer's size, or bytes_max. What does not fit makes the writer *full*, which sticks: later writes do
 *         nothing, and it is looked at once, at the end. A number or an escape may find it full some 20 bytes early.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "proto/decimal.h"

struct text_write {
    char            *at, *_end;  /* room that is left in this piece        */
    char            *_start;     /* of this piece                          */
    struct bufq_env *_env;       /* NULL: flat                             */
    struct bufq     *_queue;
    uint32_t         _left_bytes; /* of bytes_max, this piece not counted   */
    bool             is_full;
    enum why         _why;
};

void text_write_init(struct text_write *w, char *out, uint32_t out_bytes);
/* Text goes to the end of queue, at most bytes_max bytes of it. */
void text_write_init_bufq(struct text_write *w, struct bufq_env *env, struct bufq *queue, uint32_t bytes_max);
/* Flat: bytes written, 0 when it did not fit. */
uint32_t text_write_length(const struct text_write *w);
/* Queue: the last piece is committed. Errors: WHY_POOL_BUFFER_EMPTY, WHY_TEXT_TOO_LONG; the queue then holds a prefix.
 *        */
MUST_CHECK enum why text_write_finish(struct text_write *w);

/* Make room for bytes (<= 64) in one piece; false when full. For those who write through w->at themselves. */
bool text_write_room_slow(struct text_write *w, uint32_t bytes);
void text_write_span_slow(struct text_write *w, struct span s);

static inline bool text_write_room(struct text_write *w, uint32_t bytes)
{
    return (size_t)(w->_end - w->at) >= bytes || text_write_room_slow(w, bytes);
}

static inline void text_write_span(struct text_write *w, struct span s)
{
    if ((size_t)(w->_end - w->at) < s.len) {
        text_write_span_slow(w, s);
        return;
    }
    if (s.len > 0)
        memcpy(w->at, s.at, s.len);
    w->at += s.len;
}

static inline void text_write_str(struct text_write *w, const char *text)
{
    text_write_span(w, span_str(text));
}

static inline void text_write_byte(struct text_write *w, char c)
{
    if (text_write_room(w, 1))
        *w->at++ = c;
}

static inline void text_write_u64(struct text_write *w, uint64_t value)
{
    if (text_write_room(w, DECIMAL_BYTES_MAX))
        w->at += decimal_write(value, w->at);
}
