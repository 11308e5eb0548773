/* json_write_test.c - JSON that stays JSON, whatever peers put into the strings.
 *
 * Goal:   structure, escapes and UTF-8 are right; a string cannot end its string, line or terminal.
 * Method: rows of bytes and text; each byte alone at each of 16 offsets (the fast path looks at 8 at a time); yyjson
 *         reads everything back in json_write_fuzz.
 */
#include "lib/check.h"

#include "proto/json_write.h"

TEST(json_escapes)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "", "" }, { "plain", "plain" }, { "0123456789abcdef", "0123456789abcdef" }, { "a\"b\\c/d", "a\\\"b\\\\c/d" },
        { "\b\t\n\f\r", "\\b\\t\\n\\f\\r" }, { "\x01\x1f\x7f", "\\u0001\\u001f\\u007f" },
        { "log\r\nforged", "log\\r\\nforged" }, { "\x1b[2J", "\\u001b[2J" },
        { "\xc3\xa9", "\xc3\xa9" }, { "\xe2\x82\xac", "\xe2\x82\xac" }, { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
        { "\xc2\xa0", "\xc2\xa0" }, { "\xc2\x80\xc2\x9f", "\\u0080\\u009f" },
        { "\xc3", "\\ufffd" }, { "\xc3(", "\\ufffd(" }, { "\xa9", "\\ufffd" }, { "\xff\xfe", "\\ufffd\\ufffd" },
        { "\xc0\xaf", "\\ufffd\\ufffd" }, { "\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd" },
        { "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
        { "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" }, { "\xe2\x82", "\\ufffd\\ufffd" },
        { "\xf0\x9f\x98", "\\ufffd\\ufffd\\ufffd" },
        { "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[128];
        struct text_write w;
        text_write_init(&w, out, sizeof(out));
        json_write_escaped(&w, span_str(rows[i].in));
        struct span got = span_of(out, text_write_length(&w));
        CHECK(span_is(got, span_str(rows[i].out)), "row %zu: %.*s\n", i, SPAN_FMT(got));
    }
}

TEST(json_each_byte_at_each_offset)
{
    for (unsigned byte = 0; byte < 256; byte++)
        for (size_t offset = 0; offset < 16; offset++) {
            char in[17], out[64], want[64];
            struct text_write w;
            memset(in, 'x', sizeof(in));
            in[offset] = (char)byte;
            const char *shorts = "b\bt\tn\nf\fr\r", *hit = NULL;
            for (unsigned k = 1; k < 10; k += 2)
                hit = (unsigned char)shorts[k] == byte ? shorts + k - 1 : hit;
            int n = (int)offset;
            memset(want, 'x', sizeof(want));
            if (hit != NULL)
                n += snprintf(want + n, sizeof(want) - (size_t)n, "\\%c", *hit);
            else if (byte == '"' || byte == '\\')
                n += snprintf(want + n, sizeof(want) - (size_t)n, "\\%c", (int)byte);
            else if (byte < 0x20 || byte == 0x7f)
                n += snprintf(want + n, sizeof(want) - (size_t)n, "\\u%04x", byte);
            else if (byte >= 0x80)
                n += snprintf(want + n, sizeof(want) - (size_t)n, "\\ufffd");
            else
                n += snprintf(want + n, sizeof(want) - (size_t)n, "%c", (int)byte);
            want[n] = 'x';
            text_write_init(&w, out, sizeof(out));
            json_write_escaped(&w, span_of(in, sizeof(in)));
            CHECK(text_write_length(&w) == (uint32_t)n + 16 - offset && memcmp(out, want, text_write_length(&w)) == 0,
                  "byte %02x at %zu: %.*s\n", byte, offset, (int)text_write_length(&w), out);
        }
}

TEST(json_structure)
{
    static const char want[] = "{\"a\":\"x\",\"n\":18446744073709551615,"
                               "\"l\":[1,\"\",{},[],null,true],\"o\":{\"b\":false},\"e\\\"\":0}";
    char out[256];
    struct text_write w;
    struct json_write j;

    text_write_init(&w, out, sizeof(out));
    json_write_init(&j, &w);
    json_write_open(&j, '{');
    json_write_member(&j, "a", SPAN_LIT("x"));
    json_write_member_u64(&j, "n", UINT64_MAX);
    json_write_key(&j, SPAN_LIT("l"));
    json_write_open(&j, '[');
    json_write_u64(&j, 1);
    json_write_string(&j, SPAN_NONE);
    json_write_open(&j, '{');
    json_write_close(&j, '}');
    json_write_open(&j, '[');
    json_write_close(&j, ']');
    json_write_null(&j);
    json_write_bool(&j, true);
    json_write_close(&j, ']');
    json_write_key(&j, SPAN_LIT("o"));
    json_write_open(&j, '{');
    json_write_member_bool(&j, "b", false);
    json_write_close(&j, '}');
    json_write_member_u64(&j, "e\"", 0);
    json_write_close(&j, '}');
    struct span got = span_of(out, text_write_length(&w));
    CHECK(span_is(got, SPAN_LIT(want)), "%.*s\n", SPAN_FMT(got));
}

TEST(json_in_each_size_of_buffer)
{
    static const char value[] = "ab\"\x01\xff\xc2\x80 0123456789";

    for (uint32_t size = 0; size < 64; size++) {
        char out[64];
        struct text_write w;
        memset(out, '#', sizeof(out));
        text_write_init(&w, out, size);
        json_write_escaped(&w, SPAN_LIT(value));
        uint32_t n = text_write_length(&w);
        CHECK(n == 0 || n == 33, "size %u: %u bytes\n", size, n);
        CHECK(size < 48 || n == 33, "size %u: does not fit\n", size);
        for (uint32_t i = size; i < sizeof(out); i++)
            CHECK(out[i] == '#', "size %u: byte %u overrun\n", size, i);
    }
}

CHECK_RUN(RUN(json_escapes), RUN(json_each_byte_at_each_offset), RUN(json_structure), RUN(json_in_each_size_of_buffer))
