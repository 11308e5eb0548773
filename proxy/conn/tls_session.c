/* tls_session.c - a small table of sessions, searched from the front.
 *
 * Layer:  conn (tls_*).
 * Bounds: TLS_SESSIONS_MAX entries: a search is a few hundred bytes of keys, against 60 us that a resumption saves.
 */
#include "conn/tls_session.h"

#include <string.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>

#include "base/must.h"
#include "conn/tls_thread.h"

static bool fits(const struct tls_session_entry *e, uint64_t endpoint_key, struct span name)
{
    return e->session != NULL && e->endpoint_key == endpoint_key && span_is(span_str(e->name), name);
}

static void clear(struct tls_session_entry *e)
{
    if (e->session != NULL)
        wolfSSL_SESSION_free(e->session);
    tls_thread_free(e->name);
    memset(e, 0, sizeof(*e));
}

struct WOLFSSL_SESSION *tls_sessions_find(const struct tls_sessions *s, uint64_t endpoint_key, struct span name)
{
    for (size_t i = 0; i < COUNT(s->_entries); i++)
        if (fits(&s->_entries[i], endpoint_key, name))
            return s->_entries[i].session;
    return NULL;
}

void tls_sessions_keep(struct tls_sessions *s, uint64_t endpoint_key, struct span name, struct WOLFSSL_SESSION *session)
{
    struct tls_session_entry *e = NULL;
    char *copy;

    for (size_t i = 0; i < COUNT(s->_entries) && e == NULL; i++)
        if (fits(&s->_entries[i], endpoint_key, name))
            e = &s->_entries[i];
    if (e != NULL && session != NULL) {
        wolfSSL_SESSION_free(e->session);
        e->session = session;
        return;
    }
    if (session == NULL) {
        if (e != NULL)
            clear(e);
        return;
    }
    copy = tls_thread_malloc(name.len + 1);
    if (copy == NULL) {
        wolfSSL_SESSION_free(session);
        return;
    }
    memcpy(copy, name.at, name.len);
    copy[name.len] = 0;
    e = &s->_entries[s->_next];
    s->_next = (s->_next + 1) % COUNT(s->_entries);
    clear(e);
    *e = (struct tls_session_entry){ .session = session, .name = copy, .endpoint_key = endpoint_key };
}

void tls_sessions_fini(struct tls_sessions *s)
{
    for (size_t i = 0; i < COUNT(s->_entries); i++)
        clear(&s->_entries[i]);
}
