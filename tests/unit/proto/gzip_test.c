/* gzip_test.c - packed bytes, whole, cut and wrong. */
#include "lib/check.h"
#include "proto/gzip.h"

/* 40 lines of "hello forge". */
static const uint8_t lines[] = { 0x1f,0x8b,0x08,0x00,0x00,0x00,0x00,0x00,0x02,0x03,0xcb,0x48,0xcd,0xc9,0xc9,
                                 0x57,0x48,0xcb,0x2f,0x4a,0x4f,0xe5,0xca,0x18,0x65,0x0f,0x3b,0x36,0x00,0xe8,0x6f,0x93,0x6d,0xe0,0x01,0x00,0x00 };
/* "one" and "two", each a member. */
static const uint8_t members[] = {
    0x1f,0x8b,0x08,0x00,0x00,0x00,0x00,0x00,0x02,0x03,0xcb,0xcf,0x4b,0x05,0x00,0xf1,0x86,0x6c,0x7a,0x03,0x00,0x00,0x00,
    0x1f,0x8b,0x08,0x00,0x00,0x00,0x00,0x00,0x02,0x03,0x2b,0x29,0xcf,0x07,0x00,0x66,0x8a,0xca,0x11,0x03,0x00,0x00,0x00,
};

TEST(what_was_packed_comes_out)
{
    uint8_t out[1000];
    size_t n = 0;

    CHECK(gzip_read(span_of(lines, sizeof(lines)), out, sizeof(out), &n) == WHY_OK && n == 480, "%zu bytes\n", n);
    CHECK(memcmp(out + 468, "hello forge\n", 12) == 0, "other bytes\n");
    CHECK(gzip_read(span_of(members, sizeof(members)), out, sizeof(out), &n) == WHY_OK && n == 6, "%zu bytes\n", n);
    CHECK(memcmp(out, "onetwo", 6) == 0, "other bytes\n");
}

TEST(what_does_not_fit_is_told)
{
    uint8_t out[479];
    size_t n = 0;

    CHECK(gzip_read(span_of(lines, sizeof(lines)), out, sizeof(out), &n) == WHY_ARCHIVE_LARGE, "it fits\n");
}

TEST(every_cut_and_every_changed_byte_is_noticed)
{
    uint8_t out[1000], copy[sizeof(lines)];
    size_t n = 0;

    for (size_t i = 0; i < sizeof(lines); i++)
        CHECK(gzip_read(span_of(lines, i), out, sizeof(out), &n) == WHY_GZIP_BAD, "cut at %zu\n", i);
    for (size_t i = 10; i < sizeof(lines); i++) { /* Time and system of the head mean nothing. */
        memcpy(copy, lines, sizeof(lines));
        copy[i] ^= 0x40;
        if (gzip_read(span_of(copy, sizeof(copy)), out, sizeof(out), &n) == WHY_OK) /* Lines repeat: another distance says the same. */
            CHECK(n == 480 && memcmp(out, "hello forge\n", 12) == 0 && memcmp(out, out + 12, 468) == 0, "byte %zu\n", i);
    }
}

CHECK_RUN(RUN(what_was_packed_comes_out), RUN(what_does_not_fit_is_told), RUN(every_cut_and_every_changed_byte_is_noticed))
