/* h2_nv.h - a head as the list of name and value pairs that nghttp2 encodes.
 *
 * Spec:   RFC 9113 s8.2.2 (connection-specific fields), s8.3; RFC 8441 s4 (extended CONNECT); RFC 7541 s7.1.3 (never indexed).
 * Layer:  http.
 * Owner:  names and values are not copied: the head must live until nghttp2 has encoded the block, which the session sees
 *         to within one pull. (Numbers are copied by nghttp2.)
 * Bounds: H2_NV_MAX; heads have at most HEAD_FIELDS_MAX fields.
 */
#pragma once

#include <nghttp2/nghttp2.h>

#include "base/limits.h"
#include "http/head.h"

enum {
    H2_NV_EXTRA = 8, /* :method :scheme :authority :path :protocol (or :status), content-length, te */
    H2_NV_MAX   = HEAD_FIELDS_MAX + 1 + H2_NV_EXTRA,
};

/* Numbers as text, and the pairs. On the stack of the sender: about 5 KB. */
struct h2_nv {
    nghttp2_nv at[H2_NV_MAX];
    size_t     n;
    char       _status[3];
    char       _length[20];
};

/* A 101 (an HTTP/1.1 upstream switched protocols) becomes the 200 that RFC 8441 s5 wants. */
void h2_nv_response(struct h2_nv *out, const struct head *h);
/* An Upgrade becomes an extended CONNECT. */
void h2_nv_request(struct h2_nv *out, const struct head *h);
void h2_nv_trailers(struct h2_nv *out, const struct head *h);
/* :status, content-type and content-length of an answer of our own. */
void h2_nv_problem(struct h2_nv *out, unsigned status, struct span content_type, uint64_t length);
