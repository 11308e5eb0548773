/* tls_ticket.h - session tickets: sealed with keys that all workers (and later the pair) share.
 *
 * Spec:   RFC 5077 s4 (construction), RFC 8446 s4.6.1.
 * Layer:  conn (tls_*).
 * Owner:  control opens and closes struct tls_ticket_keys (conn/tls.h).
 * Bounds: three epochs are valid at a time; TLS_TICKET_CHAIN_MAX resumptions from one full handshake.
 * Thread: any number of readers, one rotator.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "conn/tls.h"

enum {
    TLS_TICKET_NAME_BYTES   = 16,
    TLS_TICKET_IV_BYTES     = 16,
    TLS_TICKET_MAC_BYTES    = 32,
    TLS_TICKET_POLICY_BYTES = 32,
    TLS_TICKET_GROWS_BYTES  = 16,   /* how much longer the sealed state is */
};

/* What a ticket is bound to besides the keys: only a context with the same digest opens it. */
struct tls_ticket_policy {
    const struct tls_ticket_keys *keys;
    uint8_t digest[TLS_TICKET_POLICY_BYTES];
};

/* Parts of a ticket around the sealed state, as the library lays them out. */
struct tls_ticket_frame {
    uint8_t *name, *iv, *mac;
};

/* Seal state_bytes in place, with room for TLS_TICKET_GROWS_BYTES behind them; fills the frame. chain: resumptions
 * since the full handshake. False when the library refuses. */
MUST_CHECK bool tls_ticket_seal(const struct tls_ticket_policy *policy, const struct tls_ticket_frame *frame,
                                uint8_t *state, uint32_t state_bytes, uint8_t chain);

enum tls_ticket_got {
    TLS_TICKET_BAD = 0,  /* unknown key, another policy, forged, or at the end of its chain: full handshake */
    TLS_TICKET_OLD,      /* good, but sealed with the previous epoch's key: worth a new one                  */
    TLS_TICKET_GOOD,
};
/* Open sealed_bytes in place: the state has TLS_TICKET_GROWS_BYTES less. *out_chain is written unless BAD. */
MUST_CHECK enum tls_ticket_got tls_ticket_unseal(const struct tls_ticket_policy *policy,
                                                 const struct tls_ticket_frame *frame, uint8_t *sealed,
                                                 uint32_t sealed_bytes, uint8_t *out_chain);
