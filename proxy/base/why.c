/* why.c - names and sentences of endings, from the table.
 *
 * Layer:  base.
 */
#include "base/why.h"

#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

enum { WHY_NAME_BYTES_MAX = 32 };

/* "H1_CHUNK_SIZE" is written "h1-chunk-size" wherever people see it; the compiler folds this, letter by letter. */
#define RAW(s, i)  ((i) < sizeof(s) ? (s)[(i) < sizeof(s) ? (i) : 0] : '\0')
#define DASH(s, i) (RAW(s, i) == '_' ? '-' : RAW(s, i))
#define LOW(s, i)  (RAW(s, i) >= 'A' && RAW(s, i) <= 'Z' ? (char)(RAW(s, i) + ('a' - 'A')) : DASH(s, i))
#define LOW8(s, i)                                                                                                     \
    LOW(s, i), LOW(s, (i) + 1), LOW(s, (i) + 2), LOW(s, (i) + 3), LOW(s, (i) + 4), LOW(s, (i) + 5), LOW(s, (i) + 6),   \
        LOW(s, (i) + 7)

static const struct why_row {
    char           name[WHY_NAME_BYTES_MAX];
    const char    *sentence;
    int            http;
    enum why_fault fault;
    bool           may_retry;
} why_rows[WHY_N] = {
    [WHY_OK] = { "ok", "nothing went wrong", 0, WHY_FAULT_NONE, false },
#define WHY(name, fault, http, retry, sentence)                                                                        \
    [WHY_##name] = { { LOW8(#name, 0), LOW8(#name, 8), LOW8(#name, 16), LOW8(#name, 24) },                             \
                     sentence, http, WHY_FAULT_##fault, retry },
#include "base/why.def"
#undef WHY
};

#define WHY(name, fault, http, retry, sentence)                                                                        \
    STATIC_MUST(sizeof(#name) <= WHY_NAME_BYTES_MAX, "why.def: name is too long: " #name);
#include "base/why.def"
#undef WHY

static const struct why_row *row_of(enum why why)
{
    MUST((unsigned)why < WHY_N);
    return &why_rows[why];
}

const char *why_name(enum why why)
{
    return row_of(why)->name;
}

const char *why_sentence(enum why why)
{
    return row_of(why)->sentence;
}

int why_http(enum why why)
{
    return row_of(why)->http;
}

enum why_fault why_fault(enum why why)
{
    return row_of(why)->fault;
}

bool why_may_retry(enum why why)
{
    return row_of(why)->may_retry;
}
