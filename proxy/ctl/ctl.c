/* ctl.c - see ctl.h. */
#include "ctl/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "conf/conf_arena.h"
#include "ctl/client.h"
#include "ctl/help.h"

static bool write_all(int fd, const char *at, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool ctl_open(struct ctl *ctl)
{
    static const char sentence[] = "forgectl: the kernel has no address space left\n";

    ctl->arena = conf_arena_open(CTL_ARENA_BYTES_MAX);
    ctl->out_memory = memory_map(CTL_OUT_BYTES_MAX);
    ctl->client = NULL;
    ctl->out_is_lost = false;
    diag_init(&ctl->diag);
    if (ctl->arena == NULL || ctl->out_memory == NULL) {
        write_all(STDERR_FILENO, sentence, sizeof(sentence) - 1);
        ctl_close(ctl);
        return false;
    }
    text_write_init(&ctl->out, ctl->out_memory, (uint32_t)CTL_OUT_BYTES_MAX);
    ctl->is_terminal = isatty(STDOUT_FILENO) == 1;
    ctl->has_colour = false;
    return true;
}

void ctl_close(struct ctl *ctl)
{
    client_close(ctl->client);
    memory_unmap(ctl->out_memory, CTL_OUT_BYTES_MAX);
    conf_arena_close(ctl->arena);
    ctl->client = NULL;
    ctl->out_memory = NULL;
    ctl->arena = NULL;
}

/* ---- saying ---- */

void ctl_print(struct ctl *ctl, const char *format, ...)
{
    char text[4096];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    MUST(len >= 0);
    text_write_span(&ctl->out, span_of(text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1));
}

void ctl_print_safe(struct ctl *ctl, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        text_write_byte(&ctl->out, (c < ' ' && c != '\n') || c == 0x7f ? '?' : (char)c);
    }
}

bool ctl_flush(struct ctl *ctl)
{
    bool is_full = ctl->out.is_full;
    size_t len = (size_t)(ctl->out.at - ctl->out_memory);

    if (!write_all(STDOUT_FILENO, ctl->out_memory, len))
        ctl->out_is_lost = true;
    ctl_forget(ctl);
    return !ctl->out_is_lost && !is_full;
}

void ctl_forget(struct ctl *ctl)
{
    text_write_init(&ctl->out, ctl->out_memory, (uint32_t)CTL_OUT_BYTES_MAX);
}

void ctl_say(struct ctl *ctl, const char *format, ...)
{
    char text[4096] = "forgectl: ";
    size_t at = strlen(text), len;
    va_list args;
    int n;

    ctl_flush(ctl);
    va_start(args, format);
    n = vsnprintf(text + at, sizeof(text) - at - 1, format, args);
    va_end(args);
    MUST(n >= 0);
    len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' && text[i] != '\n')
            text[i] = '?';
    text[len++] = '\n';
    write_all(STDERR_FILENO, text, len);
}

static const char *colour(const struct ctl *ctl, const char *sequence)
{
    return ctl->has_colour ? sequence : "";
}

const char *ctl_red(const struct ctl *ctl)
{
    return colour(ctl, "\033[31m");
}

const char *ctl_green(const struct ctl *ctl)
{
    return colour(ctl, "\033[32m");
}

const char *ctl_yellow(const struct ctl *ctl)
{
    return colour(ctl, "\033[33m");
}

const char *ctl_bold(const struct ctl *ctl)
{
    return colour(ctl, "\033[1m");
}

const char *ctl_dim(const struct ctl *ctl)
{
    return colour(ctl, "\033[2m");
}

const char *ctl_plain(const struct ctl *ctl)
{
    return colour(ctl, "\033[0m");
}

/* ---- running ---- */

/* "-V" and "--version" where a command would stand: people type them. */
static bool is_version(int argc, char *const *argv)
{
    return argc == 1 && (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0);
}

static void settle_colour(struct ctl *ctl)
{
    const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

    ctl->has_colour = ctl->is_terminal && !ctl_has(ctl, FLAG_NO_COLOR) && (no == NULL || no[0] == 0) &&
                      (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

int ctl_run(struct ctl *ctl, int argc, char *const *argv)
{
    int code = EXIT_FINE;

    if (is_version(argc, argv)) {
        ctl_print(ctl, "forgectl %s\n", FORGE_VERSION);
        return ctl_flush(ctl) ? EXIT_FINE : EXIT_REFUSED;
    }
    if (!arguments_read(&ctl->arguments, argc, argv)) {
        ctl_say(ctl, "%s", ctl->arguments.sentence);
        return EXIT_WRONG_USE;
    }
    settle_colour(ctl);
    if (ctl->arguments.command == NULL) {
        help_all(ctl);
        code = ctl_has(ctl, FLAG_HELP) ? EXIT_FINE : EXIT_WRONG_USE;
    } else if (ctl_has(ctl, FLAG_HELP)) {
        help_of(ctl, ctl->arguments.command);
    } else {
        code = (int)ctl->arguments.command->run(ctl);
    }
    if (!ctl_flush(ctl) && !ctl->out_is_lost) {
        ctl_say(ctl, "what is to be printed is longer than %u MiB: ask for less", (unsigned)(CTL_OUT_BYTES_MAX >> 20));
        return EXIT_REFUSED;
    }
    return code;
}
