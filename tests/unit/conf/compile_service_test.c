/* compile_service_test.c - services of the mesh become upstreams with the ready inbounds that they select.
 *
 * Goal:   each way to select Dataplanes, each way to name a port, and what is said when there is nothing.
 * Method: one set of Dataplanes; documents beside them; upstreams of the snapshot as texts.
 */
#include "unit/conf/conf_check.h"

#define DATAPLANES                                                                                                     \
    "{type: Dataplane, name: b1, labels: {app: backend}, networking: {address: 10.0.0.1, inbound: [{port: 8080, name: http, protocol: " \
    "http, tags: {kuma.io/service: backend, kuma.io/protocol: http, version: v1}}, {port: 9090, name: admin}]}}\n---\n"                 \
    "{type: Dataplane, name: b2, labels: {app: backend}, networking: {address: 10.0.0.2, advertisedAddress: 203.0.113.2, inbound: "     \
    "[{port: 8080, address: 10.9.9.9, tags: {kuma.io/service: backend, kuma.io/protocol: http, version: v2}}]}}\n---\n"                 \
    "{type: Dataplane, name: b3, labels: {app: backend}, networking: {address: 10.0.0.3, inbound: [{port: 8080, state: NotReady, tags: " \
    "{kuma.io/service: backend}}, {port: 8081, health: {ready: false}}, {port: 8082, state: Ignored}]}}\n---\n"                         \
    "{type: Dataplane, name: b4, labels: {app: backend, kuma.io/effect: shadow}, networking: {address: 10.0.0.4, inbound: [{port: "      \
    "8080}]}}\n---\n"                                                                                                                   \
    "{type: Dataplane, name: o1, mesh: other, labels: {app: backend}, networking: {address: 10.0.0.5, inbound: [{port: 8080}]}}\n---\n" \
    "{type: Dataplane, name: v6, labels: {app: six}, networking: {address: '::1', inbound: [{port: 80, address: '::2'}, {port: 81, "    \
    "address: localhost}]}}\n---\n"                                                                                                     \
    "{type: Dataplane, name: g1, networking: {address: 10.0.0.6, inbound: [{port: 50, tags: {kuma.io/service: rpc, kuma.io/protocol: "  \
    "grpc}}, {port: 51, tags: {kuma.io/service: raw}}, {port: 52, state: NotReady, protocol: http2, tags: {kuma.io/service: away}}]}}\n---\n"

#define ROUTE_TO(backend)                                                                                              \
    "type: MeshHTTPRoute\nname: r\nspec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{path: {type: PathPrefix, value: /}}], "    \
    "default: {backendRefs: [" backend "]}}]}]}\n---\n"                                                                \
    "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"

static const struct selected_row {
    const char *name, *service, *upstreams;   /* "name protocol endpoint endpoint\n" for each */
} selected[] = {
    { "by labels, targetPort a number",
      "{type: MeshService, name: s, spec: {selector: {dataplaneLabels: {matchLabels: {app: backend}}}, ports: [{port: 80, targetPort: 8080, "
      "appProtocol: http}]}}\n", "s 0 10.0.0.1:8080 203.0.113.2:8080\n" },
    { "targetPort a name, two ports",
      "{type: MeshService, name: s, spec: {selector: {dataplaneLabels: {matchLabels: {app: backend}}}, ports: [{port: 80, targetPort: http, "
      "appProtocol: http2}, {port: 81, targetPort: admin, appProtocol: grpc}]}}\n", "s:80 1 10.0.0.1:8080\ns:81 1 10.0.0.1:9090\n" },
    { "by tags, port as it is",
      "{type: MeshService, name: s, spec: {selector: {dataplaneTags: {kuma.io/service: backend, version: v2}}, ports: [{port: 8080}]}}\n",
      "s 3 203.0.113.2:8080\n" },
    { "one Dataplane",
      "{type: MeshService, name: s, spec: {selector: {dataplaneRef: {name: b1}}, ports: [{port: 9090, appProtocol: http}]}}\n",
      "s 0 10.0.0.1:9090\n" },
    { "another mesh",
      "{type: MeshService, name: s, mesh: other, spec: {selector: {dataplaneLabels: {matchLabels: {app: backend}}}, ports: [{port: 8080, "
      "appProtocol: http}]}}\n", "s 0 10.0.0.5:8080\n" },
    { "addresses of inbounds",
      "{type: MeshService, name: s, spec: {selector: {dataplaneLabels: {matchLabels: {app: six}}}, ports: [{port: 80, appProtocol: http}, "
      "{port: 81, appProtocol: http}]}}\n", "s:80 0 [::2]:80\ns:81 0 127.0.0.1:81\n" },
    { "several services as one, an inbound met twice",
      "{type: MeshService, name: s, labels: {team: a}, spec: {selector: {dataplaneRef: {name: b1}}, ports: [{port: 80, targetPort: 8080, "
      "appProtocol: http}]}}\n---\n"
      "{type: MeshService, name: t, labels: {team: a}, spec: {selector: {dataplaneLabels: {matchLabels: {app: backend}}}, ports: [{port: 80, "
      "targetPort: 8080, appProtocol: http}, {port: 81, targetPort: admin}]}}\n---\n"
      "{type: MeshMultiZoneService, name: all, spec: {selector: {meshService: {matchLabels: {team: a}}}, ports: [{port: 80, appProtocol: "
      "http}]}}\n", "s 0 10.0.0.1:8080\nt:80 0 10.0.0.1:8080 203.0.113.2:8080\nt:81 3 10.0.0.1:9090\nall 0 10.0.0.1:8080 203.0.113.2:8080\n" },
    { "a name that is a tag only", ROUTE_TO("{kind: MeshService, name: backend}"), "backend 0 10.0.0.1:8080 203.0.113.2:8080\n" },
    { "a subset, once for two references", ROUTE_TO("{kind: MeshServiceSubset, name: backend, tags: {version: v1}}, {kind: MeshServiceSubset, "
      "name: backend, tags: {version: v1}, weight: 2}"), "backend 0 10.0.0.1:8080\n" },
    { "a tag that speaks gRPC", ROUTE_TO("{kind: MeshService, name: rpc}"), "rpc 1 10.0.0.6:50\n" },
};

static void print_upstreams(const struct snapshot *s, char *out, size_t bytes)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < s->upstreams_n; i++) {
        const struct upstream *u = &s->upstreams[i];
        used += (size_t)snprintf(out + used, bytes - used, "%.*s %d", SPAN_FMT(u->name), u->protocol);
        for (uint32_t k = 0; k < u->endpoints_n; k++)
            used += (size_t)snprintf(out + used, bytes - used, " %.*s", SPAN_FMT(u->endpoints[k].text));
        used += (size_t)snprintf(out + used, bytes - used, "\n");
    }
}

TEST(compile_service_selects)
{
    char text[8192], got[4096];

    for (size_t i = 0; i < COUNT(selected); i++) {
        snprintf(text, sizeof(text), "%s%s", DATAPLANES, selected[i].service);
        struct snapshot *s = conf_check_load(text);
        print_upstreams(s, got, sizeof(got));
        CHECK(strcmp(got, selected[i].upstreams) == 0, "%s\n got: %swant: %s", selected[i].name, got, selected[i].upstreams);
        conf_free(s);
    }
}

#define SERVICE                                                                                                        \
    "{type: MeshService, name: s, labels: {team: a}, spec: {selector: {dataplaneRef: {name: b1}}, ports: [{port: 80, name: web, targetPort: " \
    "8080, appProtocol: http}, {port: 81, targetPort: admin}]}}\n---\n"

static const struct reference_row {
    const char *name, *backend, *want;
    int upstream;     /* that the only route leads to; -1: none */
} references[] = {
    { "by port", "{kind: MeshService, name: s, port: 80}", "", 0 },
    { "by the name of the port", "{kind: MeshService, name: s, sectionName: web}", "", 0 },
    { "by the number as section", "{kind: MeshService, name: s, sectionName: '80'}", "", 0 },
    { "by labels", "{kind: MeshService, labels: {team: a}, port: 80}", "", 0 },
    { "by display name", "{kind: MeshService, labels: {kuma.io/display-name: s}, port: 80}", "", 0 },
    { "without port", "{kind: MeshService, name: s}", "error: the MeshService `s` has 2 ports: write the `port` that is meant\n", -1 },
    { "another port", "{kind: MeshService, name: s, port: 82}",
      "warning: the MeshService `s` has port 80, and none that is called 82: requests that would go there are answered with 500\n", -1 },
    { "a port of tcp", "{kind: MeshService, name: s, port: 81}",
      "error: the MeshService `s` speaks tcp, and this route speaks HTTP: write `appProtocol: http` (or http2, grpc) in its `ports`\n", -1 },
    { "labels that nobody has", "{kind: MeshService, labels: {team: b}, port: 80}",
      "warning: there is no MeshService with these labels in mesh `default`: requests that would go there are answered with 500\n", -1 },
    { "nobody", "{kind: MeshService, name: nobody}",
      "warning: there is no MeshService `nobody` in mesh `default`, and no Dataplane with these tags: requests that would go there are "
      "answered with 500\n", -1 },
    { "a tag that speaks tcp", "{kind: MeshService, name: raw}",
      "error: the service `raw` speaks tcp, and this route speaks HTTP: write `protocol: http` (or http2, grpc) in its Dataplane's "
      "`inbound`\n", -1 },
    { "a tag of nobody who is ready", "{kind: MeshService, name: away}",
      "warning: no Dataplane of the service `away` is ready: requests that would go there are answered with 503\n", 2 },
};

TEST(compile_service_finds_ports)
{
    struct diag *diag = malloc(sizeof(*diag));
    char text[8192], got[4096];

    for (size_t i = 0; i < COUNT(references); i++) {
        const struct reference_row *row = &references[i];
        struct snapshot *s = NULL;
        snprintf(text, sizeof(text), "%s" SERVICE ROUTE_TO("%s"), DATAPLANES, row->backend);
        diag_init(diag);
        enum why why = conf_load_text("t.yaml", span_str(text), diag, &s);
        got[0] = '\0';
        if (diag->items_n > 0)
            snprintf(got, sizeof(got), "%s: %s\n", diag->items[0].level == DIAG_ERROR ? "error" : "warning", diag->items[0].text);
        CHECK(strcmp(got, row->want) == 0 && diag->items_n <= 1, "%s\n got: %swant: %s", row->name, got, row->want);
        CHECK((why == WHY_OK) == (strncmp(row->want, "error", 5) != 0), "%s: %s\n", row->name, why_name(why));
        if (s != NULL) {
            const struct route *route = &s->listeners[0].hosts[0].routes[0];
            int upstream = route->backends_n == 1 ? (int)route->backends[0].upstream : -1;
            CHECK(upstream == row->upstream && route->backends_broken == (row->upstream < 0), "%s: %d\n", row->name, upstream);
        }
        conf_free(s);
    }
    free(diag);
}

static const struct says_row rows[] = {
    { "nobody is ready",
      "type: MeshService\n"
      "name: s\n"
      "spec:\n"
      "  selector: {dataplaneLabels: {matchLabels: {app: none}}}\n"
      "  ports: [{port: 80}]\n",
      "5:11: warning: no ready Dataplane is port 80 of this service: requests that would go there are answered with 503\n" },
    { "a host name",
      "type: MeshService\n"
      "name: s\n"
      "spec:\n"
      "  selector: {dataplaneRef: {name: d}}\n"
      "  ports: [{port: 80}]\n"
      "---\n"
      "type: Dataplane\n"
      "name: d\n"
      "networking:\n"
      "  address: a.example.com\n"
      "  inbound: [{port: 80}]\n",
      "5:11: warning: no ready Dataplane is port 80 of this service: requests that would go there are answered with 503\n"
      "10:12: error: `address: a.example.com` is understood but not enforced by this version: no DNS is asked, so write an IPv4 or IPv6 "
      "address or `localhost`\n" },
    { "a timeout of a service",
      "type: MeshService\n"
      "name: s\n"
      "spec:\n"
      "  ports: [{port: 80}]\n"
      "---\n"
      "type: MeshTimeout\n"
      "name: t\n"
      "spec:\n"
      "  to: [{targetRef: {kind: MeshService, name: s}, default: {connectionTimeout: 7s}}]\n",
      "4:11: warning: no ready Dataplane is port 80 of this service: requests that would go there are answered with 503\n" },
};

TEST(compile_service_says)
{
    conf_check_says(rows, COUNT(rows));
}

TEST(compile_service_has_policies)
{
    struct snapshot *s = conf_check_load(rows[2].text);

    CHECK(s->upstreams_n == 1 && s->upstreams[0].connect_timeout_ns == 7000000000, "%llu\n",
          (unsigned long long)s->upstreams[0].connect_timeout_ns);
    conf_free(s);
}

/* An operator may have more of them than an upstream has places. */
TEST(compile_service_endpoints_limit)
{
    for (int n = 256; n <= 257; n++) {
        char *text = calloc(1, 65536);
        struct diag *diag = malloc(sizeof(*diag));
        struct snapshot *s = NULL;
        size_t used = 0;
        for (int i = 0; i < n; i++)
            used += (size_t)snprintf(text + used, 65536 - used,
                                     "{type: Dataplane, name: d%d, networking: {address: 10.0.%d.%d, inbound: [{port: 80}]}}\n---\n", i,
                                     i / 256, i % 256);
        snprintf(text + used, 65536 - used, "{type: MeshService, name: s, spec: {selector: {dataplaneTags: {}}, ports: [{port: 80, "
                 "appProtocol: http}]}}\n");
        diag_init(diag);
        enum why why = conf_load_text("t.yaml", span_str(text), diag, &s);
        CHECK((why == WHY_OK) == (n == 256), "%d: %s %s\n", n, why_name(why), diag->items_n > 0 ? diag->items[0].text : "");
        CHECK(n == 256 || strstr(diag->items[0].text, "257th") != NULL, "%s\n", diag->items[0].text);
        conf_free(s);
        free(diag);
        free(text);
    }
}

CHECK_RUN(RUN(compile_service_selects), RUN(compile_service_finds_ports), RUN(compile_service_says), RUN(compile_service_has_policies),
          RUN(compile_service_endpoints_limit))
