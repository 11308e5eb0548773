/* echo.h - the built-in upstream: answers with a description of the request as an upstream would have seen it.
 *
 * Layer:  engine. A service (engine/service.h) of no state: `.answer = echo_answer, .owner = NULL`.
 * Bounds: ECHO_BYTES_MAX of answer: the longest head with each byte escaped fits.
 *
 * {"method":"GET","scheme":"https","authority":"api.example","path":"/a","query":"b=c","protocol":"HTTP/2",
 *  "headers":[["user-agent","curl/8"],...],"body_bytes":0,"client":{"address":"192.0.2.1","port":4711},
 *  "tls":{"version":"TLSv1.3","cipher":"TLS_AES_128_GCM_SHA256"},"listener":"edge:8443","request_id":"...",
 *  "time":"2026-08-21T12:34:56.789Z"}
 *
 * Headers are pairs, in order and with repeats, as policies and forwarding left them; "tls" is null without TLS. Names
 * and order are stable: the wizard and tests read them.
 */
#pragma once

#include "base/limits.h"
#include "engine/service.h"

enum { ECHO_BYTES_MAX = 8 * HEAD_BYTES_MAX };

/* service_fn. Errors: WHY_POOL_BUFFER_EMPTY, with a prefix in out->body. */
enum why echo_answer(void *owner, const struct service_call *call, struct service_answer *out);
