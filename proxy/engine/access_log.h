/* access_log.h - one line per finished request: JSON with fixed keys, or a text in Envoy's operators.
 *
 * Layer:  engine.
 * Owner:  access_format belongs to whoever compiled it (one a snapshot, read by all workers) and may be copied; the
 *         record points to memory of the exchange, which must live until the call is over.
 * Bounds: ACCESS_* below; a compiled format's line always fits LOG_RECORD_BYTES_MAX: long values are cut ("..."), first
 *         to 1024 bytes, and if the line is still too long, to 128 and to 16.
 * Thread: format read-only; everything else is the caller's.
 *
 * Whatever peers send, one record is one line: each value is escaped as in a JSON string (json_write.h) in both styles,
 * so that no CR, LF, quote, control byte or broken UTF-8 can forge a line or end a field.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/why.h"
#include "conf/diag.h"
#include "http/head.h"
#include "proto/timestamp.h"

struct access_log;

enum {
    ACCESS_OPS_MAX          = 64,   /* operators of a format, and literal pieces between them counted apart */
    ACCESS_FORMAT_BYTES_MAX = 1024,
};

enum access_op_kind {
    ACCESS_LITERAL = 0,
    ACCESS_START_TIME,
    ACCESS_REQ,
    ACCESS_RESP,
    ACCESS_PROTOCOL,
    ACCESS_RESPONSE_CODE,
    ACCESS_RESPONSE_CODE_DETAILS,
    ACCESS_RESPONSE_FLAGS,
    ACCESS_BYTES_RECEIVED,
    ACCESS_BYTES_SENT,
    ACCESS_DURATION,
    ACCESS_RESPONSE_DURATION,
    ACCESS_UPSTREAM_HOST,
    ACCESS_UPSTREAM_CLUSTER,
    ACCESS_UPSTREAM_ATTEMPTS,
    ACCESS_CLIENT,
    ACCESS_CLIENT_WITHOUT_PORT,
    ACCESS_CLIENT_PORT,
    ACCESS_TLS_VERSION,
    ACCESS_TLS_CIPHER,
    ACCESS_ROUTE_NAME,
    ACCESS_LISTENER,
    ACCESS_STREAM_ID,
    ACCESS_MESH,
    ACCESS_DIRECTION,
    ACCESS_SHADOW,
    ACCESS_SHADOW_ROUTE,
    ACCESS_NOTHING, /* operators that mean something in a mesh only: always "-" */
    ACCESS_FIELD,   /* key of a JSON field: at, len; the operators behind it are its value, in quotes unless bytes_max is 1 */
    ACCESS_FIELDS_END,
};

struct access_op {
    uint8_t  kind;              /* enum access_op_kind                          */
    uint16_t bytes_max;         /* REQ(X):bytes_max; 0: as long as it fits      */
    uint16_t at, len;           /* in access_format.text: literal or first name */
    uint16_t other_at, other_len; /* REQ(X?other)                               */
};

struct access_format {
    bool     is_json, omits_empty;
    uint16_t ops_n;             /* 0: the default set of JSON keys              */
    uint16_t text_len;
    uint16_t mesh_at, mesh_len; /* in text                                      */
    struct access_op ops[ACCESS_OPS_MAX];
    char     text[ACCESS_FORMAT_BYTES_MAX + 256]; /* the format, names lowered, and the mesh's name */
};

/* Compile what the snapshot says. JSON with an empty format is the default set of keys; JSON with one is a template
 * whose operators stand inside quotes; text with an empty format is Kuma's default. Each unknown operator is one error
 * that names its position and the nearest known one. false: there were errors. */
MUST_CHECK bool access_format_compile(struct access_format *f, const struct access_log *conf, struct span mesh,
                                      struct diag_place place, struct diag *diag);

/* What is known of a request at its end. Empty spans and zeros where nothing is known. */
struct access_record {
    uint64_t    began_wall_ns, duration_ns;
    uint64_t    up_head_ns;        /* from the request's begin to the upstream's head; 0: there was none */
    struct span client;            /* "192.0.2.1"                                */
    uint16_t    client_port;
    uint16_t    status;            /* 0: nothing was answered                    */
    enum why    why;
    uint8_t     version;           /* enum http_version; 0: not known            */
    uint32_t    tries_n;           /* connections tried                          */
    struct span request_id, method, scheme, authority;
    struct span target;            /* as the client wrote it                     */
    struct span listener, route;
    enum why    shadow_why;        /* what a shadow would have ended it with */
    struct span shadow_route;      /* MeshHTTPRoute that a shadow would have led it to */
    struct span upstream, endpoint;/* its name; "192.0.2.1:80"                   */
    uint64_t    bytes_in, bytes_out; /* of bodies                                */
    const char *tls_version, *tls_cipher; /* "" or NULL: no TLS                  */
    const struct head *request, *response; /* or NULL                            */
    struct timestamp_cache *stamps; /* the worker's                              */
};

/* Format r and a line feed into out; answers the length, 0 when it does not fit (never with LOG_RECORD_BYTES_MAX). */
uint32_t access_log_format(const struct access_format *f, const struct access_record *r, char *out, uint32_t out_bytes);
/* Envoy's letters for an ending: "UH", "NR" ...; "-" where it has none. */
const char *access_log_flags(enum why why);
