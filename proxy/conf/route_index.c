/* route_index.c - build and ask the two hash tables of a virtual host.
 *
 * Layer:  conf.
 */
#include "conf/route_index.h"

#include "conf/conf_arena.h"
#include "conf/name_hash.h"
#include "conf/snapshot.h"

enum { PREFIX_BYTES_MAX = 1024 }; /* of a path match: kind_mesh_http_route.c */

static const struct route_bucket *find(const struct route_table *table, struct span path)
{
    uint32_t hash;

    if (table->slots_n == 0)
        return NULL;
    hash = name_hash(path);
    for (uint32_t at = hash & (table->slots_n - 1); table->slots[at].routes_n != 0; at = (at + 1) & (table->slots_n - 1))
        if (table->slots[at].hash == hash && span_is(table->slots[at].path, path))
            return &table->slots[at];
    return NULL;
}

/* A table of the routes first..last, which all have a path of one type. false: the arena is full. */
static bool build_table(struct conf_arena *arena, const struct route *routes, uint32_t first, uint32_t last,
                        struct route_table *out_table)
{
    uint32_t slots_n = 4, *positions;
    struct route_bucket *slots;

    if (first == last)
        return true;
    while (slots_n < (last - first) * 2)
        slots_n *= 2;
    slots = conf_arena_array(arena, slots_n, sizeof(*slots));
    positions = conf_arena_array(arena, last - first, sizeof(*positions));
    if (slots == NULL || positions == NULL)
        return false;
    /* Routes with one path need not be neighbours (paths of one length are in the order of their rules): count first, then
     * hand out places, then fill them from the last route down, each bucket's pointer moving to its front. */
    for (uint32_t i = first; i < last; i++) {
        struct span path = routes[i].match.path;
        uint32_t hash = name_hash(path), at = hash & (slots_n - 1);
        while (slots[at].routes_n != 0 && !(slots[at].hash == hash && span_is(slots[at].path, path)))
            at = (at + 1) & (slots_n - 1);
        slots[at].path = path;
        slots[at].hash = hash;
        slots[at].routes_n++;
    }
    for (uint32_t at = 0, used = 0; at < slots_n; at++) {
        used += slots[at].routes_n;
        slots[at].routes = positions + used;
    }
    *out_table = (struct route_table){ .slots = slots, .slots_n = slots_n };
    for (uint32_t i = last; i-- > first;) {
        struct route_bucket *bucket = slots + (find(out_table, routes[i].match.path) - slots);
        uint32_t *place = positions + (bucket->routes - positions) - 1;
        *place = i;
        bucket->routes = place;
    }
    return true;
}

static bool build_lengths(struct conf_arena *arena, const struct route *routes, uint32_t first, uint32_t last,
                          struct route_index *index)
{
    bool has[PREFIX_BYTES_MAX + 1] = { false };
    uint32_t lengths_n = 0;
    uint16_t *lengths;

    for (uint32_t i = first; i < last; i++) {
        MUST(routes[i].match.path.len <= PREFIX_BYTES_MAX);
        lengths_n += !has[routes[i].match.path.len];
        has[routes[i].match.path.len] = true;
    }
    lengths = conf_arena_array(arena, lengths_n, sizeof(*lengths));
    if (lengths == NULL)
        return false;
    for (uint32_t bytes = PREFIX_BYTES_MAX + 1; bytes-- > 0;)
        if (has[bytes])
            lengths[index->prefix_bytes_n++] = (uint16_t)bytes;
    index->prefix_bytes = lengths;
    return true;
}

const struct route_index *route_index_build(struct conf_arena *arena, const struct route *routes, uint32_t n)
{
    struct route_index *index = conf_arena_take(arena, sizeof(*index));
    uint32_t exact_n = 0, prefix_last;

    if (index == NULL)
        return NULL;
    while (exact_n < n && routes[exact_n].match.has_path && routes[exact_n].match.path_type == MATCH_EXACT) {
        uint32_t bytes = (uint32_t)routes[exact_n++].match.path.len;
        index->exact_bytes_max = bytes > index->exact_bytes_max ? bytes : index->exact_bytes_max;
    }
    prefix_last = exact_n;
    while (prefix_last < n && routes[prefix_last].match.has_path && routes[prefix_last].match.path_type == MATCH_PREFIX)
        prefix_last++;
    index->rest_first = prefix_last;
    if (!build_table(arena, routes, 0, exact_n, &index->exact) ||
        !build_table(arena, routes, exact_n, prefix_last, &index->prefixes) ||
        (prefix_last > exact_n && !build_lengths(arena, routes, exact_n, prefix_last, index)))
        return NULL;
    return index;
}

const struct route_bucket *route_index_exact(const struct route_index *index, struct span path)
{
    return path.len <= index->exact_bytes_max ? find(&index->exact, path) : NULL;
}

const struct route_bucket *route_index_prefix(const struct route_index *index, struct span path, uint32_t *io_level)
{
    while (*io_level < index->prefix_bytes_n) {
        uint32_t bytes = index->prefix_bytes[(*io_level)++];
        const struct route_bucket *bucket;
        if (bytes > path.len || (bytes < path.len && bytes > 0 && path.at[bytes] != '/'))
            continue;
        bucket = find(&index->prefixes, span_of(path.at, bytes));
        if (bucket != NULL)
            return bucket;
    }
    return NULL;
}
