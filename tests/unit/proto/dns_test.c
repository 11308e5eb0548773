/* dns_test.c - questions and answers of name servers. */
#include "lib/check.h"
#include "proto/dns.h"

static const struct span NAME = { (const uint8_t *)"Git.example.com", 15 };

static uint32_t question(uint8_t *out, enum dns_type type)
{
    uint32_t bytes = dns_write_question(out, 0x1234, NAME, type);

    CHECK(bytes > 0, "no question\n");
    return bytes - 11; /* Without OPT. */
}

/* An answer with that many records behind the question. */
static struct span answer(uint8_t *m, enum dns_type type, uint8_t code, uint8_t records_n, const void *records, size_t bytes)
{
    uint32_t at = question(m, type);

    m[2] = 0x81;
    m[3] = 0x80 | code;
    m[7] = records_n;
    m[11] = 0;
    if (bytes > 0)
        memcpy(m + at, records, bytes);
    return span_of(m, at + bytes);
}

#define IN "\0\1"
#define A "\0\1"
#define CNAME "\0\5"
#define TTL60 "\0\0\0\x3c"
#define OWNER "\xc0\x0c"
#define ONE OWNER A IN TTL60 "\0\4\x7f\0\0\1"

TEST(question_is_on_the_wire_as_the_rfc_says)
{
    static const uint8_t want[] = "\x12\x34\x01\x00\0\1\0\0\0\0\0\1\3git\7example\3com\0\0\x1c\0\1\0\0\x29\x04\xd0\0\0\0\0\0";
    uint8_t m[DNS_MESSAGE_BYTES_MAX];
    uint32_t bytes = dns_write_question(m, 0x1234, NAME, DNS_AAAA);

    CHECK(bytes == sizeof(want), "%u bytes, not %zu\n", bytes, sizeof(want));
    CHECK(memcmp(m, want, bytes) == 0, "other bytes\n");
}

TEST(names_that_are_none_get_no_question)
{
    static const char *const names[] = { "", ".", "a..b", "a b", "a/b", ".a", "a..",
        "a234567890123456789012345678901234567890123456789012345678901234.b" };
    uint8_t m[DNS_MESSAGE_BYTES_MAX];

    for (size_t i = 0; i < COUNT(names); i++)
        CHECK(dns_write_question(m, 1, span_str(names[i]), DNS_A) == 0, "%s\n", names[i]);
    CHECK(dns_write_question(m, 1, span_str("a.b."), DNS_A) > 0, "a final dot\n");
}

TEST(answers_to_other_questions_do_not_count)
{
    uint8_t m[DNS_MESSAGE_BYTES_MAX];
    struct span a = answer(m, DNS_A, 0, 1, ONE, sizeof(ONE) - 1);

    CHECK(dns_is_answer(a, 0x1234, NAME, DNS_A), "the right one\n");
    CHECK(!dns_is_answer(a, 0x1235, NAME, DNS_A), "another number\n");
    CHECK(!dns_is_answer(a, 0x1234, NAME, DNS_AAAA), "another type\n");
    CHECK(!dns_is_answer(a, 0x1234, span_str("git.example.org"), DNS_A), "another name\n");
    CHECK(!dns_is_answer(span_of(m, 20), 0x1234, NAME, DNS_A), "cut\n");
    m[2] = 1;
    CHECK(!dns_is_answer(a, 0x1234, NAME, DNS_A), "a question\n");
}

TEST(addresses_are_read_through_aliases_in_any_order)
{
    /* web.example.com A, then git CNAME web: the alias stands behind. */
    static const char records[] = "\3web\xc0\x10" A IN "\0\0\0\x1e" "\0\4\xc0\0\2\1" OWNER CNAME IN TTL60 "\0\6\3web\xc0\x10";
    uint8_t m[DNS_MESSAGE_BYTES_MAX];
    struct dns_addresses got = { .n = 0 };
    struct span a = answer(m, DNS_A, 0, 2, records, sizeof(records) - 1);
    char text[ADDRESS_TEXT_BYTES_MAX];

    CHECK(dns_read_answer(a, NAME, DNS_A, &got) == WHY_OK && got.n == 1, "%u addresses\n", got.n);
    CHECK(got.ttl_s == 30, "ttl %u\n", got.ttl_s);
    CHECK(span_is(span_of(text, address_print(got.all[0], text)), SPAN_LIT("192.0.2.1")), "another address\n");
}

TEST(what_is_no_address_has_a_name)
{
    static const char loop[] = OWNER CNAME IN TTL60 "\0\2" OWNER, forward[] = "\xc0\x30" A IN TTL60 "\0\4\1\2\3\4",
                      cut[] = OWNER A IN TTL60 "\0\4\1\2\3", longer[] = OWNER A IN TTL60 "\0\5\1\2\3\4\5";
    uint8_t m[DNS_MESSAGE_BYTES_MAX];
    struct dns_addresses got = { .n = 0 };
    const struct { const char *records; size_t bytes; uint8_t code, n; enum why why; } rows[] = {
        { "", 0, 3, 0, WHY_DNS_NO_NAME },          { "", 0, 2, 0, WHY_DNS_FAILED },
        { "", 0, 0, 0, WHY_DNS_NO_ADDRESS },       { loop, sizeof(loop) - 1, 0, 1, WHY_DNS_NO_ADDRESS },
        { forward, sizeof(forward) - 1, 0, 1, WHY_DNS_BAD }, { cut, sizeof(cut) - 1, 0, 1, WHY_DNS_BAD },
        { longer, sizeof(longer) - 1, 0, 1, WHY_DNS_BAD },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span a = answer(m, DNS_A, rows[i].code, rows[i].n, rows[i].records, rows[i].bytes);
        enum why why = dns_read_answer(a, NAME, DNS_A, &got);

        CHECK(why == rows[i].why && got.n == 0, "row %zu: %s\n", i, why_name(why));
    }
    struct span a = answer(m, DNS_A, 0, 0, "", 0);
    m[2] |= 2;
    CHECK(dns_read_answer(a, NAME, DNS_A, &got) == WHY_DNS_TRUNCATED, "truncated\n");
}

TEST(more_addresses_than_wanted_are_left_out)
{
    uint8_t m[DNS_MESSAGE_BYTES_MAX], records[20 * 16];
    struct dns_addresses got = { .n = 0 };

    for (int i = 0; i < 20; i++)
        memcpy(records + 16 * i, ONE, 16);
    struct span a = answer(m, DNS_A, 0, 20, records, sizeof(records));
    CHECK(dns_read_answer(a, NAME, DNS_A, &got) == WHY_OK && got.n == DNS_ADDRESSES_MAX, "%u\n", got.n);
}

CHECK_RUN(RUN(question_is_on_the_wire_as_the_rfc_says), RUN(names_that_are_none_get_no_question),
          RUN(answers_to_other_questions_do_not_count), RUN(addresses_are_read_through_aliases_in_any_order),
          RUN(what_is_no_address_has_a_name), RUN(more_addresses_than_wanted_are_left_out))
