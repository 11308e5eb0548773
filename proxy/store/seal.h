/* seal.h - secrets at rest: AES-256-GCM around whole documents, and addresses that tell nothing about them.
 *
 * Spec:   NIST SP 800-38D; RFC 2104 for keys and addresses.
 * Layer:  store.
 * Owner:  the keeper has one struct seal; seal_fini wipes it.
 * Bounds: SEAL_KEYS_MAX keys: the first one seals, all of them open.
 * Thread: any; it does not change once it is filled.
 *
 * Sealed = version (1) | key id (4) | nonce (12) | ciphertext | tag (16). The additional data is where it belongs (an address), so
 * that one sealed value cannot be put in another's place. Nonces are random: 2^32 seals under one key are safe, a document is sealed
 * when it changes. Sealing and addressing have keys of their own, both derived from the one that is kept: so whoever has only the
 * store cannot try passwords against an address. Another source than a file (a TPM, a key service) calls seal_add_key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "store/hash.h"

enum { SEAL_KEY_BYTES = 32, SEAL_KEYS_MAX = 4, SEAL_ID_BYTES = 4, SEAL_NONCE_BYTES = 12, SEAL_TAG_BYTES = 16, SEAL_ERROR_BYTES = 256,
       SEAL_OVERHEAD_BYTES = 1 + SEAL_ID_BYTES + SEAL_NONCE_BYTES + SEAL_TAG_BYTES };

struct seal_key {
    uint8_t id[SEAL_ID_BYTES];
    uint8_t sealing[SEAL_KEY_BYTES];
};

struct seal {
    struct seal_key keys[SEAL_KEYS_MAX];
    uint32_t        keys_n;
    uint8_t         addressing[SEAL_KEY_BYTES]; /* of the last one: the oldest, so that addresses outlive a new key */
};

/* Keys come newest first. false: there are SEAL_KEYS_MAX already. */
MUST_CHECK bool seal_add_key(struct seal *s, const uint8_t key[SEAL_KEY_BYTES]);
void seal_fini(struct seal *s);
/* A file of lines of 64 hexadecimal digits, newest key first; lines with # are comments. Errors: WHY_SEAL_KEY; out_error (at least
 * SEAL_ERROR_BYTES) says what is wrong with it and what to do. */
MUST_CHECK enum why seal_read_file(struct seal *s, const char *path, char *out_error);
/* A new key in a new file of mode 0600. Errors: WHY_STORE_FULL, WHY_STORE_IO; out_error says why. */
MUST_CHECK enum why seal_make_file(const char *path, char *out_error);

/* Keyed address of a content: alike for the same content on this node, and nothing to anybody else. */
void seal_address(const struct seal *s, struct span plain, uint8_t out[HASH_BYTES]);
/* Pre: there is a key; out has plain.len + SEAL_OVERHEAD_BYTES bytes. */
void seal_close(const struct seal *s, struct span belongs, struct span plain, uint8_t *out);
/* Into out, which has sealed.len bytes. Errors: WHY_SEAL_KEY (sealed under a key that is not here), WHY_STORE_DAMAGED (changed, or
 * not where it belongs). */
MUST_CHECK enum why seal_open(const struct seal *s, struct span belongs, struct span sealed, uint8_t *out, size_t *out_n);
