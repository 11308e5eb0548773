/* tls_selfsigned.c - make a key and sign a certificate with it.
 *
 * Spec:   RFC 5280 s4.2.1.6 (subjectAltName), s4.2.1.9 (no CA), s4.2.1.12.
 * Layer:  conn (tls_*).
 */
#include "conn/tls_selfsigned.h"

#include <arpa/inet.h>
#include <string.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/random.h>

#include "conn/tls_thread.h"

enum {
    P256_KEY_BYTES  = 32,
    DER_BYTES_MAX   = 6144,
    NAME_BYTES_MAX  = 255,
    TAG_SEQUENCE    = 0x30,
    TAG_DNS         = 0x82,  /* GeneralName [2], RFC 5280 s4.2.1.6 */
    TAG_ADDRESS     = 0x87,  /* GeneralName [7]                    */
    LONG_LENGTH_1   = 0x81,
    LONG_LENGTH_2   = 0x82,
};

/* What is needed at a time, too large for the stack. */
struct workshop {
    Cert    cert;
    ecc_key key;
    WC_RNG  rng;
    uint8_t names[TLS_SELFSIGNED_NAMES_MAX * (NAME_BYTES_MAX + 3)];
    uint8_t der[DER_BYTES_MAX];
};

/* Tag, length and contents; answers how many bytes. */
static uint32_t put_der(uint8_t *at, uint8_t tag, const uint8_t *content, uint32_t bytes)
{
    uint32_t used = 0;

    at[used++] = tag;
    if (bytes > UINT8_MAX) {
        at[used++] = LONG_LENGTH_2;
        at[used++] = (uint8_t)(bytes >> 8);
    } else if (bytes > INT8_MAX) {
        at[used++] = LONG_LENGTH_1;
    }
    at[used++] = (uint8_t)bytes;
    memcpy(at + used, content, bytes);
    return used + bytes;
}

static uint32_t put_name(uint8_t *at, struct span name)
{
    uint8_t address[sizeof(struct in6_addr)];
    char    text[NAME_BYTES_MAX + 1];

    memcpy(text, name.at, name.len);
    text[name.len] = 0;
    if (inet_pton(AF_INET, text, address) == 1)
        return put_der(at, TAG_ADDRESS, address, sizeof(struct in_addr));
    if (inet_pton(AF_INET6, text, address) == 1)
        return put_der(at, TAG_ADDRESS, address, sizeof(struct in6_addr));
    return put_der(at, TAG_DNS, name.at, (uint32_t)name.len);
}

/* GeneralNames into cert->altNames. */
static enum why set_names(struct workshop *w, const struct span *names, uint32_t names_n)
{
    uint32_t used = 0;

    if (names_n == 0 || names_n > TLS_SELFSIGNED_NAMES_MAX)
        return WHY_TLS_CONTEXT;
    for (uint32_t i = 0; i < names_n; i++) {
        if (names[i].len == 0 || names[i].len > NAME_BYTES_MAX || memchr(names[i].at, 0, names[i].len) != NULL)
            return WHY_TLS_CONTEXT;
        used += put_name(w->names + used, names[i]);
    }
    if (used + 4 > sizeof(w->cert.altNames))
        return WHY_TLS_CONTEXT;
    w->cert.altNamesSz = (int)put_der(w->cert.altNames, TAG_SEQUENCE, w->names, used);
    return WHY_OK;
}

static enum why set_subject(struct workshop *w, const char *common_name)
{
    size_t bytes = strlen(common_name);

    if (bytes == 0 || bytes >= sizeof(w->cert.subject.commonName) / 2)
        return WHY_TLS_CONTEXT;
    memcpy(w->cert.subject.commonName, common_name, bytes + 1);
    return WHY_OK;
}

static enum why outcome(int rc)
{
    return rc == MEMORY_E ? WHY_TLS_NO_MEMORY : WHY_TLS_FAILED;
}

static enum why to_pem(const uint8_t *der, int der_bytes, int type, char *out_pem)
{
    int rc = wc_DerToPem(der, (word32)der_bytes, (byte *)out_pem, TLS_SELFSIGNED_PEM_BYTES - 1, type);

    if (rc <= 0)
        return outcome(rc);
    out_pem[rc] = 0;
    return WHY_OK;
}

static enum why sign(struct workshop *w, char *out_chain_pem)
{
    int rc = wc_SetKeyUsage(&w->cert, "digitalSignature");

    if (rc == 0)
        rc = wc_SetExtKeyUsage(&w->cert, "serverAuth");
    if (rc == 0)
        rc = wc_SetSubjectKeyIdFromPublicKey_ex(&w->cert, ECC_TYPE, &w->key);
    if (rc == 0)
        rc = wc_MakeCert_ex(&w->cert, w->der, sizeof(w->der), ECC_TYPE, &w->key, &w->rng);
    if (rc > 0)
        rc = wc_SignCert_ex(w->cert.bodySz, w->cert.sigType, w->der, sizeof(w->der), ECC_TYPE, &w->key, &w->rng);
    return rc > 0 ? to_pem(w->der, rc, CERT_TYPE, out_chain_pem) : outcome(rc);
}

static enum why write_key(struct workshop *w, char *out_key_pem)
{
    word32 bytes = sizeof(w->der);
    int rc = wc_EccKeyToPKCS8(&w->key, w->der, &bytes);

    return rc > 0 ? to_pem(w->der, rc, PKCS8_PRIVATEKEY_TYPE, out_key_pem) : outcome(rc);
}

static enum why work(struct workshop *w, const char *common_name, const struct span *names, uint32_t names_n,
                     struct tls_selfsigned *out)
{
    enum why why;
    int rc = wc_InitRng(&w->rng);

    if (rc == 0)
        rc = wc_ecc_init(&w->key);
    if (rc == 0)
        rc = wc_InitCert(&w->cert);
    if (rc == 0)
        rc = wc_ecc_make_key_ex(&w->rng, P256_KEY_BYTES, &w->key, ECC_SECP256R1);
    if (rc != 0)
        return outcome(rc);
    w->cert.selfSigned = 1;
    w->cert.sigType = CTC_SHA256wECDSA;
    w->cert.daysValid = TLS_SELFSIGNED_DAYS;
    if ((why = set_subject(w, common_name)) != WHY_OK || (why = set_names(w, names, names_n)) != WHY_OK)
        return why;
    why = sign(w, out->chain_pem);
    return why == WHY_OK ? write_key(w, out->key_pem) : why;
}

enum why tls_selfsigned_make(const char *common_name, const struct span *names, uint32_t names_n,
                             struct tls_selfsigned *out_pems)
{
    struct workshop *w = tls_thread_malloc(sizeof(*w));
    enum why why;

    if (w == NULL)
        return WHY_TLS_NO_MEMORY;
    memset(w, 0, sizeof(*w));
    why = work(w, common_name, names, names_n, out_pems);
    wc_ecc_free(&w->key);
    (void)wc_FreeRng(&w->rng);
    explicit_bzero(w, sizeof(*w));
    tls_thread_free(w);
    return why;
}
