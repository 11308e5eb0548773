/* tls.h - the client's side of TLS 1.3 over byte queues: the key share named, one cipher, tickets when wanted.
 *
 * Spec:   RFC 8446; X25519MLKEM768 is draft-ietf-tls-ecdhe-mlkem. TLS_AES_128_GCM_SHA256 only, so that every proxy
 *         negotiates the same.
 * Owner:  one struct tls_ctx per program, one struct tls per connection. The certificate's chain is not verified
 *         (it is self-signed); its signature over the handshake is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outq;

enum tls_group { TLS_GROUP_X25519 = 0, TLS_GROUP_X25519MLKEM768 };

enum tls_got {
    TLS_MORE = 0,  /* everything is eaten                                    */
    TLS_READY,     /* the handshake is over: write the first request         */
    TLS_DATA,      /* *out_bytes of plain text                               */
    TLS_CLOSED,    /* close_notify                                           */
    TLS_BAD,       /* *out_why says what                                     */
};

struct tls_ctx {
    void *_ctx;
    enum tls_group group;
    bool h2;
};

struct tls {
    void *_ssl;
    void *_ticket;        /* session of this slot's last connection; NULL without */
    const uint8_t *_in;
    size_t _in_bytes;
    struct outq *_out;
    bool _is_ready;
};

void tls_ctx_open(struct tls_ctx *ctx, enum tls_group group, bool h2);

/* Begin a handshake; its first flight is in *out. With may_resume the slot's ticket is offered. */
void tls_open(struct tls *tls, struct tls_ctx *ctx, struct outq *out, bool may_resume);

/* Hand in what came from the wire, then call tls_next until it answers MORE, CLOSED or BAD. */
void tls_feed(struct tls *tls, const uint8_t *data, size_t n);
enum tls_got tls_next(struct tls *tls, uint8_t *room, size_t room_bytes, size_t *out_bytes, const char **out_why);

void tls_write(struct tls *tls, const void *data, size_t n);
bool tls_was_resumed(const struct tls *tls);

/* Free the connection's state; with keep_ticket the slot remembers its newest ticket. */
void tls_close(struct tls *tls, bool keep_ticket);
