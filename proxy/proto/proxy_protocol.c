/* proxy_protocol.c - see proxy_protocol.h.
 *
 * Spec:   The PROXY protocol s2.1, s2.2.
 * Layer:  proto. Pure.
 */
#include "proto/proxy_protocol.h"

#include "base/must.h"

static const uint8_t V2_SIGNATURE[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

enum {
    V2_HEADER_BYTES = 16, /* signature, version and command, family, length */
    V2_TLV_BYTES    = 3,  /* type, length                                   */
};

static enum proxy_protocol_got bad(enum why why, enum why *out_why)
{
    *out_why = why;
    return PROXY_PROTOCOL_BAD;
}

/* Decimal 0..65535 without leading zeros, unlike elsewhere including 0 (s2.1). */
static bool port_read(struct span text, uint16_t *out_port)
{
    if (text.len == 1 && text.at[0] == '0') {
        *out_port = 0;
        return true;
    }
    return address_parse_port_number(text, out_port);
}

static bool v1_address_read(struct span text, bool wants_v4, uint8_t out[ADDRESS_BYTES])
{
    /* The family is told by the text, not by the bytes: ::ffff:1.2.3.4 is how TCP6 writes a mapped address. */
    bool has_colon = span_find(text, ':') < text.len;

    return has_colon != wants_v4 && address_parse(text, out);
}

/* line: without CR LF, from behind "PROXY ". */
static bool v1_line_read(struct span line, struct proxy_protocol *out)
{
    struct span family, source, destination, source_port, destination_port;

    out->has_addresses = false;
    if (span_is(line, SPAN_LIT("UNKNOWN")) || span_starts(line, SPAN_LIT("UNKNOWN ")))
        return true;
    if (!span_next(&line, ' ', &family) || !span_next(&line, ' ', &source) || !span_next(&line, ' ', &destination) ||
        !span_next(&line, ' ', &source_port))
        return false;
    destination_port = line;
    bool is_v4 = span_is(family, SPAN_LIT("TCP4"));
    if (!is_v4 && !span_is(family, SPAN_LIT("TCP6")))
        return false;
    out->has_addresses = true;
    return v1_address_read(source, is_v4, out->source) && v1_address_read(destination, is_v4, out->destination) &&
           port_read(source_port, &out->source_port) && port_read(destination_port, &out->destination_port);
}

static enum proxy_protocol_got v1_read(struct span wire, struct proxy_protocol *out, enum why *out_why)
{
    struct span start = SPAN_LIT("PROXY "), seen = wire;

    if (seen.len > PROXY_PROTOCOL_V1_BYTES_MAX)
        seen.len = PROXY_PROTOCOL_V1_BYTES_MAX;
    size_t common = seen.len < start.len ? seen.len : start.len;
    if (memcmp(seen.at, start.at, common) != 0)
        return bad(WHY_PROXY_ABSENT, out_why);
    size_t end = span_find(seen, '\r');
    if (span_find(span_of(seen.at, end), '\n') < end)
        return bad(WHY_PROXY_BAD, out_why);
    if (end + 1 >= seen.len)
        return seen.len == PROXY_PROTOCOL_V1_BYTES_MAX ? bad(WHY_PROXY_TOO_LONG, out_why) : PROXY_PROTOCOL_MORE;
    if (seen.at[end + 1] != '\n' || end < start.len)
        return bad(WHY_PROXY_BAD, out_why);
    if (!v1_line_read(span_of(seen.at + start.len, end - start.len), out))
        return bad(WHY_PROXY_BAD, out_why);
    out->bytes = (uint32_t)end + 2;
    return PROXY_PROTOCOL_DONE;
}

static uint16_t u16_at(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void v4_take(const uint8_t *p, uint8_t out[ADDRESS_BYTES])
{
    memset(out, 0, 10);
    out[10] = out[11] = 0xff;
    memcpy(out + 12, p, 4);
}

/* Do the type-length-values fill what follows the addresses, to the byte (s2.2.4). We read none of them. */
static bool v2_tlvs_fit(struct span rest)
{
    while (rest.len > 0) {
        if (rest.len < V2_TLV_BYTES)
            return false;
        size_t bytes = V2_TLV_BYTES + (size_t)u16_at(rest.at + 1);
        if (bytes > rest.len)
            return false;
        rest = span_from(rest, bytes);
    }
    return true;
}

/* body: what the length field counts. */
static bool v2_body_read(uint8_t family, struct span body, struct proxy_protocol *out)
{
    size_t used;

    switch (family) {
    case 0x11: /* TCP over IPv4 */
        used = 12;
        if (body.len < used)
            return false;
        v4_take(body.at, out->source);
        v4_take(body.at + 4, out->destination);
        break;
    case 0x21: /* TCP over IPv6 */
        used = 36;
        if (body.len < used)
            return false;
        memcpy(out->source, body.at, ADDRESS_BYTES);
        memcpy(out->destination, body.at + ADDRESS_BYTES, ADDRESS_BYTES);
        break;
    case 0x31: /* unix stream: 108 bytes of path each */
        return body.len >= 216 && v2_tlvs_fit(span_from(body, 216));
    case 0x00: /* unspecified: the receiver takes the connection's own and ignores the rest */
        return true;
    default:   /* datagrams cannot have come here */
        return false;
    }
    out->source_port = u16_at(body.at + used - 4);
    out->destination_port = u16_at(body.at + used - 2);
    out->has_addresses = true;
    return v2_tlvs_fit(span_from(body, used));
}

static enum proxy_protocol_got v2_read(struct span wire, struct proxy_protocol *out, enum why *out_why)
{
    size_t common = wire.len < sizeof(V2_SIGNATURE) ? wire.len : sizeof(V2_SIGNATURE);

    if (memcmp(wire.at, V2_SIGNATURE, common) != 0)
        return bad(WHY_PROXY_ABSENT, out_why);
    if (wire.len < V2_HEADER_BYTES)
        return PROXY_PROTOCOL_MORE;
    uint8_t version = wire.at[12] >> 4, command = wire.at[12] & 15;
    size_t body_bytes = u16_at(wire.at + 14);
    if (version != 2 || command > 1)
        return bad(WHY_PROXY_BAD, out_why);
    if (V2_HEADER_BYTES + body_bytes > PROXY_PROTOCOL_BYTES_MAX)
        return bad(WHY_PROXY_TOO_LONG, out_why);
    if (wire.len < V2_HEADER_BYTES + body_bytes)
        return PROXY_PROTOCOL_MORE;
    out->has_addresses = false;
    /* LOCAL (a health check of the balancer itself): whatever follows is to be ignored (s2.2). */
    if (command == 1 && !v2_body_read(wire.at[13], span_of(wire.at + V2_HEADER_BYTES, body_bytes), out))
        return bad(WHY_PROXY_BAD, out_why);
    out->bytes = (uint32_t)(V2_HEADER_BYTES + body_bytes);
    MUST(out->bytes <= wire.len);
    return PROXY_PROTOCOL_DONE;
}

enum proxy_protocol_got proxy_protocol_read(struct span wire, struct proxy_protocol *out, enum why *out_why)
{
    struct proxy_protocol got = { 0 };
    enum proxy_protocol_got answer;

    if (wire.len == 0)
        return PROXY_PROTOCOL_MORE;
    answer = wire.at[0] == 'P' ? v1_read(wire, &got, out_why) : v2_read(wire, &got, out_why);
    if (answer == PROXY_PROTOCOL_DONE)
        *out = got;
    return answer;
}
