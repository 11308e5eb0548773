/* text_write.c - see text_write.h.
 *
 * Layer:  proto.
 */
#include "proto/text_write.h"

#include "base/limits.h"

enum {
    ROOM_BYTES_MAX = 64,
    FIRST_BYTES    = 512, /* asked for at first; a new chunk of it is a small one */
};

void text_write_init(struct text_write *w, char *out, uint32_t out_bytes)
{
    *w = (struct text_write){ .at = out, ._start = out, ._end = out + out_bytes };
}

void text_write_init_bufq(struct text_write *w, struct bufq_env *env, struct bufq *queue, uint32_t bytes_max)
{
    *w = (struct text_write){ ._env = env, ._queue = queue, ._left_bytes = bytes_max };
}

/* No write fits from here on. */
static void fill_up(struct text_write *w, enum why why)
{
    if (!w->is_full)
        w->_why = why;
    w->is_full = true;
    w->_end = w->at;
}

static void commit(struct text_write *w)
{
    uint32_t bytes = (uint32_t)(w->at - w->_start);

    if (bytes > 0)
        bufq_commit(w->_queue, bytes);
    w->_start = w->at;
}

bool text_write_room_slow(struct text_write *w, uint32_t bytes)
{
    uint32_t room = 0;
    uint8_t *piece;

    MUST(bytes <= ROOM_BYTES_MAX);
    if (w->is_full)
        return false;
    if (w->_env == NULL) {
        fill_up(w, WHY_TEXT_TOO_LONG);
        return false;
    }
    commit(w);
    w->_left_bytes += (uint32_t)(w->_end - w->at); /* The tail of the piece that was not used. */
    if (w->_left_bytes < bytes) {
        w->_end = w->at;
        fill_up(w, WHY_TEXT_TOO_LONG);
        return false;
    }
    /* A short text should cost a small chunk, or only the rest of the one that is there. */
    uint32_t want = w->_start == NULL ? FIRST_BYTES : BUF_LARGE_BYTES;
    piece = bufq_reserve(w->_env, w->_queue, w->_left_bytes < want ? w->_left_bytes : want, &room);
    if (piece == NULL) {
        w->_end = w->at;
        fill_up(w, WHY_POOL_BUFFER_EMPTY);
        return false;
    }
    if (room > w->_left_bytes)
        room = w->_left_bytes;
    w->_left_bytes -= room;
    w->at = w->_start = (char *)piece;
    w->_end = w->at + room;
    return true;
}

void text_write_span_slow(struct text_write *w, struct span s)
{
    while (s.len > 0 && !w->is_full) {
        size_t n = (size_t)(w->_end - w->at);
        if (n > s.len)
            n = s.len;
        if (n > 0)
            memcpy(w->at, s.at, n);
        w->at += n;
        s = span_from(s, n);
        if (s.len > 0 && !text_write_room_slow(w, 1))
            return;
    }
}

uint32_t text_write_length(const struct text_write *w)
{
    MUST(w->_env == NULL);
    return w->is_full ? 0 : (uint32_t)(w->at - w->_start);
}

enum why text_write_finish(struct text_write *w)
{
    MUST(w->_env != NULL);
    if (w->_start != NULL)
        commit(w);
    return w->is_full ? w->_why : WHY_OK;
}
