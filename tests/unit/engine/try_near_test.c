/* try_near_test.c - of the routes that were not taken, those are told that a slip away would have been.
 *
 * Method: rows of requests to one host, and the near misses of each, nearest first.
 */
#include "unit/engine/try_check.h"

#define DOCUMENTS                                                                                                      \
    TRY_GATEWAY TRY_SERVICE("one")                                                                                     \
    TRY_ROUTE("cart", TRY_RULE(TRY_PATH("/cart") ", method: POST", TRY_TO("one")) ", "                                 \
                      TRY_RULE(TRY_PATH("/cart/items") ", headers: [{name: x-v, value: '2'}]", TRY_TO("one")) ", "     \
                      TRY_RULE(TRY_PATH("/cart/items") ", method: PUT, queryParams: [{type: Exact, name: q, value: '1'}]", TRY_TO("one")))    \
    TRY_ROUTE("rest", TRY_RULE(TRY_PATH("/orders"), TRY_TO("one")) ", " TRY_RULE(TRY_PATH("/admin"), TRY_TO("one")) ", " \
                      TRY_RULE("path: {type: Exact, value: /health}", TRY_TO("one")) ", "                              \
                      TRY_RULE("path: {type: RegularExpression, value: '/x[0-9]+'}", TRY_TO("one")))

TEST(near_misses_are_told_nearest_first)
{
    static const struct { const char *line; uint32_t n; const char *first, *second; } rows[] = {
        { "GET http://a.example/cart", 2, "near: MeshHTTPRoute cart, spec.to[0].rules[0], but wants method Exact POST\n", "/x[0-9]+" },
        { "GET http://a.example/Orders", 2, "near: MeshHTTPRoute rest, spec.to[0].rules[0], but wants path PathPrefix /orders\n", "/x[0-9]+" },
        { "GET http://a.example/health/", 2, "rules[2], but wants path Exact /health\n", "/x[0-9]+" },
        { "GET http://a.example/healthz", 2, "rules[2], but wants path Exact /health\n", "/x[0-9]+" },
        { "POST http://a.example/cart/items", 1, "rules[1], but wants header x-v Exact 2\n", "rules[1]" },
        { "PUT http://a.example/cart/items", 4, "rules[2], but wants query q Exact 1\n", "rules[1], but wants header x-v Exact 2\n" },
        { "GET http://a.example/orders", 0, "MeshHTTPRoute rest, spec.to[0].rules[0], t.yaml line", "MeshHTTPRoute" },
        { "GET http://a.example/y1", 1, "but wants path RegularExpression /x[0-9]+\n", "no route of 7 matches" },
    };
    struct try_check *c = try_check_open(DOCUMENTS);

    for (size_t i = 0; i < COUNT(rows); i++) {
        c->request = (struct try_request){ .port = 8080 };
        const struct try_result *r = try_check_run(c, rows[i].line);
        CHECK(r->near_n == rows[i].n, "%s: %u near\n%s", rows[i].line, r->near_n, c->text);
        try_check_says(c, rows[i].line, rows[i].first);
        try_check_says(c, rows[i].line, rows[i].second);
        if (r->near_n > 1)
            CHECK(strstr(c->text, rows[i].first) < strstr(c->text, rows[i].second), "%s: order\n%s", rows[i].line, c->text);
    }
    try_check_close(c);
}

TEST(a_weaker_route_that_matches_is_told)
{
    struct try_check *c = try_check_open(TRY_GATEWAY TRY_SERVICE("one") TRY_ROUTE("all", TRY_RULE(TRY_PATH("/"), TRY_TO("one")))
                                         TRY_ROUTE("deep", TRY_RULE(TRY_PATH("/a/b"), TRY_TO("one"))));
    const struct try_result *r = try_check_run(c, "GET http://a.example/a/b/c");

    CHECK(r->near_n == 1 && span_is(r->route->name, SPAN_LIT("deep")), "%s", c->text);
    try_check_says(c, "GET", "near: MeshHTTPRoute all, spec.to[0].rules[0], matches as well, and is weaker\n");
    try_check_close(c);
}

/* More rules than places: each told once, and no more than there is room for. */
TEST(near_misses_have_a_most)
{
    char documents[8192];
    size_t used = (size_t)snprintf(documents, sizeof(documents), "%s", TRY_GATEWAY TRY_SERVICE("one")
                                   "---\n{type: MeshHTTPRoute, name: many, spec: {to: [{targetRef: {kind: Mesh}, rules: [");

    for (unsigned i = 0; i < TRY_NEAR_MAX + 4; i++)
        used += (size_t)snprintf(documents + used, sizeof(documents) - used, "%s{matches: [{path: {type: PathPrefix, value: /a}, headers: "
                                 "[{name: x-%u, type: Present}]}, {path: {type: PathPrefix, value: /b}}], default: {" TRY_TO("one") "}}",
                                 i > 0 ? ", " : "", i);
    snprintf(documents + used, sizeof(documents) - used, "]}]}}\n");
    struct try_check *c = try_check_open(documents);
    const struct try_result *r = try_check_run(c, "GET http://a.example/a");
    CHECK(r->near_n == TRY_NEAR_MAX && r->near[TRY_NEAR_MAX - 1].missed.first == ROUTER_MISS_HEADER, "%s", c->text);
    for (uint32_t i = 0; i < r->near_n; i++)
        for (uint32_t k = 0; k < i; k++)
            CHECK(r->near[i].route->origin != r->near[k].route->origin, "a rule twice\n%s", c->text);
    try_check_close(c);
}

CHECK_RUN(RUN(near_misses_are_told_nearest_first), RUN(a_weaker_route_that_matches_is_told), RUN(near_misses_have_a_most))
