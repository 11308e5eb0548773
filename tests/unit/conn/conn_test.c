/* conn_test.c - how a connection begins, how long it may wait in each state, and how it ends, whatever is used up.
 *
 * Method: scripted peers in the simulated world, whose time passes as fast as the test likes.
 */
#include "unit/conn/conn_world.h"

#include "io/ring_sim.h"
#include "lib/fault.h"

TEST(conn_answers_and_keeps)
{
    struct world *w = world_open(NULL);
    int peer = lab_connect(&w->lab);

    for (int i = 0; i < 3; i++) {
        lab_send(&w->lab, peer, GET);
        CHECK(lab_read(&w->lab, peer, w->text) == RING_SIM_NOTHING && strstr(w->text, "200 OK") != NULL, "%s\n", w->text);
    }
    CHECK(w->requests_n == 3 && w->gone_n == 0 && lab_metric(&w->lab, METRIC_ACCEPTED) == 1, "%u\n", w->requests_n);
    CHECK(lab_metric(&w->lab, METRIC_BYTES_IN) == 3 * strlen(GET), "bytes\n");
    ring_sim_peer_close(peer);
    lab_run(&w->lab);
    CHECK(w->gone_n == 1 && lab_metric(&w->lab, METRIC_CONN_CLOSED) == 1, "not closed\n");
    world_close(w);
}

TEST(conn_slots_are_used_up)
{
    struct world *w = world_open(NULL);

    pool_fail_after(&w->lab.conns.conns, 1);
    int peer = lab_connect(&w->lab);
    CHECK(w->lab.has_accepted_none && lab_why(&w->lab, WHY_POOL_CONN_EMPTY) == 1, "not counted\n");
    CHECK(lab_read(&w->lab, peer, w->text) == RING_SIM_END && w->lab.conns.clients_n == 0, "not closed\n");
    int next = lab_connect(&w->lab);
    lab_send(&w->lab, next, GET);
    CHECK(lab_read(&w->lab, next, w->text) == RING_SIM_NOTHING && w->requests_n == 1, "the next one\n");
    ring_sim_peer_close(peer);
    ring_sim_peer_close(next);
    world_close(w);
}

/* What a client does, and when that is too long. All times are counted from its first byte (or from its connect). */
TEST(conn_deadlines)
{
    static const struct { const char *name, *sent; bool is_tls; enum conn_proxy proxy; uint64_t after_ms; enum why why; const char *says; } rows[] = {
        { "silence", "", false, CONN_PROXY_NONE, 5000, WHY_CONN_IDLE, "" },
        { "a slow head", "GET / HTTP/1.1\r\nHo", false, CONN_PROXY_NONE, 2000, WHY_CONN_HEAD_SLOW, "HTTP/1.1 408 " },
        { "half of a preface", "PRI * HTTP/2.0\r\n", false, CONN_PROXY_NONE, 5000, WHY_CONN_IDLE, "" },
        { "silence after an answer", GET, false, CONN_PROXY_NONE, 5000, WHY_CONN_IDLE, "HTTP/1.1 200 OK" },
        { "no hello", "", true, CONN_PROXY_NONE, CONN_SETUP_MS_MAX, WHY_CONN_SETUP_SLOW, "" },
        { "half of a hello", "\x16\x03\x01\x02\x01\x01", true, CONN_PROXY_NONE, CONN_SETUP_MS_MAX, WHY_CONN_SETUP_SLOW, "" },
        { "half of a PROXY header", "PROXY TCP4 192.0", false, CONN_PROXY_WANTED, CONN_SETUP_MS_MAX, WHY_CONN_SETUP_SLOW, "" },
        { "a PROXY header, then silence", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", true, CONN_PROXY_WANTED, CONN_SETUP_MS_MAX, WHY_CONN_SETUP_SLOW, "" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(NULL);
        w->lab.is_tls = rows[i].is_tls;
        w->proxy = rows[i].proxy;
        int peer = lab_connect(&w->lab);
        if (rows[i].sent[0] != 0)
            lab_send(&w->lab, peer, rows[i].sent);
        lab_pass(&w->lab, (rows[i].after_ms - 10) * NS_PER_MS);
        CHECK(w->gone_n == 0 && lab_why(&w->lab, rows[i].why) == 0, "%s: too early\n", rows[i].name);
        lab_pass(&w->lab, 20 * NS_PER_MS);
        int32_t end = lab_read(&w->lab, peer, w->text);
        CHECK(end == RING_SIM_END && lab_why(&w->lab, rows[i].why) == 1, "%s: %d, counted %llu, %s\n", rows[i].name, end,
              (unsigned long long)lab_why(&w->lab, rows[i].why), w->text);
        CHECK(strstr(w->text, rows[i].says) == w->text, "%s: says %s\n", rows[i].name, w->text);
        ring_sim_peer_close(peer);
        lab_run(&w->lab);
        CHECK(w->gone_n == 1 && w->gone_why == rows[i].why, "%s: %s\n", rows[i].name, why_name(w->gone_why));
        world_close(w);
    }
}

/* A byte now and then does not buy time: neither for a head nor before one. */
TEST(conn_deadlines_do_not_move_with_each_byte)
{
    static const char head[] = "GET / HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char hello[] = "\x16\x03\x01\x02\x01\x01\x00\x01\xfd\x03\x03\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14";

    for (int is_tls = 0; is_tls < 2; is_tls++) {
        struct world *w = world_open(NULL);
        const char *text = is_tls ? hello : head;
        w->lab.is_tls = is_tls;
        int peer = lab_connect(&w->lab);
        uint64_t began_ns = clock_mono_ns();
        for (size_t at = 0; w->gone_n == 0 && lab_why(&w->lab, WHY_CONN_HEAD_SLOW) == 0; at++) {
            CHECK(at < 30, "it may go on for ever\n");
            CHECK(ring_sim_peer_send(peer, text + at, 1) == 1, "send\n");
            lab_pass(&w->lab, 500 * NS_PER_MS);
        }
        uint64_t took_ms = (clock_mono_ns() - began_ns) / NS_PER_MS, want_ms = is_tls ? CONN_SETUP_MS_MAX : 2000;
        CHECK(took_ms >= want_ms && took_ms <= want_ms + 510, "%llu ms\n", (unsigned long long)took_ms);
        CHECK(lab_why(&w->lab, is_tls ? WHY_CONN_SETUP_SLOW : WHY_CONN_HEAD_SLOW) == 1, "name\n");
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

/* ... in the middle of answers, and behind the last one of a connection. */
TEST(conn_client_does_not_read)
{
    static const char *const rows[] = { GET, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(NULL);
        int peer = lab_connect(&w->lab);
        w->answer_bytes = 200000; /* More than the simulated socket holds. */
        lab_send(&w->lab, peer, rows[i]);
        CHECK(lab_client(&w->lab)->state == (i == 0 ? CONN_OPEN : CONN_AWAIT_FLUSH), "%u\n", lab_client(&w->lab)->state);
        lab_pass(&w->lab, (CONN_STALL_MS_MAX - 10) * NS_PER_MS);
        CHECK(w->gone_n == 0, "too early\n");
        CHECK(ring_sim_peer_recv(peer, w->text, 1000) == 1000, "nothing came\n"); /* One that reads a little has its time again. */
        lab_pass(&w->lab, (CONN_STALL_MS_MAX - 10) * NS_PER_MS);
        CHECK(w->gone_n == 0, "although it reads\n");
        lab_pass(&w->lab, 30 * NS_PER_MS);
        CHECK(w->gone_n == 1 && w->gone_why == WHY_CONN_READ_SLOW && lab_why(&w->lab, WHY_CONN_READ_SLOW) == 1, "%s\n", why_name(w->gone_why));
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

/* Who had nothing to read for long does not stall at the first byte. */
TEST(conn_answers_after_a_long_silence)
{
    struct world *w = world_open(NULL);
    int peer;

    w->timeouts.idle_ns = 10 * CONN_STALL_MS_MAX * NS_PER_MS;
    w->is_silent = true;
    peer = lab_connect(&w->lab);
    lab_send(&w->lab, peer, GET);
    lab_pass(&w->lab, 2 * CONN_STALL_MS_MAX * NS_PER_MS);
    world_answer(w, &w->calls[0]);
    lab_run(&w->lab);
    CHECK(lab_read(&w->lab, peer, w->text) == RING_SIM_NOTHING && strstr(w->text, "200 OK") != NULL, "%s\n", w->text);
    CHECK(w->gone_n == 0 && lab_why(&w->lab, WHY_CONN_READ_SLOW) == 0, "%s\n", why_name(w->gone_why));
    ring_sim_peer_close(peer);
    world_close(w);
}

TEST(conn_drains)
{
    static const struct { const char *name, *sent; bool is_silent; uint32_t gone_n; const char *says; } rows[] = {
        { "nothing was sent", "", false, 1, "" },
        { "idle after an answer", GET, false, 1, "HTTP/1.1 200 OK" },
        { "half of a head goes on", "GET / HTT", false, 0, "" },
        { "a request in progress goes on", GET, true, 0, "" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(NULL);
        int peer = lab_connect(&w->lab);
        w->is_silent = rows[i].is_silent;
        if (rows[i].sent[0] != 0)
            lab_send(&w->lab, peer, rows[i].sent);
        conn_drain(&w->lab.conns, lab_client(&w->lab));
        lab_run(&w->lab);
        int32_t end = lab_read(&w->lab, peer, w->text);
        CHECK(w->gone_n == rows[i].gone_n && (end == RING_SIM_END) == (rows[i].gone_n > 0), "%s: %d\n", rows[i].name, end);
        CHECK(strstr(w->text, rows[i].says) == w->text, "%s: %s\n", rows[i].name, w->text);
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

/* The answer that was on its way tells that the connection ends. */
TEST(conn_drains_with_the_next_answer)
{
    struct world *w = world_open(NULL);
    int peer = lab_connect(&w->lab);

    lab_send(&w->lab, peer, "GET / HTT");
    conn_drain(&w->lab.conns, lab_client(&w->lab));
    lab_send(&w->lab, peer, "P/1.1\r\nHost: a\r\n\r\n");
    CHECK(lab_read(&w->lab, peer, w->text) == RING_SIM_END, "goes on\n");
    CHECK(strstr(w->text, "200 OK") != NULL && strstr(w->text, "connection: close\r\n") != NULL, "%s\n", w->text);
    ring_sim_peer_close(peer);
    world_close(w);
}

TEST(conn_connects)
{
    struct world *w = world_open(NULL);
    struct socket_address addr = ring_sim_address(9001);
    int origin = ring_sim_peer_listen(&addr);
    enum why why;

    CHECK(world_ask_up(w, 9001, 5, &why) != NULL, "%s\n", why_name(why));
    lab_run(&w->lab);
    int peer = ring_sim_peer_accept(origin);
    CHECK(peer >= 0 && lab_metric(&w->lab, METRIC_UP_CONNECTS) == 1 && w->lab.conns.ups_n == 1, "not connected\n");
    CHECK(lab_read(&w->lab, peer, w->text) == RING_SIM_NOTHING && strstr(w->text, "POST / HTTP/1.1\r\nhost: a\r\n") == w->text, "%s\n", w->text);
    lab_send(&w->lab, peer, "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(w->up_status == 204 && w->gone_n == 0, "%u\n", w->up_status);
    lab_pass(&w->lab, 3010 * NS_PER_MS);
    CHECK(w->gone_n == 1 && w->up_why == WHY_CONN_IDLE, "kept for longer than it may: %s\n", why_name(w->up_why));
    ring_sim_peer_close(peer);
    ring_sim_peer_close(origin);
    world_close(w);
}

TEST(conn_connects_in_vain)
{
    struct world *w = world_open(NULL);
    enum why why;

    CHECK(world_ask_up(w, 9001, 0, &why) != NULL, "%s\n", why_name(why)); /* Nobody listens. */
    lab_run(&w->lab);
    CHECK(w->up_why == WHY_IO_REFUSED && w->call_why == WHY_IO_REFUSED, "%s, %s\n", why_name(w->up_why), why_name(w->call_why));
    ring_sim_silence(9009);
    CHECK(world_ask_up(w, 9009, 0, &why) != NULL, "%s\n", why_name(why));
    lab_pass(&w->lab, 990 * NS_PER_MS);
    CHECK(w->gone_n == 1, "too early\n");
    lab_pass(&w->lab, 20 * NS_PER_MS);
    CHECK(w->up_why == WHY_UP_CONNECT_TIMEOUT && w->call_why == WHY_UP_CONNECT_TIMEOUT, "%s\n", why_name(w->up_why));
    world_close(w);
}

TEST(conn_connects_without_room)
{
    struct world *w = world_open(NULL);
    enum why why;

    pool_fail_after(&w->lab.conns.conns, 1);
    CHECK(world_ask_up(w, 9001, 0, &why) == NULL && why == WHY_POOL_CONN_EMPTY, "%s\n", why_name(why));
    pool_fail_after(&w->lab.conns.h1, 1);
    CHECK(world_ask_up(w, 9001, 0, &why) == NULL && why == WHY_POOL_SESSION_EMPTY, "%s\n", why_name(why));
    CHECK(w->lab.conns.conns.live_n == 0 && w->lab.conns.ups_n == 0 && ring_sim_fds_n() == 1, "something is left\n");
    world_close(w);
    const struct ring_sim_odds few = { .fds_max = 1 }; /* The listener has it. */
    w = world_open(&few);
    CHECK(world_ask_up(w, 9001, 0, &why) == NULL && why == WHY_IO_NO_DESCRIPTORS, "%s\n", why_name(why));
    world_close(w);
}

/* ---- torture ---- */

/* One client with a request of two pieces, one upstream that answers; whatever fails, both end, and everything comes back. */
static void play(struct world *w)
{
    struct socket_address addr = ring_sim_address(9001), own = ring_sim_address(LAB_PORT);
    int origin = ring_sim_peer_listen(&addr), up, peer;
    enum why why;

    (void)world_ask_up(w, 9001, 5000, &why);
    peer = ring_sim_peer_connect(&own);
    lab_run(&w->lab);
    (void)ring_sim_peer_send(peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", 50);
    lab_run(&w->lab);
    (void)ring_sim_peer_send(peer, "c", 1);
    lab_run(&w->lab);
    (void)lab_read(&w->lab, peer, w->text);
    if ((up = ring_sim_peer_accept(origin)) >= 0) {
        (void)lab_read(&w->lab, up, w->text);
        (void)ring_sim_peer_send(up, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 40);
        lab_run(&w->lab);
        ring_sim_peer_close(up);
    }
    lab_pass(&w->lab, 60 * NS_PER_S);
    ring_sim_peer_close(peer);
    ring_sim_peer_close(origin);
    lab_pass(&w->lab, NS_PER_S);
}

static bool fail_operation(uint32_t k, void *arg)
{
    const enum why *why = arg;
    struct world *w = world_open(NULL);

    ring_sim_fail_nth(k, *why);
    play(w);
    bool has_failed = ring_sim_has_failed();
    world_close(w);
    return has_failed;
}

TEST(conn_survives_each_operation_that_fails)
{
    static const enum why whys[] = { WHY_IO_RESET, WHY_IO_NO_MEMORY };

    for (size_t i = 0; i < COUNT(whys); i++)
        CHECK(fault_each(fail_operation, (void *)(uintptr_t)&whys[i]) >= 8, "few operations\n");
}

static bool fail_take(uint32_t k, void *arg)
{
    struct world *w = world_open(NULL);
    size_t which = *(const size_t *)arg;
    struct pool *pools[] = { &w->lab.conns.conns, &w->lab.conns.h1, &w->lab.conns.sends, &w->lab.shard.queues.bufs._pool[BUF_SMALL] };

    w->is_silent = true; /* Our own answer needs buffers that the test may not be refused. */
    pool_fail_after(pools[which], k);
    play(w);
    bool has_failed = fault_pool_fired(pools[which]);
    pool_fail_after(pools[which], 0);
    world_close(w);
    return has_failed;
}

TEST(conn_survives_each_slot_that_is_refused)
{
    for (size_t which = 0; which < 3; which++)
        CHECK(fault_each(fail_take, &which) >= 1, "pool %zu\n", which);
}

CHECK_RUN(RUN(conn_answers_and_keeps), RUN(conn_slots_are_used_up), RUN(conn_deadlines), RUN(conn_deadlines_do_not_move_with_each_byte),
          RUN(conn_client_does_not_read), RUN(conn_answers_after_a_long_silence), RUN(conn_drains),
          RUN(conn_drains_with_the_next_answer), RUN(conn_connects),
          RUN(conn_connects_in_vain), RUN(conn_connects_without_room), RUN(conn_survives_each_operation_that_fails),
          RUN(conn_survives_each_slot_that_is_refused))
