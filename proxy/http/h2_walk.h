/* h2_walk.h - where one HTTP/2 frame ends and the next begins, ahead of the library that decodes them.
 *
 * Spec:   RFC 9113 s3.4 (preface), s4.1 (frame format).
 * Layer:  http. Pure: no allocation, no clock.
 * Owner:  the session embeds one.
 * Why:    nghttp2 says nothing of frames that it ignores, and those are what floods are made of. The walk sees each
 *         frame's head before nghttp2 sees its last byte, and hands over one frame at a time, so that a verdict on a
 *         frame is taken with all frames before it already processed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {
    H2_FRAME_HEAD_BYTES = 9,
    H2_PREFACE_BYTES    = 24,
};

enum h2_frame_type {
    H2_DATA          = 0,
    H2_HEADERS       = 1,
    H2_PRIORITY      = 2,
    H2_RST_STREAM    = 3,
    H2_SETTINGS      = 4,
    H2_PUSH_PROMISE  = 5,
    H2_PING          = 6,
    H2_GOAWAY        = 7,
    H2_WINDOW_UPDATE = 8,
    H2_CONTINUATION  = 9,
};

enum h2_frame_flag {
    H2_END_STREAM  = 0x01,
    H2_ACK         = 0x01,
    H2_END_HEADERS = 0x04,
    H2_PADDED      = 0x08,
};

struct h2_frame {
    uint32_t length;  /* of the payload                          */
    uint32_t id;      /* stream; the reserved bit is taken off   */
    uint8_t  type;    /* enum h2_frame_type, or one unknown      */
    uint8_t  flags;
};

struct h2_walk {                         /* touch nothing inside                */
    uint32_t _left;                      /* payload bytes still to come         */
    uint8_t  _preface_left;
    uint8_t  _head_n;                    /* bytes of the next head seen so far  */
    uint8_t  _head[H2_FRAME_HEAD_BYTES];
};

/* has_preface: the peer is a client and begins with the 24 bytes of the preface (nghttp2 compares them). */
void h2_walk_init(struct h2_walk *w, bool has_preface);

/* How many bytes at the front of wire belong together: (part of) the preface, of a frame's head, or of one frame.
 * Pre:  wire.len > 0.
 * Post: the answer is > 0; *out_frame is written and *out_is_new true exactly once a frame, when its head is complete and
 *       before any of its payload was answered. */
size_t h2_walk_next(struct h2_walk *w, struct span wire, struct h2_frame *out_frame, bool *out_is_new);

/* In the middle of the preface or of a frame. */
bool h2_walk_is_inside(const struct h2_walk *w);
