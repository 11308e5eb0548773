/* exchange_service_test.c - what is built in gets whole bodies, and answers at once, later, bit by bit, or not at all.
 *
 * Goal:   no body above its bound is taken in; what is owed reaches the client, or nobody when it has left; a reader that does not
 *         read is cut; nothing is left mapped.
 * Method: a service that does what the path says, behind a whole engine in the simulated world.
 */
#include "unit/engine/engine_world.h"

#include "engine/service.h"
#include "io/ring_sim.h"

enum { BODY_MAX = 5000 };

struct built_in {
    struct world         *w;
    struct service_ticket ticket;   /* of the last call */
    uint32_t              admits_n, answers_n;
    uint64_t              sum;      /* of the bytes of the last body */
    size_t                body_len;
};

static enum why say(const struct service_call *call, struct service_answer *out, const char *text)
{
    out->content_type = SPAN_LIT("text/plain");
    return bufq_push_copy(&call->shard->queues, &out->body, span_str(text));
}

static enum why built_in_admit(void *owner, const struct service_call *call, uint32_t *out_body_bytes_max, struct service_answer *out)
{
    struct built_in *b = owner;
    struct span path = head_path(call->request);

    b->admits_n++;
    CHECK(call->body.at == NULL && span_is(call->client, SPAN_LIT("127.0.0.1")), "no body yet\n");
    if (span_is(path, SPAN_LIT("/refused")))
        return WHY_ROUTE_NO_MATCH;
    if (span_is(path, SPAN_LIT("/secret"))) {
        out->status = 401;
        out->www_authenticate = SPAN_LIT("Bearer");
        out->delay_ns = 300 * NS_PER_MS;
        return say(call, out, "no");
    }
    *out_body_bytes_max = span_is(path, SPAN_LIT("/counted")) ? 0 : BODY_MAX;
    return WHY_OK;
}

static enum why built_in_answer(void *owner, const struct service_call *call, struct service_answer *out)
{
    struct built_in *b = owner;
    struct span path = head_path(call->request);

    b->answers_n++;
    b->ticket = call->ticket;
    b->body_len = call->body.len;
    b->sum = 0;
    for (size_t i = 0; i < call->body.len; i++)
        b->sum += call->body.at[i];
    CHECK(call->body.at == NULL || call->body.at[call->body.len] == 0, "no zero behind the body\n");
    CHECK(!service_push(&b->w->e, call->ticket, SPAN_LIT("x")), "pushed from within the call\n");
    if (span_is(path, SPAN_LIT("/later"))) {
        out->form = SERVICE_LATER;
        out->etag = SPAN_LIT("\"prepared\"");
        return say(call, out, "prepared");
    }
    if (span_is(path, SPAN_LIT("/stream"))) {
        out->form = SERVICE_STREAM;
        out->cache_control = SPAN_LIT("no-store");
        return say(call, out, "first;");
    }
    out->status = 201;
    out->etag = SPAN_LIT("\"e\"");
    out->location = SPAN_LIT("/here");
    out->retry_after = SPAN_LIT("7");
    return say(call, out, "made");
}

static struct world *built_in_open(struct built_in *b)
{
    struct world *w = world_open(WORLD_USUAL, NULL);

    memset(b, 0, sizeof(*b));
    b->w = w;
    ((struct listener *)(uintptr_t)w->e.epoch->listeners[0])->is_management = true;
    w->e.management = (struct service){ .answer = built_in_answer, .admit = built_in_admit, .owner = b };
    return w;
}

static void built_in_close(struct built_in *b, int client)
{
    ring_sim_peer_close(client);
    lab_run(&b->w->lab);
    CHECK(b->w->e.service_bodies_n == 0, "%u bodies stay mapped\n", b->w->e.service_bodies_n);
    world_close(b->w);
}

TEST(service_gets_the_whole_body)
{
    struct built_in b;
    struct world *w = built_in_open(&b);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n");
    CHECK(w->e.service_bodies_n == 1 && b.answers_n == 0, "%u\n", w->e.service_bodies_n);
    for (int i = 0; i < 50; i++) { /* In pieces, each of which is copied to where it belongs. */
        char piece[101];
        memset(piece, 'A' + i % 26, 100);
        piece[100] = 0;
        lab_send(&w->lab, client, piece);
    }
    world_expect(w, client, "HTTP/1.1 201 Created\r\n");
    uint64_t sum = 0;
    for (unsigned i = 0; i < 50; i++)
        sum += 100 * ('A' + i % 26);
    CHECK(b.answers_n == 1 && b.body_len == 5000 && b.sum == sum, "%zu bytes\n", b.body_len);
    CHECK(strstr(w->text, "etag: \"e\"\r\n") && strstr(w->text, "location: /here\r\n") && strstr(w->text, "retry-after: 7\r\n") &&
          strstr(w->text, "content-length: 4\r\n") && strstr(w->text, "\r\n\r\nmade"), "%s\n", w->text);
    CHECK(w->e.service_bodies_n == 0 && w->why == WHY_OK, "%s\n", why_name(w->why));
    lab_send(&w->lab, client, "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    world_expect(w, client, "HTTP/1.1 201 ");
    CHECK(b.body_len == 5 && b.sum == 'a' + 'b' + 'c' + 'd' + 'e', "%zu\n", b.body_len);
    lab_send(&w->lab, client, "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    world_expect(w, client, "HTTP/1.1 100 ");
    lab_send(&w->lab, client, "ab");
    world_expect(w, client, "HTTP/1.1 201 ");
    lab_send(&w->lab, client, "PUT /counted HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    world_expect(w, client, "HTTP/1.1 201 ");
    CHECK(b.body_len == 0, "a body that nobody asked for\n");
    lab_send(&w->lab, client, GET("/none"));
    world_expect(w, client, "HTTP/1.1 201 ");
    built_in_close(&b, client);
}

TEST(service_body_is_bounded)
{
    static const struct { const char *name, *head; } rows[] = {
        { "one byte too many is announced", "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5001\r\n\r\n" },
        { "announced, and not waited for", "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n" },
        { "in chunks", "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1389\r\n" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct built_in b;
        struct world *w = built_in_open(&b);
        int client = lab_connect(&w->lab);
        char body[5004];
        memset(body, 'x', sizeof(body));
        memcpy(body + 5001, "\r\n", 3);
        lab_send(&w->lab, client, rows[i].head);
        if (i == 2)
            lab_send(&w->lab, client, body);
        world_expect(w, client, "HTTP/1.1 413 ");
        CHECK(strstr(w->text, "service-body-long") != NULL && b.answers_n == 0, "%s: %s\n", rows[i].name, w->text);
        CHECK(lab_why(&w->lab, WHY_SERVICE_BODY_LONG) == 1 && w->e.service_bodies_n == 0, "%s\n", rows[i].name);
        built_in_close(&b, client);
    }
}

TEST(service_bodies_are_counted)
{
    struct built_in b;
    struct world *w = built_in_open(&b);
    int clients[SERVICE_BODIES_MAX + 1];

    for (int i = 0; i < SERVICE_BODIES_MAX + 1; i++) {
        clients[i] = lab_connect(&w->lab);
        lab_send(&w->lab, clients[i], "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
    }
    world_expect(w, clients[SERVICE_BODIES_MAX], "HTTP/1.1 503 ");
    CHECK(strstr(w->text, "pool-body-empty") != NULL && lab_why(&w->lab, WHY_POOL_BODY_EMPTY) == 1, "%s\n", w->text);
    for (int i = 1; i <= SERVICE_BODIES_MAX; i++)
        ring_sim_peer_close(clients[i]);
    lab_run(&w->lab);
    CHECK(w->e.service_bodies_n == 1, "%u of those that left are kept\n", w->e.service_bodies_n);
    lab_send(&w->lab, clients[0], "b");
    world_expect(w, clients[0], "HTTP/1.1 201 ");
    built_in_close(&b, clients[0]);
}

/* A body that does not come is not waited for: not when it stops, and not when it trickles. */
TEST(service_body_is_too_slow)
{
    for (int trickles = 0; trickles < 2; trickles++) {
        struct built_in b;
        struct world *w = built_in_open(&b);
        int client = lab_connect(&w->lab);
        lab_send(&w->lab, client, "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n");
        uint64_t last_ns = trickles ? SERVICE_BODY_MS_MAX * NS_PER_MS : SERVICE_BODY_IDLE_MS_MAX * NS_PER_MS;
        for (uint64_t ns = 0; ns < last_ns - NS_PER_S; ns += NS_PER_S) {
            lab_pass(&w->lab, NS_PER_S);
            if (trickles)
                lab_send(&w->lab, client, "x");
            CHECK(w->records_n == 0, "too early: %s\n", why_name(w->why));
        }
        lab_pass(&w->lab, 2 * NS_PER_S);
        world_expect(w, client, "HTTP/1.1 408 ");
        CHECK(w->why == WHY_CONN_BODY_SLOW && b.answers_n == 0, "%s\n", why_name(w->why));
        built_in_close(&b, client);
    }
}

TEST(service_refuses_before_the_body)
{
    struct built_in b;
    struct world *w = built_in_open(&b);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, "PUT /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    world_expect(w, client, "HTTP/1.1 404 ");
    ring_sim_peer_close(client);
    client = lab_connect(&w->lab);
    lab_send(&w->lab, client, GET("/secret"));
    lab_pass(&w->lab, 250 * NS_PER_MS);
    CHECK(lab_read(&w->lab, client, w->text) == RING_SIM_NOTHING && w->text[0] == 0, "at once: %s\n", w->text);
    lab_pass(&w->lab, 60 * NS_PER_MS);
    world_expect(w, client, "HTTP/1.1 401 ");
    CHECK(strstr(w->text, "www-authenticate: Bearer\r\n") != NULL && b.answers_n == 0, "%s\n", w->text);
    lab_send(&w->lab, client, GET("/secret")); /* ... and does not wait for the end of it. */
    ring_sim_peer_close(client);
    lab_run(&w->lab);
    CHECK(w->e.exchanges.live_n == 0, "a held answer keeps its exchange\n");
    built_in_close(&b, lab_connect(&w->lab));
}

TEST(service_answers_later)
{
    static const char wanted[][40] = { "HTTP/1.1 200 OK\r\n", "HTTP/1.1 409 Conflict\r\n", "HTTP/1.1 503 Service" };
    struct built_in b;
    struct world *w = built_in_open(&b);
    int client = lab_connect(&w->lab);

    for (int i = 0; i < 3; i++) {
        struct service_answer other = { .status = 409 };
        lab_send(&w->lab, client, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
        lab_pass(&w->lab, 30 * NS_PER_S);
        CHECK(b.body_len == 2 && lab_read(&w->lab, client, w->text) == RING_SIM_NOTHING && w->text[0] == 0, "too early: %s\n", w->text);
        CHECK(bufq_push_copy(&w->lab.shard.queues, &other.body, SPAN_LIT("other")) == WHY_OK, "push\n");
        CHECK(!service_push(&w->e, b.ticket, SPAN_LIT("x")), "it is no stream\n");
        CHECK(service_finish(&w->e, b.ticket, i == 2 ? WHY_POOL_EPOCH_EMPTY : WHY_OK, i == 0 ? NULL : &other), "gone\n");
        CHECK(!service_finish(&w->e, b.ticket, WHY_OK, NULL), "twice\n");
        bufq_clear(&w->lab.shard.queues, &other.body);
        lab_run(&w->lab);
        world_expect(w, client, wanted[i]);
        CHECK(strstr(w->text, i == 0 ? "\r\n\r\nprepared" : i == 1 ? "\r\n\r\nother" : "pool-epoch-empty") != NULL, "%s\n", w->text);
        CHECK((strstr(w->text, "etag: \"prepared\"") != NULL) == (i == 0), "%s\n", w->text);
        CHECK(!service_finish(&w->e, b.ticket, WHY_OK, NULL), "it has ended\n");
    }
    built_in_close(&b, client);
}

TEST(service_owes_an_answer_too_long)
{
    struct built_in b;
    struct world *w = built_in_open(&b);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, GET("/later"));
    lab_pass(&w->lab, SERVICE_LATER_MS_MAX * NS_PER_MS + 20 * NS_PER_MS);
    world_expect(w, client, "HTTP/1.1 504 ");
    CHECK(w->why == WHY_SERVICE_TIMEOUT && !service_finish(&w->e, b.ticket, WHY_OK, NULL), "%s\n", why_name(w->why));
    lab_send(&w->lab, client, GET("/later"));
    ring_sim_peer_close(client);
    lab_run(&w->lab);
    struct service_answer late = { .status = 200 };
    CHECK(bufq_push_copy(&w->lab.shard.queues, &late.body, SPAN_LIT("nobody reads this")) == WHY_OK, "push\n");
    CHECK(w->why == WHY_CONN_CLIENT_GONE && !service_finish(&w->e, b.ticket, WHY_OK, &late), "it waits for nobody\n");
    CHECK(late.body.bytes == 0, "its body stays\n");
    built_in_close(&b, lab_connect(&w->lab));
}

TEST(service_streams)
{
    struct built_in b;
    struct world *w = built_in_open(&b);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, GET("/stream"));
    world_expect(w, client, "HTTP/1.1 200 OK\r\n");
    CHECK(strstr(w->text, "transfer-encoding: chunked") && strstr(w->text, "cache-control: no-store") && strstr(w->text, "first;"), "%s\n", w->text);
    for (int i = 0; i < 100; i++) {
        lab_pass(&w->lab, 20 * NS_PER_S);
        CHECK(service_push(&w->e, b.ticket, SPAN_LIT("event;")), "gone\n");
        lab_run(&w->lab);
        world_expect(w, client, "6\r\nevent;");
    }
    CHECK(service_push(&w->e, b.ticket, SPAN_LIT("last;")), "gone\n");
    CHECK(!service_finish(&w->e, b.ticket, WHY_OK, NULL), "a stream owes nothing\n");
    service_end(&w->e, b.ticket);
    CHECK(!service_push(&w->e, b.ticket, SPAN_LIT("x")), "behind its end\n");
    lab_run(&w->lab);
    world_expect(w, client, "5\r\nlast;\r\n0\r\n\r\n");
    CHECK(w->records_n == 1 && w->why == WHY_OK, "%s\n", why_name(w->why));
    lab_send(&w->lab, client, GET("/stream")); /* The connection is kept; and leaving ends it. */
    world_expect(w, client, "HTTP/1.1 200 OK\r\n");
    ring_sim_peer_reset(client);
    lab_run(&w->lab);
    CHECK(!service_push(&w->e, b.ticket, SPAN_LIT("x")) && w->e.exchanges.live_n == 0, "it goes on for nobody\n");
    service_end(&w->e, b.ticket);
    built_in_close(&b, lab_connect(&w->lab));
}

/* A reader that does not read: cut when too much waits for it, and when what waits does not move. */
TEST(service_stream_has_a_slow_reader)
{
    for (int is_flooded = 0; is_flooded < 2; is_flooded++) {
        struct built_in b;
        struct world *w = built_in_open(&b);
        int client = lab_connect(&w->lab);
        uint32_t pushed_n = 0;
        lab_send(&w->lab, client, GET("/stream"));
        memset(w->text, 'x', 8192);
        while (pushed_n < 30 || (is_flooded && pushed_n < 1000)) {
            if (!service_push(&w->e, b.ticket, span_of(w->text, 8192)))
                break;
            lab_run(&w->lab);
            pushed_n++;
        }
        CHECK(is_flooded ? pushed_n > 50 && pushed_n < 200 : pushed_n == 30, "%u\n", pushed_n);
        lab_pass(&w->lab, is_flooded ? NS_PER_S : 40 * NS_PER_S);
        CHECK(w->records_n == 1 && w->e.exchanges.live_n == 0, "it is not cut\n");
        CHECK(lab_why(&w->lab, WHY_CONN_READ_SLOW) >= 1, "%s\n", why_name(w->why));
        built_in_close(&b, client);
    }
}

TEST(service_without_memory)
{
    struct built_in b;
    struct world *w = built_in_open(&b);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, GET("/stream"));
    world_expect(w, client, "HTTP/1.1 200 OK\r\n");
    memset(w->text, 'x', 3000);
    pool_fail_after(&w->lab.shard.queues.segs, 1);
    CHECK(!service_push(&w->e, b.ticket, span_of(w->text, 3000)), "memory from nowhere\n");
    pool_fail_after(&w->lab.shard.queues.segs, 0);
    lab_run(&w->lab);
    CHECK(w->records_n == 1 && w->why == WHY_POOL_BUFFER_EMPTY, "%s\n", why_name(w->why));
    built_in_close(&b, client);
}

CHECK_RUN(RUN(service_gets_the_whole_body), RUN(service_body_is_bounded), RUN(service_bodies_are_counted), RUN(service_body_is_too_slow),
          RUN(service_refuses_before_the_body), RUN(service_answers_later), RUN(service_owes_an_answer_too_long), RUN(service_streams),
          RUN(service_stream_has_a_slow_reader), RUN(service_without_memory))
