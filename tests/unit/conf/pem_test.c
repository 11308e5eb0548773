/* pem_test.c - blocks are found whatever stands around them, and broken ones are not. */
#include "lib/check.h"

#include "conf/conf_arena.h"
#include "conf/pem.h"

#define CERTIFICATE(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----\n"
#define KEY(kind, text) "-----BEGIN " kind "PRIVATE KEY-----\n" text "\n-----END " kind "PRIVATE KEY-----\n"

TEST(pem_splits)
{
    static const struct { const char *text, *chain, *key; uint32_t certificates_n; bool has_key; } rows[] = {
        { CERTIFICATE("AA") CERTIFICATE("BB") KEY("", "CC"), CERTIFICATE("AA") CERTIFICATE("BB"), KEY("", "CC"), 2, true },
        { KEY("EC ", "CC") "subject: x\n" CERTIFICATE("AA"), CERTIFICATE("AA"), KEY("EC ", "CC"), 1, true },
        { "-----BEGIN EC PARAMETERS-----\nX\n-----END EC PARAMETERS-----\n" KEY("RSA ", "C"), "", KEY("RSA ", "C"), 0, true },
        { KEY("ENCRYPTED ", "CC") CERTIFICATE("AA"), CERTIFICATE("AA"), "", 1, false },
        { KEY("RSA ", "Proc-Type: 4,ENCRYPTED"), "", KEY("RSA ", "Proc-Type: 4,ENCRYPTED"), 0, false },
        { "", "", "", 0, false },
        { "-----BEGIN CERTIFICATE-----\nAA\n", "", "", 0, false },
        { "-----BEGIN CERTIFICATE", "", "", 0, false },
        { "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE", "", "", 0, false },
        { "-----BEGIN -----END -----BEGIN -----END ", "", "", 0, false },
    };
    struct conf_arena *arena = conf_arena_open(65536);

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span chain, key, text = span_str(rows[i].text);
        CHECK(pem_split(arena, text, &chain, &key), "%zu\n", i);
        CHECK(span_is(chain, span_str(rows[i].chain)), "%zu: chain %.*s\n", i, SPAN_FMT(chain));
        CHECK(span_is(key, span_str(rows[i].key)), "%zu: key %.*s\n", i, SPAN_FMT(key));
        CHECK(pem_certificates_n(text) == rows[i].certificates_n, "%zu\n", i);
        CHECK(pem_has_key(text) == rows[i].has_key, "%zu\n", i);
    }
    conf_arena_close(arena);
}

CHECK_RUN(RUN(pem_splits))
