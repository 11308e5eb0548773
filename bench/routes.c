/* routes.c - what a configuration of N routes costs: to check and compile, to keep, and to match a request with.
 *
 *     routes N [ROUNDS]
 *
 * Prints one JSON object: milliseconds to read, check and compile (median of the rounds), bytes of the snapshot per route,
 * nanoseconds per look-up of host and route (median of the rounds, each over ASKS_N requests in random order), and how many
 * of the requests found the route they were made for (all, or the figure means nothing).
 *
 * The routes are what an organisation's are: hosts with a hundred routes each, most of them prefixes of two to four
 * segments, some exact, some with a method, a header or a query parameter, one regular expression a host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "conf/conf_arena.h"
#include "conf/diag.h"
#include "conf/load.h"
#include "conf/snapshot.h"
#include "engine/router.h"
#include "http/head.h"

enum { ROUTES_N_MAX = 50000, ROUNDS_MAX = 99, ROUTES_A_HOST = 100, ASKS_N = 20000, ROUTE_TEXT_BYTES_MAX = 700, PATH_BYTES_MAX = 128 };

struct ask {
    char        host[48], target[PATH_BYTES_MAX + 32], route[16];
    enum method method;
    bool        has_header;
};

static void fail(const char *text)
{
    fprintf(stderr, "routes: %s\n", text);
    exit(1);
}

/* The path of route i, and how it is matched. */
static void route_path(unsigned i, char *out)
{
    static const char *const areas[] = { "orders", "customers", "catalogue/items", "billing", "search/v2" };

    snprintf(out, PATH_BYTES_MAX, "/api/%s/team-%u/r%u", areas[i % COUNT(areas)], i % 13, i);
}

static size_t write_route(char *out, unsigned i)
{
    char path[PATH_BYTES_MAX], more[120] = "";
    const char *type = i % 10 == 3 ? "Exact" : "PathPrefix";

    route_path(i, path);
    if (i % ROUTES_A_HOST == 50) {
        type = "RegularExpression";
        snprintf(path, sizeof(path), "/reports/[0-9]+/r%u", i);
    }
    if (i % 10 == 5)
        snprintf(more, sizeof(more), ", method: POST");
    else if (i % 10 == 6)
        snprintf(more, sizeof(more), ", headers: [{name: x-tenant, value: blue}]");
    else if (i % 10 == 7)
        snprintf(more, sizeof(more), ", queryParams: [{name: version, value: '%u'}]", i % 3);
    return (size_t)snprintf(out, ROUTE_TEXT_BYTES_MAX,
                            "---\n{type: MeshHTTPRoute, name: r%u, spec: {to: [{targetRef: {kind: Mesh}, hostnames: [h%u.example.com], "
                            "rules: [{matches: [{path: {type: %s, value: '%s'}%s}], "
                            "default: {backendRefs: [{kind: MeshExternalService, name: a}]}}]}]}}\n",
                            i, i / ROUTES_A_HOST, type, path, more);
}

static struct span write_documents(unsigned n)
{
    static const char head[] = "{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP}]}}\n---\n"
                               "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, "
                               "endpoints: [{address: 127.0.0.1, port: 1}]}}\n";
    char *text = malloc(sizeof(head) + (size_t)n * ROUTE_TEXT_BYTES_MAX);
    size_t used = sizeof(head) - 1;

    if (text == NULL)
        fail("no memory");
    memcpy(text, head, used);
    for (unsigned i = 0; i < n; i++)
        used += write_route(text + used, i);
    return span_of(text, used);
}

static void make_ask(struct ask *a, unsigned i)
{
    char path[PATH_BYTES_MAX];

    memset(a, 0, sizeof(*a));
    route_path(i, path);
    snprintf(a->host, sizeof(a->host), "h%u.example.com", i / ROUTES_A_HOST);
    snprintf(a->route, sizeof(a->route), "r%u", i);
    a->method = i % 10 == 5 ? METHOD_POST : METHOD_GET;
    a->has_header = i % 10 == 6;
    if (i % ROUTES_A_HOST == 50)
        snprintf(a->target, sizeof(a->target), "/reports/%u/r%u", i * 7, i);
    else if (i % 10 == 7)
        snprintf(a->target, sizeof(a->target), "%s?page=2&version=%u", path, i % 3);
    else
        snprintf(a->target, sizeof(a->target), "%s%s", path, i % 10 == 3 ? "" : "/1234");
}

static uint32_t answer(const struct snapshot *s, struct arena *arena, struct ask *a)
{
    struct head head;
    const struct virtual_host *vh;
    const struct route *route;

    head_init(&head, arena);
    head.method = (uint8_t)a->method;
    head.authority = span_str(a->host);
    head.target = span_str(a->target);
    if (!head_add_static(&head, field_id_of(SPAN_LIT("accept")), SPAN_LIT("accept"), SPAN_LIT("*/*")) ||
        (a->has_header && !head_add_static(&head, FIELD_OTHER, SPAN_LIT("x-tenant"), SPAN_LIT("blue"))))
        fail("no memory");
    vh = router_host(&s->listeners[0], head.authority);
    route = vh != NULL ? router_find(vh, &head, head_path(&head)) : NULL;
    return route != NULL && span_is(route->name, span_str(a->route));
}

/* Nanoseconds an ask. */
static double match_ns(const struct snapshot *s, unsigned n, struct rng *rng, struct buf_pool *bufs, unsigned *io_right_n)
{
    struct ask *asks = malloc(sizeof(*asks) * ASKS_N);
    struct arena arena;
    uint64_t began_ns;

    if (asks == NULL)
        fail("no memory");
    for (unsigned i = 0; i < ASKS_N; i++)
        make_ask(&asks[i], rng_below(rng, n));
    began_ns = clock_mono_ns();
    for (unsigned i = 0; i < ASKS_N; i++) {
        arena_init(&arena, bufs, EXCHANGE_ARENA_BYTES_MAX);
        *io_right_n += answer(s, &arena, &asks[i]);
        arena_fini(&arena);
    }
    double ns = (double)(clock_mono_ns() - began_ns) / ASKS_N;
    free(asks);
    return ns;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0, rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 7;
    double compile_ms[ROUNDS_MAX], ns[ROUNDS_MAX], bytes = 0;
    struct diag *diag = malloc(sizeof(*diag));
    struct buf_pool bufs;
    struct rng rng;
    unsigned right_n = 0;

    if (n < 1 || n > ROUTES_N_MAX || rounds < 1 || rounds > ROUNDS_MAX || diag == NULL || buf_pool_open(&bufs, 64, 64) != WHY_OK)
        fail("routes N [ROUNDS]: 1 to 50000 routes, 1 to 99 rounds");
    rng_init(&rng, 1);
    struct span text = write_documents(n);
    for (unsigned i = 0; i < rounds; i++) {
        struct snapshot *s = NULL;
        uint64_t began_ns = clock_mono_ns();
        diag_init(diag);
        if (conf_load_text("routes.yaml", text, diag, &s) != WHY_OK)
            fail(diag->items[0].text);
        compile_ms[i] = (double)(clock_mono_ns() - began_ns) / NS_PER_MS;
        bytes = (double)s->arena->bytes;
        ns[i] = match_ns(s, n, &rng, &bufs, &right_n);
        conf_free(s);
    }
    qsort(compile_ms, rounds, sizeof(*compile_ms), by_size);
    qsort(ns, rounds, sizeof(*ns), by_size);
    printf("{\"routes\": %u, \"compile_ms\": %.2f, \"bytes_per_route\": %.0f, \"match_ns\": %.1f, \"asks\": %u, \"right\": %u}\n", n,
           compile_ms[rounds / 2], bytes / n, ns[rounds / 2], rounds * ASKS_N, right_n);
    return right_n == rounds * ASKS_N ? 0 : 1;
}
