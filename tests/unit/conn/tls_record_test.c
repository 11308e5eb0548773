/* tls_record_test.c - records against published bytes, against themselves, and against changed ones. */
#include "conn/tls_record.h"

#include <wolfssl/ssl.h>

#include "base/limits.h"
#include "lib/check.h"

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = 0;

    for (; *hex != 0; hex++) {
        unsigned nibble;
        if (*hex == ' ')
            continue;
        nibble = (unsigned)(*hex >= 'a' ? *hex - 'a' + 10 : *hex - '0');
        if (n % 2 == 0)
            out[n / 2] = (uint8_t)(nibble << 4);
        else
            out[n / 2] |= (uint8_t)nibble;
        n++;
    }
    return n / 2;
}

static const struct tls_suite *suite(uint16_t id)
{
    const struct tls_suite *s = tls_suite_find(id);

    CHECK(s != NULL, "suite %x\n", (unsigned)id);
    return s;
}

/* RFC 8448 s3: the client's application data, its first record under that key. */
TEST(tls_record_is_what_rfc8448_shows)
{
    uint8_t key[32], nonce[12], secret[48] = { 0 }, want[128], record[128];
    struct tls_half half;
    size_t want_bytes;

    CHECK(from_hex("17422dda596ed5d9acd890e3c63f5051", key) == 16, "key\n");
    CHECK(from_hex("5b78923dee08579033e523d9", nonce) == 12, "iv\n");
    want_bytes = from_hex("1703030043 a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20"
                          "441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4", want);
    CHECK(tls_half_init(&half, suite(0x1301), key, nonce, secret, 0), "init\n");
    for (unsigned i = 0; i < 50; i++)
        record[tls_half_before(&half) + i] = (uint8_t)i;
    CHECK(tls_half_seal(&half, TLS_CONTENT_DATA, record, 50) == want_bytes, "length\n");
    CHECK(memcmp(record, want, want_bytes) == 0, "bytes\n");
    tls_half_fini(&half);
}

/* What is set up for one suite: a sender and a receiver with the same keys. */
static void open_two(uint16_t id, struct tls_half *from, struct tls_half *to)
{
    uint8_t key[32], nonce[12], secret[48];
    const struct tls_suite *s = suite(id);

    memset(key, 1, sizeof(key));
    memset(nonce, 2, sizeof(nonce));
    memset(secret, 3, sizeof(secret));
    CHECK(tls_half_init(from, s, key, nonce, s->is_tls13 ? secret : NULL, 5) &&
              tls_half_init(to, s, key, nonce, s->is_tls13 ? secret : NULL, 5), "init\n");
}

static uint8_t record[TLS_RECORD_CONTENT_MAX + 64];

static uint32_t seal(struct tls_half *h, enum tls_content type, uint8_t fill, uint32_t bytes)
{
    memset(record + tls_half_before(h), fill, bytes);
    return tls_half_seal(h, type, record, bytes);
}

static bool unseal(struct tls_half *h, uint32_t length, uint8_t *out_type, uint32_t *out_bytes)
{
    uint32_t explicit_bytes = tls_half_explicit(h);

    return tls_half_unseal(h, record, explicit_bytes > 0 ? record + TLS_RECORD_HEADER_BYTES : NULL,
                           record + tls_half_before(h), length - tls_half_before(h), out_type, out_bytes);
}

static const uint16_t ids[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc030, 0xcca9 };

TEST(tls_record_opens_what_it_sealed)
{
    static const uint32_t sizes[] = { 0, 1, 15, 16, 17, 1300, 16383, TLS_RECORD_CONTENT_MAX };

    for (size_t i = 0; i < COUNT(ids); i++) {
        struct tls_half from, to;
        open_two(ids[i], &from, &to);
        for (size_t k = 0; k < COUNT(sizes); k++) {
            uint8_t  type = 0;
            uint32_t bytes = 0, length = seal(&from, TLS_CONTENT_DATA, (uint8_t)(k + 1), sizes[k]);
            CHECK(length == tls_half_before(&from) + sizes[k] + tls_half_behind(&from), "%x: %u\n", (unsigned)ids[i],
                  length);
            CHECK(unseal(&to, length, &type, &bytes) && type == TLS_CONTENT_DATA && bytes == sizes[k], "%x size %u\n",
                  (unsigned)ids[i], sizes[k]);
            for (uint32_t n = 0; n < bytes; n++)
                CHECK(record[tls_half_before(&to) + n] == (uint8_t)(k + 1), "%x byte %u\n", (unsigned)ids[i], n);
        }
        tls_half_fini(&from);
        tls_half_fini(&to);
    }
}

TEST(tls_record_that_was_changed_does_not_open)
{
    for (size_t i = 0; i < COUNT(ids); i++)
        for (uint32_t at = 0; at < 80; at++) {
            struct tls_half from, to;
            uint8_t  type;
            uint32_t bytes, length;
            open_two(ids[i], &from, &to);
            length = seal(&from, TLS_CONTENT_DATA, 7, 30);
            /* Version and length of TLS 1.2 are not sent in the authenticated data, but derived. */
            bool counts = at < length && (suite(ids[i])->is_tls13 || at == 0 || at >= TLS_RECORD_HEADER_BYTES);
            record[at] ^= 1;
            CHECK(unseal(&to, length, &type, &bytes) == !counts, "%x byte %u\n", (unsigned)ids[i], at);
            tls_half_fini(&from);
            tls_half_fini(&to);
        }
}

TEST(tls_record_opens_in_order_and_once)
{
    struct tls_half from, to;
    uint8_t  type, first[128];
    uint32_t bytes, length;

    open_two(0x1301, &from, &to);
    length = seal(&from, TLS_CONTENT_DATA, 1, 20);
    memcpy(first, record, length);
    length = seal(&from, TLS_CONTENT_DATA, 2, 20);
    CHECK(!unseal(&to, length, &type, &bytes), "the second came first\n");
    tls_half_fini(&from);
    tls_half_fini(&to);
    open_two(0x1301, &from, &to);
    length = seal(&from, TLS_CONTENT_DATA, 1, 20);
    memcpy(first, record, length);
    CHECK(unseal(&to, length, &type, &bytes), "first\n");
    memcpy(record, first, length);
    CHECK(!unseal(&to, length, &type, &bytes), "a replay\n");
    tls_half_fini(&from);
    tls_half_fini(&to);
}

TEST(tls_record_goes_on_with_next_keys)
{
    static const uint16_t tls13[] = { 0x1301, 0x1302, 0x1303 };

    for (size_t i = 0; i < COUNT(tls13); i++) {
        struct tls_half from, to, stale;
        uint8_t  type;
        uint32_t bytes;
        open_two(tls13[i], &from, &to);
        open_two(tls13[i], &stale, &stale);
        for (int k = 0; k < 3; k++) {
            CHECK(tls_half_rekey(&from) && tls_half_rekey(&to), "rekey\n");
            uint32_t length = seal(&from, TLS_CONTENT_HANDSHAKE, 9, 11);
            uint8_t  copy[64];
            memcpy(copy, record, length);
            CHECK(unseal(&to, length, &type, &bytes) && type == TLS_CONTENT_HANDSHAKE && bytes == 11, "after update\n");
            memcpy(record, copy, length);
            CHECK(!unseal(&stale, length, &type, &bytes), "old keys still open it\n");
        }
        tls_half_fini(&from);
        tls_half_fini(&to);
        tls_half_fini(&stale);
    }
}

TEST(tls_record_keys_wear_out)
{
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct tls_half from, to;
        const struct tls_suite *s = suite(ids[i]);
        open_two(ids[i], &from, &to);
        from._seq = TLS_RECORDS_A_KEY_MAX - 1;
        CHECK(!tls_half_is_worn(&from), "%x: too early\n", (unsigned)ids[i]);
        CHECK(seal(&from, TLS_CONTENT_DATA, 1, 1) > 0, "seal\n");
        CHECK(tls_half_is_worn(&from) == (s->is_tls13 && !s->is_chacha), "%x\n", (unsigned)ids[i]);
        tls_half_fini(&from);
        tls_half_fini(&to);
    }
}

TEST(tls_record_keys_are_wiped)
{
    struct tls_half half, peer;
    static const struct tls_half zero;

    open_two(0x1302, &half, &peer);
    tls_half_fini(&half);
    CHECK(memcmp(&half, &zero, sizeof(half)) == 0, "something is left\n");
    tls_half_fini(&half); /* a zeroed one is taken as well */
    tls_half_fini(&peer);
}

CHECK_RUN(RUN(tls_record_is_what_rfc8448_shows), RUN(tls_record_opens_what_it_sealed),
          RUN(tls_record_that_was_changed_does_not_open), RUN(tls_record_opens_in_order_and_once),
          RUN(tls_record_goes_on_with_next_keys), RUN(tls_record_keys_wear_out), RUN(tls_record_keys_are_wiped))
