/* arguments.h - the command line as the tables understand it: flags and words of one command.
 *
 * Layer:  ctl.
 * Owner:  the caller; values point into argv and into the tables.
 * Bounds: ARGUMENTS_MAX flags with a value and as many words: shells expand patterns.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "ctl/command.h"

enum { ARGUMENTS_MAX = ARGUMENTS_WORDS_MAX, ARGUMENTS_SENTENCE_BYTES = 512 };

struct arguments_value {
    enum flag_id flag;
    const char  *text;
};

struct arguments {
    const struct command  *command;  /* NULL: none was named, help is meant */
    uint64_t               given;    /* flags that were written             */
    struct arguments_value values[ARGUMENTS_MAX];
    uint32_t               values_n;
    const char            *words[ARGUMENTS_MAX];
    uint32_t               words_n;
    char                   sentence[ARGUMENTS_SENTENCE_BYTES]; /* what is wrong */
};

/* Without the program's name. Flags may stand before and behind words, as --name value, --name=value, -x value, -xvalue;
 * -- ends them. false: sentence says what is wrong and what to write instead. */
bool arguments_read(struct arguments *a, int argc, char *const *argv);
static inline bool arguments_has(const struct arguments *a, enum flag_id flag)
{
    return (a->given & FLAG_BIT(flag)) != 0;
}
/* The last value that was written, else the table's fallback, else NULL. */
const char *arguments_text(const struct arguments *a, enum flag_id flag);
/* Values of a repeatable flag, in order; *io_at starts with 0. NULL: no more. */
const char *arguments_next(const struct arguments *a, enum flag_id flag, uint32_t *io_at);
/* 0 when neither written nor a fallback. */
uint64_t arguments_number(const struct arguments *a, enum flag_id flag);
uint64_t arguments_duration_ns(const struct arguments *a, enum flag_id flag);
/* Is the form of -o, or the command's default, this one. */
bool arguments_output_is(const struct arguments *a, const char *form);
/* Next of a list with commas; false: no more. */
bool arguments_list_next(struct span *io_list, struct span *out);
