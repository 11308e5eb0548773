/* tls.h - TLS of one connection: ciphertext in and out, plaintext in and out, no I/O. The only traffic code that sees wolfSSL.
 *
 * Spec:   RFC 8446, RFC 5246, RFC 6066 (SNI, OCSP), RFC 7301 (ALPN), RFC 5077.
 * Layer:  conn (conn/tls_*.c).
 * Owner:  contexts: control builds them per worker and frees them; a connection's session keeps its context alive (wolfSSL counts).
 * Bounds: ClientHello at most TLS_HELLO_BYTES_MAX; tickets at most TLS_TICKET_CHAIN_MAX resumptions (io_uring-and-libraries.md 2.6).
 * Thread: a context belongs to one worker; ticket keys are shared read-only and swapped by control.
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
struct tls_client;       /* context: one upstream's, for one worker; holds its session cache (one per endpoint name) */
struct tls;              /* one connection */

enum tls_alpn {
    TLS_ALPN_NONE = 0,
    TLS_ALPN_H1,
    TLS_ALPN_H2,
};

/* Once per process, before threads. Checks the CPU and installs allocators. */
MUST_CHECK enum why tls_init(void);

/* Ticket keys: current, previous and next epoch; the pair will share them later. */
struct tls_ticket_keys;
MUST_CHECK enum why tls_ticket_keys_open(struct tls_ticket_keys **out_keys);
void tls_ticket_keys_close(struct tls_ticket_keys *keys);
/* Control, every TLS_TICKET_ROTATE_S: current becomes previous. Safe while workers read. */
void tls_ticket_keys_rotate(struct tls_ticket_keys *keys, uint64_t wall_ns);

/* Build from checked configuration. out_error: a sentence with what is wrong with the certificate or key. */
MUST_CHECK enum why tls_server_open(const struct tls_host *host, struct tls_ticket_keys *keys, struct tls_server **out_server,
                                    char *out_error, uint32_t out_error_bytes);
void tls_server_close(struct tls_server *server);
MUST_CHECK enum why tls_client_open(const struct upstream *up, struct tls_client **out_client, char *out_error, uint32_t out_error_bytes);
void tls_client_close(struct tls_client *client);

/* What the ClientHello at the front of wire asks for, to choose a context (and so a certificate and policy). */
enum tls_hello_got { TLS_HELLO_MORE = 0, TLS_HELLO_DONE, TLS_HELLO_BAD };
struct tls_hello {
    char    server_name[256];    /* lower case, "" when absent */
    bool    offers_h2, offers_h1, offers_tls13;
    bool    has_alpn;
};
enum tls_hello_got tls_hello_read(const struct bufq *wire, struct tls_hello *out_hello, enum why *out_why);

/* pool: slots of tls_slot_bytes(). server side: alpn is what to answer, picked by the caller from the hello (NONE: no ALPN). */
uint32_t tls_slot_bytes(void);
MUST_CHECK enum why tls_accept_open(struct pool *pool, struct shard *shard, struct tls_server *server, enum tls_alpn alpn, struct tls **out_tls);
/* client side: server_name for SNI and verification; endpoint_key picks the cached session; offers h2 and/or h1. */
MUST_CHECK enum why tls_connect_open(struct pool *pool, struct shard *shard, struct tls_client *client, struct span server_name,
                                     uint64_t endpoint_key, bool offer_h2, bool offer_h1, struct tls **out_tls);
void tls_close(struct tls *t);

/* Eat ciphertext from wire, append plaintext to plain (stopping when plain holds plain_bytes_max), append any answer of the protocol
 * (handshake, alerts, tickets) to cipher_out. WHY_OK: go on. WHY_IO_EOF: the peer said close_notify. Other: fatal; cipher_out may
 * hold an alert to be sent before closing. */
MUST_CHECK enum why tls_feed(struct tls *t, struct bufq *wire, struct bufq *plain, uint32_t plain_bytes_max, struct bufq *cipher_out);
/* Encrypt from the front of plain into cipher_out until that holds about cipher_bytes_max. Record size: small first after idle, then
 * full 16 KiB. Pre: handshake done. */
MUST_CHECK enum why tls_pull(struct tls *t, struct bufq *plain, struct bufq *cipher_out, uint32_t cipher_bytes_max);
/* Append a close_notify. */
void tls_goodbye(struct tls *t, struct bufq *cipher_out);
bool tls_is_ready(const struct tls *t);       /* handshake done */
bool tls_was_resumed(const struct tls *t);
/* A name for the log: "TLSv1.3", "TLS_AES_128_GCM_SHA256"; lives as long as the process. */
const char *tls_version_name(const struct tls *t);
const char *tls_cipher_name(const struct tls *t);
enum tls_alpn tls_alpn(const struct tls *t);
/* Decrypted bytes that wait inside (plain was full). */
bool tls_has_more(const struct tls *t);
