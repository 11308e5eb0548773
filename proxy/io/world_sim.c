/* world_sim.c - the simulated world: its seed, its time, its odds, and the peers that tests script.
 *
 * Layer:  io (simulation).
 * Thread: one.
 */
#include "io/world_sim.h"

#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"

enum {
    DELAY_NS_DEFAULT = 200000,
    BUFFERS_N_DEFAULT = 64,
    BUFFERS_N_MAX = 4096,
};

/* tidy: mutable-state: because sockets and clocks find their world without being told, as they find the kernel */
static struct world_sim *the_world;

struct world_sim *world_sim_now(void)
{
    return the_world;
}

static struct world_sim *world_of(void)
{
    MUST(the_world != NULL);
    return the_world;
}

static uint32_t size_of(uint32_t given, uint32_t fallback)
{
    return given != 0 ? given : fallback;
}

void ring_sim_open(uint64_t seed, const struct ring_sim_odds *odds)
{
    struct world_sim *w = memory_map(sizeof *w);

    MUST(w != NULL && the_world == NULL);
    rng_init(&w->chance, seed);
    w->now_ns = NS_PER_S + rng_below(&w->chance, NS_PER_S);
    w->odds = odds != NULL ? *odds : (struct ring_sim_odds){ 0 };
    w->odds.delay_ns_max = w->odds.delay_ns_max != 0 ? w->odds.delay_ns_max : DELAY_NS_DEFAULT;
    w->odds.buffers_n = size_of(w->odds.buffers_n, BUFFERS_N_DEFAULT);
    w->odds.buffer_bytes = size_of(w->odds.buffer_bytes, RING_BUFFER_BYTES_PLAIN);
    w->odds.queue_bytes = size_of(w->odds.queue_bytes, NET_SIM_QUEUE_BYTES_MAX);
    w->odds.fds_max = size_of(w->odds.fds_max, RING_SIM_SOCKETS_MAX);
    net_sim_init(&w->net, w->odds.queue_bytes, w->odds.fds_max);
    the_world = w;
}

void ring_sim_close(void)
{
    struct world_sim *w = the_world;

    if (w == NULL)
        return;
    MUST(w->rings_n == 0);
    net_sim_fini(&w->net);
    the_world = NULL;
    memory_unmap(w, sizeof *w);
}

/* ---- odds ---- */

/* Off, rare, or frequent. */
static uint16_t some_odds(struct rng *r, uint16_t frequent)
{
    switch (rng_below(r, 3)) {
    case 0:
        return 0;
    case 1:
        return (uint16_t)(1 + frequent / 20);
    default:
        return frequent;
    }
}

struct ring_sim_odds ring_sim_odds_of(uint64_t seed)
{
    struct rng r;

    rng_init(&r, ~seed);
    return (struct ring_sim_odds){
        .late = some_odds(&r, 700),
        .short_send = some_odds(&r, 500),
        .cut_receive = some_odds(&r, 700),
        .early_end = some_odds(&r, 200),
        .no_buffers = some_odds(&r, 100),
        .fail = some_odds(&r, 20),
        .cancel_loses = some_odds(&r, 500),
        .delay_ns_max = 1 + rng_below(&r, 5000000),
        .buffers_n = 4 + rng_below(&r, 60),
        .buffer_bytes = 512 + rng_below(&r, 65536 - 512),
        .queue_bytes = 1024 + rng_below(&r, NET_SIM_QUEUE_BYTES_MAX - 1023),
        .is_plain = rng_below(&r, 2) == 0,
    };
}

void ring_sim_set_odds(const struct ring_sim_odds *odds)
{
    struct ring_sim_odds *now = &world_of()->odds, before = *now;

    *now = *odds;
    now->delay_ns_max = odds->delay_ns_max != 0 ? odds->delay_ns_max : before.delay_ns_max;
    now->buffers_n = before.buffers_n;
    now->buffer_bytes = before.buffer_bytes;
    now->queue_bytes = before.queue_bytes;
    now->fds_max = before.fds_max;
    now->is_plain = before.is_plain;
}

void ring_sim_fail_nth(uint32_t n, enum why why)
{
    struct world_sim *w = world_of();

    MUST(n == 0 || why != WHY_OK);
    w->fail_in = n;
    w->fail_why = why;
}

bool ring_sim_has_failed(void)
{
    return world_of()->fail_in == 0;
}

void ring_sim_silence(uint16_t port)
{
    world_of()->silent_port_be = htons(port);
}

bool world_sim_happens(struct world_sim *w, uint16_t odds_of_1000)
{
    /* What is off takes nothing from the sequence of chance. */
    return odds_of_1000 > 0 && rng_below(&w->chance, 1000) < odds_of_1000;
}

uint32_t ring_sim_pick(uint32_t n)
{
    return rng_below(&world_of()->chance, n);
}

uint32_t ring_sim_fds_n(void)
{
    return world_of()->net.fds_n;
}

uint32_t ring_sim_ops_n(void)
{
    return world_of()->ops_n;
}

/* ---- time ---- */

uint64_t world_sim_soon_ns(struct world_sim *w)
{
    if (!world_sim_happens(w, w->odds.late))
        return w->now_ns;
    return w->now_ns + rng_u64(&w->chance) % w->odds.delay_ns_max;
}

uint64_t world_sim_next_ns(const struct world_sim *w)
{
    uint64_t next_ns = UINT64_MAX;

    for (uint32_t i = 0; i < w->later_n; i++)
        if (w->later[i].at_ns < next_ns)
            next_ns = w->later[i].at_ns;
    return next_ns;
}

/* The callback that is due first, taken out; those of one moment in the order of asking. */
static bool take_due(struct world_sim *w, struct world_sim_later *out_due)
{
    uint64_t next_ns = world_sim_next_ns(w);

    for (uint32_t i = 0; i < w->later_n && next_ns <= w->now_ns; i++) {
        if (w->later[i].at_ns != next_ns)
            continue;
        *out_due = w->later[i];
        memmove(&w->later[i], &w->later[i + 1], (--w->later_n - i) * sizeof w->later[0]);
        return true;
    }
    return false;
}

void world_sim_come_to(struct world_sim *w, uint64_t at_ns)
{
    struct world_sim_later due;

    MUST(at_ns >= w->now_ns);
    w->now_ns = at_ns;
    for (uint32_t ran = 0; take_due(w, &due); ran++) {
        MUST(ran < 100 * RING_SIM_LATER_MAX); /* a script that asks for itself again without time passing */
        due.fn(due.arg);
    }
}

void ring_sim_pass(uint64_t ns)
{
    struct world_sim *w = world_of();
    uint64_t          until_ns = w->now_ns + ns;

    for (uint64_t next_ns; (next_ns = world_sim_next_ns(w)) < until_ns;)
        world_sim_come_to(w, next_ns > w->now_ns ? next_ns : w->now_ns);
    world_sim_come_to(w, until_ns);
}

void ring_sim_later(uint64_t in_ns, ring_sim_fn *fn, void *arg)
{
    struct world_sim *w = world_of();

    MUST(w->later_n < RING_SIM_LATER_MAX);
    w->later[w->later_n++] = (struct world_sim_later){ .at_ns = w->now_ns + in_ns, .fn = fn, .arg = arg };
}

/* ---- peers ---- */

struct socket_address ring_sim_address(uint16_t port)
{
    struct socket_address a = { .bytes_n = sizeof(struct sockaddr_in) };

    a.raw.family = AF_INET;
    a.raw.port_be = htons(port);
    a.bytes[4] = 127;
    a.bytes[7] = 1;
    return a;
}

int ring_sim_peer_connect(const struct socket_address *to)
{
    struct world_sim *w = world_of();
    int               fd = net_sim_socket(&w->net, false);

    if (net_sim_connect(&w->net, fd, to, rng_below(&w->chance, 16)) == WHY_OK)
        return fd;
    net_sim_close(&w->net, fd, false);
    return -1;
}

int ring_sim_peer_listen(const struct socket_address *addr)
{
    return net_sim_listen(&world_of()->net, false, addr);
}

int ring_sim_peer_accept(int listener)
{
    struct net_sim        *net = &world_of()->net;
    struct net_sim_socket *s = net_sim_find(net, listener);
    int                    fd = -1;

    MUST(s != NULL && !s->is_ours);
    if (s->waiting_n > 0 && net_sim_accept(net, listener, &fd) != WHY_OK)
        fd = -1;
    return fd;
}

static struct net_sim *net_of_peer(int peer)
{
    struct net_sim              *net = &world_of()->net;
    const struct net_sim_socket *s = net_sim_find(net, peer);

    MUST(s != NULL && !s->is_ours); /* a script with a socket that it closed, or that is the program's */
    return net;
}

uint32_t ring_sim_peer_send(int peer, const void *at, uint32_t len)
{
    struct net_sim *net = net_of_peer(peer);
    uint32_t        n = 0;

    if (len == 0 || !net_sim_may_send(net, peer) || net_sim_send(net, peer, at, len, &n) != WHY_OK)
        return 0;
    return n;
}

int32_t ring_sim_peer_recv(int peer, void *at, uint32_t bytes_max)
{
    struct net_sim *net = net_of_peer(peer);
    uint32_t        n = 0;

    if (!net_sim_may_recv(net, peer))
        return RING_SIM_NOTHING;
    enum why why = net_sim_recv(net, peer, at, bytes_max, &n);
    if (why == WHY_OK)
        return (int32_t)n;
    return why == WHY_IO_EOF ? RING_SIM_END : RING_SIM_RESET;
}

void ring_sim_peer_finish(int peer)
{
    net_sim_finish(net_of_peer(peer), peer);
}

void ring_sim_peer_reset(int peer)
{
    net_sim_close(net_of_peer(peer), peer, true);
}

void ring_sim_peer_close(int peer)
{
    net_sim_close(net_of_peer(peer), peer, false);
}
