/* suggest.h - "did you mean": the nearest of some names.
 *
 * Layer:  conf. Pure.
 * Bounds: names longer than CONF_SUGGEST_BYTES_MAX are near to nothing.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

struct suggest {
    struct span want;
    const char *best;      /* NULL: nothing is near enough */
    uint32_t    _edits_max, _best_edits;
};

void suggest_init(struct suggest *s, struct span want);
/* A name that would have been right. Letters compare equal in either case; of equally near ones the first stays. */
void suggest_offer(struct suggest *s, const char *name);
