/* testing_test.c - ForgeTest documents are run: what holds passes, what does not is told at its place, and keeps a generation out.
 *
 * Method: one configuration, rows of cases with the sentence that each must end with; then a keeper that runs them.
 */
#include "admin/testing.h"

#include <stdlib.h>

#include <yyjson.h>

#include "lib/check.h"

#include "conf/candidate.h"
#include "conf/conf_arena.h"
#include "conf/load.h"
#include "conf/snapshot.h"
#include "proto/text_write.h"

#define SERVICES                                                                                                       \
    "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP, hostname: '*.example'}]}}\n"      \
    "---\n{type: MeshExternalService, name: one, spec: {match: {port: 80, protocol: http}, endpoints: [{address: 127.0.0.1, port: 9001}]}}\n" \
    "---\n{type: MeshExternalService, name: two, spec: {match: {port: 80, protocol: http}, endpoints: [{address: 127.0.0.1, port: 9002}]}}\n" \
    "---\n{type: ForgeBodyCap, name: cap, spec: {bytes: 100}}\n"
#define ROUTES                                                                                                         \
    "---\n{type: MeshHTTPRoute, name: shop, spec: {to: [{targetRef: {kind: Mesh}, rules: ["                            \
    "{matches: [{path: {type: PathPrefix, value: /cart}}], default: {filters: [{type: RequestHeaderModifier, requestHeaderModifier: "      \
    "{set: [{name: x-shop, value: a}], remove: [x-debug]}}, {type: URLRewrite, urlRewrite: {hostname: in.example}}], backendRefs: "       \
    "[{kind: MeshExternalService, name: one}, {kind: MeshExternalService, name: two}]}},"                              \
    "{matches: [{path: {type: PathPrefix, value: /old}}], default: {filters: [{type: RequestRedirect, requestRedirect: {hostname: n.example}}]}}" \
    "]}]}}\n"
#define DOCUMENTS SERVICES ROUTES
#define TESTS(cases) "---\ntype: ForgeTest\nname: t\nspec:\n  cases:\n" cases
#define CASE(request, expect) "  - {name: c, request: {" request "}, expect: {" expect "}}\n"
#define CART "url: 'http://a.example/cart'"

struct ran {
    struct diag        diag;
    struct candidate  *candidate;
    struct snapshot   *snapshot;
    struct conf_arena *arena;
    const struct keeper_test *tests;
    uint32_t           tests_n;
};

static struct ran *run(const char *documents, const char *more)
{
    struct candidate_options options = { .dir = NULL };
    struct ran *r = calloc(1, sizeof(*r));

    r->candidate = candidate_open(&options, &r->diag);
    r->arena = conf_arena_open(1 << 24);
    CHECK(r->candidate != NULL && r->arena != NULL, "no memory\n");
    candidate_add(r->candidate, "g.yaml", span_str(documents));
    candidate_add(r->candidate, "t.yaml", span_str(more));
    CHECK(candidate_compile(r->candidate, 1, &r->snapshot) == WHY_OK, "%s\n%s\n", r->diag.items[0].text, more);
    CHECK(testing_run(r->candidate, r->snapshot, r->arena, &r->tests, &r->tests_n), "no memory\n");
    return r;
}

static void run_close(struct ran *r)
{
    candidate_close(r->candidate);
    conf_free(r->snapshot);
    conf_arena_close(r->arena);
    free(r);
}

TEST(expectations_hold_or_are_told)
{
    static const struct { const char *text, *sentence; } rows[] = {
        { CASE(CART, "outcome: Upstream, listener: edge:8080, route: shop, to: 0, rule: 0, why: ok, host: in.example, path: /cart, client: 127.0.0.1"), "" },
        { CASE(CART, "upstream: one"), "" },
        { CASE(CART, "upstream: two"), "" },
        { CASE(CART ", seed: 5", "headers: {set: [{name: x-shop, value: a}, {name: host, value: in.example}], present: [x-request-id], absent: [x-debug]}"), "" },
        { CASE(CART ", method: POST, bodyBytes: 101", "outcome: Refused, status: 413, why: policy-body-cap, policies: [{name: body-cap, verdict: Refuse}]"), "" },
        { CASE(CART ", method: POST, bodyBytes: 100", "policies: [{name: body-cap, verdict: Go}, {name: header-modifier, verdict: Go}]"), "" },
        { CASE("scheme: http, host: a.example, path: /old", "outcome: Redirect, status: 302, location: 'http://n.example/old'"), "" },
        { CASE("url: 'http://a.example/none'", "route: '', status: 404"), "" },
        { CASE("url: 'http://a.example/cart', port: 9", "outcome: Cut"), "" },
        { CASE(CART, "outcome: Refused"),
          "t.yaml:6:74: `outcome` was expected to be Refused, and the request goes to " },
        { CASE("url: 'http://a.example/none'", "outcome: Upstream"),
          "t.yaml:6:74: `outcome` was expected to be Upstream, and the gateway answers 404, route-no-match: no route matches this request" },
        { CASE(CART, "listener: edge:9"), "`listener` was expected to be \"edge:9\", and is \"edge:8080\"" },
        { CASE(CART, "route: rest"), "`route` was expected to be \"rest\", and is \"shop\"" },
        { CASE(CART, "route: ''"), "`route` was expected to be \"\", and is \"shop\"" },
        { CASE("url: 'http://a.example/none'", "route: shop, rule: 0"), "`route` was expected to be \"shop\", and there is none: the gateway answers 404" },
        { CASE(CART, "route: shop, rule: 1"), "`rule` was expected to be 1, and is 0" },
        { CASE(CART, "status: 404"), "`status` was expected to be 404, and there is none: the request goes to " },
        { CASE("url: 'http://a.example/none'", "status: 403"), "`status` was expected to be 403, and is 404" },
        { CASE(CART, "why: route-no-match"), "`why` was expected to be \"route-no-match\", and is \"ok\"" },
        { CASE(CART, "upstream: three"), "`upstream` was expected to be \"three\", and is " },
        { CASE("url: 'http://a.example/old'", "upstream: one"), "`upstream` was expected to be \"one\", and there is none: the gateway answers 302, a redirect" },
        { CASE("url: 'http://a.example/old'", "location: /"), "`location` was expected to be \"/\", and is \"http://n.example/old\"" },
        { CASE(CART, "path: /"), "`path` was expected to be \"/\", and is \"/cart\"" },
        { CASE(CART, "host: a.example"), "`host` was expected to be \"a.example\", and is \"in.example\"" },
        { CASE(CART ", client: 192.0.2.9", "client: 127.0.0.1"), "`client` was expected to be \"127.0.0.1\", and is \"192.0.2.9\"" },
        { CASE(CART, "headers: {set: [{name: x-shop, value: b}]}"), "header `x-shop` was expected to be \"b\", and is \"a\"" },
        { CASE(CART, "headers: {set: [{name: x-no, value: b}]}"), "header `x-no` was expected to be \"b\", and the upstream does not get it" },
        { CASE(CART, "headers: {present: [x-no]}"), "header `x-no` was expected, and the upstream does not get it" },
        { CASE(CART, "headers: {absent: [x-shop]}"), "header `x-shop` was not expected, and the upstream gets it as \"a\"" },
        { CASE("url: 'http://a.example/old'", "headers: {absent: [x]}"), "`headers` are those that an upstream gets, and the gateway answers 302" },
        { CASE(CART, "policies: [{name: body-cap, verdict: Refuse}]"), "policy `body-cap` was expected to say Refuse, and says go" },
        { CASE(CART, "policies: [{name: waf, verdict: Refuse}]"), "policy `waf` was expected to say Refuse, and is not asked" },
        { CASE("url: 'http://a.example/x', port: 9", "status: 404"), "and there is none: nobody answers, io-refused: connection was refused" },
        { CASE("host: \"a\\nb\"", "status: 404"), "t.yaml:6:24: method, host and path are one line each: take the line break out" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[2048];
        snprintf(text, sizeof(text), "%s%s", TESTS(""), rows[i].text);
        struct ran *r = run(DOCUMENTS, text);
        CHECK(r->tests_n == 1 && span_is(r->tests[0].name, SPAN_LIT("default/t: c")), "%s", rows[i].text);
        CHECK(r->tests[0].has_passed == (rows[i].sentence[0] == 0), "%s%.*s\n", rows[i].text, SPAN_FMT(r->tests[0].sentence));
        CHECK(strstr((const char *)r->tests[0].sentence.at, rows[i].sentence) != NULL, "%s%.*s\n", rows[i].text, SPAN_FMT(r->tests[0].sentence));
        run_close(r);
    }
}

/* With a seed the drawn one is meant, not any that could be drawn. */
TEST(a_seed_makes_the_upstream_certain)
{
    uint32_t passed = 0;

    for (unsigned seed = 0; seed < 20; seed++) {
        char text[1024];
        snprintf(text, sizeof(text), "%s  - {name: c, request: {" CART ", seed: %u}, expect: {upstream: one}}\n", TESTS(""), seed);
        struct ran *r = run(DOCUMENTS, text);
        passed += r->tests[0].has_passed;
        run_close(r);
    }
    CHECK(passed > 2 && passed < 18, "%u of 20\n", passed);
}

TEST(all_that_fails_is_told_and_a_shadow_only_tells)
{
    struct ran *r = run(DOCUMENTS, "---\ntype: ForgeTest\nname: t\nlabels: {kuma.io/effect: shadow}\nspec:\n  cases:\n"
                        CASE(CART, "status: 404, host: x, headers: {absent: [x-shop]}"));

    CHECK(r->tests_n == 1 && r->tests[0].has_passed && testing_failed_n(r->tests, r->tests_n) == 0, "a shadow keeps out\n");
    CHECK(span_starts(r->tests[0].sentence, SPAN_LIT("would have failed: t.yaml:7:")), "%.*s\n", SPAN_FMT(r->tests[0].sentence));
    uint32_t places_n = 0;
    for (const char *at = (const char *)r->tests[0].sentence.at; (at = strstr(at, "t.yaml:7:")) != NULL; at++)
        places_n++;
    CHECK(places_n == 3, "%.*s\n", SPAN_FMT(r->tests[0].sentence));
    run_close(r);
}

TEST(results_are_written)
{
    struct ran *r = run(DOCUMENTS, TESTS("  - {name: good, request: {" CART "}, expect: {why: ok}}\n  - {name: bad, request: {" CART "}, expect: {status: 404}}\n"));
    char text[4096];
    struct text_write w;

    text_write_init(&w, text, sizeof(text));
    testing_json(r->tests, r->tests_n, &w);
    yyjson_doc *doc = yyjson_read(text, text_write_length(&w), 0);
    CHECK(doc != NULL && yyjson_get_uint(yyjson_doc_ptr_get(doc, "/passed")) == 1 && yyjson_get_uint(yyjson_doc_ptr_get(doc, "/failed")) == 1 &&
          strcmp(yyjson_get_str(yyjson_doc_ptr_get(doc, "/tests/1/name")), "default/t: bad") == 0, "%.*s\n", (int)text_write_length(&w), text);
    yyjson_doc_free(doc);
    text_write_init(&w, text, sizeof(text) - 1);
    testing_text(r->tests, r->tests_n, &w);
    text[text_write_length(&w)] = 0;
    CHECK(strstr(text, "ok   default/t: good\nno   default/t: bad\n     t.yaml:7:") == text && strstr(text, "1 passed, 1 failed\n") != NULL, "%s", text);
    run_close(r);
}

/* ---- before a generation goes live ---- */

static enum why on_prepare(void *owner, struct snapshot *snapshot, struct diag *diag, void **out)
{
    (void)owner;
    (void)diag;
    *out = snapshot;
    return WHY_OK;
}

static void on_publish(void *owner, void *prepared)
{
    *(uint64_t *)owner = ((struct snapshot *)prepared)->generation;
    conf_free(prepared);
}

static void on_discard(void *owner, void *prepared)
{
    (void)owner;
    conf_free(prepared);
}

static enum why apply(struct keeper *k, const char *text, uint32_t *out_failed_n)
{
    struct keeper_text one = { "x.yaml", span_str(text) };
    struct keeper_change change = { .texts = &one, .texts_n = 1, .source = "api", .author = "a", .reason = "r" };
    struct keeper_result *r = keeper_apply(k, &change);
    enum why why;

    CHECK(r != NULL, "no memory\n");
    why = r->why;
    *out_failed_n = r->tests_failed_n;
    keeper_result_close(r);
    return why;
}

TEST(a_failing_test_keeps_the_old_generation)
{
    uint64_t published = 0;
    struct keeper_options options = { .hooks = { &published, on_prepare, on_publish, on_discard }, .on_test = testing_run };
    struct keeper *k = keeper_open(&options);
    uint32_t failed_n;

    CHECK(k != NULL && apply(k, DOCUMENTS TESTS(CASE(CART, "route: shop")), &failed_n) == WHY_OK && published == 1, "first\n");
    CHECK(apply(k, "{type: MeshHTTPRoute, name: shop, spec: {to: [{targetRef: {kind: Mesh}, rules: [{matches: [{path: {type: PathPrefix, value: /b}}],"
                   " default: {backendRefs: [{kind: MeshExternalService, name: one}]}}]}]}}\n", &failed_n) == WHY_KEEPER_TEST, "it was taken\n");
    CHECK(failed_n == 1 && published == 1 && keeper_current(k) == 1, "generation %llu\n", (unsigned long long)keeper_current(k));
    keeper_close(k);
}

CHECK_RUN(RUN(expectations_hold_or_are_told), RUN(a_seed_makes_the_upstream_certain), RUN(all_that_fails_is_told_and_a_shadow_only_tells),
          RUN(results_are_written), RUN(a_failing_test_keeps_the_old_generation))
