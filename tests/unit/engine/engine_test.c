/* engine_test.c - a configuration is taken between two requests, kept by those that began with it, and left exactly once.
 *
 * Method: swaps around requests that a scripted upstream does not answer yet.
 */
#include "unit/engine/engine_world.h"

#include "io/ring_sim.h"

#define OTHER WORLD_GATEWAY("") WORLD_RULE("gone", "/", "filters: [{type: RequestRedirect, requestRedirect: {hostname: b.example}}]")

TEST(engine_request_keeps_its_configuration)
{
    struct world *w = world_open(WORLD_USUAL, NULL);
    int client = lab_connect(&w->lab), next = lab_connect(&w->lab);

    lab_send(&w->lab, client, GET("/"));
    int up = world_accept(w);
    CHECK(world_swap(w, OTHER) == WHY_OK && w->left_n == 0, "left under a request\n");
    lab_send(&w->lab, next, GET("/"));
    world_expect(w, next, "HTTP/1.1 302 ");
    CHECK(w->left_n == 0 && lab_metric(&w->lab, METRIC_RESPONSES_3XX) == 1, "the next one\n");
    lab_send(&w->lab, up, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    world_expect(w, client, "HTTP/1.1 200 OK");
    CHECK(w->left_n == 1 && w->e.ups.ups.live_n <= 1, "not left after its last request\n");
    lab_send(&w->lab, client, GET("/"));
    world_expect(w, client, "HTTP/1.1 302 ");
    ring_sim_peer_close(client);
    ring_sim_peer_close(next);
    lab_run(&w->lab);
    CHECK(lab_read(&w->lab, up, w->text) == RING_SIM_END && w->e.ups.ups.live_n == 0, "its upstream stays\n");
    ring_sim_peer_close(up);
    world_close(w);
}

TEST(engine_swap_without_requests_leaves_at_once)
{
    struct world *w = world_open(WORLD_USUAL, NULL);

    for (uint32_t i = 1; i <= 5; i++)
        CHECK(world_swap(w, WORLD_USUAL) == WHY_OK && w->left_n == i && w->e.epochs_pool.live_n == 1, "swap %u\n", i);
    CHECK(w->e.ups.ups.live_n == 1, "%u upstreams for one\n", w->e.ups.ups.live_n);
    world_close(w);
}

TEST(engine_swap_without_room_keeps_the_old)
{
    struct world *w = world_open(WORLD_USUAL, NULL);
    int client = lab_connect(&w->lab);

    pool_fail_after(&w->e.epochs_pool, 1);
    CHECK(world_swap(w, OTHER) == WHY_POOL_EPOCH_EMPTY && w->left_n == 0, "taken\n");
    lab_send(&w->lab, client, GET("/"));
    world_expect(w, world_accept(w), "GET / ");
    ring_sim_peer_close(client);
    world_close(w);
}

/* No slot for an upstream's state: its requests are refused, the others go on. */
TEST(engine_swap_without_room_for_an_upstream)
{
    struct world *w = world_open(NULL, NULL);
    int client = lab_connect(&w->lab);

    pool_fail_after(&w->e.ups.endpoints, 1);
    CHECK(world_swap(w, WORLD_USUAL) == WHY_OK && w->e.ups.ups.live_n == 0, "swap\n");
    lab_send(&w->lab, client, GET("/"));
    world_expect(w, client, "HTTP/1.1 503 ");
    CHECK(w->why == WHY_UP_NO_ENDPOINT, "%s\n", why_name(w->why));
    ring_sim_peer_close(client);
    world_close(w);
}

CHECK_RUN(RUN(engine_request_keeps_its_configuration), RUN(engine_swap_without_requests_leaves_at_once),
          RUN(engine_swap_without_room_keeps_the_old), RUN(engine_swap_without_room_for_an_upstream))
