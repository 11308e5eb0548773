/* compile_listener_test.c - ports, hosts and which routes each host has.
 *
 * Goal:   each thing that can be wrong has its sentence, at its place; the most specific listener serves a host, alone; within a
 *         listener the most specific host of a route comes first, and less specific ones follow.
 * Method: documents with one fault each; all that is said must be as in the row. Then good ones, looked at host by host.
 */
#include <arpa/inet.h>

#include "conf/host_index.h"

#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "two protocols on a port",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, hostname: a}\n"
      "    - {port: 80, protocol: HTTPS, hostname: b, tls: {certificates: [{secret: forge-self-signed}]}}\n",
      "6:28: error: port 80 speaks another protocol already, in t.yaml line 5: listeners of one port have "
      "one protocol\n" },
    { "one hostname twice",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, hostname: A}\n"
      "    - {port: 80, protocol: HTTP, hostname: a}\n",
      "6:7: error: port 80 has a listener for this `hostname` already, in t.yaml line 5: give one of them "
      "another port or hostname\n" },
    { "any hostname twice",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP}\n"
      "    - {port: 80, protocol: HTTP, hostname: \"*\"}\n",
      "6:7: error: port 80 has a listener for this `hostname` already, in t.yaml line 5: give one of them "
      "another port or hostname\n" },
    { "the same in two gateways",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP}\n"
      "---\n"
      "type: MeshGateway\n"
      "name: other\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP}\n",
      "11:7: error: port 80 has a listener for this `hostname` already, in t.yaml line 5: give one of them "
      "another port or hostname\n" },
    { "route for another gateway",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: other}\n"
      "  to: [{targetRef: {kind: Mesh}, rules: [{matches: [{}], default: {filters: [{type: "
      "RequestRedirect, requestRedirect: {}}]}}]}]\n",
      "11:8: warning: no listener serves these rules: check `targetRef` and `hostnames` of the route "
      "against the MeshGateway's listeners\n" },
    { "route for other tags",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, tags: {a: b}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  targetRef: {kind: MeshGateway, name: edge, tags: {a: c}}\n"
      "  to: [{targetRef: {kind: Mesh}, rules: [{matches: [{}], default: {filters: [{type: "
      "RequestRedirect, requestRedirect: {}}]}}]}]\n",
      "11:8: warning: no listener serves these rules: check `targetRef` and `hostnames` of the route "
      "against the MeshGateway's listeners\n" },
    { "route for other hosts",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, hostname: \"*.x\"}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to: [{targetRef: {kind: Mesh}, hostnames: [x, \"*.y\"], rules: [{matches: [{}], default: "
      "{filters: [{type: RequestRedirect, requestRedirect: {}}]}}]}]\n",
      "10:8: warning: no listener serves these rules: check `targetRef` and `hostnames` of the route "
      "against the MeshGateway's listeners\n" },
    { "route of another mesh",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "mesh: other\n"
      "spec:\n"
      "  to: [{targetRef: {kind: Mesh}, rules: [{matches: [{}], default: {filters: [{type: "
      "RequestRedirect, requestRedirect: {}}]}}]}]\n",
      "11:8: warning: no listener serves these rules: check `targetRef` and `hostnames` of the route "
      "against the MeshGateway's listeners\n" },
    { "rules that are one",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{method: GET}, {method: PUT}]\n"
      "          default: {filters: [{type: RequestRedirect, requestRedirect: {}}]}\n"
      "        - matches: [{method: GET}, {method: PUT}]\n"
      "          default: {filters: [{type: RequestRedirect, requestRedirect: {port: 1}}]}\n",
      "15:11: error: this rule has the same matches as the one in line 13, so it never matches: join them\n" },
    { "ports that a ForgeListener tells apart",
      "type: MeshGateway\n"
      "name: edge\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, hostname: a}\n"
      "---\n"
      "type: MeshGateway\n"
      "name: other\n"
      "conf:\n"
      "  listeners:\n"
      "    - {port: 80, protocol: HTTP, hostname: b}\n"
      "---\n"
      "type: ForgeListener\n"
      "name: l\n"
      "spec: {targetRef: {kind: MeshGateway, name: edge}, addresses: [127.0.0.1]}\n",
      "11:7: error: this listener shares port 80 with t.yaml line 5, but a ForgeListener treats them "
      "differently: write it with `targetRef: {kind: Mesh}` and `port: 80`\n" },
};

TEST(compile_listener_says)
{
    conf_check_says(rows, COUNT(rows));
}

#define ROUTE(name, target, hostnames)                                                                                 \
    "---\n{type: MeshHTTPRoute, name: " name ", spec: {" target "to: [{targetRef: {kind: Mesh}, " hostnames            \
    "rules: [{matches: [{}], default: {filters: [{type: RequestRedirect, requestRedirect: {}}]}}]}]}}\n"

/* "host:routes<fallback" of each host, in order. */
static void check_hosts(const struct listener *l, const char *want)
{
    char got[1024] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < l->hosts_n; i++) {
        const struct virtual_host *h = &l->hosts[i];
        used += (size_t)snprintf(got + used, sizeof(got) - used, "%.*s:", SPAN_FMT(h->hostname));
        for (uint32_t k = 0; k < h->routes_n; k++)
            used += (size_t)snprintf(got + used, sizeof(got) - used, "%.*s", SPAN_FMT(h->routes[k].name));
        if (h->fallback != NULL)
            used += (size_t)snprintf(got + used, sizeof(got) - used, "<%.*s", SPAN_FMT(h->fallback->hostname));
        used += (size_t)snprintf(got + used, sizeof(got) - used, " ");
        CHECK(host_index_find(l->host_index, h->hostname) == (int32_t)i || host_is_any(h->hostname), "index of %.*s\n",
              SPAN_FMT(h->hostname));
    }
    CHECK(strcmp(got, want) == 0, " got: %s\nwant: %s\n", got, want);
}

TEST(compile_listener_isolates)
{
    /* A route bound to *.x does not serve foo.x when a listener foo.x exists (kuma-dialect.md 3.5). */
    struct snapshot *s = conf_check_load(
        "{type: MeshGateway, name: edge, conf: {listeners: [\n"
        "  {port: 80, protocol: HTTP, hostname: '*.x', tags: {l: wild}}, {port: 80, protocol: HTTP, hostname: foo.x, tags: {l: foo}},\n"
        "  {port: 80, protocol: HTTP, tags: {l: any}}]}}\n"
        ROUTE("w", "targetRef: {kind: MeshGateway, name: edge, tags: {l: wild}}, ", "")
        ROUTE("v", "targetRef: {kind: MeshGateway, name: edge, tags: {l: wild}}, ", "hostnames: [foo.x, '*.b.x'], ")
        ROUTE("a", "targetRef: {kind: MeshGateway, name: edge, tags: {l: any}}, ", "hostnames: [c.x, y, '*'], "));
    const struct listener *l = &s->listeners[0];

    CHECK(s->listeners_n == 2 && l->hosts == s->listeners[1].hosts, "%u\n", s->listeners_n);
    check_hosts(l, "foo.x: y:a< *.b.x:v<*.x *.x:w :a ");
    /* The same hosts one generation later, with others before them: connections remember keys. */
    struct snapshot *later = conf_check_load(
        "{type: MeshGateway, name: before, conf: {listeners: [{port: 79, protocol: HTTP}, {port: 80, protocol: HTTP, hostname: a.x}]}}\n"
        "---\n{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP, hostname: foo.x},\n"
        "  {port: 80, protocol: HTTP, hostname: '*.x'}, {port: 80, protocol: HTTP}]}}\n");
    const struct virtual_host *others = later->listeners[2].hosts;
    CHECK(l->hosts[0].listener_key == others[0].listener_key && l->hosts[3].listener_key == others[2].listener_key &&
          l->hosts[1].listener_key == others[3].listener_key && l->hosts[4].listener_key == others[3].listener_key, "keys\n");
    CHECK(l->hosts[0].listener_key != l->hosts[1].listener_key && l->hosts[0].listener_key != l->hosts[3].listener_key &&
          l->hosts[1].listener_key != l->hosts[3].listener_key, "keys\n");
    conf_free(later);
    conf_free(s);
}

TEST(compile_listener_falls_back)
{
    struct snapshot *s = conf_check_load("{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP}]}}\n"
                                         ROUTE("a", "", "") ROUTE("b", "", "hostnames: ['*.x', a.x], ") ROUTE("c", "", "hostnames: [a.x], "));

    /* c says nothing that b does not: rules with equal matches are one, the stronger document's. */
    check_hosts(&s->listeners[0], "a.x:b<*.x *.x:b< :a ");
    conf_free(s);
}

TEST(compile_listener_tags)
{
    struct snapshot *s = conf_check_load(
        "{type: MeshGateway, name: edge, tags: {g: 1g, o: gateway}, conf: {listeners: [{port: 80, protocol: HTTP, tags: {o: listener}}]}}\n"
        ROUTE("a", "targetRef: {kind: MeshGateway, name: edge, tags: {g: 1g, o: listener}}, ", ""));

    check_hosts(&s->listeners[0], ":a ");
    conf_free(s);
}

TEST(compile_listener_settings)
{
    struct snapshot *s = conf_check_load(
        "{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP, hostname: a, resources: {connectionLimit: 7}},\n"
        "  {port: 80, protocol: HTTP, resources: {connectionLimit: 5}}, {port: 81, protocol: HTTP}]}}\n"
        "---\n{type: ForgeListener, name: all, spec: {targetRef: {kind: Mesh}, idleTimeout: 10s, headTimeout: 1s}}\n"
        "---\n{type: ForgeListener, name: one, spec: {targetRef: {kind: MeshGateway, name: edge}, port: 80, idleTimeout: 20s,\n"
        "  addresses: ['::1', 127.0.0.1, 192.0.2.1], proxyProtocol: {trusted: [10.0.0.0/8]}, forwarded: {trustedHops: 2, trusted: ['fd00::/8']}}}\n");
    const struct listener *l = s->listeners, *other = &s->listeners[3];

    CHECK(s->listeners_n == 5 && l->address.any.sa_family == AF_INET6 && l[1].address.any.sa_family == AF_INET, "%u\n", s->listeners_n);
    CHECK(!l[0].may_be_missing && !l[1].may_be_missing && other[1].may_be_missing, "optional\n");
    CHECK(l->idle_timeout_ns == 20000000000 && l->head_timeout_ns == 1000000000 && other->idle_timeout_ns == 10000000000, "times\n");
    CHECK(l->connections_max == 5 && other->connections_max == 0, "%u\n", l->connections_max);
    CHECK(l->proxy_protocol && l->proxy_trusted_n == 1 && l->proxy_trusted[0].bits == 104 && !other->proxy_protocol, "PROXY\n");
    CHECK(l->forwarded_hops == 2 && l->forwarded_trusted_n == 1 && other->forwarded_hops == 0, "forwarded\n");
    CHECK(span_is(l->name, SPAN_LIT("edge:80")) && span_is(other->name, SPAN_LIT("edge:81")), "%.*s\n", SPAN_FMT(l->name));
    CHECK(ntohs(other->address.raw.port_be) == 81, "%u\n", ntohs(other->address.raw.port_be));
    conf_free(s);
}

TEST(compile_listener_limit)
{
    struct diag *diag = malloc(sizeof(*diag));
    char text[8192];

    /* 64 ports at two addresses are 128 listeners; one port more is too many. */
    for (int ports = 64; ports <= 65; ports++) {
        struct snapshot *s = NULL;
        size_t used = (size_t)snprintf(text, sizeof(text), "type: MeshGateway\nname: edge\nconf:\n  listeners:\n");
        for (int i = 0; i < ports; i++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "  - {port: %d, protocol: HTTP}\n", 1000 + i);
        diag_init(diag);
        enum why why = conf_load_text("t.yaml", span_of(text, used), diag, &s);
        CHECK(why == (ports == 64 ? WHY_OK : WHY_CONF_BAD), "%d: %s\n", ports, why_name(why));
        CHECK(ports == 64 || strstr(diag->items[0].text, "more than 128 pairs") != NULL, "%s\n", diag->items[0].text);
        conf_free(s);
    }
    free(diag);
}

CHECK_RUN(RUN(compile_listener_says), RUN(compile_listener_isolates), RUN(compile_listener_falls_back), RUN(compile_listener_settings), RUN(compile_listener_tags), RUN(compile_listener_limit))
