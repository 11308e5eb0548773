/* field_unit.c - see field_unit.h.
 *
 * Layer:  conf. Pure.
 */
#include "conf/field_unit.h"

#include <stdio.h>

#include "base/clock.h"

const char *field_unit_text(enum value_type type, int64_t value, char text[FIELD_UNIT_TEXT_BYTES])
{
    const int64_t second = (int64_t)NS_PER_S, ms = (int64_t)NS_PER_MS;

    if (type == TYPE_DURATION && value > 0 && value % (3600 * second) == 0)
        snprintf(text, FIELD_UNIT_TEXT_BYTES, "%lldh", (long long)(value / (3600 * second)));
    else if (type == TYPE_DURATION && value % second == 0)
        snprintf(text, FIELD_UNIT_TEXT_BYTES, "%llds", (long long)(value / second));
    else if (type == TYPE_DURATION)
        snprintf(text, FIELD_UNIT_TEXT_BYTES, "%lldms", (long long)(value / ms));
    else
        snprintf(text, FIELD_UNIT_TEXT_BYTES, "%lld", (long long)value);
    return text;
}
