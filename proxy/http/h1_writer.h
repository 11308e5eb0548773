/* h1_writer.h - heads and payload onto an HTTP/1 wire; framing is always ours, never copied from what came.
 *
 * Spec:   RFC 9112 s3 to s7, s9.6; RFC 9110 s7.6.1 (hop-by-hop), s8.6 (Content-Length), s7.8 (Upgrade), s10.1.4 (TE).
 * Layer:  http. No I/O.
 * Owner:  heads stay the caller's; payload moves by reference from the stream's queue to the connection's.
 * Bounds: a head is at most what limits.h lets in, plus our own lines. A CR or LF inside a name, value, target or
 *         authority is our bug (readers refuse them, configuration is checked): MUST, because the other end of it is a
 *         response of somebody's choosing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/must.h"
#include "base/why.h"
#include "http/head.h"

enum h1_mode {
    H1_MODE_NONE = 0, /* no payload: 1xx, 204, 304, an answer to HEAD; what is queued is dropped */
    H1_MODE_LENGTH,   /* as many bytes as content-length said                                    */
    H1_MODE_CHUNKED,
    H1_MODE_CLOSE,    /* until the connection ends: only for HTTP/1.0 clients                    */
    H1_MODE_RAW,      /* a tunnel                                                                */
};

/* How a message will be framed; made before its head is written. */
struct h1_plan {
    uint64_t length;      /* payload bytes, when says_length                      */
    uint8_t  mode;        /* enum h1_mode                                         */
    bool     says_length;
    bool     says_close;
    bool     says_keep_alive;
};

/* What is known of a payload when its head goes out. */
struct h1_queued {
    uint32_t bytes;        /* already queued                         */
    bool     is_all;       /* and nothing follows                    */
    bool     has_trailers;
};

/* What decides the framing of an answer besides its head. */
struct h1_client_asked {
    uint8_t version;   /* enum http_version of the request                    */
    bool    is_head;   /* method HEAD                                         */
    bool    is_tunnel; /* answer switches protocols                           */
    bool    keeps;     /* connection may go on after this answer              */
};

struct h1_plan h1_writer_plan_request(const struct head *h, const struct h1_queued *queued);
struct h1_plan h1_writer_plan_response(const struct head *h, const struct h1_client_asked *asked,
                                       const struct h1_queued *queued);

/* Append a head. An extended CONNECT becomes a GET with Upgrade, a tunnel's 2xx a 101 (RFC 8441 s5, the other way
 * round); the fields that RFC 6455 wants besides are the caller's. Errors: WHY_POOL_BUFFER_EMPTY, after a prefix. */
MUST_CHECK enum why h1_writer_request(struct bufq_env *env, struct bufq *out, const struct head *h,
                                      const struct h1_plan *plan);
MUST_CHECK enum why h1_writer_response(struct bufq_env *env, struct bufq *out, const struct head *h,
                                       const struct h1_plan *plan);

/* Move up to bytes_max of payload, framed. *io_left_bytes: what content-length still owes, begun as plan.length.
 * Errors: WHY_POOL_BUFFER_EMPTY; WHY_H1_BODY_LENGTH when there is more than was said, and nothing moved. */
MUST_CHECK enum why h1_writer_payload(struct bufq_env *env, struct bufq *out, struct bufq *payload, uint32_t bytes_max,
                                      enum h1_mode mode, uint64_t *io_left_bytes);
/* The payload is over. trailers may be NULL. Errors: WHY_POOL_BUFFER_EMPTY; WHY_H1_BODY_LENGTH when some is owed. */
MUST_CHECK enum why h1_writer_end(struct bufq_env *env, struct bufq *out, const struct head *trailers,
                                  enum h1_mode mode, uint64_t left_bytes);
