/* tls_connection_test.c - handshakes and records of both versions, with every certificate, over cut wires. */
#include "conn/tls_connection.h"

#include "lib/tls_pair.h"

static void init(void)
{
    enum why why = tls_init();
    CHECK(why == WHY_OK, "tls_init: %s\n", why_name(why));
}

TEST(tls_talks_in_each_version_with_each_certificate)
{
    static const struct row {
        const char *certificate;
        uint8_t     version_max;
        const char *version, *cipher;
    } rows[] = {
        { "ecdsa",   13, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
        { "rsa",     13, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
        { "p384",    13, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
        { "ed25519", 13, "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
        { "ecdsa",   12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
        { "rsa",     12, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
        { "p384",    12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
    };
    struct pair p;
    struct tls_ticket_keys *keys;

    init();
    CHECK(tls_ticket_keys_open(&keys) == WHY_OK, "no keys\n");
    pair_begin(&p);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pair_host h;
        pair_host_init(&h, rows[i].certificate, NULL);
        h.host.version_max = rows[i].version_max;
        struct tls_server *server = pair_server(&h, keys);
        struct tls_client *client = pair_client("root.pem", NULL, true, true);
        pair_shake(&p, client, server, "a.example.com");
        CHECK(strcmp(tls_version_name(p.server.tls), rows[i].version) == 0, "%s: %s\n", rows[i].certificate,
              tls_version_name(p.server.tls));
        CHECK(strcmp(tls_cipher_name(p.client.tls), rows[i].cipher) == 0, "%s: %s\n", rows[i].certificate,
              tls_cipher_name(p.client.tls));
        for (int k = 0; k < 3; k++)
            pair_talk(&p, rows[i].certificate);
        CHECK(p.client.tls->shake == NULL && p.server.tls->shake == NULL, "the library is still held\n");
        pair_drop(&p);
        tls_client_close(client);
        tls_server_close(server);
        pair_host_fini(&h);
    }
    pair_end(&p);
    tls_ticket_keys_close(keys);
}

CHECK_RUN(RUN(tls_talks_in_each_version_with_each_certificate))
