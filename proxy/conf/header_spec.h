/* header_spec.h - headers as documents name them: to match, and to change.
 *
 * Spec:   kuma-dialect.md 3.2.
 * Layer:  conf.
 */
#pragma once

#include "conf/field_table.h"

struct value_match_spec {            /* a header, or a query parameter */
    const struct node *node;
    int64_t     type;
    struct span name, value;
};

struct name_value_spec {
    const struct node *node;
    struct span name, value;
};

struct modifier_spec {
    const struct node *node;
    struct list set, add;            /* struct name_value_spec */
    struct list remove;              /* spans */
};

extern const struct object_table header_match_table;
/* `set`, `add`, `remove`; and without the last, of answers that are not there yet. */
extern const struct object_table header_modifier_table, header_addition_table;
