/* h1_reader.h - messages off an HTTP/1 wire: llhttp finds the tokens, we say which of them are admitted.
 *
 * Spec:   RFC 9112 s2 (message), s3 (request line), s4 (status line), s5 (fields), s6 (body), s7.1 (chunked).
 * Layer:  http. No I/O, no clock.
 * Owner:  whoever embeds struct h1_reader. Heads are copied into the head's arena in one piece, payload moves by
 *         reference; no pointer to wire bytes outlives a call.
 * Bounds: HEAD_* and H1_* of limits.h; hitting one is a WHY. However the wire is cut, head, payload and verdict are the
 *         same: limits are counted in bytes of the wire, or looked at when a token is complete.
 *
 * One message after the other:  begin -> head -> body -> begin ...
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <llhttp.h>

#include "base/bufq.h"
#include "base/must.h"
#include "base/why.h"
#include "http/h1_check.h"
#include "http/head.h"

enum h1_got {
    H1_MORE = 0, /* wire is empty and this step is not over                                      */
    H1_DONE,     /* this step is over; wire holds what follows                                   */
    H1_FULL,     /* body only: the queue has reached STREAM_RX_BYTES_HIGH, wire keeps the rest   */
    H1_BAD,      /* *out_why is set; where the next message would begin is not known any more    */
};

struct h1_reader {           /* embed it; touch nothing inside                                   */
    llhttp_t _llhttp;
    uint64_t _left_bytes;    /* payload still owed: of the message, or of the current chunk      */
    uint32_t _run_bytes;     /* wire bytes since the message began, or since the last payload    */
    uint16_t _excess_bytes;  /* of chunk lines, see H1_CHUNK_EXCESS_BYTES_MAX                    */
    uint8_t  _stage;         /* enum in h1_reader.c; 0 awaits a message                          */
    uint8_t  _flags;
};
STATIC_MUST(sizeof(struct h1_reader) == 112, "an idle connection holds one");

void h1_reader_init(struct h1_reader *r, bool is_response);

/* Up to the first byte of a message, which stays in wire. Pre: start, or the last message was read to its end.
 * Requests may have H1_BLANK_LINES_MAX empty lines before them (RFC 9112 s2.2). DONE: call head next.
 * Errors: WHY_H1_BLANK_LINES, WHY_H1_LINE_END, WHY_H1_ANSWER_HEAD. */
enum h1_got h1_reader_begin(struct h1_reader *r, struct bufq_env *env, struct bufq *wire, enum why *out_why);

/* The head, into *head (initialised, empty). asked: what a response answers; NULL for requests. DONE: head is complete
 * and checked (h1_check.h), *out_facts is written; call body next if head->has_body, else begin. */
enum h1_got h1_reader_head(struct h1_reader *r, struct bufq_env *env, struct bufq *wire, struct head *head,
                           const struct h1_asked *asked, struct h1_facts *out_facts, enum why *out_why);

/* Payload, appended to *body; DONE: all of it, and *trailers holds what came behind it.
 * Errors: WHY_H1_CHUNK*, WHY_H1_TRAILERS_LONG, WHY_H1_FIELD*, their WHY_H1_ANSWER_* kin, WHY_POOL_BUFFER_EMPTY,
 * WHY_ARENA_FULL. */
enum h1_got h1_reader_body(struct h1_reader *r, struct bufq_env *env, struct bufq *wire, struct bufq *body,
                           struct head *trailers, enum why *out_why);

/* Between two messages: the peer may end the connection here. */
bool h1_reader_is_between(const struct h1_reader *r);
/* The peer has ended the connection and that ends the message properly: a response that has no other end. */
bool h1_reader_may_end(const struct h1_reader *r);
