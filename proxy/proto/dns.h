/* dns.h - questions for addresses, and what name servers answer.
 *
 * Spec:   RFC 1035 s4 (messages), RFC 3596 (AAAA), RFC 6891 (EDNS), RFC 2181 s10.1 (aliases).
 * Layer:  proto. Pure.
 * Bounds: DNS_MESSAGE_BYTES_MAX, DNS_NAME_BYTES_MAX, DNS_ADDRESSES_MAX, DNS_ALIASES_MAX.
 *
 * An answer counts only when it carries the question's number, name and type: numbers and ports are drawn at random, so that
 * somebody who cannot see the question cannot answer it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "proto/address.h"

enum dns_type {
    DNS_A    = 1,
    DNS_AAAA = 28,
};

struct dns_addresses {
    uint8_t  all[DNS_ADDRESSES_MAX][ADDRESS_BYTES];
    uint32_t n;
    uint32_t ttl_s;      /* the least of all records that led here */
};

/* Bytes of the question for name into out (DNS_MESSAGE_BYTES_MAX long), or 0 when name is none: letters, digits, - and _ in labels
 * of 1 to 63, with or without a final dot. */
MUST_CHECK uint32_t dns_write_question(uint8_t *out, uint16_t id, struct span name, enum dns_type type);
/* Is message about that question at all: else it is somebody else's, or a forgery, and is passed over. */
bool dns_is_answer(struct span message, uint16_t id, struct span name, enum dns_type type);
/* Append what it says to *io (n 0 at first). Pre: dns_is_answer. Errors: WHY_DNS_..., *io is as before. */
MUST_CHECK enum why dns_read_answer(struct span message, struct span name, enum dns_type type, struct dns_addresses *io);
