/* worker_test.c - a worker and control: what it is told, what it answers, and how it shares its connections with another.
 *
 * Method: two workers without threads in one simulated world, turned in turn; the test reads control's boxes.
 */
#include "worker/worker.h"

#include <stdlib.h>

#include "io/ring_sim.h"
#include "unit/conf/conf_check.h"

#include "base/clock.h"
#include "base/memory.h"
#include "engine/access_log.h"
#include "worker/publication.h"

enum { PORT = 8080, CONTROL = 2, TEXT_BYTES = 65536 };

#define DOCUMENTS                                                                                                      \
    "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"                             \
    "---\n{type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{path: {type: PathPrefix, value: /}}]," \
    " default: {filters: [{type: RequestRedirect, requestRedirect: {hostname: b.example}}]}}]}]}}\n"
#define GET "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"

struct world {
    struct hub           hub;
    struct ring         *control;
    struct worker       *workers[2];
    struct publication  *pub;
    struct access_format format;
    struct diag          diag;
    uint32_t             n[MESSAGE_N];  /* messages to control, by kind */
    uint64_t             cut_n;
    enum why             taken_why;
    struct log_batch    *batches[2 * LOG_BATCHES_N]; /* on their way */
    uint32_t             batches_n;
    char                 text[TEXT_BYTES];
};

static void read_messages(struct world *w)
{
    struct ring_event events[64];
    struct message m;

    while (hub_receive(&w->hub, CONTROL, &m)) {
        w->n[m.kind]++;
        if (m.kind == MESSAGE_SNAPSHOT_TAKEN)
            w->taken_why = (enum why)m.value;
        else if (m.kind == MESSAGE_DRAINED)
            w->cut_n += m.value;
        else if (m.kind == MESSAGE_LOG_BATCH)
            w->batches[w->batches_n++] = m.moved;
    }
    (void)ring_wait(w->control, events, COUNT(events), 0, 1, 0);
}

static void pass(struct world *w, uint64_t ns)
{
    uint64_t until_ns = clock_mono_ns() + ns;

    for (int i = 0; i < 12 || clock_mono_ns() < until_ns; i++) {
        for (int k = 0; k < 2; k++) {
            w->workers[k]->loop.wait_ns_max = w->workers[k]->loop.wait_ns_max < NS_PER_MS ? w->workers[k]->loop.wait_ns_max : NS_PER_MS;
            if (!w->workers[k]->loop.must_stop)
                loop_tick(&w->workers[k]->loop);
        }
        read_messages(w);
    }
}

static void tell(struct world *w, uint32_t worker, enum message_kind kind, uint64_t value, void *moved)
{
    CHECK(hub_send(&w->hub, CONTROL, worker, (struct message){ .kind = kind, .value = value, .moved = moved }) == WHY_OK, "full\n");
}

static void give_back(struct world *w)
{
    while (w->batches_n > 0) {
        struct log_batch *b = w->batches[--w->batches_n];
        tell(w, b->worker, MESSAGE_LOG_BATCH_BACK, 0, b);
    }
}

static struct world *world_open(void)
{
    struct world *w = calloc(1, sizeof(*w));
    struct socket_address addr = ring_sim_address(PORT);
    struct access_log log = { .is_on = true, .is_json = true };
    char error[256] = "";
    int number;

    CHECK(w != NULL && hub_open(&w->hub, 2) == WHY_OK && (w->pub = memory_map(sizeof(*w->pub))) != NULL, "no memory\n");
    ring_sim_open(1, NULL);
    CHECK(ring_open(&w->control, error, sizeof(error)) == WHY_OK, "%s\n", error);
    w->hub.rings[CONTROL] = w->control;
    for (uint32_t i = 0; i < 2; i++) {
        w->workers[i] = memory_map(sizeof(struct worker));
        CHECK(w->workers[i] != NULL && worker_open(w->workers[i], &w->hub, i) == WHY_OK, "worker\n");
        for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++)
            w->pub->fds[i][slot] = -1;
    }
    CHECK(access_format_compile(&w->format, &log, SPAN_LIT("default"), (struct diag_place){ 0 }, &w->diag), "format\n");
    w->pub->snapshot = conf_check_load(DOCUMENTS);
    w->pub->snapshot->access_format = &w->format;
    w->pub->listeners[0] = &w->pub->snapshot->listeners[0];
    CHECK(socket_listen(&addr, 256, &w->pub->fds[0][0], &number) == WHY_OK, "listen\n"); /* The first worker's only. */
    tell(w, 0, MESSAGE_SNAPSHOT_NEW, 0, w->pub);
    tell(w, 1, MESSAGE_SNAPSHOT_NEW, 0, w->pub);
    pass(w, 0);
    CHECK(w->n[MESSAGE_SNAPSHOT_TAKEN] == 2 && w->taken_why == WHY_OK, "not taken\n");
    return w;
}

static void stop(struct world *w)
{
    for (uint32_t i = 0; i < 2; i++) { /* Control never says the second without the first. */
        tell(w, i, MESSAGE_DRAIN, clock_mono_ns(), NULL);
        tell(w, i, MESSAGE_STOP, 0, NULL);
    }
    for (int i = 0; i < 20 && !(w->workers[0]->loop.must_stop && w->workers[1]->loop.must_stop); i++) {
        pass(w, 20 * NS_PER_MS);
        give_back(w);
    }
    CHECK(w->workers[0]->loop.must_stop && w->workers[1]->loop.must_stop, "they do not stop\n");
}

static void world_close(struct world *w)
{
    struct snapshot *s = w->pub->snapshot;

    stop(w);
    for (uint32_t i = 0; i < 2; i++) {
        worker_close(w->workers[i]);
        memory_unmap(w->workers[i], sizeof(struct worker));
    }
    read_messages(w);
    CHECK(w->n[MESSAGE_SNAPSHOT_LEFT] == 2, "left %u times\n", w->n[MESSAGE_SNAPSHOT_LEFT]);
    CHECK(ring_sim_fds_n() == 0, "%u descriptors\n", ring_sim_fds_n());
    conf_free(s);
    memory_unmap(w->pub, sizeof(*w->pub));
    ring_close(w->control);
    hub_close(&w->hub);
    ring_sim_close();
    free(w);
}

static int dial(struct world *w)
{
    struct socket_address addr = ring_sim_address(PORT);
    int peer = ring_sim_peer_connect(&addr);

    CHECK(peer >= 0, "nobody listens\n");
    pass(w, 0);
    return peer;
}

static void ask(struct world *w, int peer)
{
    CHECK(ring_sim_peer_send(peer, GET, sizeof(GET) - 1) == sizeof(GET) - 1, "send\n");
    pass(w, 0);
    int32_t n = ring_sim_peer_recv(peer, w->text, TEXT_BYTES - 1);
    w->text[n > 0 ? n : 0] = 0;
    CHECK(strstr(w->text, "HTTP/1.1 302 ") == w->text, "%d: %s\n", n, w->text);
}

/* One worker gets all connections from the kernel; it hands them on once it has clearly more than the other. */
TEST(worker_shares_connections)
{
    enum { PEERS = 60 };
    struct world *w = world_open();
    int peers[PEERS];

    for (int i = 0; i < PEERS; i++)
        peers[i] = dial(w);
    uint32_t mine = w->workers[0]->loop.conns.clients_n, other = w->workers[1]->loop.conns.clients_n;
    uint64_t passed_n = counter_get(&w->workers[0]->loop.shard.counters, METRIC_PASSED);
    CHECK(mine + other == PEERS && passed_n == other && counter_get(&w->workers[1]->loop.shard.counters, METRIC_PASSED) == 0, "%u and %u\n", mine, other);
    CHECK(mine - other <= WORKER_PASS_CONNS_MIN && mine - other >= WORKER_PASS_CONNS_MIN - 2, "%u and %u\n", mine, other);
    for (int i = 0; i < PEERS; i++)
        ask(w, peers[i]);
    for (int i = 0; i < PEERS; i++)
        ring_sim_peer_close(peers[i]);
    pass(w, 0);
    CHECK(w->workers[0]->loop.conns.clients_n + w->workers[1]->loop.conns.clients_n == 0, "not closed\n");
    world_close(w);
}

TEST(worker_sends_its_records)
{
    struct world *w = world_open();
    int peer = dial(w);

    ask(w, peer);
    CHECK(w->batches_n == 0, "a batch for each record\n");
    pass(w, LOG_FLUSH_NS + 10 * NS_PER_MS);
    CHECK(w->batches_n == 1, "%u batches\n", w->batches_n);
    const struct log_batch *b = w->batches[0];
    CHECK(b->worker == 0 && memchr(b->text, '\n', b->bytes) == b->text + b->bytes - 1, "not one line\n");
    CHECK(memmem(b->text, b->bytes, "\"status\":302", 12) != NULL, "%.*s\n", (int)b->bytes, b->text);
    CHECK(w->workers[0]->log.free_n == LOG_BATCHES_N - 1, "%u free\n", w->workers[0]->log.free_n);
    give_back(w);
    pass(w, 0);
    CHECK(w->workers[0]->log.free_n == LOG_BATCHES_N, "not back\n");
    ring_sim_peer_close(peer);
    world_close(w);
}

TEST(worker_drains_until_its_deadline)
{
    struct world *w = world_open();
    int idle = dial(w), slow = dial(w);

    CHECK(ring_sim_peer_send(slow, "GET / HTT", 9) == 9, "send\n");
    pass(w, 0);
    for (uint32_t i = 0; i < 2; i++)
        tell(w, i, MESSAGE_DRAIN, clock_mono_ns() + NS_PER_S, NULL);
    pass(w, 900 * NS_PER_MS);
    CHECK(w->n[MESSAGE_DRAINED] == 1 && w->cut_n == 0, "the one with nothing to do, and it only: %u\n", w->n[MESSAGE_DRAINED]);
    CHECK(ring_sim_peer_recv(idle, w->text, 10) == RING_SIM_END && ring_sim_peer_recv(slow, w->text, 10) == RING_SIM_NOTHING, "ends\n");
    pass(w, 200 * NS_PER_MS);
    CHECK(w->n[MESSAGE_DRAINED] == 2 && w->cut_n == 1, "%u, %llu cut\n", w->n[MESSAGE_DRAINED], (unsigned long long)w->cut_n);
    ring_sim_peer_close(idle);
    ring_sim_peer_close(slow);
    world_close(w);
}

/* A configuration that cannot be taken is answered as not taken and left at once, with its sockets closed. */
TEST(worker_cannot_take_a_configuration)
{
    struct world *w = world_open();
    struct publication *next = memory_map(sizeof(*next));
    struct socket_address addr = ring_sim_address(PORT + 1);
    int number;

    CHECK(next != NULL, "no memory\n");
    for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++)
        next->fds[0][slot] = next->fds[1][slot] = -1;
    next->snapshot = conf_check_load(DOCUMENTS);
    next->listeners[5] = &next->snapshot->listeners[0];
    uint32_t fds_n = ring_sim_fds_n();
    CHECK(socket_listen(&addr, 16, &next->fds[0][5], &number) == WHY_OK, "listen\n");
    pool_fail_after(&w->workers[0]->loop.engine.epochs_pool, 1);
    tell(w, 0, MESSAGE_SNAPSHOT_NEW, 0, next);
    pass(w, 0);
    CHECK(w->n[MESSAGE_SNAPSHOT_TAKEN] == 3 && w->taken_why == WHY_POOL_EPOCH_EMPTY, "%s\n", why_name(w->taken_why));
    CHECK(w->n[MESSAGE_SNAPSHOT_LEFT] == 1 && ring_sim_fds_n() == fds_n, "left %u times\n", w->n[MESSAGE_SNAPSHOT_LEFT]);
    w->n[MESSAGE_SNAPSHOT_LEFT] = 0;
    conf_free(next->snapshot);
    memory_unmap(next, sizeof(*next));
    ask(w, dial(w)); /* The old one serves on. */
    world_close(w);
}

/* A listener that is gone takes its idle connections with it; the others stay. */
TEST(worker_closes_a_listener_that_is_gone)
{
    struct world *w = world_open();
    struct publication *next = memory_map(sizeof(*next));
    int peer = dial(w);

    ask(w, peer);
    CHECK(next != NULL, "no memory\n");
    for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++)
        next->fds[0][slot] = next->fds[1][slot] = -1;
    next->snapshot = conf_check_load(DOCUMENTS);
    tell(w, 0, MESSAGE_SNAPSHOT_NEW, 0, next);
    pass(w, 0);
    CHECK(ring_sim_peer_recv(peer, w->text, 10) == RING_SIM_END && !w->workers[0]->loop.listeners[0].is_open, "still open\n");
    CHECK(w->n[MESSAGE_SNAPSHOT_LEFT] == 1, "the old one is not left\n");
    w->n[MESSAGE_SNAPSHOT_LEFT] = 0;
    ring_sim_peer_close(peer);
    world_close(w);
    conf_free(next->snapshot);
    memory_unmap(next, sizeof(*next));
}

CHECK_RUN(RUN(worker_shares_connections), RUN(worker_sends_its_records), RUN(worker_drains_until_its_deadline),
          RUN(worker_cannot_take_a_configuration), RUN(worker_closes_a_listener_that_is_gone))
