/* address_test.c - addresses survive the way in and out, and nothing else is one.
 *
 * Goal:   one text form per address, no octal, no zone, no leftovers; networks match to the bit.
 * Method: rows of text and canonical text (NULL: refused).
 */
#include "lib/check.h"

#include "proto/address.h"

TEST(address_text_both_ways)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "192.0.2.1", "192.0.2.1" }, { "0.0.0.0", "0.0.0.0" }, { "255.255.255.255", "255.255.255.255" },
        { "::", "::" }, { "::1", "::1" }, { "1::", "1::" }, { "2001:DB8::1", "2001:db8::1" },
        { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" }, { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
        { "0:0:0:0:0:0:0:1", "::1" }, { "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
        { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
        { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" }, { "fe80::00ff", "fe80::ff" }, { "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
        { "::ffff:192.0.2.1", "192.0.2.1" }, { "::ffff:c000:201", "192.0.2.1" },
        { "64:ff9b::192.0.2.1", "64:ff9b::c000:201" },
        { "1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a" },
        { "", NULL }, { "1", NULL }, { "1.2.3", NULL }, { "1.2.3.4.5", NULL }, { "1.2.3.256", NULL },
        { "01.2.3.4", NULL },
        { "1.2.3.04", NULL }, { "1.2.3.4 ", NULL }, { " 1.2.3.4", NULL }, { "1.2.3.", NULL }, { ".1.2.3", NULL },
        { "1.2.3.0x4", NULL }, { "+1.2.3.4", NULL }, { "1.2.3.1000", NULL },
        { ":", NULL }, { ":::", NULL }, { "1:", NULL }, { ":1", NULL }, { "1::2::3", NULL }, { "12345::", NULL },
        { "g::", NULL },
        { "1:2:3:4:5:6:7", NULL }, { "1:2:3:4:5:6:7:8:9", NULL }, { "1:2:3:4:5:6:7:8::", NULL },
        { "::1:2:3:4:5:6:7:8", NULL },
        { "1::2:3:4:5:6:7:8", NULL }, { "fe80::1%eth0", NULL }, { "[::1]", NULL }, { "::1.2.3", NULL },
        { "1.2.3.4::", NULL },
        { "1:2:3:4:5:6:7:1.2.3.4", NULL }, { "::1.2.3.4:5", NULL }, { "::01.2.3.4", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t address[ADDRESS_BYTES], again[ADDRESS_BYTES];
        char text[ADDRESS_TEXT_BYTES_MAX];
        bool is_good = address_parse(span_str(rows[i].in), address);
        CHECK(is_good == (rows[i].out != NULL), "%s: answered %d\n", rows[i].in, is_good);
        if (!is_good)
            continue;
        struct span got = span_of(text, address_print(address, text));
        CHECK(span_is(got, span_str(rows[i].out)), "%s: printed %.*s\n", rows[i].in, SPAN_FMT(got));
        CHECK(address_parse(got, again) && memcmp(address, again, sizeof(again)) == 0, "%s: changed on the way\n",
              rows[i].in);
    }
}

TEST(address_with_port_both_ways)
{
    static const struct {
        const char *in;
        uint16_t    port; /* 0: refused */
    } rows[] = {
        { "192.0.2.1:1", 1 }, { "192.0.2.1:65535", 65535 }, { "[::1]:80", 80 }, { "[2001:db8::1]:8080", 8080 },
        { "192.0.2.1", 0 }, { "192.0.2.1:", 0 }, { "192.0.2.1:0", 0 }, { "192.0.2.1:65536", 0 }, { "192.0.2.1:01", 0 },
        { "192.0.2.1:1x", 0 }, { "::1:80", 0 }, { "[::1]", 0 }, { "[::1]80", 0 }, { "[192.0.2.1]:80", 0 }, { ":80", 0 },
        { "localhost:80", 0 }, { "", 0 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t address[ADDRESS_BYTES];
        char text[ADDRESS_TEXT_BYTES_MAX];
        uint16_t port = 0;
        bool is_good = address_parse_port(span_str(rows[i].in), address, &port);
        CHECK(is_good == (rows[i].port != 0) && port == rows[i].port, "%s: %d, port %u\n", rows[i].in, is_good, port);
        if (!is_good)
            continue;
        struct span got = span_of(text, address_print_port(address, port, text));
        CHECK(span_is(got, span_str(rows[i].in)), "%s: printed %.*s\n", rows[i].in, SPAN_FMT(got));
    }
}

TEST(network_matches_to_the_bit)
{
    static const struct {
        const char *network, *address;
        bool        is_in;
    } rows[] = {
        { "10.0.0.0/8", "10.255.255.255", true }, { "10.0.0.0/8", "11.0.0.0", false },
        { "10.0.0.0/8", "9.255.255.255", false },
        { "192.0.2.128/25", "192.0.2.128", true }, { "192.0.2.128/25", "192.0.2.127", false },
        { "10.1.2.3/8", "10.0.0.1", true },
        { "192.0.2.1", "192.0.2.1", true }, { "192.0.2.1", "192.0.2.2", false }, { "0.0.0.0/0", "203.0.113.9", true },
        { "0.0.0.0/0", "::1", false }, { "::/0", "203.0.113.9", true }, { "10.0.0.0/8", "::ffff:10.0.0.1", true },
        { "2001:db8::/33", "2001:db8:7fff::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
        { "::1", "::1", true },
        { "::1/128", "::2", false },
    };
    static const char *bad[] = { "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0/8",
                                 "::/129",
                                 "10.0.0.0/8 ", "::/1x", "10.0.0.0/-1" };

    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t address[ADDRESS_BYTES];
        struct cidr network;
        CHECK(address_parse_cidr(span_str(rows[i].network), &network), "%s: refused\n", rows[i].network);
        CHECK(address_parse(span_str(rows[i].address), address), "%s: refused\n", rows[i].address);
        CHECK(address_in(address, &network) == rows[i].is_in, "%s in %s\n", rows[i].address, rows[i].network);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct cidr network;
        CHECK(!address_parse_cidr(span_str(bad[i]), &network), "%s: taken\n", bad[i]);
    }
}

CHECK_RUN(RUN(address_text_both_ways), RUN(address_with_port_both_ways), RUN(network_matches_to_the_bit))
