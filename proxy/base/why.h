/* why.h - every ending has one name: the enum, the counter, the log field, the sentence.
 *
 * Layer:  base.
 * Owner:  the table why.def; WHY_OK is 0 and means that nothing went wrong.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whose doing an ending is: it picks the metric label and who is told. */
enum why_fault {
    WHY_FAULT_NONE = 0,
    WHY_FAULT_CLIENT,
    WHY_FAULT_UP,
    WHY_FAULT_US,
    WHY_FAULT_OPERATOR,
};

enum why {
    WHY_OK = 0,
#define WHY(name, fault, http, retry, sentence) WHY_##name,
#include "base/why.def"
#undef WHY
    WHY_N
};

/* Lower-case name with dashes, e.g. "h1-chunk-size": log field, metric label, problem type. */
const char *why_name(enum why why);
/* A full sentence without the final stop, for a human. */
const char *why_sentence(enum why why);
/* Status code that answers a client, 0 where no answer is possible (the connection is cut). */
int why_http(enum why why);
enum why_fault why_fault(enum why why);
/* May the same request be tried on another endpoint: nothing of it can have been processed. */
bool why_may_retry(enum why why);
