/* compile_host_test.c - the order of routes, and rules of several documents that are one.
 *
 * Goal:   routes stand in Gateway API's order of precedence; rules with equal matches merge, the stronger document winning.
 * Method: rules written in the wrong order; the order of the compiled routes is read from their redirects' ports.
 */
#include "unit/conf/conf_check.h"

#include "conf/chain.h"

#define GATEWAY "{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP}]}}\n"
#define SERVICE(name) "---\n{type: MeshExternalService, name: " name ", spec: {match: {port: 80, protocol: http}, endpoints: [{address: '::1', port: 1}]}}\n"
#define ROUTE(name, rules) "---\n{type: MeshHTTPRoute, name: " name ", spec: {to: [{targetRef: {kind: Mesh}, rules: [" rules "]}]}}\n"
#define TO(number) "default: {filters: [{type: RequestRedirect, requestRedirect: {port: " number "}}]}"

/* Ports of the redirects, in the order of the routes. */
static void check_order(const struct snapshot *s, const char *want)
{
    const struct virtual_host *h = &s->listeners[0].hosts[0];
    char got[256] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < h->routes_n; i++)
        used += (size_t)snprintf(got + used, sizeof(got) - used, "%u ", h->routes[i].redirect->port);
    CHECK(strcmp(got, want) == 0, " got: %s\nwant: %s\n", got, want);
}

TEST(compile_host_orders)
{
    struct snapshot *s = conf_check_load(GATEWAY ROUTE("r",
        "{matches: [{}], " TO("16") "},"
        "{matches: [{method: GET}], " TO("13") "},"
        "{matches: [{headers: [{name: a, value: b}, {name: c, value: d}]}], " TO("14") "},"
        "{matches: [{queryParams: [{name: a, value: b}]}], " TO("15") "},"
        "{matches: [{path: {type: RegularExpression, value: '/a.*'}}], " TO("12") "},"
        "{matches: [{path: {type: RegularExpression, value: '/abc.*'}}], " TO("11") "},"
        "{matches: [{path: {type: PathPrefix, value: /}}], " TO("10") "},"
        "{matches: [{path: {type: PathPrefix, value: /a}}], " TO("9") "},"
        "{matches: [{path: {type: PathPrefix, value: /a}, queryParams: [{name: a, value: b}]}], " TO("8") "},"
        "{matches: [{path: {type: PathPrefix, value: /a}, headers: [{name: a, value: b}]}], " TO("7") "},"
        "{matches: [{path: {type: PathPrefix, value: /a}, headers: [{name: c, value: b}, {name: a, value: b}]}], " TO("6") "},"
        "{matches: [{path: {type: PathPrefix, value: /a}, method: GET}], " TO("5") "},"
        "{matches: [{path: {type: PathPrefix, value: /a/b}}], " TO("4") "},"
        "{matches: [{path: {type: Exact, value: /a}}], " TO("3") "},"
        "{matches: [{path: {type: Exact, value: /a/b/c}, headers: [{name: x, value: y}]}], " TO("2") "},"
        "{matches: [{path: {type: Exact, value: /a}, method: PUT}], " TO("1") "}"));

    check_order(s, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 ");
    conf_free(s);
}

TEST(compile_host_ties)
{
    /* The earlier rule, of the stronger document: aaa before zzz, zone before global, workload-owner before system. */
    struct snapshot *s = conf_check_load(GATEWAY
        ROUTE("zzz", "{matches: [{headers: [{name: a, value: z}]}], " TO("9") "}")
        ROUTE("aaa", "{matches: [{headers: [{name: a, value: a}]}, {headers: [{name: b, value: a}]}], " TO("5") "},"
                     "{matches: [{headers: [{name: c, value: a}]}], " TO("6") "}")
        "---\n{type: MeshHTTPRoute, name: zone, labels: {kuma.io/origin: zone}, spec: {to: [{targetRef: {kind: Mesh}, rules: ["
        "{matches: [{headers: [{name: d, value: a}]}], " TO("2") "}]}]}}\n"
        "---\n{type: MeshHTTPRoute, name: mine, labels: {kuma.io/policy-role: consumer}, spec: {to: [{targetRef: {kind: Mesh}, rules: ["
        "{matches: [{headers: [{name: e, value: a}]}], " TO("3") "}]}]}}\n"
        "---\n{type: MeshHTTPRoute, name: mmm, spec: {targetRef: {kind: MeshGateway, name: edge}, to: [{targetRef: {kind: Mesh}, rules: ["
        "{matches: [{headers: [{name: f, value: a}]}], " TO("1") "}]}]}}\n");

    check_order(s, "1 2 3 5 5 6 9 ");
    CHECK(s->listeners[0].hosts[0].routes[3].rule == s->listeners[0].hosts[0].routes[4].rule, "one rule, two routes\n");
    conf_free(s);
}

TEST(compile_host_merges)
{
    /* Filters and backends are replaced one by one: what the stronger document does not write comes from the weaker. */
    struct snapshot *s = conf_check_load(GATEWAY SERVICE("a") SERVICE("b")
        ROUTE("weak", "{matches: [{method: GET}], default: {backendRefs: [{kind: MeshExternalService, name: a}],"
                      " filters: [{type: RequestRedirect, requestRedirect: {port: 7}}]}}")
        ROUTE("strong", "{matches: [{method: GET}], default: {backendRefs: [{kind: MeshExternalService, name: b}]}}"));
    const struct virtual_host *h = &s->listeners[0].hosts[0];

    CHECK(h->routes_n == 1 && span_is(h->routes[0].name, SPAN_LIT("strong")), "%u\n", h->routes_n);
    CHECK(h->routes[0].backends[0].upstream == 1 && h->routes[0].redirect->port == 7, "%u\n", h->routes[0].backends[0].upstream);
    conf_free(s);
}

TEST(compile_host_fills_up_backends)
{
    struct snapshot *s = conf_check_load(GATEWAY SERVICE("a")
        ROUTE("strong", "{matches: [{method: GET}], default: {filters: [{type: URLRewrite, urlRewrite: {hostname: h}}]}}")
        ROUTE("weak", "{matches: [{method: GET}], default: {backendRefs: [{kind: MeshExternalService, name: a}]}}"));
    const struct virtual_host *h = &s->listeners[0].hosts[0];

    CHECK(h->routes_n == 1 && h->routes[0].backends_n == 1 && h->routes[0].weight_sum == 1, "%u\n", h->routes[0].backends_n);
    CHECK(span_is(h->routes[0].name, SPAN_LIT("strong")) && h->routes[0].rewrite != NULL, "filters\n");
    conf_free(s);
}

TEST(compile_host_chains)
{
    struct snapshot *s = conf_check_load(GATEWAY
        ROUTE("r", "{matches: [{}], default: {filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [a]}},"
                   "{type: RequestRedirect, requestRedirect: {}}]}}")
        ROUTE("bare", "{matches: [{method: GET}], " TO("1") "}")
        "---\n{type: ForgeTestPolicies, name: t, spec: {targetRef: {kind: MeshHTTPRoute, name: r}, pedant: true, chopSeed: 5}}\n"
        "---\n{type: ForgeBodyCap, name: c, spec: {targetRef: {kind: MeshHTTPRoute, name: r}, bytes: 1Ki}}\n");
    const struct route *r = &s->listeners[0].hosts[0].routes[1], *bare = &s->listeners[0].hosts[0].routes[0];
    uint32_t used = 0;

    CHECK(r->chain_n == 4 && bare->chain_n == 0 && bare->chain_bytes == 0, "%u\n", r->chain_n);
    for (uint32_t i = 0; i < r->chain_n; i++) {
        CHECK(r->chain[i].policy == i && r->chain[i].exchange_offset == used && used % 8 == 0, "%u at %u\n", r->chain[i].policy,
              r->chain[i].exchange_offset);
        used += chain_state[i].exchange_bytes;
    }
    CHECK(r->chain_bytes == used, "%u\n", r->chain_bytes);
    CHECK(((const struct body_cap_conf *)r->chain[0].conf)->body_bytes_max == 1024, "cap\n");
    CHECK(((const struct chop_conf *)r->chain[2].conf)->seed == 5, "seed\n");
    CHECK(s->worker_state_bytes == chain_state[POLICY_PEDANT].worker_bytes, "%u\n", s->worker_state_bytes);
    conf_free(s);
}

CHECK_RUN(RUN(compile_host_orders), RUN(compile_host_ties), RUN(compile_host_merges),
          RUN(compile_host_fills_up_backends), RUN(compile_host_chains))
