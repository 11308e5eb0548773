/* base64_test.c - the vectors of RFC 4648, and that each value has one text only. */
#include "lib/check.h"

#include "proto/base64.h"
#include "proto/hex.h"

TEST(base64_both_ways)
{
    static const struct {
        const char *bytes, *padded, *url;
    } rows[] = {
        { "", "", "" }, { "f", "Zg==", "Zg" }, { "fo", "Zm8=", "Zm8" }, { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" }, { "foobar", "Zm9vYmFy", "Zm9vYmFy" }, { "\xfb\xff\xbf", "+/+/", "-_-_" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        for (int kind = BASE64_PADDED; kind <= BASE64_URL; kind++) {
            struct span text = span_str(kind == BASE64_PADDED ? rows[i].padded : rows[i].url);
            struct span bytes = span_str(rows[i].bytes);
            char out[32];
            uint8_t back[32];
            size_t n = base64_write((enum base64_kind)kind, bytes, out), back_n = 99;
            CHECK(span_is(span_of(out, n), text), "%s: wrote %.*s\n", rows[i].bytes, (int)n, out);
            CHECK(base64_read((enum base64_kind)kind, text, back, sizeof(back), &back_n), "%.*s: refused\n",
                  SPAN_FMT(text));
            CHECK(span_is(span_of(back, back_n), bytes), "%.*s: %zu bytes\n", SPAN_FMT(text), back_n);
            CHECK(bytes.len == 0 || !base64_read((enum base64_kind)kind, text, back, bytes.len - 1, &back_n),
                  "%.*s: overrun\n",
                  SPAN_FMT(text));
        }
}

TEST(base64_other_texts_are_refused)
{
    static const char *padded[] = { "Z", "Zg", "Zg=", "Zg===", "====", "=", "Zm9v=", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n",
                                    "Zm9-", "Zg=a",
                                    "Z===", "Zm9v====", "\xc3\xa9==" };
    static const char *url[] = { "Z", "Zg==", "Zh", "Zm9", "Zm9+", "Zm9v Zm9v" };
    uint8_t out[32];
    size_t n;

    for (size_t i = 0; i < COUNT(padded); i++)
        CHECK(!base64_read(BASE64_PADDED, span_str(padded[i]), out, sizeof(out), &n), "%s: taken\n", padded[i]);
    for (size_t i = 0; i < COUNT(url); i++)
        CHECK(!base64_read(BASE64_URL, span_str(url[i]), out, sizeof(out), &n), "%s: taken\n", url[i]);
}

TEST(hex_both_ways)
{
    char out[8];
    uint8_t back[4];

    CHECK(hex_write(span_of("\x00\x9f\xab\xff", 4), out) == 8 && memcmp(out, "009fabff", 8) == 0, "%.8s\n", out);
    CHECK(hex_read(SPAN_LIT("009FabfF"), back, 4) && memcmp(back, "\x00\x9f\xab\xff", 4) == 0, "read\n");
    CHECK(!hex_read(SPAN_LIT("009"), back, 4) && !hex_read(SPAN_LIT("0g"), back, 4) &&
          !hex_read(SPAN_LIT("0011223344"), back, 4),
          "taken\n");
    for (int c = 0; c < 256; c++) {
        const char *digits = "0123456789abcdef", *at = c == 0 ? NULL
            : strchr(digits, c | (c >= 'A' && c <= 'F' ? 0x20 : 0));
        CHECK(hex_digit((uint8_t)c) == (at == NULL ? -1 : (int)(at - digits)), "digit %d\n", c);
    }
}

CHECK_RUN(RUN(base64_both_ways), RUN(base64_other_texts_are_refused), RUN(hex_both_ways))
