/* exchange_up_test.c - which failures are tried again, on what, and how often; and what cannot be tried at all.
 *
 * Method: rows of the rule itself, asked of exchanges made by hand; then upstreams that refuse, vanish or are not there.
 */
#include "unit/engine/engine_world.h"

#include "io/ring_sim.h"

/* How far the request had come. */
enum came { UNSENT, SENT, BODY_SENT, ANSWER_BEGUN, ANSWERED };

TEST(up_may_retry)
{
    static const struct { const char *name; enum why why; enum came came; enum method method; bool reused, upgrade; uint8_t tries; bool again; } rows[] = {
        { "refused", WHY_IO_REFUSED, UNSENT, METHOD_POST, false, false, 1, true },
        { "refused, twice", WHY_IO_REFUSED, UNSENT, METHOD_POST, false, false, 2, true },
        { "refused, as often as may be", WHY_IO_REFUSED, UNSENT, METHOD_POST, false, false, UP_TRIES_MAX, false },
        { "connect time-out", WHY_UP_CONNECT_TIMEOUT, UNSENT, METHOD_POST, false, false, 1, true },
        { "kept one gone before a byte", WHY_IO_EOF, UNSENT, METHOD_POST, true, false, 1, true },
        { "new one gone before a byte", WHY_IO_EOF, UNSENT, METHOD_POST, false, false, 1, false },
        { "upgrade that was never sent", WHY_IO_REFUSED, UNSENT, METHOD_GET, false, true, 1, true },
        { "kept one closed under a GET", WHY_UP_RESET_EARLY, SENT, METHOD_GET, true, false, 1, true },
        { "kept one reset under a GET", WHY_IO_RESET, SENT, METHOD_GET, true, false, 1, true },
        { "kept one closed under a POST", WHY_UP_RESET_EARLY, SENT, METHOD_POST, true, false, 1, false },
        { "kept one closed under a PUT", WHY_UP_RESET_EARLY, SENT, METHOD_PUT, true, false, 1, true },
        { "new one closed under a GET", WHY_UP_RESET_EARLY, SENT, METHOD_GET, false, false, 1, false },
        { "kept one closed under an upgrade", WHY_UP_RESET_EARLY, SENT, METHOD_GET, true, true, 1, false },
        { "h2 refusal of a POST", WHY_H2_UP_REFUSED, SENT, METHOD_POST, false, false, 1, true },
        { "h2 reset of a GET", WHY_H2_UP_RESET, SENT, METHOD_GET, true, false, 1, false },
        { "time-out", WHY_UP_TIMEOUT, SENT, METHOD_GET, true, false, 1, false },
        { "body is gone", WHY_UP_RESET_EARLY, BODY_SENT, METHOD_PUT, true, false, 1, false },
        { "h2 refusal when the body is gone", WHY_H2_UP_REFUSED, BODY_SENT, METHOD_PUT, true, false, 1, false },
        { "answer has begun", WHY_IO_RESET, ANSWER_BEGUN, METHOD_GET, true, false, 1, false },
        { "client has a head", WHY_IO_RESET, ANSWERED, METHOD_GET, true, false, 1, false },
    };
    struct exchange *x = calloc(1, sizeof(*x));

    for (size_t i = 0; i < COUNT(rows); i++) {
        memset(x, 0, sizeof(*x));
        x->up.tx_head_done = rows[i].came >= SENT;
        x->up.tx_wire_bytes = rows[i].came == BODY_SENT ? 1 : 0;
        x->up.rx_has_head = rows[i].came >= ANSWER_BEGUN;
        x->has_answered = rows[i].came == ANSWERED;
        x->request.method = (uint8_t)rows[i].method;
        x->request.is_upgrade = rows[i].upgrade;
        x->up_was_reused = rows[i].reused;
        x->tries_n = rows[i].tries;
        CHECK(exchange_may_retry(x, rows[i].why) == rows[i].again, "%s\n", rows[i].name);
    }
    free(x);
}

/* 9002 refuses: each request must end at 9001, in the first or the second try. */
TEST(up_goes_to_another_endpoint)
{
    struct world *w = world_open(WORLD_GATEWAY("") WORLD_UPSTREAM("two", WORLD_ENDPOINT("9002") ", " WORLD_ENDPOINT("9001"))
                                 WORLD_ROUTE("all", "/", "two") WORLD_PEDANT, NULL);
    int client = lab_connect(&w->lab), up = -1;

    for (uint32_t i = 1; i <= 4; i++) {
        lab_send(&w->lab, client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        if (up < 0)
            up = world_accept(w);
        world_expect(w, up, "POST / ");
        CHECK(strstr(w->text, "\r\n\r\nabc") != NULL, "the body is not whole: %s\n", w->text);
        lab_send(&w->lab, up, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        world_expect(w, client, "HTTP/1.1 200 ");
        CHECK(w->why == WHY_OK && w->records_n == i && w->tries_n <= 2, "%s\n", why_name(w->why));
    }
    CHECK(lab_metric(&w->lab, METRIC_UP_RETRIES) >= 1 && lab_metric(&w->lab, METRIC_UP_RETRIES) <= 4, "retries\n");
    CHECK(lab_why(&w->lab, WHY_IO_REFUSED) == 0, "an ending of a request that did not end so\n");
    ring_sim_peer_close(client);
    world_close(w);
}

TEST(up_cannot_be_reached)
{
    static const struct { const char *name, *documents; enum why why; const char *says; uint8_t tries; } rows[] = {
        { "refuses", WORLD_GATEWAY("") WORLD_UPSTREAM("u", WORLD_ENDPOINT("9002")) WORLD_ROUTE("all", "/", "u"), WHY_IO_REFUSED, "HTTP/1.1 502 ", 3 },
        { "is dark", WORLD_GATEWAY("") WORLD_UPSTREAM("u", WORLD_ENDPOINT("9009")) WORLD_ROUTE("all", "/", "u"), WHY_UP_CONNECT_TIMEOUT, "HTTP/1.1 504 ", 3 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(rows[i].documents, NULL);
        int client = lab_connect(&w->lab);
        lab_send(&w->lab, client, GET("/"));
        lab_pass(&w->lab, 2 * NS_PER_S);
        world_expect(w, client, rows[i].says);
        CHECK(w->why == rows[i].why && w->tries_n == rows[i].tries, "%s: %s after %u\n", rows[i].name, why_name(w->why), w->tries_n);
        ring_sim_peer_close(client);
        world_close(w);
    }
}

TEST(up_that_no_document_has)
{
    struct world *w = world_open(WORLD_USUAL, NULL);
    int client = lab_connect(&w->lab);
    struct route *route = (struct route *)(uintptr_t)&w->e.epoch->listeners[0]->hosts[0].routes[0];

    route->backends_broken = true;
    lab_send(&w->lab, client, GET("/"));
    world_expect(w, client, "HTTP/1.1 500 ");
    CHECK(w->why == WHY_ROUTE_NO_BACKEND, "%s\n", why_name(w->why));
    ring_sim_peer_close(client);
    world_close(w);
}

TEST(up_slots_are_used_up)
{
    struct world *w = world_open(WORLD_USUAL, NULL);
    int client = lab_connect(&w->lab);

    pool_fail_after(&w->lab.conns.conns, 1);
    lab_send(&w->lab, client, GET("/"));
    world_expect(w, client, "HTTP/1.1 503 ");
    CHECK(w->why == WHY_POOL_CONN_EMPTY && lab_why(&w->lab, WHY_POOL_CONN_EMPTY) == 1, "%s\n", why_name(w->why));
    ring_sim_peer_close(client);
    world_close(w);
}

CHECK_RUN(RUN(up_may_retry), RUN(up_goes_to_another_endpoint), RUN(up_cannot_be_reached), RUN(up_that_no_document_has), RUN(up_slots_are_used_up))
