/* tls_digest.c - see tls_digest.h. */
#include "conn/tls_digest.h"

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/hash.h>

enum why tls_sha1(struct span text, uint8_t out[TLS_SHA1_BYTES])
{
    STATIC_MUST(TLS_SHA1_BYTES == WC_SHA_DIGEST_SIZE, "a SHA-1 has 20 bytes");
    MUST(text.len <= UINT32_MAX);
    return wc_ShaHash(text.at, (word32)text.len, out) == 0 ? WHY_OK : WHY_TLS_FAILED;
}
