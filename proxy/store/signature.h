/* signature.h - detached Ed25519 signatures over bytes from elsewhere.
 *
 * Spec:   RFC 8032 s5.1 (plain Ed25519, no prehash, no context).
 * Layer:  store. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { SIGNATURE_KEY_BYTES = 32, SIGNATURE_BYTES = 64 };

/* Was message signed with the private half of key? */
bool signature_is_good(const uint8_t key[SIGNATURE_KEY_BYTES], struct span message, const uint8_t signature[SIGNATURE_BYTES]);
/* A signature file: 64 raw bytes, or their base64 on a line. false: neither. */
bool signature_read(struct span file, uint8_t out[SIGNATURE_BYTES]);
