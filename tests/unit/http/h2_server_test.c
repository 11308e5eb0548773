/* h2_server_test.c - requests in, answers out, over frames written by hand.
 *
 * Goal:   each part of a request arrives where stream.h says, each answer is encoded as RFC 9113 wants, and everything that
 *         is refused is refused by name.
 * Method: literal frames into the session; its output decoded frame by frame with nghttp2's inflater.
 */
#include "http/h2_walk.h"
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

TEST(preface_is_answered_with_our_settings)
{
    struct lab *l = lab_open(true);

    CHECK(l->s->wants_write && l->s->wants_read && l->s->is_idle, "a new session wants both\n");
    l->dump.is_quiet = false;
    w.len = 0;
    h2_wire_hello(&w);
    lab_feed_wire(l, &w);
    CHECK(strncmp(l->dump.text, "SETTINGS 3=100 4=262144 6=65536 8=1 9=1\n", 40) == 0, "%s\n", l->dump.text);
    CHECK(h2_dump_has(&l->dump, "0 WINDOW 458753\n") && h2_dump_has(&l->dump, "SETTINGS ACK\n"), "%s\n", l->dump.text);
    CHECK(!l->s->wants_write && !l->s->is_done, "nothing more to say\n");
    lab_close(l);
}

TEST(get_becomes_a_stream_and_its_answer_frames)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/p?q=1") "user-agent: t/1\nx-other: v\nte: trailers\n");
    lab_feed_wire(l, &w);
    CHECK(l->x_n == 1 && x->st.rx_has_head && x->st.rx_end && lab_was_woken(x), "request is there\n");
    CHECK(l->s->streams_n == 1 && !l->s->is_idle && l->s->requests_n == 1, "counted\n");
    CHECK(x->request.method == METHOD_GET && span_is(x->request.method_text, SPAN_LIT("GET")), "method\n");
    CHECK(span_is(x->request.target, SPAN_LIT("/p?q=1")) && span_is(x->request.authority, SPAN_LIT("a.example")), "target\n");
    CHECK(span_is(x->request.scheme, SPAN_LIT("https")) && x->request.version == HTTP_VERSION_2, "scheme\n");
    CHECK(x->request.fields_n == 2 && x->request.accepts_trailers && !x->request.has_body, "fields: %u\n", x->request.fields_n);
    CHECK(head_find(&x->request, FIELD_USER_AGENT) != NULL, "user-agent\n");
    CHECK(x->st.id == 1 && x->st.session == l->s, "bound\n");
    lab_answer(l, x, 200, "hello");
    CHECK(l->s->wants_write, "touch wants a pull\n");
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(strcmp(l->dump.text, "1 HEADERS :status=200 content-length=5\n1 DATA 5 END\n") == 0, "%s\n", l->dump.text);
    CHECK(x->st.tx_done && x->st.tx_head_done && x->st.tx_wire_bytes == 5 && lab_was_woken(x), "told that it is out\n");
    CHECK(l->s->streams_n == 1, "counted until it leaves\n");
    lab_leave(l, x, WHY_OK);
    CHECK(l->s->streams_n == 0 && l->s->is_idle, "left\n");
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->dump.frames_n[NGHTTP2_RST_STREAM] == 0, "complete streams are not reset\n");
    lab_close(l);
}

TEST(host_field_stands_in_for_authority_and_must_agree_with_it)
{
    struct lab *l = server();

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, ":method: GET\n:scheme: http\n:path: /\nhost: b.example:81\n");
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 3, GET("/") "host: A.EXAMPLE\n");
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 5, GET("/") "host: other.example\n");
    lab_feed_wire(l, &w);
    CHECK(l->x[0].st.rx_has_head && span_is(l->x[0].request.authority, SPAN_LIT("b.example:81")), "host is the authority\n");
    CHECK(l->x[0].request.fields_n == 0, "host is no field\n");
    CHECK(l->x[1].st.rx_has_head && span_is(l->x[1].request.authority, SPAN_LIT("a.example")), "both agree\n");
    CHECK(!l->x[2].st.rx_has_head && l->x[2].st.gone == WHY_H2_AUTHORITY, "got %s\n", why_name(l->x[2].st.gone));
    CHECK(h2_dump_has(&l->dump, "5 HEADERS :status=400 content-type=application/problem+json"), "%s\n", l->dump.text);
    lab_close(l);
}

TEST(cookie_crumbs_become_one_field)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/") "cookie: a=1\nx-y: z\ncookie: b=2\ncookie: c=3\n");
    lab_feed_wire(l, &w);
    const struct field *f = head_find(&x->request, FIELD_COOKIE);
    CHECK(x->st.rx_has_head && x->request.fields_n == 2 && f != NULL, "%u fields\n", x->request.fields_n);
    CHECK(span_is(f->value, SPAN_LIT("a=1; b=2; c=3")), "got %.*s\n", SPAN_FMT(f->value));
    lab_close(l);
}

TEST(body_and_trailers_arrive)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];
    char text[16];

    h2_wire_head(&w, 0, 1, POST("/") "content-length: 10\nexpect: 100-continue\n");
    lab_feed_wire(l, &w);
    CHECK(x->st.rx_has_head && x->request.has_body && !x->st.rx_end && x->request.expects_continue, "head\n");
    CHECK(x->request.has_content_length && x->request.content_length == 10, "length\n");
    h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, "01234", 5);
    h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\2" "56789" "\0\0", 8);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, "x-sum: 9\nauthorization: none\nhost: evil\n");
    lab_was_woken(x);
    lab_feed_wire(l, &w);
    CHECK(x->st.rx.bytes == 10 && bufq_peek(&x->st.rx, (uint8_t *)text, 10) == 10 && memcmp(text, "0123456789", 10) == 0, "body\n");
    CHECK(x->st.rx_wire_bytes == 10 && lab_was_woken(x), "counted\n");
    CHECK(x->st.rx_end, "%s\n", why_name(x->st.gone));
    CHECK(x->request_trailers.fields_n == 1 && span_is(x->request_trailers.fields[0].name, SPAN_LIT("x-sum")),
          "only what a trailer may be: %u\n", x->request_trailers.fields_n);
    lab_close(l);
}

TEST(answer_with_trailers_and_no_body)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 3, GET("/"));
    lab_feed_wire(l, &w);
    for (; x < &l->x[2]; x++) {
        CHECK(head_add(&x->response_trailers, SPAN_LIT("grpc-status"), SPAN_LIT("0"), 0), "no room\n");
        x->st.tx_trailers = &x->response_trailers;
        x->response.status = 200;
        x->st.tx_head = &x->response;
        x->st.tx_has_head = true;
        if (x->st.id == 3)
            lab_tx(l, x, "abc", 3);
        x->st.tx_end = true;
        lab_touch(l, x);
    }
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "1 HEADERS :status=200\n") && h2_dump_has(&l->dump, "1 HEADERS grpc-status=0 END\n"), "%s\n",
          l->dump.text);
    CHECK(h2_dump_has(&l->dump, "3 DATA 3\n3 HEADERS grpc-status=0 END\n"), "%s\n", l->dump.text);
    CHECK(!h2_dump_has(&l->dump, "1 DATA"), "no empty frame\n");
    CHECK(l->x[0].st.tx_done && l->x[1].st.tx_done, "done\n");
    lab_close(l);
}

TEST(answers_without_a_body)
{
    static const struct {
        const char *head;
        uint16_t    status;
        const char *body, *want;
    } rows[] = {
        { ":method: HEAD\n:scheme: https\n:authority: a\n:path: /\n", 200, "abc", ":status=200 content-length=3 END\n" },
        { GET("/"), 304, "", ":status=304 content-length=0 END\n" },
        { GET("/"), 204, "abc", ":status=204 END\n" },
        { GET("/"), 200, "", ":status=200 content-length=0 END\n" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab *l = server();
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, rows[i].head);
        lab_feed_wire(l, &w);
        lab_answer(l, &l->x[0], rows[i].status, rows[i].body);
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        CHECK(h2_dump_has(&l->dump, rows[i].want) && l->dump.frames_n[NGHTTP2_DATA] == 0, "%zu: %s\n", i, l->dump.text);
        CHECK(l->x[0].st.tx_done && l->x[0].st.tx.bytes == 0, "%zu: done\n", i);
        lab_close(l);
    }
}

TEST(interim_heads_come_before_the_answer)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];

    h2_wire_head(&w, 0, 1, POST("/") "expect: 100-continue\n");
    lab_feed_wire(l, &w);
    x->response.status = 100;
    x->st.tx_head = &x->response;
    x->st.tx_has_head = true;
    lab_touch(l, x);
    lab_was_woken(x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(x->st.tx_head_done && lab_was_woken(x), "exchange hears that the interim head is out\n");
    x->st.tx_has_head = x->st.tx_head_done = false;
    h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "x", 1);
    lab_feed_wire(l, &w);
    lab_answer(l, x, 200, "y");
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(strcmp(l->dump.text, "1 HEADERS :status=100\n1 HEADERS :status=200 content-length=1\n1 DATA 1 END\n") == 0, "%s\n",
          l->dump.text);
    lab_close(l);
}

TEST(connection_fields_never_go_out_and_secrets_are_never_indexed)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    lab_feed_wire(l, &w);
    x->response.status = 200;
    CHECK(head_add(&x->response, SPAN_LIT("connection"), SPAN_LIT("close"), 0) &&
          head_add(&x->response, SPAN_LIT("keep-alive"), SPAN_LIT("5"), 0) &&
          head_add(&x->response, SPAN_LIT("transfer-encoding"), SPAN_LIT("chunked"), 0) &&
          head_add(&x->response, SPAN_LIT("upgrade"), SPAN_LIT("h2c"), 0) &&
          head_add(&x->response, SPAN_LIT("content-length"), SPAN_LIT("77"), 0) &&
          head_add(&x->response, SPAN_LIT("set-cookie"), SPAN_LIT("id=1"), 0) &&
          head_add(&x->response, SPAN_LIT("x-plain"), SPAN_LIT("1"), 0) &&
          head_add(&x->response, SPAN_LIT("x-secret"), SPAN_LIT("2"), FIELD_NEVER_INDEX), "no room\n");
    x->st.tx_head = &x->response;
    x->st.tx_has_head = x->st.tx_end = true;
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(strcmp(l->dump.text, "1 HEADERS :status=200 set-cookie=id=1! x-plain=1 x-secret=2! END\n") == 0, "%s\n", l->dump.text);
    lab_close(l);
}

TEST(never_indexed_fields_stay_marked)
{
    struct lab *l = server();
    uint8_t block[256];
    size_t n = h2_wire_block(block, GET("/"));

    n += h2_wire_field(block + n, 0x10, "x-token", 7, "t", 1);
    n += h2_wire_field(block + n, 0x00, "x-open", 6, "o", 1);
    h2_wire_frame(&w, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, block, n);
    lab_feed_wire(l, &w);
    CHECK(l->x[0].request.fields_n == 2, "%u fields\n", l->x[0].request.fields_n);
    CHECK(l->x[0].request.fields[0].flags == FIELD_NEVER_INDEX && l->x[0].request.fields[1].flags == 0, "flags\n");
    lab_close(l);
}

TEST(refused_requests_get_a_problem_document)
{
    static const struct {
        const char *head;
        enum why    why;
        const char *want;
    } rows[] = {
        { ":method: FROB\n:scheme: https\n:authority: a\n:path: /\n", WHY_H2_METHOD, "1 HEADERS :status=501 " },
        { ":method: CONNECT\n:authority: a:443\n", WHY_H2_METHOD, "1 HEADERS :status=501 " },
        { ":method: GET\n:scheme: ftp\n:authority: a\n:path: /\n", WHY_H2_SCHEME, "1 HEADERS :status=400 " },
        { ":method: GET\n:scheme: https\n:authority: a,b\n:path: /\n", WHY_URI_HOST, "1 HEADERS :status=400 " },
        { ":method: GET\n:scheme: https\n:authority: a\n:path: /%zz\n", WHY_URI_PERCENT, "1 HEADERS :status=400 " },
        { ":method: GET\n:scheme: https\n:authority: a\n:path: /\"\n", WHY_URI_BYTE, "1 HEADERS :status=400 " },
        { GET("/") "x-bad: a\x01" "b\n", WHY_H2_FIELD, "1 HEADERS :status=400 " },
        { GET("/") "x bad: ab\n", WHY_H2_FIELD, "1 HEADERS :status=400 " },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab *l = server();
        h2_wire_head(&w, 0, 1, rows[i].head);
        lab_feed_wire(l, &w);
        CHECK(l->x_n == 1 && !l->x[0].st.rx_has_head && l->x[0].st.gone == rows[i].why, "%zu: got %s\n", i,
              why_name(l->x[0].st.gone));
        CHECK(lab_was_woken(&l->x[0]) && l->x[0].st.session == l->s, "%zu: the exchange has to leave\n", i);
        CHECK(h2_dump_has(&l->dump, rows[i].want), "%zu: %s\n", i, l->dump.text);
        CHECK(memmem(l->sent.at, l->sent.len, why_name(rows[i].why), strlen(why_name(rows[i].why))) != NULL, "%zu: the body\n", i);
        CHECK(h2_dump_has(&l->dump, "END\n1 RST 0\n"), "%zu: the rest of the request is not wanted: %s\n", i, l->dump.text);
        CHECK(counter_get_why(&l->shard.counters, rows[i].why) == 1, "%zu: counted\n", i);
        lab_sweep(l);
        CHECK(l->s->is_idle && l->ended == WHY_OK, "%zu: the connection goes on\n", i);
        lab_close(l);
    }
}

TEST(malformed_requests_are_reset)
{
    static const char *const heads[] = {
        ":method: GET\n:scheme: https\n:authority: a\n",
        ":method: GET\n:scheme: https\n:authority: a\n:path: relative\n",
        ":method: GET\n:scheme: https\n:authority: a\n:path: /\n:path: /2\n",
        GET("/") ":method: GET\n",
        GET("/") "x-a: b\n:status: 200\n",
        GET("/") ":unknown: 1\n",
        GET("/") "connection: close\n",
        GET("/") "transfer-encoding: chunked\n",
        GET("/") "te: gzip\n",
        GET("/") "X-Upper: 1\n",
        GET("/") "content-length: 1\ncontent-length: 1\n",
        GET("/") "content-length: +1\n",
        GET("/") "content-length: 5\n", /* ... and END_STREAM */
        ":method: GET\n:scheme: https\n:path: /\n",
        ":method: GET\n:scheme: https\n:authority: \n:path: /\n",
        ":method: GET\n:scheme: https\n:authority: a\n:path: /\n:protocol: websocket\n",
    };

    for (size_t i = 0; i < COUNT(heads); i++) {
        struct lab *l = server();
        h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, heads[i]);
        lab_feed_wire(l, &w);
        CHECK(l->x_n == 1 && !l->x[0].st.rx_has_head && l->x[0].st.gone == WHY_H2_MESSAGE, "%zu: got %s\n", i,
              why_name(l->x[0].st.gone));
        CHECK(h2_dump_has(&l->dump, "1 RST 1\n") && l->ended == WHY_OK, "%zu: %s\n", i, l->dump.text);
        lab_sweep(l);
        CHECK(l->s->is_idle, "%zu: slot is free\n", i);
        lab_close(l);
    }
}

TEST(body_that_is_not_as_long_as_declared_is_reset)
{
    struct lab *l = server();

    h2_wire_head(&w, 0, 1, POST("/") "content-length: 3\n");
    h2_wire_head(&w, 0, 3, POST("/") "content-length: 3\n");
    h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, "abcd", 4);
    h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, "ab", 2);
    lab_feed_wire(l, &w);
    CHECK(l->x[0].st.gone == WHY_H2_MESSAGE && !l->x[0].st.rx_end, "too long: %s\n", why_name(l->x[0].st.gone));
    CHECK(l->x[1].st.gone == WHY_H2_MESSAGE && !l->x[1].st.rx_end, "too short: %s\n", why_name(l->x[1].st.gone));
    lab_close(l);
}

TEST(heads_have_limits_and_every_crumb_counts)
{
    static char lines[16384], value[700];

    for (int kind = 0; kind < 3; kind++) {
        struct lab *l = server();
        size_t n = (size_t)snprintf(lines, sizeof(lines), "%s", GET("/"));
        uint8_t block[16384];
        size_t len;
        if (kind < 2) {
            /* 4 pseudo-fields and 96 or 97 crumbs. */
            for (int i = 0; i < 96 + kind; i++)
                n += (size_t)snprintf(lines + n, sizeof(lines) - n, "cookie: a\n");
            h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, lines);
        } else {
            /* One indexed field of 700 bytes, then references of one byte each: 90 times are 66 KB. */
            len = h2_wire_block(block, GET("/"));
            memset(value, 'v', sizeof(value));
            len += h2_wire_field(block + len, 0x40, "x", 1, value, sizeof(value));
            for (int i = 0; i < 90; i++)
                block[len++] = 0x80 | 62;
            h2_wire_frame(&w, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, block, len);
        }
        lab_feed_wire(l, &w);
        if (kind == 0) {
            CHECK(l->x[0].st.rx_has_head, "100 fields fit: %s\n", why_name(l->x[0].st.gone));
        } else {
            CHECK(l->x[0].st.gone == WHY_H2_HEAD_LARGE, "%d: %s\n", kind, why_name(l->x[0].st.gone));
            CHECK(h2_dump_has(&l->dump, "1 HEADERS :status=431 "), "%s\n", l->dump.text);
        }
        lab_close(l);
    }
}

TEST(trailers_too_large_reset_the_request)
{
    struct lab *l = server();
    char lines[4096];
    int n = 0;

    for (int i = 0; i < HEAD_FIELDS_MAX + 1; i++)
        n += snprintf(lines + n, sizeof(lines) - (size_t)n, "x-a: b\n");
    h2_wire_head(&w, 0, 1, POST("/"));
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, lines);
    lab_feed_wire(l, &w);
    CHECK(l->x[0].st.gone == WHY_H2_HEAD_LARGE && !l->x[0].st.rx_end, "%s\n", why_name(l->x[0].st.gone));
    CHECK(h2_dump_has(&l->dump, "1 RST 8\n"), "%s\n", l->dump.text);
    lab_close(l);
}

TEST(answer_head_that_cannot_be_encoded)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];
    static uint8_t huge[H2_HEAD_SEND_BYTES_MAX];
    struct field field = { .name = SPAN_LIT("x"), .value = span_of(huge, sizeof(huge)) };

    /* No head that went through head_add is so large. */
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    lab_feed_wire(l, &w);
    memset(huge, 'v', sizeof(huge));
    x->response.status = 200;
    x->response.fields = &field;
    x->response.fields_n = 1;
    x->st.tx_head = &x->response;
    x->st.tx_has_head = x->st.tx_end = true;
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(x->st.gone == WHY_H2_HEAD_LARGE && h2_dump_has(&l->dump, "1 RST 8\n") && l->ended == WHY_OK, "%s: %s\n",
          why_name(x->st.gone), l->dump.text);
    lab_close(l);
}

TEST(no_exchange_is_an_answer)
{
    struct lab *l = server();

    l->is_full = true;
    h2_wire_head(&w, 0, 1, POST("/"));
    h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, "x", 1);
    lab_feed_wire(l, &w);
    CHECK(h2_dump_has(&l->dump, "1 HEADERS :status=503 ") && h2_dump_has(&l->dump, "1 RST 0\n"), "%s\n", l->dump.text);
    CHECK(memmem(l->sent.at, l->sent.len, "pool-exchange-empty", 19) != NULL, "names WHY_POOL_EXCHANGE_EMPTY\n");
    CHECK(l->s->is_idle, "slot is free\n");
    lab_close(l);
}

TEST(no_session_is_an_answer)
{
    struct lab *l = server();
    struct session *more[4] = { NULL }, *one_more;
    enum why why;

    for (int i = 0; i < 3; i++) {
        why = h2_server_open(&l->pool, &l->shard, &more[i]);
        CHECK(why == WHY_OK, "%d: %s\n", i, why_name(why));
    }
    why = h2_server_open(&l->pool, &l->shard, &one_more);
    CHECK(why == WHY_POOL_SESSION_EMPTY, "got %s\n", why_name(why));
    for (int i = 0; i < 3; i++)
        more[i]->type->fini(more[i], WHY_OK);
    lab_close(l);
}

TEST(websocket_by_extended_connect_is_a_tunnel)
{
    struct lab *l = server();
    struct lab_exchange *x = &l->x[0];

    h2_wire_head(&w, 0, 1, ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:authority: a\n:path: /chat\n");
    h2_wire_frame(&w, NGHTTP2_DATA, 0, 1, "early", 5);
    lab_feed_wire(l, &w);
    CHECK(x->st.rx_has_head && x->request.is_upgrade && !x->request.has_body, "%s\n", why_name(x->st.gone));
    CHECK(span_is(x->request.protocol, SPAN_LIT("websocket")) && span_is(x->request.target, SPAN_LIT("/chat")), "head\n");
    CHECK(x->st.rx.bytes == 5, "bytes of the tunnel\n");
    x->response.status = 101; /* as an HTTP/1.1 upstream says it */
    CHECK(head_add(&x->response, SPAN_LIT("sec-websocket-accept"), SPAN_LIT("x"), 0) &&
          head_add(&x->response, SPAN_LIT("upgrade"), SPAN_LIT("websocket"), 0), "no room\n");
    x->st.tx_head = &x->response;
    x->st.tx_has_head = x->st.tx_tunnel = true;
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(strcmp(l->dump.text, "1 HEADERS :status=200\n") == 0, "%s\n", l->dump.text);
    lab_tx(l, x, "frame", 5);
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "1 DATA 5\n") && x->st.tx.bytes == 0, "%s\n", l->dump.text);
    h2_wire_frame(&w, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "bye", 3);
    lab_feed_wire(l, &w);
    CHECK(x->st.rx_end && x->st.rx.bytes == 8, "half closed\n");
    x->st.tx_end = true;
    lab_touch(l, x);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(h2_dump_has(&l->dump, "1 DATA 0 END\n") && x->st.tx_done, "%s\n", l->dump.text);
    lab_close(l);
}

TEST(drain_says_so_waits_a_round_trip_and_finishes)
{
    struct lab *l = server();

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    lab_feed_wire(l, &w);
    h2_dump_clear(&l->dump);
    l->s->type->drain(l->s);
    l->s->type->drain(l->s); /* once is enough */
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->dump.frames_n[NGHTTP2_GOAWAY] == 1, "%s\n", l->dump.text);
    CHECK(h2_dump_has(&l->dump, "GOAWAY last=2147483647 code=0\nPING\n"), "%s\n", l->dump.text);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 3, GET("/")); /* was on its way */
    h2_wire_frame(&w, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "other!!!", 8);
    lab_feed_wire(l, &w);
    CHECK(l->x_n == 2 && l->dump.frames_n[NGHTTP2_GOAWAY] == 1, "taken, and not the right answer\n");
    h2_wire_frame(&w, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "drain\0\0\1", 8);
    lab_feed_wire(l, &w);
    CHECK(h2_dump_has(&l->dump, "GOAWAY last=3 code=0\n"), "%s\n", l->dump.text);
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 5, GET("/"));
    lab_feed_wire(l, &w);
    CHECK(l->x_n == 2 && !l->s->is_done, "no new ones, but the old ones go on\n");
    for (int i = 0; i < 2; i++) {
        lab_answer(l, &l->x[i], 200, "x");
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        CHECK(l->x[i].st.tx_done && !l->s->is_done, "%d\n", i);
        lab_leave(l, &l->x[i], WHY_OK);
    }
    CHECK(l->s->is_done && !l->s->wants_write && l->ended == WHY_OK && l->s->must_linger, "done\n");
    lab_close(l);
}

TEST(goodbye_of_a_client_does_not_stop_ours)
{
    struct lab *l = server();
    uint8_t at[8] = { 0 };

    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    h2_wire_frame(&w, NGHTTP2_GOAWAY, 0, 0, at, sizeof(at)); /* it wants no pushes; requests may follow */
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 3, GET("/"));
    lab_feed_wire(l, &w);
    CHECK(l->x_n == 2 && l->ended == WHY_OK && !l->s->is_done, "%s\n", why_name(l->ended));
    l->s->type->drain(l->s);
    lab_pull(l, CONN_OUT_BYTES_HIGH);
    CHECK(l->dump.frames_n[NGHTTP2_GOAWAY] == 1, "%s\n", l->dump.text);
    for (int i = 0; i < 2; i++) {
        lab_answer(l, &l->x[i], 200, "x");
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        CHECK(l->x[i].st.tx_done, "%d\n", i);
        lab_leave(l, &l->x[i], WHY_OK);
    }
    CHECK(l->s->is_done, "neither wants more\n");
    lab_close(l);
}

TEST(end_of_the_connection_reaches_the_exchanges)
{
    struct lab *l = server();

    CHECK(l->s->type->feed_end(l->s) == WHY_OK && l->s->is_done, "idle: fine\n");
    lab_close(l);
    l = server();
    h2_wire_head(&w, NGHTTP2_FLAG_END_STREAM, 1, GET("/"));
    lab_feed_wire(l, &w);
    lab_was_woken(&l->x[0]);
    CHECK(l->s->type->feed_end(l->s) == WHY_IO_EOF && l->x[0].st.gone == WHY_IO_EOF && lab_was_woken(&l->x[0]), "busy: gone\n");
    l->s->type->fini(l->s, WHY_CONN_CLIENT_GONE);
    l->s = NULL;
    CHECK(l->x[0].st.session == NULL && l->x[0].st.gone == WHY_IO_EOF, "forgotten; the first reason stays\n");
    lab_close(l);
}

TEST(head_deadline_runs_while_a_head_is_incomplete)
{
    struct lab *l = lab_open(true);
    uint8_t block[64];
    size_t n = h2_wire_block(block, GET("/"));

    CHECK(!l->s->in_head, "not before the first byte\n");
    w.len = 0;
    h2_wire_hello(&w);
    lab_feed_only(l, w.at, 10, 10);
    CHECK(l->s->in_head, "half a preface\n");
    lab_feed(l, w.at + 10, w.len - 10);
    CHECK(!l->s->in_head, "all of it\n");
    w.len = 0;
    h2_wire_frame(&w, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block, n);
    lab_feed_only(l, w.at, w.len - 3, w.len);
    CHECK(l->s->in_head, "half a frame\n");
    lab_feed(l, w.at + w.len - 3, 3);
    CHECK(l->s->in_head && l->x_n == 1 && !l->x[0].st.rx_has_head, "CONTINUATION must follow\n");
    w.len = 0;
    h2_wire_frame(&w, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, "\0\1x\1y", 5);
    lab_feed_wire(l, &w);
    CHECK(!l->s->in_head && l->x[0].st.rx_has_head && l->x[0].request.fields_n == 1, "complete\n");
    lab_close(l);
}

/* ---- cuts ---- */

static void script(struct h2_wire *out)
{
    out->len = 0;
    h2_wire_hello(out);
    h2_wire_head(out, 0, 1, POST("/a") "cookie: a=1\ncookie: b=2\ncontent-length: 7\n");
    h2_wire_head(out, NGHTTP2_FLAG_END_STREAM, 3, GET("/b") "host: nobody\n");
    h2_wire_frame(out, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\3" "abcd" "\0\0\0", 8);
    h2_wire_frame(out, NGHTTP2_PING, 0, 0, "12345678", 8);
    h2_wire_frame(out, 0xee, 0x55, 9, "unknown", 7);
    h2_wire_frame(out, NGHTTP2_DATA, 0, 1, "efg", 3);
    h2_wire_head(out, NGHTTP2_FLAG_END_STREAM, 1, "x-t: 1\n");
    h2_wire_u32(out, NGHTTP2_WINDOW_UPDATE, 0, 1000);
    h2_wire_head(out, NGHTTP2_FLAG_END_STREAM, 5, GET("/c"));
    h2_wire_u32(out, NGHTTP2_RST_STREAM, 5, 8);
    h2_wire_head(out, NGHTTP2_FLAG_END_STREAM, 7, GET("/d"));
}

static void digest(struct lab *l, char *out, size_t bytes)
{
    size_t n = 0;
    char body[64];

    for (unsigned i = 0; i < l->x_n; i++) {
        struct lab_exchange *x = &l->x[i];
        uint32_t got = bufq_peek(&x->st.rx, (uint8_t *)body, sizeof(body));
        n += (size_t)snprintf(out + n, bytes - n, "%u %.*s %u %s %.*s %u %d|", x->st.id, SPAN_FMT(x->request.target),
                              x->request.fields_n, why_name(x->st.gone), (int)got, body, x->request_trailers.fields_n, x->st.rx_end);
    }
    snprintf(out + n, bytes - n, " %s %u", why_name(l->ended), l->s->streams_n);
}

TEST(every_cut_of_the_wire_gives_the_same_result)
{
    static struct h2_wire whole;
    char want[1024], got[1024];

    script(&whole);
    for (size_t cut = whole.len; cut > 0; cut--) {
        struct lab *l = lab_open(true);
        lab_feed_only(l, whole.at, whole.len, cut);
        lab_pull(l, CONN_OUT_BYTES_HIGH);
        digest(l, cut == whole.len ? want : got, sizeof(got));
        if (cut == whole.len)
            CHECK(strstr(want, "1 /a 2 ok abcdefg 1 1|") != NULL && strstr(want, "7 /d 0 ok  0 1|") != NULL, "%s\n", want);
        else
            CHECK(strcmp(got, want) == 0, "cut %zu:\n%s\n%s\n", cut, got, want);
        lab_close(l);
    }
}

CHECK_RUN(
    RUN(preface_is_answered_with_our_settings),
    RUN(get_becomes_a_stream_and_its_answer_frames),
    RUN(host_field_stands_in_for_authority_and_must_agree_with_it),
    RUN(cookie_crumbs_become_one_field),
    RUN(body_and_trailers_arrive),
    RUN(answer_with_trailers_and_no_body),
    RUN(answers_without_a_body),
    RUN(interim_heads_come_before_the_answer),
    RUN(connection_fields_never_go_out_and_secrets_are_never_indexed),
    RUN(never_indexed_fields_stay_marked),
    RUN(refused_requests_get_a_problem_document),
    RUN(malformed_requests_are_reset),
    RUN(body_that_is_not_as_long_as_declared_is_reset),
    RUN(heads_have_limits_and_every_crumb_counts),
    RUN(trailers_too_large_reset_the_request),
    RUN(answer_head_that_cannot_be_encoded),
    RUN(no_exchange_is_an_answer),
    RUN(no_session_is_an_answer),
    RUN(websocket_by_extended_connect_is_a_tunnel),
    RUN(drain_says_so_waits_a_round_trip_and_finishes),
    RUN(goodbye_of_a_client_does_not_stop_ours),
    RUN(end_of_the_connection_reaches_the_exchanges),
    RUN(head_deadline_runs_while_a_head_is_incomplete),
    RUN(every_cut_of_the_wire_gives_the_same_result))
