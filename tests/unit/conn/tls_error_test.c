/* tls_error_test.c - each number of the library has an ending, the same failure another one on each side. */
#include "conn/tls_error.h"

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "lib/check.h"

TEST(tls_error_numbers_have_endings)
{
    static const struct row { int error; enum why client, upstream; } rows[] = {
        { MEMORY_E,            WHY_TLS_NO_MEMORY,      WHY_TLS_NO_MEMORY },
        { BAD_FUNC_ARG,        WHY_TLS_FAILED,         WHY_TLS_FAILED },
        { VERSION_ERROR,       WHY_TLS_VERSION,        WHY_UP_TLS_NO_SHARED },
        { MATCH_SUITE_ERROR,   WHY_TLS_NO_SHARED,      WHY_UP_TLS_NO_SHARED },
        { UNKNOWN_ALPN_PROTOCOL_NAME_E, WHY_TLS_ALPN,  WHY_UP_TLS_NO_SHARED },
        { VERIFY_MAC_ERROR,    WHY_TLS_DECRYPT,        WHY_UP_TLS_RECORD },
        { LENGTH_ERROR,        WHY_TLS_RECORD,         WHY_UP_TLS_RECORD },
        { EMPTY_RECORD_LIMIT_E, WHY_TLS_FLOOD,         WHY_UP_TLS_RECORD },
        { NO_PEER_CERT,        WHY_TLS_CERT_MISSING,   WHY_UP_TLS_CERT_BAD },
        { ASN_NO_SIGNER_E,     WHY_TLS_CERT_UNTRUSTED, WHY_UP_TLS_CERT_UNTRUSTED },
        { ASN_AFTER_DATE_E,    WHY_TLS_CERT_EXPIRED,   WHY_UP_TLS_CERT_EXPIRED },
        { ASN_BEFORE_DATE_E,   WHY_TLS_CERT_EXPIRED,   WHY_UP_TLS_CERT_EXPIRED },
        { ASN_SIG_CONFIRM_E,   WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
        { VERIFY_FINISHED_ERROR, WHY_TLS_HANDSHAKE,    WHY_UP_TLS_HANDSHAKE },
        { BUFFER_ERROR,        WHY_TLS_HANDSHAKE,      WHY_UP_TLS_HANDSHAKE },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(tls_error_why(rows[i].error, false) == rows[i].client, "%d: %s\n", rows[i].error,
              why_name(tls_error_why(rows[i].error, false)));
        CHECK(tls_error_why(rows[i].error, true) == rows[i].upstream, "%d: %s\n", rows[i].error,
              why_name(tls_error_why(rows[i].error, true)));
    }
    /* Whatever else it says is blamed on the right side. */
    for (int error = -1; error > -600; error--) {
        enum why_fault of_client = why_fault(tls_error_why(error, false));
        enum why_fault of_upstream = why_fault(tls_error_why(error, true));
        CHECK(of_client == WHY_FAULT_CLIENT || (of_client == WHY_FAULT_US && of_upstream == WHY_FAULT_US), "%d\n",
              error);
        CHECK(of_upstream == WHY_FAULT_UP || of_upstream == WHY_FAULT_US, "%d\n", error);
    }
}

TEST(tls_error_alerts_about_certificates_are_told_apart)
{
    for (unsigned alert = 1; alert < 256; alert++) {
        bool is_certificate = (alert >= 42 && alert <= 46) || alert == 48 || alert == 116;
        enum why of_client = is_certificate ? WHY_TLS_ALERT_CERT : WHY_TLS_ALERT;
        enum why of_upstream = is_certificate ? WHY_UP_TLS_ALERT_CERT : WHY_UP_TLS_ALERT;
        CHECK(tls_error_alert((uint8_t)alert, false) == of_client, "%u\n", alert);
        CHECK(tls_error_alert((uint8_t)alert, true) == of_upstream, "%u\n", alert);
    }
}

CHECK_RUN(RUN(tls_error_numbers_have_endings), RUN(tls_error_alerts_about_certificates_are_told_apart))
