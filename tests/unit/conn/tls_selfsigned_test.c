/* tls_selfsigned_test.c - the first certificate is one that our own client takes for its names, and for no other. */
#include "conn/tls_selfsigned.h"

#include "conn/tls_thread.h"
#include "lib/tls_pair.h"

static struct tls_selfsigned pems;

static const struct span names[] = { SPAN_LIT("localhost"), SPAN_LIT("gateway.local"), SPAN_LIT("127.0.0.1"),
                                     SPAN_LIT("::1") };

TEST(tls_selfsigned_serves_its_names)
{
    struct pair p;
    struct tls_ticket_keys *keys = NULL;
    struct tls_certificate certificate;
    struct tls_host host = { .certificates = &certificate, .certificates_n = 1, .version_min = 12, .version_max = 13 };
    struct upstream up = { .is_tls = true, .verify_ca = true, .verify_name = true };
    struct tls_server *server = NULL;
    struct tls_client *client = NULL;
    char error[256] = "";

    CHECK(tls_init() == WHY_OK && tls_ticket_keys_open(&keys) == WHY_OK, "init\n");
    CHECK(tls_selfsigned_make("gateway", names, COUNT(names), &pems) == WHY_OK, "make\n");
    certificate = (struct tls_certificate){ .chain_pem = span_str(pems.chain_pem), .key_pem = span_str(pems.key_pem) };
    up.ca_pem = certificate.chain_pem;
    CHECK(tls_server_open(&host, keys, &server, error, sizeof(error)) == WHY_OK, "%s\n", error);
    CHECK(tls_client_open(&up, &client, error, sizeof(error)) == WHY_OK, "%s\n", error);
    pair_begin(&p);
    for (size_t i = 0; i < COUNT(names); i++) {
        pair_shake(&p, client, server, (const char *)names[i].at);
        pair_talk(&p, "self-signed");
        pair_drop(&p);
    }
    pair_connect(&p, client, server, "gateway", false, false);
    pair_run(&p);
    CHECK(p.client.why == WHY_UP_TLS_CERT_NAME, "the common name is for humans: %s\n", why_name(p.client.why));
    pair_end(&p);
    tls_client_close(client);
    tls_server_close(server);
    tls_ticket_keys_close(keys);
}

TEST(tls_selfsigned_is_new_each_time)
{
    static struct tls_selfsigned other;

    CHECK(tls_init() == WHY_OK, "init\n");
    CHECK(tls_selfsigned_make("a", names, 1, &pems) == WHY_OK, "make\n");
    CHECK(tls_selfsigned_make("a", names, 1, &other) == WHY_OK, "make\n");
    CHECK(strcmp(pems.key_pem, other.key_pem) != 0 && strcmp(pems.chain_pem, other.chain_pem) != 0, "the same twice\n");
    CHECK(strstr(pems.key_pem, "BEGIN PRIVATE KEY") != NULL, "key\n");
    CHECK(strstr(pems.chain_pem, "BEGIN CERTIFICATE") != NULL, "chain\n");
}

TEST(tls_selfsigned_refuses_what_no_certificate_holds)
{
    static char long_name[257], long_common[200];
    struct span many[TLS_SELFSIGNED_NAMES_MAX + 1];
    struct span one;

    CHECK(tls_init() == WHY_OK, "init\n");
    memset(long_name, 'a', 256);
    memset(long_common, 'a', 199);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = span_of(long_name, 255);
    CHECK(tls_selfsigned_make("a", many, TLS_SELFSIGNED_NAMES_MAX, &pems) == WHY_OK, "the most that it takes\n");
    CHECK(tls_selfsigned_make("a", many, TLS_SELFSIGNED_NAMES_MAX + 1, &pems) == WHY_TLS_CONTEXT, "too many\n");
    CHECK(tls_selfsigned_make("a", names, 0, &pems) == WHY_TLS_CONTEXT, "none\n");
    one = span_of(long_name, 256);
    CHECK(tls_selfsigned_make("a", &one, 1, &pems) == WHY_TLS_CONTEXT, "too long\n");
    one = span_of("a\0b", 3);
    CHECK(tls_selfsigned_make("a", &one, 1, &pems) == WHY_TLS_CONTEXT, "with NUL\n");
    one = SPAN_LIT("");
    CHECK(tls_selfsigned_make("a", &one, 1, &pems) == WHY_TLS_CONTEXT, "empty\n");
    CHECK(tls_selfsigned_make("", names, 1, &pems) == WHY_TLS_CONTEXT, "no common name\n");
    CHECK(tls_selfsigned_make(long_common, names, 1, &pems) == WHY_TLS_CONTEXT, "long common name\n");
}

TEST(tls_selfsigned_without_memory_says_so)
{
    uint64_t before;
    bool done = false;

    CHECK(tls_init() == WHY_OK, "init\n");
    before = tls_thread_heap_bytes();
    for (uint32_t k = 1; !done && k < 1000; k++) {
        tls_thread_fail_after(k);
        enum why why = tls_selfsigned_make("a", names, COUNT(names), &pems);
        done = why == WHY_OK;
        CHECK(done || why == WHY_TLS_NO_MEMORY || why == WHY_TLS_FAILED, "allocation %u: %s\n", k, why_name(why));
        tls_thread_fail_after(0);
        CHECK(tls_thread_heap_bytes() == before, "allocation %u: left over\n", k);
    }
    CHECK(done, "it never succeeds\n");
}

CHECK_RUN(RUN(tls_selfsigned_serves_its_names), RUN(tls_selfsigned_is_new_each_time),
          RUN(tls_selfsigned_refuses_what_no_certificate_holds), RUN(tls_selfsigned_without_memory_says_so))
