/* exchange_test.c - one request through its states: answered, late, cut, refused; each ends once, with one record and one name.
 *
 * Method: scripted client and upstream around a whole engine; `pedant` and `chop` are in the chain of every route.
 */
#include "unit/engine/engine_world.h"

#include "io/ring_sim.h"

TEST(exchange_there_and_back)
{
    struct world *w = world_open(WORLD_USUAL, NULL);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, "POST /x?q HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\nabc");
    int up = world_accept(w);
    world_expect(w, up, "POST /x?q HTTP/1.1\r\nhost: a.example\r\n");
    CHECK(strstr(w->text, "x-hop") == NULL && strstr(w->text, "\r\n\r\nabc") != NULL, "%s\n", w->text);
    lab_send(&w->lab, up, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-Up: 1\r\n\r\nok");
    world_expect(w, client, "HTTP/1.1 201 Created\r\n");
    CHECK(strstr(w->text, "x-up: 1\r\n") != NULL && strstr(w->text, "\r\n\r\nok") != NULL, "%s\n", w->text);
    CHECK(w->records_n == 1 && w->why == WHY_OK && w->status == 201 && w->tries_n == 1, "%s\n", why_name(w->why));
    CHECK(lab_metric(&w->lab, METRIC_REQUESTS) == 1 && lab_metric(&w->lab, METRIC_RESPONSES_2XX) == 1, "counters\n");
    lab_send(&w->lab, client, GET("/2"));
    lab_send(&w->lab, up, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"); /* The same connection is used again. */
    world_expect(w, client, "HTTP/1.1 503 ");
    CHECK(w->records_n == 2 && w->status == 503 && lab_metric(&w->lab, METRIC_RESPONSES_5XX) == 1, "%u\n", w->status);
    CHECK(lab_metric(&w->lab, METRIC_UP_REUSES) == 1 && w->e.exchanges.live_n == 0, "not kept\n");
    ring_sim_peer_close(client);
    world_close(w);
}

TEST(exchange_relays_interim_answers)
{
    struct world *w = world_open(WORLD_USUAL, NULL);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    int up = world_accept(w);
    world_expect(w, up, "PUT / ");
    lab_send(&w->lab, up, "HTTP/1.1 100 Continue\r\n\r\n");
    world_expect(w, client, "HTTP/1.1 100 Continue\r\n");
    lab_send(&w->lab, client, "ab");
    world_expect(w, up, "ab");
    lab_send(&w->lab, up, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    world_expect(w, client, "HTTP/1.1 103 ");
    lab_send(&w->lab, up, "HTTP/1.1 204 No Content\r\n\r\n");
    world_expect(w, client, "HTTP/1.1 204 ");
    CHECK(w->records_n == 1 && w->status == 204, "%u\n", w->status);
    ring_sim_peer_close(client);
    world_close(w);
}

/* Who does nothing for too long, and what that is called: the request in all takes 5 s, a pause 2 s. */
TEST(exchange_deadlines)
{
    static const struct { const char *name, *sent, *up; uint64_t after_ms; enum why why; uint16_t status; } rows[] = {
        { "an upstream that never answers", GET("/"), NULL, 2000, WHY_UP_IDLE, 504 },
        { "a client that stops in its body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", NULL, 2000, WHY_CONN_BODY_SLOW, 408 },
        { "an upstream that stops in its answer", GET("/"), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 2000, WHY_UP_IDLE, 200 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(WORLD_USUAL WORLD_TIMEOUTS("5s", "2s"), NULL);
        int client = lab_connect(&w->lab);
        lab_send(&w->lab, client, rows[i].sent);
        int up = world_accept(w);
        if (rows[i].up != NULL)
            lab_send(&w->lab, up, rows[i].up);
        lab_pass(&w->lab, (rows[i].after_ms - 10) * NS_PER_MS);
        CHECK(w->records_n == 0, "%s: too early: %s\n", rows[i].name, why_name(w->why));
        lab_pass(&w->lab, 20 * NS_PER_MS);
        CHECK(w->records_n == 1 && w->why == rows[i].why, "%s: %s\n", rows[i].name, why_name(w->why));
        CHECK(w->status == rows[i].status && lab_why(&w->lab, rows[i].why) == 1, "%s: %u, counted %llu\n", rows[i].name, w->status,
              (unsigned long long)lab_why(&w->lab, rows[i].why));
        ring_sim_peer_close(client);
        world_close(w);
    }
}

/* Bytes now and then keep a stream alive, and not for longer than the whole may take. */
TEST(exchange_takes_too_long_as_a_whole)
{
    struct world *w = world_open(WORLD_USUAL WORLD_TIMEOUTS("5s", "2s"), NULL);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, GET("/"));
    int up = world_accept(w);
    lab_send(&w->lab, up, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        lab_pass(&w->lab, 1200 * NS_PER_MS);
        CHECK(w->records_n == 0, "too early: %s\n", why_name(w->why));
        lab_send(&w->lab, up, "x");
    }
    lab_pass(&w->lab, 300 * NS_PER_MS);
    CHECK(w->records_n == 1 && w->why == WHY_UP_TIMEOUT, "%s\n", why_name(w->why));
    ring_sim_peer_close(client);
    world_close(w);
}

TEST(exchange_client_does_not_read)
{
    struct world *w = world_open(WORLD_USUAL WORLD_TIMEOUTS("0s", "2s"), NULL);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, GET("/"));
    int up = world_accept(w);
    memset(w->text, 'x', 200000);
    w->text[200000] = 0;
    lab_send(&w->lab, up, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
    lab_send(&w->lab, up, w->text); /* All of it is with us: 64 KiB in the client's socket, the rest queued. */
    lab_pass(&w->lab, 40 * NS_PER_S);
    CHECK(w->records_n == 1, "%u records\n", w->records_n);
    CHECK(lab_why(&w->lab, WHY_CONN_READ_SLOW) >= 1 && w->lab.conns.clients_n == 0, "%s\n", why_name(w->why));
    ring_sim_peer_close(client);
    world_close(w);
}

TEST(exchange_client_leaves)
{
    for (int with_reset = 0; with_reset < 2; with_reset++) {
        struct world *w = world_open(WORLD_USUAL, NULL);
        int client = lab_connect(&w->lab);
        lab_send(&w->lab, client, GET("/"));
        int up = world_accept(w);
        if (with_reset)
            ring_sim_peer_reset(client);
        else
            ring_sim_peer_close(client);
        lab_run(&w->lab);
        CHECK(w->records_n == 1 && w->why == WHY_CONN_CLIENT_GONE && w->status == 0, "%s\n", why_name(w->why));
        CHECK(lab_why(&w->lab, WHY_CONN_CLIENT_GONE) == 1 && w->e.exchanges.live_n == 0, "counted\n");
        (void)lab_read(&w->lab, up, w->text);
        CHECK(ring_sim_peer_recv(up, w->text, 1) != RING_SIM_NOTHING, "the upstream works on for nobody\n");
        ring_sim_peer_close(up);
        world_close(w);
    }
}

TEST(exchange_slots_are_used_up)
{
    struct world *w = world_open(WORLD_USUAL, NULL);
    int client = lab_connect(&w->lab);

    pool_fail_after(&w->e.exchanges, 1);
    lab_send(&w->lab, client, GET("/"));
    world_expect(w, client, "HTTP/1.1 503 ");
    CHECK(strstr(w->text, "pool-exchange-empty") != NULL && lab_why(&w->lab, WHY_POOL_EXCHANGE_EMPTY) == 1, "%s\n", w->text);
    CHECK(w->records_n == 0, "never begun\n");
    ring_sim_peer_close(client);
    world_close(w);
}

TEST(exchange_before_the_first_configuration)
{
    struct world *w = world_open(NULL, NULL);
    int client = lab_connect(&w->lab);

    lab_send(&w->lab, client, GET("/"));
    world_expect(w, client, "HTTP/1.1 503 ");
    CHECK(w->records_n == 0 && w->e.exchanges.live_n == 0, "begun\n");
    ring_sim_peer_close(client);
    world_close(w);
}

CHECK_RUN(RUN(exchange_there_and_back), RUN(exchange_relays_interim_answers), RUN(exchange_deadlines), RUN(exchange_takes_too_long_as_a_whole),
          RUN(exchange_client_does_not_read), RUN(exchange_client_leaves), RUN(exchange_slots_are_used_up),
          RUN(exchange_before_the_first_configuration))
