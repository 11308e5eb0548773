/* signature_test.c - a signature of openssl's, and what is none. */
#include "lib/check.h"
#include "store/signature.h"

static const uint8_t KEY[] = {
    0x73, 0x65, 0x0a, 0x2e, 0xac, 0x67, 0x2a, 0x60, 0xa0, 0x63, 0x1f, 0xbe, 0x6c, 0x0c, 0x99, 0x9e,
    0xa7, 0x24, 0x10, 0x17, 0x28, 0x4b, 0xd4, 0x5c, 0xb1, 0x78, 0x8a, 0xfc, 0x58, 0xd7, 0x96, 0x8f,
};
/* Over "hello forge". */
static const uint8_t SIGNED[] = {
    0xcd, 0xfb, 0x6e, 0x04, 0x2e, 0x8d, 0x64, 0xb3, 0xdc, 0x34, 0xa4, 0xa7, 0x6d, 0x15, 0x96, 0xf8,
    0xc2, 0x3f, 0xed, 0x38, 0x0d, 0x38, 0x32, 0x8e, 0xbb, 0xed, 0x00, 0x69, 0x76, 0x13, 0x4e, 0x66,
    0x59, 0x4a, 0x75, 0x84, 0xba, 0xde, 0xd3, 0x26, 0x04, 0xe9, 0xe6, 0xde, 0xec, 0x5e, 0x65, 0x2b,
    0xb3, 0x35, 0x60, 0x1e, 0xea, 0xaf, 0x27, 0xd2, 0xbc, 0x4c, 0x9b, 0xda, 0xed, 0x47, 0x2e, 0x0c,
};
static const char TEXT[] = "zftuBC6NZLPcNKSnbRWW+MI/7TgNODKOu+0AaXYTTmZZSnWEut7TJgTp5t7sXmUrszVgHuqvJ9K8TJva7UcuDA==\n";

TEST(only_the_signed_bytes_pass)
{
    uint8_t other[SIGNATURE_BYTES];

    CHECK(signature_is_good(KEY, SPAN_LIT("hello forge"), SIGNED), "the right one\n");
    CHECK(!signature_is_good(KEY, SPAN_LIT("hello forgE"), SIGNED), "another text\n");
    for (size_t i = 0; i < sizeof(SIGNED); i++) {
        memcpy(other, SIGNED, sizeof(other));
        other[i] ^= 1;
        CHECK(!signature_is_good(KEY, SPAN_LIT("hello forge"), other), "byte %zu\n", i);
    }
    memcpy(other, KEY, sizeof(KEY));
    other[0] ^= 1;
    CHECK(!signature_is_good(other, SPAN_LIT("hello forge"), SIGNED), "another key\n");
}

TEST(signature_files_are_raw_or_base64)
{
    uint8_t out[SIGNATURE_BYTES];

    CHECK(signature_read(span_of(SIGNED, sizeof(SIGNED)), out) && memcmp(out, SIGNED, sizeof(SIGNED)) == 0, "raw\n");
    memset(out, 0, sizeof(out));
    CHECK(signature_read(span_str(TEXT), out) && memcmp(out, SIGNED, sizeof(SIGNED)) == 0, "base64\n");
    CHECK(!signature_read(span_of(SIGNED, 63), out) && !signature_read(SPAN_LIT("aGVsbG8="), out) && !signature_read(SPAN_LIT(""), out), "short\n");
}

CHECK_RUN(RUN(only_the_signed_bytes_pass), RUN(signature_files_are_raw_or_base64))
