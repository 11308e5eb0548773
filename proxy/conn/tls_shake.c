/* tls_shake.c - handshakes by wolfSSL, over queues.
 *
 * Spec:   RFC 8446 s4 and s7.1 (secrets), RFC 7301 s3.2 (one protocol is answered), RFC 6066 s3 (no addresses in SNI).
 * Layer:  conn (tls_*).
 *
 * The library asks for a record's header and then for its body, so nothing that follows the handshake is ever inside it
 * when the keys are handed over.
 */
#include "conn/tls_shake.h"

#include <arpa/inet.h>
#include <string.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>
#include <wolfssl/error-ssl.h>

#include "base/limits.h"
#include "conn/tls_error.h"
#include "conn/tls_thread.h"

enum { SERVER_NAME_BYTES_MAX = 255, CLEAR_ALERT_BYTES = 7 };

/* ---- the library's callbacks ---- */

int tls_shake_recv(struct WOLFSSL *ssl, char *at, int bytes, void *arg)
{
    struct tls_shake *s = arg;
    uint32_t want = bytes > 0 ? (uint32_t)bytes : 0;

    UNUSED(ssl);
    if (want > s->may_read)
        want = s->may_read;
    uint32_t got = bufq_peek(s->wire, (uint8_t *)at, want);
    if (got == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    bufq_eat(s->queues, s->wire, got);
    if (s->may_read != UINT32_MAX)
        s->may_read -= got;
    return (int)got;
}

int tls_shake_send(struct WOLFSSL *ssl, char *at, int bytes, void *arg)
{
    struct tls_shake *s = arg;

    UNUSED(ssl);
    MUST(bytes > 0);
    s->queue_why = bufq_push_copy(s->queues, s->out, span_of(at, (size_t)bytes));
    return s->queue_why == WHY_OK ? bytes : WOLFSSL_CBIO_ERR_GENERAL;
}

/* TLS 1.3: OK and never CREATE, which the library takes for a refusal there. An unusable ticket is no error. */
int tls_shake_ticket(struct WOLFSSL *ssl, unsigned char *name, unsigned char *iv, unsigned char *mac, int is_seal,
                     unsigned char *ticket, int ticket_bytes, int *out_bytes, void *policy)
{
    const struct tls_ticket_frame frame = { .name = name, .iv = iv, .mac = mac };
    struct tls_shake *s = wolfSSL_GetIOReadCtx(ssl);
    uint8_t chain = 0;

    MUST(ticket_bytes > 0);
    if (is_seal) {
        *out_bytes = ticket_bytes + TLS_TICKET_GROWS_BYTES;
        return tls_ticket_seal(policy, &frame, ticket, (uint32_t)ticket_bytes, s->ticket_chain)
                   ? WOLFSSL_TICKET_RET_OK : WOLFSSL_TICKET_RET_REJECT;
    }
    enum tls_ticket_got got = tls_ticket_unseal(policy, &frame, ticket, (uint32_t)ticket_bytes, &chain);
    if (got == TLS_TICKET_BAD)
        return WOLFSSL_TICKET_RET_REJECT;
    *out_bytes = ticket_bytes - TLS_TICKET_GROWS_BYTES;
    /* Several tickets may be tried; whichever is taken, the longest chain counts. */
    if (s->ticket_chain < chain + 1)
        s->ticket_chain = (uint8_t)(chain + 1);
    return got == TLS_TICKET_OLD && wolfSSL_version(ssl) < TLS1_3_VERSION ? WOLFSSL_TICKET_RET_CREATE
                                                                          : WOLFSSL_TICKET_RET_OK;
}

static int on_secret(WOLFSSL *ssl, int id, const unsigned char *secret, int secret_bytes, void *arg)
{
    struct tls_shake *s = arg;

    UNUSED(ssl);
    MUST(secret_bytes > 0 && secret_bytes <= TLS_RECORD_SECRET_MAX);
    if (id == CLIENT_TRAFFIC_SECRET)
        memcpy(s->client_secret, secret, (size_t)secret_bytes);
    else if (id == SERVER_TRAFFIC_SECRET)
        memcpy(s->server_secret, secret, (size_t)secret_bytes);
    return 0;
}

static int on_ticket(WOLFSSL *ssl, const unsigned char *ticket, int bytes, void *arg)
{
    struct tls_shake *s = arg;

    UNUSED(ssl);
    UNUSED(ticket);
    UNUSED(bytes);
    s->has_ticket = true;
    return 0;
}

/* ---- opening ---- */

static const char *alpn_text(enum tls_alpn alpn)
{
    return alpn == TLS_ALPN_H2 ? "h2" : "http/1.1";
}

static bool set_common(struct tls_shake *s)
{
    wolfSSL_SetIOReadCtx(s->ssl, s);
    wolfSSL_SetIOWriteCtx(s->ssl, s);
    s->may_read = UINT32_MAX;
    return wolfSSL_set_tls13_secret_cb(s->ssl, on_secret, s) == WOLFSSL_SUCCESS;
}

static struct tls_shake *make(WOLFSSL_CTX *ctx)
{
    struct tls_shake *s = tls_thread_malloc(sizeof(*s));

    if (s == NULL)
        return NULL;
    memset(s, 0, sizeof(*s));
    s->ssl = wolfSSL_new(ctx);
    if (s->ssl != NULL && set_common(s))
        return s;
    tls_shake_close(s);
    return NULL;
}

enum why tls_shake_open_server(struct tls_server *server, const struct tls_hello *hello, enum tls_alpn alpn,
                               struct tls_shake **out_shake)
{
    struct tls_shake *s = make(tls_server_pick(server, hello));
    char protocol[16];

    if (s == NULL)
        return WHY_TLS_NO_MEMORY;
    s->server = server;
    tls_server_hold(server);
    s->alpn = alpn;
    if (alpn != TLS_ALPN_NONE) {
        size_t bytes = strlen(alpn_text(alpn));
        memcpy(protocol, alpn_text(alpn), bytes + 1);
        if (wolfSSL_UseALPN(s->ssl, protocol, (unsigned)bytes, WOLFSSL_ALPN_FAILED_ON_MISMATCH) != WOLFSSL_SUCCESS) {
            tls_shake_close(s);
            return WHY_TLS_NO_MEMORY;
        }
    }
    *out_shake = s;
    return WHY_OK;
}

static bool is_address(const char *name)
{
    uint8_t bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* With RESUME the server may pick; refusal shows as TLS_ALPN_NONE or as its own alert. */
static bool offer(struct tls_shake *s, bool offer_h2, bool offer_h1)
{
    char   list[16] = "";
    size_t used = 0;

    if (offer_h2)
        used += (size_t)snprintf(list, sizeof(list), "h2%s", offer_h1 ? "," : "");
    if (offer_h1)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "http/1.1");
    if (used > 0 && wolfSSL_UseALPN(s->ssl, list, (unsigned)used, WOLFSSL_ALPN_CONTINUE_ON_MISMATCH) != WOLFSSL_SUCCESS)
        return false;
    return s->name[0] == 0 || is_address(s->name) ||
           wolfSSL_UseSNI(s->ssl, WOLFSSL_SNI_HOST_NAME, s->name, (unsigned short)strlen(s->name)) == WOLFSSL_SUCCESS;
}

enum why tls_shake_open_client(struct tls_client *client, struct span name, uint64_t endpoint_key, bool offer_h2,
                               bool offer_h1, struct tls_shake **out_shake)
{
    struct tls_shake *s;

    if (name.len > SERVER_NAME_BYTES_MAX || memchr(name.at, 0, name.len) != NULL)
        return WHY_UP_TLS_CERT_NAME;
    s = make(client->ctx);
    if (s == NULL)
        return WHY_TLS_NO_MEMORY;
    s->client = client;
    tls_client_hold(client);
    s->endpoint_key = endpoint_key;
    memcpy(s->name, name.at, name.len);
    wolfSSL_SetCertCbCtx(s->ssl, s);
    (void)wolfSSL_set_SessionTicket_cb(s->ssl, on_ticket, s);
    if (!offer(s, offer_h2, offer_h1)) {
        tls_shake_close(s);
        return WHY_TLS_NO_MEMORY;
    }
    WOLFSSL_SESSION *session = tls_sessions_find(&client->sessions, endpoint_key, name);
    if (session != NULL)
        (void)wolfSSL_set_session(s->ssl, session); /* One that is too old is refused: then it is a full handshake. */
    *out_shake = s;
    return WHY_OK;
}

void tls_shake_close(struct tls_shake *s)
{
    if (s == NULL)
        return;
    if (s->ssl != NULL)
        wolfSSL_free(s->ssl);
    if (s->server != NULL)
        tls_server_drop(s->server);
    if (s->client != NULL)
        tls_client_drop(s->client);
    explicit_bzero(s->client_secret, sizeof(s->client_secret));
    explicit_bzero(s->server_secret, sizeof(s->server_secret));
    tls_thread_free(s);
}

/* ---- going on ---- */

static enum tls_shake_got verdict(struct tls_shake *s, int result, enum why *out_why)
{
    bool is_upstream = s->client != NULL;
    WOLFSSL_ALERT_HISTORY alerts;
    int error = wolfSSL_get_error(s->ssl, result);

    if (error == WOLFSSL_ERROR_WANT_READ)
        return TLS_SHAKE_MORE;
    if (error == WOLFSSL_ERROR_ZERO_RETURN)
        return TLS_SHAKE_CLOSED;
    *out_why = tls_error_why(error, is_upstream);
    if (error == FATAL_ERROR) {
        memset(&alerts, 0, sizeof(alerts));
        (void)wolfSSL_get_alert_history(s->ssl, &alerts);
        *out_why = tls_error_alert((uint8_t)alerts.last_rx.code, is_upstream);
    } else if (s->name_why != WHY_OK) {
        *out_why = s->name_why;
    } else if (s->queue_why != WHY_OK) {
        *out_why = s->queue_why;
    }
    return TLS_SHAKE_BAD;
}

/* A client that refuses our certificate in TLS 1.3 may say so in the clear (OpenSSL does), which the library takes for a breach of
 * the record layer. It ends the handshake either way; this only gives it its name. */
static void name_clear_alert(struct tls_shake *s, const uint8_t *front, enum why *io_why)
{
    if (front[0] == TLS_CONTENT_ALERT && front[1] == 3 && front[3] == 0 && front[4] == 2)
        *io_why = tls_error_alert(front[6], s->client != NULL);
}

enum tls_shake_got tls_shake_step(struct tls_shake *s, struct bufq *wire, struct bufq *out, enum why *out_why)
{
    uint8_t front[CLEAR_ALERT_BYTES];
    bool has_front = bufq_peek(wire, front, sizeof(front)) == sizeof(front);

    s->wire = wire;
    s->out = out;
    int result = s->server != NULL ? wolfSSL_accept(s->ssl) : wolfSSL_connect(s->ssl);
    if (result == WOLFSSL_SUCCESS) {
        s->is_tls13 = wolfSSL_version(s->ssl) == TLS1_3_VERSION;
        if (s->name_why == WHY_OK)
            return TLS_SHAKE_DONE;
        *out_why = s->name_why; /* The authority is not verified, so the library went on all the same. */
        return TLS_SHAKE_BAD;
    }
    enum tls_shake_got got = verdict(s, result, out_why);
    if (got == TLS_SHAKE_BAD && has_front)
        name_clear_alert(s, front, out_why);
    if (got != TLS_SHAKE_CLOSED)
        return got;
    *out_why = tls_error_side(s->client != NULL, WHY_TLS_CUT, WHY_UP_TLS_CUT);
    return TLS_SHAKE_BAD;
}

void tls_shake_forget(struct tls_shake *s)
{
    if (s->client != NULL)
        tls_sessions_keep(&s->client->sessions, s->endpoint_key, span_str(s->name), NULL);
}

static enum tls_alpn agreed_alpn(const struct tls_shake *s)
{
    char          *name = NULL;
    unsigned short bytes = 0;

    if (wolfSSL_ALPN_GetProtocol(s->ssl, &name, &bytes) != WOLFSSL_SUCCESS)
        return TLS_ALPN_NONE;
    if (span_is(span_of(name, bytes), SPAN_LIT("h2")))
        return TLS_ALPN_H2;
    return span_is(span_of(name, bytes), SPAN_LIT("http/1.1")) ? TLS_ALPN_H1 : TLS_ALPN_NONE;
}

bool tls_shake_agreed(const struct tls_shake *s, struct tls_agreed *out)
{
    out->suite = tls_suite_find((uint16_t)wolfSSL_get_current_cipher_suite(s->ssl));
    out->alpn = agreed_alpn(s);
    out->was_resumed = wolfSSL_session_reused(s->ssl) != 0;
    return out->suite != NULL;
}

static void keep_session(struct tls_shake *s)
{
    WOLFSSL_SESSION *session;

    if (s->is_tls13 && !s->has_ticket)
        return;
    session = wolfSSL_get1_session(s->ssl);
    if (session != NULL)
        tls_sessions_keep(&s->client->sessions, s->endpoint_key, span_str(s->name), session);
}

bool tls_shake_hand_over(struct tls_shake *s, const struct tls_suite *suite, struct tls_half *out_read,
                         struct tls_half *out_write)
{
    struct tls_half *of_client = s->server != NULL ? out_read : out_write;
    struct tls_half *of_server = s->server != NULL ? out_write : out_read;
    word64 read_seq, write_seq;

    /* These two answer 0 for success only when the number is not 0. */
    (void)wolfSSL_GetPeerSequenceNumber(s->ssl, &read_seq);
    (void)wolfSSL_GetSequenceNumber(s->ssl, &write_seq);
    if (s->client != NULL)
        keep_session(s);
    return wolfSSL_GetKeySize(s->ssl) == suite->key_bytes &&
           tls_half_init(of_client, suite, wolfSSL_GetClientWriteKey(s->ssl), wolfSSL_GetClientWriteIV(s->ssl),
                         suite->is_tls13 ? s->client_secret : NULL, s->server != NULL ? read_seq : write_seq) &&
           tls_half_init(of_server, suite, wolfSSL_GetServerWriteKey(s->ssl), wolfSSL_GetServerWriteIV(s->ssl),
                         suite->is_tls13 ? s->server_secret : NULL, s->server != NULL ? write_seq : read_seq);
}

/* ---- a client that waits for its ticket ---- */

enum tls_shake_got tls_shake_read(struct tls_shake *s, struct bufq *wire, uint32_t record_bytes, struct bufq *plain,
                                  struct bufq *out, enum why *out_why)
{
    uint32_t room;
    uint8_t *at = bufq_reserve(s->queues, plain, TLS_RECORD_CONTENT_MAX, &room);

    if (at == NULL) {
        *out_why = WHY_POOL_BUFFER_EMPTY;
        return TLS_SHAKE_BAD;
    }
    s->wire = wire;
    s->out = out;
    s->may_read = record_bytes;
    int result = wolfSSL_read(s->ssl, at, TLS_RECORD_CONTENT_MAX);
    if (result > 0) {
        MUST(s->may_read == 0 && wolfSSL_pending(s->ssl) == 0);
        bufq_commit(plain, (uint32_t)result);
        return TLS_SHAKE_DONE;
    }
    enum tls_shake_got got = verdict(s, result, out_why);
    MUST(got != TLS_SHAKE_MORE || s->may_read == 0);
    return got == TLS_SHAKE_MORE && s->has_ticket ? TLS_SHAKE_DONE : got;
}

enum why tls_shake_write(struct tls_shake *s, struct span data, struct bufq *out)
{
    enum why why = WHY_OK;

    MUST(data.len > 0 && data.len <= TLS_RECORD_CONTENT_MAX);
    s->out = out;
    int result = wolfSSL_write(s->ssl, data.at, (int)data.len);
    if (result == (int)data.len)
        return WHY_OK;
    return verdict(s, result, &why) == TLS_SHAKE_BAD ? why : WHY_TLS_FAILED;
}

void tls_shake_goodbye(struct tls_shake *s, struct bufq *out)
{
    s->out = out;
    (void)wolfSSL_shutdown(s->ssl);
}
