/* tls_digest.h - hashes that protocols ask for by name; not for keeping secrets.
 *
 * Spec:   FIPS 180-4. SHA-1 stays alive in RFC 6455 s4.2.2 only, where nothing depends on its strength.
 * Layer:  conn (tls_*: the library is wolfCrypt).
 */
#pragma once

#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"

enum { TLS_SHA1_BYTES = 20 };

/* Errors: WHY_TLS_FAILED, when the library refuses. */
MUST_CHECK enum why tls_sha1(struct span text, uint8_t out[TLS_SHA1_BYTES]);
