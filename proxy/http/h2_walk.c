/* h2_walk.c - see h2_walk.h.
 *
 * Spec:   RFC 9113 s4.1.
 * Layer:  http.
 */
#include "http/h2_walk.h"

#include "base/must.h"

void h2_walk_init(struct h2_walk *w, bool has_preface)
{
    *w = (struct h2_walk){ ._preface_left = has_preface ? H2_PREFACE_BYTES : 0 };
}

static size_t walk_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t h2_walk_next(struct h2_walk *w, struct span wire, struct h2_frame *out_frame, bool *out_is_new)
{
    size_t n, body;
    const uint8_t *h = w->_head;

    MUST(wire.len > 0);
    *out_is_new = false;
    if (w->_preface_left > 0) {
        n = walk_min(w->_preface_left, wire.len);
        w->_preface_left = (uint8_t)(w->_preface_left - n);
        return n;
    }
    if (w->_left > 0) {
        n = walk_min(w->_left, wire.len);
        w->_left -= (uint32_t)n;
        return n;
    }
    n = walk_min((size_t)(H2_FRAME_HEAD_BYTES - w->_head_n), wire.len);
    memcpy(w->_head + w->_head_n, wire.at, n);
    w->_head_n = (uint8_t)(w->_head_n + n);
    if (w->_head_n < H2_FRAME_HEAD_BYTES)
        return n;
    w->_head_n = 0;
    *out_is_new = true;
    out_frame->length = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2];
    out_frame->type = h[3];
    out_frame->flags = h[4];
    out_frame->id = ((uint32_t)h[5] << 24 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 8 | h[8]) & 0x7fffffffU;
    body = walk_min(out_frame->length, wire.len - n);
    w->_left = out_frame->length - (uint32_t)body;
    MUST(n + body <= wire.len);
    return n + body;
}

bool h2_walk_is_inside(const struct h2_walk *w)
{
    return w->_left > 0 || w->_head_n > 0 || (w->_preface_left > 0 && w->_preface_left < H2_PREFACE_BYTES);
}
