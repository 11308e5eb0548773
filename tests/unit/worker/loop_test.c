/* loop_test.c - a thread's turn: accepts, pauses, picks certificates, drains, and tells its figures.
 *
 * Method: one loop in the simulated world, turned by hand; peers are scripted.
 */
#include "worker/loop.h"

#include <stdlib.h>

#include "io/ring_sim.h"
#include "lib/tls_pair.h"
#include "unit/conf/conf_check.h"

#include "base/clock.h"

enum { PORT = 8080, TEXT_BYTES = 65536 };

#define CLEAR "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n" ROUTE
#define ROUTE                                                                                                          \
    "---\n{type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{path: {type: PathPrefix, value: /}}]," \
    " default: {filters: [{type: RequestRedirect, requestRedirect: {hostname: b.example}}]}}]}]}}\n"
#define PEM "-----BEGIN CERTIFICATE-----\\nA\\n-----END CERTIFICATE-----\\n-----BEGIN PRIVATE KEY-----\\nK\\n-----END PRIVATE KEY-----\\n"
#define SECURE "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTPS, hostname: a.example, tls: {certificates: [{inlineString: \"" PEM "\"}]}}]}}\n" ROUTE
#define GET "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"

struct world {
    struct hub       hub;
    struct loop      loop;
    struct snapshot *snapshot;
    uint32_t         messages_n, ticks_n, left_n, records_n;
    bool             passes;      /* connections go to another thread */
    int              passed_fd;
    char             text[TEXT_BYTES];
};

static void on_message(struct loop *l, const struct message *m)
{
    UNUSED(m);
    ((struct world *)l->owner)->messages_n++;
}

static void on_tick(struct loop *l)
{
    ((struct world *)l->owner)->ticks_n++;
}

static bool may_pass(struct loop *l, int fd, uint32_t listener)
{
    struct world *w = l->owner;

    CHECK(listener == 3, "listener %u\n", listener);
    w->passed_fd = fd;
    return w->passes;
}

static void on_left(void *owner, struct snapshot *s)
{
    ((struct world *)owner)->left_n++;
    conf_free(s);
}

static void on_record(void *owner, const struct exchange *x)
{
    UNUSED(x);
    ((struct world *)owner)->records_n++;
}

static const struct loop_hooks hooks = { .on_message = on_message, .on_tick = on_tick, .may_pass = may_pass };

static struct world *world_open(const char *documents, const struct ring_sim_odds *odds)
{
    struct world *w = calloc(1, sizeof(*w));
    struct socket_address addr = ring_sim_address(PORT);
    const struct listener *listeners[LISTENERS_MAX] = { NULL };
    char error[256] = "";
    int fd, number;

    CHECK(w != NULL && hub_open(&w->hub, 1) == WHY_OK, "no memory\n");
    ring_sim_open(1, odds);
    w->loop.engine_hooks = (struct engine_hooks){ .on_snapshot_left = on_left, .on_record = on_record, .owner = w };
    CHECK(loop_open(&w->loop, &w->hub, 0, &hooks, w, error, sizeof(error)) == WHY_OK, "%s\n", error);
    w->snapshot = conf_check_load(documents);
    listeners[3] = &w->snapshot->listeners[0];
    CHECK(engine_swap(&w->loop.engine, w->snapshot, listeners, LISTENERS_MAX) == WHY_OK, "swap\n");
    CHECK(socket_listen(&addr, 16, &fd, &number) == WHY_OK, "listen\n");
    loop_listen(&w->loop, 3, fd, listeners[3]->is_tls);
    return w;
}

static void pass(struct world *w, uint64_t ns)
{
    uint64_t until_ns = clock_mono_ns() + ns;

    w->loop.wait_ns_max = NS_PER_MS;
    for (int i = 0; i < 10 || clock_mono_ns() < until_ns; i++)
        loop_tick(&w->loop);
}

static void world_close(struct world *w)
{
    loop_drain(&w->loop);
    pass(w, 0);
    (void)loop_cut(&w->loop);
    pass(w, 0);
    CHECK(w->loop.conns.conns.live_n == 0 && ring_sim_fds_n() == 0, "%u connections, %u descriptors\n", w->loop.conns.conns.live_n, ring_sim_fds_n());
    loop_close(&w->loop);
    CHECK(w->left_n == 1, "the snapshot is not left\n");
    hub_close(&w->hub);
    ring_sim_close();
    free(w);
}

static int dial(struct world *w)
{
    struct socket_address addr = ring_sim_address(PORT);
    int peer = ring_sim_peer_connect(&addr);

    pass(w, 0);
    return peer;
}

static int32_t read_all(struct world *w, int peer)
{
    int32_t n, used = 0;

    while ((n = ring_sim_peer_recv(peer, w->text + used, (uint32_t)(TEXT_BYTES - 1 - used))) > 0)
        used += n;
    w->text[used] = 0;
    return n;
}

static uint64_t why_n(const struct world *w, enum why why)
{
    return counter_get_why(&w->loop.shard.counters, why);
}

TEST(loop_serves_and_tells)
{
    struct world *w = world_open(CLEAR, NULL);
    int peer = dial(w);

    CHECK(ring_sim_peer_send(peer, GET, sizeof(GET) - 1) == sizeof(GET) - 1, "send\n");
    pass(w, 20 * NS_PER_MS);
    CHECK(read_all(w, peer) == RING_SIM_NOTHING && strstr(w->text, "HTTP/1.1 302 ") == w->text, "%s\n", w->text);
    CHECK(w->records_n == 1 && w->ticks_n > 0 && counter_get(&w->loop.shard.counters, METRIC_TICKS) == w->ticks_n, "ticks\n");
    CHECK(counter_get(&w->loop.shard.counters, METRIC_EVENTS) >= 3 && counter_get(&w->loop.shard.counters, METRIC_ACCEPTED) == 1, "events\n");
    CHECK(w->hub.clients_n[0] == 1, "what other workers see: %u\n", w->hub.clients_n[0]);
    bool seen = false;
    for (uint32_t i = 0; i < w->loop.figures.pools_n; i++)
        seen |= strcmp(w->loop.figures.pools[i].name, "conn") == 0 && w->loop.figures.pools[i].live_n == 1 &&
                w->loop.figures.pools[i].slots_max == CONNS_MAX;
    CHECK(seen && w->loop.figures.pools_n > 8, "figures\n");
    CHECK(loop_bytes_max(&w->loop) > 100000000, "a budget of %llu\n", (unsigned long long)loop_bytes_max(&w->loop));
    ring_sim_peer_close(peer);
    world_close(w);
}

/* Without descriptors an accept fails; it is not tried again at full speed, and once there are some, clients are served. */
TEST(loop_pauses_when_descriptors_are_used_up)
{
    const struct ring_sim_odds few = { .fds_max = 2 };
    struct world *w = world_open(CLEAR, &few);
    int first = dial(w), second = dial(w);

    CHECK(first >= 0 && second >= 0 && w->loop.conns.clients_n == 1, "%u\n", w->loop.conns.clients_n);
    uint64_t failed_n = why_n(w, WHY_IO_NO_DESCRIPTORS);
    CHECK(failed_n >= 1 && w->loop.accept_after_ns != 0, "no pause\n");
    pass(w, ACCEPT_PAUSE_NS * 4);
    CHECK(why_n(w, WHY_IO_NO_DESCRIPTORS) - failed_n <= 5, "%llu more failures in four pauses\n",
          (unsigned long long)(why_n(w, WHY_IO_NO_DESCRIPTORS) - failed_n));
    ring_sim_peer_close(first);
    pass(w, ACCEPT_PAUSE_NS * 2);
    CHECK(ring_sim_peer_send(second, GET, sizeof(GET) - 1) == sizeof(GET) - 1, "send\n");
    pass(w, 0);
    CHECK(read_all(w, second) == RING_SIM_NOTHING && strstr(w->text, "302") != NULL, "never accepted: %s\n", w->text);
    ring_sim_peer_close(second);
    world_close(w);
}

TEST(loop_passes_a_connection_on)
{
    struct world *w = world_open(CLEAR, NULL);

    w->passes = true;
    int peer = dial(w);
    CHECK(w->loop.conns.clients_n == 0 && w->passed_fd >= RING_SIM_FD_FIRST, "kept\n");
    w->passes = false;
    loop_adopt(&w->loop, w->passed_fd, 3); /* As its new thread would. */
    CHECK(ring_sim_peer_send(peer, GET, sizeof(GET) - 1) == sizeof(GET) - 1, "send\n");
    pass(w, 0);
    CHECK(read_all(w, peer) == RING_SIM_NOTHING && strstr(w->text, "302") != NULL, "%s\n", w->text);
    ring_sim_peer_close(peer);
    world_close(w);
}

TEST(loop_unlistens)
{
    struct world *w = world_open(CLEAR, NULL);
    int peer = dial(w);

    loop_unlisten(&w->loop, 3);
    loop_unlisten(&w->loop, 3); /* Harmless. */
    pass(w, 0);
    CHECK(w->loop.listeners[3].fd < 0 && dial(w) < 0, "still listens\n");
    CHECK(w->loop.conns.clients_n == 1, "who was there stays\n");
    ring_sim_peer_close(peer);
    world_close(w);
}

TEST(loop_drains_and_cuts)
{
    struct world *w = world_open(CLEAR, NULL);
    int idle = dial(w), busy = dial(w);

    CHECK(ring_sim_peer_send(busy, "GET / HTT", 9) == 9, "send\n");
    pass(w, 0);
    loop_drain(&w->loop);
    pass(w, 0);
    CHECK(read_all(w, idle) == RING_SIM_END && read_all(w, busy) == RING_SIM_NOTHING && dial(w) < 0, "drain\n");
    CHECK(loop_cut(&w->loop) == 1 && loop_cut(&w->loop) == 0, "cut\n");
    pass(w, 0);
    CHECK(read_all(w, busy) != RING_SIM_NOTHING && w->loop.conns.conns.live_n == 0, "not cut\n");
    ring_sim_peer_close(idle);
    ring_sim_peer_close(busy);
    world_close(w);
}

TEST(loop_asks_who_may_send_a_proxy_header)
{
    static const char header[] = "PROXY TCP4 203.0.113.5 192.0.2.2 77 80\r\n" GET;
    struct cidr here = { .address = { [10] = 0xff, [11] = 0xff, [12] = 127 }, .bits = 104 };

    for (uint32_t trusted_n = 0; trusted_n < 2; trusted_n++) {
        struct world *w = world_open(CLEAR, NULL);
        struct listener *l = (struct listener *)(uintptr_t)w->loop.engine.epoch->listeners[3];
        l->proxy_protocol = true;
        l->proxy_trusted = &here;
        l->proxy_trusted_n = trusted_n;
        int peer = dial(w);
        (void)ring_sim_peer_send(peer, header, sizeof(header) - 1);
        pass(w, 0);
        int32_t end = read_all(w, peer);
        CHECK((trusted_n == 1) == (strstr(w->text, "302") != NULL) && (end == RING_SIM_NOTHING) == (trusted_n == 1), "%u: %s\n", trusted_n, w->text);
        CHECK(why_n(w, WHY_PROXY_UNTRUSTED) == 1 - trusted_n, "%u\n", trusted_n);
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

/* Which certificate answers a name, and that a name of nobody's gets none. */
TEST(loop_picks_tls_by_name)
{
    static const struct { const char *name; bool is_served; } rows[] = { { "a.example", true }, { "A.Example", true }, { "b.example", false }, { "a.example.b", false } };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_ticket_keys *keys = NULL;
        struct pair_host host;
        struct pair *p = calloc(1, sizeof(*p));
        uint8_t hello[4096];
        CHECK(tls_init() == WHY_OK && tls_ticket_keys_open(&keys) == WHY_OK && p != NULL, "no TLS\n");
        struct world *w = world_open(SECURE, NULL);
        struct tls_client *client = pair_client("root.pem", NULL, false, false);
        pair_host_init(&host, "ecdsa", NULL);
        struct tls_server *server = pair_server(&host, keys), *numbers[1] = { server }, **workers[1] = { numbers };
        w->snapshot->tls_servers = workers;
        pair_begin(p);
        pair_connect(p, client, NULL, rows[i].name, false, false);
        pair_feed(p, &p->client);
        uint32_t n = bufq_peek(&p->client.out, hello, sizeof(hello));
        int peer = dial(w);
        CHECK(ring_sim_peer_send(peer, hello, n) == n, "send\n");
        pass(w, 0);
        int32_t end = read_all(w, peer);
        CHECK((w->text[0] == 0x16) == rows[i].is_served && (end == RING_SIM_NOTHING) == rows[i].is_served, "%s: %d\n", rows[i].name, end);
        CHECK(why_n(w, WHY_TLS_NO_HOST) == (rows[i].is_served ? 0 : 1), "%s: tls-no-host\n", rows[i].name);
        ring_sim_peer_close(peer);
        pair_end(p);
        world_close(w);
        tls_server_close(server);
        tls_client_close(client);
        tls_ticket_keys_close(keys);
        pair_host_fini(&host);
        free(p);
    }
}

CHECK_RUN(RUN(loop_serves_and_tells), RUN(loop_pauses_when_descriptors_are_used_up), RUN(loop_passes_a_connection_on), RUN(loop_unlistens),
          RUN(loop_drains_and_cuts), RUN(loop_asks_who_may_send_a_proxy_header), RUN(loop_picks_tls_by_name))
