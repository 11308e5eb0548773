/* tls_verify.c - alternative names of a certificate against the name of an upstream.
 *
 * Spec:   RFC 9525 s6.3 (wildcards), s6.4 (addresses).
 * Layer:  conn (tls_*).
 */
#include "conn/tls_verify.h"

#include <arpa/inet.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "conn/tls_context.h"
#include "conn/tls_shake.h"

static struct span without_final_dot(struct span name)
{
    return name.len > 1 && name.at[name.len - 1] == '.' ? span_of(name.at, name.len - 1) : name;
}

bool tls_verify_name_fits(struct span pattern, struct span name)
{
    pattern = without_final_dot(pattern);
    name = without_final_dot(name);
    if (!span_starts(pattern, SPAN_LIT("*.")))
        return pattern.len > 0 && span_is_nocase(pattern, name);
    /* The whole first label, and two at least behind it: "*.com" is nobody's to have. */
    size_t first = span_find(name, '.');
    if (first == 0 || first == name.len)
        return false;
    struct span suffix = span_from(pattern, 1);
    return span_find(span_from(suffix, 1), '.') + 1 < suffix.len && span_is_nocase(suffix, span_from(name, first));
}

/* 4 or 16 raw bytes of an address in text; 0 when it is none. */
static size_t parse_address(struct span name, uint8_t *out)
{
    char text[INET6_ADDRSTRLEN];

    if (name.len >= sizeof(text))
        return 0;
    memcpy(text, name.at, name.len);
    text[name.len] = 0;
    if (inet_pton(AF_INET, text, out) == 1)
        return sizeof(struct in_addr);
    return inet_pton(AF_INET6, text, out) == 1 ? sizeof(struct in6_addr) : 0;
}

static bool names_fit(const DecodedCert *cert, struct span name)
{
    uint8_t address[sizeof(struct in6_addr)];
    size_t  address_bytes = parse_address(name, address);

    for (const DNS_entry *e = cert->altNames; e != NULL; e = e->next) {
        struct span entry = span_of(e->name, (size_t)e->len);
        if (address_bytes > 0 ? e->type == ASN_IP_TYPE && span_is(entry, span_of(address, address_bytes))
                              : e->type == ASN_DNS_TYPE && tls_verify_name_fits(entry, name))
            return true;
    }
    return false;
}

enum why tls_verify_certificate(struct span der, struct span name)
{
    DecodedCert cert;
    enum why why;

    wc_InitDecodedCert(&cert, der.at, (word32)der.len, NULL);
    int rc = wc_ParseCert(&cert, CERT_TYPE, NO_VERIFY, NULL);
    if (rc != 0)
        why = rc == MEMORY_E ? WHY_TLS_NO_MEMORY : WHY_UP_TLS_CERT_BAD;
    else
        why = names_fit(&cert, name) ? WHY_OK : WHY_UP_TLS_CERT_NAME;
    wc_FreeDecodedCert(&cert);
    return why;
}

int tls_verify_call(int is_good, struct WOLFSSL_X509_STORE_CTX *store)
{
    struct tls_shake *shake = store->userCtx;

    if (store->error_depth != 0 || !shake->client->verifies_name)
        return is_good;
    shake->name_why = tls_verify_certificate(span_of(store->certs[0].buffer, store->certs[0].length),
                                             span_str(shake->name));
    return shake->name_why == WHY_OK ? is_good : 0;
}
