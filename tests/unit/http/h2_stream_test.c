/* h2_stream_test.c - the slots of a session: who holds one, and for how long.
 *
 * Goal:   a slot is taken until nghttp2 has closed the stream and the exchange has left it, in whichever order; then it is
 *         free for the next one.
 * Method: both orders of both events, and many streams one after the other through few slots.
 */
#include "http/h2_session.h"
#include "lib/check.h"
#include "lib/h2_lab.h"

#define GET(path) ":method: GET\n:scheme: https\n:authority: a.example\n:path: " path "\n"
#define POST(path) ":method: POST\n:scheme: https\n:authority: a.example\n:path: " path "\n"

static struct h2_wire w;

static struct lab *server(void)
{
    struct lab *l = lab_open(true);

    w.len = 0;
    h2_wire_hello(&w);
    lab_feed_wire(l, &w);
    CHECK(l->ended == WHY_OK, "hello: %s\n", why_name(l->ended));
    return l;
}

TEST(client_reset_is_a_cancel_and_leaving_early_is_a_reset)
{
    struct lab *l = server();

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 3, GET("/"));
    h2_wire_head(&w, 0, 5, POST("/"));
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 7, GET("/"));
    h2_wire_u32(&w, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
    lab_feed_wire(l, &w);
    CHECK(l->x[0].st.gone == WHY_H2_CANCELLED && l->x[0].st.session == l->s, "got %s\n", why_name(l->x[0].st.gone));
    CHECK(l->s->streams_n == 4, "it counts until its exchange has left\n");
    lab_leave(l, &l->x[0], WHY_H2_CANCELLED);
    CHECK(l->s->streams_n == 3, "left\n");
    lab_leave(l, &l->x[1], WHY_UP_RESET_LATE);
    lab_answer(l, &l->x[2], 200, "early");
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->x[2].st.tx_done && !l->x[2].st.rx_end, "answered before the request's end\n");
    lab_leave(l, &l->x[2], WHY_OK);
    lab_leave(l, &l->x[3], WHY_POLICY_BODY_CAP);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(!h2_dump_has(&l->dump, "1 RST") && h2_dump_has(&l->dump, "3 RST 2\n"), "upstream's fault: %s\n", l->dump.text);
    CHECK(h2_dump_has(&l->dump, "5 DATA 5 END\n") && h2_dump_has(&l->dump, "5 RST 0\n"), "early answer: %s\n", l->dump.text);
    CHECK(h2_dump_has(&l->dump, "7 RST 8\n"), "client's fault: %s\n", l->dump.text);
    CHECK(l->s->is_idle, "all slots are free\n");
    lab_close(l);
}

TEST(slot_needs_both_ends_to_be_free)
{
    for (int order = 0; order < 3; order++) {
        struct lab *l = server();
        struct h2_session *s = (struct h2_session *)l->s;
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
        lab_feed_wire(l, &w);
        CHECK(s->used_n == 1 && s->open_n == 1, "%d: taken\n", order);
        if (order == 0) { /* wire first */
            lab_answer(l, &l->x[0], 200, "x");
            lab_pull(l, CONN_OUT_BYTES_HIGH);
            CHECK(s->used_n == 1 && s->open_n == 0, "%d: exchange still there\n", order);
            lab_leave(l, &l->x[0], WHY_OK);
        } else if (order == 1) { /* exchange first */
            lab_leave(l, &l->x[0], WHY_UP_TIMEOUT);
            CHECK(s->used_n == 1 && s->open_n == 1 && l->s->wants_write, "%d: RST_STREAM has to go out\n", order);
            lab_pull(l, CONN_OUT_BYTES_HIGH);
        } else { /* reset by both sides at once */
            lab_leave(l, &l->x[0], WHY_UP_TIMEOUT);
            h2_wire_u32(&w, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
            lab_feed_wire(l, &w);
        }
        CHECK(s->used_n == 0 && s->open_n == 0 && s->free_n == s->fresh, "%d: %u used, %u open\n", order, s->used_n, s->open_n);
        lab_close(l);
    }
}

TEST(slots_are_used_again_and_few_are_touched)
{
    struct lab *l = server();
    struct h2_session *s = (struct h2_session *)l->s;

    for (uint32_t id = 1; id < 2000; id += 2) {
        struct lab_exchange *x = &l->x[l->x_n];
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, id, GET("/"));
        lab_feed_wire(l, &w);
        lab_answer(l, x, 200, "x");
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        lab_leave(l, x, WHY_OK);
        l->sent.len = 0;
        h2_dump_clear(&l->dump);
    }
    CHECK(s->fresh == 1 && s->used_n == 0, "%u slots were touched\n", s->fresh);
    CHECK(s->mem.bytes < 32768, "nghttp2 keeps %u bytes\n", s->mem.bytes);
    lab_close(l);
}

TEST(many_slots_come_from_the_heap_and_go_back)
{
    struct lab *l = server();
    struct h2_session *s = (struct h2_session *)l->s;
    uint32_t idle_bytes = s->mem.bytes;

    for (int round = 0; round < 3; round++) {
        unsigned from = l->x_n;
        for (uint32_t i = 0; i < H2_STREAMS_MAX; i++)
            h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1 + 2 * (i + (uint32_t)round * H2_STREAMS_MAX), GET("/"));
        lab_feed_wire(l, &w);
        CHECK(l->x_n == from + H2_STREAMS_MAX && s->used_n == H2_STREAMS_MAX, "%d: %u\n", round, s->used_n);
        for (unsigned i = from; i < l->x_n; i++) {
            CHECK(h2_stream_of(s, &l->x[i].st)->slot == l->x[i].st.slot, "%u: numbered\n", i);
            lab_answer(l, &l->x[i], 200, "x");
        }
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        for (unsigned i = from; i < l->x_n; i++)
            lab_leave(l, &l->x[i], WHY_OK);
        CHECK(s->used_n == 0 && s->fresh == 0 && s->mem.bytes < idle_bytes + 6000, "%d: %u bytes more\n", round,
              s->mem.bytes - idle_bytes);
    }
    s->mem.bytes_max = s->mem.bytes; /* no heap: only the first few can be had */
    for (uint32_t i = 0; i < 10; i++)
        CHECK((h2_stream_take(s) != NULL) == (i < H2_STREAMS_FIRST), "%u\n", i);
    s->used_n = 0;
    lab_close(l);
}

TEST(exchange_leaves_in_the_middle_of_its_trailers)
{
    struct lab *l = server();
    uint8_t block[64];
    size_t n = h2_wire_block(block, "x-t: 1\nx-u: 2\n");

    h2_wire_head(&w, 0, 1, POST("/"));
    h2_wire_frame(&w, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block, n / 2);
    lab_feed_wire(l, &w);
    lab_leave(l, &l->x[0], WHY_UP_TIMEOUT); /* its arena is gone with it */
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->s->is_idle, "closed\n");
    h2_wire_frame(&w, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, block + n / 2, n - n / 2);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 3, GET("/"));
    lab_feed_wire(l, &w);
    CHECK(l->ended == WHY_OK && l->x_n == 2 && l->x[1].st.rx_has_head, "%s\n", why_name(l->ended));
    lab_close(l);
}

TEST(exchange_leaves_before_its_head_is_complete)
{
    struct lab *l = server();
    uint8_t block[128];
    size_t n = h2_wire_block(block, GET("/") "x-t: 1\n");

    h2_wire_frame(&w, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block, n / 2);
    lab_feed_wire(l, &w);
    CHECK(l->x_n == 1 && !l->x[0].st.rx_has_head, "half a head\n");
    lab_leave(l, &l->x[0], WHY_CONN_HEAD_SLOW);
    h2_wire_frame(&w, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, block + n / 2, n - n / 2);
    lab_feed_wire(l, &w);
    CHECK(l->ended == WHY_OK && l->s->is_idle && l->x_n == 1, "%s\n", why_name(l->ended));
    lab_close(l);
}

CHECK_RUN(
    RUN(client_reset_is_a_cancel_and_leaving_early_is_a_reset),
    RUN(slot_needs_both_ends_to_be_free),
    RUN(slots_are_used_again_and_few_are_touched),
    RUN(many_slots_come_from_the_heap_and_go_back),
    RUN(exchange_leaves_in_the_middle_of_its_trailers),
    RUN(exchange_leaves_before_its_head_is_complete))
