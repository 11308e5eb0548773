/* digest_test.c - SipHash-2-4-128's published vectors, and what must make a difference.
 *
 * Goal:   the first half is the reference function; each bit of what is added counts.
 * Method: digest_add puts a length first, so the reference is fed by digest_add_u64, in whole words: message lengths 0, 8, 16 of
 *         the reference's table (message bytes 00 01 02 ...).
 */
#include "lib/check.h"

#include "conf/digest.h"

TEST(digest_reference)
{
    static const uint8_t want[3][16] = {
        { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 },
        { 0x3b, 0x62, 0xa9, 0xba, 0x62, 0x58, 0xf5, 0x61, 0x0f, 0x83, 0xe2, 0x64, 0xf3, 0x14, 0x97, 0xb4 },
        { 0x6e, 0xe2, 0xa4, 0xca, 0x67, 0xb0, 0x54, 0xbb, 0xfd, 0x33, 0x15, 0xbf, 0x85, 0x23, 0x05, 0x77 },
    };
    static const uint64_t words[] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };

    for (size_t n = 0; n < COUNT(want); n++) {
        struct digest d;
        uint8_t got[DIGEST_BYTES];
        digest_init(&d);
        for (size_t i = 0; i < n; i++)
            digest_add_u64(&d, words[i]);
        digest_end(&d, got);
        CHECK(memcmp(got, want[n], 16) == 0, "%zu words: %02x%02x\n", n, got[0], got[1]);
        CHECK(memcmp(got, got + 16, 16) != 0, "%zu words: both halves are one\n", n);
    }
}

static void digest_of(struct span a, struct span b, uint8_t out[DIGEST_BYTES])
{
    struct digest d;

    digest_init(&d);
    digest_add(&d, a);
    digest_add(&d, b);
    digest_end(&d, out);
}

TEST(digest_differs)
{
    uint8_t first[DIGEST_BYTES], second[DIGEST_BYTES];
    char text[40] = "0123456789012345678901234567890123456";

    digest_of(SPAN_LIT("ab"), SPAN_LIT("c"), first);
    digest_of(SPAN_LIT("a"), SPAN_LIT("bc"), second);
    CHECK(memcmp(first, second, DIGEST_BYTES) != 0, "where one ends\n");
    digest_of(SPAN_LIT("ab"), SPAN_LIT("c"), second);
    CHECK(memcmp(first, second, DIGEST_BYTES) == 0, "the same is the same\n");
    digest_of(span_str(text), SPAN_LIT(""), first);
    for (size_t i = 0; i < strlen(text); i++) {
        text[i] ^= 1;
        digest_of(span_str(text), SPAN_LIT(""), second);
        CHECK(memcmp(first, second, DIGEST_BYTES) != 0, "byte %zu\n", i);
        text[i] ^= 1;
    }
}

CHECK_RUN(RUN(digest_reference), RUN(digest_differs))
