/* kind_mesh_http_route_test.c - what the fields of a MeshHTTPRoute may be
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "good",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: /a}, method: GET, headers: [{name: x, value: y}], "
      "queryParams: [{name: q, value: \"1\"}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "" },
    { "no to",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec: {}\n",
      "3:7: error: `to` is missing in this MeshHTTPRoute: write `to:` with `rules:` below it\n" },
    { "from",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec: {to: [{targetRef: {kind: Mesh}, rules: []}], from: []}\n",
      "3:52: error: `from` was removed: a route has only `to`\n" },
    { "no matches",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:11: error: `matches` is missing in this rule: at least one match\n" },
    { "empty matches",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: []\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:20: error: `matches` must have 1 to 128 items, and has 0\n" },
    { "no default",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{method: GET}]\n",
      "7:11: error: `default` is missing in this rule: write `default:` with `backendRefs:` below it\n" },
    { "no path type",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {value: /a}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:28: error: `type` is missing in this path match: Exact, PathPrefix or RegularExpression\n" },
    { "Prefix",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Prefix, value: /a}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:35: error: `type` must be one of Exact, PathPrefix, RegularExpression, and is \"Prefix\": did you "
      "mean `PathPrefix`?\n" },
    { "method in lower case",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{method: get}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:30: error: `method` must be one of CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE, "
      "and is \"get\": did you mean `GET`?\n" },
    { "a method of your own",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{method: PURGE}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:30: error: `method` must be one of CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE, "
      "and is \"PURGE\"\n" },
    { "header in capitals",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{headers: [{name: X-A, value: b}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:39: error: `name` must be a header name in lower case, without colon, and is \"X-A\"\n" },
    { "value a number",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{headers: [{name: x-a, value: 10}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:51: error: `value` must be a text: put it in quotes, \"10\"\n" },
    { "value yes",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{headers: [{name: x-a, value: yes}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:51: error: `value` must be a text: put it in quotes, \"yes\"\n" },
    { "query without value",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{queryParams: [{name: a}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:36: error: `value` is missing in this query parameter match: what to compare with\n" },
    { "query Present",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{queryParams: [{type: Present, name: a}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:36: error: `value` is missing in this query parameter match: what to compare with\n"
      "7:43: error: `type` must be one of Exact, RegularExpression, and is \"Present\"\n" },
    { "status 200",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: RequestRedirect, requestRedirect: {statusCode: 200}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:71: error: `statusCode` must be one of 301, 302, 303, 307, 308, and is \"200\"\n" },
    { "scheme ftp",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: RequestRedirect, requestRedirect: {scheme: ftp}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:67: error: `scheme` must be one of http, https, and is \"ftp\"\n" },
    { "redirect to an address",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: RequestRedirect, requestRedirect: {hostname: 127.0.0.1}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:69: error: `hostname` must be a host name, without scheme, port or wildcard, and is "
      "\"127.0.0.1\"\n" },
    { "mirror",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: RequestMirror, requestMirror: {backendRef: {kind: MeshExternalService, name: "
      "a}}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:24: error: `type: RequestMirror` is understood but not enforced by this version: a request is sent "
      "to one backend only: take the filter out\n" },
    { "weight below zero",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{method: GET}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a, weight: -1}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "8:80: error: `weight` must be between 0 and 4294967295, and is -1\n" },
    { "weight too high",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{method: GET}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a, weight: 4294967296}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "8:80: error: `weight` must be between 0 and 4294967295, and is 4294967296\n" },
    { "unknown field of a rule",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - match: [{method: GET}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:11: error: `match` is not a field of this rule: did you mean `matches`?\n"
      "7:11: error: `matches` is missing in this rule: at least one match\n" },
    { "hostname with scheme",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - {targetRef: {kind: Mesh}, hostnames: [\"https://a.example.com\"], rules: []}\n",
      "5:45: error: `hostnames` must be a host name such as shop.example.com, *.example.com or *, and is "
      "\"https://a.example.com\"\n" },
};

TEST(kind_mesh_http_route_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(kind_mesh_http_route_says))
