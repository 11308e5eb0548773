/* hash.c - see hash.h. */
#include "store/hash.h"

#include <wolfssl/wolfcrypt/sha256.h>

#include "base/must.h"

enum { BLOCK_BYTES = 64 };

STATIC_MUST(sizeof(wc_Sha256) <= sizeof(struct hash), "the library's state fits");
STATIC_MUST(HASH_BYTES == WC_SHA256_DIGEST_SIZE, "one size");

static wc_Sha256 *state_of(struct hash *h)
{
    return (wc_Sha256 *)(void *)&h->_state;
}

void hash_init(struct hash *h)
{
    int result = wc_InitSha256(state_of(h));

    MUST(result == 0); /* No device, no allocation: it has nothing to fail with. */
}

void hash_add(struct hash *h, struct span bytes)
{
    while (bytes.len > 0) {
        size_t n = bytes.len < INT32_MAX ? bytes.len : INT32_MAX;
        int result = wc_Sha256Update(state_of(h), bytes.at, (word32)n);

        MUST(result == 0);
        bytes = span_from(bytes, n);
    }
}

void hash_end(struct hash *h, uint8_t out[HASH_BYTES])
{
    int result = wc_Sha256Final(state_of(h), out);

    MUST(result == 0);
    wc_Sha256Free(state_of(h));
}

void hash_of(struct span bytes, uint8_t out[HASH_BYTES])
{
    struct hash h;

    hash_init(&h);
    hash_add(&h, bytes);
    hash_end(&h, out);
}

void hash_keyed(struct span key, struct span bytes, uint8_t out[HASH_BYTES])
{
    uint8_t block[BLOCK_BYTES] = { 0 }, inner[HASH_BYTES];
    struct hash h;

    if (key.len > BLOCK_BYTES)
        hash_of(key, block);
    else if (key.len > 0)
        memcpy(block, key.at, key.len);
    for (int i = 0; i < BLOCK_BYTES; i++)
        block[i] ^= 0x36;
    hash_init(&h);
    hash_add(&h, span_of(block, sizeof(block)));
    hash_add(&h, bytes);
    hash_end(&h, inner);
    for (int i = 0; i < BLOCK_BYTES; i++)
        block[i] ^= 0x36 ^ 0x5c;
    hash_init(&h);
    hash_add(&h, span_of(block, sizeof(block)));
    hash_add(&h, span_of(inner, sizeof(inner)));
    hash_end(&h, out);
    explicit_bzero(block, sizeof(block));
}

bool hash_is_equal(const uint8_t a[HASH_BYTES], const uint8_t b[HASH_BYTES])
{
    uint8_t differ = 0;

    for (int i = 0; i < HASH_BYTES; i++)
        differ |= a[i] ^ b[i];
    return differ == 0;
}
