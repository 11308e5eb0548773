/* ring_sim.c - an echo server and its clients in worlds of every mood: nothing is lost, stuck, leaked or made up.
 *
 * Goal:   the simulated ring can be trusted by tests above it, and a program that keeps the contract of io/ring.h
 *         survives all that it does.
 * Method: the server below is as small as the contract allows. Clients are scripted peers with chance of their own.
 *         Safety is checked with each byte; at the end the world turns kind, and every connection must come to its end.
 *         A failure names its seed, which is all that run_world needs.
 */
#include "io/ring_sim.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "io/ring.h"
#include "lib/check.h"
#include "lib/fault.h"

enum { SEEDS_N = 150, CONNS_MAX_HERE = 12, EVENTS_MAX = 32, PORT = 8080, CHUNK = 3000, PATTERN_PRIME = 251 };

/* ---- the server: one buffer's worth of echo at a time, receives shut meanwhile by not being armed ---- */

struct conn {
    bool     is_open;
    int      fd;
    uint32_t generation;
    bool     is_receiving, is_sending, is_cancelling, is_closing, is_starved, has_end, is_bad;
    uint8_t  out[65536 * 2];
    uint32_t out_n, out_at;
};

struct server {
    struct ring *ring;
    int          listener;
    struct handle accept;
    bool         is_accepting, is_stopping;
    struct conn  conns[CONNS_MAX_HERE];
    uint32_t     generation;
    uint32_t     seen[WHY_N];
};

static void fail_seed(uint64_t seed, const char *what)
{
    CHECK(false, "seed %llu: %s\n", (unsigned long long)seed, what);
}

static struct handle handle_to(const struct server *s, enum handle_kind kind, const struct conn *c)
{
    return handle_of(kind, (uint32_t)(c - s->conns), c->generation);
}

static void accept_more(struct server *s)
{
    if (s->is_accepting || s->is_stopping)
        return;
    s->accept = handle_of(HANDLE_ACCEPT, 0, ++s->generation);
    ring_accept(s->ring, s->accept, s->listener);
    s->is_accepting = true;
}

/* Whatever is not in flight and should be. */
static void conn_step(struct server *s, struct conn *c)
{
    if (!c->is_open || c->is_closing)
        return;
    if (c->is_bad || (c->has_end && c->out_at == c->out_n)) {
        if (c->is_receiving && !c->is_cancelling) {
            ring_cancel(s->ring, handle_to(s, HANDLE_CANCEL, c), handle_to(s, HANDLE_RECV, c));
            c->is_cancelling = true;
        }
        if (!c->is_receiving && !c->is_sending && !c->is_cancelling) {
            ring_close_fd(s->ring, handle_to(s, HANDLE_CLOSE, c), c->fd);
            c->is_closing = true;
        }
        return;
    }
    if (!c->is_sending && c->out_at < c->out_n) {
        ring_send(s->ring, handle_to(s, HANDLE_SEND, c), c->fd, c->out + c->out_at, c->out_n - c->out_at);
        c->is_sending = true;
    }
    if (c->is_starved && ring_buffers_free(s->ring) > 0)
        c->is_starved = false;
    if (!c->is_receiving && !c->has_end && !c->is_starved && c->out_n == 0) {
        ring_recv(s->ring, handle_to(s, HANDLE_RECV, c), c->fd);
        c->is_receiving = true;
    }
}

static void on_recv(struct conn *c, const struct ring_event *e)
{
    if (e->why == WHY_OK) {
        if (c->out_n + (uint32_t)e->n > sizeof c->out)
            c->is_bad = true; /* more than we have room for came before our pause took hold */
        else
            memcpy(c->out + c->out_n, e->at, (size_t)e->n);
        c->out_n += c->is_bad ? 0 : (uint32_t)e->n;
    }
    c->is_receiving = e->more;
    c->has_end = c->has_end || e->why == WHY_IO_EOF;
    c->is_starved = e->why == WHY_IO_NO_BUFFERS;
    if (e->why != WHY_OK && e->why != WHY_IO_EOF && e->why != WHY_IO_NO_BUFFERS)
        c->is_bad = true;
}

static void on_send(struct conn *c, const struct ring_event *e)
{
    c->is_sending = false;
    c->out_at += (uint32_t)e->n;
    c->is_bad = c->is_bad || e->why != WHY_OK;
    if (c->out_at == c->out_n)
        c->out_at = c->out_n = 0;
}

static void on_accept(struct server *s, const struct ring_event *e)
{
    s->is_accepting = e->more;
    if (e->why != WHY_OK)
        return;
    for (int i = 0; i < CONNS_MAX_HERE; i++) {
        struct conn *c = &s->conns[i];
        if (c->is_open)
            continue;
        memset(c, 0, offsetof(struct conn, out));
        c->out_n = c->out_at = 0;
        c->is_open = true;
        c->fd = e->n;
        c->generation = ++s->generation;
        return;
    }
    socket_close_now(e->n);
}

static void server_take(struct server *s, const struct ring_event *e)
{
    struct conn *c = &s->conns[handle_slot(e->handle)];

    s->seen[e->why]++;
    if (handle_kind(e->handle) == HANDLE_ACCEPT) {
        on_accept(s, e);
        return;
    }
    if (handle_kind(e->handle) == HANDLE_CANCEL && handle_generation(e->handle) == 0)
        return; /* of the accept */
    CHECK(c->is_open && c->generation == handle_generation(e->handle), "an event of an operation that nobody armed\n");
    if (handle_kind(e->handle) == HANDLE_RECV)
        on_recv(c, e);
    else if (handle_kind(e->handle) == HANDLE_SEND)
        on_send(c, e);
    else if (handle_kind(e->handle) == HANDLE_CANCEL)
        c->is_cancelling = false;
    else if (handle_kind(e->handle) == HANDLE_CLOSE)
        c->is_open = false;
    else
        CHECK(false, "an event of kind %d\n", handle_kind(e->handle));
    if (e->buf != NULL)
        buf_drop(e->buf);
}

static void server_tick(struct server *s)
{
    struct ring_event events[EVENTS_MAX];
    uint32_t          n = ring_wait(s->ring, events, 1 + ring_sim_pick(EVENTS_MAX), NS_PER_MS, 1, 0);

    for (uint32_t i = 0; i < n; i++)
        server_take(s, &events[i]);
    for (int i = 0; i < CONNS_MAX_HERE; i++)
        conn_step(s, &s->conns[i]);
    accept_more(s);
}

/* ---- clients ---- */

struct client {
    uint64_t seed;
    int      peer;      /* -1: not connected, or done      */
    bool     may_leave; /* before the end, with a reset    */
    bool     is_done;
    bool     is_sound;  /* ended with all of its bytes back */
    uint32_t total;     /* bytes to send                   */
    uint32_t sent, got;
    bool     has_finished;
};

static uint8_t byte_at(uint32_t i)
{
    return (uint8_t)(i % PATTERN_PRIME);
}

static void client_end(struct client *c, bool is_sound)
{
    c->is_done = true;
    c->is_sound = is_sound;
    c->peer = -1;
}

static void client_send(struct client *c)
{
    uint8_t  bytes[CHUNK];
    uint32_t n = 1 + ring_sim_pick(CHUNK);

    if (n > c->total - c->sent)
        n = c->total - c->sent;
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = byte_at(c->sent + i);
    c->sent += ring_sim_peer_send(c->peer, bytes, n);
    if (c->sent == c->total && !c->has_finished) {
        ring_sim_peer_finish(c->peer);
        c->has_finished = true;
    }
}

/* One visit of the script, which comes again until the connection has ended. */
static void client_visit(void *arg)
{
    struct client        *c = arg;
    struct socket_address addr = ring_sim_address(PORT);
    uint8_t               bytes[CHUNK];

    if (c->peer < 0)
        c->peer = ring_sim_peer_connect(&addr);
    if (c->peer >= 0) {
        if (c->may_leave && ring_sim_pick(400) == 0) {
            ring_sim_peer_reset(c->peer);
            client_end(c, false);
            return;
        }
        client_send(c);
        int32_t n = ring_sim_peer_recv(c->peer, bytes, 1 + ring_sim_pick(CHUNK));
        for (int32_t i = 0; i < n; i++)
            if (bytes[i] != byte_at(c->got + (uint32_t)i))
                fail_seed(c->seed, "an echo is not what was said");
        if (n > 0)
            c->got += (uint32_t)n;
        if (c->got > c->sent)
            fail_seed(c->seed, "the echo says more than was said");
        if (n == RING_SIM_END || n == RING_SIM_RESET) {
            ring_sim_peer_close(c->peer);
            client_end(c, n == RING_SIM_END && c->got == c->total);
            return;
        }
    }
    ring_sim_later(1 + ring_sim_pick(500000), client_visit, c);
}

/* ---- one world ---- */

struct outcome {
    uint32_t done, sound;
    uint32_t seen[WHY_N];
    uint64_t starved;
};

static void stop(struct server *s, uint64_t seed)
{
    s->is_stopping = true;
    if (s->is_accepting)
        ring_cancel(s->ring, handle_of(HANDLE_CANCEL, 0, 0), s->accept);
    for (int i = 0; i < CONNS_MAX_HERE; i++)
        s->conns[i].is_bad = true;
    for (int ticks = 0; ring_sim_ops_n() > 0; ticks++) {
        if (ticks > 10000)
            fail_seed(seed, "operations never end");
        server_tick(s);
    }
    socket_close_now(s->listener);
    if (ring_sim_fds_n() != 0)
        fail_seed(seed, "descriptors are left open");
    ring_close(s->ring); /* aborts when a buffer was not given back */
}

static struct outcome run_world(uint64_t seed, const struct ring_sim_odds *odds, uint32_t clients_n)
{
    static struct server s;
    static struct client clients[CONNS_MAX_HERE];
    struct outcome       o = { 0 };
    struct ring_sim_odds kind = { 0 };
    struct socket_address addr = ring_sim_address(PORT);
    char                 error[128] = "";
    int                  refused = 0;

    ring_sim_open(seed, odds);
    memset(&s, 0, sizeof s);
    if (ring_open(&s.ring, error, sizeof error) != WHY_OK || socket_listen(&addr, 16, &s.listener, &refused) != WHY_OK)
        fail_seed(seed, error);
    for (uint32_t i = 0; i < clients_n; i++) {
        clients[i] = (struct client){
            .seed = seed, .peer = -1, .total = 1 + ring_sim_pick(60000), .may_leave = odds != NULL && i % 2 == 0,
        };
        ring_sim_later(ring_sim_pick(5000000), client_visit, &clients[i]);
    }
    for (int ticks = 0; o.done < clients_n; ticks++) {
        if (ticks == 20000)
            ring_sim_set_odds(&kind); /* an unkind world may go on for long; a kind one may not */
        if (ticks > 60000)
            fail_seed(seed, "a connection never ends");
        server_tick(&s);
        o.done = 0;
        for (uint32_t i = 0; i < clients_n; i++)
            o.done += clients[i].is_done;
    }
    for (uint32_t i = 0; i < clients_n; i++)
        o.sound += clients[i].is_sound;
    memcpy(o.seen, s.seen, sizeof o.seen);
    o.starved = ring_counts(s.ring).buffers_starved;
    stop(&s, seed);
    ring_sim_close();
    return o;
}

TEST(echoes_in_worlds_of_every_mood)
{
    uint32_t seen[WHY_N] = { 0 }, sound = 0, done = 0;

    for (uint64_t seed = 1; seed <= SEEDS_N; seed++) {
        struct ring_sim_odds odds = ring_sim_odds_of(seed);
        struct outcome       o = run_world(seed, &odds, 1 + (uint32_t)(seed % CONNS_MAX_HERE));
        sound += o.sound;
        done += o.done;
        for (int i = 0; i < WHY_N; i++)
            seen[i] += o.seen[i];
    }
    CHECK(sound > done / 4, "only %u of %u connections went well\n", sound, done);
    static const enum why wanted[] = { WHY_OK, WHY_IO_EOF, WHY_IO_RESET, WHY_IO_TIMEOUT, WHY_IO_NO_BUFFERS,
                                       WHY_IO_NO_MEMORY, WHY_IO_NO_DESCRIPTORS, WHY_IO_CANCELLED };
    for (size_t i = 0; i < COUNT(wanted); i++)
        CHECK(seen[wanted[i]] > 0, "no world ever said %s\n", why_name(wanted[i]));
}

TEST(a_kind_world_loses_nobody)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct outcome o = run_world(seed, NULL, 5);
        CHECK(o.sound == 5, "seed %llu: only %u of 5 went well\n", (unsigned long long)seed, o.sound);
        CHECK(o.seen[WHY_IO_RESET] == 0 && o.seen[WHY_IO_NO_MEMORY] == 0 && o.starved == 0, "seed %llu: failures\n",
              (unsigned long long)seed);
    }
}

TEST(a_seed_replays)
{
    for (uint64_t seed = 3; seed < 10; seed++) {
        struct ring_sim_odds odds = ring_sim_odds_of(seed);
        struct outcome       a = run_world(seed, &odds, 6), b = run_world(seed, &odds, 6);
        CHECK(memcmp(&a, &b, sizeof a) == 0, "seed %llu: two runs differ\n", (unsigned long long)seed);
    }
}

/* One connection in a kind world, but for the k-th operation. */
static bool run_with_failure(uint32_t k, void *arg)
{
    static struct server  s;
    struct socket_address addr = ring_sim_address(PORT);
    struct client         c = { .seed = k, .peer = -1, .total = 5000 };
    enum why              why = *(const enum why *)arg;
    char                  error[128] = "";
    int                   refused = 0;

    ring_sim_open(k, NULL);
    memset(&s, 0, sizeof s);
    CHECK(ring_open(&s.ring, error, sizeof error) == WHY_OK, "%s\n", error);
    CHECK(socket_listen(&addr, 16, &s.listener, &refused) == WHY_OK, "listen\n");
    ring_sim_fail_nth(k, why);
    client_visit(&c);
    for (int ticks = 0; !c.is_done; ticks++) {
        CHECK(ticks < 20000, "%s at operation %u: stuck\n", why_name(why), k);
        server_tick(&s);
    }
    bool has_failed = ring_sim_has_failed();
    ring_sim_fail_nth(0, WHY_OK);
    stop(&s, k);
    ring_sim_close();
    return has_failed;
}

TEST(each_single_failure_is_survived)
{
    static enum why whys[] = { WHY_IO_RESET, WHY_IO_NO_MEMORY, WHY_IO_NO_BUFFERS, WHY_IO_FAILED };

    for (size_t i = 0; i < COUNT(whys); i++)
        CHECK(fault_each(run_with_failure, &whys[i]) >= 4, "accept, receive, send and close at least\n");
}

static void note_time(void *arg)
{
    *(uint64_t *)arg = clock_mono_ns();
}

TEST(time_passes_only_in_the_world)
{
    uint64_t noted[2] = { 0 }, begin_ns;

    CHECK(clock_mono_ns() == NS_PER_S, "without a world, the clock stands\n");
    ring_sim_open(5, NULL);
    begin_ns = clock_mono_ns();
    CHECK(begin_ns == clock_mono_ns(), "time passes by itself\n");
    ring_sim_later(700, note_time, &noted[1]);
    ring_sim_later(300, note_time, &noted[0]);
    uint64_t wall_ns = clock_wall_ns();
    ring_sim_pass(1000);
    CHECK(noted[0] == begin_ns + 300 && noted[1] == begin_ns + 700, "callbacks at %llu and %llu\n",
          (unsigned long long)(noted[0] - begin_ns), (unsigned long long)(noted[1] - begin_ns));
    CHECK(clock_mono_ns() == begin_ns + 1000 && clock_wall_ns() == wall_ns + 1000, "clocks disagree\n");
    ring_sim_close();
}

TEST(a_silent_host_answers_nothing_until_cancelled)
{
    struct socket_address addr = ring_sim_address(81);
    struct ring_event     e[4];
    struct ring          *r = NULL;
    char                  error[128] = "";
    int                   fd = -1;
    uint32_t              n = 0;

    ring_sim_open(5, NULL);
    CHECK(ring_open(&r, error, sizeof error) == WHY_OK && socket_stream(AF_INET, &fd) == WHY_OK, "%s\n", error);
    ring_sim_silence(81);
    ring_connect(r, handle_of(HANDLE_CONNECT, 1, 1), fd, &addr.any, addr.bytes_n);
    for (int i = 0; i < 100; i++)
        n += ring_wait(r, e, 4, NS_PER_S, 1, 0);
    CHECK(n == 0, "a silent host spoke\n");
    ring_cancel(r, handle_of(HANDLE_CANCEL, 1, 1), handle_of(HANDLE_CONNECT, 1, 1));
    n = ring_wait(r, e, 4, NS_PER_S, 1, 0);
    CHECK(n == 2 && (e[0].why == WHY_IO_CANCELLED || e[1].why == WHY_IO_CANCELLED), "%u events\n", n);
    socket_close_now(fd);
    ring_close(r);
    ring_sim_close();
}

CHECK_RUN(RUN(echoes_in_worlds_of_every_mood), RUN(a_kind_world_loses_nobody), RUN(a_seed_replays),
          RUN(each_single_failure_is_survived), RUN(time_passes_only_in_the_world),
          RUN(a_silent_host_answers_nothing_until_cancelled))
