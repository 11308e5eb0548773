/* tls_error.c - the table from the library's error numbers to endings.
 *
 * Spec:   RFC 8446 s6.2 (alerts about certificates).
 * Layer:  conn (tls_*).
 */
#include "conn/tls_error.h"

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "base/must.h"

/* What is not listed is a malformed or misplaced handshake message: almost all of the library's numbers mean that. */
static const struct { int error; enum why client, upstream; } rows[] = {
    { MEMORY_E,                     WHY_TLS_NO_MEMORY,      WHY_TLS_NO_MEMORY },
    { MEMORY_ERROR,                 WHY_TLS_NO_MEMORY,      WHY_TLS_NO_MEMORY },
    { BAD_FUNC_ARG,                 WHY_TLS_FAILED,         WHY_TLS_FAILED },
    { BAD_STATE_E,                  WHY_TLS_FAILED,         WHY_TLS_FAILED },
    { NO_PRIVATE_KEY,               WHY_TLS_FAILED,         WHY_TLS_FAILED },
    { NO_CERT_ERROR,                WHY_TLS_FAILED,         WHY_TLS_FAILED },
    { BUILD_MSG_ERROR,              WHY_TLS_FAILED,         WHY_TLS_FAILED },
    { RNG_FAILURE_E,                WHY_TLS_FAILED,         WHY_TLS_FAILED },
    { RSA_PRIVATE_ERROR,            WHY_TLS_FAILED,         WHY_TLS_FAILED },
    { SESSION_TICKET_NONCE_OVERFLOW, WHY_TLS_FAILED,        WHY_TLS_FAILED },
    { VERSION_ERROR,                WHY_TLS_VERSION,        WHY_UP_TLS_NO_SHARED },
    { UNSUPPORTED_PROTO_VERSION,    WHY_TLS_VERSION,        WHY_UP_TLS_NO_SHARED },
    { MATCH_SUITE_ERROR,            WHY_TLS_NO_SHARED,      WHY_UP_TLS_NO_SHARED },
    { UNSUPPORTED_SUITE,            WHY_TLS_NO_SHARED,      WHY_UP_TLS_NO_SHARED },
    { KEY_SHARE_ERROR,              WHY_TLS_NO_SHARED,      WHY_UP_TLS_NO_SHARED },
    { BAD_KEY_SHARE_DATA,           WHY_TLS_NO_SHARED,      WHY_UP_TLS_NO_SHARED },
    { ECC_CURVE_ERROR,              WHY_TLS_NO_SHARED,      WHY_UP_TLS_NO_SHARED },
    { ECC_CURVETYPE_ERROR,          WHY_TLS_NO_SHARED,      WHY_UP_TLS_NO_SHARED },
    { UNKNOWN_ALPN_PROTOCOL_NAME_E, WHY_TLS_ALPN,           WHY_UP_TLS_NO_SHARED },
    { DECRYPT_ERROR,                WHY_TLS_DECRYPT,        WHY_UP_TLS_RECORD },
    { VERIFY_MAC_ERROR,             WHY_TLS_DECRYPT,        WHY_UP_TLS_RECORD },
    { AES_GCM_AUTH_E,               WHY_TLS_DECRYPT,        WHY_UP_TLS_RECORD },
    { MAC_CMP_FAILED_E,             WHY_TLS_DECRYPT,        WHY_UP_TLS_RECORD },
    { LENGTH_ERROR,                 WHY_TLS_RECORD,         WHY_UP_TLS_RECORD },
    { UNKNOWN_RECORD_TYPE,          WHY_TLS_RECORD,         WHY_UP_TLS_RECORD },
    { SEQUENCE_NUMBER_E,            WHY_TLS_RECORD,         WHY_UP_TLS_RECORD },
    { EMPTY_RECORD_LIMIT_E,         WHY_TLS_FLOOD,          WHY_UP_TLS_RECORD },
    { ALERT_COUNT_E,                WHY_TLS_FLOOD,          WHY_UP_TLS_RECORD },
    { NO_PEER_CERT,                 WHY_TLS_CERT_MISSING,   WHY_UP_TLS_CERT_BAD },
    { ASN_NO_SIGNER_E,              WHY_TLS_CERT_UNTRUSTED, WHY_UP_TLS_CERT_UNTRUSTED },
    { ASN_SELF_SIGNED_E,            WHY_TLS_CERT_UNTRUSTED, WHY_UP_TLS_CERT_UNTRUSTED },
    { NOT_CA_ERROR,                 WHY_TLS_CERT_UNTRUSTED, WHY_UP_TLS_CERT_UNTRUSTED },
    { ASN_PATHLEN_INV_E,            WHY_TLS_CERT_UNTRUSTED, WHY_UP_TLS_CERT_UNTRUSTED },
    { ASN_PATHLEN_SIZE_E,           WHY_TLS_CERT_UNTRUSTED, WHY_UP_TLS_CERT_UNTRUSTED },
    { ASN_NAME_INVALID_E,           WHY_TLS_CERT_UNTRUSTED, WHY_UP_TLS_CERT_UNTRUSTED },
    { MAX_CHAIN_ERROR,              WHY_TLS_CERT_UNTRUSTED, WHY_UP_TLS_CERT_UNTRUSTED },
    { ASN_BEFORE_DATE_E,            WHY_TLS_CERT_EXPIRED,   WHY_UP_TLS_CERT_EXPIRED },
    { ASN_AFTER_DATE_E,             WHY_TLS_CERT_EXPIRED,   WHY_UP_TLS_CERT_EXPIRED },
    { ASN_SIG_CONFIRM_E,            WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { ASN_PARSE_E,                  WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { ASN_VERSION_E,                WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { ASN_CRIT_EXT_E,               WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { ASN_SIG_OID_E,                WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { ASN_SIG_HASH_E,               WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { ASN_SIG_KEY_E,                WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { ASN_UNKNOWN_OID_E,            WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { EXTKEYUSE_AUTH_E,             WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { KEYUSE_SIGNATURE_E,           WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { KEYUSE_ENCIPHER_E,            WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { RSA_KEY_SIZE_E,               WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { ECC_KEY_SIZE_E,               WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { PEER_KEY_ERROR,               WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { UNSUPPORTED_CERTIFICATE,      WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
    { VERIFY_CERT_ERROR,            WHY_TLS_CERT_BAD,       WHY_UP_TLS_CERT_BAD },
};

enum why tls_error_why(int error, bool is_upstream)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].error == error)
            return is_upstream ? rows[i].upstream : rows[i].client;
    return tls_error_side(is_upstream, WHY_TLS_HANDSHAKE, WHY_UP_TLS_HANDSHAKE);
}

enum why tls_error_alert(uint8_t alert, bool is_upstream)
{
    if ((alert >= TLS_ALERT_BAD_CERTIFICATE && alert <= TLS_ALERT_UNKNOWN_CA && alert != TLS_ALERT_ILLEGAL_PARAMETER) ||
        alert == TLS_ALERT_CERTIFICATE_REQUIRED)
        return tls_error_side(is_upstream, WHY_TLS_ALERT_CERT, WHY_UP_TLS_ALERT_CERT);
    return tls_error_side(is_upstream, WHY_TLS_ALERT, WHY_UP_TLS_ALERT);
}
