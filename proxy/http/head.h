/* head.h - the head of one message, whichever wire it came from: method or status, target, fields.
 *
 * Spec:   RFC 9110 s6.2, s6.3.
 * Layer:  http. Plain data.
 * Owner:  all spans point into the arena of the exchange (or to literals).
 * Bounds: HEAD_* of limits.h; adding past them answers false and the caller has the why.
 *
 * Field names are kept in lower case (RFC 9113 s8.2; names are case-insensitive, RFC 9110 s5.1), values without blanks
 * at the ends. Pseudo-fields of HTTP/2 are members here, never fields. `host` is never a field: it is `authority`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/must.h"
#include "base/span.h"

enum field_id {
    FIELD_OTHER = 0,
#define FIELD(name, text) FIELD_##name,
#include "http/field_id.def"
#undef FIELD
    FIELD_N
};

enum field_flag {
    FIELD_NEVER_INDEX = 1, /* HPACK: keep it out of dynamic tables (RFC 7541 s7.1.3) */
};

struct field {
    struct span name;
    struct span value;
    uint8_t     id;    /* enum field_id   */
    uint8_t     flags; /* enum field_flag */
};

enum method {
    METHOD_OTHER = 0, /* never admitted by our readers: 501 */
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_PATCH,
    METHOD_OPTIONS,
    METHOD_TRACE,
    METHOD_CONNECT, /* only as extended CONNECT, RFC 8441 */
    METHOD_N
};

enum http_version {
    HTTP_VERSION_10 = 10,
    HTTP_VERSION_11 = 11,
    HTTP_VERSION_2  = 20,
};

struct head {
    struct arena *arena;
    struct field *fields;
    uint16_t      fields_n, fields_cap;
    uint32_t      bytes;          /* name + value + 32 of each field                                       */

    uint8_t       version;        /* enum http_version, as received                                        */
    uint8_t       method;         /* enum method; requests                                                 */
    uint16_t      status;         /* responses: 100..599                                                   */
    struct span   method_text;    /* requests                                                              */
    struct span   scheme;         /* "http" or "https"; requests                                           */
    struct span   authority;      /* host[:port] as the client wrote it, validated; requests               */
    struct span   target;         /* origin form, path?query, or "*"; validated, not normalised; requests  */
    struct span   protocol;       /* extended CONNECT's :protocol, or the Upgrade token; else empty        */

    uint64_t      content_length; /* valid when has_content_length                                         */
    bool          has_content_length;
    bool          has_body;       /* payload will follow (length > 0, chunked, or no END_STREAM)           */
    bool          is_upgrade;     /* HTTP/1.1 Upgrade with Connection: upgrade, or extended CONNECT        */
    bool          expects_continue;
    bool          accepts_trailers; /* TE: trailers                                                        */
};

void head_init(struct head *h, struct arena *arena);
/* Make fields[fields_n] a place that may be written. false: HEAD_FIELDS_MAX (plus one, so that a reader can see the
 * field too many), or the arena is full. */
MUST_CHECK bool head_room(struct head *h);
/* Append a field, copying name (lower-cased) and value (trimmed) into the arena. false: a limit of limits.h, or the
 * arena is full (h->arena->is_full tells which). */
MUST_CHECK bool head_add(struct head *h, struct span name, struct span value, uint8_t flags);
/* Append a field whose spans already live in the arena or for ever, name in lower case. false: as head_add. */
MUST_CHECK bool head_add_static(struct head *h, enum field_id id, struct span name, struct span value);
/* First field of that id / name (lower case), NULL when there is none. */
const struct field *head_find(const struct head *h, enum field_id id);
const struct field *head_find_name(const struct head *h, struct span name);
/* Replace all of that name by one. */
MUST_CHECK bool head_set(struct head *h, struct span name, struct span value);
/* Take out all of that name; answers how many. */
uint32_t head_remove(struct head *h, struct span name);
uint32_t head_remove_id(struct head *h, enum field_id id);
/* Take out hop-by-hop fields: those that Connection lists, and connection, keep-alive, proxy-connection, te, trailer,
 * transfer-encoding, upgrade, http2-settings, proxy-authenticate, proxy-authorization (RFC 9110 s7.6.1, s11.7). Reads
 * `te: trailers` into accepts_trailers first. Names that Connection may not take away (RFC 9110 s7.6.1 "end-to-end"):
 * host, content-length, content-type, authorization, cookie, x-forwarded-*, forwarded stay. */
void head_strip_hop(struct head *h);
/* Path part of target, without query; and the query without '?' (empty when none). */
struct span head_path(const struct head *h);
struct span head_query(const struct head *h);

enum field_id field_id_of(struct span lower_name);
struct span field_name(enum field_id id);
/* Copy len bytes with ASCII letters made small; out may be at itself. */
void field_lower(uint8_t *out, const uint8_t *at, size_t len);
/* Lower a name in its place and answer its id: both in one pass, for readers. */
enum field_id field_settle_name(uint8_t *name, size_t len);
enum method method_of(struct span text); /* exact, upper case (RFC 9110 s9.1) */
/* Its literal. Pre: not METHOD_OTHER. */
struct span method_name(enum method m);
/* May a request of this method be sent twice: RFC 9110 s9.2.2. */
bool method_is_idempotent(enum method m);
/* "OK", "Not Found" ...; "" for unlisted ones. */
struct span head_status_phrase(uint16_t status);
