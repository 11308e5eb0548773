/* forwarded_test.c - who is believed about the client's address.
 *
 * Goal:   the rule of forwarded.h, row by row: nothing by default, never more hops than allowed, never past somebody
 *         who may not speak; and that the lists we build say what we know.
 * Method: rows of trust, peer and fields against the client's address.
 */
#include "lib/check.h"

#include "base/limits.h"
#include "proto/forwarded.h"

struct row {
    const char *name;
    uint32_t    hops;
    const char *trusted;   /* one network, or NULL for the empty list */
    const char *peer;
    const char *xff, *fwd; /* NULL: absent; lines parted by '|' */
    const char *client;
};

static const struct row rows[] = {
    { "default believes nothing", 0, NULL, "10.0.0.1", "203.0.113.9", NULL, "10.0.0.1" },
    { "hops 0 with a list still believes nothing", 0, "10.0.0.0/8", "10.0.0.1", "203.0.113.9", NULL, "10.0.0.1" },
    { "one hop", 1, NULL, "10.0.0.1", "203.0.113.9", NULL, "203.0.113.9" },
    { "one hop takes the right one", 1, NULL, "10.0.0.1", "1.1.1.1, 203.0.113.9", NULL, "203.0.113.9" },
    { "two hops", 2, NULL, "10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", NULL, "203.0.113.9" },
    { "fewer elements than hops", 3, NULL, "10.0.0.1", "203.0.113.9", NULL, "203.0.113.9" },
    { "no field", 2, NULL, "10.0.0.1", NULL, NULL, "10.0.0.1" },
    { "empty field", 2, NULL, "10.0.0.1", " , ,", NULL, "10.0.0.1" },
    { "peer is a stranger", 1, "10.0.0.0/8", "203.0.113.9", "1.1.1.1", NULL, "203.0.113.9" },
    { "peer is trusted", 1, "10.0.0.0/8", "10.0.0.1", "203.0.113.9", NULL, "203.0.113.9" },
    { "walk stops at the first stranger", 5, "10.0.0.0/8", "10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", NULL,
      "203.0.113.9" },
    { "all trusted", 5, "10.0.0.0/8", "10.0.0.1", "10.0.0.3, 10.0.0.2", NULL, "10.0.0.3" },
    { "mapped peer", 1, "10.0.0.0/8", "::ffff:10.0.0.1", "203.0.113.9", NULL, "203.0.113.9" },
    { "lines in order", 1, NULL, "10.0.0.1", "1.1.1.1|203.0.113.9", NULL, "203.0.113.9" },
    { "nonsense ends the walk", 2, NULL, "10.0.0.1", "203.0.113.9, <script>", NULL, "10.0.0.1" },
    { "nonsense behind is not reached", 1, NULL, "10.0.0.1", "<script>, 203.0.113.9", NULL, "203.0.113.9" },
    { "unknown", 1, NULL, "10.0.0.1", "unknown", NULL, "10.0.0.1" },
    { "port", 1, NULL, "10.0.0.1", "203.0.113.9:4711", NULL, "203.0.113.9" },
    { "v6", 1, NULL, "10.0.0.1", "2001:db8::9", NULL, "2001:db8::9" },
    { "v6 in brackets", 1, NULL, "10.0.0.1", "[2001:db8::9]", NULL, "2001:db8::9" },
    { "v6 with port", 1, NULL, "10.0.0.1", "[2001:db8::9]:1", NULL, "2001:db8::9" },
    { "more than is kept", 16, NULL, "10.0.0.1",
      "9.9.9.9,1.0.0.1,1.0.0.2,1.0.0.3,1.0.0.4,1.0.0.5,1.0.0.6,1.0.0.7,1.0.0.8,"
      "1.0.0.9,1.0.0.10,1.0.0.11,1.0.0.12,1.0.0.13,1.0.0.14,1.0.0.15,1.0.0.16", NULL, "1.0.0.1" },
    { "forwarded", 1, NULL, "10.0.0.1", NULL, "for=203.0.113.9;proto=https", "203.0.113.9" },
    { "forwarded in any case and order", 1, NULL, "10.0.0.1", NULL, "proto=http; FOR = \"203.0.113.9:1\"",
      "203.0.113.9" },
    { "forwarded v6", 1, NULL, "10.0.0.1", NULL, "For=\"[2001:db8::9]:4711\"", "2001:db8::9" },
    { "forwarded takes the right one", 1, NULL, "10.0.0.1", NULL, "for=1.1.1.1, for=203.0.113.9", "203.0.113.9" },
    { "forwarded, comma in quotes", 1, NULL, "10.0.0.1", NULL, "for=203.0.113.9;host=\"a, for=1.1.1.1\"",
      "203.0.113.9" },
    { "forwarded, escaped quote", 1, NULL, "10.0.0.1", NULL, "for=203.0.113.9;host=\"a\\\", for=1.1.1.1\"",
      "203.0.113.9" },
    { "forwarded, open quote swallows", 1, NULL, "10.0.0.1", NULL, "for=\"1.1.1.1, for=203.0.113.9", "10.0.0.1" },
    { "forwarded unknown", 1, NULL, "10.0.0.1", NULL, "for=unknown", "10.0.0.1" },
    { "forwarded obfuscated", 2, NULL, "10.0.0.1", NULL, "for=203.0.113.9, for=_hidden", "10.0.0.1" },
    { "forwarded without for", 1, NULL, "10.0.0.1", NULL, "proto=https", "10.0.0.1" },
    { "forwarded with two", 1, NULL, "10.0.0.1", NULL, "for=1.1.1.1;for=203.0.113.9", "10.0.0.1" },
    { "forwarded with a stray quote", 1, NULL, "10.0.0.1", NULL, "for=1.1.1.1\"", "10.0.0.1" },
    { "both agree", 1, NULL, "10.0.0.1", "203.0.113.9", "for=203.0.113.9", "203.0.113.9" },
    { "both differ", 1, NULL, "10.0.0.1", "1.1.1.1", "for=203.0.113.9", "10.0.0.1" },
    { "one is invented and useless", 1, NULL, "10.0.0.1", "203.0.113.9", "for=unknown", "10.0.0.1" },
};

static void chain_fill(struct forwarded_chain *chain, const char *lines,
                       void (*add)(struct forwarded_chain *chain, struct span value))
{
    struct span rest = lines != NULL ? span_str(lines) : SPAN_NONE, line;

    while (span_next(&rest, '|', &line))
        add(chain, line);
}

TEST(client_is_where_the_walk_ends)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct forwarded_chain xff = { 0 }, fwd = { 0 };
        struct cidr network;
        struct forwarded_trust trust = { .hops = rows[i].hops };
        uint8_t peer[ADDRESS_BYTES], client[ADDRESS_BYTES];
        char text[ADDRESS_TEXT_BYTES_MAX];

        CHECK(address_parse(span_str(rows[i].peer), peer), "%s: peer\n", rows[i].name);
        if (rows[i].trusted != NULL) {
            CHECK(address_parse_cidr(span_str(rows[i].trusted), &network), "%s: network\n", rows[i].name);
            trust.networks = &network;
            trust.networks_n = 1;
        }
        chain_fill(&xff, rows[i].xff, forwarded_chain_add_for);
        chain_fill(&fwd, rows[i].fwd, forwarded_chain_add_forwarded);
        forwarded_client(&trust, peer, &xff, &fwd, client);
        struct span got = span_of(text, address_print(client, text));
        CHECK(span_is(got, span_str(rows[i].client)), "%s: %.*s\n", rows[i].name, SPAN_FMT(got));
    }
}

TEST(peer_speaks_only_when_trusted)
{
    struct cidr network;
    uint8_t inside[ADDRESS_BYTES], outside[ADDRESS_BYTES];

    CHECK(address_parse_cidr(SPAN_LIT("10.0.0.0/8"), &network) && address_parse(SPAN_LIT("10.1.1.1"), inside) &&
          address_parse(SPAN_LIT("11.1.1.1"), outside), "addresses\n");
    struct forwarded_trust nobody = { .hops = 0, .networks = &network, .networks_n = 1 };
    struct forwarded_trust some = { .hops = 1, .networks = &network, .networks_n = 1 };
    struct forwarded_trust all = { .hops = 1 };
    CHECK(!forwarded_may_speak(&nobody, inside), "nobody\n");
    CHECK(forwarded_may_speak(&some, inside) && !forwarded_may_speak(&some, outside), "some\n");
    CHECK(forwarded_may_speak(&all, outside), "all\n");
}

TEST(lists_for_the_upstream)
{
    struct buf_pool bufs;
    struct arena arena;
    struct span list = SPAN_NONE;
    uint8_t v4[ADDRESS_BYTES], v6[ADDRESS_BYTES];

    CHECK(buf_pool_open(&bufs, 4, 4) == WHY_OK, "no memory for the test\n");
    arena_init(&arena, &bufs, EXCHANGE_ARENA_BYTES_MAX);
    CHECK(address_parse(SPAN_LIT("192.0.2.1"), v4) && address_parse(SPAN_LIT("2001:db8::1"), v6), "addresses\n");
    CHECK(forwarded_join_for(&arena, &list, v4) == WHY_OK && span_is(list, SPAN_LIT("192.0.2.1")), "%.*s\n",
          SPAN_FMT(list));
    list = SPAN_NONE;
    CHECK(forwarded_join(&arena, &list, SPAN_LIT("1.1.1.1")) == WHY_OK, "line\n");
    CHECK(forwarded_join(&arena, &list, SPAN_LIT("")) == WHY_OK, "empty line\n");
    CHECK(forwarded_join(&arena, &list, SPAN_LIT("2.2.2.2, 3.3.3.3")) == WHY_OK, "second line\n");
    CHECK(forwarded_join_for(&arena, &list, v6) == WHY_OK, "peer\n");
    CHECK(span_is(list, SPAN_LIT("1.1.1.1, 2.2.2.2, 3.3.3.3, 2001:db8::1")), "%.*s\n", SPAN_FMT(list));
    list = SPAN_NONE;
    CHECK(forwarded_join_element(&arena, &list, v6, SPAN_LIT("h:1"), SPAN_LIT("https")) == WHY_OK, "element\n");
    CHECK(forwarded_join_element(&arena, &list, v4, SPAN_LIT("[::1]"), SPAN_LIT("http")) == WHY_OK, "element\n");
    CHECK(span_is(list,
                  SPAN_LIT("for=\"[2001:db8::1]\";host=\"h:1\";proto=https, for=192.0.2.1;host=\"[::1]\";proto=http")),
                      "%.*s\n",
          SPAN_FMT(list));
    struct forwarded_chain back = { 0 };
    forwarded_chain_add_forwarded(&back, list);
    CHECK(back.elements_n == 2, "%u elements\n", back.elements_n);
    arena_fini(&arena);
    arena_init(&arena, &bufs, 16);
    list = SPAN_NONE;
    CHECK(forwarded_join_element(&arena, &list, v4, SPAN_LIT("h"), SPAN_LIT("http")) == WHY_ARENA_FULL,
          "memory from nowhere\n");
    arena_fini(&arena);
    buf_pool_close(&bufs);
}

CHECK_RUN(RUN(client_is_where_the_walk_ends), RUN(peer_speaks_only_when_trusted), RUN(lists_for_the_upstream))
