/* exchange_shadow_test.c - what is labelled a shadow is counted and not done; without the label the same is done.
 *
 * Method: each configuration is run in the simulated world twice, with and without the label, by the same requests. Counts are looked
 *         for at the worker, in the snapshot and in the record.
 */
#include "unit/engine/engine_world.h"

#include "engine/try.h"
#include "io/ring_sim.h"

#define LABEL "labels: {kuma.io/effect: shadow}, "
#define CAP(label) "---\n{type: ForgeBodyCap, name: cap, " label "spec: {bytes: 10}}\n"
#define TIMEOUT(label) "---\n{type: MeshTimeout, name: t, " label "spec: {to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 1s}}}]}}\n"
#define OTHER(label) WORLD_UPSTREAM("two", WORLD_ENDPOINT("9002"))                                                          \
    "---\n{type: MeshHTTPRoute, name: canary, " label "spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{path: {type: PathPrefix," \
    " value: /new}}], default: {backendRefs: [{kind: MeshExternalService, name: two}]}}]}]}}\n"
#define POST(length) "POST / HTTP/1.1\r\nHost: a.example\r\n" length

struct shadow_world {
    struct world *w;
    enum why      shadow_why;
    char          shadow_route[64];
};

static void shadow_on_record(void *owner, const struct exchange *x)
{
    struct shadow_world *s = owner;

    world_on_record(s->w, x);
    s->shadow_why = (enum why)x->shadow.why;
    s->shadow_route[0] = 0;
    if (x->shadow.route != NULL)
        snprintf(s->shadow_route, sizeof(s->shadow_route), "%.*s", SPAN_FMT(x->shadow.route->name));
}

static void shadow_on_left(void *owner, struct snapshot *snapshot)
{
    world_on_left(((struct shadow_world *)owner)->w, snapshot);
}

static void shadow_open(struct shadow_world *s, const char *documents)
{
    *s = (struct shadow_world){ .w = world_open(documents, NULL) };
    s->w->hooks = (struct engine_hooks){ .on_snapshot_left = shadow_on_left, .on_record = shadow_on_record, .owner = s };
}

/* Counted for all routes in cells of that kind. */
static uint64_t cell_sum(const struct shadow_world *s, enum shadow_what what)
{
    const struct snapshot *snapshot = s->w->e.epoch->snapshot;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < snapshot->shadow_cells_n; i++)
        for (uint32_t t = 0; t <= WORKERS_MAX; t++)
            sum += snapshot->shadow_cells[i].what == what ? snapshot->shadow_counts[t * snapshot->shadow_cells_n + i] : 0;
    return sum;
}

static uint64_t shadow_endings(const struct shadow_world *s, enum why why)
{
    return counter_get_shadow(&s->w->lab.shard.counters, why);
}

TEST(a_shadow_cap_lets_bodies_pass_and_counts)
{
    static const char *const bodies[] = { POST("Content-Length: 11\r\n\r\n") "12345678901",
                                          POST("Transfer-Encoding: chunked\r\n\r\n") "6\r\n123456\r\n5\r\n78901\r\n5\r\n23456\r\n0\r\n\r\n" };

    for (size_t i = 0; i < COUNT(bodies); i++)
        for (int is_shadow = 0; is_shadow < 2; is_shadow++) {
            struct shadow_world s;
            shadow_open(&s, is_shadow ? WORLD_USUAL CAP(LABEL) : WORLD_USUAL CAP(""));
            int client = lab_connect(&s.w->lab);
            lab_send(&s.w->lab, client, bodies[i]);
            if (is_shadow) {
                int up = world_accept(s.w);
                lab_read(&s.w->lab, up, s.w->text);
                CHECK(strstr(s.w->text, "901") != NULL || strstr(s.w->text, "78901") != NULL, "the body does not pass: %s\n", s.w->text);
                lab_send(&s.w->lab, up, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
                world_expect(s.w, client, "HTTP/1.1 200 ");
                CHECK(s.w->why == WHY_OK && s.shadow_why == WHY_POLICY_BODY_CAP, "%s %s\n", why_name(s.w->why), why_name(s.shadow_why));
                CHECK(shadow_endings(&s, WHY_POLICY_BODY_CAP) == 1 && cell_sum(&s, SHADOW_POLICY) == 1, "counted once a request\n");
                CHECK(lab_why(&s.w->lab, WHY_POLICY_BODY_CAP) == 0, "counted as an ending\n");
                ring_sim_peer_close(up);
            } else {
                lab_run(&s.w->lab);
                int up = ring_sim_peer_accept(s.w->origin);
                world_expect(s.w, client, "HTTP/1.1 413 ");
                CHECK(shadow_endings(&s, WHY_POLICY_BODY_CAP) == 0 && s.w->e.epoch->snapshot->shadow_cells_n == 0, "a shadow\n");
                if (up >= 0)
                    ring_sim_peer_close(up);
            }
            ring_sim_peer_close(client);
            world_close(s.w);
        }
}

/* A body that the shadow would let pass is not counted; a stronger shadow beside an enforced cap is asked after it. */
TEST(a_shadow_cap_counts_what_it_would_refuse_only)
{
    static const struct { const char *body, *answer; uint64_t counted; } rows[] = {
        { POST("Content-Length: 10\r\n\r\n") "1234567890", "HTTP/1.1 200 ", 0 },
        { POST("Content-Length: 20\r\n\r\n") "12345678901234567890", "HTTP/1.1 200 ", 1 },
        { POST("Content-Length: 21\r\n\r\n") "123456789012345678901", "HTTP/1.1 413 ", 0 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct shadow_world s;
        shadow_open(&s, WORLD_USUAL CAP(LABEL) "---\n{type: ForgeBodyCap, name: zz, spec: {bytes: 20}}\n");
        int client = lab_connect(&s.w->lab);
        lab_send(&s.w->lab, client, rows[i].body);
        lab_run(&s.w->lab);
        int up = ring_sim_peer_accept(s.w->origin);
        if (up >= 0)
            lab_send(&s.w->lab, up, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        world_expect(s.w, client, rows[i].answer);
        CHECK(shadow_endings(&s, WHY_POLICY_BODY_CAP) == rows[i].counted, "row %zu: %llu\n", i,
              (unsigned long long)shadow_endings(&s, WHY_POLICY_BODY_CAP));
        if (up >= 0)
            ring_sim_peer_close(up);
        ring_sim_peer_close(client);
        world_close(s.w);
    }
}

TEST(a_shadow_route_counts_what_would_go_elsewhere)
{
    static const struct { const char *path; bool is_elsewhere; } rows[] = { { "/new/x", true }, { "/new", true }, { "/newer", false }, { "/", false } };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct shadow_world s;
        char request[128];
        shadow_open(&s, WORLD_USUAL OTHER(LABEL));
        int client = lab_connect(&s.w->lab);
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a.example\r\n\r\n", rows[i].path);
        lab_send(&s.w->lab, client, request);
        int up = world_accept(s.w);
        lab_send(&s.w->lab, up, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        world_expect(s.w, client, "HTTP/1.1 200 ");
        CHECK(lab_metric(&s.w->lab, METRIC_SHADOW_ROUTES) == rows[i].is_elsewhere && cell_sum(&s, SHADOW_ROUTE) == rows[i].is_elsewhere,
              "%s\n", rows[i].path);
        CHECK(strcmp(s.shadow_route, rows[i].is_elsewhere ? "canary" : "") == 0, "%s: %s\n", rows[i].path, s.shadow_route);
        ring_sim_peer_close(up);
        ring_sim_peer_close(client);
        world_close(s.w);
    }
}

/* Nowhere else can a request of a host go that only a shadow serves: it is refused as before, and counted. */
TEST(a_shadow_route_of_another_host_counts_refused_requests)
{
    struct shadow_world s;

    shadow_open(&s, "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n" WORLD_UPSTREAM("one", WORLD_ENDPOINT("9001"))
                "---\n{type: MeshHTTPRoute, name: sh, " LABEL "spec: {to: [{targetRef: {kind: Mesh}, hostnames: [n.example], rules: [{matches: "
                "[{path: {type: PathPrefix, value: /}}], default: {backendRefs: [{kind: MeshExternalService, name: one}]}}]}]}}\n");
    int client = lab_connect(&s.w->lab);
    lab_send(&s.w->lab, client, "GET / HTTP/1.1\r\nHost: n.example\r\n\r\n");
    world_expect(s.w, client, "HTTP/1.1 404 ");
    CHECK(lab_metric(&s.w->lab, METRIC_SHADOW_ROUTES) == 1 && strcmp(s.shadow_route, "sh") == 0, "%s\n", s.shadow_route);
    ring_sim_peer_close(client);
    world_close(s.w);
}

TEST(without_the_label_the_route_is_taken)
{
    struct shadow_world s;
    struct socket_address two = ring_sim_address(WORLD_PORT_TWO);

    shadow_open(&s, WORLD_USUAL OTHER(""));
    int origin_two = ring_sim_peer_listen(&two);
    int client = lab_connect(&s.w->lab);
    lab_send(&s.w->lab, client, GET("/new/x"));
    lab_run(&s.w->lab);
    int up = ring_sim_peer_accept(origin_two);
    CHECK(up >= 0 && s.w->e.epoch->listeners[0]->shadow == NULL, "not taken\n");
    ring_sim_peer_close(up);
    ring_sim_peer_close(client);
    world_close(s.w);
}

TEST(a_shadow_timeout_counts_what_took_longer)
{
    static const struct { uint64_t after_ns; bool is_shadow; const char *answer; uint64_t counted; } rows[] = {
        { 900 * NS_PER_MS, true, "HTTP/1.1 200 ", 0 }, { 1100 * NS_PER_MS, true, "HTTP/1.1 200 ", 1 },
        { 900 * NS_PER_MS, false, "HTTP/1.1 200 ", 0 }, { 1100 * NS_PER_MS, false, "HTTP/1.1 504 ", 0 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct shadow_world s;
        shadow_open(&s, rows[i].is_shadow ? WORLD_USUAL TIMEOUT(LABEL) : WORLD_USUAL TIMEOUT(""));
        int client = lab_connect(&s.w->lab);
        lab_send(&s.w->lab, client, GET("/"));
        int up = world_accept(s.w);
        lab_pass(&s.w->lab, rows[i].after_ns);
        if (s.w->records_n == 0)
            lab_send(&s.w->lab, up, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        world_expect(s.w, client, rows[i].answer);
        CHECK(shadow_endings(&s, WHY_UP_TIMEOUT) == rows[i].counted && cell_sum(&s, SHADOW_TIMEOUT) == rows[i].counted, "row %zu\n", i);
        ring_sim_peer_close(up);
        ring_sim_peer_close(client);
        world_close(s.w);
    }
}

/* The dry run says the same. */
TEST(try_tells_shadows)
{
    struct snapshot *snapshot = conf_check_load(WORLD_USUAL CAP(LABEL) OTHER(LABEL));
    struct try *t = try_open();
    struct try_request request = { .method = SPAN_LIT("POST"), .authority = SPAN_LIT("a.example"), .target = SPAN_LIT("/new"), .body_bytes = 11 };

    for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
        request.is_chunked = is_chunked == 1;
        const struct try_result *r = try_run(t, snapshot, &request);
        CHECK(r->why == WHY_OK && span_is(r->route->name, SPAN_LIT("all")), "%s\n", why_name(r->why));
        CHECK(r->shadow_route != NULL && span_is(r->shadow_route->name, SPAN_LIT("canary")), "no shadow route\n");
        CHECK(r->policies[0].is_shadow && strcmp(try_policy_verdict(&r->policies[0]), "would-refuse") == 0 &&
              r->policies[0].why == WHY_POLICY_BODY_CAP && r->policies[0].is_by_body == request.is_chunked, "%s\n", try_policy_verdict(&r->policies[0]));
    }
    try_close(t);
    conf_free(snapshot);
}

CHECK_RUN(RUN(a_shadow_cap_lets_bodies_pass_and_counts), RUN(a_shadow_cap_counts_what_it_would_refuse_only),
          RUN(a_shadow_route_counts_what_would_go_elsewhere), RUN(a_shadow_route_of_another_host_counts_refused_requests),
          RUN(without_the_label_the_route_is_taken), RUN(a_shadow_timeout_counts_what_took_longer), RUN(try_tells_shadows))
