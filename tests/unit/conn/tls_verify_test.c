/* tls_verify_test.c - which names a certificate is for (RFC 9525). The whole way is in tls_context_test.c. */
#include "conn/tls_verify.h"

#include "conn/tls.h"
#include "conn/tls_selfsigned.h"
#include "lib/check.h"

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/asn_public.h>

TEST(tls_verify_matches_names_and_first_labels)
{
    static const struct row { const char *pattern, *name; bool fits; } rows[] = {
        { "a.example.com",       "a.example.com",     true },
        { "A.Example.COM",       "a.example.com",     true },
        { "a.example.com.",      "a.example.com",     true },
        { "a.example.com",       "a.example.com.",    true },
        { "backend",             "backend",           true },
        { "a.example.com",       "b.example.com",     false },
        { "a.example.com",       "a.example.com.evil", false },
        { "*.example.com",       "a.example.com",     true },
        { "*.example.com",       "A.EXAMPLE.com",     true },
        { "*.example.com",       "example.com",       false },
        { "*.example.com",       "a.b.example.com",   false },
        { "*.example.com",       ".example.com",      false },
        { "*.com",               "example.com",       false },
        { "*",                   "backend",           false },
        { "*.",                  "backend.",          false },
        { "a*.example.com",      "ab.example.com",    false },
        { "*a.example.com",      "ba.example.com",    false },
        { "a.*.com",             "a.b.com",           false },
        { "*.*.com",             "a.b.com",           false },
        { "xn--*.example.com",   "xn--a.example.com", false },
        { "",                    "",                  false },
        { "",                    "a",                 false },
        { "a",                   "",                  false },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(tls_verify_name_fits(span_str(rows[i].pattern), span_str(rows[i].name)) == rows[i].fits, "%s and %s\n",
              rows[i].pattern, rows[i].name);
    CHECK(!tls_verify_name_fits(span_of("a.example.com\0.evil", 18), SPAN_LIT("a.example.com")), "a name with NUL\n");
}

TEST(tls_verify_reads_names_and_addresses_of_a_certificate)
{
    static struct tls_selfsigned pems;
    const struct span names[] = { SPAN_LIT("a.example.com"), SPAN_LIT("*.b.example.com"), SPAN_LIT("192.0.2.1"),
                                  SPAN_LIT("2001:db8::1") };
    static const struct row { const char *name; enum why why; } rows[] = {
        { "a.example.com", WHY_OK }, { "x.b.example.com", WHY_OK }, { "192.0.2.1", WHY_OK }, { "2001:db8::1", WHY_OK },
        { "2001:0db8:0::0001", WHY_OK }, { "b.example.com", WHY_UP_TLS_CERT_NAME },
        { "192.0.2.2", WHY_UP_TLS_CERT_NAME }, { "2001:db8::2", WHY_UP_TLS_CERT_NAME },
        { "common", WHY_UP_TLS_CERT_NAME }, { "", WHY_UP_TLS_CERT_NAME },
    };
    DerBuffer *der = NULL;

    CHECK(tls_init() == WHY_OK, "init\n");
    CHECK(tls_selfsigned_make("common", names, COUNT(names), &pems) == WHY_OK, "make\n");
    CHECK(wc_PemToDer((const unsigned char *)pems.chain_pem, (long)strlen(pems.chain_pem), CERT_TYPE, &der, NULL, NULL,
                      NULL) == 0, "read\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum why why = tls_verify_certificate(span_of(der->buffer, der->length), span_str(rows[i].name));
        CHECK(why == rows[i].why, "%s: %s\n", rows[i].name, why_name(why));
    }
    enum why half = tls_verify_certificate(span_of(der->buffer, der->length / 2), SPAN_LIT("a.example.com"));
    CHECK(half == WHY_UP_TLS_CERT_BAD, "half a certificate: %s\n", why_name(half));
    wc_FreeDer(&der);
}

CHECK_RUN(RUN(tls_verify_matches_names_and_first_labels), RUN(tls_verify_reads_names_and_addresses_of_a_certificate))
