/* hex.c - see hex.h.
 *
 * Layer:  proto. Pure.
 */
#include "proto/hex.h"

uint32_t hex_write(struct span bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = digits[bytes.at[i] >> 4];
        out[2 * i + 1] = digits[bytes.at[i] & 15];
    }
    return (uint32_t)(2 * bytes.len);
}

bool hex_read(struct span text, uint8_t *out, uint32_t out_bytes)
{
    if (text.len % 2 != 0 || text.len / 2 > out_bytes)
        return false;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_digit(text.at[i]), low = hex_digit(text.at[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return true;
}
