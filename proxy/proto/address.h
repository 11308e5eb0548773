/* address.h - IPv4 and IPv6 addresses as 16 bytes: read, written, compared with networks.
 *
 * Spec:   RFC 4291 s2.2 (text form), RFC 5952 (canonical text), RFC 4632 s3.1 (prefix notation).
 * Layer:  proto. Pure: sockets and their structures are io's.
 * Bounds: ADDRESS_TEXT_BYTES_MAX.
 *
 * An IPv4 address is ::ffff:a.b.c.d (RFC 4291 s2.5.5.2), so that one comparison serves both and a client cannot slip
 * past a network list by arriving on the other family. Leading zeros in IPv4 are refused: some readers take them for
 * octal.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {
    ADDRESS_BYTES = 16,
    ADDRESS_TEXT_BYTES_MAX = 48, /* "[" 39 "]:65535" and room; no terminator is written */
};

/* A network: the addresses that share its first bits. */
struct cidr {
    uint8_t address[ADDRESS_BYTES];
    uint8_t bits; /* 0..128, counted in 16 bytes: 10.0.0.0/8 is 104 */
};

/* "192.0.2.1" or "2001:db8::1", nothing around it (no brackets, zone or port). out is written only when true. */
bool address_parse(struct span text, uint8_t out[ADDRESS_BYTES]);
/* "192.0.2.1:80" or "[2001:db8::1]:80"; the port is 1..65535 and must be there. */
bool address_parse_port(struct span text, uint8_t out[ADDRESS_BYTES], uint16_t *out_port);
/* "10.0.0.0/8", "2001:db8::/32", or an address alone for all its bits. Bits behind the prefix may be set; address_in
 * does not look at them. */
bool address_parse_cidr(struct span text, struct cidr *out);
bool address_in(const uint8_t a[ADDRESS_BYTES], const struct cidr *network);
bool address_is_v4(const uint8_t a[ADDRESS_BYTES]);
/* Canonical text into at least ADDRESS_TEXT_BYTES_MAX bytes; answers its length. */
uint32_t address_print(const uint8_t a[ADDRESS_BYTES], char *out);
/* The same with the port: "192.0.2.1:80", "[2001:db8::1]:80". */
uint32_t address_print_port(const uint8_t a[ADDRESS_BYTES], uint16_t port, char *out);
/* 1..65535 in 1..5 digits without a leading zero. */
bool address_parse_port_number(struct span text, uint16_t *out_port);
