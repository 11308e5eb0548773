/* h2_payload_test.c - payload in and out: where its bytes lie, and what holds it back.
 *
 * Goal:   large payload is never copied; windows open as exchanges read; output stops at the room that is left.
 * Method: frames by hand against a server session; uploads of the client side are in h2_client_test.c.
 */
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

TEST(large_payload_is_held_where_it_landed_and_small_is_copied)
{
    struct lab *l = server();
    static uint8_t body[16384];

    h2_wire_head(&w, 0, 1, POST("/"));
    h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, body, sizeof(body));
    lab_feed_wire(l, &w);
    CHECK(l->x[0].st.rx.bytes == sizeof(body) && l->rings_n == 1, "held: %u\n", l->rings_n);
    CHECK(lab_take(l, &l->x[0]) == sizeof(body) && l->rings_n == 0, "given back\n");
    for (int i = 0; i < 50; i++)
        h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, "x", 1);
    lab_feed_wire(l, &w);
    CHECK(l->x[0].st.rx.bytes == 50 && l->x[0].st.rx.segs == 1 && l->rings_n == 0, "%u pieces\n", l->x[0].st.rx.segs);
    lab_close(l);
}

TEST(windows_open_as_the_exchange_reads)
{
    struct lab *l = server();
    static uint8_t body[16384];

    l->dump.is_quiet = false;
    h2_wire_head(&w, 0, 1, POST("/"));
    for (int i = 0; i < 16; i++)
        h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, body, sizeof(body));
    h2_dump_clear(&l->dump);
    lab_feed_wire(l, &w);
    CHECK(l->x[0].st.rx.bytes == H2_STREAM_WINDOW_BYTES, "%u\n", l->x[0].st.rx.bytes);
    CHECK(h2_dump_has(&l->dump, "0 WINDOW 262144\n") && !h2_dump_has(&l->dump, "1 WINDOW"), "%s\n", l->dump.text);
    lab_take(l, &l->x[0]);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "1 WINDOW 262144\n"), "%s\n", l->dump.text);
    CHECK(l->ended == WHY_OK, "%s\n", why_name(l->ended));
    lab_close(l);
}

TEST(unread_bytes_of_all_streams_shut_the_connection_window)
{
    struct lab *l = server();
    static uint8_t body[16384];
    unsigned fed_n = 0;

    l->dump.is_quiet = false;
    h2_dump_clear(&l->dump);
    /* 4 streams of 240 KB that nobody reads: beyond H2_CONN_RX_BYTES_HIGH nothing is given back. */
    for (uint32_t id = 1; id <= 7; id += 2)
        h2_wire_head(&w, 0, id, POST("/"));
    for (int i = 0; i < 15 && fed_n < 48; i++)
        for (uint32_t id = 1; id <= 7 && fed_n < 48; id += 2, fed_n++)
            h2_wire_frame(&w, NGHTTP2_DATA, 0, id, body, sizeof(body));
    lab_feed_wire(l, &w);
    CHECK(l->ended == WHY_OK, "%s\n", why_name(l->ended));
    CHECK(h2_dump_has(&l->dump, "0 WINDOW 262144\n"), "%s\n", l->dump.text);
    char *second = strstr(strstr(l->dump.text, "0 WINDOW 262144\n") + 1, "0 WINDOW");
    CHECK(second == NULL, "only what was below the limit: %s\n", second);
    h2_dump_clear(&l->dump);
    lab_take(l, &l->x[0]);
    lab_take(l, &l->x[1]);
    lab_leave(l, &l->x[2], WHY_OK);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "0 WINDOW "), "readers open it again: %s\n", l->dump.text);
    lab_close(l);
}

TEST(output_stops_at_the_room_and_goes_on)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];
    static uint8_t body[200000];
    uint32_t before = 0;

    h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, 0, 1 << 20);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, 1, 1 << 20);
    lab_feed_wire(l, &w);
    x->response.status = 200;
    x->st.tx_head = &x->response;
    x->st.tx_has_head = x->st.tx_end = true;
    lab_tx(l, x, body, sizeof(body));
    lab_touch(l, x);
    for (int calls = 0; !x->st.tx_done; calls++) {
        CHECK(calls < 20 && l->s->wants_write, "stuck at %u\n", before);
        CHECK(l->s->type->pull(l->s, &l->out, 30000) == WHY_OK, "pull\n");
        CHECK(l->out.bytes - before <= 30000 + 16384 + 9 && l->out.bytes > before, "%u in one go\n", l->out.bytes - before);
        before = l->out.bytes;
    }
    CHECK(x->st.tx.bytes == 0 && x->st.tx_wire_bytes == sizeof(body), "all out\n");
    lab_close(l);
}

TEST(peer_windows_hold_the_answer_back)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];
    static uint8_t body[100000];

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    lab_feed_wire(l, &w);
    x->response.status = 200;
    x->st.tx_head = &x->response;
    x->st.tx_has_head = x->st.tx_end = true;
    lab_tx(l, x, body, sizeof(body));
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->dump.payload_bytes == 65535 && !l->s->wants_write && !x->st.tx_done, "%llu\n",
          (unsigned long long)l->dump.payload_bytes);
    h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, 1, 100000);
    lab_feed_wire(l, &w);
    CHECK(l->dump.payload_bytes == 65535, "the connection's window is shut\n");
    h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, 0, 100000);
    lab_feed_wire(l, &w);
    CHECK(l->dump.payload_bytes == sizeof(body) && x->st.tx_done, "%llu\n", (unsigned long long)l->dump.payload_bytes);
    lab_close(l);
}

TEST(large_answers_are_moved_and_streams_take_turns)
{
    struct lab *l = server();
    static uint8_t body[16384 * 4];
    const char *at;

    h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, 0, 1 << 20);
    for (uint32_t id = 1; id <= 3; id += 2) {
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, id, GET("/"));
        h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, id, 1 << 20);
    }
    lab_feed_wire(l, &w);
    for (int i = 0; i < 2; i++) {
        struct lab_exchange *x = &l->x[i];
        struct buf *first;
        x->response.status = 200;
        x->st.tx_head = &x->response;
        x->st.tx_has_head = x->st.tx_end = true;
        lab_tx(l, x, body, sizeof(body));
        first = x->st.tx.first->buf;
        lab_touch(l, x);
        if (i == 0) {
            CHECK(l->s->type->pull(l->s, &l->out, 100) == WHY_OK, "pull\n");
            CHECK(l->out.last->buf == first, "payload moved by reference\n");
        }
    }
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    at = strstr(l->dump.text, "3 DATA");
    CHECK(at != NULL && strstr(at, "1 DATA") != NULL, "one after the other: %s\n", l->dump.text);
    lab_close(l);
}

TEST(payload_for_nobody_gives_its_window_back)
{
    struct lab *l = server();
    static uint8_t body[16384];

    l->dump.is_quiet = false;
    h2_wire_head(&w, 0, 1, POST("/"));
    lab_feed_wire(l, &w);
    lab_leave(l, &l->x[0], WHY_POLICY_BODY_CAP); /* RST_STREAM is queued, the client has not seen it */
    for (int i = 0; i < 16; i++)
        h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, body, sizeof(body));
    lab_feed_wire(l, &w);
    CHECK(h2_dump_has(&l->dump, "0 WINDOW 262144\n") && !h2_dump_has(&l->dump, "1 WINDOW"), "%s\n", l->dump.text);
    CHECK(l->ended == WHY_OK && l->s->is_idle, "%s\n", why_name(l->ended));
    lab_close(l);
}

TEST(empty_end_of_payload_is_one_frame)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    lab_feed_wire(l, &w);
    x->response.status = 200;
    x->st.tx_head = &x->response;
    x->st.tx_has_head = true;
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    lab_touch(l, x); /* nothing new: nothing goes out */
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(strcmp(l->dump.text, "1 HEADERS :status=200\n") == 0 && !l->s->wants_write, "%s\n", l->dump.text);
    x->st.tx_end = true;
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "1 DATA 0 END\n") && x->st.tx_done, "%s\n", l->dump.text);
    lab_close(l);
}

CHECK_RUN(
    RUN(large_payload_is_held_where_it_landed_and_small_is_copied),
    RUN(windows_open_as_the_exchange_reads),
    RUN(unread_bytes_of_all_streams_shut_the_connection_window),
    RUN(output_stops_at_the_room_and_goes_on),
    RUN(peer_windows_hold_the_answer_back),
    RUN(large_answers_are_moved_and_streams_take_turns),
    RUN(payload_for_nobody_gives_its_window_back),
    RUN(empty_end_of_payload_is_one_frame))
