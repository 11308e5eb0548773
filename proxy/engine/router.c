/* router.c - ask the indexes of a snapshot, compare what they offer.
 *
 * Layer:  engine.
 */
#include "engine/router.h"

#include "base/must.h"
#include "base/rng.h"
#include "conf/host_index.h"
#include "conf/regex.h"
#include "conf/route_index.h"
#include "http/head.h"
#include "proto/uri.h"

const struct virtual_host *router_host(const struct listener *l, struct span host)
{
    int32_t position = host_index_find(l->host_index, host);

    return position != HOST_NONE ? &l->hosts[position] : NULL;
}

const struct tls_host *router_tls_host(const struct listener *l, struct span name)
{
    int32_t position = l->is_tls ? host_index_find(l->tls_host_index, name) : HOST_NONE;

    return position != HOST_NONE ? &l->tls_hosts[position] : NULL;
}

static bool value_matches(const struct value_match *m, struct span value)
{
    switch (m->type) {
    case MATCH_EXACT:
        return span_is(value, m->value);
    case MATCH_PREFIX:
        return span_starts(value, m->value);
    case MATCH_REGEX:
        return regex_match(m->regex, value) == REGEX_YES;
    case MATCH_PRESENT:
        return true;
    case MATCH_ABSENT:
        return false; /* There is a value. */
    }
    must_not_reach("match type");
}

static bool header_matches(const struct value_match *m, const struct head *request)
{
    enum field_id id;

    if (span_is(m->name, SPAN_LIT("host")))
        return value_matches(m, request->authority);
    id = field_id_of(m->name);
    for (uint32_t i = 0; i < request->fields_n; i++) {
        const struct field *f = &request->fields[i];
        if (f->id != id || (id == FIELD_OTHER && !span_is(f->name, m->name)))
            continue;
        if (m->type == MATCH_ABSENT)
            return false;
        if (value_matches(m, f->value))
            return true;
    }
    return m->type == MATCH_ABSENT;
}

static bool query_matches(const struct value_match *m, const struct head *request)
{
    struct span rest = head_query(request), raw_name, raw_value, name, value;

    while (uri_query_next(&rest, &raw_name, &raw_value)) {
        if (uri_query_decode(raw_name, request->arena, &name) != WHY_OK)
            return false;
        if (span_is(name, m->name))
            return uri_query_decode(raw_value, request->arena, &value) == WHY_OK && value_matches(m, value);
    }
    return false;
}

static bool method_matches(uint8_t wanted, const struct head *request)
{
    return wanted == METHOD_OTHER || wanted == request->method ||
           (wanted == METHOD_GET && request->method == METHOD_CONNECT && request->is_upgrade);
}

/* All of a match but its path. */
static bool rest_matches(const struct route_match *m, const struct head *request)
{
    if (!method_matches(m->method, request))
        return false;
    for (uint32_t i = 0; i < m->headers_n; i++)
        if (!header_matches(&m->headers[i], request))
            return false;
    for (uint32_t i = 0; i < m->queries_n; i++)
        if (!query_matches(&m->queries[i], request))
            return false;
    return true;
}

static const struct route *find_in_bucket(const struct virtual_host *vh, const struct route_bucket *bucket,
                                          const struct head *request)
{
    for (uint32_t i = 0; i < bucket->routes_n; i++)
        if (rest_matches(&vh->routes[bucket->routes[i]].match, request))
            return &vh->routes[bucket->routes[i]];
    return NULL;
}

static const struct route *find(const struct virtual_host *vh, const struct head *request, struct span path)
{
    const struct route_bucket *bucket = route_index_exact(vh->index, path);
    const struct route *route = bucket != NULL ? find_in_bucket(vh, bucket, request) : NULL;
    uint32_t level = 0;

    if (route != NULL)
        return route;
    while ((bucket = route_index_prefix(vh->index, path, &level)) != NULL)
        if ((route = find_in_bucket(vh, bucket, request)) != NULL)
            return route;
    for (uint32_t i = vh->index->rest_first; i < vh->routes_n; i++) {
        const struct route_match *m = &vh->routes[i].match;
        /* What is cheap first. */
        if (rest_matches(m, request) && (!m->has_path || regex_match(m->path_regex, path) == REGEX_YES))
            return &vh->routes[i];
    }
    return NULL;
}

const struct route *router_find(const struct virtual_host *vh, const struct head *request, struct span path)
{
    for (; vh != NULL; vh = vh->fallback) {
        const struct route *route = find(vh, request, path);
        if (route != NULL)
            return route;
    }
    return NULL;
}

/* What route_index finds by hashes, said of one route. */
static bool path_matches(const struct route_match *m, struct span path)
{
    if (!m->has_path)
        return true;
    switch (m->path_type) {
    case MATCH_EXACT:
        return span_is(path, m->path);
    case MATCH_PREFIX:
        return span_starts(path, m->path) && (m->path.len == 0 || path.len == m->path.len || path.at[m->path.len] == '/');
    case MATCH_REGEX:
        return regex_match(m->path_regex, path) == REGEX_YES;
    case MATCH_PRESENT:
    case MATCH_ABSENT:
        break;
    }
    must_not_reach("path match type");
}

static void miss(struct router_missed *missed, enum router_miss what, const struct value_match *value)
{
    if (missed->n++ == 0) {
        missed->first = what;
        missed->value = value;
    }
}

struct router_missed router_explain(const struct route *route, const struct head *request, struct span path)
{
    const struct route_match *m = &route->match;
    struct router_missed missed = { .n = 0 };

    if (!path_matches(m, path))
        miss(&missed, ROUTER_MISS_PATH, NULL);
    if (!method_matches(m->method, request))
        miss(&missed, ROUTER_MISS_METHOD, NULL);
    for (uint32_t i = 0; i < m->headers_n; i++)
        if (!header_matches(&m->headers[i], request))
            miss(&missed, ROUTER_MISS_HEADER, &m->headers[i]);
    for (uint32_t i = 0; i < m->queries_n; i++)
        if (!query_matches(&m->queries[i], request))
            miss(&missed, ROUTER_MISS_QUERY, &m->queries[i]);
    return missed;
}

uint32_t router_pick_backend(const struct route *route, struct rng *rng)
{
    uint64_t at;

    MUST(route->weight_sum > 0);
    if (route->backends_n == 1)
        return route->backends[0].upstream;
    at = route->weight_sum <= UINT32_MAX ? rng_below(rng, (uint32_t)route->weight_sum) : rng_u64(rng) % route->weight_sum;
    for (uint32_t i = 0; i < route->backends_n; i++) {
        if (at < route->backends[i].weight)
            return route->backends[i].upstream;
        at -= route->backends[i].weight;
    }
    must_not_reach("router_pick_backend: weights do not add up");
}
