/* conf_text.h - text of any length at the end of an arena, written without knowing its length before.
 *
 * Layer:  conf.
 * Owner:  the arena. Between open and close nobody else may take from it.
 * Bounds: what is left of the arena; past it the text is SPAN_NONE and the arena full.
 */
#pragma once

#include "base/span.h"
#include "proto/text_write.h"

struct conf_arena;

struct conf_text {
    struct text_write  out;    /* write here */
    struct conf_arena *_arena;
};

void conf_text_open(struct conf_text *t, struct conf_arena *arena);
/* What was written, with a terminating zero behind it. */
struct span conf_text_close(struct conf_text *t);
