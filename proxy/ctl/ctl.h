/* ctl.h - one run of forgectl: its command line, its memory, where it speaks.
 *
 * Layer:  ctl.
 * Owner:  main; one command runs in it, then everything is given back.
 * Bounds: CTL_ARENA_BYTES_MAX, CTL_OUT_BYTES_MAX of address space; what is not touched costs nothing.
 * Thread: one. It may wait: nobody is served by this process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "conf/diag.h"
#include "ctl/arguments.h"
#include "proto/text_write.h"

#define CTL_ARENA_BYTES_MAX (UINT64_C(1) << 30)
#define CTL_OUT_BYTES_MAX   (UINT64_C(1) << 29)

struct client;
struct conf_arena;

struct ctl {
    struct arguments   arguments;
    struct conf_arena *arena;
    struct text_write  out;        /* what goes to standard output, at the end or at ctl_flush */
    char              *out_memory;
    struct diag        diag;
    struct client     *client;     /* opened by whoever asks the gateway first */
    bool               has_colour; /* standard output is a terminal, and nobody said no */
    bool               is_terminal;
    bool               out_is_lost; /* its reader has left */
};

/* false: no memory, told. */
bool ctl_open(struct ctl *ctl);
void ctl_close(struct ctl *ctl);
/* Read the command line and do it: the process's exit code. */
int ctl_run(struct ctl *ctl, int argc, char *const *argv);

/* Into ctl->out, as printf. */
void ctl_print(struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What is in out, to standard output. false: it cannot be written any more. */
bool ctl_flush(struct ctl *ctl);
/* What is in out, away. */
void ctl_forget(struct ctl *ctl);
/* "forgectl: sentence" to standard error, after what is in out. */
void ctl_say(struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For the beginning of coloured text: "\e[31m" and the like, or "" without colours. ctl_plain ends it. */
const char *ctl_red(const struct ctl *ctl);
const char *ctl_green(const struct ctl *ctl);
const char *ctl_yellow(const struct ctl *ctl);
const char *ctl_bold(const struct ctl *ctl);
const char *ctl_dim(const struct ctl *ctl);
const char *ctl_plain(const struct ctl *ctl);
/* Text out of somebody's file or answer, with its control characters as '?': a terminal must not obey it. */
void ctl_print_safe(struct ctl *ctl, struct span text);

static inline const char *ctl_text(const struct ctl *ctl, enum flag_id flag)
{
    return arguments_text(&ctl->arguments, flag);
}

static inline bool ctl_has(const struct ctl *ctl, enum flag_id flag)
{
    return arguments_has(&ctl->arguments, flag);
}

static inline bool ctl_output_is(const struct ctl *ctl, const char *form)
{
    return arguments_output_is(&ctl->arguments, form);
}
