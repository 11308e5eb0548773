/* tls_shake_test.c - what handshakes agree on: protocols, versions, groups, resumption and its limits.
 *
 * Method: both ends in one thread (lib/tls_pair.h). Where a client must differ from ours, its library context is
 *         changed by hand.
 */
#include "conn/tls_shake.h"

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>

#include "conn/tls_connection.h"
#include "lib/tls_pair.h"

struct bench {
    struct pair p;
    struct tls_ticket_keys *keys;
    struct pair_host h;
    struct tls_server *server;
    struct tls_client *client;
};

static void open_bench(struct bench *b, uint8_t version_min, uint8_t version_max)
{
    CHECK(tls_init() == WHY_OK && tls_ticket_keys_open(&b->keys) == WHY_OK, "no keys\n");
    pair_begin(&b->p);
    pair_host_init(&b->h, "ecdsa", NULL);
    b->h.host.version_min = version_min;
    b->h.host.version_max = version_max;
    b->server = pair_server(&b->h, b->keys);
    b->client = pair_client("root.pem", NULL, true, true);
}

static void close_bench(struct bench *b)
{
    pair_end(&b->p);
    tls_client_close(b->client);
    tls_server_close(b->server);
    pair_host_fini(&b->h);
    tls_ticket_keys_close(b->keys);
}

/* ---- ALPN and SNI ---- */

TEST(tls_shake_agrees_on_a_protocol)
{
    static const struct row {
        const char   *what;
        bool          h2, h1;
        enum tls_alpn answer, agreed;
        enum why      server;
    } rows[] = {
        { "h2 of both",         true,  true,  TLS_ALPN_H2,   TLS_ALPN_H2,   WHY_OK },
        { "h1 of both",         true,  true,  TLS_ALPN_H1,   TLS_ALPN_H1,   WHY_OK },
        { "h2 alone",           true,  false, TLS_ALPN_H2,   TLS_ALPN_H2,   WHY_OK },
        { "none asked",         false, false, TLS_ALPN_NONE, TLS_ALPN_NONE, WHY_OK },
        { "none asked, h1",     false, false, TLS_ALPN_H1,   TLS_ALPN_NONE, WHY_OK },
        { "h2 asked, not ours", true,  false, TLS_ALPN_H1,   TLS_ALPN_NONE, WHY_TLS_ALPN },
    };

    for (uint8_t version = 12; version <= 13; version++)
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct bench b;
            open_bench(&b, 12, version);
            b.p.alpn = rows[i].answer;
            pair_connect(&b.p, b.client, b.server, "a.example.com", rows[i].h2, rows[i].h1);
            pair_run(&b.p);
            CHECK(b.p.server.hello.offers_h2 == rows[i].h2 && b.p.server.hello.offers_h1 == rows[i].h1, "hello\n");
            CHECK(strcmp(b.p.server.hello.server_name, "a.example.com") == 0, "%s\n", b.p.server.hello.server_name);
            CHECK(b.p.server.why == rows[i].server, "%s: %s\n", rows[i].what, why_name(b.p.server.why));
            if (rows[i].server == WHY_OK) {
                CHECK(tls_alpn(b.p.server.tls) == rows[i].agreed && tls_alpn(b.p.client.tls) == rows[i].agreed,
                      "%s: %d and %d\n", rows[i].what, (int)tls_alpn(b.p.server.tls), (int)tls_alpn(b.p.client.tls));
                pair_talk(&b.p, rows[i].what);
            } else {
                CHECK(b.p.client.why == WHY_UP_TLS_ALERT, "%s: %s\n", rows[i].what, why_name(b.p.client.why));
            }
            close_bench(&b);
        }
}

TEST(tls_shake_sends_no_address_as_a_name)
{
    struct bench b;

    open_bench(&b, 12, 13);
    pair_shake(&b.p, b.client, b.server, "127.0.0.1");
    CHECK(b.p.server.hello.server_name[0] == 0, "%s\n", b.p.server.hello.server_name);
    close_bench(&b);
}

TEST(tls_shake_refuses_names_that_cannot_be_verified)
{
    struct bench b;
    struct tls *t = NULL;
    static char name[257];

    open_bench(&b, 12, 13);
    memset(name, 'a', sizeof(name) - 1);
    enum why why = tls_connect_open(&b.p.pool, &b.p.shard, b.client, span_str(name), 1, false, true, &t);
    CHECK(why == WHY_UP_TLS_CERT_NAME && t == NULL, "%s\n", why_name(why));
    why = tls_connect_open(&b.p.pool, &b.p.shard, b.client, span_of("a\0b", 3), 1, false, true, &t);
    CHECK(why == WHY_UP_TLS_CERT_NAME && t == NULL, "%s\n", why_name(why));
    close_bench(&b);
}

/* ---- versions, suites, groups ---- */

static void replace_context(struct tls_client *client, WOLFSSL_METHOD *method)
{
    wolfSSL_CTX_free(client->ctx);
    client->ctx = wolfSSL_CTX_new(method);
    CHECK(client->ctx != NULL, "no context\n");
    wolfSSL_CTX_set_verify(client->ctx, WOLFSSL_VERIFY_NONE, NULL);
    wolfSSL_CTX_SetIORecv(client->ctx, tls_shake_recv);
    wolfSSL_CTX_SetIOSend(client->ctx, tls_shake_send);
}

TEST(tls_shake_names_a_version_that_is_not_shared)
{
    struct bench b;

    open_bench(&b, 13, 13);
    replace_context(b.client, wolfTLSv1_2_client_method());
    pair_connect(&b.p, b.client, b.server, "a.example.com", false, false);
    pair_run(&b.p);
    CHECK(b.p.server.why == WHY_TLS_VERSION, "server %s\n", why_name(b.p.server.why));
    CHECK(b.p.client.why == WHY_UP_TLS_ALERT, "client %s\n", why_name(b.p.client.why));
    close_bench(&b);

    open_bench(&b, 12, 12);
    replace_context(b.client, wolfTLSv1_3_client_method());
    pair_connect(&b.p, b.client, b.server, "a.example.com", false, false);
    CHECK(tls_eof(b.p.client.tls) == WHY_UP_TLS_CUT, "cut\n");
    pair_run(&b.p);
    CHECK(b.p.server.why == WHY_TLS_VERSION && tls_eof(b.p.server.tls) == WHY_TLS_VERSION, "server %s\n",
          why_name(b.p.server.why));
    CHECK(b.p.client.why == WHY_UP_TLS_ALERT, "client %s\n", why_name(b.p.client.why));
    close_bench(&b);
}

TEST(tls_shake_names_a_suite_or_group_that_is_not_shared)
{
    struct bench b;
    int p521[] = { WOLFSSL_ECC_SECP521R1 };

    open_bench(&b, 12, 12);
    CHECK(wolfSSL_CTX_set_cipher_list(b.client->ctx, "ECDHE-RSA-AES128-GCM-SHA256") == WOLFSSL_SUCCESS, "list\n");
    pair_connect(&b.p, b.client, b.server, "a.example.com", false, false);
    pair_run(&b.p);
    CHECK(b.p.server.why == WHY_TLS_NO_SHARED, "suite: %s\n", why_name(b.p.server.why));
    close_bench(&b);

    open_bench(&b, 13, 13);
    CHECK(wolfSSL_CTX_set_groups(b.client->ctx, p521, 1) == WOLFSSL_SUCCESS, "groups\n");
    pair_connect(&b.p, b.client, b.server, "a.example.com", false, false);
    pair_run(&b.p);
    CHECK(b.p.server.why == WHY_TLS_NO_SHARED, "group: %s\n", why_name(b.p.server.why));
    CHECK(b.p.client.why == WHY_UP_TLS_ALERT, "client %s\n", why_name(b.p.client.why));
    close_bench(&b);
}

TEST(tls_shake_names_what_an_upstream_does_not_share)
{
    struct bench b;

    /* A client that insists on 1.3 meets a host of 1.2 that answers in 1.2 because the client also names it. */
    open_bench(&b, 12, 12);
    CHECK(wolfSSL_CTX_SetMinVersion(b.client->ctx, WOLFSSL_TLSV1_3) == WOLFSSL_SUCCESS, "version\n");
    pair_connect(&b.p, b.client, b.server, "a.example.com", false, false);
    pair_run(&b.p);
    CHECK(b.p.client.why == WHY_UP_TLS_NO_SHARED || b.p.client.why == WHY_UP_TLS_ALERT, "client %s\n",
          why_name(b.p.client.why));
    close_bench(&b);
}

TEST(tls_shake_agrees_on_each_group)
{
    static const int groups[] = { WOLFSSL_X25519MLKEM768, WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1,
                                  WOLFSSL_ECC_SECP384R1 };

    for (size_t i = 0; i < COUNT(groups); i++)
        for (uint32_t cut = 0; cut < 2; cut++) {
            struct bench b;
            int one[] = { groups[i] };
            open_bench(&b, 13, 13);
            b.p.cut = cut * 700;
            CHECK(wolfSSL_CTX_set_groups(b.client->ctx, one, 1) == WOLFSSL_SUCCESS, "group %x\n", groups[i]);
            pair_shake(&b.p, b.client, b.server, "a.example.com");
            pair_talk(&b.p, "group");
            close_bench(&b);
        }
}

/* The share is of a group that the host does not take: it asks again (RFC 8446 s4.1.4). */
TEST(tls_shake_asks_again_for_another_share)
{
    struct bench b;
    int groups[] = { WOLFSSL_ECC_SECP521R1, WOLFSSL_ECC_SECP384R1 };

    for (uint32_t cut = 0; cut < 4; cut++) {
        open_bench(&b, 13, 13);
        b.p.cut = cut;
        CHECK(wolfSSL_CTX_set_groups(b.client->ctx, groups, 2) == WOLFSSL_SUCCESS, "groups\n");
        pair_shake(&b.p, b.client, b.server, "a.example.com");
        pair_talk(&b.p, "retried");
        close_bench(&b);
    }
}

/* ---- resumption ---- */

/* One connection; was it resumed at both ends? */
static bool connect_again(struct bench *b, struct tls_server *server, const char *name)
{
    bool resumed;

    pair_shake(&b->p, b->client, server, name);
    pair_talk(&b->p, "resumption");
    resumed = tls_was_resumed(b->p.server.tls);
    CHECK(resumed == tls_was_resumed(b->p.client.tls), "they do not agree\n");
    pair_drop(&b->p);
    return resumed;
}

TEST(tls_shake_resumes_across_workers_and_not_across_policies)
{
    for (uint8_t version = 12; version <= 13; version++) {
        struct bench b;
        open_bench(&b, 12, version);
        struct tls_server *second = pair_server(&b.h, b.keys); /* the same host on another worker */
        b.h.host.digest[0] ^= 1;
        struct tls_server *stranger = pair_server(&b.h, b.keys); /* another policy */
        CHECK(!connect_again(&b, b.server, "a.example.com"), "first\n");
        for (int i = 0; i < 3; i++)
            CHECK(connect_again(&b, i % 2 ? b.server : second, "a.example.com"), "1.%u: worker %d\n", version - 10U, i);
        CHECK(!connect_again(&b, stranger, "a.example.com"), "1.%u: a ticket of another policy\n", version - 10U);
        CHECK(!connect_again(&b, b.server, "a.example.com"), "1.%u: the stranger's ticket\n", version - 10U);
        CHECK(!connect_again(&b, b.server, "x.wild.example.com"), "1.%u: another name was verified\n", version - 10U);
        CHECK(connect_again(&b, b.server, "x.wild.example.com"), "1.%u: its own session\n", version - 10U);
        CHECK(connect_again(&b, b.server, "a.example.com"), "1.%u: both are kept\n", version - 10U);
        tls_server_close(second);
        tls_server_close(stranger);
        close_bench(&b);
    }
}

TEST(tls_shake_resumes_over_one_rotation_of_keys)
{
    for (uint8_t version = 12; version <= 13; version++) {
        struct bench b;
        open_bench(&b, 12, version);
        CHECK(!connect_again(&b, b.server, "a.example.com"), "first\n");
        tls_ticket_keys_rotate(b.keys);
        CHECK(connect_again(&b, b.server, "a.example.com"), "1.%u: previous key\n", version - 10U);
        tls_ticket_keys_rotate(b.keys);
        CHECK(connect_again(&b, b.server, "a.example.com"), "1.%u: it got a new ticket\n", version - 10U);
        tls_ticket_keys_rotate(b.keys);
        tls_ticket_keys_rotate(b.keys);
        CHECK(!connect_again(&b, b.server, "a.example.com"), "1.%u: a key that is gone\n", version - 10U);
        close_bench(&b);
    }
}

/* The library numbers tickets in one byte along a chain of resumptions and fails at the 256th. */
TEST(tls_shake_ends_chains_of_resumptions_in_time)
{
    struct bench b;
    unsigned full_n = 0, last_full = 0;

    open_bench(&b, 13, 13);
    for (unsigned i = 0; i < 520; i++)
        if (!connect_again(&b, b.server, "a.example.com")) {
            CHECK(full_n == 0 || i - last_full == TLS_TICKET_CHAIN_MAX + 1, "after %u\n", i - last_full);
            last_full = i;
            full_n++;
        }
    CHECK(full_n == 3, "%u full handshakes of 520\n", full_n);
    close_bench(&b);
}

TEST(tls_shake_survives_a_ticket_that_was_changed)
{
    for (uint8_t version = 12; version <= 13; version++) {
        struct bench b;
        struct tls_ticket_keys *others;
        open_bench(&b, 12, version);
        CHECK(!connect_again(&b, b.server, "a.example.com"), "first\n");
        /* Keys of another installation: no name fits. */
        CHECK(tls_ticket_keys_open(&others) == WHY_OK, "keys\n");
        struct tls_server *elsewhere = pair_server(&b.h, others);
        CHECK(!connect_again(&b, elsewhere, "a.example.com"), "1.%u: unknown key\n", version - 10U);
        CHECK(connect_again(&b, elsewhere, "a.example.com"), "1.%u: its own ticket\n", version - 10U);
        tls_server_close(elsewhere);
        tls_ticket_keys_close(others);
        close_bench(&b);
    }
}

/* Should the session be the reason, the next try is without it. */
TEST(tls_shake_that_fails_is_not_tried_again_with_the_same_session)
{
    for (uint8_t version = 12; version <= 13; version++) {
        struct bench b;
        struct pair_host expired;
        open_bench(&b, 12, version);
        CHECK(!connect_again(&b, b.server, "a.example.com"), "first\n");
        CHECK(tls_sessions_find(&b.client->sessions, 1, SPAN_LIT("a.example.com")) != NULL, "no session\n");
        pair_host_init(&expired, "expired", NULL);
        expired.host.version_max = version;
        expired.host.digest[0] = 1; /* so that it takes no ticket of the other */
        struct tls_server *bad = pair_server(&expired, b.keys);
        pair_connect(&b.p, b.client, bad, "a.example.com", false, false);
        pair_run(&b.p);
        CHECK(b.p.client.why == WHY_UP_TLS_CERT_EXPIRED, "client %s\n", why_name(b.p.client.why));
        pair_drop(&b.p);
        CHECK(tls_sessions_find(&b.client->sessions, 1, SPAN_LIT("a.example.com")) == NULL, "it is still offered\n");
        tls_server_close(bad);
        pair_host_fini(&expired);
        close_bench(&b);
    }
}

/* ---- broken handshakes ---- */

/* One byte of the flight is changed: no end may be open afterwards, and each failure has a name of its side. */
TEST(tls_shake_never_opens_over_a_changed_byte)
{
    for (uint8_t version = 12; version <= 13; version++)
        for (int to_client = 0; to_client < 2; to_client++)
            for (uint32_t at = 0; at < 1500; at += 37) {
                struct bench b;
                static uint8_t flight[8192];
                open_bench(&b, 12, version);
                pair_connect(&b.p, b.client, b.server, "a.example.com", false, false);
                pair_feed(&b.p, &b.p.client);
                if (to_client) {
                    (void)pair_travel(&b.p, &b.p.client, &b.p.server, 0);
                    pair_feed(&b.p, &b.p.server);
                }
                struct pair_end *from = to_client ? &b.p.server : &b.p.client;
                uint32_t len = bufq_peek(&from->out, flight, sizeof(flight));
                if (at < len) {
                    flight[at] ^= 0x11;
                    bufq_eat(&b.p.shard.queues, &from->out, len);
                    CHECK(bufq_push_copy(&b.p.shard.queues, &from->out, span_of(flight, len)) == WHY_OK, "room\n");
                    pair_run(&b.p);
                    bool both = b.p.server.tls != NULL && tls_is_ready(b.p.client.tls) && tls_is_ready(b.p.server.tls);
                    CHECK(!both, "1.%u, byte %u: open\n", version - 10U, at);
                }
                close_bench(&b);
            }
}

CHECK_RUN(RUN(tls_shake_agrees_on_a_protocol), RUN(tls_shake_sends_no_address_as_a_name),
          RUN(tls_shake_refuses_names_that_cannot_be_verified), RUN(tls_shake_names_a_version_that_is_not_shared),
          RUN(tls_shake_names_a_suite_or_group_that_is_not_shared),
          RUN(tls_shake_names_what_an_upstream_does_not_share), RUN(tls_shake_agrees_on_each_group),
          RUN(tls_shake_asks_again_for_another_share),
          RUN(tls_shake_resumes_across_workers_and_not_across_policies),
          RUN(tls_shake_resumes_over_one_rotation_of_keys), RUN(tls_shake_ends_chains_of_resumptions_in_time),
          RUN(tls_shake_survives_a_ticket_that_was_changed),
          RUN(tls_shake_that_fails_is_not_tried_again_with_the_same_session),
          RUN(tls_shake_never_opens_over_a_changed_byte))
