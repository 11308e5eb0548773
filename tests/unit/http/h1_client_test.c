/* h1_client_test.c - an upstream's connection: what is asked, what is believed, when it may be used again.
 *
 * Goal:   session.h and stream.h hold for HTTP/1 clients: a connection goes on only after two whole messages, each way
 *         an upstream can fail has its name, interim answers and upgrades pass.
 * Method: the test plays exchange and upstream (lib/h1_world.h).
 */
#include "lib/h1_world.h"

#include "http/h1_websocket.h"

#include "lib/check.h"

#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static struct h1_world *world_open(void)
{
    struct h1_world *w = malloc(sizeof(*w));

    CHECK(w != NULL && h1_world_open(w, false), "no memory\n");
    return w;
}

static void world_close(struct h1_world *w)
{
    unsigned left = h1_world_close(w);

    CHECK(left == 0, "%u buffers, pieces or sessions are left\n", left);
    free(w);
}

/* Begin a request; a method without a body is whole with its head. */
static void start(struct h1_world *w, enum method method)
{
    struct h1_exchange *x = &w->x;

    CHECK(w->session->may_start && w->session->is_idle, "may not start\n");
    h1_world_exchange_open(w);
    x->tx_head.method = (uint8_t)method;
    x->tx_head.method_text = method_name(method);
    x->tx_head.authority = SPAN_LIT("h");
    x->tx_head.target = SPAN_LIT("/");
    x->st.tx_head = &x->tx_head;
    x->st.tx_has_head = true;
    x->st.tx_end = method == METHOD_GET || method == METHOD_HEAD;
    x->tx_head.has_body = !x->st.tx_end;
    CHECK(w->session->type->stream_start(w->session, &x->st) == WHY_OK, "start\n");
    CHECK(!w->session->may_start && !w->session->is_idle && w->session->wants_write && w->session->streams_n == 1,
          "flags\n");
}

static void check_out(struct h1_world *w, const char *want)
{
    const char *got;
    enum why why = h1_world_pull(w, &got);

    CHECK(why == WHY_OK && strcmp(got, want) == 0, "%s: %s---- not\n%s\n", why_name(why), got, want);
}

/* A GET that is on its way. */
static struct h1_world *world_asked(void)
{
    struct h1_world *w = world_open();

    start(w, METHOD_GET);
    check_out(w, "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    CHECK(w->x.st.tx_done && w->x.st.tx_head_done, "not sent\n");
    w->exchange_wakes_n = 0;
    return w;
}

static void check_feed(struct h1_world *w, const char *text)
{
    enum why why = h1_world_feed_str(w, text);

    CHECK(why == WHY_OK, "%s: %s\n", text, why_name(why));
}

static void check_reusable(struct h1_world *w, bool want)
{
    h1_world_leave(w, WHY_OK);
    CHECK(w->session->may_start == want && w->session->is_idle == want && w->session->is_done == !want &&
          w->session->streams_n == 0, "may_start %d, is_done %d\n", w->session->may_start, w->session->is_done);
}

TEST(h1_client_uses_a_connection_again)
{
    struct h1_world *w = world_open();

    for (int i = 0; i < 3; i++) {
        start(w, METHOD_GET);
        check_out(w, "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
        CHECK(w->session->wants_read, "reads\n");
        check_feed(w, OK_2);
        CHECK(w->x.st.rx_has_head && w->x.st.rx_end && w->x.rx_head.status == 200 && !w->x.st.rx_interim, "answer\n");
        CHECK(strcmp(h1_world_take(w), "hi") == 0 && w->x.st.rx_wire_bytes == 2, "body\n");
        check_reusable(w, true);
    }
    CHECK(w->session->requests_n == 3, "requests: %u\n", w->session->requests_n);
    world_close(w);
}

TEST(h1_client_sends_bodies)
{
    struct h1_world *w = world_open();

    start(w, METHOD_POST);
    check_out(w, "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n");
    h1_world_send(w, "abc", false);
    check_out(w, "3\r\nabc\r\n");
    CHECK(w->x.st.tx_wire_bytes == 3 && !w->x.st.tx_done && !w->session->wants_write, "sent\n");
    CHECK(head_add(&w->x.tx_trailers, SPAN_LIT("t"), SPAN_LIT("1"), 0), "add\n");
    w->x.st.tx_trailers = &w->x.tx_trailers;
    h1_world_send(w, "", true);
    check_out(w, "0\r\nt: 1\r\n\r\n");
    CHECK(w->x.st.tx_done, "end\n");
    check_feed(w, OK_2);
    check_reusable(w, true);

    start(w, METHOD_POST);
    w->x.tx_head.has_content_length = true;
    w->x.tx_head.content_length = 3;
    check_out(w, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\n");
    h1_world_send(w, "abcd", true);
    const char *got;
    CHECK(h1_world_pull(w, &got) == WHY_H1_BODY_LENGTH && w->x.st.gone == WHY_H1_BODY_LENGTH, "%s\n", got);
    CHECK(w->session->is_done, "goes on\n");
    world_close(w);
}

TEST(h1_client_gives_the_body_of_an_answer_back_pressure)
{
    struct h1_world *w = world_asked();
    static char block[65536];

    check_feed(w, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 8; i++)
        CHECK(h1_world_feed(w, block, sizeof(block)) == WHY_OK, "block\n");
    CHECK(!w->session->wants_read && w->x.st.rx.bytes < STREAM_RX_BYTES_HIGH + sizeof(block), "%u\n", w->x.st.rx.bytes);
    h1_world_take(w);
    CHECK(w->session->wants_read && h1_world_turn(w) == WHY_OK && w->wire.bytes == 0, "does not go on\n");
    CHECK(w->session->type->feed_end(w->session) == WHY_OK && w->x.st.rx_end, "the end of the connection ends it\n");
    CHECK(w->x.st.rx_wire_bytes == 8 * sizeof(block), "bytes\n");
    check_reusable(w, false);
    world_close(w);
}

TEST(h1_client_when_it_may_not_be_used_again)
{
    static const struct { const char *name, *answer; } rows[] = {
        { "says close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" },
        { "1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n" },
        { "bytes behind", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n" },
        { "bytes behind a body", OK_2 "x" },
        { "bytes behind 204", "HTTP/1.1 204 No\r\n\r\nx" },
        { "bytes behind 304", "HTTP/1.1 304 No\r\nContent-Length: 1\r\n\r\nx" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct h1_world *w = world_asked();
        check_feed(w, rows[i].answer);
        CHECK(w->x.st.rx_end, "%s: no end\n", rows[i].name);
        check_reusable(w, false);
        world_close(w);
    }

    /* An answer before the request is sent. */
    struct h1_world *w = world_open();
    start(w, METHOD_POST);
    check_out(w, "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n");
    check_feed(w, OK_2);
    CHECK(w->x.st.rx_end && !w->x.st.tx_done, "answer\n");
    h1_world_send(w, "more", false);
    check_out(w, "4\r\nmore\r\n");
    check_reusable(w, false);
    world_close(w);

    w = world_asked();
    w->session->type->drain(w->session);
    check_feed(w, OK_2);
    check_reusable(w, false);
    world_close(w);
}

TEST(h1_client_hears_bytes_that_nobody_asked_for)
{
    struct h1_world *w = world_open();

    CHECK(h1_world_feed_str(w, "HTTP/1.1 408 Too late\r\n\r\n") == WHY_H1_ANSWER_UNASKED, "idle\n");
    CHECK(w->session->is_done && !w->session->may_start, "may start\n");
    world_close(w);

    /* They crossed with a request that is bound and not yet written: nothing of it can have been processed. */
    w = world_open();
    start(w, METHOD_GET);
    CHECK(h1_world_feed_str(w, "HTTP/1.1 408 Too late\r\n\r\n") == WHY_UP_RESET_EARLY, "bound\n");
    CHECK(w->x.st.gone == WHY_UP_RESET_EARLY && w->x.st.session == NULL && !w->x.st.tx_head_done, "stream\n");
    world_close(w);
}

TEST(h1_client_reads_no_body_that_is_not_there)
{
    struct h1_world *w = world_open();

    start(w, METHOD_HEAD);
    check_out(w, "HEAD / HTTP/1.1\r\nhost: h\r\n\r\n");
    check_feed(w, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    CHECK(w->x.st.rx_end && w->x.rx_head.content_length == 5 && w->x.rx_head.has_content_length, "head\n");
    check_reusable(w, true);
    start(w, METHOD_HEAD);
    check_out(w, "HEAD / HTTP/1.1\r\nhost: h\r\n\r\n");
    check_feed(w, "HTTP/1.1 200 OK\r\n\r\n");
    CHECK(w->x.st.rx_end, "head without length\n");
    check_reusable(w, true);
    world_close(w);
}

/* ---- ends too early ---- */

TEST(h1_client_names_how_an_answer_ends_early)
{
    static const struct { const char *answer; enum why why; } rows[] = {
        { "", WHY_UP_RESET_EARLY },
        { "H", WHY_UP_RESET_LATE },
        { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", WHY_UP_RESET_LATE },
        { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", WHY_UP_RESET_LATE },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", WHY_UP_RESET_LATE },
        { "HTTP/1.1 100 Continue\r\n\r\n", WHY_UP_RESET_LATE },
        { OK_2, WHY_OK },
        { "HTTP/1.1 200 OK\r\n\r\nuntil the end", WHY_OK },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct h1_world *w = world_asked();
        check_feed(w, rows[i].answer);
        w->exchange_wakes_n = 0;
        enum why why = w->session->type->feed_end(w->session);
        CHECK(why == rows[i].why, "%s: %s\n", rows[i].answer, why_name(why));
        CHECK(w->x.st.gone == why, "%s: gone %s\n", rows[i].answer, why_name(w->x.st.gone));
        CHECK(why != WHY_OK || w->x.st.rx_end, "%s: no end\n", rows[i].answer);
        if (why != WHY_OK)
            CHECK(w->session->is_done && w->x.st.session == NULL && !w->x.st.rx_end, "%s\n", rows[i].answer);
        else
            check_reusable(w, false);
        h1_world_count_wakes(w);
        world_close(w);
    }
    struct h1_world *w = world_open();
    CHECK(w->session->type->feed_end(w->session) == WHY_OK && w->session->is_done && !w->session->may_start, "idle\n");
    world_close(w);
}

TEST(h1_client_refuses_bad_answers)
{
    static const struct { const char *answer; enum why why; } rows[] = {
        { "HTTP/1.1 099 No\r\n\r\n", WHY_H1_ANSWER_STATUS },
        { "HTTP/2.0 200 OK\r\n\r\n", WHY_H1_ANSWER_VERSION },
        { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          WHY_H1_ANSWER_LENGTH_AND_CODING },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", WHY_H1_ANSWER_CODING },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", WHY_H1_ANSWER_CHUNK },
        { "HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\n", WHY_H1_ANSWER_LENGTH },
        { "HTTP/1.1 101 Sw\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", WHY_H1_ANSWER_UPGRADE },
        { "ICY 200 OK\r\n\r\n", WHY_H1_ANSWER_HEAD },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 1; cut <= strlen(rows[i].answer); cut++) {
            struct h1_world *w = world_asked();
            size_t len = strlen(rows[i].answer);
            enum why why = WHY_OK;
            for (size_t at = 0; at < len && why == WHY_OK; at += cut)
                why = h1_world_feed(w, rows[i].answer + at, len - at < cut ? len - at : cut);
            CHECK(why == rows[i].why && w->x.st.gone == why, "%s: %s\n", rows[i].answer, why_name(why));
            CHECK(why_fault(why) == WHY_FAULT_UP && why_http(why) == 502, "%s: whose fault\n", why_name(why));
            CHECK(w->session->is_done && w->exchange_wakes_n > 0, "%s: goes on\n", rows[i].answer);
            world_close(w);
        }
}

/* ---- interim answers ---- */

TEST(h1_client_hands_interim_answers_on)
{
    struct h1_world *w = world_asked();

    check_feed(w, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" OK_2);
    CHECK(w->x.st.rx_interim && w->x.st.rx_has_head && w->x.rx_head.status == 100 && !w->x.st.rx_end, "first\n");
    CHECK(h1_world_turn(w) == WHY_OK && w->x.rx_head.status == 100, "read on before it was taken\n");
    w->x.st.rx_interim = w->x.st.rx_has_head = false;
    h1_world_touch(w);
    CHECK(w->session->wants_read && h1_world_turn(w) == WHY_OK, "turn\n");
    CHECK(w->x.st.rx_interim && w->x.rx_head.status == 103 && w->x.rx_head.fields_n == 1, "second\n");
    w->x.st.rx_interim = w->x.st.rx_has_head = false;
    h1_world_touch(w);
    CHECK(h1_world_turn(w) == WHY_OK && !w->x.st.rx_interim && w->x.rx_head.status == 200 && w->x.st.rx_end, "final\n");
    CHECK(w->x.rx_head.fields_n == 1 && strcmp(h1_world_take(w), "hi") == 0, "final\n");
    check_reusable(w, true);
    world_close(w);
}

TEST(h1_client_ends_a_flood_of_interim_answers)
{
    struct h1_world *w = world_asked();

    for (int i = 0; i < H1_INTERIMS_MAX; i++) {
        check_feed(w, "HTTP/1.1 102 Processing\r\n\r\n");
        CHECK(w->x.st.rx_interim, "interim %d\n", i);
        w->x.st.rx_interim = w->x.st.rx_has_head = false;
        h1_world_touch(w);
    }
    CHECK(h1_world_feed_str(w, "HTTP/1.1 102 Processing\r\n\r\n") == WHY_H1_ANSWER_INTERIMS, "goes on\n");
    CHECK(w->x.st.gone == WHY_H1_ANSWER_INTERIMS, "gone\n");
    world_close(w);
}

/* ---- upgrades ---- */

static struct h1_world *world_upgrading(enum method method)
{
    struct h1_world *w = world_open();

    start(w, method);
    w->x.tx_head.is_upgrade = true;
    w->x.tx_head.protocol = SPAN_LIT("websocket");
    w->x.st.tx_tunnel = true;
    w->x.st.tx_end = false;
    return w;
}

TEST(h1_client_opens_a_tunnel)
{
    struct h1_world *w = world_upgrading(METHOD_GET);

    CHECK(head_add(&w->x.tx_head, SPAN_LIT("sec-websocket-key"), SPAN_LIT("a client's own"), 0), "add\n");
    check_out(w, "GET / HTTP/1.1\r\nhost: h\r\nsec-websocket-key: a client's own\r\nconnection: upgrade\r\n"
                 "upgrade: websocket\r\n\r\n");
    h1_world_send(w, "too early", false);
    check_out(w, "");
    check_feed(w, "HTTP/1.1 101 Sw\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nup");
    CHECK(w->x.st.rx_tunnel && w->x.st.rx_has_head && w->session->is_tunnel && !w->x.st.rx_end, "no tunnel\n");
    CHECK(strcmp(h1_world_take(w), "up") == 0, "%s\n", w->text);
    check_out(w, "too early");
    check_feed(w, "HTTP/1.1 200 OK\r\n\r\n");
    CHECK(strcmp(h1_world_take(w), "HTTP/1.1 200 OK\r\n\r\n") == 0, "%s\n", w->text);
    CHECK(w->session->type->feed_end(w->session) == WHY_OK && w->x.st.rx_end && !w->session->is_done,
          "upstream's end\n");
    h1_world_send(w, "bye", true);
    check_out(w, "bye");
    CHECK(w->x.st.tx_done && w->session->is_done, "client's end\n");
    h1_world_leave(w, WHY_OK);
    CHECK(!w->session->may_start, "a tunnel is never used again\n");
    world_close(w);
}

TEST(h1_client_makes_the_handshake_for_http2)
{
    static const char accept[] = "HTTP/1.1 101 Sw\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                                 "Sec-WebSocket-Accept: ";

    for (int good = 0; good < 2; good++) {
        struct h1_world *w = world_upgrading(METHOD_CONNECT);
        const char *got;
        struct head answer;
        char wire[256];
        CHECK(h1_world_pull(w, &got) == WHY_OK && strncmp(got, "GET / HTTP/1.1\r\n", 16) == 0, "%s\n", got);
        CHECK(strstr(got, "sec-websocket-key: ") != NULL, "%s\n", got);
        head_init(&answer, &w->x.arena);
        CHECK(h1_websocket_add_accept(&answer, &w->x.tx_head) && answer.fields_n == 1, "accept\n");
        snprintf(wire, sizeof(wire), "%s%.*s%s\r\n\r\n", accept, (int)answer.fields[0].value.len - !good,
                 (const char *)answer.fields[0].value.at, good ? "" : "?");
        CHECK(h1_world_feed_str(w, wire) == (good ? WHY_OK : WHY_H1_ANSWER_UPGRADE), "%s\n", wire);
        CHECK(w->x.st.rx_tunnel == good, "tunnel\n");
        world_close(w);
    }
}

TEST(h1_client_goes_on_after_a_refused_upgrade)
{
    struct h1_world *w = world_upgrading(METHOD_GET);
    const char *got;

    CHECK(h1_world_pull(w, &got) == WHY_OK && !w->x.st.tx_done, "head\n");
    check_feed(w, "HTTP/1.1 426 No\r\nUpgrade: other\r\nContent-Length: 2\r\n\r\nno");
    CHECK(w->x.st.rx_end && w->x.st.tx_done && !w->x.st.rx_tunnel, "refused\n");
    check_reusable(w, true);
    world_close(w);
}

/* ---- ends ---- */

TEST(h1_client_ends_when_left_early)
{
    struct h1_world *w = world_asked();

    check_feed(w, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    h1_world_leave(w, WHY_CONN_CLIENT_GONE);
    CHECK(w->session->is_done && !w->session->may_start && !w->session->wants_write, "goes on\n");
    check_feed(w, "of it");
    world_close(w);

    w = world_open();
    w->session->type->drain(w->session);
    CHECK(w->session->is_done && !w->session->may_start, "idle\n");
    world_close(w);

    w = world_asked();
    w->session->type->fini(w->session, WHY_UP_TIMEOUT);
    CHECK(w->x.st.gone == WHY_UP_TIMEOUT && w->x.st.session == NULL && w->pool.live_n == 0, "fini\n");
    CHECK(h1_client_open(&w->pool, &w->shard, &w->session) == WHY_OK, "open\n");
    pool_fail_after(&w->pool, 1);
    struct session *other = NULL;
    CHECK(h1_client_open(&w->pool, &w->shard, &other) == WHY_POOL_SESSION_EMPTY, "pool\n");
    world_close(w);
}

TEST(h1_client_says_when_memory_is_out)
{
    struct h1_world *w = world_open();
    const char *got;

    start(w, METHOD_GET);
    pool_fail_after(&w->shard.queues.segs, 1);
    CHECK(h1_world_pull(w, &got) == WHY_POOL_BUFFER_EMPTY && w->x.st.gone == WHY_POOL_BUFFER_EMPTY, "pull\n");
    world_close(w);

    w = world_asked();
    CHECK(bufq_push_copy(&w->shard.queues, &w->wire, span_str(OK_2)) == WHY_OK, "push\n");
    pool_fail_after(&w->shard.queues.bufs._pool[BUF_SMALL], 1);
    CHECK(h1_world_turn(w) == WHY_ARENA_FULL && w->x.st.gone == WHY_ARENA_FULL, "arena\n");
    world_close(w);
}

CHECK_RUN(RUN(h1_client_uses_a_connection_again), RUN(h1_client_sends_bodies),
          RUN(h1_client_gives_the_body_of_an_answer_back_pressure), RUN(h1_client_when_it_may_not_be_used_again),
          RUN(h1_client_hears_bytes_that_nobody_asked_for), RUN(h1_client_reads_no_body_that_is_not_there),
          RUN(h1_client_names_how_an_answer_ends_early), RUN(h1_client_refuses_bad_answers),
          RUN(h1_client_hands_interim_answers_on), RUN(h1_client_ends_a_flood_of_interim_answers),
          RUN(h1_client_opens_a_tunnel), RUN(h1_client_makes_the_handshake_for_http2),
          RUN(h1_client_goes_on_after_a_refused_upgrade), RUN(h1_client_ends_when_left_early),
          RUN(h1_client_says_when_memory_is_out))
