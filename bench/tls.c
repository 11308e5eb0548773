/* tls.c - the client's side of TLS 1.3 over byte queues, by wolfSSL. */
#include "tls.h"

#include "net.h"
#include "outq.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>

#ifdef CUSTOM_RAND_GENERATE_BLOCK
/* The build of wolfSSL that the gateway uses asks its program for randomness. One thread, so one static pool. */
int CUSTOM_RAND_GENERATE_BLOCK(unsigned char *out, unsigned int n)
{
    static uint8_t pool[4096];
    static size_t used = sizeof pool;

    while (n > 0) {
        size_t now_n = sizeof pool - used < n ? sizeof pool - used : n;

        memcpy(out, pool + used, now_n);
        used += now_n;
        out += now_n;
        n -= (unsigned)now_n;
        if (used == sizeof pool) {
            if (getrandom(pool, sizeof pool, 0) != (ssize_t)sizeof pool)
                net_die(errno, "getrandom");
            used = 0;
        }
    }
    return 0;
}
#endif

static int tls_on_recv(WOLFSSL *ssl, char *room, int room_bytes, void *arg)
{
    struct tls *t = arg;
    size_t n = t->_in_bytes < (size_t)room_bytes ? t->_in_bytes : (size_t)room_bytes;

    (void)ssl;
    if (n == 0)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    memcpy(room, t->_in, n);
    t->_in += n;
    t->_in_bytes -= n;
    return (int)n;
}

static int tls_on_send(WOLFSSL *ssl, char *data, int n, void *arg)
{
    struct tls *t = arg;

    (void)ssl;
    outq_push(t->_out, data, (size_t)n);
    return n;
}

void tls_ctx_open(struct tls_ctx *ctx, enum tls_group group, bool h2)
{
    WOLFSSL_CTX *wctx = NULL;
    int groups[1] = {group == TLS_GROUP_X25519 ? WOLFSSL_ECC_X25519 : WOLFSSL_X25519MLKEM768};

    wolfSSL_Init();
    wctx = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
    if (wctx == NULL)
        net_die(0, "wolfSSL_CTX_new fails");
    wolfSSL_CTX_set_verify(wctx, WOLFSSL_VERIFY_NONE, NULL);
    if (wolfSSL_CTX_set_cipher_list(wctx, "TLS13-AES128-GCM-SHA256") != WOLFSSL_SUCCESS)
        net_die(0, "this wolfSSL lacks TLS13-AES128-GCM-SHA256");
    if (wolfSSL_CTX_set_groups(wctx, groups, 1) != WOLFSSL_SUCCESS)
        net_die(0, "this wolfSSL lacks the group wanted");
    if (wolfSSL_CTX_UseSessionTicket(wctx) != WOLFSSL_SUCCESS)
        net_die(0, "this wolfSSL lacks session tickets");
    wolfSSL_CTX_SetIORecv(wctx, tls_on_recv);
    wolfSSL_CTX_SetIOSend(wctx, tls_on_send);
    ctx->_ctx = wctx;
    ctx->group = group;
    ctx->h2 = h2;
}

void tls_open(struct tls *t, struct tls_ctx *ctx, struct outq *out, bool may_resume)
{
    WOLFSSL *ssl = wolfSSL_new(ctx->_ctx);
    char alpn[] = "http/1.1";
    char alpn_h2[] = "h2";
    char *name = ctx->h2 ? alpn_h2 : alpn;
    uint16_t group = ctx->group == TLS_GROUP_X25519 ? WOLFSSL_ECC_X25519 : WOLFSSL_X25519MLKEM768;

    if (ssl == NULL)
        net_die(0, "wolfSSL_new fails");
    t->_ssl = ssl;
    t->_in_bytes = 0;
    t->_out = out;
    t->_is_ready = false;
    wolfSSL_SetIOReadCtx(ssl, t);
    wolfSSL_SetIOWriteCtx(ssl, t);
    wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, "bench.test", 10);
    wolfSSL_UseALPN(ssl, name, (unsigned)strlen(name), WOLFSSL_ALPN_FAILED_ON_MISMATCH);
    if (may_resume && t->_ticket != NULL)
        wolfSSL_set_session(ssl, t->_ticket);
    if (wolfSSL_UseKeyShare(ssl, group) != WOLFSSL_SUCCESS)
        net_die(0, "wolfSSL_UseKeyShare fails");
    (void)wolfSSL_connect(ssl);  /* writes the hello, then wants to read */
}

void tls_feed(struct tls *t, const uint8_t *data, size_t n)
{
    t->_in = data;
    t->_in_bytes = n;
}

enum tls_got tls_next(struct tls *t, uint8_t *room, size_t room_bytes, size_t *out_bytes, const char **out_why)
{
    int got = t->_is_ready ? wolfSSL_read(t->_ssl, room, (int)room_bytes) : wolfSSL_connect(t->_ssl);
    int err = 0;

    if (!t->_is_ready && got == WOLFSSL_SUCCESS) {
        t->_is_ready = true;
        return TLS_READY;
    }
    if (got > 0) {
        *out_bytes = (size_t)got;
        return TLS_DATA;
    }
    err = wolfSSL_get_error(t->_ssl, got);
    if (err == WOLFSSL_ERROR_WANT_READ)
        return TLS_MORE;
    if (err == WOLFSSL_ERROR_ZERO_RETURN)
        return TLS_CLOSED;
    *out_why = wolfSSL_ERR_reason_error_string((unsigned long)err);
    return TLS_BAD;
}

void tls_write(struct tls *t, const void *data, size_t n)
{
    if (wolfSSL_write(t->_ssl, data, (int)n) != (int)n)
        net_die(0, "wolfSSL_write fails");
}

bool tls_was_resumed(const struct tls *t)
{
    return wolfSSL_session_reused(t->_ssl) == 1;
}

void tls_close(struct tls *t, bool keep_ticket)
{
    if (t->_ssl == NULL)
        return;
    if (keep_ticket) {
        WOLFSSL_SESSION *fresh = wolfSSL_get1_session(t->_ssl);

        if (fresh != NULL) {
            wolfSSL_SESSION_free(t->_ticket);
            t->_ticket = fresh;
        }
    }
    wolfSSL_free(t->_ssl);
    t->_ssl = NULL;
}
