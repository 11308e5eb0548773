/* tls.h - TLS of one connection: ciphertext in and out, plaintext in and out, no I/O.
 *
 * Spec:   RFC 8446, RFC 5246, RFC 6066 (SNI, OCSP), RFC 7301 (ALPN), RFC 5077.
 * Layer:  conn (conn/tls_*.c, the only traffic code that sees wolfSSL).
 * Owner:  contexts: control builds them per worker and frees them; a handshake in progress keeps its context alive.
 * Bounds: ClientHello at most TLS_HELLO_BYTES_MAX; tickets at most TLS_TICKET_CHAIN_MAX resumptions.
 * Thread: a context belongs to one worker; ticket keys are shared read-only and swapped by control.
 *
 * wolfSSL shakes hands; then its object is freed, and conn/tls_record.c protects records with the keys that were
 * agreed, as the kernel's TLS would: no copy but the cipher's, and an idle connection keeps one slot of about 1 KB.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/shard.h"
#include "base/span.h"
#include "base/why.h"

struct tls_host;
struct upstream;
struct tls_server;       /* context: one server name's policy, for one worker */
struct tls_client;       /* context: one upstream's, for one worker; with a session for each endpoint and name */
struct tls;              /* one connection */

enum tls_alpn {
    TLS_ALPN_NONE = 0,
    TLS_ALPN_H1,
    TLS_ALPN_H2,
};

/* Once per process, before threads. Checks the CPU and installs allocators. Errors: WHY_TLS_CPU, WHY_TLS_FAILED. */
MUST_CHECK enum why tls_init(void);
/* Bytes that the library holds for the calling thread: at most TLS_HEAP_BYTES_MAX. */
uint64_t tls_heap_bytes(void);

/* Ticket keys: current, previous and next epoch; the pair will share them later. */
struct tls_ticket_keys;
MUST_CHECK enum why tls_ticket_keys_open(struct tls_ticket_keys **out_keys);
void tls_ticket_keys_close(struct tls_ticket_keys *keys);
/* Control, every TLS_TICKET_ROTATE_S: current becomes previous. Safe while workers read. */
void tls_ticket_keys_rotate(struct tls_ticket_keys *keys);

/* Build from checked configuration. Errors: WHY_TLS_CONTEXT, with a sentence in out_error. close takes NULL and may be
 * called by any thread. keys must outlive the last handshake. */
MUST_CHECK enum why tls_server_open(const struct tls_host *host, struct tls_ticket_keys *keys,
                                    struct tls_server **out_server, char *out_error, uint32_t out_error_bytes);
void tls_server_close(struct tls_server *server);
MUST_CHECK enum why tls_client_open(const struct upstream *up, struct tls_client **out_client, char *out_error,
                                    uint32_t out_error_bytes);
void tls_client_close(struct tls_client *client);

/* What the ClientHello at the front of wire asks for, to choose a context (and so a certificate and policy). */
enum tls_hello_got {
    TLS_HELLO_MORE = 0, /* not whole yet */
    TLS_HELLO_DONE,     /* *out_hello is written; wire is as before */
    TLS_HELLO_BAD,      /* *out_why: plain HTTP, not TLS, too long, malformed */
};
struct tls_hello {
    char     server_name[256];   /* lower case, without a final dot; "" when absent */
    bool     has_alpn, offers_h2, offers_h1;
    bool     offers_tls12, offers_tls13;
    bool     offers_ecdsa12, offers_rsa12; /* a TLS 1.2 suite of ours for that kind of certificate */
    bool     lacks_groups;       /* names groups for key agreement, and none of ours */
    uint16_t signatures;         /* bits of conn/tls_suite.h that the client verifies */
};
enum tls_hello_got tls_hello_read(const struct bufq *wire, struct tls_hello *out_hello, enum why *out_why);

/* pool: slots of tls_slot_bytes(). hello picks the certificate (ECDSA where the client takes it). alpn is what to
 * answer, picked by the caller from the hello; NONE only when the hello has none. One that the client does not offer
 * ends in WHY_TLS_ALPN with the alert of RFC 7301 s3.2. Errors: WHY_POOL_SESSION_EMPTY, WHY_TLS_NO_MEMORY. */
uint32_t tls_slot_bytes(void);
MUST_CHECK enum why tls_accept_open(struct pool *pool, struct shard *shard, struct tls_server *server,
                                    const struct tls_hello *hello, enum tls_alpn alpn, struct tls **out_tls);
/* client side: server_name for SNI and verification (a name or an address); endpoint_key and server_name pick the
 * cached session; offers h2 and/or h1. The first tls_feed, with an empty wire, writes the ClientHello.
 * Errors: as above. */
MUST_CHECK enum why tls_connect_open(struct pool *pool, struct shard *shard, struct tls_client *client,
                                     struct span server_name, uint64_t endpoint_key, bool offer_h2, bool offer_h1,
                                     struct tls **out_tls);
/* Accepts NULL. */
void tls_close(struct tls *t);

/* Eat ciphertext from wire, append plaintext to plain (stopping when that holds plain_bytes_max or more: at most one
 * record more), append what the protocol answers (handshake, alerts, tickets) to cipher_out. Part of a record stays.
 * WHY_OK: go on; when wire still holds bytes, call again when plain has drained or more has come. WHY_IO_EOF: the peer
 * said close_notify (t may still send). Other: fatal and sticky; plain keeps what whole records brought before, and
 * cipher_out may end in an alert to be sent before closing. */
MUST_CHECK enum why tls_feed(struct tls *t, struct bufq *wire, struct bufq *plain, uint32_t plain_bytes_max,
                             struct bufq *cipher_out);
/* Encrypt from the front of plain into cipher_out until that holds about cipher_bytes_max. Record size: small first
 * after idle, then full 16 KiB. Pre: tls_is_ready. */
MUST_CHECK enum why tls_pull(struct tls *t, struct bufq *plain, struct bufq *cipher_out, uint32_t cipher_bytes_max);
/* Append a close_notify (once). Harmless before the handshake is done and after a failure. */
void tls_goodbye(struct tls *t, struct bufq *cipher_out);
/* What the end of the transport means now: WHY_IO_EOF after a close_notify, else that the connection was cut. */
enum why tls_eof(const struct tls *t);
/* The first flight of a client is still to be written: call tls_feed although wire is empty. */
bool tls_has_more(const struct tls *t);
bool tls_is_ready(const struct tls *t);       /* handshake done */
bool tls_was_resumed(const struct tls *t);
/* For the log: "TLSv1.3", "TLS_AES_128_GCM_SHA256", "-" before the handshake is done; live as long as the process. */
const char *tls_version_name(const struct tls *t);
const char *tls_cipher_name(const struct tls *t);
/* What was agreed; NONE before the handshake is done. */
enum tls_alpn tls_alpn(const struct tls *t);
