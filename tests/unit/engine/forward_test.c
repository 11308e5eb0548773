/* forward_test.c - what the upstream is told about a request's way: nothing that a stranger made up, all that a trusted hop says.
 *
 * Method: rows of trust, peer and fields as sent, and the fields that go on; then the ends of room.
 */
#include "engine/forward.h"

#include <stdlib.h>

#include "lib/check.h"

#include "base/limits.h"
#include "conf/snapshot.h"
#include "engine/engine.h"
#include "engine/exchange.h"
#include "io/socket_address.h"
#include "proto/address.h"

#define OUR_ID "00000000-0000-7000-8000-000000000000"

struct world {
    struct buf_pool bufs;
    struct exchange x;
    struct conn     conn;
    struct listener listener;
    struct cidr     trusted;
    char            text[4096];
};

static struct world *world_open(uint32_t arena_bytes)
{
    struct world *w = calloc(1, sizeof(*w));

    CHECK(w != NULL && buf_pool_open(&w->bufs, 64, 64) == WHY_OK, "no memory\n");
    arena_init(&w->x.arena, &w->bufs, arena_bytes);
    head_init(&w->x.request, &w->x.arena);
    w->x.listener = &w->listener;
    w->x.authority = SPAN_LIT("a.example:8080");
    STATIC_MUST(sizeof(OUR_ID) - 1 == REQUEST_ID_BYTES, "an id is as long as an id");
    memcpy(w->x.id, OUR_ID, REQUEST_ID_BYTES);
    return w;
}

static void world_close(struct world *w)
{
    arena_fini(&w->x.arena);
    buf_pool_close(&w->bufs);
    free(w);
}

static void from(struct world *w, const char *peer)
{
    uint8_t address[ADDRESS_BYTES];

    CHECK(address_parse(span_str(peer), address), "%s\n", peer);
    socket_address_join(address, 4711, &w->conn.peer);
    w->x.client_len = (uint8_t)address_print(address, w->x.client);
    w->x.client_port = 4711;
}

/* "name: value|name: value" */
static void say(struct world *w, const char *fields)
{
    struct span rest = span_str(fields), line;

    while (rest.len > 0 && span_next(&rest, '|', &line)) {
        size_t colon = span_find(line, ':');
        CHECK(head_add(&w->x.request, span_of(line.at, colon), span_from(line, colon + 1), 0), "%s\n", fields);
    }
}

static const char *went(struct world *w)
{
    size_t used = 0;

    w->text[0] = 0;
    for (uint32_t i = 0; i < w->x.request.fields_n; i++)
        used += (size_t)snprintf(w->text + used, sizeof(w->text) - used, "%s%.*s: %.*s", i > 0 ? "|" : "",
                                 SPAN_FMT(w->x.request.fields[i].name), SPAN_FMT(w->x.request.fields[i].value));
    return w->text;
}

TEST(forward_by_trust)
{
    static const struct { const char *name; uint32_t hops; const char *trusted, *peer; bool is_tls; const char *sent, *went, *client; uint16_t port; } rows[] = {
        { "nothing sent", 0, NULL, "192.0.2.9", false, "x-a: 1",
          "x-a: 1|x-forwarded-for: 192.0.2.9|x-forwarded-proto: http|x-forwarded-host: a.example:8080|x-request-id: " OUR_ID, "192.0.2.9", 4711 },
        { "over TLS, from IPv6", 0, NULL, "2001:db8::1", true, "",
          "x-forwarded-for: 2001:db8::1|x-forwarded-proto: https|x-forwarded-host: a.example:8080|x-request-id: " OUR_ID, "2001:db8::1", 4711 },
        { "without trust all of it is overwritten", 0, NULL, "192.0.2.9", false,
          "x-forwarded-for: 6.6.6.6|x-a: 1|x-forwarded-proto: https|x-forwarded-host: evil|x-forwarded-port: 1|forwarded: for=6.6.6.6|x-request-id: forged-one|X-Forwarded-For: 7.7.7.7",
          "x-a: 1|x-forwarded-for: 192.0.2.9|x-forwarded-proto: http|x-forwarded-host: a.example:8080|x-request-id: " OUR_ID, "192.0.2.9", 4711 },
        { "a network without hops is no trust", 0, "192.0.2.0/24", "192.0.2.9", false, "x-forwarded-for: 6.6.6.6",
          "x-forwarded-for: 192.0.2.9|x-forwarded-proto: http|x-forwarded-host: a.example:8080|x-request-id: " OUR_ID, "192.0.2.9", 4711 },
        { "a peer outside the network", 1, "10.0.0.0/8", "192.0.2.9", false, "x-forwarded-for: 6.6.6.6|x-forwarded-proto: https|x-request-id: abc-def-1234",
          "x-forwarded-for: 192.0.2.9|x-forwarded-proto: http|x-forwarded-host: a.example:8080|x-request-id: " OUR_ID, "192.0.2.9", 4711 },
        { "one hop says", 1, "10.0.0.0/8", "10.1.2.3", false,
          "x-forwarded-for: 203.0.113.5|x-forwarded-proto: https|x-forwarded-host: shop.example|x-forwarded-port: 443|x-request-id: abc-def-1234",
          "x-forwarded-for: 203.0.113.5, 10.1.2.3|x-forwarded-proto: https|x-forwarded-host: shop.example|x-forwarded-port: 443|x-request-id: abc-def-1234",
          "203.0.113.5", 0 },
        { "one hop of a longer list: the nearest element only", 1, NULL, "10.1.2.3", false, "x-forwarded-for: 6.6.6.6, 203.0.113.5",
          "x-forwarded-for: 6.6.6.6, 203.0.113.5, 10.1.2.3|x-forwarded-proto: http|x-forwarded-host: a.example:8080|x-request-id: " OUR_ID, "203.0.113.5", 0 },
        { "two hops, two lines", 2, NULL, "10.1.2.3", false, "x-forwarded-for: 203.0.113.5|x-forwarded-for: 10.9.9.9",
          "x-forwarded-for: 203.0.113.5, 10.9.9.9, 10.1.2.3|x-forwarded-proto: http|x-forwarded-host: a.example:8080|x-request-id: " OUR_ID, "203.0.113.5", 0 },
        { "a trusted hop that says nothing", 1, NULL, "10.1.2.3", false, "",
          "x-forwarded-for: 10.1.2.3|x-forwarded-proto: http|x-forwarded-host: a.example:8080|x-request-id: " OUR_ID, "10.1.2.3", 4711 },
        { "Forwarded of a trusted hop grows by an element", 1, NULL, "10.1.2.3", true, "forwarded: for=203.0.113.5;proto=http",
          "x-forwarded-for: 203.0.113.5|x-forwarded-proto: https|x-forwarded-host: a.example:8080|"
          "forwarded: for=203.0.113.5;proto=http, for=10.1.2.3;host=\"a.example:8080\";proto=https|x-request-id: " OUR_ID, "203.0.113.5", 0 },
        { "two fields that disagree: neither is believed", 1, NULL, "10.1.2.3", false, "x-forwarded-for: 203.0.113.5|forwarded: for=6.6.6.6",
          "x-forwarded-for: 203.0.113.5, 10.1.2.3|x-forwarded-proto: http|x-forwarded-host: a.example:8080|"
          "forwarded: for=6.6.6.6, for=10.1.2.3;host=\"a.example:8080\";proto=http|x-request-id: " OUR_ID, "10.1.2.3", 4711 },
        { "an id that could forge a line of a log", 1, NULL, "10.1.2.3", false, "x-request-id: a b\"c",
          "x-forwarded-for: 10.1.2.3|x-forwarded-proto: http|x-forwarded-host: a.example:8080|x-request-id: " OUR_ID, "10.1.2.3", 4711 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *w = world_open(EXCHANGE_ARENA_BYTES_MAX);
        w->listener.forwarded_hops = rows[i].hops;
        w->listener.forwarded_trusted = &w->trusted;
        w->listener.forwarded_trusted_n = rows[i].trusted != NULL ? 1 : 0;
        CHECK(rows[i].trusted == NULL || address_parse_cidr(span_str(rows[i].trusted), &w->trusted), "%s\n", rows[i].name);
        w->x.is_tls = rows[i].is_tls;
        from(w, rows[i].peer);
        say(w, rows[i].sent);
        enum why why = forward_request(&w->x, &w->conn.peer);
        CHECK(why == WHY_OK, "%s: %s\n", rows[i].name, why_name(why));
        CHECK(strcmp(went(w), rows[i].went) == 0, "%s:\n got %s\nwant %s\n", rows[i].name, w->text, rows[i].went);
        CHECK(span_is(exchange_client(&w->x), span_str(rows[i].client)), "%s: client %.*s\n", rows[i].name,
              SPAN_FMT(exchange_client(&w->x)));
        CHECK(w->x.client_port == rows[i].port, "%s: port %u\n", rows[i].name, w->x.client_port);
        world_close(w);
    }
}

/* HTTP/1.0 without a Host: an empty value says less than no field. */
TEST(forward_without_a_host)
{
    struct world *w = world_open(EXCHANGE_ARENA_BYTES_MAX);

    w->x.authority = SPAN_NONE;
    from(w, "192.0.2.9");
    CHECK(forward_request(&w->x, &w->conn.peer) == WHY_OK, "refused\n");
    CHECK(strcmp(went(w), "x-forwarded-for: 192.0.2.9|x-forwarded-proto: http|x-request-id: " OUR_ID) == 0, "%s\n", w->text);
    world_close(w);
}

TEST(forward_into_a_full_head)
{
    struct world *w = world_open(EXCHANGE_ARENA_BYTES_MAX);

    from(w, "192.0.2.9");
    while (w->x.request.fields_n < HEAD_FIELDS_MAX - 3)
        say(w, "x-a: 1");
    enum why why = forward_request(&w->x, &w->conn.peer);
    CHECK(why == WHY_H1_FIELDS_MANY, "%s\n", why_name(why));
    world_close(w);
}

TEST(forward_out_of_memory)
{
    enum why why = WHY_ARENA_FULL;

    for (uint32_t more = 0; why != WHY_OK; more += 8) {
        struct world *w = world_open(EXCHANGE_ARENA_BYTES_MAX);
        w->listener.forwarded_hops = 1;
        from(w, "10.1.2.3");
        say(w, "x-forwarded-for: 203.0.113.5|forwarded: for=203.0.113.5");
        w->x.arena.bytes_max = w->x.arena.bytes + more;
        why = forward_request(&w->x, &w->conn.peer);
        CHECK(why == WHY_OK || why == WHY_ARENA_FULL, "%u bytes: %s\n", more, why_name(why));
        CHECK(more > 0 || why == WHY_ARENA_FULL, "nothing was there to fail\n");
        CHECK(more < 65536, "never enough\n");
        world_close(w);
    }
}

CHECK_RUN(RUN(forward_by_trust), RUN(forward_without_a_host), RUN(forward_into_a_full_head), RUN(forward_out_of_memory))
