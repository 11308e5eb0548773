/* h2_client_test.c - requests out, answers in, with an upstream whose frames are written by hand.
 *
 * Goal:   what an exchange hands over goes out as RFC 9113 wants; whatever an upstream answers arrives as stream.h says or
 *         ends the stream by a name that tells whether it may be tried again.
 * Method: as h2_server_test, from the other end.
 */
#include "http/h2_session.h"
#include "lib/check.h"
#include "lib/h2_lab.h"

static struct h2_wire w;

static struct lab *client(void)
{
    struct lab *l = lab_open(false);

    CHECK(l->s->may_start && l->s->wants_write && l->s->is_idle, "a new session takes streams\n");
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(memcmp(l->sent.at, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24) == 0, "preface\n");
    w.len = 0;
    h2_wire_frame(&w, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    h2_wire_frame(&w, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
    lab_feed_wire(l, &w);
    h2_dump_clear(&l->dump);
    return l;
}

/* An exchange that wants this; the caller adds what it likes before request(). */
static struct lab_exchange *exchange(struct lab *l, enum method method, const char *target)
{
    struct lab_exchange *x = lab_exchange_new(l);

    x->st.rx_head = &x->response;
    x->st.rx_trailers = &x->response_trailers;
    x->st.tx_head = &x->request;
    x->request.method = (uint8_t)method;
    x->request.method_text = method_name(method);
    x->request.scheme = SPAN_LIT("https");
    x->request.authority = SPAN_LIT("up.example");
    x->request.target = span_str(target);
    return x;
}

static void start(struct lab *l, struct lab_exchange *x)
{
    enum why why;

    x->st.tx_has_head = true;
    CHECK(l->s->may_start, "may not start\n");
    why = l->s->type->stream_start(l->s, &x->st);
    CHECK(why == WHY_OK && x->st.session == l->s, "start: %s\n", why_name(why));
    lab_pull(l, CONN_OUT_BYTES_HIGH);
}

static struct lab_exchange *get(struct lab *l)
{
    struct lab_exchange *x = exchange(l, METHOD_GET, "/");

    x->st.tx_end = true;
    start(l, x);
    lab_was_woken(x);
    return x;
}

TEST(request_and_answer)
{
    struct lab *l = client();
    struct lab_exchange *x = exchange(l, METHOD_GET, "/p?q");

    CHECK(head_add(&x->request, SPAN_LIT("authorization"), SPAN_LIT("t"), 0) &&
          head_add(&x->request, SPAN_LIT("connection"), SPAN_LIT("x"), 0) &&
          head_add(&x->request, SPAN_LIT("x-a"), SPAN_LIT("b"), 0), "no room\n");
    x->request.accepts_trailers = true;
    x->st.tx_end = true;
    start(l, x);
    CHECK(strcmp(l->dump.text, "1 HEADERS :method=GET :scheme=https :authority=up.example :path=/p?q authorization=t! x-a=b "
                               "te=trailers END\n") == 0, "%s\n", l->dump.text);
    CHECK(x->st.tx_done && x->st.tx_head_done && x->st.id == 1 && l->s->streams_n == 1 && !l->s->is_idle, "out\n");
    h2_wire_head(&w, 0, 1, ":status: 200\ncontent-length: 5\nserver: s\n");
    h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, "hel", 3);
    h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "lo", 2);
    lab_was_woken(x);
    lab_feed_wire(l, &w);
    CHECK(x->st.rx_has_head && !x->st.rx_interim && x->response.status == 200 && x->response.has_body, "head\n");
    CHECK(x->response.has_content_length && x->response.content_length == 5 && lab_was_woken(x), "length\n");
    CHECK(x->st.rx.bytes == 5 && x->st.rx_end && x->st.gone == WHY_OK && x->st.rx_wire_bytes == 5, "body\n");
    lab_leave(l, x, WHY_OK);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->s->is_idle && l->s->may_start && l->dump.frames_n[NGHTTP2_RST_STREAM] == 0, "free for the next\n");
    lab_close(l);
}

TEST(body_and_trailers_go_out)
{
    struct lab *l = client();
    struct lab_exchange *x = exchange(l, METHOD_POST, "/");

    x->request.has_content_length = true;
    x->request.content_length = 6;
    start(l, x);
    lab_tx(l, x, "abc", 3);
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "content-length=6\n1 DATA 3\n"), "%s\n", l->dump.text);
    lab_tx(l, x, "def", 3);
    CHECK(head_add(&x->request_trailers, SPAN_LIT("x-t"), SPAN_LIT("1"), 0), "no room\n");
    x->st.tx_trailers = &x->request_trailers;
    x->st.tx_end = true;
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "1 DATA 3\n1 DATA 3\n1 HEADERS x-t=1 END\n") && x->st.tx_done, "%s\n", l->dump.text);
    lab_close(l);
}

TEST(answer_with_trailers)
{
    struct lab *l = client();
    struct lab_exchange *x = get(l), *only = get(l);

    h2_wire_head(&w, 0, 1, ":status: 200\n");
    h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, "x", 1);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, "grpc-status: 0\n");
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 3, ":status: 200\ngrpc-status: 12\n");
    lab_feed_wire(l, &w);
    CHECK(x->st.rx_end && x->response_trailers.fields_n == 1 && x->response.fields_n == 0, "trailers\n");
    CHECK(only->st.rx_end && only->response.fields_n == 1 && !only->response.has_body, "trailers only\n");
    lab_close(l);
}

TEST(answers_that_have_no_body)
{
    struct lab *l = client();
    struct lab_exchange *head = exchange(l, METHOD_HEAD, "/"), *x;

    head->st.tx_end = true;
    start(l, head);
    x = get(l);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, ":status: 200\ncontent-length: 5\n");
    h2_wire_head(&w, 0, 3, ":status: 304\n");
    h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, NULL, 0);
    lab_feed_wire(l, &w);
    CHECK(head->st.rx_end && !head->response.has_body && head->response.content_length == 5, "HEAD\n");
    CHECK(x->st.rx_end && !x->response.has_body && x->st.gone == WHY_OK, "304\n");
    lab_close(l);
}

TEST(interim_heads_wait_for_the_exchange)
{
    struct lab *l = client();
    struct lab_exchange *x = get(l);

    h2_wire_head(&w, 0, 1, ":status: 103\nlink: a\n");
    h2_wire_head(&w, 0, 1, ":status: 103\nlink: b\n");
    h2_wire_head(&w, 0, 1, ":status: 200\nx-final: 1\n");
    h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "body", 4);
    lab_feed_wire(l, &w);
    CHECK(x->st.rx_has_head && x->st.rx_interim && x->response.status == 103 && lab_was_woken(x), "first interim head\n");
    CHECK(span_is(x->response.fields[0].value, SPAN_LIT("a")) && l->s->wants_read, "shown; the others do not stop the connection\n");
    x->st.rx_has_head = x->st.rx_interim = false;
    head_init(&x->response, &x->arena);
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(x->st.rx_has_head && !x->st.rx_interim && x->response.status == 200 && lab_was_woken(x), "then the final one\n");
    CHECK(x->response.fields_n == 1 && x->st.rx.bytes == 4 && x->st.rx_end && x->st.gone == WHY_OK, "whole\n");
    lab_close(l);
}

TEST(no_memory_for_a_head_behind_an_interim_one)
{
    struct lab *l = client();
    struct lab_exchange *x = exchange(l, METHOD_GET, "/");

    x->st.tx_end = true;
    start(l, x);
    h2_wire_head(&w, 0, 1, ":status: 103\nlink: a\n");
    lab_feed_wire(l, &w);
    x->arena.bytes_max = x->arena.bytes + 16;
    h2_wire_head(&w, 0, 1, ":status: 200\n");
    h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "x", 1);
    lab_feed_wire(l, &w);
    CHECK(x->st.gone == WHY_ARENA_FULL && x->st.rx_interim && h2_dump_has(&l->dump, "1 RST 8\n"), "%s\n", why_name(x->st.gone));
    lab_close(l);
}

TEST(too_many_interim_heads)
{
    struct lab *l = client();
    struct lab_exchange *x = get(l);

    for (int i = 0; i < H2_INTERIMS_MAX + 1; i++) {
        CHECK(x->st.gone == WHY_OK, "%d: %s\n", i, why_name(x->st.gone));
        h2_wire_head(&w, 0, 1, ":status: 103\n");
        lab_feed_wire(l, &w);
        x->st.rx_has_head = x->st.rx_interim = false;
    }
    CHECK(x->st.gone == WHY_H2_UP_INTERIMS && h2_dump_has(&l->dump, "1 RST 8\n"), "%s\n", why_name(x->st.gone));
    lab_close(l);
}

TEST(answers_that_break_the_rules)
{
    static const struct {
        const char *head;
        enum why    why;
    } rows[] = {
        { ":status: 20\n", WHY_H2_UP_MESSAGE },
        { ":status: 600\n", WHY_H2_UP_MESSAGE },
        { ":status: 101\n", WHY_H2_UP_MESSAGE },
        { "server: x\n", WHY_H2_UP_MESSAGE },
        { ":status: 200\nconnection: close\n", WHY_H2_UP_MESSAGE },
        { ":status: 200\nx-a: \x01\n", WHY_H2_UP_MESSAGE },
        { ":status: 200\n:path: /\n", WHY_H2_UP_MESSAGE },
        { ":status: 200\ncontent-length: 5\n", WHY_H2_UP_MESSAGE }, /* ... and END_STREAM */
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab *l = client();
        struct lab_exchange *x = get(l);
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, rows[i].head);
        lab_feed_wire(l, &w);
        CHECK(x->st.gone == rows[i].why && !x->st.rx_has_head && lab_was_woken(x), "%zu: %s\n", i, why_name(x->st.gone));
        CHECK(x->st.session == l->s && l->ended == WHY_OK, "%zu: only this stream\n", i);
        lab_leave(l, x, x->st.gone);
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        CHECK(l->s->is_idle && l->s->may_start, "%zu: free\n", i);
        lab_close(l);
    }
}

TEST(answer_head_too_large)
{
    struct lab *l = client();
    struct lab_exchange *x = get(l);
    char lines[4096];
    int n = snprintf(lines, sizeof(lines), ":status: 200\n");

    for (int i = 0; i < HEAD_FIELDS_MAX; i++)
        n += snprintf(lines + n, sizeof(lines) - (size_t)n, "x-a: b\n");
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, lines);
    lab_feed_wire(l, &w);
    CHECK(x->st.gone == WHY_H2_UP_HEAD_LARGE, "%s\n", why_name(x->st.gone));
    lab_close(l);
}

TEST(resets_say_whether_a_retry_is_safe)
{
    struct lab *l = client();
    struct lab_exchange *refused = get(l), *reset = get(l), *late = get(l);

    h2_wire_u32(&w, NGHTTP2_RST_STREAM, 1, NGHTTP2_REFUSED_STREAM);
    h2_wire_u32(&w, NGHTTP2_RST_STREAM, 3, NGHTTP2_INTERNAL_ERROR);
    h2_wire_head(&w, 0, 5, ":status: 200\n");
    h2_wire_u32(&w, NGHTTP2_RST_STREAM, 5, NGHTTP2_INTERNAL_ERROR);
    lab_feed_wire(l, &w);
    CHECK(refused->st.gone == WHY_H2_UP_REFUSED && why_may_retry(refused->st.gone), "%s\n", why_name(refused->st.gone));
    CHECK(reset->st.gone == WHY_H2_UP_RESET && !why_may_retry(reset->st.gone), "%s\n", why_name(reset->st.gone));
    CHECK(late->st.gone == WHY_H2_UP_RESET && late->st.rx_has_head, "%s\n", why_name(late->st.gone));
    CHECK(l->s->streams_n == 3, "until they leave\n");
    lab_sweep(l);
    CHECK(l->s->is_idle && l->s->may_start, "free\n");
    lab_close(l);
}

TEST(complete_answer_survives_a_reset_of_the_request)
{
    struct lab *l = client();
    struct lab_exchange *x = exchange(l, METHOD_POST, "/");

    start(l, x);
    lab_tx(l, x, "part", 4);
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, ":status: 413\n");
    h2_wire_u32(&w, NGHTTP2_RST_STREAM, 1, NGHTTP2_NO_ERROR);
    lab_feed_wire(l, &w);
    CHECK(x->st.gone == WHY_OK && x->st.rx_end && x->response.status == 413 && x->st.tx_done, "%s\n", why_name(x->st.gone));
    lab_tx(l, x, "more", 4);
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(x->st.tx.bytes == 0, "thrown away\n");
    lab_leave(l, x, WHY_OK);
    CHECK(l->s->is_idle, "free\n");
    lab_close(l);
}

TEST(goaway_lets_finish_what_was_taken)
{
    struct lab *l = client();
    struct lab_exchange *a = get(l), *b = get(l);
    uint8_t at[8] = { 0, 0, 0, 1, 0, 0, 0, 0 };

    h2_wire_frame(&w, NGHTTP2_GOAWAY, 0, 0, at, sizeof(at));
    lab_feed_wire(l, &w);
    CHECK(!l->s->may_start && b->st.gone == WHY_H2_UP_REFUSED && why_may_retry(b->st.gone), "%s\n", why_name(b->st.gone));
    CHECK(a->st.gone == WHY_OK && !l->s->is_done, "the first goes on\n");
    lab_leave(l, b, WHY_H2_UP_REFUSED);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, ":status: 204\n");
    lab_feed_wire(l, &w);
    CHECK(a->st.rx_end, "complete\n");
    lab_leave(l, a, WHY_OK);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->s->is_done, "done\n");
    lab_close(l);
}

TEST(goaway_before_the_pull_refuses_what_has_not_gone_out)
{
    struct lab *l = client();
    struct lab_exchange *x = exchange(l, METHOD_GET, "/");
    uint8_t at[8] = { 0 };

    x->st.tx_has_head = x->st.tx_end = true;
    CHECK(l->s->type->stream_start(l->s, &x->st) == WHY_OK, "start\n");
    h2_wire_frame(&w, NGHTTP2_GOAWAY, 0, 0, at, sizeof(at));
    lab_feed_wire(l, &w);
    CHECK(x->st.gone == WHY_H2_UP_REFUSED && l->dump.frames_n[NGHTTP2_HEADERS] == 0, "%s\n", l->dump.text);
    lab_leave(l, x, WHY_H2_UP_REFUSED);
    CHECK(l->s->is_idle, "free\n");
    lab_close(l);
}

TEST(streams_stay_under_what_the_upstream_allows)
{
    struct lab *l = client();
    struct lab_exchange *a = get(l), *b = exchange(l, METHOD_GET, "/"), *c = exchange(l, METHOD_GET, "/");
    uint8_t one[6] = { 0, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0, 0, 0, 2 };

    b->st.tx_end = c->st.tx_end = b->st.tx_has_head = c->st.tx_has_head = true;
    h2_wire_frame(&w, NGHTTP2_SETTINGS, 0, 0, one, sizeof(one));
    lab_feed_wire(l, &w);
    CHECK(l->s->may_start && l->s->type->stream_start(l->s, &b->st) == WHY_OK, "second\n");
    CHECK(!l->s->may_start, "no third\n");
    /* The limit shrinks between the start and the pull: the request waits. */
    one[5] = 1;
    h2_wire_frame(&w, NGHTTP2_SETTINGS, 0, 0, one, sizeof(one));
    lab_feed_wire(l, &w);
    CHECK(b->st.id == 0 && b->st.gone == WHY_OK && l->dump.frames_n[NGHTTP2_HEADERS] == 1, "%s\n", l->dump.text);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, ":status: 204\n");
    lab_feed_wire(l, &w);
    CHECK(a->st.rx_end && b->st.id == 3 && l->dump.frames_n[NGHTTP2_HEADERS] == 2, "%s\n", l->dump.text);
    lab_leave(l, c, WHY_OK); /* never bound */
    lab_close(l);
}

TEST(no_memory_for_one_more_stream)
{
    struct lab *l = client();
    struct h2_session *s = (struct h2_session *)l->s;
    struct lab_exchange *x;

    for (int i = 0; i < H2_STREAMS_FIRST; i++)
        get(l);
    s->mem.bytes_max = s->mem.bytes;
    x = exchange(l, METHOD_GET, "/");
    CHECK(l->s->type->stream_start(l->s, &x->st) == WHY_H2_MEMORY && x->st.session == NULL, "got one\n");
    lab_close(l);
}

TEST(leaving_resets_what_is_not_complete)
{
    struct lab *l = client();
    struct lab_exchange *x = get(l), *unsent = exchange(l, METHOD_GET, "/");

    lab_leave(l, x, WHY_CONN_CLIENT_GONE);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "1 RST 8\n") && l->s->is_idle, "%s\n", l->dump.text);
    unsent->st.tx_has_head = unsent->st.tx_end = true;
    CHECK(l->s->type->stream_start(l->s, &unsent->st) == WHY_OK, "start\n");
    lab_leave(l, unsent, WHY_CONN_CLIENT_GONE);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->dump.frames_n[NGHTTP2_HEADERS] == 1 && l->s->is_idle, "never went out\n");
    lab_close(l);
}

TEST(websocket_becomes_an_extended_connect)
{
    uint8_t enable[6] = { 0, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0, 0, 0, 1 };

    for (int offers = 0; offers < 2; offers++) {
        struct lab *l = lab_open(false);
        struct lab_exchange *x = exchange(l, METHOD_GET, "/chat");
        x->request.is_upgrade = true;
        x->request.protocol = SPAN_LIT("websocket");
        CHECK(head_add(&x->request, SPAN_LIT("sec-websocket-key"), SPAN_LIT("k"), 0) &&
              head_add(&x->request, SPAN_LIT("sec-websocket-version"), SPAN_LIT("13"), 0), "no room\n");
        start(l, x);
        CHECK(x->st.id == 0 && l->dump.frames_n[NGHTTP2_HEADERS] == 0, "waits for SETTINGS\n");
        w.len = 0;
        h2_wire_frame(&w, NGHTTP2_SETTINGS, 0, 0, enable, offers ? sizeof(enable) : 0);
        lab_feed_wire(l, &w);
        if (!offers) {
            CHECK(x->st.gone == WHY_H2_UP_NO_CONNECT, "%s\n", why_name(x->st.gone));
            lab_close(l);
            continue;
        }
        CHECK(h2_dump_has(&l->dump, "1 HEADERS :method=CONNECT :scheme=https :authority=up.example :path=/chat "
                                    ":protocol=websocket sec-websocket-version=13\n"), "%s\n", l->dump.text);
        h2_wire_head(&w, 0, 1, ":status: 200\n");
        h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, "hi", 2);
        lab_feed_wire(l, &w);
        CHECK(x->st.rx_tunnel && x->st.rx_has_head && x->st.rx.bytes == 2 && !x->response.has_body, "tunnel\n");
        lab_tx(l, x, "yo", 2);
        lab_touch(l, x);
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        CHECK(h2_dump_has(&l->dump, "1 DATA 2\n"), "%s\n", l->dump.text);
        lab_close(l);
    }
}

TEST(uploads_share_the_connection)
{
    struct lab *l = client();
    static uint8_t body[65536];
    struct lab_exchange *x[3];

    /* 64 KB of window for the connection: in frames of 16 KB, one each in turn. */
    for (int i = 0; i < 3; i++) {
        x[i] = exchange(l, METHOD_POST, "/");
        x[i]->st.tx_has_head = true;
        CHECK(l->s->type->stream_start(l->s, &x[i]->st) == WHY_OK, "start\n");
        lab_tx(l, x[i], body, sizeof(body));
    }
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->dump.payload_bytes == 65535, "%llu\n", (unsigned long long)l->dump.payload_bytes);
    CHECK(x[0]->st.tx_wire_bytes <= 32768 && x[1]->st.tx_wire_bytes >= 16384 && x[2]->st.tx_wire_bytes >= 16383,
          "%llu %llu %llu\n", (unsigned long long)x[0]->st.tx_wire_bytes, (unsigned long long)x[1]->st.tx_wire_bytes,
          (unsigned long long)x[2]->st.tx_wire_bytes);
    /* The window opens in small steps: nobody is forgotten. */
    for (int i = 0; i < 9; i++) {
        h2_wire_u32(&w, NGHTTP2_WINDOW_UPDATE, 0, 10000);
        lab_feed_wire(l, &w);
    }
    for (int i = 0; i < 3; i++)
        CHECK(x[i]->st.tx_wire_bytes >= 40000, "%d: %llu\n", i, (unsigned long long)x[i]->st.tx_wire_bytes);
    lab_close(l);
}

TEST(end_of_the_connection_is_named_by_progress)
{
    struct lab *l = client();
    struct lab_exchange *early = get(l), *late = get(l), *done = get(l);

    h2_wire_head(&w, 0, 3, ":status: 200\n");
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 5, ":status: 204\n");
    lab_feed_wire(l, &w);
    CHECK(l->s->type->feed_end(l->s) == WHY_IO_EOF, "not done\n");
    CHECK(early->st.gone == WHY_UP_RESET_EARLY && late->st.gone == WHY_UP_RESET_LATE && done->st.gone == WHY_OK, "%s %s %s\n",
          why_name(early->st.gone), why_name(late->st.gone), why_name(done->st.gone));
    lab_close(l);
}

TEST(drained_client_says_goodbye_after_its_last_stream)
{
    struct lab *l = client();
    struct lab_exchange *x = get(l);

    l->s->type->drain(l->s);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(!l->s->may_start && l->dump.frames_n[NGHTTP2_GOAWAY] == 0, "not yet\n");
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, ":status: 204\n");
    lab_feed_wire(l, &w);
    lab_leave(l, x, WHY_OK);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "GOAWAY last=0 code=0\n") && l->s->is_done, "%s\n", l->dump.text);
    lab_close(l);
    l = client();
    l->s->type->drain(l->s);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "GOAWAY last=0 code=0\n") && l->s->is_done && !l->s->may_start, "idle: %s\n", l->dump.text);
    lab_close(l);
}

TEST(upstream_that_breaks_framing_ends_the_connection)
{
    static const struct {
        uint8_t     type, flags;
        uint32_t    id;
        const char *at;
        size_t      len;
        enum why    why;
    } rows[] = {
        { NGHTTP2_DATA, 0, 0, "x", 1, WHY_H2_UP_PROTOCOL },
        { NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2, "\x88", 1, WHY_H2_UP_PROTOCOL },
        { NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, "\0\0\0\2\x88", 5, WHY_H2_UP_PROTOCOL },
        { NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, "\xff\xff\xff\xff\xff\xff", 6, WHY_H2_UP_PROTOCOL },
        { NGHTTP2_PING, 0, 0, "1234567", 7, WHY_H2_UP_PROTOCOL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab *l = client();
        struct lab_exchange *x = get(l);
        h2_wire_frame(&w, rows[i].type, rows[i].flags, rows[i].id, rows[i].at, rows[i].len);
        lab_feed_wire(l, &w);
        CHECK(l->ended == rows[i].why && x->st.gone == rows[i].why, "%zu: %s, %s\n", i, why_name(l->ended), why_name(x->st.gone));
        CHECK(l->dump.frames_n[NGHTTP2_GOAWAY] == 1 && !l->s->may_start, "%zu: %s\n", i, l->dump.text);
        lab_close(l);
    }
}

TEST(upstream_that_floods_ends_the_connection)
{
    struct lab *l = client();
    struct lab_exchange *x = get(l);

    /* The clock stands: what comes after the burst is over the limit. */
    for (int i = 0; i < 2 * H2_CONTROLS_BURST && l->ended == WHY_OK; i++) {
        h2_wire_frame(&w, NGHTTP2_PRIORITY, 0, 1, "\0\0\0\0\1", 5);
        lab_feed_wire(l, &w);
    }
    CHECK(l->ended == WHY_H2_UP_FLOOD && x->st.gone == WHY_H2_UP_FLOOD, "%s\n", why_name(l->ended));
    CHECK(h2_dump_has(&l->dump, "code=11\n"), "%s\n", l->dump.text);
    lab_close(l);
}

TEST(our_own_cancels_do_not_end_an_upstream_connection)
{
    struct lab *l = client();

    for (int i = 0; i < 1000; i++) {
        struct lab_exchange *x = get(l);
        uint32_t id = x->st.id;
        lab_leave(l, x, WHY_CONN_CLIENT_GONE);
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        h2_wire_head(&w, 0, id, ":status: 200\n");
        h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, "late", 4);
        lab_feed_wire(l, &w);
        CHECK(l->ended == WHY_OK, "%d: %s\n", i, why_name(l->ended));
        l->sent.len = 0;
        h2_dump_clear(&l->dump);
    }
    lab_close(l);
}

CHECK_RUN(
    RUN(request_and_answer),
    RUN(body_and_trailers_go_out),
    RUN(answer_with_trailers),
    RUN(answers_that_have_no_body),
    RUN(interim_heads_wait_for_the_exchange),
    RUN(no_memory_for_a_head_behind_an_interim_one),
    RUN(too_many_interim_heads),
    RUN(answers_that_break_the_rules),
    RUN(answer_head_too_large),
    RUN(resets_say_whether_a_retry_is_safe),
    RUN(complete_answer_survives_a_reset_of_the_request),
    RUN(goaway_lets_finish_what_was_taken),
    RUN(goaway_before_the_pull_refuses_what_has_not_gone_out),
    RUN(streams_stay_under_what_the_upstream_allows),
    RUN(no_memory_for_one_more_stream),
    RUN(leaving_resets_what_is_not_complete),
    RUN(websocket_becomes_an_extended_connect),
    RUN(uploads_share_the_connection),
    RUN(end_of_the_connection_is_named_by_progress),
    RUN(drained_client_says_goodbye_after_its_last_stream),
    RUN(upstream_that_breaks_framing_ends_the_connection),
    RUN(upstream_that_floods_ends_the_connection),
    RUN(our_own_cancels_do_not_end_an_upstream_connection))
