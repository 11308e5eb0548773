/* table.h - rows in columns as wide as they must be.
 *
 * Layer:  ctl.
 * Owner:  ctl's arena has rows and texts.
 * Bounds: TABLE_COLUMNS_MAX; the last column is as long as it is.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

struct ctl;

enum { TABLE_COLUMNS_MAX = 10 };

struct table_row {
    struct table_row *next;
    struct span       cells[TABLE_COLUMNS_MAX];
};

struct table {
    const char *const *titles; /* ends with NULL */
    uint32_t           columns_n;
    struct table_row  *first, *last;
};

void table_init(struct table *t, const char *const *titles);
/* A row whose cells the caller fills before the next call; NULL: the arena is full. */
struct table_row *table_add(struct ctl *ctl, struct table *t);
/* Titles and rows into ctl->out; columns in which nothing stands are left out. */
void table_print(struct ctl *ctl, const struct table *t);
