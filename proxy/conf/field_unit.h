/* field_unit.h - a number of a field as an operator would write it: 10s, 1h, 65536.
 *
 * Layer:  conf. Pure.
 */
#pragma once

#include <stdint.h>

#include "conf/field_table.h"

enum { FIELD_UNIT_TEXT_BYTES = 32 };

/* Answers text, filled. Durations in the largest unit that is exact, not below milliseconds. */
const char *field_unit_text(enum value_type type, int64_t value, char text[FIELD_UNIT_TEXT_BYTES]);
