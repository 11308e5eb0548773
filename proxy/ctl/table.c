/* table.c - see table.h. */
#include "ctl/table.h"

#include <string.h>

#include "conf/conf_arena.h"
#include "ctl/ctl.h"

void table_init(struct table *t, const char *const *titles)
{
    *t = (struct table){ .titles = titles };
    while (titles[t->columns_n] != NULL)
        t->columns_n++;
    MUST(t->columns_n <= TABLE_COLUMNS_MAX);
}

struct table_row *table_add(struct ctl *ctl, struct table *t)
{
    struct table_row *row = conf_arena_take(ctl->arena, sizeof(*row));

    if (row == NULL)
        return NULL;
    if (t->last != NULL)
        t->last->next = row;
    else
        t->first = row;
    t->last = row;
    return row;
}

static void print_cell(struct ctl *ctl, struct span cell, size_t width, bool is_last)
{
    ctl_print_safe(ctl, cell);
    for (size_t i = cell.len; !is_last && i < width + 2; i++)
        text_write_byte(&ctl->out, ' ');
}

void table_print(struct ctl *ctl, const struct table *t)
{
    size_t widths[TABLE_COLUMNS_MAX] = { 0 };
    uint32_t shown[TABLE_COLUMNS_MAX], shown_n = 0;

    for (const struct table_row *row = t->first; row != NULL; row = row->next)
        for (uint32_t i = 0; i < t->columns_n; i++)
            if (row->cells[i].len > widths[i])
                widths[i] = row->cells[i].len;
    for (uint32_t i = 0; i < t->columns_n; i++)
        if (widths[i] > 0)
            shown[shown_n++] = i;
    for (uint32_t k = 0; k < shown_n; k++) {
        uint32_t i = shown[k];

        if (widths[i] < strlen(t->titles[i]))
            widths[i] = strlen(t->titles[i]);
        ctl_print(ctl, "%s", ctl_dim(ctl));
        print_cell(ctl, span_str(t->titles[i]), widths[i], k + 1 == shown_n);
        ctl_print(ctl, "%s", ctl_plain(ctl));
    }
    if (shown_n > 0)
        text_write_byte(&ctl->out, '\n');
    for (const struct table_row *row = t->first; row != NULL; row = row->next) {
        for (uint32_t k = 0; k < shown_n; k++)
            print_cell(ctl, row->cells[shown[k]], widths[shown[k]], k + 1 == shown_n);
        text_write_byte(&ctl->out, '\n');
    }
}
