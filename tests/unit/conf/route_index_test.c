/* route_index_test.c - what the index offers for a path is what a walk over all routes would, in the same order.
 *
 * Goal:   no route that could match is left out, none is offered that cannot, longer prefixes come first.
 * Method: random sets of few paths, so that they collide, nest and repeat; every path that these letters can make is asked.
 */
#include <stdlib.h>

#include "lib/check.h"

#include "base/rng.h"
#include "conf/conf_arena.h"
#include "conf/route_index.h"
#include "conf/snapshot.h"

static bool prefix_covers(struct span prefix, struct span path)
{
    return span_starts(path, prefix) && (path.len == prefix.len || prefix.len == 0 || path.at[prefix.len] == '/');
}

/* Exact first, then prefixes by length, then the rest: as compile_host sorts them. */
static int order(const void *left, const void *right)
{
    const struct route *a = left, *b = right;
    int class_a = !a->match.has_path ? 3 : (int)a->match.path_type, class_b = !b->match.has_path ? 3 : (int)b->match.path_type;

    if (class_a != class_b)
        return class_a - class_b;
    if (class_a != MATCH_EXACT && a->match.path.len != b->match.path.len)
        return a->match.path.len > b->match.path.len ? -1 : 1;
    return a->rule < b->rule ? -1 : 1;
}

/* Routes offered for path, by the index, as numbers in text. */
static void offered(const struct route_index *index, struct span path, char *out, size_t out_bytes)
{
    const struct route_bucket *b = route_index_exact(index, path);
    uint32_t level = 0;
    size_t used = 0;

    out[0] = '\0';
    for (; b != NULL || (b = route_index_prefix(index, path, &level)) != NULL; b = NULL)
        for (uint32_t i = 0; i < b->routes_n; i++)
            used += (size_t)snprintf(out + used, out_bytes - used, "%u ", b->routes[i]);
}

static void walked(const struct route *routes, uint32_t n, struct span path, char *out, size_t out_bytes)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < n; i++)
        if (routes[i].match.has_path && ((routes[i].match.path_type == MATCH_EXACT && span_is(routes[i].match.path, path)) ||
                                         (routes[i].match.path_type == MATCH_PREFIX && prefix_covers(routes[i].match.path, path))))
            used += (size_t)snprintf(out + used, out_bytes - used, "%u ", i);
}

/* "/a/b/aa" ... up to four segments; may be empty for a prefix. */
static struct span random_path(struct rng *rng, char *out, bool may_be_empty)
{
    static const char *const segments[] = { "/a", "/b", "/ab", "/c/a", "/" };
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = may_be_empty ? rng_below(rng, 4) : 1 + rng_below(rng, 4); i > 0; i--)
        used += (size_t)snprintf(out + used, 32 - used, "%s", segments[rng_below(rng, may_be_empty ? 4 : COUNT(segments))]);
    return span_of(out, used);
}

TEST(route_index_agrees_with_a_walk)
{
    struct route *routes = calloc(64, sizeof(*routes));
    char (*texts)[32] = calloc(64, 32), path[32], got[1024], want[1024];
    struct rng rng;

    rng_init(&rng, 97531);
    for (int round = 0; round < 500; round++) {
        struct conf_arena *arena = conf_arena_open(1 << 20);
        uint32_t n = rng_below(&rng, 64);
        memset(routes, 0, 64 * sizeof(*routes));
        for (uint32_t i = 0; i < n; i++) {
            uint32_t type = rng_below(&rng, 5);
            routes[i].rule = i;
            routes[i].match.has_path = type < 4;
            routes[i].match.path_type = type < 2 ? MATCH_PREFIX : type < 3 ? MATCH_EXACT : MATCH_REGEX;
            routes[i].match.path = random_path(&rng, texts[i], type < 2);
        }
        qsort(routes, n, sizeof(*routes), order);
        const struct route_index *index = route_index_build(arena, routes, n);
        for (uint32_t i = 0; i < n; i++)
            CHECK((i >= index->rest_first) == (!routes[i].match.has_path || routes[i].match.path_type == MATCH_REGEX), "rest\n");
        for (int i = 0; i < 100; i++) {
            struct span asked = random_path(&rng, path, false);
            offered(index, asked, got, sizeof(got));
            walked(routes, n, asked, want, sizeof(want));
            CHECK(strcmp(got, want) == 0, "round %d, %u routes, %.*s: got %s want %s\n", round, n, SPAN_FMT(asked), got, want);
        }
        conf_arena_close(arena);
    }
    free(routes);
    free(texts);
}

TEST(route_index_edges)
{
    struct conf_arena *arena = conf_arena_open(1 << 20), *small = conf_arena_open(256);
    char longest[2048];
    struct route routes[2] = { { .match = { .has_path = true, .path_type = MATCH_EXACT } },
                               { .match = { .has_path = true, .path_type = MATCH_PREFIX } } };
    uint32_t level = 0;

    memset(longest, 'x', sizeof(longest));
    longest[0] = longest[1024] = '/';
    routes[0].match.path = span_of(longest, 1024);
    routes[1].match.path = span_of(longest, 1024);
    const struct route_index *index = route_index_build(arena, routes, 2);
    CHECK(route_index_exact(index, span_of(longest, 1024)) != NULL && route_index_exact(index, span_of(longest, 1025)) == NULL, "exact\n");
    CHECK(route_index_prefix(index, span_of(longest, 2048), &level) != NULL, "prefix\n");
    CHECK(route_index_prefix(index, span_of(longest, 2048), &level) == NULL, "no more\n");
    level = 0;
    longest[1024] = 'x';
    CHECK(route_index_prefix(index, span_of(longest, 2048), &level) == NULL, "in the middle of a segment\n");
    CHECK(route_index_exact(route_index_build(arena, NULL, 0), SPAN_LIT("/")) == NULL, "no routes\n");
    CHECK(route_index_build(small, routes, 2) == NULL, "no memory\n");
    conf_arena_close(arena);
    conf_arena_close(small);
}

CHECK_RUN(RUN(route_index_agrees_with_a_walk), RUN(route_index_edges))
