/* tls_selfsigned.h - the certificate of the first start, before an operator has one of their own.
 *
 * Spec:   RFC 5280, RFC 9525 (names stand in subjectAltName).
 * Layer:  conn (tls_*).
 * Bounds: TLS_SELFSIGNED_NAMES_MAX names of at most 255 bytes.
 */
#pragma once

#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"

enum {
    TLS_SELFSIGNED_NAMES_MAX = 16,
    TLS_SELFSIGNED_PEM_BYTES = 8192,
    TLS_SELFSIGNED_DAYS      = 397,   /* the longest that browsers take */
};

struct tls_selfsigned {               /* texts of PEM, terminated */
    char chain_pem[TLS_SELFSIGNED_PEM_BYTES];
    char key_pem[TLS_SELFSIGNED_PEM_BYTES];
};

/* ECDSA P-256, for servers only, valid for TLS_SELFSIGNED_DAYS. common_name: at most 63 bytes, for humans; names: what
 * it is for, host names and IP addresses as text. Errors: WHY_TLS_CONTEXT (a name that cannot be in a certificate),
 * WHY_TLS_NO_MEMORY, WHY_TLS_FAILED. */
MUST_CHECK enum why tls_selfsigned_make(const char *common_name, const struct span *names, uint32_t names_n,
                                        struct tls_selfsigned *out_pems);
