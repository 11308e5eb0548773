/* tls_suite_test.c - our tables say what the registries say, and the library takes our list. */
#include "conn/tls_suite.h"

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>

#include "conn/tls.h"
#include "lib/check.h"

TEST(tls_suite_table_fits_its_names)
{
    static const uint16_t ids[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9 };

    for (size_t i = 0; i < COUNT(ids); i++) {
        const struct tls_suite *s = tls_suite_find(ids[i]);
        CHECK(s != NULL && s->id == ids[i], "%x\n", (unsigned)ids[i]);
        CHECK(s->is_tls13 == (ids[i] >> 8 == 0x13), "%s\n", s->name);
        CHECK(s->is_chacha == (strstr(s->name, "CHACHA20") != NULL), "%s\n", s->name);
        CHECK(s->is_rsa == (strstr(s->name, "_RSA_") != NULL), "%s\n", s->name);
        CHECK(s->is_sha384 == (strstr(s->name, "SHA384") != NULL), "%s\n", s->name);
        CHECK(s->key_bytes == (strstr(s->name, "AES_128") != NULL ? 16 : 32), "%s\n", s->name);
    }
    CHECK(tls_suite_find(0x002f) == NULL && tls_suite_find(0) == NULL && tls_suite_find(0x1304) == NULL, "others\n");
}

/* Every name of the list is one that the library was built with: it forgets unknown ones silently. */
TEST(tls_suite_list_is_known_to_the_library)
{
    const char *at = tls_suite_list();
    unsigned n = 0;

    CHECK(tls_init() == WHY_OK, "init\n");
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLS_server_method());
    CHECK(ctx != NULL, "no context\n");
    while (*at != 0) {
        char   name[64] = "";
        size_t len = strcspn(at, ":");
        memcpy(name, at, len);
        CHECK(wolfSSL_CTX_set_cipher_list(ctx, name) == WOLFSSL_SUCCESS, "%s\n", name);
        at += len + (at[len] == ':');
        n++;
    }
    CHECK(n == 9, "%u suites\n", n);
    wolfSSL_CTX_free(ctx);
}

TEST(tls_suite_knows_signatures_and_groups)
{
    CHECK(tls_suite_signature(0x0403) == TLS_SIGNATURE_P256, "ecdsa_secp256r1_sha256\n");
    CHECK(tls_suite_signature(0x0503) == TLS_SIGNATURE_P384, "ecdsa_secp384r1_sha384\n");
    CHECK(tls_suite_signature(0x0804) == TLS_SIGNATURE_RSA, "rsa_pss_rsae_sha256\n");
    CHECK(tls_suite_signature(0x0401) == TLS_SIGNATURE_RSA, "rsa_pkcs1_sha256\n");
    CHECK(tls_suite_signature(0x0807) == TLS_SIGNATURE_ED25519, "ed25519\n");
    CHECK(tls_suite_signature(0x0201) == 0 && tls_suite_signature(0x0203) == 0, "SHA-1 is nothing\n");
    CHECK(tls_suite_has_group(0x11ec) && tls_suite_has_group(0x1d) && tls_suite_has_group(0x17), "groups\n");
    CHECK(!tls_suite_has_group(0x0100) && !tls_suite_has_group(0), "finite fields are not ours\n");
}

CHECK_RUN(RUN(tls_suite_table_fits_its_names), RUN(tls_suite_list_is_known_to_the_library),
          RUN(tls_suite_knows_signatures_and_groups))
