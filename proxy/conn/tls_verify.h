/* tls_verify.h - is this certificate for the name that we meant?
 *
 * Spec:   RFC 9525 (names in certificates; subject alternative names only), RFC 6125.
 * Layer:  conn (tls_*).
 *
 * Not the library's own check: that refuses names of one label, which is what containers are called, and falls back to
 * the common name.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"
#include "base/why.h"

struct WOLFSSL_X509_STORE_CTX;

/* name: a host name in lower case, or an IP address in text. pattern: one dNSName of a certificate. "*" stands for
 * exactly the first label. */
bool tls_verify_name_fits(struct span pattern, struct span name);
/* One of the certificate's alternative names fits name (dNSName for host names, iPAddress for addresses): WHY_OK.
 * Else WHY_UP_TLS_CERT_NAME, WHY_UP_TLS_CERT_BAD (it cannot be read), WHY_TLS_NO_MEMORY. */
enum why tls_verify_certificate(struct span der, struct span name);
/* The library's callback: its userCtx is the struct tls_shake of a client. */
int tls_verify_call(int is_good, struct WOLFSSL_X509_STORE_CTX *store);
