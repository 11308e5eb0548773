/* diag.c - collect sentences for the operator, and print them.
 *
 * Layer:  conf.
 */
#include "conf/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void diag_init(struct diag *d)
{
    d->items_n = 0;
    d->errors_n = 0;
    d->warnings_n = 0;
}

/* What one rule does wrong is met once for each host that it serves: it is told once. */
static bool is_told(const struct diag *d, const struct diag_item *item)
{
    for (uint32_t i = 0; i < d->items_n; i++)
        if (d->items[i].line == item->line && d->items[i].column == item->column &&
            strcmp(d->items[i].text, item->text) == 0 && strcmp(d->items[i].file, item->file) == 0)
            return true;
    return false;
}

static void diag_add(struct diag *d, enum diag_level level, struct diag_place place, const char *format, va_list args)
{
    struct diag_item spare, *item = d->items_n < DIAG_ITEMS_MAX ? &d->items[d->items_n] : &spare;

    item->level = level;
    item->line = place.line;
    item->column = place.column;
    snprintf(item->file, sizeof(item->file), "%s", place.file != NULL ? place.file : "");
    vsnprintf(item->text, sizeof(item->text), format, args);
    /* A control byte out of somebody's file must not reach a terminal. */
    for (char *c = item->text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    if (is_told(d, item))
        return;
    if (level == DIAG_ERROR)
        d->errors_n++;
    else
        d->warnings_n++;
    if (d->items_n < DIAG_ITEMS_MAX)
        d->items_n++;
}

void diag_error(struct diag *d, struct diag_place place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    diag_add(d, DIAG_ERROR, place, format, args);
    va_end(args);
}

void diag_warn(struct diag *d, struct diag_place place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    diag_add(d, DIAG_WARNING, place, format, args);
    va_end(args);
}

static int item_order(const void *left, const void *right)
{
    const struct diag_item *a = left, *b = right;
    int by_file = strcmp(a->file, b->file);

    if (by_file != 0)
        return by_file;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return strcmp(a->text, b->text);
}

void diag_sort(struct diag *d)
{
    qsort(d->items, d->items_n, sizeof(d->items[0]), item_order);
}

/* The whole line, or nothing more can be done: this is where an operator would be told. */
static void write_line(int fd, const char *line, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, line, len);
        if (n <= 0)
            return;
        line += n;
        len -= (size_t)n;
    }
}

void diag_print(const struct diag *d, int fd)
{
    char line[DIAG_FILE_BYTES_MAX + DIAG_TEXT_BYTES_MAX + 64];
    uint32_t all = d->errors_n + d->warnings_n;

    for (uint32_t i = 0; i < d->items_n; i++) {
        const struct diag_item *item = &d->items[i];
        const char *level = item->level == DIAG_ERROR ? "error" : "warning";
        int len;

        if (item->file[0] == '\0')
            len = snprintf(line, sizeof(line), "%s: %s\n", level, item->text);
        else if (item->line == 0)
            len = snprintf(line, sizeof(line), "%s: %s: %s\n", item->file, level, item->text);
        else
            len = snprintf(line, sizeof(line), "%s:%u:%u: %s: %s\n", item->file, item->line, item->column, level,
                           item->text);
        write_line(fd, line, (size_t)len);
    }
    if (all > d->items_n) {
        int len = snprintf(line, sizeof(line), "... and %u more\n", all - d->items_n);
        write_line(fd, line, (size_t)len);
    }
}
