/* ctl_lab.h - forgectl inside a test: a command line in, what it would print out.
 *
 * For unit tests of ctl. Nothing is written to standard output until a test flushes.
 */
#pragma once

#include <string.h>

#include "base/memory.h"
#include "conf/conf_arena.h"
#include "ctl/ctl.h"

#include "lib/check.h"

enum { CTL_LAB_ARGS_MAX = 24 };

/* A run with this command line read: words parted by single blanks. */
static inline struct ctl *ctl_lab_open(const char *line)
{
    static const struct ctl none;
    struct ctl *ctl = memory_map(sizeof(*ctl));
    char *words = NULL, *argv[CTL_LAB_ARGS_MAX];
    int argc = 0;

    CHECK(ctl != NULL, "no memory\n");
    *ctl = none;
    CHECK(ctl_open(ctl) && (words = conf_arena_take(ctl->arena, strlen(line) + 1)) != NULL, "no memory\n");
    memcpy(words, line, strlen(line) + 1);
    for (char *word = words; word != NULL && *word != 0 && argc < CTL_LAB_ARGS_MAX;) {
        char *blank = strchr(word, ' ');

        argv[argc++] = word;
        if (blank != NULL)
            *blank = 0;
        word = blank != NULL ? blank + 1 : NULL;
    }
    CHECK(arguments_read(&ctl->arguments, argc, argv), "%s: %s\n", line, ctl->arguments.sentence);
    ctl->arguments.sentence[0] = 0;
    return ctl;
}

/* What is to be printed so far; zero-terminated. */
static inline const char *ctl_lab_out(struct ctl *ctl)
{
    *ctl->out.at = 0;
    return ctl->out_memory;
}

static inline void ctl_lab_close(struct ctl *ctl)
{
    ctl_close(ctl);
    memory_unmap(ctl, sizeof(*ctl));
}
