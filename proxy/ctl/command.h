/* command.h - every command of forgectl, once: what it takes, what it prints, what it is for.
 *
 * Layer:  ctl.
 * Owner:  const tables; arguments are read, help and completions made from them.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"
#include "ctl/flag.h"

struct ctl;

enum { ARGUMENTS_WORDS_MAX = 4096 }; /* patterns of shells become words */

/* What a pipeline is told. */
enum command_exit {
    EXIT_FINE        = 0,
    EXIT_REFUSED     = 1, /* problems were found, or the gateway refused   */
    EXIT_WRONG_USE   = 2, /* of the command line                           */
    EXIT_UNREACHABLE = 3, /* no gateway there, or not one that trusts us   */
    EXIT_DIFFERENT   = 4, /* diff found differences                        */
    EXIT_TOO_LATE    = 5, /* wait's time is over                           */
};

/* What its words may be, for completions. */
enum command_words {
    WORDS_NONE = 0,
    WORDS_FREE,      /* anything            */
    WORDS_KINDS,     /* names of kinds      */
    WORDS_COMMANDS,
    WORDS_SHELLS,
    WORDS_PATHS,
};

struct command {
    const char *name;
    const char *words;       /* how help calls them: "KIND [NAME...]"; "": none */
    uint32_t    words_min, words_max;
    enum command_words words_are;
    uint64_t    flags;       /* beside FLAGS_ALWAYS */
    const char *outputs;     /* of -o, the first is the default: "table,json"; NULL: no -o */
    const char *summary;     /* one line */
    const char *doc;         /* what help COMMAND says, lines of at most 100 */
    const char *examples;    /* or NULL */
    enum command_exit (*run)(struct ctl *ctl);
};

extern const struct command command_list[]; /* ends with a NULL name */
extern const char command_exit_doc[];       /* the exit codes, for help */

static inline uint64_t command_flags(const struct command *c)
{
    return c->flags | FLAGS_ALWAYS | (c->outputs != NULL ? FLAG_BIT(FLAG_OUTPUT) : 0);
}

/* NULL: there is none of that name. */
const struct command *command_find(struct span name);
/* Nearest name, or NULL. */
const char *command_suggest(struct span name);
