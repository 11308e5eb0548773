/* conf_check.h - what the tests of the configuration share: load a text, compare what it is told. */
#pragma once

#include <stdlib.h>

#include "lib/check.h"

#include "conf/diag.h"
#include "conf/load.h"
#include "conf/snapshot.h"

/* A document, and all that must be said about it: "line:column: error: sentence\n" for each item, in order. */
struct says_row {
    const char *name, *text, *want;
};

static inline void conf_check_print(const struct diag *diag, char *out, size_t out_bytes)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < diag->items_n && used < out_bytes; i++) {
        const struct diag_item *item = &diag->items[i];
        used += (size_t)snprintf(out + used, out_bytes - used, "%u:%u: %s: %s\n", item->line, item->column,
                                 item->level == DIAG_ERROR ? "error" : "warning", item->text);
    }
}

static inline void conf_check_says(const struct says_row *rows, size_t n)
{
    struct diag *diag = malloc(sizeof(*diag));
    char *got = malloc(65536);

    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = NULL;
        diag_init(diag);
        enum why why = conf_load_text("t.yaml", span_str(rows[i].text), diag, &snapshot);
        conf_check_print(diag, got, 65536);
        CHECK(strcmp(got, rows[i].want) == 0, "%s\n got: %swant: %s", rows[i].name, got, rows[i].want);
        CHECK((why == WHY_CONF_BAD) == (strstr(got, " error: ") != NULL), "%s: %s\n", rows[i].name, why_name(why));
        CHECK((why == WHY_OK) == (snapshot != NULL), "%s: %s\n", rows[i].name, why_name(why));
        conf_free(snapshot);
    }
    free(got);
    free(diag);
}

/* The snapshot of a text that has no errors; free it by conf_free. */
static inline struct snapshot *conf_check_load(const char *text)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct snapshot *snapshot = NULL;

    diag_init(diag);
    enum why why = conf_load_text("t.yaml", span_str(text), diag, &snapshot);
    if (why != WHY_OK)
        diag_print(diag, 2);
    free(diag);
    CHECK(why == WHY_OK, "%s\n", why_name(why));
    return snapshot;
}
