/* tls_error.h - what the TLS library says, as endings with names.
 *
 * Spec:   RFC 8446 s6 (alerts).
 * Layer:  conn (tls_*). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"

enum tls_alert {               /* RFC 8446 s6: those that we send or tell apart */
    TLS_ALERT_CLOSE_NOTIFY          = 0,
    TLS_ALERT_UNEXPECTED            = 10,
    TLS_ALERT_BAD_RECORD_MAC        = 20,
    TLS_ALERT_RECORD_OVERFLOW       = 22,
    TLS_ALERT_HANDSHAKE_FAILURE     = 40,
    TLS_ALERT_BAD_CERTIFICATE       = 42,
    TLS_ALERT_ILLEGAL_PARAMETER     = 47,
    TLS_ALERT_UNKNOWN_CA            = 48,
    TLS_ALERT_DECODE_ERROR          = 50,
    TLS_ALERT_PROTOCOL_VERSION      = 70,
    TLS_ALERT_INTERNAL_ERROR        = 80,
    TLS_ALERT_USER_CANCELED         = 90,
    TLS_ALERT_NO_RENEGOTIATION      = 100,
    TLS_ALERT_CERTIFICATE_REQUIRED  = 116,
};

/* error: the library's number (negative). is_upstream: the peer is an upstream and not a client. */
enum why tls_error_why(int error, bool is_upstream);
/* The peer's fatal alert. */
enum why tls_error_alert(uint8_t alert, bool is_upstream);
/* The one of a pair that fits the side: the same failure of a client and of an upstream are two endings. */
static inline enum why tls_error_side(bool is_upstream, enum why of_client, enum why of_upstream)
{
    return is_upstream ? of_upstream : of_client;
}
