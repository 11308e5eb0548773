/* diag_test.c - sentences are kept, counted, sorted, told once, and printed without control bytes. */
#include <stdlib.h>
#include <unistd.h>

#include "lib/check.h"

#include "conf/diag.h"

static void check_printed(const struct diag *d, const char *want)
{
    char got[4096];
    int fds[2];

    CHECK(pipe(fds) == 0, "pipe\n");
    diag_print(d, fds[1]);
    close(fds[1]);
    ssize_t n = read(fds[0], got, sizeof(got) - 1);
    close(fds[0]);
    got[n < 0 ? 0 : n] = '\0';
    CHECK(strcmp(got, want) == 0, " got: %s\nwant: %s\n", got, want);
}

TEST(diag_prints_in_order)
{
    struct diag *d = malloc(sizeof(*d));

    diag_init(d);
    diag_error(d, (struct diag_place){ "b.yaml", 1, 1 }, "last");
    diag_warn(d, (struct diag_place){ "a.yaml", 10, 2 }, "third %d", 3);
    diag_error(d, (struct diag_place){ "a.yaml", 9, 5 }, "second\x1b[31m");
    diag_error(d, (struct diag_place){ "a.yaml", 9, 4 }, "first");
    diag_error(d, (struct diag_place){ "a.yaml", 9, 4 }, "first");
    diag_error(d, (struct diag_place){ "a.yaml", 0, 0 }, "of a file");
    diag_error(d, (struct diag_place){ NULL, 0, 0 }, "of nothing");
    diag_sort(d);
    CHECK(d->errors_n == 5 && d->warnings_n == 1 && d->items_n == 6, "%u %u\n", d->errors_n, d->warnings_n);
    check_printed(d, "error: of nothing\na.yaml: error: of a file\na.yaml:9:4: error: first\na.yaml:9:5: error: second?[31m\n"
                     "a.yaml:10:2: warning: third 3\nb.yaml:1:1: error: last\n");
    free(d);
}

TEST(diag_counts_what_it_does_not_keep)
{
    struct diag *d = malloc(sizeof(*d));
    char longest[2 * DIAG_TEXT_BYTES_MAX];

    diag_init(d);
    for (uint32_t i = 1; i <= DIAG_ITEMS_MAX + 2; i++)
        diag_error(d, (struct diag_place){ "a.yaml", i, 1 }, "x");
    CHECK(d->items_n == DIAG_ITEMS_MAX && d->errors_n == DIAG_ITEMS_MAX + 2, "%u %u\n", d->items_n, d->errors_n);
    diag_init(d);
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    diag_error(d, (struct diag_place){ longest, 1, 1 }, "%s", longest);
    CHECK(strlen(d->items[0].text) == DIAG_TEXT_BYTES_MAX - 1 && strlen(d->items[0].file) == DIAG_FILE_BYTES_MAX - 1, "cut\n");
    free(d);
}

CHECK_RUN(RUN(diag_prints_in_order), RUN(diag_counts_what_it_does_not_keep))
