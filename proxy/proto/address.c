/* address.c - see address.h.
 *
 * Spec:   RFC 4291 s2.2, RFC 5952 s4.
 * Layer:  proto. Pure.
 */
#include "proto/address.h"

#include "base/must.h"
#include "proto/decimal.h"
#include "proto/hex.h"

static const uint8_t V4_PREFIX[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

enum { GROUPS_N = 8 };

/* Up to digits_max decimal digits without a leading zero at the front of text; answers how many were eaten, 0 when it
 * is no such number or it is above value_max. */
static uint32_t number_read(struct span text, uint32_t digits_max, uint32_t value_max, uint32_t *out_value)
{
    uint32_t value = 0, n = 0;

    while (n < text.len && n < digits_max && text.at[n] >= '0' && text.at[n] <= '9')
        value = value * 10 + (uint32_t)(text.at[n++] - '0');
    if (n == 0 || (n > 1 && text.at[0] == '0') || value > value_max)
        return 0;
    *out_value = value;
    return n;
}

static bool v4_read(struct span text, uint8_t out[4])
{
    uint8_t octets[4];

    for (unsigned i = 0; i < 4; i++) {
        uint32_t value = 0;
        if (i > 0) {
            if (text.len == 0 || text.at[0] != '.')
                return false;
            text = span_from(text, 1);
        }
        uint32_t n = number_read(text, 3, 255, &value);
        if (n == 0)
            return false;
        octets[i] = (uint8_t)value;
        text = span_from(text, n);
    }
    if (text.len != 0)
        return false;
    memcpy(out, octets, sizeof(octets));
    return true;
}

/* 1..4 hex digits at the front; answers how many. */
static uint32_t group_read(struct span text, uint16_t *out_value)
{
    uint32_t value = 0, n = 0;

    while (n < text.len && n < 4 && hex_digit(text.at[n]) >= 0)
        value = value << 4 | (uint32_t)hex_digit(text.at[n++]);
    *out_value = (uint16_t)value;
    return n;
}

/* What is in groups[0..n) goes to the ends of out; zeros fill the place of "::" (gap). */
static void groups_spread(const uint16_t *groups, uint32_t n, uint32_t gap, uint8_t out[ADDRESS_BYTES])
{
    uint32_t tail = n - gap;

    MUST(n <= GROUPS_N && gap <= n);
    memset(out, 0, ADDRESS_BYTES);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t to = i < gap ? i : GROUPS_N - tail + (i - gap);
        out[2 * to] = (uint8_t)(groups[i] >> 8);
        out[2 * to + 1] = (uint8_t)groups[i];
    }
}

static bool v6_read(struct span text, uint8_t out[ADDRESS_BYTES])
{
    uint16_t groups[GROUPS_N];
    uint32_t n = 0, gap = GROUPS_N + 1; /* above GROUPS_N: no "::" yet */

    if (text.len >= 2 && text.at[0] == ':' && text.at[1] == ':') {
        gap = 0;
        text = span_from(text, 2);
    }
    while (text.len > 0) {
        uint8_t v4[4];
        uint32_t eaten;

        if (n == GROUPS_N)
            return false;
        if (n <= GROUPS_N - 2 && v4_read(text, v4)) { /* Only as the last 32 bits: v4_read wants the whole rest. */
            groups[n++] = (uint16_t)(v4[0] << 8 | v4[1]);
            groups[n++] = (uint16_t)(v4[2] << 8 | v4[3]);
            break;
        }
        eaten = group_read(text, &groups[n]);
        if (eaten == 0)
            return false;
        n++;
        text = span_from(text, eaten);
        if (text.len == 0)
            break;
        if (text.at[0] != ':' || text.len == 1) /* "1:" ends in the air. */
            return false;
        text = span_from(text, 1);
        if (text.at[0] == ':') {
            if (gap <= GROUPS_N)
                return false;
            gap = n;
            text = span_from(text, 1);
        }
    }
    if (gap > GROUPS_N ? n != GROUPS_N : n == GROUPS_N) /* "::" stands for at least one group. */
        return false;
    groups_spread(groups, n, gap > GROUPS_N ? n : gap, out);
    return true;
}

bool address_parse(struct span text, uint8_t out[ADDRESS_BYTES])
{
    uint8_t v4[4];

    if (!v4_read(text, v4))
        return v6_read(text, out);
    memcpy(out, V4_PREFIX, sizeof(V4_PREFIX));
    memcpy(out + sizeof(V4_PREFIX), v4, sizeof(v4));
    return true;
}

bool address_parse_port_number(struct span text, uint16_t *out_port)
{
    uint32_t value = 0;

    if (text.len == 0 || number_read(text, 5, 65535, &value) != text.len || value == 0)
        return false;
    *out_port = (uint16_t)value;
    return true;
}

bool address_parse_port(struct span text, uint8_t out[ADDRESS_BYTES], uint16_t *out_port)
{
    size_t colon = text.len;
    struct span host;

    while (colon > 0 && text.at[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    host = span_of(text.at, colon - 1);
    if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']') {
        uint8_t v6[ADDRESS_BYTES];
        if (!v6_read(span_of(host.at + 1, host.len - 2), v6) ||
            !address_parse_port_number(span_from(text, colon), out_port))
            return false;
        memcpy(out, v6, sizeof(v6));
        return true;
    }
    uint8_t v4[4];
    if (!v4_read(host, v4) || !address_parse_port_number(span_from(text, colon), out_port))
        return false;
    return address_parse(host, out);
}

bool address_parse_cidr(struct span text, struct cidr *out)
{
    size_t slash = span_find(text, '/');
    struct span host = span_of(text.at, slash);
    uint8_t v4[4];
    bool is_v4 = v4_read(host, v4);
    uint32_t bits = is_v4 ? 32 : 128, bits_max = bits;

    if (slash < text.len) {
        struct span number = span_from(text, slash + 1);
        if (number.len == 0 || number_read(number, 3, bits_max, &bits) != number.len)
            return false;
    }
    if (!address_parse(host, out->address))
        return false;
    out->bits = (uint8_t)(bits + (is_v4 ? 96 : 0));
    return true;
}

bool address_in(const uint8_t a[ADDRESS_BYTES], const struct cidr *network)
{
    uint32_t whole = network->bits / 8u, rest = network->bits % 8u;

    MUST(network->bits <= 128);
    if (memcmp(a, network->address, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ network->address[whole]) >> (8 - rest)) == 0;
}

bool address_is_v4(const uint8_t a[ADDRESS_BYTES])
{
    return memcmp(a, V4_PREFIX, sizeof(V4_PREFIX)) == 0;
}

static uint32_t group_print(uint16_t group, char *out)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t n = 0;

    for (int shift = 12; shift >= 0; shift -= 4) {
        uint32_t digit = (uint32_t)group >> shift & 15u;
        if (digit != 0 || n > 0 || shift == 0)
            out[n++] = digits[digit];
    }
    return n;
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952 s4.2); *out_n is 0 when there is none. */
static uint32_t zeros_find(const uint16_t *groups, uint32_t *out_n)
{
    uint32_t best = 0, best_n = 1;

    for (uint32_t i = 0; i < GROUPS_N;) {
        uint32_t n = 0;
        while (i + n < GROUPS_N && groups[i + n] == 0)
            n++;
        if (n > best_n) {
            best = i;
            best_n = n;
        }
        i += n + 1;
    }
    *out_n = best_n > 1 ? best_n : 0;
    return best;
}

uint32_t address_print(const uint8_t a[ADDRESS_BYTES], char *out)
{
    uint16_t groups[GROUPS_N];
    uint32_t used = 0, zeros_n, zeros;

    if (address_is_v4(a)) {
        for (uint32_t i = 12; i < ADDRESS_BYTES; i++) {
            if (i > 12)
                out[used++] = '.';
            used += decimal_write(a[i], out + used);
        }
        return used;
    }
    for (uint32_t i = 0; i < GROUPS_N; i++)
        groups[i] = (uint16_t)(a[2 * i] << 8 | a[2 * i + 1]);
    zeros = zeros_find(groups, &zeros_n);
    for (uint32_t i = 0; i < GROUPS_N; i++) {
        if (zeros_n > 0 && i == zeros) {
            out[used++] = ':';
            out[used++] = ':';
            i += zeros_n - 1;
            continue;
        }
        if (i > 0 && out[used - 1] != ':')
            out[used++] = ':';
        used += group_print(groups[i], out + used);
    }
    MUST(used <= 39);
    return used;
}

uint32_t address_print_port(const uint8_t a[ADDRESS_BYTES], uint16_t port, char *out)
{
    bool is_v4 = address_is_v4(a);
    uint32_t used = 0;

    if (!is_v4)
        out[used++] = '[';
    used += address_print(a, out + used);
    if (!is_v4)
        out[used++] = ']';
    out[used++] = ':';
    used += decimal_write(port, out + used);
    MUST(used <= ADDRESS_TEXT_BYTES_MAX);
    return used;
}
