/* tls_session_test.c - the table of sessions: found by key and name, bounded, nothing lost. */
#include "conn/tls_session.h"

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>

#include "conn/tls.h"
#include "conn/tls_thread.h"
#include "lib/check.h"

static struct tls_sessions sessions;

static WOLFSSL_SESSION *make(void)
{
    WOLFSSL_SESSION *s;

    CHECK(tls_init() == WHY_OK, "init\n");
    s = wolfSSL_SESSION_new();
    CHECK(s != NULL, "no session\n");
    return s;
}

TEST(tls_session_is_found_by_key_and_name)
{
    WOLFSSL_SESSION *a = make(), *b = make(), *c = make();

    tls_sessions_keep(&sessions, 1, SPAN_LIT("a.example.com"), a);
    tls_sessions_keep(&sessions, 1, SPAN_LIT("b.example.com"), b);
    tls_sessions_keep(&sessions, 2, SPAN_LIT("a.example.com"), c);
    CHECK(tls_sessions_find(&sessions, 1, SPAN_LIT("a.example.com")) == a, "a\n");
    CHECK(tls_sessions_find(&sessions, 1, SPAN_LIT("b.example.com")) == b, "b\n");
    CHECK(tls_sessions_find(&sessions, 2, SPAN_LIT("a.example.com")) == c, "c\n");
    CHECK(tls_sessions_find(&sessions, 2, SPAN_LIT("b.example.com")) == NULL, "no such pair\n");
    CHECK(tls_sessions_find(&sessions, 1, SPAN_LIT("a.example")) == NULL, "a part of a name\n");
    tls_sessions_fini(&sessions);
    CHECK(tls_sessions_find(&sessions, 1, SPAN_LIT("a.example.com")) == NULL, "gone\n");
}

TEST(tls_session_is_replaced_and_forgotten)
{
    WOLFSSL_SESSION *newer;
    uint64_t before;

    CHECK(tls_init() == WHY_OK, "init\n");
    before = tls_thread_heap_bytes();
    tls_sessions_keep(&sessions, 1, SPAN_LIT("a"), make());
    newer = make();
    tls_sessions_keep(&sessions, 1, SPAN_LIT("a"), newer);
    CHECK(tls_sessions_find(&sessions, 1, SPAN_LIT("a")) == newer, "replaced\n");
    tls_sessions_keep(&sessions, 1, SPAN_LIT("b"), NULL);
    CHECK(tls_sessions_find(&sessions, 1, SPAN_LIT("a")) == newer, "another one was forgotten\n");
    tls_sessions_keep(&sessions, 1, SPAN_LIT("a"), NULL);
    CHECK(tls_sessions_find(&sessions, 1, SPAN_LIT("a")) == NULL, "forgotten\n");
    CHECK(tls_thread_heap_bytes() == before, "%llu bytes are left over\n",
          (unsigned long long)(tls_thread_heap_bytes() - before));
    tls_sessions_fini(&sessions);
}

TEST(tls_session_table_is_bounded)
{
    uint64_t before, full;
    unsigned found_n = 0;

    CHECK(tls_init() == WHY_OK, "init\n");
    before = tls_thread_heap_bytes();
    for (unsigned i = 0; i < TLS_SESSIONS_MAX; i++)
        tls_sessions_keep(&sessions, i, SPAN_LIT("a"), make());
    full = tls_thread_heap_bytes();
    for (unsigned i = 0; i < 1000; i++)
        tls_sessions_keep(&sessions, 1000 + i, SPAN_LIT("a"), make());
    CHECK(tls_thread_heap_bytes() == full, "it grew\n");
    for (unsigned i = 0; i < 2000; i++)
        found_n += tls_sessions_find(&sessions, i, SPAN_LIT("a")) != NULL;
    CHECK(found_n == TLS_SESSIONS_MAX, "%u are kept\n", found_n);
    CHECK(tls_sessions_find(&sessions, 1999, SPAN_LIT("a")) != NULL, "the newest\n");
    CHECK(tls_sessions_find(&sessions, 0, SPAN_LIT("a")) == NULL, "the oldest\n");
    tls_sessions_fini(&sessions);
    CHECK(tls_thread_heap_bytes() == before, "left over\n");
}

TEST(tls_session_without_memory_is_let_go)
{
    uint64_t before;
    WOLFSSL_SESSION *s = make();

    before = tls_thread_heap_bytes();
    tls_thread_fail_after(1);
    tls_sessions_keep(&sessions, 1, SPAN_LIT("a"), s);
    tls_thread_fail_after(0);
    CHECK(tls_sessions_find(&sessions, 1, SPAN_LIT("a")) == NULL, "kept without a name\n");
    CHECK(tls_thread_heap_bytes() < before, "its reference was not dropped\n");
    tls_sessions_fini(&sessions);
}

CHECK_RUN(RUN(tls_session_is_found_by_key_and_name), RUN(tls_session_is_replaced_and_forgotten),
          RUN(tls_session_table_is_bounded), RUN(tls_session_without_memory_is_let_go))
