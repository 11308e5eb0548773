/* conn_kernel_test.c - a connection and the kernel: however completions come, bytes arrive whole and nothing is owed.
 *
 * Method: worlds of one bad mood each, made-up completions, buffers that are all held.
 */
#include "unit/conn/conn_world.h"

#include "io/ring_sim.h"

TEST(conn_kernel_short_sends_and_cut_receives)
{
    static const struct ring_sim_odds moods[] = {
        { .short_send = 900 }, { .cut_receive = 900 }, { .early_end = 700 }, { .late = 800, .delay_ns_max = 5000000 }, { .is_plain = true },
        { .short_send = 500, .cut_receive = 500, .early_end = 300, .late = 500, .no_buffers = 300, .cancel_loses = 500, .buffers_n = 8, .buffer_bytes = 512 },
    };

    for (size_t i = 0; i < COUNT(moods); i++) {
        struct world *w = world_open(&moods[i]);
        size_t got = 0;
        w->answer_bytes = 150000;
        int peer = lab_connect(&w->lab);
        CHECK(ring_sim_peer_send(peer, GET, strlen(GET)) == strlen(GET), "send\n");
        for (int rounds = 0; got < 150000; rounds++) {
            CHECK(rounds < 100000, "mood %zu: %zu bytes came\n", i, got);
            lab_pass(&w->lab, NS_PER_MS);
            int32_t n = ring_sim_peer_recv(peer, w->text, 4096);
            got += n > 0 ? (size_t)n : 0;
        }
        lab_pass(&w->lab, 100 * NS_PER_MS);
        CHECK(lab_metric(&w->lab, METRIC_BYTES_OUT) >= 150000 && w->requests_n == 1 && w->gone_n == 0, "mood %zu\n", i);
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

TEST(conn_kernel_gathers_pieces)
{
    struct world *w = world_open(NULL);
    int peer = lab_connect(&w->lab);

    w->answer_bytes = 20000; /* Head and body are pieces of their own. */
    lab_send(&w->lab, peer, GET);
    (void)lab_read(&w->lab, peer, w->text);
    char *body = strstr(w->text, "\r\n\r\n");
    CHECK(body != NULL && strncmp(body + 4, "body", 4) == 0 && w->lab.conns.sends.live_max == 1, "not gathered\n");
    pool_fail_after(&w->lab.conns.sends, 1); /* Without a place for the message they go one by one. */
    lab_send(&w->lab, peer, GET);
    (void)lab_read(&w->lab, peer, w->text);
    body = strstr(w->text, "\r\n\r\n");
    CHECK(body != NULL && strncmp(body + 4, "body", 4) == 0, "%s\n", w->text);
    ring_sim_peer_close(peer);
    world_close(w);
}

TEST(conn_kernel_stale_completions)
{
    struct world *w = world_open(NULL);
    int peer = lab_connect(&w->lab);
    struct conn *c = lab_client(&w->lab);
    struct ring_event stale = { .handle = handle_of(HANDLE_RECV, pool_slot(&w->lab.conns.conns, c),
                                                    pool_generation(&w->lab.conns.conns, c) + 2), .why = WHY_IO_EOF };

    conn_on_event(&w->lab.conns, &stale); /* A later tenant's name: not c. */
    lab_run(&w->lab);
    CHECK(lab_metric(&w->lab, METRIC_STALE_EVENTS) == 1 && w->gone_n == 0, "taken for somebody else's\n");
    stale.handle = handle_of(HANDLE_SEND, 12345, 1);
    conn_on_event(&w->lab.conns, &stale);
    CHECK(lab_metric(&w->lab, METRIC_STALE_EVENTS) == 2, "not counted\n");
    lab_send(&w->lab, peer, GET);
    CHECK(w->requests_n == 1, "c goes on\n");
    ring_sim_peer_close(peer);
    world_close(w);
}

/* One that finds no buffer waits for one and misses nothing. */
TEST(conn_kernel_starves_and_recovers)
{
    const struct ring_sim_odds none = { .no_buffers = 1000, .buffers_n = 8 }, kind = { 0 };
    struct world *w = world_open(&none);
    struct socket_address addr = ring_sim_address(LAB_PORT);
    int peer = ring_sim_peer_connect(&addr);

    CHECK(peer >= 0 && ring_sim_peer_send(peer, GET, strlen(GET)) == strlen(GET), "send\n");
    for (int i = 0; i < 20; i++)
        (void)lab_tick(&w->lab, 0);
    CHECK(lab_metric(&w->lab, METRIC_BUFFERS_STARVED) > 0 && w->requests_n == 0, "not starved\n");
    ring_sim_set_odds(&kind);
    lab_run(&w->lab);
    CHECK(w->requests_n == 1, "forgotten\n");
    ring_sim_peer_close(peer);
    world_close(w);
}

/* Clients that send half of a head and stop cannot hold the kernel's buffers: what waits is copied out. */
TEST(conn_kernel_gives_buffers_back)
{
    const struct ring_sim_odds few = { .buffers_n = 8, .buffer_bytes = 1024, .is_plain = true };
    struct world *w = world_open(&few);
    int peers[32];

    for (size_t i = 0; i < COUNT(peers); i++) {
        peers[i] = lab_connect(&w->lab);
        lab_send(&w->lab, peers[i], "GET / HTTP/1.1\r\nX: ");
    }
    CHECK(ring_buffers_free(w->lab.ring) == ring_buffers_n(w->lab.ring), "%u of 8 are free\n", ring_buffers_free(w->lab.ring));
    for (size_t i = 0; i < COUNT(peers); i++)
        lab_send(&w->lab, peers[i], "1\r\nHost: a\r\n\r\n");
    CHECK(w->requests_n == COUNT(peers), "%u\n", w->requests_n);
    for (size_t i = 0; i < COUNT(peers); i++)
        ring_sim_peer_close(peers[i]);
    world_close(w);
}

/* An upstream that answers before it has read all, then resets: the answer counts. */
TEST(conn_kernel_reads_what_came_before_a_reset)
{
    struct world *w = world_open(NULL);
    struct socket_address addr = ring_sim_address(9001);
    int origin = ring_sim_peer_listen(&addr);
    enum why why;

    CHECK(world_ask_up(w, 9001, 200000, &why) != NULL, "%s\n", why_name(why));
    lab_run(&w->lab);
    int peer = ring_sim_peer_accept(origin);
    CHECK(peer >= 0, "not connected\n");
    static const char answer[] = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    CHECK(ring_sim_peer_send(peer, answer, sizeof(answer) - 1) == sizeof(answer) - 1, "send\n");
    ring_sim_peer_reset(peer);
    lab_run(&w->lab);
    CHECK(w->up_status == 413, "%u, %s\n", w->up_status, why_name(w->call_why));
    ring_sim_peer_close(origin);
    lab_run(&w->lab);
    CHECK(w->lab.conns.ups_n == 0, "it stays\n");
    world_close(w);
}

TEST(conn_kernel_client_resets)
{
    struct world *w = world_open(NULL);
    int peer = lab_connect(&w->lab);

    w->is_silent = true;
    lab_send(&w->lab, peer, GET);
    ring_sim_peer_reset(peer);
    lab_run(&w->lab);
    CHECK(w->gone_n == 1 && w->gone_why == WHY_IO_RESET && w->call_why == WHY_IO_RESET, "%s\n", why_name(w->gone_why));
    world_close(w);
}

CHECK_RUN(RUN(conn_kernel_short_sends_and_cut_receives), RUN(conn_kernel_gathers_pieces), RUN(conn_kernel_stale_completions),
          RUN(conn_kernel_starves_and_recovers), RUN(conn_kernel_gives_buffers_back), RUN(conn_kernel_reads_what_came_before_a_reset),
          RUN(conn_kernel_client_resets))
