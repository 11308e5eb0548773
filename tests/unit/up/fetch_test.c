/* fetch_test.c - requests of our own: answers, redirects, bounds and endings.
 *
 * Method: a fetch table over connections in the simulated world; the server is played by hand.
 */
#include "lib/conn_lab.h"

#include <stdlib.h>

#include "io/ring_sim.h"
#include "up/fetch.h"
#include "up/up.h"

enum { PORT = 9001 };

struct world {
    struct lab        lab;
    struct conn_hooks hooks;
    struct up_table   ups;
    struct fetch_table fetches;
    int               origin;
    uint32_t          told_n;
    enum why          why;
    uint16_t          status;
    char              body[512], url[256], etag[64];
    char             *text;
};

static void on_task(void *owner, struct task *t)
{
    UNUSED(owner);
    CHECK(t->kind == TASK_FETCH, "whose task\n");
    fetch_step(t);
}

static void on_timer(void *owner, struct timer *t)
{
    UNUSED(owner);
    fetch_on_timer(t);
}

static void on_gone(void *owner, struct conn *c)
{
    up_on_gone(&((struct world *)owner)->ups, c);
}

static void on_done(void *owner, const struct fetch_result *r)
{
    struct world *w = owner;
    const struct field *etag = r->head != NULL ? head_find_name(r->head, SPAN_LIT("etag")) : NULL;

    w->told_n++;
    w->why = r->why;
    w->status = r->status;
    snprintf(w->body, sizeof(w->body), "%.*s", SPAN_FMT(r->body));
    snprintf(w->url, sizeof(w->url), "%.*s", SPAN_FMT(r->url));
    snprintf(w->etag, sizeof(w->etag), "%.*s", etag != NULL ? (int)etag->value.len : 0, etag != NULL ? (const char *)etag->value.at : "");
}

static struct world *world_open(void)
{
    struct world *w = calloc(1, sizeof(*w));
    struct socket_address addr = ring_sim_address(PORT);

    CHECK(w != NULL && (w->text = calloc(1, LAB_TEXT_BYTES)) != NULL, "no memory\n");
    w->hooks = (struct conn_hooks){ .on_gone = on_gone, .owner = w };
    w->lab.on_task = on_task;
    w->lab.on_timer = on_timer;
    w->lab.owner = w;
    lab_open(&w->lab, &w->hooks, NULL);
    CHECK(up_table_open(&w->ups, &w->lab.conns) == WHY_OK, "no memory\n");
    CHECK(fetch_table_open(&w->fetches, &w->lab.shard, &w->ups, NULL) == WHY_OK, "no memory\n");
    w->origin = ring_sim_peer_listen(&addr);
    return w;
}

static void world_close(struct world *w)
{
    lab_end(&w->lab);
    CHECK(w->ups.ups.live_n == 0 && w->fetches.fetches.live_n == 0, "%u upstreams\n", w->ups.ups.live_n);
    fetch_table_close(&w->fetches);
    up_table_close(&w->ups);
    lab_close(&w->lab);
    free(w->text);
    free(w);
}

static struct fetch *start(struct world *w, const char *url, struct fetch_request more)
{
    struct fetch *f;

    more.method = more.method != METHOD_OTHER ? more.method : METHOD_GET;
    more.url = span_str(url);
    more.timeout_ns = 2 * NS_PER_S;
    more.body_bytes_max = more.body_bytes_max != 0 ? more.body_bytes_max : 400;
    more.on_done = on_done;
    more.owner = w;
    w->told_n = 0;
    f = fetch_start(&w->fetches, &more);
    CHECK(f != NULL && w->told_n == 0, "told on the stack of who asked\n");
    lab_run(&w->lab);
    return f;
}

/* The connection that came, the request that it carries in text; answered with that. */
static int answer(struct world *w, const char *with)
{
    int peer = ring_sim_peer_accept(w->origin);
    int32_t n;

    CHECK(peer >= 0, "nobody connected\n");
    lab_run(&w->lab);
    n = ring_sim_peer_recv(peer, (uint8_t *)w->text, LAB_TEXT_BYTES - 1);
    CHECK(n >= 0, "no request\n");
    w->text[n] = 0;
    ring_sim_peer_send(peer, (const uint8_t *)with, (uint32_t)strlen(with));
    lab_run(&w->lab);
    return peer;
}

TEST(whole_answers_come_with_status_fields_and_body)
{
    static const struct fetch_field fields[] = { { SPAN_LIT("if-none-match"), SPAN_LIT("\"x\""), false } };
    struct world *w = world_open();

    start(w, "http://127.0.0.1:9001/a?b=c", (struct fetch_request){ .fields = fields, .fields_n = 1 });
    answer(w, "HTTP/1.1 200 OK\r\nETag: \"y\"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    CHECK(w->told_n == 1 && w->why == WHY_OK && w->status == 200, "%s\n", why_name(w->why));
    CHECK(strcmp(w->body, "hello world") == 0 && strcmp(w->etag, "\"y\"") == 0, "%s\n", w->body);
    CHECK(strncmp(w->text, "GET /a?b=c HTTP/1.1\r\n", 21) == 0, "%s\n", w->text);
    CHECK(strstr(w->text, "if-none-match: \"x\"\r\n") != NULL && strstr(w->text, "127.0.0.1:9001\r\n") != NULL, "%s\n", w->text);
    world_close(w);
}

TEST(bodies_are_sent_with_their_length)
{
    struct world *w = world_open();

    start(w, "http://127.0.0.1:9001/hook", (struct fetch_request){ .method = METHOD_POST, .body = SPAN_LIT("{\"a\":1}"),
                                                                   .content_type = SPAN_LIT("application/json") });
    answer(w, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    CHECK(w->why == WHY_OK && w->status == 204 && w->body[0] == 0, "%s %u\n", why_name(w->why), w->status);
    CHECK(strstr(w->text, "content-length: 7\r\n") != NULL && strstr(w->text, "\r\n\r\n{\"a\":1}") != NULL, "%s\n", w->text);
    world_close(w);
}

TEST(redirects_are_followed_and_secrets_stay_at_home)
{
    static const struct fetch_field fields[] = { { SPAN_LIT("authorization"), SPAN_LIT("token t"), true } };
    struct world *w = world_open();
    struct fetch_request r = { .fields = fields, .fields_n = 1, .redirects_max = 2 };

    start(w, "http://127.0.0.1:9001/a", r);
    answer(w, "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
    answer(w, "HTTP/1.1 302 Found\r\nLocation: http://[::ffff:127.0.0.1]:9001/c\r\nContent-Length: 0\r\n\r\n");
    CHECK(strstr(w->text, "GET /b") == w->text && strstr(w->text, "token t") != NULL, "%s\n", w->text);
    answer(w, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    CHECK(strstr(w->text, "GET /c") == w->text && strstr(w->text, "token t") == NULL, "%s\n", w->text);
    CHECK(w->why == WHY_OK && strcmp(w->url, "http://[::ffff:127.0.0.1]:9001/c") == 0, "%s %s\n", why_name(w->why), w->url);
    r.redirects_max = 1;
    start(w, "http://127.0.0.1:9001/a", r);
    answer(w, "HTTP/1.1 301 x\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
    answer(w, "HTTP/1.1 301 x\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
    CHECK(w->why == WHY_FETCH_REDIRECTS, "%s\n", why_name(w->why));
    r.redirects_max = 0;
    start(w, "http://127.0.0.1:9001/a", r);
    answer(w, "HTTP/1.1 301 x\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
    CHECK(w->why == WHY_OK && w->status == 301, "%s\n", why_name(w->why));
    world_close(w);
}

TEST(answers_that_are_too_long_end_it)
{
    struct world *w = world_open();

    start(w, "http://127.0.0.1:9001/", (struct fetch_request){ .body_bytes_max = 4 });
    answer(w, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    CHECK(w->why == WHY_FETCH_LONG, "%s\n", why_name(w->why));
    start(w, "http://127.0.0.1:9001/", (struct fetch_request){ .body_bytes_max = 4 });
    answer(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    CHECK(w->why == WHY_FETCH_LONG, "%s\n", why_name(w->why));
    start(w, "http://127.0.0.1:9001/", (struct fetch_request){ .body_bytes_max = 5 });
    answer(w, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(w->why == WHY_OK && strcmp(w->body, "hello") == 0, "%s\n", why_name(w->why));
    world_close(w);
}

TEST(each_failure_has_its_name)
{
    static const char *const urls[] = { "ftp://a/", "http://", "http://a b/", "http://127.0.0.1:0/", "/a", "" };
    struct world *w = world_open();
    int peer;

    for (size_t i = 0; i < COUNT(urls); i++) {
        start(w, urls[i], (struct fetch_request){ .body_bytes_max = 4 });
        CHECK(w->told_n == 1 && w->why == WHY_FETCH_URL, "%s: %s\n", urls[i], why_name(w->why));
    }
    start(w, "http://git.example.com/", (struct fetch_request){ .body_bytes_max = 4 });
    CHECK(w->told_n == 1 && w->why == WHY_DNS_NO_NAME, "%s\n", why_name(w->why));
    start(w, "http://127.0.0.1:9009/", (struct fetch_request){ .body_bytes_max = 4 });
    lab_pass(&w->lab, NS_PER_S);
    CHECK(w->told_n == 1 && w->why == WHY_IO_REFUSED, "%s\n", why_name(w->why));
    start(w, "http://127.0.0.1:9001/", (struct fetch_request){ .body_bytes_max = 400 });
    peer = answer(w, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    ring_sim_peer_close(peer);
    lab_run(&w->lab);
    CHECK(w->told_n == 1 && w->why == WHY_UP_RESET_LATE, "%s\n", why_name(w->why));
    start(w, "http://127.0.0.1:9001/", (struct fetch_request){ .body_bytes_max = 400 });
    answer(w, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    lab_pass(&w->lab, 3 * NS_PER_S);
    CHECK(w->told_n == 1 && w->why == WHY_FETCH_SLOW, "%s\n", why_name(w->why));
    world_close(w);
}

TEST(a_cancel_leaves_nothing)
{
    struct world *w = world_open();
    struct fetch *f = start(w, "http://127.0.0.1:9001/", (struct fetch_request){ .body_bytes_max = 400 });

    fetch_cancel(f);
    lab_run(&w->lab);
    CHECK(w->told_n == 0 && w->fetches.fetches.live_n == 0, "told\n");
    world_close(w);
}

CHECK_RUN(RUN(whole_answers_come_with_status_fields_and_body), RUN(bodies_are_sent_with_their_length),
          RUN(redirects_are_followed_and_secrets_stay_at_home), RUN(answers_that_are_too_long_end_it), RUN(each_failure_has_its_name),
          RUN(a_cancel_leaves_nothing))
