/* proxy_protocol_test.c - same verdict wherever the kernel cut the header.
 *
 * Goal:   both versions are read to the byte, anything else is refused by name, TLVs stay inside their header.
 * Method: each row is offered at each length from nothing to whole: every beginning of a good header asks for more, and
 *         a bad one is refused at some length and at each one above.
 */
#include "lib/check.h"

#include "proto/proxy_protocol.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4_BODY "\xc0\x00\x02\x01\xc6\x33\x64\x02\x1f\x90\x01\xbb"
#define V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define ROW(text) text, sizeof(text) - 1

struct row {
    const char *name, *wire;
    size_t      wire_bytes;
    const char *source, *destination; /* NULL: has no addresses */
};

TEST(proxy_protocol_good_at_every_cut)
{
    static const struct row rows[] = {
        { "v1 tcp4", ROW("PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n"), "192.0.2.1:8080", "198.51.100.2:443" },
        { "v1 tcp6", ROW("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"), "[2001:db8::1]:1", "[::1]:65535" },
        { "v1 mapped", ROW("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 1\r\n"), "192.0.2.1:0", "[::1]:1" },
        { "v1 unknown", ROW("PROXY UNKNOWN\r\n"), NULL, NULL },
        { "v1 unknown, longest", ROW("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                                     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"), NULL, NULL },
        { "v2 tcp4", ROW(SIGNATURE "\x21\x11\x00\x0c" V4_BODY), "192.0.2.1:8080", "198.51.100.2:443" },
        { "v2 tcp6", ROW(SIGNATURE "\x21\x21\x00\x24" V6 V6 "\0\x01\0\x02"), "[2001:db8::1]:1", "[2001:db8::1]:2" },
        { "v2 tlvs", ROW(SIGNATURE "\x21\x11\x00\x14" V4_BODY "\x04\0\0\x05\0\x02xy"), "192.0.2.1:8080",
          "198.51.100.2:443" },
        { "v2 local", ROW(SIGNATURE "\x20\x00\x00\x00"), NULL, NULL },
        { "v2 local with rest", ROW(SIGNATURE "\x20\x11\x00\x02xx"), NULL, NULL },
        { "v2 unspecified", ROW(SIGNATURE "\x21\x00\x00\x03xxx"), NULL, NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t len = 0; len <= rows[i].wire_bytes; len++) {
            struct proxy_protocol got;
            enum why why = WHY_OK;
            enum proxy_protocol_got answer = proxy_protocol_read(span_of(rows[i].wire, len), &got, &why);
            CHECK(answer == (len < rows[i].wire_bytes ? PROXY_PROTOCOL_MORE : PROXY_PROTOCOL_DONE),
                  "%s cut=%zu: %d (%s)\n",
                  rows[i].name, len, (int)answer, why_name(why));
            if (answer != PROXY_PROTOCOL_DONE)
                continue;
            char text[ADDRESS_TEXT_BYTES_MAX];
            CHECK(got.bytes == rows[i].wire_bytes && got.has_addresses == (rows[i].source != NULL), "%s: %u bytes\n",
                  rows[i].name,
                  got.bytes);
            if (!got.has_addresses)
                continue;
            struct span source = span_of(text, address_print_port(got.source, got.source_port, text));
            CHECK(span_is(source, span_str(rows[i].source)), "%s: from %.*s\n", rows[i].name, SPAN_FMT(source));
            struct span to = span_of(text, address_print_port(got.destination, got.destination_port, text));
            CHECK(span_is(to, span_str(rows[i].destination)), "%s: to %.*s\n", rows[i].name, SPAN_FMT(to));
        }
    }
}

TEST(proxy_protocol_bad_is_named)
{
    static const struct {
        const char *name, *wire;
        size_t      wire_bytes;
        enum why    why;
    } rows[] = {
        { "request", ROW("GET / HTTP/1.1\r\n"), WHY_PROXY_ABSENT },
        { "h2 preface", ROW("PRI * HTTP/2.0\r\n"), WHY_PROXY_ABSENT },
        { "tls", ROW("\x16\x03\x01"), WHY_PROXY_ABSENT }, { "POST", ROW("PO"), WHY_PROXY_ABSENT },
        { "lower case", ROW("proxy TCP4"), WHY_PROXY_ABSENT }, { "almost v2", ROW("\r\n\r\n\r"), WHY_PROXY_ABSENT },
        { "no family", ROW("PROXY \r\n"), WHY_PROXY_BAD }, { "cut name", ROW("PROXY\r\n"), WHY_PROXY_ABSENT },
        { "family", ROW("PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n"), WHY_PROXY_BAD },
        { "v6 in tcp4", ROW("PROXY TCP4 ::1 2.2.2.2 1 2\r\n"), WHY_PROXY_BAD },
        { "v4 in tcp6", ROW("PROXY TCP6 ::1 2.2.2.2 1 2\r\n"), WHY_PROXY_BAD },
        { "octal", ROW("PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n"), WHY_PROXY_BAD },
        { "port", ROW("PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n"), WHY_PROXY_BAD },
        { "port with zero", ROW("PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n"), WHY_PROXY_BAD },
        { "missing port", ROW("PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n"), WHY_PROXY_BAD },
        { "more", ROW("PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n"), WHY_PROXY_BAD },
        { "two blanks", ROW("PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n"), WHY_PROXY_BAD },
        { "bare LF", ROW("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n"), WHY_PROXY_BAD },
        { "CR without LF", ROW("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rx"), WHY_PROXY_BAD },
        { "unknown glued", ROW("PROXY UNKNOWNX\r\n"), WHY_PROXY_BAD },
        { "endless", ROW("PROXY UNKNOWN 0123456789012345678901234567890123456789012345678901234567890123456789"
                         "0123456789012345678901234567890\r\n"), WHY_PROXY_TOO_LONG },
        { "version", ROW(SIGNATURE "\x11\x11\x00\x0c"), WHY_PROXY_BAD },
        { "command", ROW(SIGNATURE "\x22\x11\x00\x0c"), WHY_PROXY_BAD },
        { "short v4", ROW(SIGNATURE "\x21\x11\x00\x0b" V4_BODY), WHY_PROXY_BAD },
        { "short v6", ROW(SIGNATURE "\x21\x21\x00\x0c" V4_BODY), WHY_PROXY_BAD },
        { "datagrams", ROW(SIGNATURE "\x21\x12\x00\x0c" V4_BODY), WHY_PROXY_BAD },
        { "short unix", ROW(SIGNATURE "\x21\x31\x00\x0c" V4_BODY), WHY_PROXY_BAD },
        { "family v2", ROW(SIGNATURE "\x21\x41\x00\x0c" V4_BODY), WHY_PROXY_BAD },
        { "half a tlv", ROW(SIGNATURE "\x21\x11\x00\x0e" V4_BODY "\x04\x00"), WHY_PROXY_BAD },
        { "tlv past the end", ROW(SIGNATURE "\x21\x11\x00\x10" V4_BODY "\x04\x00\x02x"), WHY_PROXY_BAD },
        { "too long", ROW(SIGNATURE "\x21\x11\x0f\xf1"), WHY_PROXY_TOO_LONG },
        { "longest length", ROW(SIGNATURE "\x21\x11\xff\xff"), WHY_PROXY_TOO_LONG },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        bool was_bad = false;
        for (size_t len = 0; len <= rows[i].wire_bytes; len++) {
            struct proxy_protocol got;
            enum why why = WHY_OK;
            enum proxy_protocol_got answer = proxy_protocol_read(span_of(rows[i].wire, len), &got, &why);
            CHECK(answer != PROXY_PROTOCOL_DONE, "%s cut=%zu: taken\n", rows[i].name, len);
            CHECK(!was_bad || answer == PROXY_PROTOCOL_BAD, "%s cut=%zu: good again\n", rows[i].name, len);
            was_bad = answer == PROXY_PROTOCOL_BAD;
            CHECK(!was_bad || why == rows[i].why, "%s cut=%zu: got %s\n", rows[i].name, len, why_name(why));
        }
        CHECK(was_bad, "%s: never refused\n", rows[i].name);
    }
}

TEST(proxy_protocol_unix_and_longest)
{
    uint8_t wire[PROXY_PROTOCOL_BYTES_MAX] = SIGNATURE "\x21\x31\x00\xd8";
    struct proxy_protocol got;
    enum why why;

    CHECK(proxy_protocol_read(span_of(wire, 16 + 216), &got, &why) == PROXY_PROTOCOL_DONE && !got.has_addresses,
          "unix socket\n");
    wire[14] = 0x0f;
    wire[15] = 0xf0; /* 4080 and the 16: the last good length, with zero-length TLVs */
    wire[13] = 0x11;
    wire[16 + 12 + 1] = 0x0f;
    wire[16 + 12 + 2] = 0xe1; /* one TLV over the rest: 4080 - 12 - 3 */
    CHECK(proxy_protocol_read(span_of(wire, sizeof(wire) - 1), &got, &why) == PROXY_PROTOCOL_MORE, "one byte short\n");
    CHECK(proxy_protocol_read(span_of(wire, sizeof(wire)), &got, &why) == PROXY_PROTOCOL_DONE &&
          got.bytes == sizeof(wire),
          "longest header\n");
}

TEST(proxy_protocol_leaves_what_follows)
{
    struct proxy_protocol got;
    enum why why;

    CHECK(proxy_protocol_read(SPAN_LIT("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n"), &got, &why) == PROXY_PROTOCOL_DONE,
          "v1\n");
    CHECK(got.bytes == 15, "v1 ate %u\n", got.bytes);
    CHECK(proxy_protocol_read(SPAN_LIT(SIGNATURE "\x20\x00\x00\x00" "GET /"), &got, &why) == PROXY_PROTOCOL_DONE,
          "v2\n");
    CHECK(got.bytes == 16, "v2 ate %u\n", got.bytes);
}

CHECK_RUN(RUN(proxy_protocol_good_at_every_cut), RUN(proxy_protocol_bad_is_named), RUN(proxy_protocol_unix_and_longest),
          RUN(proxy_protocol_leaves_what_follows))
