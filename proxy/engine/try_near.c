/* try_near.c - routes of the same host that were nearly taken, and what kept each from it.
 *
 * Layer:  engine.
 *
 * Told are: stronger routes that fail on one condition only, and weaker ones that match. Of failed paths only those that look alike,
 * else every route of a host would be near.
 */
#include "engine/try_inside.h"

struct near_list {
    struct try_near *items;
    uint32_t         scores[TRY_NEAR_MAX]; /* smaller is nearer */
    uint32_t         n;
};

enum {
    SCORE_OTHER = 0,    /* method, header or parameter       */
    SCORE_MATCHES = 1,
    SCORE_PATH = 2,     /* and the bytes that differ         */
    SCORE_REGEX = 100000,
    SCORE_FAR,          /* not near                          */
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Bytes that both begin with, in any case. */
static size_t common(struct span a, struct span b)
{
    size_t n = 0;

    while (n < a.len && n < b.len && lower(a.at[n]) == lower(b.at[n]))
        n++;
    return n;
}

/* Half of a path must be right for it to look like a slip: of the shorter one, the slash not counted. */
static uint32_t path_score(const struct route_match *m, struct span path)
{
    size_t alike, shorter, longer;

    if (m->path_type == MATCH_REGEX)
        return SCORE_REGEX;
    alike = common(m->path, path);
    shorter = m->path.len < path.len ? m->path.len : path.len;
    longer = m->path.len > path.len ? m->path.len : path.len;
    if (alike < 2 || (alike - 1) * 2 < shorter - 1)
        return SCORE_FAR;
    return SCORE_PATH + (uint32_t)(longer - alike);
}

static uint32_t score_of(const struct route *route, const struct router_missed *missed, bool is_stronger, struct span path)
{
    if (missed->n == 0)
        return is_stronger ? SCORE_FAR : SCORE_MATCHES;
    if (missed->n > 1 || !is_stronger)
        return SCORE_FAR;
    return missed->first == ROUTER_MISS_PATH ? path_score(&route->match, path) : SCORE_OTHER;
}

/* Nearest first, stronger ones first of equal ones; one of each rule. */
static void offer(struct near_list *list, const struct route *route, const struct router_missed *missed, uint32_t score)
{
    uint32_t at;

    for (uint32_t i = 0; i < list->n; i++)
        if (list->items[i].route->origin == route->origin && list->scores[i] <= score)
            return;
    for (at = list->n; at > 0 && list->scores[at - 1] > score; at--)
        if (at < TRY_NEAR_MAX) {
            list->items[at] = list->items[at - 1];
            list->scores[at] = list->scores[at - 1];
        }
    if (at == TRY_NEAR_MAX)
        return;
    list->items[at] = (struct try_near){ route, *missed };
    list->scores[at] = score;
    if (list->n < TRY_NEAR_MAX)
        list->n++;
}

void try_find_near(struct try *t)
{
    struct near_list list = { .items = t->result.near };
    struct head request = t->x.request;
    bool is_stronger = true;

    request.arena = &t->said; /* Queries are decoded there: explaining must not fill the arena of the request. */
    for (const struct virtual_host *vh = t->result.host; vh != NULL; vh = vh->fallback)
        for (uint32_t i = 0; i < vh->routes_n; i++) {
            const struct route *route = &vh->routes[i];
            struct router_missed missed;
            uint32_t score;
            if (route == t->x.route) {
                is_stronger = false;
                continue;
            }
            if (t->x.route != NULL && route->origin == t->x.route->origin)
                continue; /* Another match of the same rule. */
            missed = router_explain(route, &request, t->result.path);
            score = score_of(route, &missed, is_stronger, t->result.path);
            if (score < SCORE_FAR)
                offer(&list, route, &missed, score);
        }
    t->result.near_n = list.n;
}
