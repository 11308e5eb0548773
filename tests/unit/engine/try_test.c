/* try_test.c - a request is told what would become of it, step by step, and a refused one where it ends.
 *
 * Method: rows of requests to one configuration, and what must be said of each. That the verdicts are those of real requests is
 *         try_differ_test's.
 */
#include "unit/engine/try_check.h"

#define DOCUMENTS                                                                                                      \
    TRY_GATEWAY TRY_SERVICE("one") TRY_SERVICE("two")                                                                  \
    TRY_ROUTE("shop",                                                                                                  \
        TRY_RULE(TRY_PATH("/cart"), "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-shop, value: a}],"  \
                 " remove: [x-debug]}}, {type: URLRewrite, urlRewrite: {hostname: in.example, path: {type: ReplacePrefixMatch,"      \
                 " replacePrefixMatch: /v2}}}], " TRY_TO("one")) ", "                                                  \
        TRY_RULE(TRY_PATH("/old"), "filters: [{type: RequestRedirect, requestRedirect: {statusCode: 301, hostname: new.example}}]") ", " \
        TRY_RULE(TRY_PATH("/both"), "backendRefs: [{kind: MeshExternalService, name: one, weight: 90},"                \
                 " {kind: MeshExternalService, name: two, weight: 10}]") ", "                                          \
        TRY_RULE(TRY_PATH("/lost"), TRY_TO("gone")))                                                                   \
    "---\n{type: ForgeBodyCap, name: cap, spec: {bytes: 100}}\n"

TEST(try_tells_what_would_happen)
{
    static const struct {
        const char *line;
        uint64_t    body_bytes;
        bool        is_chunked;
        uint16_t    port;
        const char *outcome, *why;
        uint16_t    status;
        const char *says;
    } rows[] = {
        { "GET http://a.example/cart/1?x=1", 0, false, 0, "upstream", "ok", 0, "GET /v2/1?x=1\nhost: in.example\n" },
        { "GET http://a.example/cart", 0, false, 0, "upstream", "ok", 0, "+ x-shop: a\n" },
        { "GET http://a.example/cart", 0, false, 0, "upstream", "ok", 0, "+ x-forwarded-for: 127.0.0.1\n" },
        { "GET http://a.example/%63art", 0, false, 0, "upstream", "ok", 0, "path /cart, normalised from /%63art\n" },
        { "GET http://a.example/old/x", 0, false, 0, "redirect", "ok", 301, "location http://new.example/old/x\n" },
        { "GET http://a.example/both", 0, false, 0, "upstream", "ok", 0, "one, 90 of 100\n" },
        { "GET http://a.example/lost", 0, false, 0, "refused", "route-no-backend", 500, "no   upstream  there is no upstream" },
        { "GET http://a.example/none", 0, false, 0, "refused", "route-no-match", 404, "no   route     no route of 4 matches" },
        { "GET http://b.test/cart", 0, false, 0, "refused", "route-no-host", 404, "host `b.test` is not served here" },
        { "GET http://a.example/cart//x", 0, false, 0, "refused", "uri-path-empty-segment", 400, "no   path" },
        { "GET http://a.example/c%2f", 0, false, 0, "refused", "uri-path-separator", 400, "no   path" },
        { "GET http://a.example/#x", 0, false, 0, "refused", "uri-fragment", 400, "no   head" },
        { "GET http://a.example/a b", 0, false, 0, "refused", "h1-request-line", 400, "no   head" },
        { "BREW http://a.example/cart", 0, false, 0, "refused", "h1-method", 501, "no   head" },
        { "POST http://a.example/cart", 100, false, 0, "upstream", "ok", 0, "content-length: 100\n" },
        { "POST http://a.example/cart", 101, false, 0, "refused", "policy-body-cap", 413, "body-cap refuses it [policy-body-cap]\n" },
        { "POST http://a.example/cart", 100, true, 0, "upstream", "ok", 0, "one answers" },
        { "POST http://a.example/cart", 101, true, 0, "refused", "policy-body-cap", 413, "body-cap refuses it, 101 bytes into its body" },
        { "GET http://a.example/cart", 0, false, 8080, "upstream", "ok", 0, "ok   listener  listener edge:8080\n" },
        { "GET http://a.example:8080/cart", 0, false, 0, "upstream", "ok", 0, "ok   listener  listener edge:8080\n" },
        { "GET http://a.example/cart", 0, false, 9, "cut", "io-refused", 0, "nothing listens on port 9" },
        { "GET https://a.example/cart", 0, false, 0, "cut", "io-refused", 0, "nothing listens on port 443" },
        { "GET https://a.example/cart", 0, false, 8080, "refused", "h1-not-http", 400, "port 8080 speaks plain HTTP" },
        { "OPTIONS /cart", 0, false, 0, "refused", "route-no-host", 404, "host `` is not served here" },
    };
    struct try_check *c = try_check_open(DOCUMENTS);

    for (size_t i = 0; i < COUNT(rows); i++) {
        c->request = (struct try_request){ .body_bytes = rows[i].body_bytes, .is_chunked = rows[i].is_chunked, .port = rows[i].port };
        const struct try_result *r = try_check_run(c, rows[i].line);
        CHECK(strcmp(try_outcome(r), rows[i].outcome) == 0, "%s: %s\n%s", rows[i].line, try_outcome(r), c->text);
        CHECK(strcmp(why_name(r->why), rows[i].why) == 0, "%s: %s\n%s", rows[i].line, why_name(r->why), c->text);
        CHECK(r->status == rows[i].status, "%s: %u\n%s", rows[i].line, r->status, c->text);
        CHECK((r->request != NULL) == (strcmp(rows[i].outcome, "upstream") == 0), "%s\n", rows[i].line);
        try_check_says(c, rows[i].line, rows[i].says);
    }
    try_check_close(c);
}

#define PEM(text) "-----BEGIN CERTIFICATE-----\\n" text "\\n-----END CERTIFICATE-----\\n-----BEGIN PRIVATE KEY-----\\nK\\n-----END PRIVATE KEY-----\\n"
#define TLS_LISTENER(hostname)                                                                                         \
    "{port: 8443, protocol: HTTPS, hostname: " hostname ", tls: {certificates: [{inlineString: \"" PEM("A") "\"}]}}"

/* The certificate that a server name gets, and whether the host goes with it. */
TEST(try_follows_server_names)
{
    static const struct { const char *line, *server_name; uint16_t port; enum why why; uint16_t status; const char *says; } rows[] = {
        { "https://a.test/", NULL, 0, WHY_OK, 0, "listener edge:8443, as nothing listens on port 443 and this one speaks https\n" },
        { "https://a.test/", NULL, 8443, WHY_OK, 0, "server name `a.test` gets the certificate of host `a.test`\n" },
        { "https://x.b.test:8443/", NULL, 0, WHY_OK, 0, "server name `x.b.test` gets the certificate of host `*.b.test`\n" },
        { "https://c.test:8443/", NULL, 0, WHY_TLS_NO_HOST, 0, "server name `c.test` has no certificate here" },
        { "https://192.0.2.1:8443/", NULL, 0, WHY_TLS_NO_HOST, 0, "server name `` has no certificate here" },
        { "https://a.test:8443/", "x.b.test", 0, WHY_ROUTE_MISDIRECTED, 421, "host `a.test:8443` is not served under the certificate that was shown" },
        { "https://a.test:8443/", "a.test", 0, WHY_OK, 0, "GET /\nhost: a.test:8443\n" },
        { "http://a.test:8443/", NULL, 0, WHY_TLS_PLAIN_HTTP, 400, "port 8443 speaks TLS" },
    };
    struct try_check *c = try_check_open("{type: MeshGateway, name: edge, conf: {listeners: [" TLS_LISTENER("a.test") ", " TLS_LISTENER("'*.b.test'") "]}}\n"
                                         TRY_SERVICE("one") TRY_ROUTE("all", TRY_RULE(TRY_PATH("/"), TRY_TO("one"))));

    for (size_t i = 0; i < COUNT(rows); i++) {
        c->request = (struct try_request){ .port = rows[i].port, .server_name = rows[i].server_name != NULL ? span_str(rows[i].server_name) : SPAN_NONE };
        const struct try_result *r = try_check_run(c, rows[i].line);
        CHECK(r->why == rows[i].why && r->status == rows[i].status, "%s: %s\n%s", rows[i].line, why_name(r->why), c->text);
        try_check_says(c, rows[i].line, rows[i].says);
    }
    try_check_close(c);
}

CHECK_RUN(RUN(try_tells_what_would_happen), RUN(try_follows_server_names))
