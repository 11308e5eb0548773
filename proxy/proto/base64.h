/* base64.h - bytes as base64 and base64url text, strictly.
 *
 * Spec:   RFC 4648 s3.5 (canonical), s4, s5.
 * Layer:  proto. Pure.
 *
 * Reading refuses line breaks, blanks, missing or superfluous padding and stray bits behind the last byte: one value
 * has one text, so that a token or a cookie cannot be varied without notice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum base64_kind {
    BASE64_PADDED = 0, /* + and /, padded with =                                 */
    BASE64_URL,        /* - and _, not padded: tokens, Sec-* fields of RFC 8441  */
};

/* Bytes of text for so many bytes. */
size_t base64_text_bytes(enum base64_kind kind, size_t bytes);
/* Write base64_text_bytes to out; answers how many. */
size_t base64_write(enum base64_kind kind, struct span bytes, char *out);
/* Into out, at most out_bytes bytes; false when text is not canonical or too long. */
bool base64_read(enum base64_kind kind, struct span text, uint8_t *out, size_t out_bytes, size_t *out_length);
