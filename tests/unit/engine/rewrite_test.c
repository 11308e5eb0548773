/* rewrite_test.c - locations of redirects and rewritten targets, by the tables of Gateway API. */
#include "lib/check.h"

#include "base/buf.h"
#include "base/limits.h"
#include "engine/rewrite.h"
#include "http/head.h"

struct world {
    struct buf_pool bufs;
    struct arena    arena;
    struct head     head;
};

static void world_open(struct world *w)
{
    memset(w, 0, sizeof(*w));
    CHECK(buf_pool_open(&w->bufs, 64, 64) == WHY_OK, "no memory for the test\n");
    arena_init(&w->arena, &w->bufs, EXCHANGE_ARENA_BYTES_MAX);
}

static void world_close(struct world *w)
{
    arena_fini(&w->arena);
    buf_pool_close(&w->bufs);
}

static void ask(struct world *w, const char *authority, const char *target)
{
    arena_fini(&w->arena);
    head_init(&w->head, &w->arena);
    w->head.authority = span_str(authority);
    w->head.target = span_str(target);
}

TEST(rewrite_paths)
{
    static const struct { const char *prefix; enum path_change change; const char *path, *target, *want; } rows[] = {
        { "/foo", PATH_REPLACE_PREFIX, "/xyz", "/foo/bar", "/xyz/bar" }, { "/foo", PATH_REPLACE_PREFIX, "/xyz", "/foo", "/xyz" },
        { "/foo", PATH_REPLACE_PREFIX, "/xyz", "/foo/", "/xyz/" }, { "/foo", PATH_REPLACE_PREFIX, "", "/foo/bar", "/bar" },
        { "/foo", PATH_REPLACE_PREFIX, "", "/foo/", "/" }, { "/foo", PATH_REPLACE_PREFIX, "", "/foo", "/" },
        { "", PATH_REPLACE_PREFIX, "/xyz", "/foo", "/xyz/foo" }, { "", PATH_REPLACE_PREFIX, "/xyz", "/", "/xyz/" },
        { "/foo", PATH_REPLACE_PREFIX, "/xyz", "/foo/bar?a=b&c", "/xyz/bar?a=b&c" }, { "", PATH_REPLACE_PREFIX, "/xyz", "*", "*" },
        { "", PATH_REPLACE_FULL, "/xyz", "*", "*" },
        { "/foo", PATH_REPLACE_FULL, "/x", "/foo/bar?q", "/x?q" }, { "/foo", PATH_REPLACE_FULL, "/x", "/foo", "/x" },
        { "/foo", PATH_KEEP, "", "/foo/bar?q", "/foo/bar?q" },
    };
    struct world w;

    world_open(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rewrite rewrite = { .path_change = rows[i].change, .path = span_str(rows[i].path) };
        struct route route = { .match = { .has_path = true, .path_type = MATCH_PREFIX, .path = span_str(rows[i].prefix) },
                               .rewrite = &rewrite };
        ask(&w, "a", rows[i].target);
        CHECK(rewrite_request(&route, &w.head, SPAN_LIT("b")), "%zu\n", i);
        CHECK(span_is(w.head.target, span_str(rows[i].want)), "%s: %.*s\n", rows[i].target, SPAN_FMT(w.head.target));
        CHECK(span_is(w.head.authority, SPAN_LIT("a")), "authority %.*s\n", SPAN_FMT(w.head.authority));
    }
    world_close(&w);
}

TEST(rewrite_authorities)
{
    struct rewrite hostname = { .hostname = SPAN_LIT("new") }, backend = { .host_to_backend = true };
    struct route none = { .rewrite = NULL }, to_hostname = { .rewrite = &hostname }, to_backend = { .rewrite = &backend };
    struct world w;

    world_open(&w);
    ask(&w, "a:80", "/");
    CHECK(rewrite_request(&none, &w.head, SPAN_LIT("b")) && span_is(w.head.authority, SPAN_LIT("a:80")), "none\n");
    CHECK(rewrite_request(&to_backend, &w.head, SPAN_LIT("b")) && span_is(w.head.authority, SPAN_LIT("b")), "backend\n");
    CHECK(rewrite_request(&to_backend, &w.head, SPAN_LIT("")) && span_is(w.head.authority, SPAN_LIT("b")), "no name\n");
    CHECK(rewrite_request(&to_hostname, &w.head, SPAN_LIT("b")) && span_is(w.head.authority, SPAN_LIT("new")), "hostname\n");
    world_close(&w);
}

TEST(rewrite_locations)
{
    static const struct {
        const char *scheme, *hostname;
        uint16_t port;
        enum path_change change;
        const char *path, *authority, *target;
        bool is_tls;
        const char *want;
    } rows[] = {
        { "", "", 0, PATH_KEEP, "", "a", "/p?q", false, "http://a/p?q" }, { "", "", 0, PATH_KEEP, "", "a:8080", "/p", false, "http://a:8080/p" },
        { "", "", 0, PATH_KEEP, "", "a:443", "/p", true, "https://a/p" }, { "", "", 0, PATH_KEEP, "", "a:80", "/p", true, "https://a:80/p" },
        { "https", "", 0, PATH_KEEP, "", "a:8080", "/p", false, "https://a/p" }, { "https", "", 8443, PATH_KEEP, "", "a", "/p", false, "https://a:8443/p" },
        { "https", "", 443, PATH_KEEP, "", "a", "/p", false, "https://a/p" }, { "http", "", 0, PATH_KEEP, "", "a:8443", "/p", true, "http://a/p" },
        { "", "b", 0, PATH_KEEP, "", "a:8080", "/p", false, "http://b:8080/p" }, { "", "", 81, PATH_KEEP, "", "a:8080", "/p", false, "http://a:81/p" },
        { "", "", 0, PATH_REPLACE_FULL, "/x", "a", "/p/r?q", false, "http://a/x?q" }, { "", "", 0, PATH_REPLACE_PREFIX, "/x", "a", "/p/r", false, "http://a/x/r" },
        { "", "", 0, PATH_REPLACE_PREFIX, "", "a", "/p", false, "http://a/" }, { "", "", 0, PATH_KEEP, "", "[::1]:8080", "/p", false, "http://[::1]:8080/p" },
        { "", "b", 0, PATH_KEEP, "", "", "/p", false, "http://b/p" }, { "", "", 0, PATH_KEEP, "", "a", "*", false, "http://a/" },
    };
    struct world w;

    world_open(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redirect redirect = { .scheme = span_str(rows[i].scheme), .hostname = span_str(rows[i].hostname), .port = rows[i].port,
                                     .path_change = rows[i].change, .path = span_str(rows[i].path), .status = 302 };
        struct route route = { .match = { .has_path = true, .path_type = MATCH_PREFIX, .path = SPAN_LIT("/p") }, .redirect = &redirect };
        struct span location;
        ask(&w, rows[i].authority, rows[i].target);
        CHECK(rewrite_location(&route, &w.head, rows[i].is_tls, &w.arena, &location), "%zu\n", i);
        CHECK(span_is(location, span_str(rows[i].want)), "%zu: %.*s, want %s\n", i, SPAN_FMT(location), rows[i].want);
    }
    world_close(&w);
}

TEST(rewrite_in_a_full_arena)
{
    struct rewrite rewrite = { .path_change = PATH_REPLACE_FULL, .path = SPAN_LIT("/x") };
    struct redirect redirect = { .status = 302 };
    struct route route = { .rewrite = &rewrite, .redirect = &redirect };
    struct span location;
    struct world w;

    world_open(&w);
    ask(&w, "a", "/p");
    arena_init(&w.arena, &w.bufs, 0);
    CHECK(!rewrite_request(&route, &w.head, SPAN_NONE) && !rewrite_location(&route, &w.head, false, &w.arena, &location), "full\n");
    world_close(&w);
}

CHECK_RUN(RUN(rewrite_paths), RUN(rewrite_authorities), RUN(rewrite_locations), RUN(rewrite_in_a_full_arena))
