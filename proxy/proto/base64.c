/* base64.c - see base64.h.
 *
 * Spec:   RFC 4648 s3.5, s4, s5.
 * Layer:  proto. Pure.
 */
#include "proto/base64.h"

#include "base/must.h"

static const char alphabets[2][65] = {
    [BASE64_PADDED] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

size_t base64_text_bytes(enum base64_kind kind, size_t bytes)
{
    return kind == BASE64_PADDED ? (bytes + 2) / 3 * 4 : (bytes * 4 + 2) / 3;
}

size_t base64_write(enum base64_kind kind, struct span bytes, char *out)
{
    const char *digits = alphabets[kind];
    size_t used = 0;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t bits = (uint32_t)bytes.at[i] << 16;
        if (n > 1)
            bits |= (uint32_t)bytes.at[i + 1] << 8;
        if (n > 2)
            bits |= bytes.at[i + 2];
        for (size_t k = 0; k <= n; k++)
            out[used++] = digits[bits >> (18 - 6 * k) & 63];
        for (size_t k = n; k < 3 && kind == BASE64_PADDED; k++)
            out[used++] = '=';
    }
    MUST(used == base64_text_bytes(kind, bytes.len));
    return used;
}

static int digit_value(enum base64_kind kind, uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (uint8_t)alphabets[kind][62])
        return 62;
    return c == (uint8_t)alphabets[kind][63] ? 63 : -1;
}

bool base64_read(enum base64_kind kind, struct span text, uint8_t *out, size_t out_bytes, size_t *out_length)
{
    uint32_t bits = 0, bits_n = 0;
    size_t used = 0, padding = 0;

    if (kind == BASE64_PADDED) {
        if (text.len % 4 != 0)
            return false;
        while (padding < 2 && text.len > 0 && text.at[text.len - 1] == '=') {
            text.len--;
            padding++;
        }
    }
    if (text.len % 4 == 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int value = digit_value(kind, text.at[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        bits_n += 6;
        if (bits_n < 8)
            continue;
        bits_n -= 8;
        if (used == out_bytes)
            return false;
        out[used++] = (uint8_t)(bits >> bits_n);
        bits &= (1u << bits_n) - 1;
    }
    *out_length = used;
    return bits == 0;
}
