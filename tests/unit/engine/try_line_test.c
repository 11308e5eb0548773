/* try_line_test.c - a request as typed becomes its parts, or a sentence. */
#include "unit/engine/try_check.h"

TEST(lines_are_taken_apart)
{
    static const struct { const char *line, *method, *scheme, *authority, *target; } rows[] = {
        { "GET https://shop.example.com/cart?x=1", "GET", "https", "shop.example.com", "/cart?x=1" },
        { "https://shop.example.com/", "", "https", "shop.example.com", "/" },
        { "  PUT   http://a:8080  ", "PUT", "http", "a:8080", "" },
        { "http://a?x", "", "http", "a", "?x" },
        { "http://[2001:db8::1]:80/x", "", "http", "[2001:db8::1]:80", "/x" },
        { "/cart", "", "", "", "/cart" },
        { "OPTIONS *", "OPTIONS", "", "", "*" },
        { "GET http://a/b c", "GET", "http", "a", "/b c" },
        { "GET https://a/#f", "GET", "https", "a", "/#f" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct try_request r = { .method = SPAN_NONE };
        const char *wrong = try_read_line(span_str(rows[i].line), &r);
        CHECK(wrong == NULL, "%s: %s\n", rows[i].line, wrong);
        CHECK(span_is(r.method, span_str(rows[i].method)) && span_is(r.scheme, span_str(rows[i].scheme)) &&
              span_is(r.authority, span_str(rows[i].authority)) && span_is(r.target, span_str(rows[i].target)),
              "%s: %.*s %.*s %.*s %.*s\n", rows[i].line, SPAN_FMT(r.method), SPAN_FMT(r.scheme), SPAN_FMT(r.authority), SPAN_FMT(r.target));
    }
}

TEST(lines_that_are_no_request)
{
    static const struct { const char *line, *says; } rows[] = {
        { "", "write a request" }, { "   ", "write a request" }, { "get http://a/", "capitals" }, { "GET a.example/x", "must begin with" },
        { "a.example", "must begin with" }, { "http:///x", "needs a host" }, { "ftp://a/", "must begin with" }, { "http", "must begin with" },
        { "https:/", "must begin with" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct try_request r = { .method = SPAN_NONE };
        const char *wrong = try_read_line(span_str(rows[i].line), &r);
        CHECK(wrong != NULL && strstr(wrong, rows[i].says) != NULL, "%s: %s\n", rows[i].line, wrong);
    }
}

TEST(headers_are_taken_apart)
{
    struct try_header h;

    CHECK(try_read_header(SPAN_LIT("X-A:  b: c "), &h) == NULL && span_is(h.name, SPAN_LIT("X-A")) && span_is(h.value, SPAN_LIT("b: c")), "value\n");
    CHECK(try_read_header(SPAN_LIT("x:"), &h) == NULL && h.value.len == 0, "empty\n");
    CHECK(try_read_header(SPAN_LIT("x"), &h) != NULL && try_read_header(SPAN_LIT(": x"), &h) != NULL, "no header\n");
}

CHECK_RUN(RUN(lines_are_taken_apart), RUN(lines_that_are_no_request), RUN(headers_are_taken_apart))
