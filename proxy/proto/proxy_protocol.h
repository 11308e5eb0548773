/* proxy_protocol.h - take the PROXY header off the front of a connection: who the load balancer says the peer is.
 *
 * Spec:   The PROXY protocol, versions 1 and 2 (haproxy.org, 2020/03/05), s2.1 and s2.2.
 * Layer:  proto. Pure. Whether a header is wanted and from whom it is believed is the caller's
 *         (listener.proxy_trusted).
 * Owner:  nobody; no pointer to the wire outlives the call.
 * Bounds: PROXY_PROTOCOL_BYTES_MAX. A header is whole or absent: nothing is kept between calls.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/why.h"
#include "proto/address.h"

enum {
    PROXY_PROTOCOL_V1_BYTES_MAX = 107,  /* s2.1: longest line with its CR LF             */
    PROXY_PROTOCOL_BYTES_MAX    = 4096, /* v2 with its TLVs; a certificate fits, 64 KiB of padding does not */
};

enum proxy_protocol_got {
    PROXY_PROTOCOL_MORE = 0, /* a valid beginning: ask again with more bytes of the same front  */
    PROXY_PROTOCOL_DONE,     /* *out is set: eat out->bytes                                     */
    PROXY_PROTOCOL_BAD,      /* *out_why is set: close without an answer (s2: never guess)      */
};

struct proxy_protocol {
    uint8_t  source[ADDRESS_BYTES], destination[ADDRESS_BYTES];
    uint16_t source_port, destination_port;
    bool     has_addresses; /* false: LOCAL, UNKNOWN or a unix socket: the connection's own addresses stand */
    uint32_t bytes;         /* length of the header */
};

/* Look at the front of the connection, from its first byte. However it is cut, the answer about a whole header is the
 * same. Errors: WHY_PROXY_ABSENT (something else than a header), WHY_PROXY_BAD, WHY_PROXY_TOO_LONG. */
enum proxy_protocol_got proxy_protocol_read(struct span wire, struct proxy_protocol *out, enum why *out_why);
