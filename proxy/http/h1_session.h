/* h1_session.h - what the two HTTP/1 sessions share: one stream at a time on one connection. Private to http/h1_*.
 *
 * Spec:   RFC 9112 s9 (connections), s7 (bodies), RFC 9110 s7.8 (Upgrade).
 * Layer:  http. No I/O.
 * Owner:  the pool's slot; the stream belongs to its exchange.
 * Bounds: one stream; H1_PIPELINE_BYTES_MAX unread while it lasts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/why.h"
#include "http/h1_reader.h"
#include "http/h1_writer.h"
#include "http/session.h"

/* What is read next. */
enum h1_state {
    H1_AWAIT_START = 0, /* client: no stream                                                */
    H1_AWAIT_MESSAGE,   /* first byte of a request, or of an answer                         */
    H1_AWAIT_HEAD,
    H1_AWAIT_TAKEN,     /* client: until the exchange has taken an interim head             */
    H1_AWAIT_BODY,
    H1_AWAIT_LEAVE,     /* message is read: until the exchange has left                     */
    H1_AWAIT_BYTES,     /* a tunnel's                                                       */
    H1_ENDED,
};

/* 192 bytes: an idle connection holds one. */
struct h1_session {
    struct session   base;
    struct pool     *pool;
    struct stream   *stream;      /* the table of streams, of length one                   */
    struct h1_reader reader;
    uint64_t         left_bytes;  /* of what is being written, when its mode is LENGTH     */
    uint16_t         error;       /* server: enum why that is to be answered               */
    uint8_t          state;       /* enum h1_state                                         */
    uint8_t          mode;        /* enum h1_mode of what is being written                 */
    uint8_t          interims_n;  /* client: 1xx heads of this answer                      */
    bool             keeps : 1;       /* connection may go on after this exchange          */
    bool             is_draining : 1;
    bool             has_begun : 1;   /* final head (server), or head (client), is written */
    bool             is_head : 1;     /* server: method is HEAD                            */
};
STATIC_MUST(sizeof(struct h1_session) <= 192, "an idle connection holds one");

static inline struct h1_session *h1_session_of(struct session *s)
{
    return container_of(s, struct h1_session, base);
}

MUST_CHECK enum why h1_session_open(struct pool *pool, struct shard *shard, const struct session_type *type,
                                    struct session **out_session);
/* A stream moves in; its flags are its exchange's. */
void h1_session_bind(struct h1_session *h, struct stream *st);
/* The stream moves out because its exchange leaves. */
void h1_session_unbind(struct h1_session *h);
/* The stream, if there is one, is told why it ends, and forgotten. */
void h1_session_cut(struct h1_session *h, enum why why);
/* Nothing more is read or written. */
void h1_session_end(struct h1_session *h);
void h1_session_wake(struct h1_session *h);

/* Payload from wire into the stream; *out_goes_on: the message is over, there may be more to do.
 * Errors: as h1_reader_body; nothing was told to the stream. */
MUST_CHECK enum why h1_session_feed_body(struct h1_session *h, struct bufq *wire, bool *out_goes_on);
/* A tunnel's bytes. */
MUST_CHECK enum why h1_session_feed_bytes(struct h1_session *h, struct bufq *wire);
/* Payload of the stream onto the wire, and its end; sets tx_done. Errors: as h1_writer_payload and _end. */
MUST_CHECK enum why h1_session_pull_payload(struct h1_session *h, struct bufq *out, uint32_t room);
/* Has the stream something that can be written now. */
bool h1_session_has_output(const struct h1_session *h);

/* Members of both session types. */
void h1_session_touch(struct session *s, struct stream *st);
void h1_session_fini(struct session *s, enum why why);
