/* h1_server_test.c - a client's connection: what goes back, what stays open, what ends it.
 *
 * Goal:   session.h and stream.h hold for HTTP/1 servers: order of pipelined answers, back-pressure, interim answers,
 *         upgrades, refusals with a document, and that nothing is left behind.
 * Method: a wire of text on one side, an exchange that the test plays on the other (lib/h1_world.h).
 */
#include "lib/h1_world.h"

#include "lib/check.h"

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK_5 "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"

/* One of each would not fit the stack with its text; tests run one after the other. */
static struct h1_world *world_open(void)
{
    struct h1_world *w = malloc(sizeof(*w));

    CHECK(w != NULL && h1_world_open(w, true), "no memory\n");
    return w;
}

static void world_close(struct h1_world *w)
{
    unsigned left = h1_world_close(w);

    CHECK(left == 0, "%u buffers, pieces or sessions are left\n", left);
    free(w);
}

static void check_feed(struct h1_world *w, const char *text)
{
    enum why why = h1_world_feed_str(w, text);

    CHECK(why == WHY_OK, "%s: %s\n", text, why_name(why));
}

static void check_out(struct h1_world *w, const char *want)
{
    const char *got;
    enum why why = h1_world_pull(w, &got);

    CHECK(why == WHY_OK, "pull: %s\n", why_name(why));
    CHECK(strcmp(got, want) == 0, "%s---- not\n%s\n", got, want);
}

/* The session ended: done, nothing more to say, nothing more to read. */
static void check_done(struct h1_world *w, bool lingers)
{
    CHECK(w->session->is_done && !w->session->wants_write && !w->session->is_idle, "not done\n");
    CHECK(w->session->must_linger == lingers, "linger: %d\n", w->session->must_linger);
}

TEST(h1_server_keeps_a_connection)
{
    struct h1_world *w = world_open();

    CHECK(w->session->is_idle && w->session->wants_read && !w->session->in_head, "at first\n");
    for (int i = 0; i < 3; i++) {
        check_feed(w, "GET /a HTTP/1.1\r\n");
        CHECK(w->session->in_head && !w->session->is_idle && w->session->streams_n == 1, "in a head\n");
        CHECK(!w->x.st.rx_has_head && w->exchange_wakes_n == 0, "woken too early\n");
        check_feed(w, "Host: h\r\n\r\n");
        CHECK(!w->session->in_head && w->x.st.rx_has_head && w->x.st.rx_end, "head is there\n");
        CHECK(w->exchange_wakes_n == 1, "not woken\n");
        CHECK(span_is(w->x.rx_head.target, SPAN_LIT("/a")) && span_is(w->x.rx_head.scheme, SPAN_LIT("http")), "head\n");
        h1_world_answer(w, 200, "hello");
        CHECK(w->session->wants_write, "nothing to write\n");
        check_out(w, OK_5);
        CHECK(w->x.st.tx_done && w->x.st.tx_head_done && w->x.st.tx_wire_bytes == 5, "not done\n");
        CHECK(w->x.st.session == w->session, "the exchange leaves, not the session\n");
        h1_world_leave(w, WHY_OK);
        CHECK(w->session->is_idle && !w->session->is_done && w->session->streams_n == 0, "not idle\n");
        CHECK(w->conn_wakes_n > 0, "connection is not woken\n");
        w->exchange_wakes_n = w->conn_wakes_n = 0;
    }
    CHECK(w->session->requests_n == 3 && w->opened_n == 3, "requests: %u\n", w->session->requests_n);
    world_close(w);
}

TEST(h1_server_answers_pipelined_requests_in_order)
{
    struct h1_world *w = world_open();

    check_feed(w,
               "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
               "GET /3 HTTP/1.1\r\n");
    CHECK(span_is(w->x.rx_head.target, SPAN_LIT("/1")) && w->opened_n == 1 && w->wire.bytes > 0, "first\n");
    CHECK(w->session->wants_read, "a little more may come\n");
    check_feed(w, "Host: h\r\n\r\n");
    CHECK(w->opened_n == 1, "second was read too early\n");
    h1_world_answer(w, 200, "hello");
    check_out(w, OK_5);
    CHECK(h1_world_turn(w) == WHY_OK && w->opened_n == 1, "second was read before the first has left\n");
    h1_world_leave(w, WHY_OK);
    CHECK(h1_world_turn(w) == WHY_OK && w->opened_n == 2, "second\n");
    CHECK(span_is(w->x.rx_head.target, SPAN_LIT("/2")) && strcmp(h1_world_take(w), "hi") == 0, "second\n");
    h1_world_answer(w, 404, "");
    check_out(w, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    h1_world_leave(w, WHY_OK);
    CHECK(h1_world_turn(w) == WHY_OK && w->opened_n == 3 && w->wire.bytes == 0, "third\n");
    CHECK(span_is(w->x.rx_head.target, SPAN_LIT("/3")), "third\n");
    world_close(w);
}

TEST(h1_server_stops_reading_a_long_pipeline)
{
    struct h1_world *w = world_open();

    check_feed(w, GET);
    for (uint32_t bytes = 0; bytes < H1_PIPELINE_BYTES_MAX; bytes += sizeof(GET) - 1) {
        CHECK(w->session->wants_read, "stopped after %u bytes\n", bytes);
        check_feed(w, GET);
    }
    CHECK(!w->session->wants_read, "reads on\n");
    h1_world_answer(w, 204, "");
    check_out(w, "HTTP/1.1 204 No Content\r\n\r\n");
    h1_world_leave(w, WHY_OK);
    CHECK(w->session->wants_read && h1_world_turn(w) == WHY_OK && w->opened_n == 2, "does not go on\n");
    world_close(w);
}

TEST(h1_server_holds_a_body_back)
{
    struct h1_world *w = world_open();
    static char block[65536];
    uint64_t came = 0;

    memset(block, 'b', sizeof(block));
    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n");
    CHECK(w->x.st.rx_has_head && !w->x.st.rx_end, "head\n");
    for (int i = 0; i < 16; i++) {
        CHECK(h1_world_feed(w, block, sizeof(block)) == WHY_OK, "block %d\n", i);
        CHECK(w->x.st.rx.bytes <= STREAM_RX_BYTES_HIGH + sizeof(block), "%u queued\n", w->x.st.rx.bytes);
        CHECK(w->session->wants_read == (w->wire.bytes == 0), "block %d: tap\n", i);
        if (!w->session->wants_read) {
            h1_world_touch(w);
            CHECK(!w->session->wants_read, "opened while full\n");
            came += w->x.st.rx.bytes;
            h1_world_take(w);
            CHECK(w->session->wants_read && h1_world_turn(w) == WHY_OK, "does not go on\n");
        }
    }
    came += w->x.st.rx.bytes;
    CHECK(w->x.st.rx_end && came == 1048576 && w->x.st.rx_wire_bytes == came, "came: %llu\n", (unsigned long long)came);
    world_close(w);
}

TEST(h1_server_moves_large_bodies_by_reference)
{
    struct h1_world *w = world_open();
    static char block[BUF_LARGE_BYTES];

    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(bufq_push_copy(&w->shard.queues, &w->wire, SPAN_LIT("4000\r\n")) == WHY_OK, "push\n");
    CHECK(bufq_push_copy(&w->shard.queues, &w->wire, span_of(block, 0x4000)) == WHY_OK, "push\n");
    const struct buf *came_in = w->wire.last->buf;
    CHECK(h1_world_turn(w) == WHY_OK && w->x.st.rx.bytes == 0x4000, "body\n");
    CHECK(w->x.st.rx.last->buf == came_in, "the payload was copied\n");
    world_close(w);
}

TEST(h1_server_relays_interim_answers)
{
    struct h1_world *w = world_open();

    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(w->x.rx_head.expects_continue && !w->x.st.rx_end, "head\n");
    w->x.tx_head.status = 100;
    h1_world_send_head(w);
    check_out(w, "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(w->x.st.tx_head_done && !w->x.st.tx_done && !w->session->wants_write, "interim\n");
    w->x.st.tx_has_head = w->x.st.tx_head_done = false;
    w->x.tx_head.status = 103;
    h1_world_send_head(w);
    check_out(w, "HTTP/1.1 103 Early Hints\r\n\r\n");
    check_feed(w, "hi");
    CHECK(w->x.st.rx_end && strcmp(h1_world_take(w), "hi") == 0, "body\n");
    w->x.st.tx_has_head = w->x.st.tx_head_done = false;
    h1_world_answer(w, 200, "hello");
    check_out(w, OK_5);
    h1_world_leave(w, WHY_OK);
    CHECK(w->session->is_idle, "not kept\n");

    check_feed(w, "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi");
    w->x.tx_head.status = 103;
    h1_world_send_head(w);
    check_out(w, "");
    CHECK(w->x.st.tx_head_done, "an interim answer to HTTP/1.0 is dropped, and done\n");
    w->x.st.tx_has_head = w->x.st.tx_head_done = false;
    h1_world_answer(w, 200, "");
    check_out(w, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n");
    world_close(w);
}

TEST(h1_server_frames_streams)
{
    struct h1_world *w = world_open();

    check_feed(w, GET);
    w->x.tx_head.status = 200;
    w->x.tx_head.has_body = true;
    h1_world_send_head(w);
    check_out(w, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    h1_world_send(w, "ab", false);
    check_out(w, "2\r\nab\r\n");
    check_out(w, "");
    CHECK(head_add(&w->x.tx_trailers, SPAN_LIT("x-t"), SPAN_LIT("1"), 0), "add\n");
    w->x.st.tx_trailers = &w->x.tx_trailers;
    h1_world_send(w, "c", true);
    check_out(w, "1\r\nc\r\n0\r\nx-t: 1\r\n\r\n");
    CHECK(w->x.st.tx_done && w->x.st.tx_wire_bytes == 3, "end\n");
    h1_world_leave(w, WHY_OK);
    CHECK(w->session->is_idle, "not kept\n");

    /* HTTP/1.0: only the end of the connection can say it. */
    check_feed(w, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    w->x.tx_head.status = 200;
    w->x.tx_head.has_body = true;
    h1_world_send_head(w);
    h1_world_send(w, "ab", false);
    check_out(w, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nab");
    h1_world_send(w, "", true);
    check_out(w, "");
    CHECK(w->x.st.tx_done, "end\n");
    check_done(w, false);
    world_close(w);
}

TEST(h1_server_sends_no_body_to_head)
{
    struct h1_world *w = world_open();

    check_feed(w, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    h1_world_answer(w, 200, "hello");
    check_out(w, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    CHECK(w->x.st.tx_done && w->x.st.tx_wire_bytes == 0, "end\n");
    h1_world_leave(w, WHY_OK);
    CHECK(w->session->is_idle, "not kept\n");
    world_close(w);
}

TEST(h1_server_closes_when_asked)
{
    static const struct { const char *request, *answer; bool kept; } rows[] = {
        { GET, OK_5, true },
        { "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello", false },
        { "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello", false },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nhello", true },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct h1_world *w = world_open();
        check_feed(w, rows[i].request);
        h1_world_answer(w, 200, "hello");
        check_out(w, rows[i].answer);
        CHECK(w->session->is_done == !rows[i].kept, "row %zu\n", i);
        h1_world_leave(w, WHY_OK);
        CHECK(w->session->is_done == !rows[i].kept && w->session->is_idle == rows[i].kept, "row %zu\n", i);
        if (!rows[i].kept) {
            check_feed(w, GET);
            CHECK(w->opened_n == 1, "row %zu: read on after close\n", i);
        }
        world_close(w);
    }
}

/* ---- refusals ---- */

#define PROBLEM(name, title, status, detail)                                                                           \
    "{\"type\":\"urn:apiforge:why:" name "\",\"title\":\"" title "\",\"status\":" status ",\"detail\":\"" detail "\"}"

TEST(h1_server_refuses_with_a_document)
{
    static const struct { const char *wire; enum why why; const char *line, *json; } rows[] = {
        { "GET / HTTP/1.1\r\n\r\n", WHY_H1_HOST_MISSING, "HTTP/1.1 400 Bad Request",
          PROBLEM("h1-host-missing", "Bad Request", "400", "HTTP/1.1 request has no Host") },
        { "FOO / HTTP/1.1\r\nHost: h\r\n\r\n", WHY_H1_METHOD, "HTTP/1.1 501 Not Implemented",
          PROBLEM("h1-method", "Not Implemented", "501", "method is not one that the gateway forwards") },
        { "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", WHY_H1_CHUNK,
          "HTTP/1.1 400 Bad Request", PROBLEM("h1-chunk", "Bad Request", "400", "chunked body is malformed") },
        { "\x16\x03\x01", WHY_H1_NOT_HTTP, "HTTP/1.1 400 Bad Request",
          PROBLEM("h1-not-http", "Bad Request", "400", "first bytes are not an HTTP/1 request") },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 1; cut <= strlen(rows[i].wire); cut++) {
            struct h1_world *w = world_open();
            size_t len = strlen(rows[i].wire);
            enum why why = WHY_OK;
            const char *got;
            char want[512];
            for (size_t at = 0; at < len && why == WHY_OK; at += cut)
                why = h1_world_feed(w, rows[i].wire + at, len - at < cut ? len - at : cut);
            CHECK(why == rows[i].why, "row %zu: %s\n", i, why_name(why));
            CHECK(w->opened_n == 1 && w->x.st.gone == why && w->x.st.session == NULL, "row %zu: stream\n", i);
            CHECK(w->exchange_wakes_n > 0 && w->session->streams_n == 0, "row %zu: stream\n", i);
            CHECK(h1_world_pull(w, &got) == WHY_OK, "row %zu: pull\n", i);
            snprintf(want, sizeof(want), "%s\r\ncontent-type: application/problem+json\r\ncontent-length: %zu\r\n"
                     "connection: close\r\n\r\n%s", rows[i].line, strlen(rows[i].json), rows[i].json);
            CHECK(strcmp(got, want) == 0, "row %zu:\n%s\n---- not\n%s\n", i, got, want);
            check_done(w, true);
            world_close(w);
        }
}

TEST(h1_server_refuses_when_all_places_are_taken)
{
    struct h1_world *w = world_open();
    const char *got;

    w->no_streams = true;
    CHECK(h1_world_feed_str(w, GET) == WHY_POOL_EXCHANGE_EMPTY, "feed\n");
    CHECK(h1_world_pull(w, &got) == WHY_OK && strncmp(got, "HTTP/1.1 503 Service Unavailable\r\n", 34) == 0, "%s\n",
          got);
    check_done(w, true);
    world_close(w);
}

TEST(h1_server_never_answers_twice)
{
    struct h1_world *w = world_open();

    /* The body breaks while the answer is under way. */
    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    w->x.tx_head.status = 200;
    w->x.tx_head.has_body = true;
    h1_world_send_head(w);
    h1_world_send(w, "ab", false);
    check_out(w, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
    CHECK(h1_world_feed_str(w, "zz\r\n") == WHY_H1_CHUNK && w->x.st.gone == WHY_H1_CHUNK, "feed\n");
    check_out(w, "");
    check_done(w, true);
    world_close(w);

    /* An interim answer is not an answer. */
    w = world_open();
    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    w->x.tx_head.status = 100;
    h1_world_send_head(w);
    check_out(w, "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(h1_world_feed_str(w, "zz\r\n") == WHY_H1_CHUNK, "feed\n");
    const char *got;
    CHECK(h1_world_pull(w, &got) == WHY_OK && strncmp(got, "HTTP/1.1 400 ", 13) == 0, "%s\n", got);
    world_close(w);

    /* A refused HEAD gets no body. */
    w = world_open();
    CHECK(h1_world_feed_str(w,
          "HEAD / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == WHY_H1_CHUNK, "feed\n");
    CHECK(h1_world_pull(w, &got) == WHY_OK && strcmp(strstr(got, "\r\n\r\n"), "\r\n\r\n") == 0, "%s\n", got);
    world_close(w);
}

TEST(h1_server_closes_on_an_unread_body)
{
    struct h1_world *w = world_open();

    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
    h1_world_answer(w, 413, "hello");
    check_out(w, "HTTP/1.1 413 Content Too Large\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
    CHECK(w->x.st.tx_done, "end\n");
    check_done(w, true);
    h1_world_leave(w, WHY_OK);
    check_feed(w, "defghi" GET);
    CHECK(w->opened_n == 1, "the rest of a body was read as a request\n");
    world_close(w);

    /* The answer began before anybody could know. */
    w = world_open();
    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
    w->x.tx_head.status = 200;
    w->x.tx_head.has_content_length = true;
    w->x.tx_head.content_length = 5;
    h1_world_send_head(w);
    check_out(w, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    h1_world_send(w, "hello", true);
    check_out(w, "hello");
    check_done(w, true);
    world_close(w);

    /* The body ends before the answer does: then nothing is in doubt. */
    w = world_open();
    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabc");
    w->x.tx_head.status = 200;
    w->x.tx_head.has_content_length = true;
    w->x.tx_head.content_length = 5;
    h1_world_send_head(w);
    check_out(w, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    check_feed(w, "d");
    h1_world_send(w, "hello", true);
    check_out(w, "hello");
    h1_world_leave(w, WHY_OK);
    CHECK(w->session->is_idle, "not kept\n");
    world_close(w);
}

TEST(h1_server_cuts_an_answer_that_breaks_its_length)
{
    struct h1_world *w = world_open();
    const char *got;

    check_feed(w, GET);
    h1_world_answer(w, 200, "hello");
    w->x.tx_head.content_length = 4;
    CHECK(h1_world_pull(w, &got) == WHY_H1_BODY_LENGTH && strstr(got, "hello") == NULL, "%s\n", got);
    CHECK(w->x.st.gone == WHY_H1_BODY_LENGTH, "gone\n");
    check_done(w, true);
    world_close(w);

    w = world_open();
    check_feed(w, GET);
    h1_world_answer(w, 200, "hello");
    w->x.tx_head.content_length = 6;
    CHECK(h1_world_pull(w, &got) == WHY_H1_BODY_LENGTH && strstr(got, "hello") != NULL, "%s\n", got);
    world_close(w);
}

TEST(h1_server_cuts_when_the_exchange_turns_away)
{
    struct h1_world *w = world_open();

    check_feed(w, GET);
    h1_world_leave(w, WHY_UP_RESET_EARLY);
    check_out(w, "");
    check_done(w, false);
    world_close(w);

    w = world_open();
    check_feed(w, GET);
    w->x.tx_head.status = 200;
    w->x.tx_head.has_body = true;
    h1_world_send_head(w);
    h1_world_send(w, "ab", false);
    check_out(w, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
    h1_world_leave(w, WHY_UP_RESET_LATE);
    check_out(w, ""); /* No last chunk: the client sees that it was cut. */
    check_done(w, false);
    world_close(w);
}

/* ---- upgrades ---- */

#define UPGRADE "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static void open_tunnel(struct h1_world *w, uint16_t status, const char *want)
{
    check_feed(w, UPGRADE "early");
    CHECK(w->x.rx_head.is_upgrade && !w->x.st.rx_end && w->x.st.rx.bytes == 0, "head\n");
    w->x.tx_head.status = status;
    w->x.st.tx_tunnel = true;
    h1_world_send_head(w);
    check_out(w, want);
    CHECK(w->session->is_tunnel && w->x.st.rx_tunnel && !w->x.st.rx_end, "no tunnel\n");
    CHECK(h1_world_turn(w) == WHY_OK && strcmp(h1_world_take(w), "early") == 0, "%s\n", w->text);
}

TEST(h1_server_opens_a_tunnel)
{
    struct h1_world *w = world_open();

    /* RFC 6455 s1.3 has this key and this accept. An answer of an HTTP/2 upstream is a 200 without either. */
    open_tunnel(w, 200, "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                        "connection: upgrade\r\nupgrade: websocket\r\n\r\n");
    check_feed(w, GET);
    CHECK(strcmp(h1_world_take(w), GET) == 0 && w->opened_n == 1, "a tunnel's bytes are nobody's request\n");
    h1_world_send(w, "down", false);
    check_out(w, "down");
    CHECK(w->x.st.rx_wire_bytes == 5 + sizeof(GET) - 1 && w->x.st.tx_wire_bytes == 4, "counts\n");
    CHECK(w->session->type->feed_end(w->session) == WHY_OK && w->x.st.rx_end && !w->session->is_done, "client's end\n");
    h1_world_send(w, "last", true);
    check_out(w, "last");
    CHECK(w->x.st.tx_done, "upstream's end\n");
    check_done(w, false);
    world_close(w);
}

TEST(h1_server_holds_a_tunnel_back)
{
    struct h1_world *w = world_open();
    static char block[65536];

    open_tunnel(w, 101, "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                        "connection: upgrade\r\nupgrade: websocket\r\n\r\n");
    for (int i = 0; i < 8; i++)
        CHECK(h1_world_feed(w, block, sizeof(block)) == WHY_OK, "block\n");
    CHECK(!w->session->wants_read && w->x.st.rx.bytes < STREAM_RX_BYTES_HIGH + sizeof(block), "%u\n", w->x.st.rx.bytes);
    h1_world_take(w);
    CHECK(w->session->wants_read && h1_world_turn(w) == WHY_OK && w->wire.bytes == 0, "does not go on\n");
    h1_world_send(w, "x", true);
    check_out(w, "x");
    CHECK(w->x.st.rx_end, "one side over, both over\n");
    world_close(w);
}

TEST(h1_server_goes_on_after_a_refused_upgrade)
{
    struct h1_world *w = world_open();

    check_feed(w, UPGRADE GET);
    h1_world_answer(w, 403, "hello");
    check_out(w, "HTTP/1.1 403 Forbidden\r\ncontent-length: 5\r\n\r\nhello");
    CHECK(w->x.st.rx_end && w->x.st.tx_done && !w->session->is_tunnel, "refused\n");
    h1_world_leave(w, WHY_OK);
    CHECK(h1_world_turn(w) == WHY_OK && w->opened_n == 2 && !w->x.rx_head.is_upgrade, "next request\n");
    world_close(w);
}

/* ---- ends ---- */

TEST(h1_server_drains)
{
    struct h1_world *w = world_open();

    w->session->type->drain(w->session);
    check_done(w, false);
    world_close(w);

    w = world_open();
    check_feed(w, "GET / HT");
    w->session->type->drain(w->session);
    check_feed(w, "TP/1.1\r\nHost: h\r\n\r\n" GET);
    h1_world_answer(w, 200, "hello");
    check_out(w, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
    check_done(w, false);
    h1_world_leave(w, WHY_OK);
    CHECK(h1_world_turn(w) == WHY_OK && w->opened_n == 1, "took another request\n");
    world_close(w);
}

TEST(h1_server_at_the_clients_end)
{
    struct h1_world *w = world_open();
    const char *got;

    check_feed(w, "\r\n");
    CHECK(w->session->type->feed_end(w->session) == WHY_OK, "idle\n");
    check_done(w, false);
    world_close(w);

    w = world_open();
    check_feed(w, "GET / HT");
    CHECK(w->session->type->feed_end(w->session) == WHY_H1_REQUEST_CUT && w->x.st.gone == WHY_H1_REQUEST_CUT, "head\n");
    CHECK(h1_world_pull(w, &got) == WHY_OK && strncmp(got, "HTTP/1.1 400 ", 13) == 0, "%s\n", got);
    world_close(w);

    w = world_open();
    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell");
    CHECK(w->session->type->feed_end(w->session) == WHY_H1_REQUEST_CUT && !w->x.st.rx_end, "body\n");
    world_close(w);

    w = world_open();
    check_feed(w, GET);
    CHECK(w->session->type->feed_end(w->session) == WHY_IO_EOF && w->x.st.gone == WHY_IO_EOF, "half closed\n");
    check_out(w, "");
    check_done(w, true);
    world_close(w);
}

TEST(h1_server_answers_a_head_that_is_too_slow)
{
    struct h1_world *w = world_open();
    const char *got;

    check_feed(w, "GET / HT");
    w->session->type->expire(w->session, WHY_CONN_HEAD_SLOW);
    CHECK(w->x.st.gone == WHY_CONN_HEAD_SLOW && w->x.st.session == NULL, "stream\n");
    CHECK(h1_world_pull(w, &got) == WHY_OK && strncmp(got, "HTTP/1.1 408 Request Timeout\r\n", 30) == 0, "%s\n", got);
    check_done(w, true);
    world_close(w);
}

TEST(h1_server_gives_all_back_when_it_ends)
{
    struct h1_world *w = world_open();

    check_feed(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell");
    w->session->type->fini(w->session, WHY_CONN_BODY_SLOW);
    CHECK(w->x.st.gone == WHY_CONN_BODY_SLOW && w->x.st.session == NULL && w->pool.live_n == 0, "fini\n");
    h1_world_count_wakes(w);
    CHECK(w->exchange_wakes_n > 0, "not woken\n");
    CHECK(h1_server_open(&w->pool, &w->shard, &w->session) == WHY_OK, "open\n");
    w->session->conn_task = &w->conn_task;
    pool_fail_after(&w->pool, 1);
    struct session *other = NULL;
    CHECK(h1_server_open(&w->pool, &w->shard, &other) == WHY_POOL_SESSION_EMPTY && other == NULL, "pool\n");
    world_close(w);
}

TEST(h1_server_says_when_memory_is_out)
{
    for (uint32_t n = 1; n < 8; n++) {
        struct h1_world *w = world_open();
        const char *got;
        enum why why;
        check_feed(w, GET);
        h1_world_answer(w, 200, "hello");
        pool_fail_after(&w->shard.queues.segs, n);
        why = h1_world_pull(w, &got);
        CHECK(why == WHY_OK || why == WHY_POOL_BUFFER_EMPTY, "%s\n", why_name(why));
        CHECK(why == WHY_OK || (w->x.st.gone == why && w->session->is_done), "not told\n");
        CHECK(n > 1 || why == WHY_POOL_BUFFER_EMPTY, "no failure seen\n");
        pool_fail_after(&w->shard.queues.segs, 0);
        world_close(w);
    }
    struct h1_world *w = world_open();
    pool_fail_after(&w->shard.queues.bufs._pool[BUF_SMALL], 2);
    CHECK(h1_world_feed_str(w, GET) == WHY_ARENA_FULL && w->x.st.gone == WHY_ARENA_FULL, "arena\n");
    const char *got;
    CHECK(h1_world_pull(w, &got) == WHY_OK && strncmp(got, "HTTP/1.1 503 ", 13) == 0, "%s\n", got);
    world_close(w);
}

CHECK_RUN(RUN(h1_server_keeps_a_connection), RUN(h1_server_answers_pipelined_requests_in_order),
          RUN(h1_server_stops_reading_a_long_pipeline), RUN(h1_server_holds_a_body_back),
          RUN(h1_server_moves_large_bodies_by_reference), RUN(h1_server_relays_interim_answers),
          RUN(h1_server_frames_streams), RUN(h1_server_sends_no_body_to_head), RUN(h1_server_closes_when_asked),
          RUN(h1_server_refuses_with_a_document), RUN(h1_server_refuses_when_all_places_are_taken),
          RUN(h1_server_never_answers_twice), RUN(h1_server_closes_on_an_unread_body),
          RUN(h1_server_cuts_an_answer_that_breaks_its_length), RUN(h1_server_cuts_when_the_exchange_turns_away),
          RUN(h1_server_opens_a_tunnel), RUN(h1_server_holds_a_tunnel_back),
          RUN(h1_server_goes_on_after_a_refused_upgrade), RUN(h1_server_drains), RUN(h1_server_at_the_clients_end),
          RUN(h1_server_answers_a_head_that_is_too_slow), RUN(h1_server_gives_all_back_when_it_ends),
              RUN(h1_server_says_when_memory_is_out))
