/* junit.h - results of ForgeTest documents as JUnit's XML, which every CI shows.
 *
 * Layer:  ctl.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct text_write;

struct junit_case {
    struct span name;      /* of the document */
    struct span sentence;  /* what was expected and what came; of one that failed */
    bool        has_passed;
};

void junit_write(const char *suite, const struct junit_case *cases, uint32_t cases_n, struct text_write *out);
