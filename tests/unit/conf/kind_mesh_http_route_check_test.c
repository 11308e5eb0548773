/* kind_mesh_http_route_check_test.c - what the fields of a MeshHTTPRoute mean together
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "sidecars",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  targetRef: {kind: MeshSubset, tags: {a: b}}\n"
      "  to: [{targetRef: {kind: Mesh}, rules: []}]\n",
      "4:21: warning: this is about sidecars, and this node is a gateway, so it changes nothing here\n" },
    { "to a service",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to: [{targetRef: {kind: MeshService, name: a}, rules: []}]\n",
      "4:27: warning: this routes what sidecars send to a service, and this node is a gateway, so it changes nothing "
      "here: write `kind: Mesh` to route what clients send\n" },
    { "path without slash",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: a}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:49: error: `value` \"a\" must start with a slash\n" },
    { "path with a query",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: \"/a?b\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:49: error: `value` \"/a?b\" must be a path alone, without `?` or `#`: use `queryParams` for the "
      "query\n" },
    { "path with a blank",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: \"/a b\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:49: error: `value` \"/a b\" must have no blank, control or non-ASCII byte: write it "
      "percent-encoded\n" },
    { "path beyond ASCII",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: \"/\\xe4\"}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:49: error: `value` \"/\303\244\" must have no blank, control or non-ASCII byte: write it "
      "percent-encoded\n" },
    { "path with dots",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a/../b}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:54: error: `value` \"/a/../b\" must have no `.` or `..` segment: requests lose theirs before they "
      "are matched, so it never matches\n" },
    { "prefix with a slash at its end",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a/}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:54: error: `value` \"/a/\" must not end with a slash: a prefix matches whole segments, so /a "
      "matches /a and /a/b\n" },
    { "the root as prefix",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /}}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "" },
    { "header without value",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{headers: [{name: x-a}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:39: error: `value` is missing in this header match: only Present and Absent have none\n" },
    { "Present with a value",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{headers: [{type: Present, name: x-a, value: b}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:66: error: Present and Absent have no `value`: take it out\n" },
    { "query parameter twice",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{queryParams: [{name: a, value: b}, {name: a, value: c}]}]\n"
      "          default: {backendRefs: [{kind: MeshExternalService, name: a}]}\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "7:64: error: the query parameter `a` is matched twice: keep one\n" },
    { "filter with the field of another",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite, requestRedirect: {statusCode: 302}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:24: error: this filter's type needs the field `urlRewrite`, and that one only\n" },
    { "filter without its field",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:24: error: this filter's type needs the field `urlRewrite`, and that one only\n" },
    { "filter with two fields",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite, urlRewrite: {hostname: a}, requestRedirect: {statusCode: 302}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:24: error: this filter's type needs the field `urlRewrite`, and that one only\n" },
    { "two filters of a type",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite, urlRewrite: {hostname: a}}\n"
      "              - {type: URLRewrite, urlRewrite: {hostname: b}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "11:24: error: this rule has a filter of that type already: join them\n" },
    { "redirect and rewrite",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite, urlRewrite: {hostname: a}}\n"
      "              - {type: RequestRedirect, requestRedirect: {statusCode: 302}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:15: error: a redirect and a rewrite exclude each other: a redirected request reaches no backend\n" },
    { "host of two sources",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite, urlRewrite: {hostname: a, hostToBackendHostname: true}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:85: error: `hostname` and `hostToBackendHostname` exclude each other: keep one\n" },
    { "change of the host header",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: host, value: "
      "a}]}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:84: error: the header `host` cannot be changed by a filter: `host` is changed by a URLRewrite's "
      "`hostname`\n" },
    { "change of framing",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: "
      "[transfer-encoding]}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:81: error: the header `transfer-encoding` cannot be changed by a filter: it belongs to the "
      "connection, which the gateway frames itself\n" },
    { "two actions for a header",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, value: b}], "
      "remove: [x-a]}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:109: error: the header `x-a` has a second action in this filter: keep one\n" },
    { "value with a line end",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, value: "
      "\"a\\r\\nb: c\"}]}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:96: error: `value` cannot be sent: it has a control byte, or a blank at one of its ends\n" },
    { "value with a blank at its end",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: x-a, value: \"a "
      "\"}]}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:96: error: `value` cannot be sent: it has a control byte, or a blank at one of its ends\n" },
    { "path change without its field",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replacePrefixMatch: "
      "/b}}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:62: error: `type: ReplaceFullPath` needs the field `replaceFullPath`, and that one only\n" },
    { "new path without slash",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: "
      "b}}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:96: error: \"b\" must start with a slash\n" },
    { "new path with a query",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: "
      "\"/b?c\"}}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "10:96: error: \"/b?c\" must be a path alone, without `?` or `#`: use `queryParams` for the query\n" },
    { "empty new prefix is good",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: PathPrefix, value: /a}}]\n"
      "          default:\n"
      "            filters:\n"
      "              - {type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, "
      "replacePrefixMatch: \"\"}}}\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "" },
    { "prefix change without prefix",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{path: {type: Exact, value: /a}}]\n"
      "          default:\n"
      "            filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, "
      "replacePrefixMatch: /b}}}]\n"
      "            backendRefs: [{kind: MeshExternalService, name: a}]\n"
      "---\n"
      "{type: MeshExternalService, name: a, spec: {match: {port: 80, protocol: http}, endpoints: "
      "[{address: 127.0.0.1, port: 9000}]}}\n",
      "9:68: error: `ReplacePrefixMatch` needs a PathPrefix in each of the rule's matches: write "
      "ReplaceFullPath\n" },
    { "backend of the mesh",
      "type: MeshHTTPRoute\n"
      "name: r\n"
      "spec:\n"
      "  to:\n"
      "    - targetRef: {kind: Mesh}\n"
      "      rules:\n"
      "        - matches: [{method: GET}]\n"
      "          default: {backendRefs: [{kind: MeshService, name: a}]}\n",
      "8:61: warning: there is no MeshService `a` in mesh `default`, and no Dataplane with these tags: "
      "requests that would go there are answered with 500\n" },
};

TEST(kind_mesh_http_route_check_says)
{
    conf_check_says(rows, COUNT(rows));
}

CHECK_RUN(RUN(kind_mesh_http_route_check_says))
