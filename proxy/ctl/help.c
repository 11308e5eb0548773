/* help.c - see help.h. */
#include "ctl/help.h"

#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

enum { HELP_COLUMNS = 100 };

void help_all(struct ctl *ctl)
{
    ctl_print(ctl, "forgectl - look at, check, change and test the documents of an API Forge gateway\n\n"
                   "usage: forgectl COMMAND [flags]\n\n");
    for (const struct command *c = command_list; c->name != NULL; c++)
        ctl_print(ctl, "  %s%-12s%s %s\n", ctl_bold(ctl), c->name, ctl_plain(ctl), c->summary);
    ctl_print(ctl, "\n`forgectl help COMMAND` says more. Commands with -f need no gateway, unless they change one.\n\n%s",
              command_exit_doc);
}

/* Words from column `from` on, broken before HELP_COLUMNS; the cursor stands there. */
static void print_wrapped(struct ctl *ctl, struct span text, size_t from)
{
    size_t at = from;
    struct span word;

    while (span_next(&text, ' ', &word)) {
        if (at > from && at + 1 + word.len > HELP_COLUMNS) {
            ctl_print(ctl, "\n%*s", (int)from, "");
            at = from;
        }
        if (at > from) {
            ctl_print(ctl, " ");
            at++;
        }
        text_write_span(&ctl->out, word);
        at += word.len;
    }
    ctl_print(ctl, "\n");
}

static void print_flag(struct ctl *ctl, const struct command *command, enum flag_id id)
{
    const struct flag_row *flag = &flag_list[id];
    char doc[512], head[64];

    snprintf(head, sizeof(head), "--%s%s%s", flag->name, flag->value != NULL ? " " : "", flag->value != NULL ? flag->value : "");
    if (flag->letter != 0)
        ctl_print(ctl, "  -%c, %-22s ", flag->letter, head);
    else
        ctl_print(ctl, "      %-22s ", head);
    if (id == FLAG_OUTPUT)
        snprintf(doc, sizeof(doc), "%s: %s; the first is the default", flag->doc, command->outputs);
    else if (flag->fallback != NULL)
        snprintf(doc, sizeof(doc), "%s; default: %s", flag->doc, flag->fallback);
    else
        snprintf(doc, sizeof(doc), "%s%s", flag->doc, flag->may_repeat ? "; may be repeated" : "");
    print_wrapped(ctl, span_str(doc), 29);
}

static void print_flags(struct ctl *ctl, const struct command *command, const char *title, uint64_t among)
{
    if (among == 0)
        return;
    ctl_print(ctl, "\n%s\n", title);
    for (unsigned i = 0; i < FLAG_N; i++)
        if ((among & FLAG_BIT(i)) != 0)
            print_flag(ctl, command, (enum flag_id)i);
}

void help_of(struct ctl *ctl, const struct command *command)
{
    uint64_t flags = command_flags(command);

    ctl_print(ctl, "usage: forgectl %s%s%s [flags]\n\n%s\n", command->name, command->words[0] != 0 ? " " : "", command->words,
              command->doc);
    print_flags(ctl, command, "flags:", flags & ~(uint64_t)FLAGS_GATEWAY);
    print_flags(ctl, command, "which gateway:", flags & FLAGS_GATEWAY);
    if (command->examples != NULL)
        ctl_print(ctl, "\nexamples:\n%s", command->examples);
    ctl_print(ctl, "\n%s", command_exit_doc);
}

enum command_exit help_command(struct ctl *ctl)
{
    const struct command *command;
    const char *near;

    if (ctl->arguments.words_n == 0) {
        help_all(ctl);
        return EXIT_FINE;
    }
    command = command_find(span_str(ctl->arguments.words[0]));
    if (command != NULL) {
        help_of(ctl, command);
        return EXIT_FINE;
    }
    near = command_suggest(span_str(ctl->arguments.words[0]));
    ctl_say(ctl, "there is no command `%s`%s%s%s", ctl->arguments.words[0], near != NULL ? ": did you mean `" : "",
            near != NULL ? near : "", near != NULL ? "`?" : "; `forgectl help` lists them");
    return EXIT_WRONG_USE;
}
