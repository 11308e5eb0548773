/* tls_shake.h - one handshake: what exists only until the keys are agreed.
 *
 * Spec:   RFC 8446 s2, RFC 5246 s7.
 * Layer:  conn (tls_*).
 * Owner:  struct tls holds it and frees it when the keys are handed over. It holds its context.
 * Bounds: the library's own limits on handshake messages; TLS_HEAP_BYTES_MAX.
 * Thread: one worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/must.h"
#include "conn/tls_context.h"
#include "conn/tls_record.h"

struct WOLFSSL;

struct tls_shake {
    struct WOLFSSL    *ssl;
    struct tls_server *server;       /* one of the two                                              */
    struct tls_client *client;
    struct bufq_env   *queues;
    struct bufq       *wire, *out;   /* lent for the time of one call                               */
    uint32_t           may_read;     /* of wire; UINT32_MAX while the handshake lasts               */
    enum why           queue_why;    /* why the library could not write                             */
    uint8_t            ticket_chain; /* server: resumptions so far                                  */
    enum why           name_why;     /* client: what is wrong with the certificate's names          */
    bool               has_ticket, is_tls13;
    enum tls_alpn      alpn;         /* server: what is answered                                    */
    uint64_t           endpoint_key;
    uint8_t            client_secret[TLS_RECORD_SECRET_MAX], server_secret[TLS_RECORD_SECRET_MAX];
    char               name[256];    /* client: SNI and what the certificate must be for            */
};

/* Errors: WHY_TLS_NO_MEMORY. The context is held until close. */
MUST_CHECK enum why tls_shake_open_server(struct tls_server *server, const struct tls_hello *hello, enum tls_alpn alpn,
                                          struct tls_shake **out_shake);
/* name longer than a host name: WHY_UP_TLS_CERT_NAME, it cannot be verified. */
MUST_CHECK enum why tls_shake_open_client(struct tls_client *client, struct span name, uint64_t endpoint_key,
                                          bool offer_h2, bool offer_h1, struct tls_shake **out_shake);
/* Wipes. Accepts NULL. */
void tls_shake_close(struct tls_shake *shake);

enum tls_shake_got {
    TLS_SHAKE_MORE = 0,  /* waits for the peer                                             */
    TLS_SHAKE_DONE,      /* keys are agreed                                                */
    TLS_SHAKE_CLOSED,    /* only of tls_shake_read: the peer said close_notify             */
    TLS_SHAKE_BAD,       /* *out_why; an alert may have been written                       */
};
/* Go on with the handshake: eats from wire, appends to out. */
MUST_CHECK enum tls_shake_got tls_shake_step(struct tls_shake *shake, struct bufq *wire, struct bufq *out,
                                             enum why *out_why);

/* The handshake failed: the session that a client offered is not offered again, should it be the reason. */
void tls_shake_forget(struct tls_shake *shake);

/* What was agreed; after DONE. */
struct tls_agreed {
    const struct tls_suite *suite;
    enum tls_alpn alpn;
    bool          was_resumed;
};
MUST_CHECK bool tls_shake_agreed(const struct tls_shake *shake, struct tls_agreed *out_agreed);
/* Keys for our own records, both directions, and (client) the session into its cache. After that only close. */
MUST_CHECK bool tls_shake_hand_over(struct tls_shake *shake, const struct tls_suite *suite, struct tls_half *out_read,
                                    struct tls_half *out_write);

/* A client of TLS 1.3 lets the library go on until its ticket or the first data has come, because only the library can
 * read tickets. One whole record of record_bytes at the front of wire is eaten; data is appended to plain.
 * MORE: nothing for us in it; DONE: hand over now. */
MUST_CHECK enum tls_shake_got tls_shake_read(struct tls_shake *shake, struct bufq *wire, uint32_t record_bytes,
                                             struct bufq *plain, struct bufq *out, enum why *out_why);
/* One record of data. */
MUST_CHECK enum why tls_shake_write(struct tls_shake *shake, struct span data, struct bufq *out);
/* A close_notify in the library's words. */
void tls_shake_goodbye(struct tls_shake *shake, struct bufq *out);

/* The library's callbacks. */
int tls_shake_recv(struct WOLFSSL *ssl, char *at, int bytes, void *shake);
int tls_shake_send(struct WOLFSSL *ssl, char *at, int bytes, void *shake);
int tls_shake_ticket(struct WOLFSSL *ssl, unsigned char *name, unsigned char *iv, unsigned char *mac, int is_seal,
                     unsigned char *ticket, int ticket_bytes, int *out_bytes, void *policy);
