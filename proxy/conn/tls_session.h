/* tls_session.h - resumable sessions of one upstream: one for each endpoint and server name.
 *
 * Layer:  conn (tls_*).
 * Owner:  struct tls_client embeds it.
 * Bounds: TLS_SESSIONS_MAX; the oldest gives way.
 * Thread: one worker.
 */
#pragma once

#include <stdint.h>

#include "base/limits.h"
#include "base/span.h"

struct WOLFSSL_SESSION;

struct tls_session_entry {
    struct WOLFSSL_SESSION *session; /* NULL: free */
    char    *name;                   /* that was verified: a session of one name says nothing about another */
    uint64_t endpoint_key;
};

struct tls_sessions {
    struct tls_session_entry _entries[TLS_SESSIONS_MAX];
    uint32_t _next;                  /* gives way next */
};

/* NULL when there is none. The cache keeps its reference. */
struct WOLFSSL_SESSION *tls_sessions_find(const struct tls_sessions *s, uint64_t endpoint_key, struct span name);
/* Takes the caller's reference over, replacing an older session of the same key and name. NULL: forget that one. */
void tls_sessions_keep(struct tls_sessions *s, uint64_t endpoint_key, struct span name,
                       struct WOLFSSL_SESSION *session);
/* Drop all. Accepts a zeroed one. */
void tls_sessions_fini(struct tls_sessions *s);
