/* compile_policy_test.c - defaults, and whose word counts when several policies speak about one thing.
 *
 * Goal:   the order of kuma-dialect.md 3.8: the target, origin, role, what it is to, name; field by field.
 * Method: configurations with one route and one service; their timeouts tell who won.
 */
#include "unit/conf/conf_check.h"

#include "base/clock.h"

#define BASE                                                                                                           \
    "{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP}]}}\n"                                \
    "---\n{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: [{address: '::1', port: 1}]}}\n" \
    "---\n{type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{}], default: {backendRefs:" \
    " [{kind: MeshExternalService, name: a}]}}]}]}}\n"
/* labels and target may be empty. */
#define TIMEOUT(name, labels, target, to, conf)                                                                        \
    "---\n{type: MeshTimeout, name: " name ", " labels " spec: {" target " to: [{targetRef: " to ", default: " conf "}]}}\n"
#define MESH "{kind: Mesh}"
#define REQUEST(seconds) "{http: {requestTimeout: " seconds "}}"

TEST(compile_policy_request_timeouts)
{
    static const struct { const char *name, *text; uint64_t want_s; } rows[] = {
        { "default", BASE, 15 },
        { "all", BASE TIMEOUT("a", "", "", MESH, REQUEST("1s")), 1 },
        { "off", BASE TIMEOUT("a", "", "", MESH, REQUEST("0s")), 0 },
        { "aaa beats zzz", BASE TIMEOUT("zzz", "", "", MESH, REQUEST("1s")) TIMEOUT("aaa", "", "", MESH, REQUEST("2s")), 2 },
        { "route beats mesh", BASE TIMEOUT("zzz", "", "", "{kind: MeshHTTPRoute, name: r}", REQUEST("3s"))
                              TIMEOUT("aaa", "", "", MESH, REQUEST("2s")), 3 },
        { "another route", BASE TIMEOUT("zzz", "", "", "{kind: MeshHTTPRoute, name: s}", REQUEST("3s")), 15 },
        { "role beats route", BASE TIMEOUT("a", "", "", "{kind: MeshHTTPRoute, name: r}", REQUEST("3s"))
                              TIMEOUT("b", "labels: {kuma.io/policy-role: consumer},", "", MESH, REQUEST("4s")), 4 },
        { "origin beats role", BASE TIMEOUT("a", "labels: {kuma.io/policy-role: workload-owner, kuma.io/origin: global},", "", MESH, REQUEST("3s"))
                               TIMEOUT("b", "labels: {kuma.io/policy-role: system, kuma.io/origin: zone},", "", MESH, REQUEST("4s")), 4 },
        { "gateway beats origin", BASE TIMEOUT("a", "", "targetRef: {kind: MeshGateway, name: edge},", MESH, REQUEST("5s"))
                                  TIMEOUT("b", "labels: {kuma.io/origin: zone},", "", MESH, REQUEST("4s")), 5 },
        { "another gateway", BASE TIMEOUT("a", "", "targetRef: {kind: MeshGateway, name: other},", MESH, REQUEST("5s")), 15 },
        { "route on top", BASE TIMEOUT("a", "", "targetRef: {kind: MeshHTTPRoute, name: r},", MESH, REQUEST("6s"))
                          TIMEOUT("b", "", "targetRef: {kind: MeshGateway, name: edge},", MESH, REQUEST("5s")), 6 },
        { "of this gateway as a dataplane", BASE TIMEOUT("a", "", "targetRef: {kind: Dataplane, sectionName: '80'},", MESH, REQUEST("6s")), 6 },
        { "of sidecars", BASE TIMEOUT("a", "", "targetRef: {kind: Dataplane, labels: {app: web}},", MESH, "{connectionTimeout: 6s}"), 15 },
        { "another mesh", BASE TIMEOUT("a", "mesh: other,", "", MESH, REQUEST("1s")), 15 },
        { "another field", BASE TIMEOUT("zzz", "", "", MESH, REQUEST("1s")) TIMEOUT("aaa", "", "", MESH, "{http: {streamIdleTimeout: 9s}}"), 1 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct snapshot *s = conf_check_load(rows[i].text);
        uint64_t got = s->listeners[0].hosts[0].routes[0].request_timeout_ns;
        CHECK(got == rows[i].want_s * NS_PER_S, "%s: %llu ms\n", rows[i].name, (unsigned long long)(got / NS_PER_MS));
        conf_free(s);
    }
}

TEST(compile_policy_of_gateways)
{
    struct snapshot *s = conf_check_load(BASE "---\n{type: MeshGateway, name: other, conf: {listeners: [{port: 81, protocol: HTTP}]}}\n"
                                         TIMEOUT("a", "", "targetRef: {kind: MeshGateway, name: other},", MESH, REQUEST("5s"))
                                         "---\n{type: ForgeBodyCap, name: c, spec: {targetRef: {kind: MeshGateway, name: other}, bytes: 1}}\n");
    const struct route *edge = &s->listeners[0].hosts[0].routes[0], *other = &s->listeners[2].hosts[0].routes[0];

    CHECK(edge->request_timeout_ns == 15 * NS_PER_S && other->request_timeout_ns == 5 * NS_PER_S, "timeouts\n");
    CHECK(edge->chain_n == 0 && other->chain_n == 1, "caps\n");
    conf_free(s);
}

/* The `rules` of a MeshTimeout are about clients: a ForgeListener's word comes before theirs, and a route's timeouts hold beside them. */
TEST(compile_policy_of_clients)
{
#define RULES(name, conf) "---\n{type: MeshTimeout, name: " name ", spec: {rules: [{default: " conf "}]}}\n"
#define LISTENER(conf) "---\n{type: ForgeListener, name: l, spec: {targetRef: {kind: MeshGateway, name: edge}, " conf "}}\n"
#define SKIP "---\n{type: Mesh, name: default, skipCreatingInitialPolicies: ['*']}\n"
    static const struct { const char *name, *text; uint64_t idle_s, head_s, request_s, stream_idle_s; } rows[] = {
        { "first policies", BASE, 3600, 10, 15, 1800 },
        { "without them", BASE SKIP, 3600, 10, 15, 1800 },
        { "rules", BASE RULES("a", "{idleTimeout: 7s, http: {requestHeadersTimeout: 2s}}"), 7, 2, 15, 1800 },
        { "a ForgeListener before them", BASE RULES("a", "{idleTimeout: 7s, http: {requestHeadersTimeout: 2s}}")
                                         LISTENER("idleTimeout: 8s, headTimeout: 3s"), 8, 3, 15, 1800 },
        { "off is the longest, or the gateway's own", BASE RULES("a", "{idleTimeout: 0s, http: {requestHeadersTimeout: 0s}}"), 3600000, 10, 15, 1800 },
        { "the shorter one", BASE RULES("a", "{http: {requestTimeout: 4s, streamIdleTimeout: 1h}}"), 3600, 10, 4, 1800 },
        { "the route's", BASE RULES("a", "{http: {requestTimeout: 4s, streamIdleTimeout: 5s}}") TIMEOUT("b", "", "", MESH, REQUEST("3s")), 3600, 10, 3, 5 },
        { "off beside them", BASE RULES("a", "{http: {requestTimeout: 4s}}") TIMEOUT("b", "", "", MESH, REQUEST("0s")), 3600, 10, 4, 1800 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct snapshot *s = conf_check_load(rows[i].text);
        const struct listener *l = &s->listeners[0];
        const struct route *route = &l->hosts[0].routes[0];
        CHECK(l->idle_timeout_ns == rows[i].idle_s * NS_PER_S && l->head_timeout_ns == rows[i].head_s * NS_PER_S, "%s: %llu %llu\n", rows[i].name,
              (unsigned long long)(l->idle_timeout_ns / NS_PER_S), (unsigned long long)(l->head_timeout_ns / NS_PER_S));
        CHECK(route->request_timeout_ns == rows[i].request_s * NS_PER_S && route->stream_idle_timeout_ns == rows[i].stream_idle_s * NS_PER_S,
              "%s: %llu %llu\n", rows[i].name, (unsigned long long)(route->request_timeout_ns / NS_PER_S),
              (unsigned long long)(route->stream_idle_timeout_ns / NS_PER_S));
        conf_free(s);
    }
}

TEST(compile_policy_upstreams)
{
    struct snapshot *s = conf_check_load(BASE);
    const struct upstream *up = &s->upstreams[0];

    CHECK(up->connect_timeout_ns == 5 * NS_PER_S && up->idle_timeout_ns == 3600 * NS_PER_S, "defaults\n");
    CHECK(up->balance == BALANCE_ROUND_ROBIN && s->listeners[0].hosts[0].routes[0].stream_idle_timeout_ns == 1800 * NS_PER_S, "defaults\n");
    CHECK(s->listeners[0].idle_timeout_ns == 3600 * NS_PER_S && s->listeners[0].head_timeout_ns == 10 * NS_PER_S, "defaults\n");
    CHECK(!s->access_log.is_on, "no log is asked for\n");
    conf_free(s);
    s = conf_check_load(BASE TIMEOUT("a", "", "", MESH, "{connectionTimeout: 1s, idleTimeout: 2s}")
                        TIMEOUT("b", "", "", "{kind: MeshExternalService, name: a}", "{idleTimeout: 3s}")
                        "---\n{type: ForgeUpstream, name: all, spec: {targetRef: {kind: Mesh}, balance: LeastRequest, connectTimeout: 7s}}\n"
                        "---\n{type: ForgeUpstream, name: one, spec: {targetRef: {kind: MeshExternalService, name: a}, connectTimeout: 8s}}\n");
    up = &s->upstreams[0];
    CHECK(up->connect_timeout_ns == 8 * NS_PER_S && up->idle_timeout_ns == 3 * NS_PER_S && up->balance == BALANCE_LEAST_REQUEST,
          "%llu\n", (unsigned long long)up->connect_timeout_ns);
    conf_free(s);
}

TEST(compile_policy_access_log)
{
    struct snapshot *s = conf_check_load("type: ForgeAccessLog\nname: l\nspec: {}\n");

    CHECK(s->access_log.is_on && s->access_log.is_json && s->access_log.path.len == 0, "default\n");
    conf_free(s);
    s = conf_check_load("type: ForgeAccessLog\nname: l\nspec: {path: /x, format: {type: Plain, plain: '%PROTOCOL%'}}\n");
    CHECK(!s->access_log.is_json && span_is(s->access_log.path, SPAN_LIT("/x")) &&
          span_is(s->access_log.format, SPAN_LIT("%PROTOCOL%")), "plain\n");
    conf_free(s);
}

CHECK_RUN(RUN(compile_policy_request_timeouts), RUN(compile_policy_of_gateways), RUN(compile_policy_of_clients), RUN(compile_policy_upstreams),
          RUN(compile_policy_access_log))
