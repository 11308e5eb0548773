/* tls_record.h - one direction of an established TLS connection: seal and open single records, in place.
 *
 * Spec:   RFC 8446 s5 (records, nonces, padding), s7.2 (next keys); RFC 5246 s6.2, RFC 5288, RFC 7905 for TLS 1.2.
 * Layer:  conn (tls_*). No queues, no I/O: memory in, memory out.
 * Owner:  struct tls embeds two; keys are wiped at fini.
 * Bounds: TLS_RECORD_CONTENT_MAX bytes of content.
 *
 * A record as written here: header, explicit nonce (TLS 1.2 AES-GCM only), content, content type (1.3 only), tag.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/aes.h>

#include "base/must.h"
#include "conn/tls_suite.h"

enum tls_content {             /* RFC 8446 s5.1 */
    TLS_CONTENT_CCS       = 20,
    TLS_CONTENT_ALERT     = 21,
    TLS_CONTENT_HANDSHAKE = 22,
    TLS_CONTENT_DATA      = 23,
};

enum {
    TLS_RECORD_HEADER_BYTES   = 5,
    TLS_RECORD_TAG_BYTES      = 16,
    TLS_RECORD_EXPLICIT_BYTES = 8,      /* RFC 5288 s3: the part of a nonce that is sent */
    TLS_RECORD_CONTENT_MAX    = 16384,
    TLS_RECORD_SECRET_MAX     = 48,
};

struct tls_half {              /* embed it; touch nothing inside                        */
    union {
        Aes     aes;           /* 336 bytes, most of them the expanded key              */
        uint8_t chacha_key[32];
    } _key;
    const struct tls_suite *_suite;
    uint64_t _seq;             /* of the next record                                    */
    uint8_t  _nonce[12];       /* static part: 4 bytes of it are used by TLS 1.2 AES-GCM */
    uint8_t  _secret[TLS_RECORD_SECRET_MAX]; /* TLS 1.3: what the next keys come from   */
};

/* key: suite's key_bytes; nonce: 12 bytes, or 4 (TLS 1.2 AES-GCM); secret: TLS 1.3 only, of the hash's size; seq: how
 * many records were protected with this key before. False when the library refuses. */
MUST_CHECK bool tls_half_init(struct tls_half *h, const struct tls_suite *suite, const uint8_t *key,
                              const uint8_t *nonce, const uint8_t *secret, uint64_t seq);
/* Wipes. Accepts a zeroed one. */
void tls_half_fini(struct tls_half *h);
/* Bytes before and behind the content of a record. */
uint32_t tls_half_before(const struct tls_half *h);
uint32_t tls_half_behind(const struct tls_half *h);
/* The content stands at record + tls_half_before(h), with room for tls_half_behind(h) behind it. Answers the record's
 * length, 0 when the library refuses. */
MUST_CHECK uint32_t tls_half_seal(struct tls_half *h, enum tls_content type, uint8_t *record, uint32_t content_bytes);
/* Bytes of explicit nonce that follow the header. */
uint32_t tls_half_explicit(const struct tls_half *h);
/* Decrypt in place what follows header and explicit nonce (NULL when there is none): ciphertext and tag. False when it
 * is not authentic. *out_type is 0 for TLS 1.3 content that is nothing but padding. */
MUST_CHECK bool tls_half_unseal(struct tls_half *h, const uint8_t *header, const uint8_t *nonce, uint8_t *body,
                                uint32_t body_bytes, uint8_t *out_type, uint32_t *out_content_bytes);
/* Go on with the next keys (TLS 1.3 KeyUpdate). False when the library refuses. */
MUST_CHECK bool tls_half_rekey(struct tls_half *h);
/* So many records were protected with these keys that they should be changed (RFC 8446 s5.5); TLS 1.3 AES-GCM only. */
bool tls_half_is_worn(const struct tls_half *h);
