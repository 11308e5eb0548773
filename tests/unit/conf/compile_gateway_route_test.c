/* compile_gateway_route_test.c - a MeshGatewayRoute becomes what the same MeshHTTPRoute would become.
 *
 * Goal:   matches, filters and backends are those of the newer form, on the listeners that the selectors name; what is wrong is told.
 * Method: the same route in both forms beside the same gateway and services; the routes of both snapshots are compared.
 */
#include "conf/chain.h"
#include "unit/conf/conf_check.h"

#define AROUND                                                                                                         \
    "{type: MeshGateway, name: edge, selectors: [{match: {kuma.io/service: edge}}], tags: {team: a}, conf: {listeners: [{port: 8080, "  \
    "protocol: HTTP, tags: {port: http}}, {port: 8081, protocol: HTTP, tags: {port: other}}]}}\n---\n"                                 \
    "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: [{address: 127.0.0.1, port: 9000}]}}\n"  \
    "---\n"                                                                                                            \
    "{type: MeshService, name: b, spec: {selector: {dataplaneTags: {kuma.io/service: b}}, ports: [{port: 80, targetPort: 8080, "        \
    "appProtocol: http}]}}\n---\n"                                                                                     \
    "{type: Dataplane, name: d, networking: {address: 10.0.0.1, inbound: [{port: 8080, protocol: http, tags: {kuma.io/service: b, "     \
    "version: v1}}]}}\n---\n"

#define OLDER(selectors, rules)                                                                                        \
    AROUND "{type: MeshGatewayRoute, name: r, selectors: " selectors ", conf: {http: {hostnames: [shop.example.com], rules: [" rules "]}}}\n"
#define NEWER(target, rules)                                                                                           \
    AROUND "{type: MeshHTTPRoute, name: r, spec: {targetRef: " target ", to: [{targetRef: {kind: Mesh}, hostnames: "                    \
    "[shop.example.com], rules: [" rules "]}]}}\n"

static const struct pair_row {
    const char *name, *older, *newer;
} pairs[] = {
    { "matches and filters",
      OLDER("[{match: {kuma.io/service: edge, port: http}}]",
            "{matches: [{path: {match: PREFIX, value: /api}, method: GET, headers: [{match: REGEX, name: x-a, value: '[0-9]+'}, {match: "
            "PRESENT, name: x-b}], query_parameters: [{name: q, value: '1'}]}], filters: [{request_header: {set: [{name: x-s, value: a}], "
            "remove: [x-g]}}, {response_header: {add: [{name: x-o, value: c}]}}, {rewrite: {replace_prefix_match: /v1, "
            "host_to_backend_hostname: true}}], backends: [{weight: 90, destination: {kuma.io/service: a}}, {destination: "
            "{kuma.io/service: b}}]}, {matches: [{path: {value: /old}}], filters: [{redirect: {scheme: https, hostname: x.example.com, "
            "port: 444, status_code: 301, path: {replace_full: /new}}}]}"),
      NEWER("{kind: MeshGateway, name: edge, tags: {port: http}}",
            "{matches: [{path: {type: PathPrefix, value: /api}, method: GET, headers: [{type: RegularExpression, name: x-a, value: "
            "'[0-9]+'}, {type: Present, name: x-b}], queryParams: [{name: q, value: '1'}]}], default: {filters: [{type: "
            "RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-s, value: a}], remove: [x-g]}}, {type: ResponseHeaderModifier, "
            "responseHeaderModifier: {add: [{name: x-o, value: c}]}}, {type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, "
            "replacePrefixMatch: /v1}, hostToBackendHostname: true}}], backendRefs: [{kind: MeshExternalService, name: a, weight: 90}, "
            "{kind: MeshService, name: b}]}}, {matches: [{path: {type: Exact, value: /old}}], default: {filters: [{type: RequestRedirect, "
            "requestRedirect: {scheme: https, hostname: x.example.com, port: 444, statusCode: 301, path: {type: ReplaceFullPath, "
            "replaceFullPath: /new}}}]}}") },
    { "any listener, tags beside the service",
      OLDER("[{match: {kuma.io/service: '*'}}]",
            "{matches: [{path: {match: PREFIX, value: /}}], backends: [{destination: {kuma.io/service: b, version: v1}}]}"),
      NEWER("{kind: MeshSubset, tags: {kuma.io/service: edge}}", "{matches: [{path: {type: PathPrefix, value: /}}], default: {backendRefs: [{kind: MeshServiceSubset, name: b, "
            "tags: {version: v1}}]}}") },
    { "two selectors that mean one listener",
      OLDER("[{match: {kuma.io/service: edge, port: other}}, {match: {team: a, port: other}}]",
            "{matches: [{path: {match: PREFIX, value: /}}], backends: [{destination: {kuma.io/service: a}}]}"),
      NEWER("{kind: MeshGateway, tags: {port: other}}", "{matches: [{path: {type: PathPrefix, value: /}}], default: {backendRefs: [{kind: "
            "MeshExternalService, name: a}]}}") },
};

static size_t print_route(const struct snapshot *s, const struct route *r, char *out, size_t bytes)
{
    const struct header_modifier_conf *m = r->chain_n > 0 ? r->chain[0].conf : NULL;
    size_t used = (size_t)snprintf(out, bytes, " %.*s path %d %.*s method %u headers %u queries %u rule %u", SPAN_FMT(r->name), r->match.path_type,
                                   SPAN_FMT(r->match.path), r->match.method, r->match.headers_n, r->match.queries_n, r->rule);

    for (uint32_t i = 0; i < r->match.headers_n; i++)
        used += (size_t)snprintf(out + used, bytes - used, " %d %.*s", r->match.headers[i].type, SPAN_FMT(r->match.headers[i].name));
    for (uint32_t i = 0; i < r->backends_n; i++)
        used += (size_t)snprintf(out + used, bytes - used, " -> %.*s %u", SPAN_FMT(s->upstreams[r->backends[i].upstream].name),
                                 r->backends[i].weight);
    if (r->redirect != NULL)
        used += (size_t)snprintf(out + used, bytes - used, " redirect %.*s %.*s %d %.*s %u %u", SPAN_FMT(r->redirect->scheme),
                                 SPAN_FMT(r->redirect->hostname), r->redirect->path_change, SPAN_FMT(r->redirect->path), r->redirect->port,
                                 r->redirect->status);
    if (r->rewrite != NULL)
        used += (size_t)snprintf(out + used, bytes - used, " rewrite %d %.*s %d", r->rewrite->path_change, SPAN_FMT(r->rewrite->path),
                                 r->rewrite->host_to_backend);
    if (m != NULL)
        used += (size_t)snprintf(out + used, bytes - used, " modify %u %u %u %u", m->request->set_n, m->request->remove_n, m->response->add_n,
                                 m->response->set_n);
    return used + (size_t)snprintf(out + used, bytes - used, "\n");
}

static void print_routes(const struct snapshot *s, char *out, size_t bytes)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < s->listeners_n; i++)
        for (uint32_t h = 0; h < s->listeners[i].hosts_n; h++) {
            const struct virtual_host *host = &s->listeners[i].hosts[h];
            used += (size_t)snprintf(out + used, bytes - used, "%.*s %.*s\n", SPAN_FMT(s->listeners[i].name), SPAN_FMT(host->hostname));
            for (uint32_t k = 0; k < host->routes_n; k++)
                used += print_route(s, &host->routes[k], out + used, bytes - used);
        }
}

TEST(compile_gateway_route_is_the_newer_form)
{
    char older[8192], newer[8192];

    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct snapshot *a = conf_check_load(pairs[i].older), *b = conf_check_load(pairs[i].newer);
        print_routes(a, older, sizeof(older));
        print_routes(b, newer, sizeof(newer));
        CHECK(strcmp(older, newer) == 0, "%s\nolder: %snewer: %s", pairs[i].name, older, newer);
        CHECK(strstr(older, " r path") != NULL && strstr(older, "shop.example.com") != NULL, "%s: no route\n%s", pairs[i].name, older);
        conf_free(a);
        conf_free(b);
    }
}

static const struct says_row rows[] = {
    { "as strict as the newer form",
      "type: MeshGatewayRoute\n"
      "name: r\n"
      "selectors: [{match: {kuma.io/service: edge}}]\n"
      "conf:\n"
      "  http:\n"
      "    rules:\n"
      "      - matches: [{path: {match: EXACT, value: /a}}]\n"
      "        filters: [{rewrite: {replace_prefix_match: /b}}]\n"
      "        backends: [{destination: {kuma.io/service: nobody}}]\n",
      "8:29: error: `ReplacePrefixMatch` needs a PathPrefix in each of the rule's matches: write ReplaceFullPath\n" },
    { "nobody is tagged so",
      "type: MeshGatewayRoute\n"
      "name: r\n"
      "selectors: [{match: {kuma.io/service: edge}}]\n"
      "conf:\n"
      "  http:\n"
      "    rules:\n"
      "      - matches: [{path: {match: PREFIX, value: /}}]\n"
      "        backends: [{destination: {kuma.io/service: nobody}}]\n",
      "8:20: warning: there is no MeshService `nobody` in mesh `default`, and no Dataplane with these tags: requests that would go there "
      "are answered with 500\n" },
};

TEST(compile_gateway_route_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(compile_gateway_route_is_the_newer_form), RUN(compile_gateway_route_says))
