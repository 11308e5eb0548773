/* compile_rule_test.c - rules against the rest of the configuration: paths as requests spell them, patterns, services.
 *
 * Goal:   each thing that can be wrong has its sentence, at its place; filters and weights arrive.
 * Method: documents with one fault each; all that is said must be as in the row. Then a good one, field by field.
 */
#include "conf/chain.h"
#include "http/head.h"

#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "pattern that is none",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: RegularExpression, value: \"/a(\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:61: error: `value` is not a regular expression: missing closing parenthesis, at byte 4\n" },
    { "pattern with a back reference",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: RegularExpression, value: \"/(a)\\\\1\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:61: error: `value` has a back reference, which is not taken because its cost has no bound\n" },
    { "pattern of a header",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{headers: [{type: RegularExpression, name: x, value: \"[a\"}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:74: error: `value` is not a regular expression: missing terminating ] for character class, at "
      "byte 3\n" },
    { "pattern of a query parameter",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{queryParams: [{type: RegularExpression, name: x, value: \"*\"}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:78: error: `value` is not a regular expression: quantifier does not follow a repeatable item, at "
      "byte 1\n" },
    { "letter encoded",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: \"/%61\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:49: error: `value` is not how requests are spelled when they are matched: write \"/a\"\n" },
    { "hex in lower case",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: \"/%e4\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:49: error: `value` is not how requests are spelled when they are matched: write \"/%E4\"\n" },
    { "slash encoded",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: \"/a%2Fb\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:49: error: `value` never matches: path holds an encoded slash or backslash\n" },
    { "double slash",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: \"/a//b\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:54: error: `value` never matches: path holds an empty segment (//), which some servers drop\n" },
    { "stray percent",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: \"/100%\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:49: error: `value` never matches: request target has a % without two hex digits\n" },
    { "no such service",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: b}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:69: warning: there is no MeshExternalService `b` in mesh `default`: requests that would go there "
      "are answered with 500\n" },
    { "a service of another mesh",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a, mesh: other}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:69: warning: there is no MeshExternalService `a` in mesh `other`: requests that would go there "
      "are answered with 500\n" },
    { "service by label",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, labels: {kuma.io/display-name: a}}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "" },
    { "service without name",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:35: error: this backendRef names no service: write its `name`\n" },
    { "another port",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a, port: 81}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:78: warning: the MeshExternalService `a` has port 80, and none that is called 81: requests that "
      "would go there are answered with 500\n" },
    { "its port",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a, port: 80}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "" },
    { "leads nowhere",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{}]\n"
      "          default: {filters: []}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:20: error: this rule leads nowhere: write `backendRefs`, or a RequestRedirect\n" },
    { "service of bytes",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: tcp}, endpoints: [{address: "
      "127.0.0.1, port: 9000}]}}\n",
      "10:69: error: the MeshExternalService `a` speaks tcp, and this route speaks HTTP: write `protocol: "
      "http` (or http2, grpc) in its `match`\n" },
    { "wrong service is told once",
      "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
      "---\n"
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: htp}, endpoints: [{address: "
      "127.0.0.1, port: 9000}]}}\n",
      "12:73: error: `protocol` must be one of tcp, http, http2, grpc, and is \"htp\": did you mean "
      "`http`?\n" },
};

TEST(compile_rule_says)
{
    conf_check_says(rows, COUNT(rows));
}

TEST(compile_rule_arrives)
{
    struct snapshot *s = conf_check_load(
        "{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP}]}}\n"
        "---\n{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: [{address: \"::1\", port: 1}]}}\n"
        "---\n{type: MeshExternalService, name: b, spec: {match: {port: 80, protocol: http}, endpoints: [{address: \"::1\", port: 1}]}}\n"
        "---\n"
        "type: MeshHTTPRoute\n"
        "name: r\n"
        "spec:\n"
        "  to:\n"
        "  - targetRef: {kind: Mesh}\n"
        "    rules:\n"
        "    - matches:\n"
        "      - path: {type: PathPrefix, value: /p}\n"
        "        method: POST\n"
        "        headers: [{name: x-a, value: 'b'}, {type: Absent, name: x-b}, {type: RegularExpression, name: x-c, value: 'd.*'}]\n"
        "        queryParams: [{name: q, value: ''}]\n"
        "      default:\n"
        "        filters:\n"
        "        - {type: URLRewrite, urlRewrite: {hostname: New.Example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /n/}}}\n"
        "        - type: RequestHeaderModifier\n"
        "          requestHeaderModifier: {set: [{name: s, value: t}], add: [{name: u, value: v}], remove: [w, x]}\n"
        "        - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [server]}}\n"
        "        backendRefs:\n"
        "        - {kind: MeshExternalService, name: b, weight: 4294967295}\n"
        "        - {kind: MeshExternalService, name: a, weight: 0}\n"
        "        - {kind: MeshExternalService, name: b, weight: 4294967295}\n"
        "    - matches: [{method: GET}]\n"
        "      default:\n"
        "        filters: [{type: RequestRedirect, requestRedirect: {scheme: https, hostname: Other, port: 444, statusCode: 308,\n"
        "                   path: {type: ReplaceFullPath, replaceFullPath: /x}}}]\n");
    const struct route *r = &s->listeners[0].hosts[0].routes[0], *redirect = &s->listeners[0].hosts[0].routes[1];
    const struct header_modifier_conf *m = r->chain[0].conf;

    CHECK(r->match.path_type == MATCH_PREFIX && span_is(r->match.path, SPAN_LIT("/p")) && r->match.method == METHOD_POST, "path\n");
    CHECK(r->match.headers_n == 3 && r->match.headers[0].type == MATCH_EXACT && r->match.headers[1].type == MATCH_ABSENT &&
          r->match.headers[2].regex != NULL, "%u\n", r->match.headers_n);
    CHECK(r->match.queries_n == 1 && r->match.queries[0].value.len == 0, "%u\n", r->match.queries_n);
    CHECK(r->backends_n == 3 && r->backends[0].upstream == 1 && r->backends[1].weight == 0, "%u\n", r->backends_n);
    CHECK(r->weight_sum == 2 * UINT64_C(4294967295) && !r->backends_broken, "%llu\n", (unsigned long long)r->weight_sum);
    CHECK(span_is(r->rewrite->hostname, SPAN_LIT("new.example")) && r->rewrite->path_change == PATH_REPLACE_PREFIX &&
          span_is(r->rewrite->path, SPAN_LIT("/n")), "%.*s\n", SPAN_FMT(r->rewrite->path));
    CHECK(r->chain_n == 1 && r->chain[0].policy == POLICY_HEADER_MODIFIER && r->chain_bytes == 0, "%u\n", r->chain_n);
    CHECK(m->request->set_n == 1 && m->request->add_n == 1 && m->request->remove_n == 2 && m->response->remove_n == 1, "headers\n");
    CHECK(span_is(m->request->set[0].name, SPAN_LIT("s")) && span_is(m->request->add[0].value, SPAN_LIT("v")) &&
          span_is(m->request->remove[1], SPAN_LIT("x")), "header\n");
    CHECK(redirect->redirect->status == 308 && redirect->redirect->port == 444 && redirect->backends_n == 0 &&
          !redirect->backends_broken && span_is(redirect->redirect->scheme, SPAN_LIT("https")) &&
          span_is(redirect->redirect->hostname, SPAN_LIT("other")) && redirect->redirect->path_change == PATH_REPLACE_FULL,
          "%u\n", redirect->redirect->status);
    conf_free(s);
}

TEST(compile_rule_broken_backends)
{
    static const char *const refs[] = { "{kind: MeshExternalService, name: b}", "{kind: MeshExternalService, name: a, weight: 0}" };

    for (size_t i = 0; i < COUNT(refs); i++) {
        char text[1024];
        snprintf(text, sizeof(text),
                 "{type: MeshGateway, name: edge, conf: {listeners: [{port: 80, protocol: HTTP}]}}\n"
                 "---\n{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http},"
                 " endpoints: [{address: \"::1\", port: 1}]}}\n"
                 "---\n{type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{}],"
                 " default: {backendRefs: [%s]}}]}]}}\n", refs[i]);
        struct snapshot *s = conf_check_load(text);
        CHECK(s->listeners[0].hosts[0].routes[0].backends_broken, "%s\n", refs[i]);
        conf_free(s);
    }
}

CHECK_RUN(RUN(compile_rule_says), RUN(compile_rule_arrives), RUN(compile_rule_broken_backends))
