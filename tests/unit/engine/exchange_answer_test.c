/* exchange_answer_test.c - our own answers: problems, redirects, services; whole, with a length, and the connection kept where it may be.
 *
 * Method: rows of requests to a gateway that answers everything by itself.
 */
#include "unit/engine/engine_world.h"

#include "io/ring_sim.h"

static enum why service_answer(void *owner, const struct service_call *call, struct service_answer *out)
{
    struct world *w = owner;

    out->content_type = SPAN_LIT("text/x-test");
    if (span_is(head_path(call->request), SPAN_LIT("/refused")))
        return WHY_ROUTE_NO_MATCH;
    if (span_is(head_path(call->request), SPAN_LIT("/half"))) { /* Fails with part of its answer written. */
        CHECK(bufq_push_copy(&call->shard->queues, &out->body, SPAN_LIT("half")) == WHY_OK, "push\n");
        return WHY_POOL_BUFFER_EMPTY;
    }
    if (call->request->method == METHOD_POST) {
        out->status = 405;
        out->allow = SPAN_LIT("GET");
    }
    snprintf(w->text, 100, "%u bytes from %.*s", (unsigned)call->body_bytes, SPAN_FMT(call->client));
    return bufq_push_copy(&call->shard->queues, &out->body, span_str(w->text));
}

/* A gateway whose listener is the management one, served by the function above. */
static struct world *service_open(void)
{
    struct world *w = world_open(WORLD_USUAL, NULL);

    ((struct listener *)(uintptr_t)w->e.epoch->listeners[0])->is_management = true;
    w->e.management = (struct service){ .answer = service_answer, .owner = w };
    return w;
}

TEST(answer_of_a_service)
{
    static const struct { const char *sent, *head, *field, *body; } rows[] = {
        { GET("/"), "HTTP/1.1 200 OK\r\n", "content-type: text/x-test\r\n", "0 bytes from 127.0.0.1" },
        { "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "content-length: 22\r\n", "" },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde", "HTTP/1.1 405 ", "allow: GET\r\n", "5 bytes from 127.0.0.1" },
        { GET("/refused"), "HTTP/1.1 404 ", "content-type: application/problem+json\r\n", "{\"type\":\"urn:apiforge:why:route-no-match\"" },
        { GET("/half"), "HTTP/1.1 503 ", "content-type: application/problem+json\r\n", "{\"type\":\"urn:apiforge:why:pool-buffer-empty\"" },
    };
    struct world *w = service_open();
    int client = lab_connect(&w->lab); /* One connection for all: each answer has its end where it says. */

    for (size_t i = 0; i < COUNT(rows); i++) {
        lab_send(&w->lab, client, rows[i].sent);
        CHECK(world_expect(w, client, rows[i].head) == RING_SIM_NOTHING, "row %zu: not kept\n", i);
        const char *body = strstr(w->text, "\r\n\r\n");
        CHECK(strstr(w->text, rows[i].field) != NULL, "row %zu: %s\n", i, w->text);
        CHECK(body != NULL && strncmp(body + 4, rows[i].body, strlen(rows[i].body)) == 0 && (rows[i].body[0] != 0 || body[4] == 0),
              "row %zu: %s\n", i, w->text);
    }
    CHECK(w->records_n == COUNT(rows), "%u\n", w->records_n);
    ring_sim_peer_close(client);
    world_close(w);
}

/* A client that waits for 100 is told to go on, or the service would wait for ever. */
TEST(answer_of_a_service_after_the_body)
{
    struct world *w = service_open();
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    world_expect(w, client, "HTTP/1.1 100 ");
    lab_send(&w->lab, client, "ab");
    CHECK(lab_read(&w->lab, client, w->text) == RING_SIM_NOTHING && w->text[0] == 0, "too early: %s\n", w->text);
    lab_send(&w->lab, client, "c");
    world_expect(w, client, "HTTP/1.1 405 ");
    CHECK(strstr(w->text, "3 bytes") != NULL, "%s\n", w->text);
    ring_sim_peer_close(client);
    world_close(w);
}

TEST(answer_by_redirect)
{
    struct world *w = world_open(WORLD_GATEWAY("") WORLD_RULE("away", "/", "filters: [{type: RequestRedirect, requestRedirect: {hostname: b.example, statusCode: 301}}]")
                                 WORLD_PEDANT, NULL);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, GET("/x?q=1"));
    world_expect(w, client, "HTTP/1.1 301 Moved Permanently\r\n");
    CHECK(strstr(w->text, "location: http://b.example") != NULL && strstr(w->text, "/x?q=1\r\n") != NULL, "%s\n", w->text);
    CHECK(strstr(w->text, "content-length: 0\r\n") != NULL && w->why == WHY_OK && lab_metric(&w->lab, METRIC_RESPONSES_3XX) == 1, "%s\n", w->text);
    ring_sim_peer_close(client);
    world_close(w);
}

TEST(answer_is_a_problem_with_an_id)
{
    struct world *w = world_open(WORLD_GATEWAY("") WORLD_UPSTREAM("u", WORLD_ENDPOINT("9002")) WORLD_ROUTE("all", "/", "u"), NULL);
    int client = lab_connect(&w->lab);
    size_t length = 0;

    lab_send(&w->lab, client, GET("/"));
    world_expect(w, client, "HTTP/1.1 502 Bad Gateway\r\n");
    const char *body = strstr(w->text, "\r\n\r\n"), *field = strstr(w->text, "content-length: ");
    CHECK(body != NULL && field != NULL && sscanf(field, "content-length: %zu", &length) == 1 && strlen(body + 4) == length, "%s\n", w->text);
    CHECK(strstr(body, "\"type\":\"urn:apiforge:why:io-refused\"") != NULL && strstr(body, "\"instance\":\"") != NULL, "%s\n", w->text);
    ring_sim_peer_close(client);
    world_close(w);
}

CHECK_RUN(RUN(answer_of_a_service), RUN(answer_of_a_service_after_the_body), RUN(answer_by_redirect), RUN(answer_is_a_problem_with_an_id))
