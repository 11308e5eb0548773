/* decimal.h - numbers to digits, fast: logs and metrics print several a request.
 *
 * Layer:  proto. Pure.
 * Bounds: DECIMAL_BYTES_MAX per number; no terminator is written.
 */
#pragma once

#include <stdint.h>

enum { DECIMAL_BYTES_MAX = 20 };

/* "00" to "99", two bytes each. */
extern const char decimal_pairs[200];

static inline uint32_t decimal_digits_n(uint64_t value)
{
    uint32_t n = 1;

    for (;;) {
        if (value < 10)
            return n;
        if (value < 100)
            return n + 1;
        if (value < 1000)
            return n + 2;
        if (value < 10000)
            return n + 3;
        value /= 10000;
        n += 4;
    }
}

/* Write value to out; answers how many bytes. */
uint32_t decimal_write(uint64_t value, char *out);

/* Exactly two digits. Pre: value < 100. */
static inline void decimal_write_2(uint32_t value, char *out)
{
    out[0] = decimal_pairs[2 * value];
    out[1] = decimal_pairs[2 * value + 1];
}

/* Exactly three. Pre: value < 1000. */
static inline void decimal_write_3(uint32_t value, char *out)
{
    out[0] = (char)('0' + value / 100);
    decimal_write_2(value % 100, out + 1);
}
