/* json_write.h - JSON text, value by value, safe whatever the strings hold.
 *
 * Spec:   RFC 8259 s7.
 * Layer:  proto. Pure.
 * Bounds: those of the text_write below.
 *
 * Strings may be any bytes, as peers send them. Quotes, backslashes and all control characters (C0, DEL, and C1, which
 * move the cursor of a terminal that shows a log) are escaped; a byte that is not part of well-formed UTF-8 becomes
 * U+FFFD. So one record is one line, and nothing in it can end a string, a line or a terminal sequence.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "proto/text_write.h"

struct json_write {
    struct text_write *_out;
    bool               _needs_comma; /* a value stands before the next one, in the same object or array */
};

void json_write_init(struct json_write *j, struct text_write *out);
void json_write_open(struct json_write *j, char bracket);  /* '{' or '[' */
void json_write_close(struct json_write *j, char bracket); /* '}' or ']' */
/* The name of the next value. */
void json_write_key(struct json_write *j, struct span key);
void json_write_string(struct json_write *j, struct span value);
void json_write_u64(struct json_write *j, uint64_t value);
void json_write_bool(struct json_write *j, bool value);
void json_write_null(struct json_write *j);
/* Shorthands for members. */
void json_write_member(struct json_write *j, const char *key, struct span value);
void json_write_member_u64(struct json_write *j, const char *key, uint64_t value);
void json_write_member_bool(struct json_write *j, const char *key, bool value);

/* Only the inside of a string: no quotes around, no comma before. */
void json_write_escaped(struct text_write *out, struct span value);
/* The same for those who keep the place in a register: to at, not past end. Answers the place behind it, NULL when it
 * does not fit (up to 8 bytes early). */
MUST_CHECK char *json_write_escape(char *at, const char *end, struct span value);
