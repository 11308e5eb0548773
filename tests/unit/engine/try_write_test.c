/* try_write_test.c - the JSON of a dry run reads back and holds what the result holds; the text cannot move a cursor.
 *
 * Method: yyjson reads answers of requests of each outcome; a request full of escapes is printed.
 */
#include "unit/engine/try_check.h"

#include <yyjson.h>

#define DOCUMENTS                                                                                                      \
    TRY_GATEWAY TRY_SERVICE("one") TRY_SERVICE("two")                                                                  \
    TRY_ROUTE("shop", TRY_RULE(TRY_PATH("/cart"), "filters: [{type: URLRewrite, urlRewrite: {hostname: in.example}}],"                \
              " backendRefs: [{kind: MeshExternalService, name: one, weight: 1}, {kind: MeshExternalService, name: two, weight: 3}]") ", "   \
              TRY_RULE(TRY_PATH("/old"), "filters: [{type: RequestRedirect, requestRedirect: {hostname: new.example}}]") ", " \
              TRY_RULE(TRY_PATH("/put") ", method: PUT", TRY_TO("one")))                                               \
    "---\n{type: ForgeBodyCap, name: cap, spec: {bytes: 100}}\n"

/* A path into the answer, "a/0/b", and the text of what is there. */
static void check_at(yyjson_doc *doc, const char *path, const char *want)
{
    yyjson_val *v = yyjson_doc_ptr_get(doc, path);
    char *got = v != NULL ? yyjson_val_write(v, 0, NULL) : NULL;

    CHECK(got != NULL && strcmp(got, want) == 0, "%s is not %s but %s\n", path, want, got);
    free(got);
}

TEST(json_says_what_the_result_says)
{
    static const struct { const char *line, *path, *want; } rows[] = {
        { "GET http://a.example/cart", "/outcome", "\"upstream\"" }, { "GET http://a.example/cart", "/status", "null" },
        { "GET http://a.example/cart", "/listener", "\"edge:8080\"" }, { "GET http://a.example/cart", "/host", "\"*.example\"" },
        { "GET http://a.example/cart", "/route/name", "\"shop\"" }, { "GET http://a.example/cart", "/route/rule", "0" },
        { "GET http://a.example/cart", "/route/file", "\"t.yaml\"" }, { "GET http://a.example/cart", "/policies/0/name", "\"body-cap\"" },
        { "GET http://a.example/cart", "/policies/0/verdict", "\"go\"" }, { "GET http://a.example/cart", "/upstreams/1/weight", "3" },
        { "GET http://a.example/cart", "/rewritten/0/name", "\":authority\"" }, { "GET http://a.example/cart", "/rewritten/0/was", "\"a.example\"" },
        { "GET http://a.example/cart", "/request/authority", "\"in.example\"" }, { "GET http://a.example/cart", "/request/headers/0/0", "\"x-forwarded-for\"" },
        { "GET http://a.example/cart", "/steps/0/step", "\"listener\"" },
        { "GET http://a.example/old", "/outcome", "\"redirect\"" }, { "GET http://a.example/old", "/status", "302" },
        { "GET http://a.example/old", "/location", "\"http://new.example/old\"" }, { "GET http://a.example/old", "/request", "null" },
        { "GET http://a.example/put", "/why", "\"route-no-match\"" }, { "GET http://a.example/put", "/route", "null" },
        { "GET http://a.example/put", "/nearMisses/0/failed", "\"method\"" }, { "GET http://a.example/put", "/nearMisses/0/wanted", "\"PUT\"" },
        { "GET http://a.example/put", "/nearMisses/0/route/rule", "2" }, { "GET https://a.example/", "/outcome", "\"cut\"" },
        { "GET https://a.example/", "/path", "null" }, { "GET https://a.example/", "/detail", "\"connection was refused\"" },
    };
    struct try_check *c = try_check_open(DOCUMENTS);

    for (size_t i = 0; i < COUNT(rows); i++) {
        c->request = (struct try_request){ .method = SPAN_NONE };
        try_check_run(c, rows[i].line);
        yyjson_doc *doc = yyjson_read(c->json, strlen(c->json), 0);
        CHECK(doc != NULL, "%s: no JSON: %s\n", rows[i].line, c->json);
        check_at(doc, rows[i].path, rows[i].want);
        yyjson_doc_free(doc);
    }
    try_check_close(c);
}

TEST(text_cannot_move_a_cursor)
{
    struct try_check *c = try_check_open(DOCUMENTS);

    c->headers[0] = (struct try_header){ SPAN_LIT("x-a"), SPAN_LIT("\x1b[2J\x9b\x7f") };
    c->request = (struct try_request){ .headers = c->headers, .headers_n = 1, .server_name = SPAN_LIT("\x1b[2J") };
    try_check_run(c, "GET http://a.example/cart/\x1b[2J");
    for (const char *at = c->text; *at != 0; at++)
        CHECK((unsigned char)*at >= ' ' || *at == '\n', "a control byte\n");
    try_check_close(c);
}

CHECK_RUN(RUN(json_says_what_the_result_says), RUN(text_cannot_move_a_cursor))
