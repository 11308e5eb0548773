/* tls_context.h - what handshakes are made from: certificates, authorities, versions, tickets of a name or upstream.
 *
 * Spec:   RFC 8446 s4.4.2.2 (which certificate), RFC 6066 s8 (OCSP), RFC 5246 s7.4.2.
 * Layer:  conn (tls_*).
 * Owner:  counted: one reference of whoever opened it, one of each handshake in progress.
 * Bounds: two certificates a server; TLS_SESSIONS_MAX sessions a client.
 * Thread: references may be dropped by any thread; sessions belong to the worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conn/tls_session.h"
#include "conn/tls_ticket.h"

struct WOLFSSL_CTX;

struct tls_identity {              /* a certificate with the library's context that shows it */
    struct WOLFSSL_CTX *ctx;
    uint16_t signature;            /* bit of conn/tls_suite.h */
    bool     is_stapled;           /* the OCSP response is about this certificate */
};

struct tls_server {
    uint32_t refs;
    uint32_t identities_n;
    struct tls_identity identities[2];
    uint8_t  version_min, version_max; /* 12 or 13 */
    struct tls_ticket_policy policy;
    uint8_t *staple;               /* OCSP response, DER; NULL: none */
    uint32_t staple_bytes;
};

struct tls_client {
    uint32_t refs;
    bool     verifies_ca, verifies_name;
    struct WOLFSSL_CTX *ctx;
    struct tls_sessions sessions;
};

/* What the hello and the server cannot agree on, which the library would only find out from the client's own complaint:
 * WHY_TLS_VERSION, WHY_TLS_NO_SHARED (groups), else WHY_OK. */
enum why tls_server_judge(const struct tls_server *server, const struct tls_hello *hello);
/* The context whose certificate fits what the client verifies; the first when none does (the library then says why). */
struct WOLFSSL_CTX *tls_server_pick(const struct tls_server *server, const struct tls_hello *hello);
void tls_server_hold(struct tls_server *server);
void tls_server_drop(struct tls_server *server);
void tls_client_hold(struct tls_client *client);
void tls_client_drop(struct tls_client *client);
