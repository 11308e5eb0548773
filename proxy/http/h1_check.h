/* h1_check.h - what the fields of an HTTP/1 head mean for the connection, and which heads are refused.
 *
 * Spec:   RFC 9112 s3.2 (Host, target), s6 (framing), s9.3 (persistence), RFC 9110 s7.8 (Upgrade), s10.1.1 (Expect).
 * Layer:  http. Pure: sees only struct head, so that the meaning can be read apart from the parser.
 * Bounds: HEAD_CONNECTION_OPTIONS_MAX; one walk over the fields.
 *
 * Stricter than the RFC where two readers could differ (hardening-cases.md): a message with both framings, a coding
 * other than exactly "chunked", a Host beside another authority are refused, not repaired.
 */
#pragma once

#include <stdbool.h>

#include "base/must.h"
#include "base/why.h"
#include "http/head.h"

struct h1_facts {
    bool is_chunked;
    bool keeps;      /* the sender will take another message on this connection */
    bool until_eof;  /* response: the body ends with the connection             */
};

/* What the request was, for the reading of its answer. */
struct h1_asked {
    bool is_head;    /* method HEAD: no body, whatever the fields say */
    bool is_upgrade; /* 101 is an answer                              */
};

/* Both are given a head as it came: version, method, status and target set, names and values trimmed, in memory of the
 * arena (names are lowered in place). They set ids, take Host out, and fill authority, target (origin form), content
 * length, has_body, is_upgrade, protocol, expects_continue.
 * Errors: requests WHY_H1_*, WHY_URI_*; responses WHY_H1_ANSWER_*. */
MUST_CHECK enum why h1_check_request(struct head *h, struct h1_facts *out_facts);
MUST_CHECK enum why h1_check_response(struct head *h, const struct h1_asked *asked, struct h1_facts *out_facts);
/* Lower names, set ids, and drop trailers that could change what the head said (RFC 9110 s6.5.1). */
void h1_check_trailers(struct head *trailers);
