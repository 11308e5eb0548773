/* exchange_begin_test.c - which host, which route, which spelling: and what a request that belongs nowhere is told.
 *
 * Method: rows of requests to a gateway with one host and one path; the upstream says what reached it.
 */
#include "unit/engine/engine_world.h"

#include "io/ring_sim.h"

#define DOCUMENTS WORLD_GATEWAY(", hostname: a.example") WORLD_UPSTREAM("one", WORLD_ENDPOINT("9001")) WORLD_ROUTE("api", "/api", "one") WORLD_PEDANT

TEST(begin_refuses_what_belongs_nowhere)
{
    static const struct { const char *sent; enum why why; const char *says; } rows[] = {
        { "GET /api HTTP/1.1\r\nHost: b.example\r\n\r\n", WHY_ROUTE_NO_HOST, "HTTP/1.1 404 " },
        { "GET /api HTTP/1.1\r\nHost: a.example.evil\r\n\r\n", WHY_ROUTE_NO_HOST, "HTTP/1.1 404 " },
        { "GET /api HTTP/1.0\r\n\r\n", WHY_ROUTE_NO_HOST, "HTTP/1.1 404 " },
        { "GET /other HTTP/1.1\r\nHost: a.example\r\n\r\n", WHY_ROUTE_NO_MATCH, "HTTP/1.1 404 " },
        { "GET /apis HTTP/1.1\r\nHost: a.example\r\n\r\n", WHY_ROUTE_NO_MATCH, "HTTP/1.1 404 " },
        { "GET /api/../../x HTTP/1.1\r\nHost: a.example\r\n\r\n", WHY_URI_PATH_ABOVE_ROOT, "HTTP/1.1 400 " },
        { "GET /api/%2fx HTTP/1.1\r\nHost: a.example\r\n\r\n", WHY_URI_PATH_SEPARATOR, "HTTP/1.1 400 " },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(DOCUMENTS, NULL);
        int client = lab_connect(&w->lab);
        lab_send(&w->lab, client, rows[i].sent);
        world_expect(w, client, rows[i].says);
        CHECK(strstr(w->text, why_name(rows[i].why)) != NULL, "%s: %s\n", rows[i].sent, w->text);
        CHECK(w->records_n == 1 && w->why == rows[i].why && lab_why(&w->lab, rows[i].why) == 1, "%s: %s\n", rows[i].sent, why_name(w->why));
        CHECK(lab_metric(&w->lab, METRIC_RESPONSES_4XX) == 1 && lab_metric(&w->lab, METRIC_UP_CONNECTS) == 0, "%s\n", rows[i].sent);
        ring_sim_peer_close(client);
        world_close(w);
    }
}

TEST(begin_sends_on_one_spelling)
{
    static const struct { const char *sent, *got; } rows[] = {
        { "GET /api HTTP/1.1\r\nHost: A.EXAMPLE:8080\r\n\r\n", "GET /api HTTP/1.1\r\nhost: A.EXAMPLE:8080\r\n" },
        { "GET /x/../api/./y?a=/../b HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET /api/y?a=/../b HTTP/1.1\r\n" },
        { "GET /%61pi? HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET /api? HTTP/1.1\r\n" },
        { "GET /ap%69/%7Ey HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET /api/~y HTTP/1.1\r\n" },
        { "GET http://a.example/api HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET /api HTTP/1.1\r\n" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(DOCUMENTS, NULL);
        int client = lab_connect(&w->lab);
        lab_send(&w->lab, client, rows[i].sent);
        world_expect(w, world_accept(w), rows[i].got);
        CHECK(strstr(w->text, "x-forwarded-for: 127.0.0.1\r\n") != NULL, "%s\n", w->text);
        ring_sim_peer_close(client);
        world_close(w);
    }
}

/* The certificate that was shown belongs to another listener than the host that is asked for: RFC 9110 s15.5.20. */
TEST(begin_notices_a_misdirected_request)
{
    for (uint32_t other = 0; other < 2; other++) {
        struct world *w = world_open(DOCUMENTS, NULL);
        int client = lab_connect(&w->lab);
        struct conn *c = lab_client(&w->lab);
        c->has_tls_host = true;
        c->tls_host = w->e.epoch->listeners[0]->hosts[0].listener_key + other;
        lab_send(&w->lab, client, "GET /api HTTP/1.1\r\nHost: a.example\r\n\r\n");
        if (other == 0) {
            world_expect(w, world_accept(w), "GET /api");
        } else {
            world_expect(w, client, "HTTP/1.1 421 ");
            CHECK(w->why == WHY_ROUTE_MISDIRECTED && lab_why(&w->lab, WHY_ROUTE_MISDIRECTED) == 1, "%s\n", why_name(w->why));
        }
        ring_sim_peer_close(client);
        world_close(w);
    }
}

/* A connection outlives its listener: the next request on it belongs to nobody. */
TEST(begin_after_the_listener_is_gone)
{
    struct world *w = world_open(DOCUMENTS, NULL);
    int client = lab_connect(&w->lab);
    struct snapshot *s = conf_check_load(DOCUMENTS);

    CHECK(engine_swap(&w->e, s, NULL, 0) == WHY_OK, "swap\n");
    lab_send(&w->lab, client, "GET /api HTTP/1.1\r\nHost: a.example\r\n\r\n");
    world_expect(w, client, "HTTP/1.1 404 ");
    CHECK(w->why == WHY_ROUTE_NO_HOST, "%s\n", why_name(w->why));
    ring_sim_peer_close(client);
    world_close(w);
}

CHECK_RUN(RUN(begin_refuses_what_belongs_nowhere), RUN(begin_sends_on_one_spelling), RUN(begin_notices_a_misdirected_request),
          RUN(begin_after_the_listener_is_gone))
