/* tls_record.c - AEAD records with wolfCrypt's ciphers.
 *
 * Spec:   RFC 8446 s5.2 to s5.5 and s7.2, RFC 5246 s6.2.3.3, RFC 5288 s3, RFC 7905 s2.
 * Layer:  conn (tls_*).
 *
 * Why not the library's own read and write: they allocate and wipe a buffer a record and copy each byte twice more,
 * which was 30 % of a bulk transfer, and they need 3 KB a connection.
 */
#include "conn/tls_record.h"

#include <string.h>

#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/kdf.h>

#include "base/limits.h"

enum { NONCE_BYTES = 12, NONCE_FIXED_BYTES = 4, AAD_TLS12_BYTES = 13, WIRE_VERSION = 0x0303 };

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put64(uint8_t *at, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(at, &value, sizeof(value));
}

static bool has_explicit(const struct tls_suite *suite)
{
    return !suite->is_tls13 && !suite->is_chacha;
}

uint32_t tls_half_explicit(const struct tls_half *h)
{
    return has_explicit(h->_suite) ? TLS_RECORD_EXPLICIT_BYTES : 0;
}

uint32_t tls_half_before(const struct tls_half *h)
{
    return TLS_RECORD_HEADER_BYTES + tls_half_explicit(h);
}

uint32_t tls_half_behind(const struct tls_half *h)
{
    return TLS_RECORD_TAG_BYTES + (h->_suite->is_tls13 ? 1 : 0);
}

static bool set_key(struct tls_half *h, const uint8_t *key)
{
    if (h->_suite->is_chacha) {
        memcpy(h->_key.chacha_key, key, sizeof(h->_key.chacha_key));
        return true;
    }
    return wc_AesInit(&h->_key.aes, NULL, INVALID_DEVID) == 0 &&
           wc_AesGcmSetKey(&h->_key.aes, key, h->_suite->key_bytes) == 0;
}

static uint32_t secret_bytes(const struct tls_suite *suite)
{
    return suite->is_sha384 ? WC_SHA384_DIGEST_SIZE : WC_SHA256_DIGEST_SIZE;
}

bool tls_half_init(struct tls_half *h, const struct tls_suite *suite, const uint8_t *key, const uint8_t *nonce,
                   const uint8_t *secret, uint64_t seq)
{
    MUST(suite->is_tls13 == (secret != NULL));
    memset(h, 0, sizeof(*h));
    h->_suite = suite;
    h->_seq = seq;
    memcpy(h->_nonce, nonce, has_explicit(suite) ? NONCE_FIXED_BYTES : NONCE_BYTES);
    if (secret != NULL)
        memcpy(h->_secret, secret, secret_bytes(suite));
    return set_key(h, key);
}

void tls_half_fini(struct tls_half *h)
{
    if (h->_suite != NULL && !h->_suite->is_chacha)
        wc_AesFree(&h->_key.aes);
    explicit_bzero(h, sizeof(*h));
}

/* RFC 8446 s5.3 and RFC 7905 s2: the sequence number, padded left, over the static part. RFC 5288 s3: an explicit part,
 * which may be the sequence number, follows the fixed one. The one record that the library sealed with this key, its
 * Finished, has a random explicit part: that one of 2^24 later ones meets it has a chance of 2^-40. */
static void make_nonce(const struct tls_half *h, uint8_t *nonce, const uint8_t *explicit_part)
{
    memcpy(nonce, h->_nonce, NONCE_BYTES);
    if (explicit_part != NULL) {
        memcpy(nonce + NONCE_FIXED_BYTES, explicit_part, TLS_RECORD_EXPLICIT_BYTES);
        return;
    }
    uint64_t low;
    memcpy(&low, nonce + NONCE_FIXED_BYTES, sizeof(low));
    low ^= __builtin_bswap64(h->_seq);
    memcpy(nonce + NONCE_FIXED_BYTES, &low, sizeof(low));
}

/* What is authenticated besides the content: 1.3 the header as sent; 1.2 number, type, version and plain length. */
static uint32_t make_aad(const struct tls_half *h, uint8_t *aad, const uint8_t *header, uint32_t content_bytes)
{
    if (h->_suite->is_tls13) {
        memcpy(aad, header, TLS_RECORD_HEADER_BYTES);
        return TLS_RECORD_HEADER_BYTES;
    }
    put64(aad, h->_seq);
    aad[8] = header[0];
    put16(aad + 9, WIRE_VERSION);
    put16(aad + 11, content_bytes);
    return AAD_TLS12_BYTES;
}

uint32_t tls_half_seal(struct tls_half *h, enum tls_content type, uint8_t *record, uint32_t content_bytes)
{
    uint8_t  nonce[NONCE_BYTES], aad[AAD_TLS12_BYTES];
    uint32_t before = tls_half_before(h);
    uint8_t *inner = record + before;
    uint32_t inner_bytes = content_bytes;

    MUST(content_bytes <= TLS_RECORD_CONTENT_MAX);
    if (h->_suite->is_tls13)
        inner[inner_bytes++] = (uint8_t)type;
    record[0] = h->_suite->is_tls13 ? TLS_CONTENT_DATA : (uint8_t)type;
    put16(record + 1, WIRE_VERSION);
    put16(record + 3, before - TLS_RECORD_HEADER_BYTES + inner_bytes + TLS_RECORD_TAG_BYTES);
    uint8_t *explicit_part = has_explicit(h->_suite) ? record + TLS_RECORD_HEADER_BYTES : NULL;
    if (explicit_part != NULL)
        put64(explicit_part, h->_seq);
    make_nonce(h, nonce, explicit_part);
    uint32_t aad_bytes = make_aad(h, aad, record, content_bytes);
    int      rc;
    if (h->_suite->is_chacha)
        rc = wc_ChaCha20Poly1305_Encrypt(h->_key.chacha_key, nonce, aad, aad_bytes, inner, inner_bytes, inner,
                                         inner + inner_bytes);
    else
        rc = wc_AesGcmEncrypt(&h->_key.aes, inner, inner, inner_bytes, nonce, NONCE_BYTES, inner + inner_bytes,
                              TLS_RECORD_TAG_BYTES, aad, aad_bytes);
    h->_seq++;
    return rc == 0 ? before + inner_bytes + TLS_RECORD_TAG_BYTES : 0;
}

/* TLS 1.3: the content type is the last byte that is not zero (RFC 8446 s5.4). */
static void strip_padding(const uint8_t *inner, uint32_t inner_bytes, uint8_t *out_type, uint32_t *out_content_bytes)
{
    while (inner_bytes > 0 && inner[inner_bytes - 1] == 0)
        inner_bytes--;
    *out_type = inner_bytes > 0 ? inner[inner_bytes - 1] : 0;
    *out_content_bytes = inner_bytes > 0 ? inner_bytes - 1 : 0;
}

bool tls_half_unseal(struct tls_half *h, const uint8_t *header, const uint8_t *nonce_part, uint8_t *body,
                     uint32_t body_bytes, uint8_t *out_type, uint32_t *out_content_bytes)
{
    uint8_t  nonce[NONCE_BYTES], aad[AAD_TLS12_BYTES];
    uint32_t inner_bytes = body_bytes - TLS_RECORD_TAG_BYTES;
    int      rc;

    MUST(body_bytes >= TLS_RECORD_TAG_BYTES && has_explicit(h->_suite) == (nonce_part != NULL));
    make_nonce(h, nonce, nonce_part);
    uint32_t aad_bytes = make_aad(h, aad, header, inner_bytes);
    if (h->_suite->is_chacha)
        rc = wc_ChaCha20Poly1305_Decrypt(h->_key.chacha_key, nonce, aad, aad_bytes, body, inner_bytes,
                                         body + inner_bytes, body);
    else
        rc = wc_AesGcmDecrypt(&h->_key.aes, body, body, inner_bytes, nonce, NONCE_BYTES, body + inner_bytes,
                              TLS_RECORD_TAG_BYTES, aad, aad_bytes);
    h->_seq++;
    if (rc != 0)
        return false;
    if (h->_suite->is_tls13) {
        strip_padding(body, inner_bytes, out_type, out_content_bytes);
    } else {
        *out_type = header[0];
        *out_content_bytes = inner_bytes;
    }
    return true;
}

/* ---- next keys ---- */

static bool expand(const struct tls_suite *suite, uint8_t *out, uint32_t out_bytes, const uint8_t *secret,
                   const char *label)
{
    static const char prefix[] = "tls13 ";

    return wc_Tls13_HKDF_Expand_Label(out, out_bytes, secret, secret_bytes(suite), (const byte *)prefix,
                                      sizeof(prefix) - 1, (const byte *)label, (word32)strlen(label), NULL, 0,
                                      suite->is_sha384 ? WC_SHA384 : WC_SHA256) == 0;
}

bool tls_half_rekey(struct tls_half *h)
{
    const struct tls_suite *suite = h->_suite;
    uint8_t secret[TLS_RECORD_SECRET_MAX], key[32], nonce[NONCE_BYTES];
    bool done;

    MUST(suite->is_tls13);
    done = expand(suite, secret, secret_bytes(suite), h->_secret, "traffic upd") &&
           expand(suite, key, suite->key_bytes, secret, "key") && expand(suite, nonce, NONCE_BYTES, secret, "iv");
    tls_half_fini(h);
    done = done && tls_half_init(h, suite, key, nonce, secret, 0);
    explicit_bzero(secret, sizeof(secret));
    explicit_bzero(key, sizeof(key));
    return done;
}

bool tls_half_is_worn(const struct tls_half *h)
{
    return h->_suite->is_tls13 && !h->_suite->is_chacha && h->_seq >= TLS_RECORDS_A_KEY_MAX;
}
