/* kind_forge_test_test.c - what a ForgeTest may say
 *
 * Goal:   each thing that can be wrong has its sentence, at its place.
 * Method: documents with one fault each; all that is said must be as in the row.
 */
#include "unit/conf/conf_check.h"

#define CASE(request, expect) "type: ForgeTest\nname: t\nspec: {cases: [{name: c, request: {" request "}, expect: {" expect "}}]}\n"

static const struct says_row rows[] = {
    { "all that may be said",
      CASE("method: POST, url: 'https://a.example/x?y=1', headers: [{name: x-a, value: b}], client: '192.0.2.1:80', port: 8443, "
           "serverName: A.example, bodyBytes: 10Ki, chunked: true, seed: 7",
           "outcome: Upstream, listener: edge:8443, route: r, to: 0, rule: 1, status: 404, why: route-no-match, upstream: u, location: /, "
           "path: /x, host: h, client: 192.0.2.1, headers: {set: [{name: a, value: b}], present: [c], absent: [d]}, "
           "policies: [{name: body-cap, verdict: WouldRefuse}]"),
      "" },
    { "in parts", CASE("scheme: https, host: a.example, path: /x", "route: ''"), "" },
    { "no case", "type: ForgeTest\nname: t\nspec: {cases: []}\n", "3:15: error: `cases` must have 1 to 1024 items, and has 0\n" },
    { "expects nothing", CASE("url: 'http://a/'", ""),
      "3:63: error: this case expects nothing: write `outcome:`, `route:`, `status:` or another field below `expect`\n" },
    { "two urls", CASE("url: 'http://a/', host: b", "status: 404"),
      "3:41: error: `url` says scheme, host and path already: take `scheme`, `host` and `path` out\n" },
    { "no url", CASE("url: a/b", "status: 404"),
      "3:41: error: `url` must be like https://shop.example.com/cart?x=1, and is \"a/b\"\n" },
    { "scheme", CASE("scheme: smtp", "status: 404"), "3:44: error: `scheme` must be http or https, and is \"smtp\"\n" },
    { "client", CASE("client: me", "status: 404"),
      "3:44: error: `client` must be an address such as 192.0.2.1, 192.0.2.1:4711 or 2001:db8::1, and is \"me\"\n" },
    { "why", CASE("path: /", "why: route-no-mach"), "3:60: error: there is no ending `route-no-mach`: did you mean `route-no-match`?\n" },
    { "no why at all", CASE("path: /", "why: because"),
      "3:60: error: there is no ending `because`: the `type` of the gateway's answer names it\n" },
    { "rule of no route", CASE("path: /", "rule: 1"), "3:61: error: a rule is one of a route: write the `route`'s name\n" },
    { "outcome", CASE("path: /", "outcome: Maybe"), "3:64: error: `outcome` must be one of Upstream, Redirect, Refused, Cut, and is \"Maybe\"\n" },
    { "one name twice",
      "type: ForgeTest\nname: t\nspec:\n  cases:\n  - {name: c, request: {}, expect: {status: 404}}\n  - {name: c, request: {}, expect: {status: 404}}\n",
      "6:12: error: the case in line 5 has this name already: reports need another one\n" },
};

TEST(forge_test_documents_say_what_is_wrong)
{
    conf_check_says(rows, COUNT(rows));
    CHECK(COUNT(rows) > 10, "rows\n");
}

CHECK_RUN(RUN(forge_test_documents_say_what_is_wrong))
