/* router_test.c - the route that serves a request is the one that a walk in order of precedence finds.
 *
 * Goal:   whatever the routes and the request, router and reference agree; each kind of match means what it says.
 * Method: random rules of few paths, methods, headers and parameters, written as documents, loaded, and asked; the reference
 *         compares every match of every rule by the sentences of kuma-dialect.md 3.3. The redirect's port tells which rule it was.
 */
#include <stdlib.h>

#include "unit/conf/conf_check.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/rng.h"
#include "engine/router.h"
#include "http/head.h"

struct world {
    struct buf_pool bufs;
    struct arena    arena;
    struct head     head;
};

static void world_open(struct world *w)
{
    memset(w, 0, sizeof(*w));
    CHECK(buf_pool_open(&w->bufs, 64, 64) == WHY_OK, "no memory for the test\n");
    arena_init(&w->arena, &w->bufs, EXCHANGE_ARENA_BYTES_MAX);
}

static void world_close(struct world *w)
{
    arena_fini(&w->arena);
    buf_pool_close(&w->bufs);
}

/* A request: its headers are "name: value" texts, NULL-ended. */
static const struct head *ask(struct world *w, enum method method, const char *target, const char *const *headers)
{
    arena_fini(&w->arena);
    head_init(&w->head, &w->arena);
    w->head.method = (uint8_t)method;
    w->head.authority = SPAN_LIT("edge.example:8080");
    w->head.target = span_str(target);
    for (; headers != NULL && *headers != NULL; headers++) {
        const char *colon = strchr(*headers, ':');
        CHECK(head_add(&w->head, span_of(*headers, (size_t)(colon - *headers)), span_str(colon + 1), 0), "%s\n", *headers);
    }
    return &w->head;
}

#define GATEWAY "{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP}]}}\n"
#define MATCH(match)                                                                                                   \
    "---\n{type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [" match "], default: " \
    "{filters: [{type: RequestRedirect, requestRedirect: {port: 1}}]}}]}]}}\n"

TEST(router_matches)
{
    static const char *const a[] = { "x-a: 1", NULL }, *const b[] = { "x-a: 2", NULL }, *const both[] = { "x-a: 2", "x-a: 1", NULL };
    static const char *const agent[] = { "user-agent: curl/8", NULL }, *const empty[] = { "x-a:", NULL };
    static const struct { const char *match, *target; enum method method; const char *const *headers; bool is_match; } rows[] = {
        { "{}", "/", METHOD_GET, NULL, true }, { "{}", "*", METHOD_OPTIONS, NULL, true },
        { "{method: GET}", "/", METHOD_GET, NULL, true }, { "{method: GET}", "/", METHOD_HEAD, NULL, false },
        { "{path: {type: Exact, value: /a}}", "/a", METHOD_GET, NULL, true }, { "{path: {type: Exact, value: /a}}", "/a?b", METHOD_GET, NULL, true },
        { "{path: {type: Exact, value: /a}}", "/a/", METHOD_GET, NULL, false }, { "{path: {type: Exact, value: /a}}", "/A", METHOD_GET, NULL, false },
        { "{path: {type: PathPrefix, value: /a}}", "/a", METHOD_GET, NULL, true }, { "{path: {type: PathPrefix, value: /a}}", "/a/b", METHOD_GET, NULL, true },
        { "{path: {type: PathPrefix, value: /a}}", "/ab", METHOD_GET, NULL, false }, { "{path: {type: PathPrefix, value: /a}}", "/a/", METHOD_GET, NULL, true },
        { "{path: {type: PathPrefix, value: /}}", "/x", METHOD_GET, NULL, true },
        { "{path: {type: RegularExpression, value: '/[a-c]+'}}", "/abc", METHOD_GET, NULL, true },
        { "{path: {type: RegularExpression, value: '/[a-c]+'}}", "/abcd", METHOD_GET, NULL, false },
        { "{headers: [{name: x-a, value: '1'}]}", "/", METHOD_GET, a, true }, { "{headers: [{name: x-a, value: '1'}]}", "/", METHOD_GET, b, false },
        { "{headers: [{name: x-a, value: '1'}]}", "/", METHOD_GET, both, true }, { "{headers: [{name: x-a, value: '1'}]}", "/", METHOD_GET, NULL, false },
        { "{headers: [{type: Prefix, name: user-agent, value: curl}]}", "/", METHOD_GET, agent, true },
        { "{headers: [{type: Prefix, name: user-agent, value: Curl}]}", "/", METHOD_GET, agent, false },
        { "{headers: [{type: RegularExpression, name: x-a, value: '[12]'}]}", "/", METHOD_GET, b, true },
        { "{headers: [{type: RegularExpression, name: x-a, value: '[34]'}]}", "/", METHOD_GET, b, false },
        { "{headers: [{type: Present, name: x-a}]}", "/", METHOD_GET, empty, true }, { "{headers: [{type: Present, name: x-a}]}", "/", METHOD_GET, NULL, false },
        { "{headers: [{type: Absent, name: x-a}]}", "/", METHOD_GET, NULL, true }, { "{headers: [{type: Absent, name: x-a}]}", "/", METHOD_GET, empty, false },
        { "{headers: [{name: host, value: 'edge.example:8080'}]}", "/", METHOD_GET, NULL, true },
        { "{headers: [{type: Absent, name: host}]}", "/", METHOD_GET, NULL, false },
        { "{queryParams: [{name: q, value: '1'}]}", "/?p=2&q=1", METHOD_GET, NULL, true }, { "{queryParams: [{name: q, value: '1'}]}", "/?q=2&q=1", METHOD_GET, NULL, false },
        { "{queryParams: [{name: q, value: '1'}]}", "/", METHOD_GET, NULL, false }, { "{queryParams: [{name: q, value: ''}]}", "/?q", METHOD_GET, NULL, true },
        { "{queryParams: [{name: q, value: 'a b'}]}", "/?%71=a+b", METHOD_GET, NULL, true }, { "{queryParams: [{name: q, value: 'a b'}]}", "/?q=a%20b", METHOD_GET, NULL, true },
        { "{queryParams: [{type: RegularExpression, name: q, value: '[0-9]+'}]}", "/?q=12", METHOD_GET, NULL, true },
        { "{queryParams: [{type: RegularExpression, name: q, value: '[0-9]+'}]}", "/?q=1x", METHOD_GET, NULL, false },
        { "{method: PUT, headers: [{name: x-a, value: '1'}], queryParams: [{name: q, value: '1'}]}", "/?q=1", METHOD_PUT, a, true },
        { "{method: PUT, headers: [{name: x-a, value: '1'}], queryParams: [{name: q, value: '1'}]}", "/?q=2", METHOD_PUT, a, false },
    };
    struct world w;

    world_open(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[1024];
        snprintf(text, sizeof(text), GATEWAY MATCH("%s"), rows[i].match);
        struct snapshot *s = conf_check_load(text);
        const struct head *head = ask(&w, rows[i].method, rows[i].target, rows[i].headers);
        const struct route *r = router_find(&s->listeners[0].hosts[0], head, head_path(head));
        CHECK((r != NULL) == rows[i].is_match, "%s on %s\n", rows[i].match, rows[i].target);
        conf_free(s);
    }
    world_close(&w);
}

TEST(router_takes_websockets_for_get)
{
    struct snapshot *s = conf_check_load(GATEWAY MATCH("{method: GET}"));
    struct world w;

    world_open(&w);
    ask(&w, METHOD_CONNECT, "/chat", NULL);
    w.head.is_upgrade = true;
    CHECK(router_find(&s->listeners[0].hosts[0], &w.head, SPAN_LIT("/chat")) != NULL, "extended CONNECT\n");
    w.head.is_upgrade = false;
    CHECK(router_find(&s->listeners[0].hosts[0], &w.head, SPAN_LIT("/chat")) == NULL, "CONNECT\n");
    world_close(&w);
    conf_free(s);
}

#define ROUTE(name, hostnames, port)                                                                                   \
    "---\n{type: MeshHTTPRoute, name: " name ", spec: {to: [{targetRef: {kind: Mesh}, " hostnames "rules: [{matches: [{path: {type: " \
    "PathPrefix, value: /" name "}}], default: {filters: [{type: RequestRedirect, requestRedirect: {port: " port "}}]}}]}]}}\n"

TEST(router_hosts)
{
    static const struct { const char *host, *path; uint16_t port; } rows[] = {
        { "a.x", "/one", 1 }, { "a.x", "/two", 2 }, { "a.x", "/three", 3 }, { "b.x", "/one", 0 }, { "B.X.", "/two", 2 },
        { "q.b.x", "/three", 3 }, { "y", "/two", 0 }, { "y", "/three", 3 }, { "", "/three", 3 }, { "a.x", "/four", 0 },
    };
    struct snapshot *s = conf_check_load(GATEWAY ROUTE("one", "hostnames: [a.x], ", "1") ROUTE("two", "hostnames: ['*.x'], ", "2")
                                         ROUTE("three", "", "3"));
    struct snapshot *closed = conf_check_load("{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP, hostname: '*.x'}]}}\n");
    struct world w;

    world_open(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct virtual_host *vh = router_host(&s->listeners[0], span_str(rows[i].host));
        const struct head *head = ask(&w, METHOD_GET, rows[i].path, NULL);
        const struct route *r = router_find(vh, head, head_path(head));
        CHECK((r != NULL ? r->redirect->port : 0) == rows[i].port, "%s%s\n", rows[i].host, rows[i].path);
    }
    CHECK(router_host(&closed->listeners[0], SPAN_LIT("a.x")) != NULL && router_host(&closed->listeners[0], SPAN_LIT("x")) == NULL &&
          router_host(&closed->listeners[0], SPAN_LIT("")) == NULL, "hosts that nobody serves\n");
    CHECK(router_tls_host(&closed->listeners[0], SPAN_LIT("a.x")) == NULL, "no TLS there\n");
    world_close(&w);
    conf_free(s);
    conf_free(closed);
}

TEST(router_tls_hosts)
{
#define TLS "tls: {certificates: [{secret: forge-self-signed}]}}"
    struct snapshot *s = conf_check_load("{type: MeshGateway, name: edge, conf: {listeners: [{port: 443, protocol: HTTPS, hostname: a.x, " TLS
                                         ", {port: 443, protocol: HTTPS, hostname: '*.x', " TLS "]}}\n");
    const struct tls_host *one = router_tls_host(&s->listeners[0], SPAN_LIT("A.x")), *wild = router_tls_host(&s->listeners[0], SPAN_LIT("b.x"));

    CHECK(one != NULL && span_is(one->hostname, SPAN_LIT("a.x")) && span_is(wild->hostname, SPAN_LIT("*.x")), "by name\n");
    CHECK(router_tls_host(&s->listeners[0], SPAN_LIT("")) == NULL && router_tls_host(&s->listeners[0], SPAN_LIT("y")) == NULL, "others\n");
    CHECK(router_host(&s->listeners[0], SPAN_LIT("a.x"))->listener_key == one->listener_key &&
          router_host(&s->listeners[0], SPAN_LIT("a.x"))->listener_key != wild->listener_key, "421 can be told\n");
    conf_free(s);
}

/* ---- random rules against a reference ---- */

enum { RULES_MAX = 40, MATCHES_MAX = 3 };

struct model_match {
    int  path_type;                 /* 0 exact, 1 prefix, 2 regular expression, 3 none */
    char path[32];
    bool has_method, has_query;
    char headers[3];                /* '\0', or value '1'/'2' for x-0, x-1, x-2 */
};

struct model {
    struct model_match matches[RULES_MAX][MATCHES_MAX];
    uint32_t matches_n[RULES_MAX], rules_n;
};

struct model_request {
    char path[32], target[64];
    bool is_get;
    char headers[3];
    bool has_query;
};

static void model_path(struct rng *rng, char *out)
{
    static const char *const segments[] = { "/a", "/b", "/a/b", "/ab" };
    size_t used = 0;

    for (uint32_t i = 1 + rng_below(rng, 3); i > 0; i--)
        used += (size_t)snprintf(out + used, 32 - used, "%s", segments[rng_below(rng, COUNT(segments))]);
}

static bool match_equals(const struct model_match *a, const struct model_match *b)
{
    return a->path_type == b->path_type && (a->path_type == 3 || strcmp(a->path, b->path) == 0) && a->has_method == b->has_method &&
           a->has_query == b->has_query && memcmp(a->headers, b->headers, 3) == 0;
}

static void model_match_make(struct rng *rng, struct model_match *m)
{
    memset(m, 0, sizeof(*m));
    m->path_type = (int)rng_below(rng, 4);
    model_path(rng, m->path);
    m->has_method = rng_below(rng, 3) == 0;
    m->has_query = rng_below(rng, 3) == 0;
    for (int i = 0; i < 3; i++)
        m->headers[i] = rng_below(rng, 3) == 0 ? (char)('1' + (int)rng_below(rng, 2)) : '\0';
}

/* Two rules with equal lists of matches would be an error: the first match of each is unlike all others' first. */
static void model_make(struct rng *rng, struct model *m)
{
    m->rules_n = 1 + rng_below(rng, RULES_MAX);
    for (uint32_t i = 0; i < m->rules_n; i++) {
        bool is_new;
        m->matches_n[i] = 1 + rng_below(rng, MATCHES_MAX);
        do {
            model_match_make(rng, &m->matches[i][0]);
            is_new = true;
            for (uint32_t k = 0; k < i; k++)
                is_new &= !match_equals(&m->matches[i][0], &m->matches[k][0]);
        } while (!is_new);
        for (uint32_t k = 1; k < m->matches_n[i]; k++)
            model_match_make(rng, &m->matches[i][k]);
    }
}

static size_t model_write_match(const struct model_match *m, char *out, size_t room)
{
    static const char *const types[] = { "Exact", "PathPrefix", "RegularExpression" };
    size_t used = (size_t)snprintf(out, room, "{");
    bool has_headers = false;

    if (m->path_type < 3)
        used += (size_t)snprintf(out + used, room - used, "path: {type: %s, value: '%s%s'}, ", types[m->path_type], m->path,
                                 m->path_type == 2 ? ".*" : "");
    if (m->has_method)
        used += (size_t)snprintf(out + used, room - used, "method: GET, ");
    for (int i = 0; i < 3; i++)
        if (m->headers[i] != '\0') {
            used += (size_t)snprintf(out + used, room - used, "%s{name: x-%d, value: '%c'}, ", has_headers ? "" : "headers: [", i, m->headers[i]);
            has_headers = true;
        }
    if (has_headers)
        used += (size_t)snprintf(out + used, room - used, "], ");
    if (m->has_query)
        used += (size_t)snprintf(out + used, room - used, "queryParams: [{name: q, value: '1'}]");
    return used + (size_t)snprintf(out + used, room - used, "}, ");
}

static void model_write(const struct model *m, char *out, size_t room)
{
    size_t used = (size_t)snprintf(out, room, GATEWAY "---\ntype: MeshHTTPRoute\nname: r\nspec:\n  to:\n  - targetRef: {kind: Mesh}\n    rules:\n");

    for (uint32_t i = 0; i < m->rules_n; i++) {
        used += (size_t)snprintf(out + used, room - used, "    - matches: [");
        for (uint32_t k = 0; k < m->matches_n[i]; k++)
            used += model_write_match(&m->matches[i][k], out + used, room - used);
        used += (size_t)snprintf(out + used, room - used, "]\n      default: {filters: [{type: RequestRedirect, requestRedirect: {port: %u}}]}\n", i + 1);
    }
    CHECK(used < room, "%zu\n", used);
}

static bool model_matches(const struct model_match *m, const struct model_request *r)
{
    size_t bytes = strlen(m->path);

    if (m->path_type == 0 && strcmp(m->path, r->path) != 0)
        return false;
    if (m->path_type == 1 && (strncmp(m->path, r->path, bytes) != 0 || (r->path[bytes] != '\0' && r->path[bytes] != '/')))
        return false;
    if (m->path_type == 2 && strncmp(m->path, r->path, bytes) != 0)
        return false;
    for (int i = 0; i < 3; i++)
        if (m->headers[i] != '\0' && m->headers[i] != r->headers[i])
            return false;
    return (!m->has_method || r->is_get) && (!m->has_query || r->has_query);
}

static int model_headers_n(const struct model_match *m)
{
    return (m->headers[0] != '\0') + (m->headers[1] != '\0') + (m->headers[2] != '\0');
}

/* Does a go before b? Exact > PathPrefix (longer first) > Regex (longer first) > no path; then has method; then more headers; then
 * more query parameters; then the earlier rule. */
static bool model_before(const struct model_match *a, const struct model_match *b)
{
    if (a->path_type != b->path_type)
        return a->path_type < b->path_type;
    if ((a->path_type == 1 || a->path_type == 2) && strlen(a->path) != strlen(b->path))
        return strlen(a->path) > strlen(b->path);
    if (a->has_method != b->has_method)
        return a->has_method;
    if (model_headers_n(a) != model_headers_n(b))
        return model_headers_n(a) > model_headers_n(b);
    return a->has_query && !b->has_query;
}

static uint32_t model_find(const struct model *m, const struct model_request *r)
{
    const struct model_match *best = NULL;
    uint32_t rule = 0;

    for (uint32_t i = 0; i < m->rules_n; i++)
        for (uint32_t k = 0; k < m->matches_n[i]; k++)
            if (model_matches(&m->matches[i][k], r) && (best == NULL || model_before(&m->matches[i][k], best))) {
                best = &m->matches[i][k];
                rule = i + 1;
            }
    return rule;
}

static const struct head *model_ask(struct world *w, struct rng *rng, struct model_request *r)
{
    static const char *const texts[3][2] = { { "x-0: 1", "x-0: 2" }, { "x-1: 1", "x-1: 2" }, { "x-2: 1", "x-2: 2" } };
    const char *headers[4] = { NULL };
    int n = 0;

    memset(r, 0, sizeof(*r));
    model_path(rng, r->path);
    r->is_get = rng_below(rng, 2) == 0;
    r->has_query = rng_below(rng, 2) == 0;
    for (int i = 0; i < 3; i++)
        if (rng_below(rng, 4) != 0) {
            uint32_t value = rng_below(rng, 2);
            r->headers[i] = (char)('1' + (int)value);
            headers[n++] = texts[i][value];
        }
    snprintf(r->target, sizeof(r->target), "%s%s", r->path, r->has_query ? "?q=1" : "?p=1");
    return ask(w, r->is_get ? METHOD_GET : METHOD_POST, r->target, headers);
}

TEST(router_agrees_with_reference)
{
    struct model *m = malloc(sizeof(*m));
    char *text = malloc(65536);
    struct world w;
    struct rng rng;
    int found_n = 0;

    rng_init(&rng, 4711);
    world_open(&w);
    for (int round = 0; round < 150; round++) {
        model_make(&rng, m);
        model_write(m, text, 65536);
        struct snapshot *s = conf_check_load(text);
        for (int i = 0; i < 200; i++) {
            struct model_request r;
            const struct head *head = model_ask(&w, &rng, &r);
            const struct route *route = router_find(&s->listeners[0].hosts[0], head, head_path(head));
            uint32_t got = route != NULL ? route->redirect->port : 0, want = model_find(m, &r);
            CHECK(got == want, "round %d: %s %s headers %c%c%c: rule %u, want %u\n%s", round, r.is_get ? "GET" : "POST", r.target,
                  r.headers[0] + (r.headers[0] == 0) * '-', r.headers[1] + (r.headers[1] == 0) * '-',
                  r.headers[2] + (r.headers[2] == 0) * '-', got, want, text);
            found_n += got != 0;
        }
        conf_free(s);
    }
    CHECK(found_n > 10000, "only %d of 30000 requests found a route: the test asks too little\n", found_n);
    world_close(&w);
    free(text);
    free(m);
}

TEST(router_picks_by_weight)
{
    static const struct backend_ref backends[] = { { 3, 90 }, { 5, 0 }, { 7, 10 } }, heavy[] = { { 1, 4294967295 }, { 2, 4294967295 } };
    struct route route = { .backends = backends, .backends_n = 3, .weight_sum = 100 };
    uint32_t picked[8] = { 0 };
    struct rng rng;

    rng_init(&rng, 1);
    for (int i = 0; i < 100000; i++)
        picked[router_pick_backend(&route, &rng)]++;
    CHECK(picked[5] == 0 && picked[3] + picked[7] == 100000 && picked[7] > 9500 && picked[7] < 10500, "%u\n", picked[7]);
    route = (struct route){ .backends = heavy, .backends_n = 2, .weight_sum = 8589934590 };
    for (int i = 0; i < 10000; i++)
        picked[router_pick_backend(&route, &rng)]++;
    CHECK(picked[1] > 4500 && picked[2] > 4500, "%u %u\n", picked[1], picked[2]);
    route = (struct route){ .backends = backends, .backends_n = 1, .weight_sum = 90 };
    CHECK(router_pick_backend(&route, &rng) == 3, "one\n");
}

CHECK_RUN(RUN(router_matches), RUN(router_takes_websockets_for_get), RUN(router_hosts), RUN(router_tls_hosts),
          RUN(router_agrees_with_reference), RUN(router_picks_by_weight))
