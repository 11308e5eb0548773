/* tls_suite.h - the cipher suites and signature kinds that we speak.
 *
 * Spec:   RFC 8446 s9.1 and B.4, RFC 5289, RFC 7905; signature schemes RFC 8446 s4.2.3.
 * Layer:  conn (tls_*). Pure tables.
 *
 * Authenticated ciphers with ephemeral key exchange only: AES-GCM first, since processors have it in hardware.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What certificates sign with and clients verify: bits. */
enum tls_signature {
    TLS_SIGNATURE_P256    = 1,
    TLS_SIGNATURE_P384    = 2,
    TLS_SIGNATURE_P521    = 4,
    TLS_SIGNATURE_ED25519 = 8,
    TLS_SIGNATURE_RSA     = 16,  /* PSS, and for TLS 1.2 PKCS #1 v1.5 */
};
enum { TLS_SIGNATURES_ECDSA = TLS_SIGNATURE_P256 | TLS_SIGNATURE_P384 | TLS_SIGNATURE_P521 | TLS_SIGNATURE_ED25519 };

struct tls_suite {
    uint16_t    id;
    uint8_t     key_bytes;       /* 16 or 32                                  */
    bool        is_chacha;       /* else AES-GCM                              */
    bool        is_tls13;
    bool        is_rsa;          /* TLS 1.2: what the server's certificate is */
    bool        is_sha384;       /* hash of the key schedule, else SHA-256    */
    const char *name;            /* IANA's                                    */
};

/* NULL when it is none of ours. */
const struct tls_suite *tls_suite_find(uint16_t id);
/* All of them in our order, as the library wants to hear it. */
const char *tls_suite_list(void);
/* A group for key agreement that we have (RFC 8446 s4.2.7). */
bool tls_suite_has_group(uint16_t group);
/* Bit of a SignatureScheme, 0 when we have no use for it. */
uint16_t tls_suite_signature(uint16_t scheme);
