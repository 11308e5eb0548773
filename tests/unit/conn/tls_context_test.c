/* tls_context_test.c - contexts: which certificate is shown, who is asked for one, what is believed, what is refused.
 *
 * Method: both ends in one thread (lib/tls_pair.h), certificates of tests/vectors/tls. Where a client must differ from
 *         ours, its library context is changed by hand.
 */
#include "conn/tls_context.h"

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>

#include "conn/tls_connection.h"
#include "conn/tls_suite.h"
#include "lib/tls_pair.h"

static struct tls_ticket_keys *open_keys(void)
{
    struct tls_ticket_keys *keys = NULL;

    CHECK(tls_init() == WHY_OK && tls_ticket_keys_open(&keys) == WHY_OK, "no keys\n");
    return keys;
}

/* ---- which certificate ---- */

TEST(tls_context_shows_the_certificate_that_the_client_verifies)
{
    static const struct row {
        const char *what;
        uint16_t    signatures;
        bool        tls13, ecdsa12, rsa12;
        uint16_t    want;
    } rows[] = {
        { "modern client",          TLS_SIGNATURE_P256 | TLS_SIGNATURE_RSA, true,  true,  true,  TLS_SIGNATURE_P256 },
        { "only RSA in 1.3",        TLS_SIGNATURE_RSA,                      true,  true,  true,  TLS_SIGNATURE_RSA },
        { "only ECDSA in 1.3",      TLS_SIGNATURE_P256,                     true,  false, false, TLS_SIGNATURE_P256 },
        { "1.2 with RSA suites",    TLS_SIGNATURE_P256 | TLS_SIGNATURE_RSA, false, false, true,  TLS_SIGNATURE_RSA },
        { "1.2 with ECDSA suites",  TLS_SIGNATURE_P256 | TLS_SIGNATURE_RSA, false, true,  false, TLS_SIGNATURE_P256 },
        { "another curve only",     TLS_SIGNATURE_P521 | TLS_SIGNATURE_RSA, true,  true,  true,  TLS_SIGNATURE_RSA },
    };
    struct tls_ticket_keys *keys = open_keys();

    for (int order = 0; order < 2; order++) {
        struct pair_host h;
        pair_host_init(&h, order ? "rsa" : "ecdsa", order ? "ecdsa" : "rsa");
        struct tls_server *server = pair_server(&h, keys);
        for (size_t i = 0; i < COUNT(rows); i++) {
            const struct tls_hello hello = { .signatures = rows[i].signatures, .offers_tls12 = true,
                                             .offers_tls13 = rows[i].tls13, .offers_ecdsa12 = rows[i].ecdsa12,
                                             .offers_rsa12 = rows[i].rsa12 };
            const struct WOLFSSL_CTX *ctx = tls_server_pick(server, &hello);
            uint16_t got = server->identities[ctx == server->identities[0].ctx ? 0 : 1].signature;
            CHECK(got == rows[i].want, "%s, order %d: %u\n", rows[i].what, order, (unsigned)got);
        }
        tls_server_close(server);
        pair_host_fini(&h);
    }
    tls_ticket_keys_close(keys);
}

TEST(tls_context_serves_two_kinds_of_client_side_by_side)
{
    static const struct row {
        uint8_t     version;
        const char *list, *cipher;
    } rows[] = {
        { 12, "ECDHE-ECDSA-AES128-GCM-SHA256",  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
        { 12, "ECDHE-RSA-AES128-GCM-SHA256",    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
        { 12, "ECDHE-ECDSA-AES256-GCM-SHA384",  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
        { 12, "ECDHE-RSA-AES256-GCM-SHA384",    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
        { 12, "ECDHE-ECDSA-CHACHA20-POLY1305",  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
        { 12, "ECDHE-RSA-CHACHA20-POLY1305",    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
        { 13, "TLS13-AES128-GCM-SHA256",        "TLS_AES_128_GCM_SHA256" },
        { 13, "TLS13-AES256-GCM-SHA384",        "TLS_AES_256_GCM_SHA384" },
        { 13, "TLS13-CHACHA20-POLY1305-SHA256", "TLS_CHACHA20_POLY1305_SHA256" },
    };
    struct tls_ticket_keys *keys = open_keys();
    struct pair p;

    pair_begin(&p);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pair_host h;
        pair_host_init(&h, "rsa", "ecdsa");
        h.host.version_max = rows[i].version;
        struct tls_server *server = pair_server(&h, keys);
        struct tls_client *client = pair_client("root.pem", NULL, true, true);
        CHECK(wolfSSL_CTX_set_cipher_list(client->ctx, rows[i].list) == WOLFSSL_SUCCESS, "%s\n", rows[i].list);
        /* Twice: with a full handshake and with a resumed one. */
        for (int k = 0; k < 2; k++) {
            pair_shake(&p, client, server, "a.example.com");
            CHECK(strcmp(tls_cipher_name(p.server.tls), rows[i].cipher) == 0, "%s: %s\n", rows[i].list,
                  tls_cipher_name(p.server.tls));
            pair_talk(&p, rows[i].list);
            pair_talk(&p, rows[i].list);
            CHECK(tls_was_resumed(p.server.tls) == (k == 1), "%s: resumed or not\n", rows[i].list);
            pair_drop(&p);
        }
        tls_client_close(client);
        tls_server_close(server);
        pair_host_fini(&h);
    }
    pair_end(&p);
    tls_ticket_keys_close(keys);
}

/* ---- refusals of configuration ---- */

static void refused(const char *what, const struct tls_host *host, struct tls_ticket_keys *keys, const char *word)
{
    struct tls_server *server = NULL;
    char error[256] = "";
    enum why why = tls_server_open(host, keys, &server, error, sizeof(error));

    CHECK(why == WHY_TLS_CONTEXT && server == NULL, "%s: %s\n", what, why_name(why));
    CHECK(strstr(error, word) != NULL, "%s: \"%s\" does not say \"%s\"\n", what, error, word);
}

TEST(tls_context_says_what_is_wrong_with_a_certificate)
{
    struct tls_ticket_keys *keys = open_keys();
    uint64_t before = tls_heap_bytes();
    struct pair_host h, other;

    pair_host_init(&h, "ecdsa", NULL);
    pair_host_init(&other, "rsa", NULL);
    struct span chain = h.certificates[0].chain_pem, key = h.certificates[0].key_pem;
    h.certificates[0].chain_pem = SPAN_LIT("no PEM at all");
    refused("no chain", &h.host, keys, "chain");
    h.certificates[0].chain_pem = SPAN_NONE;
    refused("empty chain", &h.host, keys, "empty");
    h.certificates[0].chain_pem = chain;
    h.certificates[0].key_pem = SPAN_LIT("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    refused("broken key", &h.host, keys, "private key");
    h.certificates[0].key_pem = SPAN_NONE;
    refused("empty key", &h.host, keys, "private key is empty");
    h.certificates[0].key_pem = other.certificates[0].key_pem;
    refused("key of another kind", &h.host, keys, "private key");
    struct pair_host same_kind;
    pair_host_init(&same_kind, "client", NULL);
    h.certificates[0].key_pem = same_kind.certificates[0].key_pem;
    refused("key of another certificate", &h.host, keys, "does not belong");
    pair_host_fini(&same_kind);
    h.certificates[0].key_pem = key;
    h.host.client_ca_pem = SPAN_LIT("nonsense");
    refused("authorities", &h.host, keys, "authorities");
    h.host.client_ca_pem = SPAN_NONE;
    h.host.ocsp_response = SPAN_NONE;
    pair_host_fini(&h);
    pair_host_fini(&other);
    CHECK(tls_heap_bytes() == before, "%llu bytes are left over\n", (unsigned long long)(tls_heap_bytes() - before));
    tls_ticket_keys_close(keys);
}

TEST(tls_context_says_what_is_wrong_with_an_upstream)
{
    struct upstream up = { .is_tls = true, .verify_ca = true, .ca_pem = SPAN_LIT("nonsense") };
    struct tls_client *client = NULL;
    char error[256] = "";

    CHECK(tls_init() == WHY_OK, "init\n");
    CHECK(tls_client_open(&up, &client, error, sizeof(error)) == WHY_TLS_CONTEXT, "authorities\n");
    CHECK(client == NULL && strstr(error, "authorities") != NULL, "%s\n", error);
    up.ca_pem = SPAN_NONE;
    up.verify_ca = false;
    up.client_chain_pem = SPAN_LIT("nonsense");
    CHECK(tls_client_open(&up, &client, error, sizeof(error)) == WHY_TLS_CONTEXT, "identity\n");
    CHECK(client == NULL && strstr(error, "private key") != NULL, "%s\n", error);
}

/* ---- client certificates ---- */

struct asked {
    const char *what, *identity;
    bool        is_required;
    enum why    server, client;
};

static void ask(const struct asked *row, uint8_t version, struct tls_ticket_keys *keys)
{
    struct pair_host h;
    struct pair p;

    pair_begin(&p);
    pair_host_init(&h, "ecdsa", NULL);
    h.host.version_max = version;
    h.host.client_ca_pem = pair_file("root.pem");
    h.host.client_certificate_required = row->is_required;
    struct tls_server *server = pair_server(&h, keys);
    struct tls_client *client = pair_client("root.pem", row->identity, true, true);
    for (int i = 0; i < 2; i++) {
        pair_connect(&p, client, server, "a.example.com", false, false);
        pair_run(&p);
        CHECK(p.server.why == row->server, "%s, 1.%u: server %s\n", row->what, version - 10U, why_name(p.server.why));
        /* TLS 1.2 has no alert of its own for a missing certificate. */
        enum why client_why = version == 12 && row->server == WHY_TLS_CERT_MISSING ? WHY_UP_TLS_ALERT : row->client;
        CHECK(p.client.why == client_why, "%s, 1.%u: client %s\n", row->what, version - 10U, why_name(p.client.why));
        if (row->server == WHY_OK) {
            pair_talk(&p, row->what);
            CHECK(!tls_was_resumed(p.server.tls), "%s: a resumed session shows no certificate\n", row->what);
        }
        pair_drop(&p);
    }
    tls_client_close(client);
    tls_server_close(server);
    pair_host_fini(&h);
    pair_end(&p);
}

TEST(tls_context_asks_clients_for_certificates)
{
    static const struct asked rows[] = {
        { "good one",           "client",   true,  WHY_OK,                     WHY_OK },
        { "good one, optional", "client",   false, WHY_OK,                     WHY_OK },
        { "none, optional",     NULL,       false, WHY_OK,                     WHY_OK },
        { "none",               NULL,       true,  WHY_TLS_CERT_MISSING,       WHY_UP_TLS_ALERT_CERT },
        { "another authority",  "stranger", true,  WHY_TLS_CERT_UNTRUSTED,     WHY_UP_TLS_ALERT_CERT },
        { "bad one, optional",  "stranger", false, WHY_TLS_CERT_UNTRUSTED,     WHY_UP_TLS_ALERT_CERT },
        { "expired",            "expired",  true,  WHY_TLS_CERT_EXPIRED,       WHY_UP_TLS_ALERT_CERT },
        { "one for servers",    "rsa",      true,  WHY_TLS_CERT_BAD,           WHY_UP_TLS_ALERT_CERT },
    };
    struct tls_ticket_keys *keys = open_keys();

    for (size_t i = 0; i < COUNT(rows); i++)
        for (uint8_t version = 12; version <= 13; version++)
            ask(&rows[i], version, keys);
    tls_ticket_keys_close(keys);
}

/* ---- what a client believes ---- */

TEST(tls_context_verifies_upstreams)
{
    static const struct row {
        const char *what, *certificate, *ca, *name;
        bool        verify_ca, verify_name;
        enum why    client;
    } rows[] = {
        { "good",               "ecdsa",    "root.pem",  "a.example.com", true,  true,  WHY_OK },
        { "one label",          "ecdsa",    "root.pem",  "backend",       true,  true,  WHY_OK },
        { "wildcard",           "ecdsa",    "root.pem",  "x.wild.example.com", true, true, WHY_OK },
        { "address",            "ecdsa",    "root.pem",  "127.0.0.1",     true,  true,  WHY_OK },
        { "address, version 6", "ecdsa",    "root.pem",  "::1",           true,  true,  WHY_OK },
        { "wrong name",         "ecdsa",    "root.pem",  "b.example.com", true,  true,  WHY_UP_TLS_CERT_NAME },
        { "wrong address",      "ecdsa",    "root.pem",  "127.0.0.2",     true,  true,  WHY_UP_TLS_CERT_NAME },
        { "common name only",   "nameless", "root.pem",  "nameless.example.com", true, true, WHY_UP_TLS_CERT_NAME },
        { "wrong name, skipped", "ecdsa",   "root.pem",  "b.example.com", true,  false, WHY_OK },
        { "unknown authority",  "ecdsa",    "other.pem", "a.example.com", true,  true,  WHY_UP_TLS_CERT_UNTRUSTED },
        { "unknown, skipped",   "ecdsa",    NULL,        "a.example.com", false, true,  WHY_OK },
        { "unknown, skipped, wrong name", "ecdsa", NULL, "b.example.com", false, true,  WHY_UP_TLS_CERT_NAME },
        { "all skipped",        "ecdsa",    NULL,        "b.example.com", false, false, WHY_OK },
        { "expired",            "expired",  "root.pem",  "a.example.com", true,  true,  WHY_UP_TLS_CERT_EXPIRED },
        { "expired, skipped",   "expired",  NULL,        "a.example.com", false, true,  WHY_OK },
        { "one for clients",    "client",   "root.pem",  "client.example.com", true, true, WHY_UP_TLS_CERT_BAD },
    };
    struct tls_ticket_keys *keys = open_keys();
    struct pair p;

    pair_begin(&p);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (uint8_t version = 12; version <= 13; version++) {
            const struct row *row = &rows[i];
            struct pair_host h;
            pair_host_init(&h, row->certificate, NULL);
            h.host.version_max = version;
            struct tls_server *server = pair_server(&h, keys);
            struct tls_client *client = pair_client(row->ca, NULL, row->verify_ca, row->verify_name);
            pair_connect(&p, client, server, row->name, false, false);
            pair_run(&p);
            CHECK(p.client.why == row->client, "%s, 1.%u: %s\n", row->what, version - 10U, why_name(p.client.why));
            if (row->client == WHY_OK)
                pair_talk(&p, row->what);
            else if (row->verify_ca)
                CHECK(p.server.why == WHY_TLS_ALERT_CERT, "%s: %s\n", row->what, why_name(p.server.why));
            pair_drop(&p);
            tls_client_close(client);
            tls_server_close(server);
            pair_host_fini(&h);
        }
    pair_end(&p);
    tls_ticket_keys_close(keys);
}

TEST(tls_context_knows_the_authorities_of_the_system)
{
    struct upstream up = { .is_tls = true, .verify_ca = true, .verify_name = true };
    struct tls_client *client = NULL;
    char error[256] = "";
    enum why why;

    CHECK(tls_init() == WHY_OK, "init\n");
    why = tls_client_open(&up, &client, error, sizeof(error));
    /* A host without a bundle is told so in a sentence. */
    CHECK(why == WHY_OK || strstr(error, "authorities") != NULL, "%s: %s\n", why_name(why), error);
    tls_client_close(client);
}

/* ---- OCSP ---- */

static bool wire_contains(const struct bufq *q, struct span what)
{
    static uint8_t bytes[65536];
    uint32_t len = bufq_peek(q, bytes, sizeof(bytes));

    return memmem(bytes, len, what.at, what.len) != NULL;
}

static void ask_for_staple(struct tls_client *client)
{
    CHECK(wolfSSL_CTX_EnableOCSPStapling(client->ctx) == WOLFSSL_SUCCESS &&
              wolfSSL_CTX_UseOCSPStapling(client->ctx, WOLFSSL_CSR_OCSP, 0) == WOLFSSL_SUCCESS,
          "the client cannot ask\n");
}

/* TLS 1.2 shows the staple in the clear; a client that does not ask gets none. */
TEST(tls_context_staples_the_response_about_its_certificate)
{
    static const struct row {
        const char *first, *second;
        bool        asks, is_stapled;
    } rows[] = {
        { "ecdsa", NULL,    true,  true },
        { "ecdsa", NULL,    false, false },
        { "rsa",   NULL,    true,  false },
        { "rsa",   "ecdsa", true,  true },
    };
    struct tls_ticket_keys *keys = open_keys();
    struct pair p;

    pair_begin(&p);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pair_host h;
        pair_host_init(&h, rows[i].first, rows[i].second);
        h.host.version_max = 12;
        h.host.ocsp_response = pair_file("ecdsa.ocsp");
        struct tls_server *server = pair_server(&h, keys);
        struct tls_client *client = pair_client("root.pem", NULL, true, true);
        if (rows[i].asks)
            ask_for_staple(client);
        pair_connect(&p, client, server, "a.example.com", false, false);
        pair_feed(&p, &p.client);
        (void)pair_travel(&p, &p.client, &p.server, 0);
        pair_feed(&p, &p.server);
        CHECK(wire_contains(&p.server.out, h.host.ocsp_response) == rows[i].is_stapled, "row %zu\n", i);
        pair_drop(&p);
        tls_client_close(client);
        tls_server_close(server);
        pair_host_fini(&h);
    }
    pair_end(&p);
    tls_ticket_keys_close(keys);
}

static uint32_t flight_bytes(struct pair *p, struct tls_server *server)
{
    struct tls_client *client = pair_client("root.pem", NULL, true, true);

    ask_for_staple(client);
    pair_connect(p, client, server, "a.example.com", false, false);
    pair_feed(p, &p->client);
    (void)pair_travel(p, &p->client, &p->server, 0);
    pair_feed(p, &p->server);
    uint32_t bytes = p->server.out.bytes;
    pair_drop(p);
    tls_client_close(client);
    return bytes;
}

/* In TLS 1.3 it is encrypted, and makes the flight longer by itself; the library's own client does not take one there,
 * openssl does (tests/interop). Signatures differ by a few bytes. */
TEST(tls_context_staples_in_tls13)
{
    struct tls_ticket_keys *keys = open_keys();
    struct pair_host h;
    struct pair p;

    pair_begin(&p);
    pair_host_init(&h, "ecdsa", NULL);
    struct tls_server *without = pair_server(&h, keys);
    h.host.ocsp_response = pair_file("ecdsa.ocsp");
    struct tls_server *with = pair_server(&h, keys);
    uint32_t grown = flight_bytes(&p, with) - flight_bytes(&p, without);
    CHECK(grown + 8 >= h.host.ocsp_response.len && grown <= h.host.ocsp_response.len + 24, "%u bytes\n", grown);
    tls_server_close(with);
    tls_server_close(without);
    pair_host_fini(&h);
    pair_end(&p);
    tls_ticket_keys_close(keys);
}

/* A client that looks refuses a response with a changed byte. */
TEST(tls_context_staples_what_a_client_verifies)
{
    struct tls_ticket_keys *keys = open_keys();
    struct pair p;

    pair_begin(&p);
    for (int forged = 0; forged < 2; forged++) {
        struct pair_host h;
        pair_host_init(&h, "ecdsa", NULL);
        h.host.version_max = 12;
        h.host.ocsp_response = pair_file("ecdsa.ocsp");
        if (forged)
            ((uint8_t *)(uintptr_t)h.host.ocsp_response.at)[h.host.ocsp_response.len / 4] ^= 1;
        struct tls_server *server = pair_server(&h, keys);
        struct tls_client *client = pair_client("root.pem", NULL, true, true);
        ask_for_staple(client);
        pair_connect(&p, client, server, "a.example.com", false, false);
        pair_run(&p);
        CHECK((p.client.why == WHY_OK) == !forged, "forged %d: %s\n", forged, why_name(p.client.why));
        pair_drop(&p);
        tls_client_close(client);
        tls_server_close(server);
        pair_host_fini(&h);
    }
    pair_end(&p);
    tls_ticket_keys_close(keys);
}

/* ---- life ---- */

TEST(tls_context_lives_as_long_as_its_handshakes)
{
    struct tls_ticket_keys *keys = open_keys();
    struct pair_host h;
    struct pair p;

    pair_begin(&p);
    pair_host_init(&h, "ecdsa", NULL);
    struct tls_server *server = pair_server(&h, keys);
    struct tls_client *client = pair_client("root.pem", NULL, true, true);
    pair_connect(&p, client, server, "a.example.com", false, false);
    pair_feed(&p, &p.client);
    (void)pair_travel(&p, &p.client, &p.server, 0);
    pair_feed(&p, &p.server);
    /* Both contexts are given up in the middle of it, as a new configuration does. */
    tls_server_close(server);
    tls_client_close(client);
    pair_run(&p);
    CHECK(pair_is_ready(&p), "client %s, server %s\n", why_name(p.client.why), why_name(p.server.why));
    pair_talk(&p, "after the contexts were closed");
    pair_end(&p);
    pair_host_fini(&h);
    tls_ticket_keys_close(keys);
    tls_server_close(NULL);
    tls_client_close(NULL);
}

CHECK_RUN(RUN(tls_context_shows_the_certificate_that_the_client_verifies),
          RUN(tls_context_serves_two_kinds_of_client_side_by_side),
          RUN(tls_context_says_what_is_wrong_with_a_certificate), RUN(tls_context_says_what_is_wrong_with_an_upstream),
          RUN(tls_context_asks_clients_for_certificates), RUN(tls_context_verifies_upstreams),
          RUN(tls_context_knows_the_authorities_of_the_system),
          RUN(tls_context_staples_the_response_about_its_certificate), RUN(tls_context_staples_in_tls13),
          RUN(tls_context_staples_what_a_client_verifies),
          RUN(tls_context_lives_as_long_as_its_handshakes))
