/* tls_context.c - build contexts from checked configuration, count who uses them.
 *
 * Spec:   RFC 8446 s4.2.3 and s9.1, RFC 6066 s8 (OCSP staple), RFC 8446 s4.4.2.4 and RFC 5246 s7.4.6 (clients).
 * Layer:  conn (tls_*).
 * Bounds: TLS_PEM_BYTES_MAX for each piece of PEM.
 *
 * A server with an ECDSA and an RSA certificate is two of the library's contexts; the hello tells which one the client
 * can verify before the library sees it.
 */
#include "conn/tls_context.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn.h>

#include "base/limits.h"
#include "conf/snapshot.h"
#include "conn/tls_shake.h"
#include "conn/tls_suite.h"
#include "conn/tls_thread.h"
#include "conn/tls_verify.h"

enum { VERSION_12 = 12, VERSION_13 = 13 };

/* Where the sentence about a failure goes. */
struct complaint {
    char    *at;
    uint32_t bytes;
};

static enum why complain(const struct complaint *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum why complain(const struct complaint *to, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (to->bytes > 0)
        (void)vsnprintf(to->at, to->bytes, format, args);
    va_end(args);
    return WHY_TLS_CONTEXT;
}

static const char *reason(int error)
{
    return wolfSSL_ERR_reason_error_string((unsigned long)(long)error);
}

/* ---- parts of a context ---- */

/* Groups are tried in this order when the client has sent several shares. A client of ours sends a share of its first
 * group only: hybrid hellos are four times longer and cost both sides, so upstreams get X25519. */
static bool set_common(WOLFSSL_CTX *ctx, bool is_server)
{
    int groups[] = { WOLFSSL_X25519MLKEM768, WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1 };
    int skip = is_server ? 0 : 1;

    wolfSSL_CTX_SetIORecv(ctx, tls_shake_recv);
    wolfSSL_CTX_SetIOSend(ctx, tls_shake_send);
    (void)wolfSSL_CTX_set_session_cache_mode(ctx, WOLFSSL_SESS_CACHE_OFF);
    return wolfSSL_CTX_set_cipher_list(ctx, tls_suite_list()) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_groups(ctx, groups + skip, (int)COUNT(groups) - skip) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_timeout(ctx, TLS_TICKET_ROTATE_S) == WOLFSSL_SUCCESS;
}

static WOLFSSL_CTX *new_server_context(const struct tls_server *server)
{
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(server->version_max == VERSION_12 ? wolfTLSv1_2_server_method()
                                                                        : wolfTLS_server_method());
    int min = server->version_min == VERSION_12 ? WOLFSSL_TLSV1_2 : WOLFSSL_TLSV1_3;

    if (ctx == NULL)
        return NULL;
    if (set_common(ctx, true) && wolfSSL_CTX_SetMinVersion(ctx, min) == WOLFSSL_SUCCESS)
        return ctx;
    wolfSSL_CTX_free(ctx);
    return NULL;
}

static enum why load_identity(WOLFSSL_CTX *ctx, struct span chain, struct span key, const struct complaint *to)
{
    int rc;

    if (chain.len == 0 || chain.len > TLS_PEM_BYTES_MAX)
        return complain(to, "the certificate chain is empty or longer than %d bytes", TLS_PEM_BYTES_MAX);
    if (key.len == 0 || key.len > TLS_PEM_BYTES_MAX)
        return complain(to, "the private key is empty or longer than %d bytes", TLS_PEM_BYTES_MAX);
    rc = wolfSSL_CTX_use_certificate_chain_buffer(ctx, chain.at, (long)chain.len);
    if (rc != WOLFSSL_SUCCESS)
        return complain(to, "the certificate chain cannot be read as PEM: %s", reason(rc));
    rc = wolfSSL_CTX_use_PrivateKey_buffer(ctx, key.at, (long)key.len, WOLFSSL_FILETYPE_PEM);
    if (rc != WOLFSSL_SUCCESS)
        return complain(to, "the private key cannot be read as PEM without a password: %s", reason(rc));
    if (wolfSSL_CTX_check_private_key(ctx) != WOLFSSL_SUCCESS)
        return complain(to, "the private key does not belong to the certificate");
    return WHY_OK;
}

static uint16_t signature_of(const DecodedCert *cert)
{
    static const struct { uint32_t key, curve; uint16_t signature; } rows[] = {
        { RSAk, 0, TLS_SIGNATURE_RSA },
        { RSAPSSk, 0, TLS_SIGNATURE_RSA },
        { ED25519k, 0, TLS_SIGNATURE_ED25519 },
        { ECDSAk, ECC_SECP256R1_OID, TLS_SIGNATURE_P256 },
        { ECDSAk, ECC_SECP384R1_OID, TLS_SIGNATURE_P384 },
        { ECDSAk, ECC_SECP521R1_OID, TLS_SIGNATURE_P521 },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].key == cert->keyOID && (rows[i].curve == 0 || rows[i].curve == cert->pkCurveOID))
            return rows[i].signature;
    return 0;
}

static bool contains(struct span where, struct span what)
{
    return where.len > 0 && what.len > 0 && memmem(where.at, where.len, what.at, what.len) != NULL;
}

/* What kind of key the leaf has, and whether the OCSP response names its serial number. */
static enum why inspect_leaf(struct tls_identity *identity, struct span chain, struct span staple,
                             const struct complaint *to)
{
    DerBuffer  *der = NULL;
    DecodedCert cert;
    int rc = wc_PemToDer(chain.at, (long)chain.len, CERT_TYPE, &der, NULL, NULL, NULL);

    if (rc != 0)
        return complain(to, "the certificate cannot be read as PEM: %s", reason(rc));
    wc_InitDecodedCert(&cert, der->buffer, der->length, NULL);
    rc = wc_ParseCert(&cert, CERT_TYPE, NO_VERIFY, NULL);
    if (rc == 0) {
        identity->signature = signature_of(&cert);
        identity->is_stapled = contains(staple, span_of(cert.serial, (size_t)cert.serialSz));
    }
    wc_FreeDecodedCert(&cert);
    wc_FreeDer(&der);
    if (rc != 0)
        return complain(to, "the certificate cannot be read: %s", reason(rc));
    if (identity->signature == 0)
        return complain(to, "the certificate's key is not RSA, Ed25519, or ECDSA on P-256, P-384 or P-521");
    return WHY_OK;
}

static enum why load_authorities(WOLFSSL_CTX *ctx, struct span pem, const struct complaint *to)
{
    int rc;

    if (pem.len > TLS_PEM_BYTES_MAX)
        return complain(to, "the certificate authorities are longer than %d bytes", TLS_PEM_BYTES_MAX);
    rc = wolfSSL_CTX_load_verify_buffer_ex(ctx, pem.at, (long)pem.len, WOLFSSL_FILETYPE_PEM, 0,
                                           WOLFSSL_LOAD_FLAG_DATE_ERR_OKAY);
    if (rc != WOLFSSL_SUCCESS)
        return complain(to, "the certificate authorities cannot be read as PEM: %s", reason(rc));
    return WHY_OK;
}

/* ---- server ---- */

/* The library frees what it is given, so it gets a copy. */
static int on_status_request(WOLFSSL *ssl, void *arg)
{
    const struct tls_server *server = arg;
    uint8_t *copy = tls_thread_malloc(server->staple_bytes);

    if (copy == NULL)
        return WOLFSSL_OCSP_STATUS_CB_NOACK;
    memcpy(copy, server->staple, server->staple_bytes);
    if (wolfSSL_set_tlsext_status_ocsp_resp(ssl, copy, (int)server->staple_bytes) == WOLFSSL_SUCCESS)
        return WOLFSSL_OCSP_STATUS_CB_OK;
    tls_thread_free(copy);
    return WOLFSSL_OCSP_STATUS_CB_NOACK;
}

static bool set_staple(struct tls_server *server, const struct tls_identity *identity)
{
    if (server->staple == NULL || !identity->is_stapled)
        return true;
    return wolfSSL_CTX_set_tlsext_status_cb(identity->ctx, on_status_request) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_tlsext_status_arg(identity->ctx, server) == WOLFSSL_SUCCESS;
}

/* A resumed session has no certificate to look at, so hosts that ask for one hand out no tickets. */
static bool set_tickets(struct tls_server *server, WOLFSSL_CTX *ctx, bool has_tickets)
{
    if (!has_tickets)
        return (server->version_max == VERSION_12 || wolfSSL_CTX_no_ticket_TLSv13(ctx) == 0) &&
               wolfSSL_CTX_NoTicketTLSv12(ctx) == WOLFSSL_SUCCESS;
    /* UseSessionTicket: without it a TLS 1.2 client whose ticket was refused gets no new one. */
    return wolfSSL_CTX_UseSessionTicket(ctx) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_TicketEncCb(ctx, tls_shake_ticket) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_TicketEncCtx(ctx, &server->policy) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_TicketHint(ctx, TLS_TICKET_ROTATE_S) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_num_tickets(ctx, 1) == WOLFSSL_SUCCESS;
}

static enum why add_identity(struct tls_server *server, const struct tls_host *host, const struct tls_certificate *from,
                             const struct complaint *to)
{
    struct tls_identity *identity = &server->identities[server->identities_n];
    WOLFSSL_CTX *ctx = new_server_context(server);
    bool asks = host->client_ca_pem.len > 0;
    enum why why;

    if (ctx == NULL)
        return WHY_TLS_NO_MEMORY;
    identity->ctx = ctx;
    server->identities_n++;
    if ((why = load_identity(ctx, from->chain_pem, from->key_pem, to)) != WHY_OK)
        return why;
    if ((why = inspect_leaf(identity, from->chain_pem, host->ocsp_response, to)) != WHY_OK)
        return why;
    if (!set_staple(server, identity) || !set_tickets(server, ctx, !asks))
        return WHY_TLS_NO_MEMORY;
    if (!asks)
        return WHY_OK;
    if ((why = load_authorities(ctx, host->client_ca_pem, to)) != WHY_OK)
        return why;
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER |
                           (host->client_certificate_required ? WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
    return WHY_OK;
}

static enum why copy_staple(struct tls_server *server, struct span response)
{
    if (response.len == 0)
        return WHY_OK;
    server->staple = tls_thread_malloc(response.len);
    if (server->staple == NULL)
        return WHY_TLS_NO_MEMORY;
    memcpy(server->staple, response.at, response.len);
    server->staple_bytes = (uint32_t)response.len;
    return WHY_OK;
}

enum why tls_server_open(const struct tls_host *host, struct tls_ticket_keys *keys, struct tls_server **out_server,
                         char *out_error, uint32_t out_error_bytes)
{
    const struct complaint to = { out_error, out_error_bytes };
    struct tls_server *server = tls_thread_malloc(sizeof(*server));
    enum why why;

    if (server == NULL)
        return complain(&to, "%s", why_sentence(WHY_TLS_NO_MEMORY));
    memset(server, 0, sizeof(*server));
    MUST(host->certificates_n >= 1 && host->certificates_n <= COUNT(server->identities));
    MUST(host->version_min >= VERSION_12 && host->version_min <= host->version_max && host->version_max <= VERSION_13);
    server->refs = 1;
    server->version_min = host->version_min;
    server->version_max = host->version_max;
    server->policy.keys = keys;
    STATIC_MUST(sizeof(server->policy.digest) == sizeof(host->digest), "a ticket is bound to the whole policy");
    memcpy(server->policy.digest, host->digest, sizeof(server->policy.digest));
    why = copy_staple(server, host->ocsp_response);
    for (uint32_t i = 0; i < host->certificates_n && why == WHY_OK; i++)
        why = add_identity(server, host, &host->certificates[i], &to);
    if (why == WHY_OK) {
        *out_server = server;
        return WHY_OK;
    }
    if (why == WHY_TLS_NO_MEMORY)
        why = complain(&to, "%s", why_sentence(why));
    tls_server_drop(server);
    return why;
}

enum why tls_server_judge(const struct tls_server *server, const struct tls_hello *hello)
{
    bool is_tls13 = hello->offers_tls13 && server->version_max == VERSION_13;
    bool is_tls12 = hello->offers_tls12 && server->version_min == VERSION_12;

    if (!is_tls13 && !is_tls12)
        return WHY_TLS_VERSION;
    return hello->lacks_groups ? WHY_TLS_NO_SHARED : WHY_OK;
}

/* What decides in the version that will be spoken: for 1.3 the signature schemes, for 1.2 the suites as well. */
static bool suits(const struct tls_server *server, const struct tls_identity *identity, const struct tls_hello *hello)
{
    bool is_tls13 = hello->offers_tls13 && server->version_max == VERSION_13;

    if ((hello->signatures & identity->signature) == 0)
        return false;
    if (is_tls13)
        return true;
    return identity->signature == TLS_SIGNATURE_RSA ? hello->offers_rsa12 : hello->offers_ecdsa12;
}

struct WOLFSSL_CTX *tls_server_pick(const struct tls_server *server, const struct tls_hello *hello)
{
    const struct tls_identity *pick = NULL;

    for (uint32_t i = 0; i < server->identities_n; i++) {
        const struct tls_identity *one = &server->identities[i];
        if (suits(server, one, hello) && (pick == NULL || pick->signature == TLS_SIGNATURE_RSA))
            pick = one;
    }
    return pick != NULL ? pick->ctx : server->identities[0].ctx;
}

void tls_server_hold(struct tls_server *server)
{
    __atomic_add_fetch(&server->refs, 1, __ATOMIC_RELAXED);
}

void tls_server_drop(struct tls_server *server)
{
    if (__atomic_sub_fetch(&server->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (uint32_t i = 0; i < server->identities_n; i++)
        wolfSSL_CTX_free(server->identities[i].ctx);
    tls_thread_free(server->staple);
    tls_thread_free(server);
}

void tls_server_close(struct tls_server *server)
{
    if (server != NULL)
        tls_server_drop(server);
}

/* ---- client ---- */

/* Where distributions keep the authorities that they trust, as one file of PEM. */
static const char *system_authorities(void)
{
    static const char *const paths[] = {
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    };

    for (size_t i = 0; i < COUNT(paths); i++)
        if (access(paths[i], R_OK) == 0)
            return paths[i];
    return NULL;
}

static enum why load_system_authorities(WOLFSSL_CTX *ctx, const struct complaint *to)
{
    const char *path = system_authorities();
    int rc;

    if (path == NULL)
        return complain(to, "this host has no file of certificate authorities: name one for this upstream");
    rc = wolfSSL_CTX_load_verify_locations_ex(ctx, path, NULL,
                                              WOLFSSL_LOAD_FLAG_DATE_ERR_OKAY | WOLFSSL_LOAD_FLAG_IGNORE_ERR);
    if (rc != WOLFSSL_SUCCESS)
        return complain(to, "%s cannot be read: %s", path, reason(rc));
    return WHY_OK;
}

static enum why fill_client(struct tls_client *client, const struct upstream *up, const struct complaint *to)
{
    enum why why = WHY_OK;

    client->ctx = wolfSSL_CTX_new(up->tls_version_max == VERSION_12 ? wolfTLSv1_2_client_method() : wolfTLS_client_method());
    if (client->ctx == NULL || !set_common(client->ctx, false) ||
        wolfSSL_CTX_SetMinVersion(client->ctx, up->tls_version_min == VERSION_13 ? WOLFSSL_TLSV1_3 : WOLFSSL_TLSV1_2) !=
            WOLFSSL_SUCCESS ||
        wolfSSL_CTX_UseSessionTicket(client->ctx) != WOLFSSL_SUCCESS)
        return complain(to, "%s", why_sentence(WHY_TLS_NO_MEMORY));
    wolfSSL_CTX_set_verify(client->ctx, up->verify_ca ? WOLFSSL_VERIFY_PEER : WOLFSSL_VERIFY_NONE, tls_verify_call);
    if (up->verify_ca)
        why = up->ca_pem.len > 0 ? load_authorities(client->ctx, up->ca_pem, to)
                                 : load_system_authorities(client->ctx, to);
    if (why == WHY_OK && up->client_chain_pem.len > 0)
        why = load_identity(client->ctx, up->client_chain_pem, up->client_key_pem, to);
    return why;
}

enum why tls_client_open(const struct upstream *up, struct tls_client **out_client, char *out_error,
                         uint32_t out_error_bytes)
{
    const struct complaint to = { out_error, out_error_bytes };
    struct tls_client *client = tls_thread_malloc(sizeof(*client));
    enum why why;

    if (client == NULL)
        return complain(&to, "%s", why_sentence(WHY_TLS_NO_MEMORY));
    memset(client, 0, sizeof(*client));
    client->refs = 1;
    client->verifies_ca = up->verify_ca;
    client->verifies_name = up->verify_name;
    why = fill_client(client, up, &to);
    if (why == WHY_OK)
        *out_client = client;
    else
        tls_client_drop(client);
    return why;
}

void tls_client_hold(struct tls_client *client)
{
    __atomic_add_fetch(&client->refs, 1, __ATOMIC_RELAXED);
}

void tls_client_drop(struct tls_client *client)
{
    if (__atomic_sub_fetch(&client->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    tls_sessions_fini(&client->sessions);
    if (client->ctx != NULL)
        wolfSSL_CTX_free(client->ctx);
    tls_thread_free(client);
}

void tls_client_close(struct tls_client *client)
{
    if (client != NULL)
        tls_client_drop(client);
}
