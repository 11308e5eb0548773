/* host_index.c - one hash table for names and wildcards: "*.x" is kept as ".x".
 *
 * Spec:   Gateway API, HTTPRoute hostnames; RFC 4343 (case).
 * Layer:  conf.
 */
#include "conf/host_index.h"

#include "conf/conf_arena.h"
#include "conf/name_hash.h"

struct slot {
    struct span key;
    uint32_t    hash;
    int32_t     position;   /* + 1; 0: free */
};

struct host_index {
    const struct slot *slots;
    uint32_t slots_n;       /* power of two, at most half full */
    int32_t  any;           /* position of "*", or HOST_NONE */
    bool     has_wildcards;
};

bool host_is_any(struct span pattern)
{
    return pattern.len == 0 || span_is(pattern, SPAN_LIT("*"));
}

bool host_is_wildcard(struct span pattern)
{
    return span_starts(pattern, SPAN_LIT("*."));
}

bool host_covers(struct span pattern, struct span narrow)
{
    if (host_is_any(pattern))
        return true;
    if (host_is_any(narrow))
        return false;
    if (span_is(pattern, narrow))
        return true;
    /* "*.x" and "a.x", or "*.x" and "*.a.x": narrow ends with ".x" and has something before it. */
    return host_is_wildcard(pattern) && narrow.len > pattern.len - 1 && span_ends(narrow, span_from(pattern, 1));
}

const struct host_index *host_index_build(struct conf_arena *arena, const struct span *patterns, uint32_t n)
{
    struct host_index *index = conf_arena_take(arena, sizeof(*index));
    uint32_t slots_n = 4;
    struct slot *slots;

    while (slots_n < n * 2)
        slots_n *= 2;
    slots = conf_arena_array(arena, slots_n, sizeof(*slots));
    if (index == NULL || slots == NULL)
        return NULL;
    *index = (struct host_index){ .slots = slots, .slots_n = slots_n, .any = HOST_NONE };
    for (uint32_t i = 0; i < n; i++) {
        struct slot slot = { .key = patterns[i], .position = (int32_t)i + 1 };
        if (host_is_any(patterns[i])) {
            index->any = (int32_t)i;
            continue;
        }
        if (host_is_wildcard(patterns[i])) {
            slot.key = span_from(patterns[i], 1);
            index->has_wildcards = true;
        }
        slot.hash = name_hash(slot.key);
        uint32_t at = slot.hash & (slots_n - 1);
        while (slots[at].position != 0)
            at = (at + 1) & (slots_n - 1);
        slots[at] = slot;
    }
    return index;
}

static int32_t find(const struct host_index *index, struct span key)
{
    uint32_t hash = name_hash(key);

    for (uint32_t at = hash & (index->slots_n - 1); index->slots[at].position != 0; at = (at + 1) & (index->slots_n - 1))
        if (index->slots[at].hash == hash && span_is(index->slots[at].key, key))
            return index->slots[at].position - 1;
    return HOST_NONE;
}

/* Wildcards that serve host, longest first: at each dot behind its first byte. */
static int32_t find_wildcard(const struct host_index *index, struct span host)
{
    for (size_t i = 1; index->has_wildcards && i < host.len; i++)
        if (host.at[i] == '.') {
            int32_t position = find(index, span_from(host, i));
            if (position != HOST_NONE)
                return position;
        }
    return index->any;
}

int32_t host_index_find(const struct host_index *index, struct span host)
{
    uint8_t lower[HOST_BYTES_MAX];
    int32_t position;

    if (host.len > 0 && host.at[host.len - 1] == '.')
        host.len--;
    if (host.len > sizeof(lower))
        return index->any;
    for (size_t i = 0; i < host.len; i++)
        lower[i] = host.at[i] >= 'A' && host.at[i] <= 'Z' ? (uint8_t)(host.at[i] + 32) : host.at[i];
    host.at = lower;
    /* ".x" is how a wildcard is kept, and no host name. */
    position = host.len > 0 && host.at[0] != '.' ? find(index, host) : HOST_NONE;
    return position != HOST_NONE ? position : find_wildcard(index, host);
}

int32_t host_index_above(const struct host_index *index, struct span pattern)
{
    if (host_is_any(pattern))
        return HOST_NONE;
    /* From "*.a.x" the dots behind the first are asked: ".x". */
    return find_wildcard(index, host_is_wildcard(pattern) ? span_from(pattern, 1) : pattern);
}

int32_t host_index_cover(const struct host_index *index, struct span pattern)
{
    int32_t position;

    if (host_is_any(pattern))
        return index->any;
    position = find(index, host_is_wildcard(pattern) ? span_from(pattern, 1) : pattern);
    return position != HOST_NONE ? position : host_index_above(index, pattern);
}

int host_order(struct span a, struct span b)
{
    int class_a = host_is_any(a) ? 2 : host_is_wildcard(a), class_b = host_is_any(b) ? 2 : host_is_wildcard(b);

    if (class_a != class_b)
        return class_a - class_b;
    if (a.len != b.len)
        return a.len > b.len ? -1 : 1;
    return a.len > 0 ? memcmp(a.at, b.at, a.len) : 0;
}
