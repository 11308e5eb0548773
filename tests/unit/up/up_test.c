/* up_test.c - connections to upstreams: kept ones first, state kept over an unchanged configuration, nothing left when one retires.
 *
 * Method: an upstream table over connections in the simulated world; streams are played by hand.
 */
#include "lib/conn_lab.h"

#include <stdlib.h>

#include "io/ring_sim.h"
#include "up/up.h"

enum { PORT = 9001 };

/* A request on a connection, in the place of an exchange. */
struct call {
    struct task   task;
    struct stream st;
    struct arena  arena;
    struct head   request, response, trailers;
    struct conn  *conn;
    struct up_endpoint *endpoint;
    bool          reused;
};

struct world {
    struct lab        lab;
    struct conn_hooks hooks;
    struct up_table   ups;
    int               origin;
    uint32_t          gone_n;
    char             *text;
};

static void on_task(void *owner, struct task *t)
{
    UNUSED(owner);
    UNUSED(t); /* Calls are looked at when the test likes. */
}

static void on_gone(void *owner, struct conn *c)
{
    struct world *w = owner;

    w->gone_n++;
    up_on_gone(&w->ups, c);
}

static struct world *world_open(void)
{
    struct world *w = calloc(1, sizeof(*w));
    struct socket_address addr = ring_sim_address(PORT);

    CHECK(w != NULL && (w->text = malloc(LAB_TEXT_BYTES)) != NULL, "no memory\n");
    w->hooks = (struct conn_hooks){ .on_gone = on_gone, .owner = w };
    w->lab.on_task = on_task;
    w->lab.owner = w;
    lab_open(&w->lab, &w->hooks, NULL);
    CHECK(up_table_open(&w->ups, &w->lab.conns) == WHY_OK, "no memory\n");
    w->origin = ring_sim_peer_listen(&addr);
    return w;
}

static void world_close(struct world *w)
{
    lab_end(&w->lab);
    CHECK(w->ups.ups.live_n == 0 && w->ups.endpoints.live_n == 0, "%u upstreams, %u endpoints\n", w->ups.ups.live_n, w->ups.endpoints.live_n);
    up_table_close(&w->ups);
    lab_close(&w->lab);
    free(w->text);
    free(w);
}

/* An upstream of n endpoints, ports from PORT on; different digests are different upstreams. */
static struct upstream conf_of(struct endpoint *endpoints, uint32_t n, uint8_t digest)
{
    struct upstream u = { .name = SPAN_LIT("u"), .endpoints = endpoints, .endpoints_n = n, .connect_timeout_ns = NS_PER_S,
                          .idle_timeout_ns = 3 * NS_PER_S, .digest = { digest } };

    for (uint32_t i = 0; i < n; i++)
        endpoints[i] = (struct endpoint){ .address = ring_sim_address((uint16_t)(PORT + i)), .text = SPAN_LIT("127.0.0.1:9001"), .weight = 1 };
    return u;
}

static struct up *hold(struct world *w, uint8_t digest)
{
    struct endpoint endpoint;
    struct upstream conf = conf_of(&endpoint, 1, digest);
    struct up *u = up_hold_for(&w->ups, &conf, NULL);

    CHECK(u != NULL, "no room\n");
    memset(&endpoint, 0x55, sizeof(endpoint)); /* What the snapshot said must have been copied. */
    return u;
}

static struct call *begin(struct world *w, struct up *u)
{
    struct call *call = calloc(1, sizeof(*call));

    CHECK(call != NULL, "no memory\n");
    call->task.kind = TASK_EXCHANGE;
    arena_init(&call->arena, &w->lab.shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(&call->request, &call->arena);
    head_init(&call->response, &call->arena);
    head_init(&call->trailers, &call->arena);
    call->request.method = METHOD_GET;
    call->request.method_text = SPAN_LIT("GET");
    call->request.target = SPAN_LIT("/");
    call->request.authority = SPAN_LIT("a");
    call->st.reader = &call->task;
    call->st.rx_head = &call->response;
    call->st.rx_trailers = &call->trailers;
    call->st.tx_head = &call->request;
    call->st.tx_has_head = call->st.tx_end = true;
    call->endpoint = up_pick(u, &w->lab.shard.rng, NULL);
    CHECK(call->endpoint != NULL && up_lend(&w->ups, call->endpoint, SPAN_NONE, &call->conn, &call->reused) == WHY_OK, "lend\n");
    CHECK(call->conn->session->type->stream_start(call->conn->session, &call->st) == WHY_OK, "no room\n");
    shard_wake(&w->lab.shard, &call->conn->task);
    lab_run(&w->lab);
    return call;
}

static void end(struct world *w, struct call *call)
{
    struct conn *c = call->st.session != NULL ? call->conn : NULL;

    if (c != NULL)
        c->session->type->stream_leave(c->session, &call->st, WHY_OK);
    up_return(&w->ups, call->endpoint, c);
    bufq_clear(&w->lab.shard.queues, &call->st.rx);
    list_remove(&call->task.node);
    arena_fini(&call->arena);
    free(call);
    lab_run(&w->lab);
}

static int accepted(struct world *w)
{
    int peer = ring_sim_peer_accept(w->origin);

    CHECK(peer >= 0, "nobody connected\n");
    return peer;
}

/* The upstream's answer to call; fields may say that it closes. */
static void answer(struct world *w, int peer, struct call *call, const char *fields)
{
    char text[200];

    (void)lab_read(&w->lab, peer, w->text);
    snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%s\r\n", fields);
    lab_send(&w->lab, peer, text);
    CHECK(call->st.rx_has_head && call->st.rx_end, "no answer: %s\n", why_name(call->st.gone));
}

TEST(up_keeps_a_connection)
{
    struct world *w = world_open();
    struct up *u = hold(w, 1);
    struct call *call = begin(w, u);
    int peer = accepted(w);

    for (int i = 0; i < 3; i++) {
        CHECK(call->reused == (i > 0) && u->conns_n == 1 && call->endpoint->requests_n == 1, "request %d\n", i);
        answer(w, peer, call, "");
        end(w, call);
        CHECK(u->endpoints[0]->idle_n == 1 && u->endpoints[0]->requests_n == 0, "not kept\n");
        call = begin(w, u);
    }
    CHECK(lab_metric(&w->lab, METRIC_UP_REUSES) == 3 && lab_metric(&w->lab, METRIC_UP_CONNECTS) == 1, "counters\n");
    answer(w, peer, call, "");
    end(w, call);
    up_drop(&w->ups, u);
    lab_run(&w->lab);
    CHECK(w->gone_n == 1 && lab_read(&w->lab, peer, w->text) == RING_SIM_END, "kept by nobody\n");
    ring_sim_peer_close(peer);
    world_close(w);
}

/* Two at once need two; afterwards the one used last, which is the warmest, is lent first. */
TEST(up_lends_the_warmest)
{
    struct world *w = world_open();
    struct up *u = hold(w, 1);
    struct call *one = begin(w, u), *two = begin(w, u);
    int first = accepted(w), second = accepted(w);
    struct conn *warm = one->conn;

    CHECK(one->conn != two->conn && u->conns_n == 2, "one for two\n");
    answer(w, second, two, "");
    end(w, two);
    answer(w, first, one, "");
    end(w, one);
    one = begin(w, u);
    CHECK(one->conn == warm && one->reused, "the cold one\n");
    answer(w, first, one, "");
    end(w, one);
    up_drop(&w->ups, u);
    ring_sim_peer_close(first);
    ring_sim_peer_close(second);
    world_close(w);
}

TEST(up_does_not_keep_what_ends)
{
    static const char *const rows[] = { "Connection: close\r\n", "retired", "draining" };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open();
        struct up *u = hold(w, 1);
        struct call *call = begin(w, u);
        int peer = accepted(w);
        answer(w, peer, call, i == 0 ? rows[0] : "");
        if (i == 1)
            up_drop(&w->ups, u);
        w->lab.conns.is_draining = i == 2;
        end(w, call);
        CHECK(w->gone_n == 1 && w->lab.conns.conns.live_n == 0, "%s: kept\n", rows[i]);
        if (i != 1)
            up_drop(&w->ups, u);
        ring_sim_peer_close(peer);
        world_close(w);
    }
}

TEST(up_closes_idle_ones_in_time)
{
    struct world *w = world_open();
    struct up *u = hold(w, 1);
    struct call *call = begin(w, u);
    int peer = accepted(w);

    answer(w, peer, call, "");
    end(w, call);
    lab_pass(&w->lab, 2990 * NS_PER_MS);
    CHECK(w->gone_n == 0, "too early\n");
    lab_pass(&w->lab, 20 * NS_PER_MS);
    CHECK(w->gone_n == 1 && u->endpoints[0]->idle_n == 0 && u->conns_n == 0, "too late\n");
    ring_sim_peer_close(peer);
    call = begin(w, u); /* And one that the upstream closes while it is idle is not lent. */
    peer = accepted(w);
    answer(w, peer, call, "");
    end(w, call);
    ring_sim_peer_close(peer);
    lab_run(&w->lab);
    CHECK(w->gone_n == 2 && u->endpoints[0]->idle_n == 0, "kept\n");
    up_drop(&w->ups, u);
    world_close(w);
}

TEST(up_state_by_digest)
{
    struct world *w = world_open();
    struct up *u = hold(w, 1);
    struct call *call = begin(w, u);
    int peer = accepted(w);

    answer(w, peer, call, "");
    end(w, call);
    struct up *same = hold(w, 1), *other = hold(w, 2);
    CHECK(same == u && u->holds_n == 2 && other != u && w->ups.ups.live_n == 2, "digests\n");
    up_drop(&w->ups, u); /* The old snapshot leaves; the connection stays for the new one. */
    lab_run(&w->lab);
    CHECK(w->gone_n == 0 && !u->is_retired, "closed although it is used\n");
    call = begin(w, u);
    CHECK(call->reused, "the connection is lost\n");
    up_drop(&w->ups, u); /* Retired under a request: it stays until that is over. */
    CHECK(u->is_retired && w->ups.ups.live_n == 2, "freed\n");
    struct up *again = hold(w, 1);
    CHECK(again != u, "a retired one comes back\n");
    answer(w, peer, call, "");
    end(w, call);
    CHECK(w->ups.ups.live_n == 2 && w->gone_n == 1, "%u live\n", w->ups.ups.live_n);
    up_drop(&w->ups, again);
    up_drop(&w->ups, other);
    ring_sim_peer_close(peer);
    world_close(w);
}

TEST(up_copies_names_and_texts)
{
    struct endpoint endpoints[2];
    struct world *w = world_open();
    struct upstream conf = conf_of(endpoints, 2, 1);
    char longest[400];

    memset(longest, 'n', sizeof(longest));
    conf.name = conf.server_name = span_of(longest, sizeof(longest));
    struct up *u = up_hold_for(&w->ups, &conf, NULL);
    memset(longest, 0, sizeof(longest));
    CHECK(u != NULL && strlen(u->name) == sizeof(u->name) - 1 && u->server_name.len == sizeof(u->server_name_text) - 1, "names\n");
    CHECK(u->endpoints_n == 2 && span_is(u->endpoints[1]->conf.text, SPAN_LIT("127.0.0.1:9001")) &&
          (const char *)u->endpoints[1]->conf.text.at == u->endpoints[1]->text, "texts\n");
    up_drop(&w->ups, u);
    world_close(w);
}

TEST(up_avoids_the_one_that_failed)
{
    static const enum balance algorithms[] = { BALANCE_ROUND_ROBIN, BALANCE_LEAST_REQUEST };

    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct endpoint endpoints[3];
        struct world *w = world_open();
        struct upstream conf = conf_of(endpoints, 3, 1), none = conf_of(endpoints, 0, 2), single = conf_of(endpoints, 1, 3);
        conf_of(endpoints, 3, 1);
        conf.balance = algorithms[i];
        struct up *u = up_hold_for(&w->ups, &conf, NULL), *nobody = up_hold_for(&w->ups, &none, NULL), *one = up_hold_for(&w->ups, &single, NULL);
        bool seen[3] = { false };
        for (int n = 0; n < 60; n++) {
            const struct up_endpoint *ep = up_pick(u, &w->lab.shard.rng, u->endpoints[1]);
            CHECK(ep != u->endpoints[1], "not avoided\n");
            seen[0] |= ep == u->endpoints[0];
            seen[2] |= ep == u->endpoints[2];
        }
        CHECK(seen[0] && seen[2], "one of the others is never asked\n");
        CHECK(up_pick(nobody, &w->lab.shard.rng, NULL) == NULL, "of nothing\n");
        CHECK(up_pick(one, &w->lab.shard.rng, one->endpoints[0]) == one->endpoints[0], "the only one\n");
        up_drop(&w->ups, u);
        up_drop(&w->ups, nobody);
        up_drop(&w->ups, one);
        world_close(w);
    }
}

TEST(up_without_room)
{
    struct endpoint endpoints[3];
    struct world *w = world_open();
    struct upstream conf = conf_of(endpoints, 3, 1);

    pool_fail_after(&w->ups.ups, 1);
    CHECK(up_hold_for(&w->ups, &conf, NULL) == NULL, "held\n");
    pool_fail_after(&w->ups.endpoints, 3);
    CHECK(up_hold_for(&w->ups, &conf, NULL) == NULL && w->ups.ups.live_n == 0 && w->ups.endpoints.live_n == 0, "half of it is left\n");
    struct up *u = up_hold_for(&w->ups, &conf, NULL);
    struct conn *c = NULL;
    bool reused;
    pool_fail_after(&w->lab.conns.conns, 1);
    CHECK(up_lend(&w->ups, u->endpoints[0], SPAN_NONE, &c, &reused) == WHY_POOL_CONN_EMPTY, "lent\n");
    CHECK(u->endpoints[0]->requests_n == 0 && u->conns_n == 0, "counted\n");
    up_drop(&w->ups, u);
    world_close(w);
}

CHECK_RUN(RUN(up_keeps_a_connection), RUN(up_lends_the_warmest), RUN(up_does_not_keep_what_ends), RUN(up_closes_idle_ones_in_time),
          RUN(up_state_by_digest), RUN(up_copies_names_and_texts), RUN(up_avoids_the_one_that_failed), RUN(up_without_room))
