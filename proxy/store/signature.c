/* signature.c - see signature.h. */
#include "store/signature.h"

#include <wolfssl/wolfcrypt/ed25519.h>

#include "proto/base64.h"

bool signature_is_good(const uint8_t key[SIGNATURE_KEY_BYTES], struct span message, const uint8_t signature[SIGNATURE_BYTES])
{
    ed25519_key k;
    int is_good = 0;
    bool is_read;

    if (message.len > UINT32_MAX || wc_ed25519_init(&k) != 0)
        return false;
    is_read = wc_ed25519_import_public(key, SIGNATURE_KEY_BYTES, &k) == 0 &&
              wc_ed25519_verify_msg(signature, SIGNATURE_BYTES, message.at, (word32)message.len, &is_good, &k) == 0;
    wc_ed25519_free(&k);
    return is_read && is_good == 1;
}

bool signature_read(struct span file, uint8_t out[SIGNATURE_BYTES])
{
    size_t length = 0;

    if (file.len == SIGNATURE_BYTES) {
        memcpy(out, file.at, SIGNATURE_BYTES);
        return true;
    }
    while (file.len > 0 && (file.at[file.len - 1] == '\n' || file.at[file.len - 1] == '\r' || file.at[file.len - 1] == ' '))
        file.len--;
    return base64_read(BASE64_PADDED, file, out, SIGNATURE_BYTES, &length) && length == SIGNATURE_BYTES;
}
