/* diag.h - sentences for the operator: all problems of a configuration at once, each with its place and remedy.
 *
 * Layer:  conf.
 * Owner:  the caller of the reader; fixed size.
 * Bounds: DIAG_ITEMS_MAX; more are counted, not kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { DIAG_ITEMS_MAX = 64, DIAG_TEXT_BYTES_MAX = 400, DIAG_FILE_BYTES_MAX = 256 };

enum diag_level {
    DIAG_ERROR = 0,
    DIAG_WARNING,
};

struct diag_place {
    const char *file;      /* as the operator wrote it */
    uint32_t    line, column; /* from 1; 0: no place */
};

struct diag_item {
    enum diag_level level;
    char     file[DIAG_FILE_BYTES_MAX];
    uint32_t line, column;
    char     text[DIAG_TEXT_BYTES_MAX]; /* what is wrong and what to write instead; no final newline */
};

struct diag {
    struct diag_item items[DIAG_ITEMS_MAX];
    uint32_t items_n;
    uint32_t errors_n, warnings_n;  /* all, kept or not */
};

void diag_init(struct diag *d);
void diag_error(struct diag *d, struct diag_place place, const char *format, ...) __attribute__((format(printf, 3, 4)));
void diag_warn(struct diag *d, struct diag_place place, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* By file, line and column, so that an operator reads them from top to bottom. */
void diag_sort(struct diag *d);
/* "file:line:column: error: sentence" lines to a descriptor. */
void diag_print(const struct diag *d, int fd);
