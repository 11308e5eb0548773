/* hex.h - hexadecimal digits, one way and the other.
 *
 * Spec:   RFC 4648 s8.
 * Layer:  proto. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* 0..15, or -1 when c is not a hex digit (either case). */
static inline int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Write 2 * bytes.len lower-case digits; answers how many. Pre: out has room for them. */
uint32_t hex_write(struct span bytes, char *out);
/* Read an even number of digits into out, at most out_bytes bytes; false when text is not that, or longer. */
bool hex_read(struct span text, uint8_t *out, uint32_t out_bytes);
