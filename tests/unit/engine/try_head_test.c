/* try_head_test.c - what no request can be like is said, what a client may write is written, and changes of a head are told.
 *
 * Method: rows of requests with the sentence that refuses them; one head whose fields change in each way.
 */
#include "unit/engine/try_check.h"

#include "base/limits.h"

TEST(impossible_requests_are_refused_with_a_sentence)
{
    static const struct {
        struct try_request request;
        struct try_header  header;
        const char *says;
    } rows[] = {
        { { .scheme = SPAN_LIT("ftp") }, { SPAN_NONE, SPAN_NONE }, "http or https" },
        { { .client = SPAN_LIT("me") }, { SPAN_NONE, SPAN_NONE }, "must be an address" },
        { { .client = SPAN_LIT("192.0.2.1:0") }, { SPAN_NONE, SPAN_NONE }, "must be an address" },
        { { .method = SPAN_LIT("GET\n") }, { SPAN_NONE, SPAN_NONE }, "one line each" },
        { { .target = SPAN_LIT("/\r") }, { SPAN_NONE, SPAN_NONE }, "one line each" },
        { { .authority = SPAN_LIT("a\0b") }, { SPAN_NONE, SPAN_NONE }, "one line each" },
        { { .headers_n = 1 }, { SPAN_LIT(""), SPAN_LIT("x") }, "needs a name" },
        { { .headers_n = 1 }, { SPAN_LIT("a"), SPAN_LIT("x\r\nb: c") }, "is one line" },
        { { .headers_n = TRY_HEADERS_MAX + 1 }, { SPAN_NONE, SPAN_NONE }, "at most 100" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct try_request request = rows[i].request;
        request.headers = &rows[i].header;
        const char *says = try_check(&request);
        CHECK(says != NULL && strstr(says, rows[i].says) != NULL, "%zu: %s\n", i, says);
    }
    struct try_request good = { .client = SPAN_LIT("[2001:db8::1]:80"), .scheme = SPAN_LIT("https") };
    CHECK(try_check(&good) == NULL, "%s\n", try_check(&good));
}

#define DOCUMENTS                                                                                                      \
    TRY_GATEWAY TRY_SERVICE("one")                                                                                     \
    TRY_ROUTE("all", TRY_RULE(TRY_PATH("/"), "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-set, value: new}]," \
                              " add: [{name: x-same, value: two}], remove: [x-gone]}}], " TRY_TO("one")))

TEST(changes_of_a_head_are_told)
{
    struct try_check *c = try_check_open(DOCUMENTS);

    c->headers[0] = (struct try_header){ SPAN_LIT("X-Set"), SPAN_LIT("old") };
    c->headers[1] = (struct try_header){ SPAN_LIT("x-gone"), SPAN_LIT("g") };
    c->headers[2] = (struct try_header){ SPAN_LIT("x-same"), SPAN_LIT("one") };
    c->headers[3] = (struct try_header){ SPAN_LIT("Connection"), SPAN_LIT("x-hop") };
    c->request = (struct try_request){ .headers = c->headers, .headers_n = 4, .client = SPAN_LIT("192.0.2.7:80") };
    const struct try_result *r = try_check_run(c, "GET http://a.example/");
    CHECK(r->policies_n == 1 && r->policies[0].changes.n == 3, "%s", c->text);
    try_check_says(c, "GET", "~ x-set: new  (was old)\n");
    try_check_says(c, "GET", "- x-gone: g\n");
    try_check_says(c, "GET", "+ x-same: two\n");
    try_check_says(c, "GET", "- connection: x-hop\n");
    try_check_says(c, "GET", "+ x-forwarded-for: 192.0.2.7\n");
    try_check_close(c);
}

/* A request to try has the limits of a real one. */
TEST(a_head_too_long_is_refused_as_a_real_one)
{
    struct try_check *c = try_check_open(DOCUMENTS);
    char *path = malloc(HEAD_LINE_BYTES_MAX + 64);

    memset(path, 'a', HEAD_LINE_BYTES_MAX + 63);
    memcpy(path, "GET http://a.example/", 21);
    path[HEAD_LINE_BYTES_MAX + 63] = 0;
    const struct try_result *r = try_check_run(c, path);
    CHECK(r->why == WHY_URI_TOO_LONG && r->status == 414, "%s\n", why_name(r->why));
    free(path);
    try_check_close(c);
}

CHECK_RUN(RUN(impossible_requests_are_refused_with_a_sentence), RUN(changes_of_a_head_are_told),
          RUN(a_head_too_long_is_refused_as_a_real_one))
