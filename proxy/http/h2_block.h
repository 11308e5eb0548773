/* h2_block.h - one header block on its way into a head: fields counted, pseudo-fields taken apart, the whole judged.
 *
 * Spec:   RFC 9113 s8.2 (fields), s8.3 (pseudo-fields), s8.2.3 (cookie crumbs); RFC 8441 s4 (extended CONNECT).
 * Layer:  http. Pure: nghttp2 has decoded and checked each field before (lower-case names, no control characters, order and
 *         number of pseudo-fields, no connection-specific fields, `te`); what it lets pass is refused here.
 * Owner:  the session embeds one: a connection carries one header block at a time. Fields are copied into the head's arena.
 * Bounds: HEAD_FIELDS_MAX and HEAD_BYTES_MAX of limits.h, with each crumb, repeat and pseudo-field counted; past them
 *         nothing more is stored.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "http/head.h"

enum h2_block_kind {
    H2_BLOCK_REQUEST = 0,
    H2_BLOCK_RESPONSE,
    H2_BLOCK_TRAILERS,
};

struct h2_block {
    struct head *head;       /* NULL: only counted                          */
    struct span  host;       /* value of a `host` field                     */
    uint32_t     bytes;      /* name + value + 32 of each field so far      */
    uint16_t     fields_n;
    uint16_t     cookies_n;
    uint8_t      kind;       /* enum h2_block_kind                          */
    bool         is_head;    /* request: the method is HEAD, known without a head, too: its refusal has no body */
    bool         has_scheme;
    bool         is_from_up; /* endings are named for an upstream           */
    enum why     why;        /* first thing that was wrong                  */
};

/* Begin a block into head (initialised by its owner, may be NULL). */
void h2_block_begin(struct h2_block *b, enum h2_block_kind kind, struct head *head, bool is_from_up);
/* One field, as nghttp2 emits it. never_index: it came as a never-indexed literal (RFC 7541 s6.2.3). */
void h2_block_field(struct h2_block *b, struct span name, struct span value, bool never_index);
/* nghttp2 would drop this field without a word. */
void h2_block_bad_field(struct h2_block *b);
/* The block is complete. Post, when WHY_OK: the head is whole, has_body is set.
 * Errors, request: WHY_H2_HEAD_LARGE, WHY_H2_FIELD, WHY_H2_METHOD, WHY_H2_SCHEME, WHY_H2_AUTHORITY, WHY_URI_*, WHY_ARENA_FULL.
 * Errors, response and trailers: WHY_H2_HEAD_LARGE, WHY_H2_FIELD, or WHY_H2_UP_HEAD_LARGE, WHY_H2_UP_MESSAGE; WHY_ARENA_FULL. */
MUST_CHECK enum why h2_block_end_request(struct h2_block *b, bool is_end_stream);
/* may_have_body: not the answer to HEAD. */
MUST_CHECK enum why h2_block_end_response(struct h2_block *b, bool is_end_stream, bool may_have_body);
MUST_CHECK enum why h2_block_end_trailers(struct h2_block *b);
