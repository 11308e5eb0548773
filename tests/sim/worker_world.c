/* worker_world.c - see worker_world.h. */
#include "sim/worker_world.h"

#include <stdlib.h>

#include "base/memory.h"
#include "conf/diag.h"
#include "conf/load.h"
#include "conf/snapshot.h"
#include "engine/exchange.h"

enum { WORLD_TICKS_MAX = 300000 };

/* ---- configurations ---- */

#define WORLD_SERVICE(name, protocol, endpoints)                                                                       \
    "---\n{type: MeshExternalService, name: " name ", spec: {match: {port: 80, protocol: " protocol "},"              \
    " endpoints: [" endpoints "]}}\n"                                                                                  \
    "---\n{type: ForgeUpstream, name: " name ", spec: {targetRef: {kind: MeshExternalService, name: " name "},"       \
    " connectTimeout: 500ms, idleTimeout: 2s}}\n"
#define WORLD_ENDPOINT(port) "{address: 127.0.0.1, port: " port "}"
#define WORLD_ROUTE(name, service)                                                                                     \
    "---\n{type: MeshHTTPRoute, name: " name ", spec: {to: [{targetRef: {kind: Mesh}, rules: [{"                      \
    "matches: [{path: {type: PathPrefix, value: /" name "}}],"                                                        \
    " default: {backendRefs: [{kind: MeshExternalService, name: " service "}]}}]}]}}\n"

static const char text_common[] =
    "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
    "---\n{type: ForgeListener, name: l, spec: {targetRef: {kind: MeshGateway, name: edge}, idleTimeout: 5s, headTimeout: 2s}}\n"
    "---\n{type: MeshTimeout, name: t, spec: {to: [{targetRef: {kind: Mesh},"
    " default: {http: {requestTimeout: 60s, streamIdleTimeout: 5s}}}]}}\n"
    "---\n{type: ForgeBodyCap, name: c, spec: {targetRef: {kind: MeshHTTPRoute, name: capped}, bytes: 4000}}\n"
    WORLD_SERVICE("two", "http2", WORLD_ENDPOINT("9002"))
    WORLD_SERVICE("pair", "http", WORLD_ENDPOINT("9010") ", " WORLD_ENDPOINT("9001"))
    WORLD_SERVICE("gone", "http", WORLD_ENDPOINT("9010"))
    WORLD_SERVICE("dark", "http", WORLD_ENDPOINT("9009"))
    WORLD_ROUTE("one", "one") WORLD_ROUTE("two", "two") WORLD_ROUTE("pair", "pair") WORLD_ROUTE("gone", "gone")
    WORLD_ROUTE("dark", "dark") WORLD_ROUTE("capped", "one");
/* The upstream that changes from one configuration to the next. */
static const char text_even[] = WORLD_SERVICE("one", "http", WORLD_ENDPOINT("9001"));
static const char text_odd[] = WORLD_SERVICE("one", "http", WORLD_ENDPOINT("9001") ", " WORLD_ENDPOINT("9003"));

static struct snapshot *world_load(struct world *w, uint64_t generation)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct snapshot *snapshot = NULL;
    char text[8192];
    int n = snprintf(text, sizeof(text), "%s%s---\n{type: ForgeTestPolicies, name: p, spec: {pedant: true, chopSeed: %llu}}\n",
                     text_common, generation % 2 == 0 ? text_even : text_odd,
                     (unsigned long long)(1 + (w->seed * 7 + generation) % 1000000));

    CHECK(diag != NULL && n > 0 && (size_t)n < sizeof(text), "the documents are too long\n");
    diag_init(diag);
    if (conf_load_text("world.yaml", span_str(text), diag, &snapshot) != WHY_OK) {
        diag_print(diag, 2);
        CHECK(false, "the documents of the world are wrong\n");
    }
    free(diag);
    snapshot->access_format = &w->format;
    return snapshot;
}

static struct publication *world_publication(struct world *w)
{
    struct publication *p = memory_map(sizeof(*p));
    struct socket_address addr = ring_sim_address(WORLD_PORT);
    int error = 0;

    CHECK(p != NULL, "no memory\n");
    p->snapshot = world_load(w, w->pubs_n + 1);
    for (uint32_t i = 0; i < LISTENERS_MAX; i++)
        p->fds[0][i] = -1;
    p->listeners[0] = &p->snapshot->listeners[0];
    if (w->pubs_n == 0)
        CHECK(socket_listen(&addr, LISTEN_BACKLOG, &p->fds[0][0], &error) == WHY_OK, "cannot listen: %d\n", error);
    return p;
}

/* ---- the part of control ---- */

static void world_tell(struct world *w, enum message_kind kind, uint64_t value, void *moved)
{
    struct message m = { .kind = kind, .value = value, .moved = moved };

    CHECK(hub_send(&w->hub, 1, 0, m) == WHY_OK, "seed %llu: the worker does not read its messages\n", (unsigned long long)w->seed);
}

bool world_swap(struct world *w)
{
    struct world_pub *pub = &w->pubs[w->pubs_n];

    if (w->pubs_n > 0 && !w->pubs[w->pubs_n - 1].is_taken)
        return false;
    CHECK(w->pubs_n < WORLD_PUBS_MAX, "too many configurations\n");
    *pub = (struct world_pub){ .publication = world_publication(w) };
    w->pubs_n++;
    world_tell(w, MESSAGE_SNAPSHOT_NEW, 0, pub->publication);
    return true;
}

static void world_on_left(struct world *w, const struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < w->pubs_n; i++) {
        struct world_pub *pub = &w->pubs[i];
        if (pub->publication == NULL || pub->publication->snapshot != snapshot)
            continue;
        CHECK(!pub->has_left, "seed %llu: a configuration is left twice\n", (unsigned long long)w->seed);
        CHECK(pub->is_taken, "seed %llu: a configuration is left before it is taken\n", (unsigned long long)w->seed);
        pub->has_left = true;
        conf_free(pub->publication->snapshot); /* From here on the sanitizer sees any use of it. */
        memory_unmap(pub->publication, sizeof(*pub->publication));
        pub->publication = NULL;
        return;
    }
    CHECK(false, "seed %llu: an unknown configuration is left\n", (unsigned long long)w->seed);
}

static void world_on_taken(struct world *w, const struct publication *p, enum why why)
{
    for (uint32_t i = 0; i < w->pubs_n; i++)
        if (w->pubs[i].publication == p)
            w->pubs[i].is_taken = true;
    CHECK(why == WHY_OK || why == WHY_POOL_EPOCH_EMPTY, "seed %llu: not taken: %s\n", (unsigned long long)w->seed, why_name(why));
}

static void world_on_batch(struct world *w, struct log_batch *b)
{
    CHECK(b->bytes > 0 && b->bytes <= LOG_BATCH_BYTES && b->text[b->bytes - 1] == '\n', "a batch of %u bytes\n", b->bytes);
    for (uint32_t i = 0; i < b->bytes; i++)
        w->lines_n += b->text[i] == '\n';
    CHECK(w->batches_n < WORLD_BATCHES_MAX, "more batches than there are\n");
    w->batches[w->batches_n++] = b;
}

static void world_control(struct world *w)
{
    struct ring_event events[64];
    struct message m;

    while (hub_receive(&w->hub, 1, &m)) {
        if (m.kind == MESSAGE_SNAPSHOT_TAKEN)
            world_on_taken(w, m.moved, (enum why)m.value);
        else if (m.kind == MESSAGE_SNAPSHOT_LEFT)
            world_on_left(w, m.moved);
        else if (m.kind == MESSAGE_LOG_BATCH)
            world_on_batch(w, m.moved);
        else if (m.kind == MESSAGE_DRAINED)
            w->was_drained = true;
        else
            CHECK(false, "seed %llu: message %u for control\n", (unsigned long long)w->seed, m.kind);
        w->is_cut = w->is_cut || (m.kind == MESSAGE_DRAINED && m.value > 0);
        (void)ring_wait(w->control, events, COUNT(events), 0, 1, 0); /* The wake-ups themselves say nothing. */
    }
    if (w->batches_n > 0 && ring_sim_pick(3) == 0)
        world_tell(w, MESSAGE_LOG_BATCH_BACK, 0, w->batches[--w->batches_n]);
}

/* ---- what the engine tells ---- */

static void world_on_record(void *owner, const struct exchange *x)
{
    struct world *w = owner;
    struct plan *p = plan_of(&w->plans, x->target);

    w->records_n++;
    if (p != NULL)
        plan_record(&w->plans, p, (enum why)x->why);
    w->own_hooks.on_record(w->own_hooks.owner, x);
}

static void world_on_snapshot_left(void *owner, struct snapshot *snapshot)
{
    struct world *w = owner;

    w->own_hooks.on_snapshot_left(w->own_hooks.owner, snapshot);
}

/* ---- life ---- */

static void world_open_format(struct world *w)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct access_log conf = { .is_on = true, .is_json = true };

    CHECK(diag != NULL, "no memory\n");
    diag_init(diag);
    CHECK(access_format_compile(&w->format, &conf, SPAN_LIT("default"), (struct diag_place){ 0 }, diag), "no format\n");
    free(diag);
}

struct world *world_open(uint64_t seed, const struct ring_sim_odds *odds, const struct plan_mood *mood)
{
    struct world *w = memory_map(sizeof(*w));
    char error[256] = "";

    CHECK(w != NULL, "no memory\n");
    w->seed = seed;
    ring_sim_open(seed, odds);
    ring_sim_silence(WORLD_PORT_DARK);
    w->plans.seed = seed;
    w->plans.mood = *mood;
    world_open_format(w);
    w->worker = memory_map(sizeof(*w->worker));
    CHECK(w->worker != NULL && hub_open(&w->hub, 1) == WHY_OK && ring_open(&w->control, error, sizeof(error)) == WHY_OK,
          "%s\n", error);
    w->hub.rings[1] = w->control;
    CHECK(worker_open(w->worker, &w->hub, 0) == WHY_OK, "%s\n", w->worker->error);
    rng_init(&w->worker->loop.shard.rng, seed); /* Chance of the world's own: a seed must replay. */
    w->worker->loop.shard.now_ns = clock_mono_ns();
    w->own_hooks = w->worker->loop.engine_hooks;
    w->worker->loop.engine_hooks = (struct engine_hooks){ .on_snapshot_left = world_on_snapshot_left,
                                                          .on_record = world_on_record, .owner = w };
    CHECK(world_swap(w), "no configuration\n");
    while (!w->pubs[0].is_taken)
        world_tick(w);
    return w;
}

void world_open_origins(struct world *w, bool leaves_idle)
{
    origin_open(&w->one, &w->plans, WORLD_PORT_ONE, false, leaves_idle);
    origin_open(&w->two, &w->plans, WORLD_PORT_TWO, true, leaves_idle);
    origin_open(&w->three, &w->plans, WORLD_PORT_THREE, false, leaves_idle);
}

struct client *world_add_client(struct world *w, bool is_h2, uint32_t requests_n, uint32_t depth)
{
    struct client *c = &w->clients[w->clients_n++];

    CHECK(w->clients_n <= WORLD_CLIENTS_MAX, "too many clients\n");
    client_open(c, &w->plans, WORLD_PORT, is_h2, requests_n, depth);
    return c;
}

void world_tick(struct world *w)
{
    loop_tick(&w->worker->loop);
    world_control(w);
    world_check(w);
    if (++w->ticks > WORLD_TICKS_MAX) {
        for (uint32_t i = 0; i < w->clients_n; i++)
            if (w->clients[i].calls_n > 0)
                plan_print(&w->plans, w->clients[i].calls[0].plan);
        CHECK(false, "seed %llu: the loop spins\n", (unsigned long long)w->seed);
    }
}

void world_pass(struct world *w, uint64_t ns)
{
    uint64_t until_ns = clock_mono_ns() + ns;

    while (clock_mono_ns() < until_ns)
        world_tick(w);
}

void world_run(struct world *w)
{
    for (uint32_t i = 0; i < w->clients_n; i++)
        while (!w->clients[i].is_done)
            world_tick(w);
}

void world_drain(struct world *w, uint64_t within_ns)
{
    world_tell(w, MESSAGE_DRAIN, clock_mono_ns() + within_ns, NULL);
}

static void world_stop(struct world *w)
{
    uint64_t until_ns = clock_mono_ns() + 60 * NS_PER_S;

    world_tell(w, MESSAGE_STOP, 0, NULL);
    while (!w->worker->loop.must_stop) {
        world_tick(w);
        if (clock_mono_ns() >= until_ns)
            world_print(w);
        CHECK(clock_mono_ns() < until_ns, "seed %llu: the worker does not stop\n", (unsigned long long)w->seed);
    }
}

void world_end(struct world *w)
{
    const struct ring_sim_odds kind = { 0 };

    for (uint32_t i = 0; i < w->clients_n; i++)
        client_close(&w->clients[i]);
    ring_sim_set_odds(&kind); /* An unkind world may keep something back for long, a kind one may not. */
    if (!w->was_drained)
        world_drain(w, 20 * NS_PER_S);
    for (uint64_t until_ns = clock_mono_ns() + 30 * NS_PER_S; !w->was_drained;) {
        world_tick(w);
        if (clock_mono_ns() >= until_ns)
            world_print(w);
        CHECK(clock_mono_ns() < until_ns, "seed %llu: the worker does not drain\n", (unsigned long long)w->seed);
    }
    world_stop(w);
    world_check_quiet(w);
}

void world_close(struct world *w)
{
    if (!w->worker->loop.must_stop)
        world_end(w);
    origin_close(&w->one);
    origin_close(&w->two);
    origin_close(&w->three);
    worker_close(w->worker);
    world_control(w);
    for (uint32_t i = 0; i < w->pubs_n; i++)
        CHECK(w->pubs[i].has_left, "seed %llu: configuration %u is never left\n", (unsigned long long)w->seed, i);
    ring_close(w->control);
    hub_close(&w->hub);
    CHECK(ring_sim_fds_n() == 0, "seed %llu: %u descriptors are left open\n", (unsigned long long)w->seed, ring_sim_fds_n());
    ring_sim_close();
    memory_unmap(w->worker, sizeof(*w->worker));
    memory_unmap(w, sizeof(*w));
}
