/* forwarded.c - see forwarded.h: the rule of who is believed stands there.
 *
 * Spec:   RFC 7239 s4, s6.
 * Layer:  proto. Pure.
 */
#include "proto/forwarded.h"

#include "proto/uri.h"

static void chain_push(struct forwarded_chain *chain, const uint8_t *address)
{
    uint32_t slot = chain->elements_n++ % FORWARDED_HOPS_MAX;

    chain->_is_address[slot] = address != NULL;
    if (address != NULL)
        memcpy(chain->_address[slot], address, ADDRESS_BYTES);
}

/* The element so many steps from the right (0: the last), or NULL when there is none or it is no address. */
static const uint8_t *chain_from_right(const struct forwarded_chain *chain, uint32_t steps)
{
    if (steps >= FORWARDED_HOPS_MAX || steps >= chain->elements_n)
        return NULL;
    uint32_t slot = (chain->elements_n - 1 - steps) % FORWARDED_HOPS_MAX;
    return chain->_is_address[slot] ? chain->_address[slot] : NULL;
}

/* An address alone, with a port, or bracketed: what proxies write. */
static bool node_read(struct span node, uint8_t out[ADDRESS_BYTES])
{
    uint16_t port;

    if (address_parse(node, out) || address_parse_port(node, out, &port))
        return true;
    return node.len > 2 && node.at[0] == '[' && node.at[node.len - 1] == ']' &&
           address_parse(span_of(node.at + 1, node.len - 2), out);
}

void forwarded_chain_add_for(struct forwarded_chain *chain, struct span value)
{
    struct span element;

    while (span_next(&value, ',', &element)) {
        uint8_t address[ADDRESS_BYTES];
        element = span_trim(element);
        if (element.len > 0) /* An empty list element is none (RFC 9110 s5.6.1.2). */
            chain_push(chain, node_read(element, address) ? address : NULL);
    }
}

/* The length of the element at the front of rest: up to a comma outside of a quoted string. An open quote swallows the
 * rest. */
static size_t element_length(struct span rest)
{
    bool in_quotes = false;
    size_t i;

    for (i = 0; i < rest.len && (in_quotes || rest.at[i] != ','); i++) {
        if (in_quotes && rest.at[i] == '\\')
            i++;
        else if (rest.at[i] == '"')
            in_quotes = !in_quotes;
    }
    return i < rest.len ? i : rest.len;
}

/* Take quotes off; false when they do not match or hide an escape: addresses need none. */
static bool value_unquote(struct span *io_value)
{
    struct span value = *io_value;

    if (value.len == 0 || value.at[0] != '"')
        return span_find(value, '"') == value.len;
    if (value.len < 2 || value.at[value.len - 1] != '"')
        return false;
    *io_value = span_of(value.at + 1, value.len - 2);
    return span_find(*io_value, '"') == io_value->len && span_find(*io_value, '\\') == io_value->len;
}

/* The address of the one "for" of an element; false when there is none, more than one, or it is no address. */
static bool element_read(struct span element, uint8_t out[ADDRESS_BYTES])
{
    struct span pair;
    unsigned for_n = 0;
    bool is_good = false;

    while (span_next(&element, ';', &pair)) {
        size_t equals = span_find(pair, '=');
        if (equals == pair.len || !span_is_nocase(span_trim(span_of(pair.at, equals)), SPAN_LIT("for")))
            continue;
        struct span node = span_trim(span_from(pair, equals + 1));
        is_good = value_unquote(&node) && node_read(node, out);
        for_n++;
    }
    return is_good && for_n == 1;
}

void forwarded_chain_add_forwarded(struct forwarded_chain *chain, struct span value)
{
    while (value.len > 0) {
        uint8_t address[ADDRESS_BYTES];
        size_t bytes = element_length(value);
        struct span element = span_trim(span_of(value.at, bytes));
        if (element.len > 0)
            chain_push(chain, element_read(element, address) ? address : NULL);
        value = span_from(value, bytes < value.len ? bytes + 1 : bytes);
    }
}

static bool is_trusted(const struct forwarded_trust *trust, const uint8_t address[ADDRESS_BYTES])
{
    for (uint32_t i = 0; i < trust->networks_n; i++) {
        if (address_in(address, &trust->networks[i]))
            return true;
    }
    return trust->networks_n == 0;
}

bool forwarded_may_speak(const struct forwarded_trust *trust, const uint8_t peer[ADDRESS_BYTES])
{
    return trust->hops > 0 && is_trusted(trust, peer);
}

static const uint8_t *chain_walk(const struct forwarded_trust *trust, const uint8_t *peer,
                                 const struct forwarded_chain *chain)
{
    const uint8_t *at = peer;

    for (uint32_t steps = 0; steps < trust->hops && is_trusted(trust, at); steps++) {
        const uint8_t *next = chain_from_right(chain, steps);
        if (next == NULL)
            break;
        at = next;
    }
    return at;
}

void forwarded_client(const struct forwarded_trust *trust, const uint8_t peer[ADDRESS_BYTES],
                      const struct forwarded_chain *x_forwarded_for, const struct forwarded_chain *forwarded,
                      uint8_t out_client[ADDRESS_BYTES])
{
    const uint8_t *client = chain_walk(trust, peer, x_forwarded_for);
    const uint8_t *other = chain_walk(trust, peer, forwarded);

    if (x_forwarded_for->elements_n == 0)
        client = other;
    else if (forwarded->elements_n > 0 && memcmp(client, other, ADDRESS_BYTES) != 0)
        client = peer;
    memmove(out_client, client, ADDRESS_BYTES);
}

enum why forwarded_join(struct arena *arena, struct span *io_list, struct span line)
{
    if (line.len == 0)
        return WHY_OK;
    if (io_list->len > 0)
        *io_list = arena_append(arena, *io_list, SPAN_LIT(", "));
    *io_list = arena_append(arena, *io_list, line);
    return arena->is_full ? WHY_ARENA_FULL : WHY_OK;
}

enum why forwarded_join_for(struct arena *arena, struct span *io_list, const uint8_t peer[ADDRESS_BYTES])
{
    char text[ADDRESS_TEXT_BYTES_MAX];

    return forwarded_join(arena, io_list, span_of(text, address_print(peer, text)));
}

enum why forwarded_join_element(struct arena *arena, struct span *io_list, const uint8_t peer[ADDRESS_BYTES],
                                struct span authority, struct span scheme)
{
    /* for="[39]";host="255+6";proto=https and what stands between. */
    uint8_t element[ADDRESS_TEXT_BYTES_MAX + URI_HOST_BYTES_MAX + 64];
    size_t used = 0;
    char text[ADDRESS_TEXT_BYTES_MAX];
    bool is_v4 = address_is_v4(peer);
    const struct span pieces[] = {
        is_v4 ? SPAN_LIT("for=") : SPAN_LIT("for=\"["), span_of(text, address_print(peer, text)),
        is_v4 ? SPAN_LIT(";host=\"") : SPAN_LIT("]\";host=\""), authority, SPAN_LIT("\";proto="), scheme,
    };

    MUST(authority.len <= URI_HOST_BYTES_MAX + 6 && scheme.len <= 5);
    for (unsigned i = 0; i < COUNT(pieces); i++) {
        MUST(used + pieces[i].len <= sizeof(element));
        if (pieces[i].len > 0)
            memcpy(element + used, pieces[i].at, pieces[i].len);
        used += pieces[i].len;
    }
    return forwarded_join(arena, io_list, span_of(element, used));
}
