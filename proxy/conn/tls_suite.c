/* tls_suite.c - tables of cipher suites and signature schemes.
 *
 * Spec:   RFC 8446 B.4 and s4.2.3, RFC 5289, RFC 7905.
 * Layer:  conn (tls_*).
 */
#include "conn/tls_suite.h"

#include <stddef.h>

#include "base/must.h"

static const struct tls_suite suites[] = {
    { .id = 0x1301, .key_bytes = 16, .is_tls13 = true, .name = "TLS_AES_128_GCM_SHA256" },
    { .id = 0x1302, .key_bytes = 32, .is_tls13 = true, .is_sha384 = true, .name = "TLS_AES_256_GCM_SHA384" },
    { .id = 0x1303, .key_bytes = 32, .is_tls13 = true, .is_chacha = true, .name = "TLS_CHACHA20_POLY1305_SHA256" },
    { .id = 0xc02b, .key_bytes = 16, .name = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
    { .id = 0xc02f, .key_bytes = 16, .is_rsa = true, .name = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
    { .id = 0xc02c, .key_bytes = 32, .is_sha384 = true, .name = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
    { .id = 0xc030, .key_bytes = 32, .is_rsa = true, .is_sha384 = true,
      .name = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
    { .id = 0xcca9, .key_bytes = 32, .is_chacha = true, .name = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
    { .id = 0xcca8, .key_bytes = 32, .is_chacha = true, .is_rsa = true,
      .name = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
};

const struct tls_suite *tls_suite_find(uint16_t id)
{
    for (size_t i = 0; i < COUNT(suites); i++)
        if (suites[i].id == id)
            return &suites[i];
    return NULL;
}

const char *tls_suite_list(void)
{
    return "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256:"
           "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
           "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
           "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
}

bool tls_suite_has_group(uint16_t group)
{
    static const uint16_t groups[] = { 0x11ec, 0x001d, 0x0017, 0x0018 }; /* X25519MLKEM768, X25519, P-256, P-384 */

    for (size_t i = 0; i < COUNT(groups); i++)
        if (groups[i] == group)
            return true;
    return false;
}

uint16_t tls_suite_signature(uint16_t scheme)
{
    static const struct { uint16_t scheme, bit; } schemes[] = {
        { 0x0403, TLS_SIGNATURE_P256 }, { 0x0503, TLS_SIGNATURE_P384 }, { 0x0603, TLS_SIGNATURE_P521 },
        { 0x0807, TLS_SIGNATURE_ED25519 },
        { 0x0804, TLS_SIGNATURE_RSA }, { 0x0805, TLS_SIGNATURE_RSA }, { 0x0806, TLS_SIGNATURE_RSA },
        { 0x0401, TLS_SIGNATURE_RSA }, { 0x0501, TLS_SIGNATURE_RSA }, { 0x0601, TLS_SIGNATURE_RSA },
    };

    for (size_t i = 0; i < COUNT(schemes); i++)
        if (schemes[i].scheme == scheme)
            return schemes[i].bit;
    return 0;
}
