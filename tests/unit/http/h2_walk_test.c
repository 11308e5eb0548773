/* h2_walk_test.c - the walk finds each frame's head once, wherever the bytes were cut.
 *
 * Method: a stream of frames of every size around a cut, walked with each slice length from 1 byte to whole.
 */
#include "http/h2_walk.h"
#include "lib/check.h"

static const struct h2_frame want[] = {
    { 0, 0, H2_SETTINGS, 0 },           { 6, 0, H2_SETTINGS, H2_ACK }, { 1, 1, H2_DATA, H2_END_STREAM },
    { 300, 0x7fffffff, 0xee, 0xff },    { 0, 3, H2_HEADERS, 5 },       { 8, 0, H2_PING, 0 },
};

static size_t build(uint8_t *at, bool has_preface)
{
    size_t n = 0;

    if (has_preface)
        memset(at, 'P', n = H2_PREFACE_BYTES);
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct h2_frame *f = &want[i];
        at[n++] = (uint8_t)(f->length >> 16);
        at[n++] = (uint8_t)(f->length >> 8);
        at[n++] = (uint8_t)f->length;
        at[n++] = f->type;
        at[n++] = f->flags;
        at[n++] = (uint8_t)(f->id >> 24 | 0x80); /* the reserved bit says nothing */
        at[n++] = (uint8_t)(f->id >> 16);
        at[n++] = (uint8_t)(f->id >> 8);
        at[n++] = (uint8_t)f->id;
        memset(at + n, 0xff, f->length);
        n += f->length;
    }
    return n;
}

TEST(walk_sees_each_head_once_at_every_cut)
{
    uint8_t bytes[1024];

    for (int preface = 0; preface < 2; preface++) {
        size_t len = build(bytes, preface);
        for (size_t cut = 1; cut <= len; cut++) {
            struct h2_walk w;
            size_t seen_n = 0, payload_n = 0;
            h2_walk_init(&w, preface);
            CHECK(!h2_walk_is_inside(&w), "nothing came yet\n");
            for (size_t at = 0; at < len; at += cut) {
                struct span wire = span_of(bytes + at, len - at < cut ? len - at : cut);
                while (wire.len > 0) {
                    struct h2_frame f;
                    bool is_new;
                    size_t n = h2_walk_next(&w, wire, &f, &is_new);
                    CHECK(n > 0 && n <= wire.len, "cut %zu: %zu of %zu\n", cut, n, wire.len);
                    if (is_new) {
                        const struct h2_frame *x = &want[seen_n++];
                        CHECK(seen_n <= COUNT(want) && f.length == x->length && f.type == x->type && f.flags == x->flags &&
                              f.id == x->id, "cut %zu, frame %zu: type %u length %u id %u\n", cut, seen_n, f.type, f.length, f.id);
                    }
                    payload_n += n;
                    wire = span_from(wire, n);
                }
            }
            CHECK(payload_n == len, "cut %zu: %zu of %zu bytes\n", cut, payload_n, len);
            CHECK(seen_n == COUNT(want) && !h2_walk_is_inside(&w), "cut %zu: %zu frames\n", cut, seen_n);
        }
    }
}

TEST(walk_knows_when_it_is_inside)
{
    static const uint8_t frame[] = { 0, 0, 2, 0, 0, 0, 0, 0, 1, 'a', 'b' };
    struct h2_walk w;
    struct h2_frame f;
    bool is_new;

    h2_walk_init(&w, false);
    for (size_t at = 0; at < sizeof(frame); at++) {
        CHECK(h2_walk_next(&w, span_of(frame + at, 1), &f, &is_new) == 1, "one byte\n");
        CHECK(is_new == (at == 8), "at %zu\n", at);
        CHECK(h2_walk_is_inside(&w) == (at < sizeof(frame) - 1), "at %zu\n", at);
    }
}

CHECK_RUN(
    RUN(walk_sees_each_head_once_at_every_cut),
    RUN(walk_knows_when_it_is_inside))
