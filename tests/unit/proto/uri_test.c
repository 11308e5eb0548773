/* uri_test.c - one reading of a target, and a named refusal for every other.
 *
 * Goal:   each row of the table in uri.h holds, at its edges; what is refused is refused by name.
 * Method: rows of input and answer. Rows on an edge come in pairs: the last good value, then the first bad one. The
 *         normaliser's answer is fed to it again: it must be a fixed point, or rules and origin would see two
 *         spellings.
 */
#include "lib/check.h"

#include "base/limits.h"
#include "proto/uri.h"

struct row {
    const char *in;
    enum why    why;
};

static void bufs_open(struct buf_pool *bufs)
{
    CHECK(buf_pool_open(bufs, 16, 16) == WHY_OK, "no memory for the test\n");
}

TEST(target_admits_and_refuses_by_name)
{
    static const struct row rows[] = {
        { "/", WHY_OK }, { "*", WHY_OK }, { "/a/b?c=d&e", WHY_OK }, { "/a?b?c/d", WHY_OK }, { "/?", WHY_OK },
        { "/a:b@c!$&'()*+,;=-._~", WHY_OK }, { "/%41%ff", WHY_OK }, { "/q?filter[label.k]=v", WHY_OK },
        { "", WHY_URI_FORM }, { "**", WHY_URI_FORM }, { "a", WHY_URI_FORM }, { "?a", WHY_URI_FORM },
        { "http://h/", WHY_URI_FORM }, { "*/", WHY_URI_FORM },
        { "/a#b", WHY_URI_FRAGMENT }, { "/a?b#c", WHY_URI_FRAGMENT }, { "/#", WHY_URI_FRAGMENT },
        { "/%", WHY_URI_PERCENT }, { "/%4", WHY_URI_PERCENT }, { "/%4g", WHY_URI_PERCENT },
        { "/a?%zz", WHY_URI_PERCENT },
        { "/%%41", WHY_URI_PERCENT }, { "/a?b=%", WHY_URI_PERCENT },
        { "/a b", WHY_URI_BYTE }, { "/a\tb", WHY_URI_BYTE }, { "/a\x01", WHY_URI_BYTE }, { "/a\x7f", WHY_URI_BYTE },
        { "/a\x80", WHY_URI_BYTE }, { "/\xc3\xa9", WHY_URI_BYTE }, { "/a?\xff", WHY_URI_BYTE },
        { "/a\r\nX: y", WHY_URI_BYTE },
        { "/a\"", WHY_URI_BYTE }, { "/<", WHY_URI_BYTE }, { "/>", WHY_URI_BYTE }, { "/a\\b", WHY_URI_BYTE },
        { "/^", WHY_URI_BYTE }, { "/`", WHY_URI_BYTE }, { "/{", WHY_URI_BYTE }, { "/|", WHY_URI_BYTE },
        { "/}", WHY_URI_BYTE },
        { "/a[1]", WHY_URI_BYTE }, { "/a?\\", WHY_URI_BYTE }, { "/a?{}", WHY_URI_BYTE }, { "/a?b c", WHY_URI_BYTE },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        enum why why = uri_check_target(span_str(rows[i].in));
        CHECK(why == rows[i].why, "%s: got %s\n", rows[i].in, why_name(why));
    }
    CHECK(uri_check_target(span_of("/a\0b", 4)) == WHY_URI_BYTE, "NUL passed\n");
}

TEST(target_has_a_longest)
{
    char longest[HEAD_LINE_BYTES_MAX + 1];
    struct buf_pool bufs;
    struct span path;
    struct arena arena;

    bufs_open(&bufs);
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    arena_init(&arena, &bufs, EXCHANGE_ARENA_BYTES_MAX);
    CHECK(uri_check_target(span_of(longest, HEAD_LINE_BYTES_MAX)) == WHY_OK, "last good length\n");
    CHECK(uri_check_target(span_of(longest, HEAD_LINE_BYTES_MAX + 1)) == WHY_URI_TOO_LONG, "first bad length\n");
    CHECK(uri_normalise_path(span_of(longest, HEAD_LINE_BYTES_MAX + 1), &arena, &path) == WHY_URI_TOO_LONG,
          "normaliser takes any length\n");
    longest[1] = '.';
    CHECK(uri_normalise_path(span_of(longest, HEAD_LINE_BYTES_MAX), &arena, &path) == WHY_OK,
          "slow path, last good length\n");
    CHECK(path.len == HEAD_LINE_BYTES_MAX, "%zu bytes left\n", path.len);
    arena_fini(&arena);
    buf_pool_close(&bufs);
}

TEST(authority_admits_and_refuses_by_name)
{
    char name[URI_HOST_BYTES_MAX + 1];
    static const struct row rows[] = {
        { "example.com", WHY_OK }, { "EXAMPLE.com:8080", WHY_OK }, { "a", WHY_OK }, { "a_b-c~d", WHY_OK },
        { "a.", WHY_OK },
        { "192.0.2.1", WHY_OK }, { "192.0.2.1:1", WHY_OK }, { "[::1]", WHY_OK }, { "[::1]:65535", WHY_OK },
        { "[2001:db8::192.0.2.1]", WHY_OK },
        { "", WHY_URI_HOST }, { ":80", WHY_URI_HOST }, { ".", WHY_URI_HOST }, { ".a", WHY_URI_HOST },
        { "a..b", WHY_URI_HOST },
        { "a..", WHY_URI_HOST }, { "a,b", WHY_URI_HOST }, { "a b", WHY_URI_HOST }, { "a\tb", WHY_URI_HOST },
        { "a/b", WHY_URI_HOST }, { "a?b", WHY_URI_HOST }, { "a#b", WHY_URI_HOST }, { "a\\b", WHY_URI_HOST },
        { "a%41", WHY_URI_HOST }, { "a$b", WHY_URI_HOST }, { "*", WHY_URI_HOST }, { "\xc3\xa9", WHY_URI_HOST },
        { "::1", WHY_URI_HOST }, { "[]", WHY_URI_HOST }, { "[", WHY_URI_HOST }, { "[::1", WHY_URI_HOST },
        { "[::1]x", WHY_URI_HOST }, { "[::1%25eth0]", WHY_URI_HOST }, { "[192.0.2.1]", WHY_URI_HOST },
        { "[v1.a]", WHY_URI_HOST }, { "[[::1]]", WHY_URI_HOST }, { "a]", WHY_URI_HOST },
        { "a:", WHY_URI_PORT }, { "a:0", WHY_URI_PORT }, { "a:65536", WHY_URI_PORT }, { "a:080", WHY_URI_PORT },
        { "a:80:80", WHY_URI_PORT }, { "a:-1", WHY_URI_PORT }, { "a:+1", WHY_URI_PORT }, { "a:8 0", WHY_URI_PORT },
        { "a:99999999999", WHY_URI_PORT }, { "[::1]:", WHY_URI_PORT }, { "a:80,b", WHY_URI_PORT },
        { "u@a", WHY_URI_USERINFO }, { "u:p@a:80", WHY_URI_USERINFO }, { "@", WHY_URI_USERINFO },
        { "[::1]@a", WHY_URI_USERINFO },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span host;
        uint16_t port;
        enum why why = uri_check_authority(span_str(rows[i].in));
        CHECK(why == rows[i].why, "%s: got %s\n", rows[i].in, why_name(why));
        CHECK(uri_split_host_port(span_str(rows[i].in), &host, &port) == (why == WHY_OK), "%s: split differs\n",
              rows[i].in);
    }
    memset(name, 'a', sizeof(name));
    CHECK(uri_check_authority(span_of(name, URI_HOST_BYTES_MAX)) == WHY_OK, "longest host\n");
    CHECK(uri_check_authority(span_of(name, URI_HOST_BYTES_MAX + 1)) == WHY_URI_HOST, "host too long\n");
    CHECK(uri_check_authority(span_of("a\0b", 3)) == WHY_URI_HOST, "NUL passed\n");
}

TEST(authority_splits_into_host_and_port)
{
    static const struct {
        const char *in, *host;
        uint16_t    port;
    } rows[] = {
        { "a.example", "a.example", 0 }, { "a.example:443", "a.example", 443 },
        { "[2001:db8::1]:8443", "[2001:db8::1]", 8443 }, { "[::1]", "[::1]", 0 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span host;
        uint16_t port = 1;
        CHECK(uri_split_host_port(span_str(rows[i].in), &host, &port), "%s: refused\n", rows[i].in);
        CHECK(span_is(host, span_str(rows[i].host)) && port == rows[i].port, "%s: %.*s and %u\n", rows[i].in,
              SPAN_FMT(host),
              port);
    }
}

TEST(absolute_splits_in_three)
{
    static const struct {
        const char *in, *scheme, *authority, *origin; /* scheme NULL: refused */
    } rows[] = {
        { "http://h/", "http", "h", "/" }, { "HTTPS://h:1/a?b", "https", "h:1", "/a?b" },
        { "http://h", "http", "h", "/" },
        { "http://u@h/", "http", "u@h", "/" }, { "http://[::1]:80/x", "http", "[::1]:80", "/x" },
        { "http://h//a", "http", "h", "//a" },
        { "http:///a", NULL, NULL, NULL }, { "http://", NULL, NULL, NULL }, { "http:/h", NULL, NULL, NULL },
        { "http//h", NULL, NULL, NULL }, { "ftp://h/", NULL, NULL, NULL }, { "http://h?q", NULL, NULL, NULL },
        { "http://h#f", NULL, NULL, NULL }, { "httpss://h/", NULL, NULL, NULL }, { "/http://h/", NULL, NULL, NULL },
        { "", NULL, NULL, NULL }, { "*", NULL, NULL, NULL }, { "h:443", NULL, NULL, NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span scheme, authority, origin;
        bool is_absolute = uri_split_absolute(span_str(rows[i].in), &scheme, &authority, &origin);
        CHECK(is_absolute == (rows[i].scheme != NULL), "%s: answered %d\n", rows[i].in, is_absolute);
        if (!is_absolute)
            continue;
        CHECK(span_is(scheme, span_str(rows[i].scheme)), "%s: scheme %.*s\n", rows[i].in, SPAN_FMT(scheme));
        CHECK(span_is(authority, span_str(rows[i].authority)), "%s: authority %.*s\n", rows[i].in, SPAN_FMT(authority));
        CHECK(span_is(origin, span_str(rows[i].origin)), "%s: origin %.*s\n", rows[i].in, SPAN_FMT(origin));
    }
}

TEST(path_has_one_spelling)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "/", "/" }, { "*", "*" }, { "/a/b", "/a/b" }, { "/a/b/", "/a/b/" }, { "/a;x=1/b", "/a;x=1/b" },
        { "/%61", "/a" }, { "/%7e%2D%5f%2E%41%7a%30", "/~-_.Az0" }, { "/%3a%c3%a9", "/%3A%C3%A9" }, { "/%e9", "/%E9" },
        { "/%25", "/%25" }, { "/%252e%252e/a", "/%252e%252e/a" }, { "/%20", "/%20" }, { "/%3f%23", "/%3F%23" },
        { "/.", "/" }, { "/./", "/" }, { "/a/.", "/a/" }, { "/a/..", "/" }, { "/a/../", "/" }, { "/a/b/../c", "/a/c" },
        { "/a/b/../../c", "/c" }, { "/a/./b/./c", "/a/b/c" }, { "/a/%2e%2E/b", "/b" }, { "/a/.%2e/b", "/b" },
        { "/%2e", "/" },
        { "/.well-known/x", "/.well-known/x" }, { "/...", "/..." }, { "/..a", "/..a" }, { "/a./b..", "/a./b.." },
        { "/.;", NULL }, { "/...;x", "/...;x" }, { "/a..;x", "/a..;x" },
        { "/%c2%80", "/%C2%80" }, { "/%e0%a0%80", "/%E0%A0%80" }, { "/%f0%90%80%80", "/%F0%90%80%80" },
        { "/%c0x%ae", "/%C0x%AE" },
        { "/%ae", "/%AE" },
    };
    struct buf_pool bufs;

    bufs_open(&bufs);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena arena;
        struct span out, again;
        arena_init(&arena, &bufs, 1024);
        enum why why = uri_normalise_path(span_str(rows[i].in), &arena, &out);
        CHECK((why == WHY_OK) == (rows[i].out != NULL), "%s: got %s\n", rows[i].in, why_name(why));
        if (why == WHY_OK) {
            CHECK(span_is(out, span_str(rows[i].out)), "%s: became %.*s\n", rows[i].in, SPAN_FMT(out));
            CHECK(uri_normalise_path(out, &arena, &again) == WHY_OK && span_is(out, again), "%s: no fixed point\n",
                  rows[i].in);
        }
        arena_fini(&arena);
    }
    buf_pool_close(&bufs);
}

TEST(path_with_two_readings_is_refused)
{
    static const struct row rows[] = {
        { "", WHY_URI_FORM }, { "a", WHY_URI_FORM }, { "../a", WHY_URI_FORM },
        { "/%", WHY_URI_PERCENT }, { "/%2", WHY_URI_PERCENT }, { "/%2x", WHY_URI_PERCENT },
        { "/a b", WHY_URI_BYTE }, { "/a\\b", WHY_URI_BYTE }, { "/a?b", WHY_URI_BYTE }, { "/\xc0\xae", WHY_URI_BYTE },
        { "/%00", WHY_URI_PATH_CONTROL }, { "/a%0d%0ab", WHY_URI_PATH_CONTROL }, { "/%1f", WHY_URI_PATH_CONTROL },
        { "/%7f", WHY_URI_PATH_CONTROL },
        { "/a%2fb", WHY_URI_PATH_SEPARATOR }, { "/a%2Fb", WHY_URI_PATH_SEPARATOR },
        { "/a%5cb", WHY_URI_PATH_SEPARATOR },
        { "/..%2f", WHY_URI_PATH_SEPARATOR }, { "/..%5C", WHY_URI_PATH_SEPARATOR },
        { "/%c0%ae%c0%ae/", WHY_URI_PATH_OVERLONG }, { "/%c0%af", WHY_URI_PATH_OVERLONG },
        { "/%c1%9c", WHY_URI_PATH_OVERLONG },
        { "/%e0%80%af", WHY_URI_PATH_OVERLONG }, { "/%e0%9f%bf", WHY_URI_PATH_OVERLONG },
        { "/%f0%80%80%ae", WHY_URI_PATH_OVERLONG },
        { "/%F0%8F%BF%BF", WHY_URI_PATH_OVERLONG },
        { "//", WHY_URI_PATH_EMPTY_SEGMENT }, { "//a", WHY_URI_PATH_EMPTY_SEGMENT },
        { "/a//", WHY_URI_PATH_EMPTY_SEGMENT },
        { "/a//b", WHY_URI_PATH_EMPTY_SEGMENT }, { "/a/.//b", WHY_URI_PATH_EMPTY_SEGMENT },
        { "/a/..;/b", WHY_URI_PATH_DOT_PARAMETER }, { "/a/..;x=y/b", WHY_URI_PATH_DOT_PARAMETER },
        { "/a/.;/b", WHY_URI_PATH_DOT_PARAMETER }, { "/a/..;", WHY_URI_PATH_DOT_PARAMETER },
        { "/a/%2e%2e;/b", WHY_URI_PATH_DOT_PARAMETER }, { "/a/..%3b/b", WHY_URI_PATH_DOT_PARAMETER },
        { "/..", WHY_URI_PATH_ABOVE_ROOT }, { "/../a", WHY_URI_PATH_ABOVE_ROOT },
        { "/a/../..", WHY_URI_PATH_ABOVE_ROOT },
        { "/%2e%2e/etc/passwd", WHY_URI_PATH_ABOVE_ROOT }, { "/./../a", WHY_URI_PATH_ABOVE_ROOT },
    };
    struct buf_pool bufs;

    bufs_open(&bufs);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena arena;
        struct span out;
        arena_init(&arena, &bufs, 1024);
        enum why why = uri_normalise_path(span_str(rows[i].in), &arena, &out);
        CHECK(why == rows[i].why, "%s: got %s\n", rows[i].in, why_name(why));
        arena_fini(&arena);
    }
    buf_pool_close(&bufs);
}

TEST(path_without_memory_is_a_why)
{
    struct buf_pool bufs;
    struct arena arena;
    struct span out;

    bufs_open(&bufs);
    arena_init(&arena, &bufs, 2);
    CHECK(uri_normalise_path(SPAN_LIT("/plain/path"), &arena, &out) == WHY_OK, "needs no memory\n");
    CHECK(uri_normalise_path(SPAN_LIT("/a/../b"), &arena, &out) == WHY_ARENA_FULL, "memory from nowhere\n");
    CHECK(uri_query_decode(SPAN_LIT("a+b"), &arena, &out) == WHY_ARENA_FULL, "memory from nowhere\n");
    arena_fini(&arena);
    buf_pool_close(&bufs);
}

TEST(path_normalised_into_own_memory)
{
    uint8_t out[16];
    uint32_t bytes;

    CHECK(uri_normalise_path_into(SPAN_LIT("/caf%C3%A9"), out, &bytes) == WHY_OK, "normal already\n");
    CHECK(span_is(span_of(out, bytes), SPAN_LIT("/caf%C3%A9")), "and unchanged\n");
    CHECK(uri_normalise_path_into(SPAN_LIT("/a/../%62"), out, &bytes) == WHY_OK, "has a normal form\n");
    CHECK(span_is(span_of(out, bytes), SPAN_LIT("/b")), "which is /b\n");
    CHECK(uri_normalise_path_into(SPAN_LIT("b"), out, &bytes) == WHY_URI_FORM && bytes == 0, "no path\n");
    CHECK(uri_normalise_path_into(SPAN_LIT("/b%2f"), out, &bytes) == WHY_URI_PATH_SEPARATOR, "refused\n");
}

TEST(query_gives_pairs_in_order)
{
    static const struct {
        const char *query, *pairs;
    } rows[] = {
        { "", "" }, { "a=1&b=2", "a=1;b=2;" }, { "a", "a=;" }, { "a=", "a=;" }, { "=v", "=v;" },
        { "&&a=1&&b&", "a=1;b=;" },
        { "a=b=c", "a=b=c;" }, { "a;b=1", "a;b=1;" }, { "a=1&a=2", "a=1;a=2;" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span rest = span_str(rows[i].query), name, value;
        char got[64];
        int used = 0;
        got[0] = 0;
        while (uri_query_next(&rest, &name, &value))
            used += snprintf(got + used, sizeof(got) - (size_t)used, "%.*s=%.*s;", SPAN_FMT(name), SPAN_FMT(value));
        CHECK(strcmp(got, rows[i].pairs) == 0, "%s: %s\n", rows[i].query, got);
    }
}

TEST(query_text_is_decoded_once)
{
    static const struct {
        const char *raw, *text;
    } rows[] = {
        { "", "" }, { "plain", "plain" }, { "a+b%2B", "a b+" }, { "%2541", "%41" }, { "%", "%" }, { "%4", "%4" },
        { "%zz", "%zz" },
        { "%c3%A9", "\xc3\xa9" },
    };
    struct buf_pool bufs;

    bufs_open(&bufs);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena arena;
        struct span text;
        arena_init(&arena, &bufs, 1024);
        CHECK(uri_query_decode(span_str(rows[i].raw), &arena, &text) == WHY_OK, "%s: refused\n", rows[i].raw);
        CHECK(span_is(text, span_str(rows[i].text)), "%s: %.*s\n", rows[i].raw, SPAN_FMT(text));
        arena_fini(&arena);
    }
    buf_pool_close(&bufs);
}

CHECK_RUN(RUN(target_admits_and_refuses_by_name), RUN(target_has_a_longest), RUN(authority_admits_and_refuses_by_name),
          RUN(authority_splits_into_host_and_port), RUN(absolute_splits_in_three), RUN(path_has_one_spelling),
          RUN(path_with_two_readings_is_refused), RUN(path_without_memory_is_a_why),
          RUN(path_normalised_into_own_memory), RUN(query_gives_pairs_in_order),
          RUN(query_text_is_decoded_once))
