/* completions.c - see completions.h. */
#include "ctl/completions.h"

#include <string.h>

#include "conf/kind.h"
#include "ctl/ctl.h"

/* Text for single quotes of a shell: what would end them, or mean something to zsh's _arguments, is taken out. */
static void print_quoted(struct ctl *ctl, const char *text)
{
    for (; *text != 0; text++)
        if (strchr("'[]:\\`", *text) == NULL)
            text_write_byte(&ctl->out, *text);
}

static void print_kinds(struct ctl *ctl)
{
    for (unsigned i = 0; i < KIND_N; i++)
        ctl_print(ctl, "%s%s", i > 0 ? " " : "", kind_list[i]->plural);
}

static void print_commands(struct ctl *ctl)
{
    for (const struct command *c = command_list; c->name != NULL; c++)
        ctl_print(ctl, "%s%s", c > command_list ? " " : "", c->name);
}

static void print_list(struct ctl *ctl, const char *commas)
{
    struct span list = span_str(commas), one;

    for (unsigned i = 0; arguments_list_next(&list, &one); i++)
        ctl_print(ctl, "%s%.*s", i > 0 ? " " : "", SPAN_FMT(one));
}

static void print_words(struct ctl *ctl, const struct command *c)
{
    switch (c->words_are) {
    case WORDS_NONE:
    case WORDS_FREE:
    case WORDS_PATHS:
        break;
    case WORDS_KINDS:
        print_kinds(ctl);
        break;
    case WORDS_COMMANDS:
        print_commands(ctl);
        break;
    case WORDS_SHELLS:
        ctl_print(ctl, "bash zsh fish");
        break;
    }
}

/* ---- bash ---- */

static void bash_command(struct ctl *ctl, const struct command *c)
{
    ctl_print(ctl, "    %s)\n        flags='", c->name);
    for (unsigned i = 0; i < FLAG_N; i++) {
        if ((command_flags(c) & FLAG_BIT(i)) == 0)
            continue;
        ctl_print(ctl, "--%s ", flag_list[i].name);
        if (flag_list[i].letter != 0)
            ctl_print(ctl, "-%c ", flag_list[i].letter);
    }
    ctl_print(ctl, "'\n        outputs='");
    print_list(ctl, c->outputs != NULL ? c->outputs : "");
    ctl_print(ctl, "'\n        words='");
    print_words(ctl, c);
    ctl_print(ctl, "'\n        ;;\n");
}

/* The patterns of a case that takes flags of this type. */
static void bash_flags(struct ctl *ctl, enum flag_type type)
{
    const char *between = "";

    for (unsigned i = 0; i < FLAG_N; i++) {
        if (flag_list[i].type != type)
            continue;
        ctl_print(ctl, "%s--%s", between, flag_list[i].name);
        if (flag_list[i].letter != 0)
            ctl_print(ctl, " | -%c", flag_list[i].letter);
        between = " | ";
    }
}

void completions_bash(struct ctl *ctl)
{
    ctl_print(ctl, "# bash completion of forgectl: eval \"$(forgectl completions bash)\"\n"
                   "_forgectl() {\n"
                   "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flags='' outputs='' words=''\n"
                   "    COMPREPLY=()\n"
                   "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                   "        COMPREPLY=($(compgen -W '");
    print_commands(ctl);
    ctl_print(ctl, "' -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n");
    for (const struct command *c = command_list; c->name != NULL; c++)
        bash_command(ctl, c);
    ctl_print(ctl, "    esac\n    case $before in\n    ");
    bash_flags(ctl, FLAG_TYPE_PATH);
    ctl_print(ctl, ")\n        COMPREPLY=($(compgen -f -- \"$word\"))\n        ;;\n    ");
    bash_flags(ctl, FLAG_TYPE_DIR);
    ctl_print(ctl, ")\n        COMPREPLY=($(compgen -d -- \"$word\"))\n        ;;\n    ");
    bash_flags(ctl, FLAG_TYPE_OUTPUT);
    ctl_print(ctl, ")\n        COMPREPLY=($(compgen -W \"$outputs\" -- \"$word\"))\n        ;;\n"
                   "    *)\n"
                   "        case $word in\n"
                   "        -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n"
                   "        *) if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                   "           else COMPREPLY=($(compgen -f -- \"$word\")); fi ;;\n"
                   "        esac\n"
                   "        ;;\n"
                   "    esac\n"
                   "}\n"
                   "complete -o filenames -F _forgectl forgectl\n");
}

/* ---- zsh ---- */

static void zsh_flag(struct ctl *ctl, const struct command *c, enum flag_id id)
{
    const struct flag_row *flag = &flag_list[id];

    ctl_print(ctl, " \\\n            '%s--%s%s[", flag->may_repeat ? "*" : "", flag->name, flag->value != NULL ? "=" : "");
    print_quoted(ctl, flag->doc);
    ctl_print(ctl, "]");
    if (flag->value != NULL) {
        ctl_print(ctl, ":");
        print_quoted(ctl, flag->value);
        ctl_print(ctl, ":");
    }
    if (flag->type == FLAG_TYPE_PATH)
        ctl_print(ctl, "_files");
    if (flag->type == FLAG_TYPE_DIR)
        ctl_print(ctl, "_files -/");
    if (flag->type == FLAG_TYPE_OUTPUT) {
        ctl_print(ctl, "(");
        print_list(ctl, c->outputs);
        ctl_print(ctl, ")");
    }
    ctl_print(ctl, "'");
}

static void zsh_command(struct ctl *ctl, const struct command *c)
{
    ctl_print(ctl, "    %s)\n        _arguments", c->name);
    for (unsigned i = 0; i < FLAG_N; i++)
        if ((command_flags(c) & FLAG_BIT(i)) != 0)
            zsh_flag(ctl, c, (enum flag_id)i);
    if (c->words_are == WORDS_PATHS) {
        ctl_print(ctl, " \\\n            '*:path:_files'");
    } else if (c->words_are != WORDS_NONE && c->words_are != WORDS_FREE) {
        ctl_print(ctl, " \\\n            '*:word:(");
        print_words(ctl, c);
        ctl_print(ctl, ")'");
    }
    ctl_print(ctl, "\n        ;;\n");
}

void completions_zsh(struct ctl *ctl)
{
    ctl_print(ctl, "#compdef forgectl\n# zsh completion: forgectl completions zsh > \"${fpath[1]}/_forgectl\"\n"
                   "_forgectl() {\n    local -a commands=(\n");
    for (const struct command *c = command_list; c->name != NULL; c++) {
        ctl_print(ctl, "        '%s:", c->name);
        print_quoted(ctl, c->summary);
        ctl_print(ctl, "'\n");
    }
    ctl_print(ctl, "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
                   "    local name=${words[2]}\n    shift words\n    (( CURRENT-- ))\n    case $name in\n");
    for (const struct command *c = command_list; c->name != NULL; c++)
        zsh_command(ctl, c);
    ctl_print(ctl, "    esac\n}\ncompdef _forgectl forgectl\n");
}

/* ---- fish ---- */

static void fish_flag(struct ctl *ctl, const struct command *c, enum flag_id id)
{
    const struct flag_row *flag = &flag_list[id];

    ctl_print(ctl, "complete -c forgectl -n '__fish_seen_subcommand_from %s' -l %s", c->name, flag->name);
    if (flag->letter != 0)
        ctl_print(ctl, " -s %c", flag->letter);
    if (flag->type == FLAG_TYPE_OUTPUT) {
        ctl_print(ctl, " -x -a '");
        print_list(ctl, c->outputs);
        ctl_print(ctl, "'");
    } else if (flag->type == FLAG_TYPE_PATH || flag->type == FLAG_TYPE_DIR) {
        ctl_print(ctl, " -r -F");
    } else if (flag->value != NULL) {
        ctl_print(ctl, " -x");
    }
    ctl_print(ctl, " -d '");
    print_quoted(ctl, flag->doc);
    ctl_print(ctl, "'\n");
}

void completions_fish(struct ctl *ctl)
{
    ctl_print(ctl, "# fish completion: forgectl completions fish > ~/.config/fish/completions/forgectl.fish\n"
                   "complete -c forgectl -f\n");
    for (const struct command *c = command_list; c->name != NULL; c++) {
        ctl_print(ctl, "complete -c forgectl -n __fish_use_subcommand -a %s -d '", c->name);
        print_quoted(ctl, c->summary);
        ctl_print(ctl, "'\n");
        for (unsigned i = 0; i < FLAG_N; i++)
            if ((command_flags(c) & FLAG_BIT(i)) != 0)
                fish_flag(ctl, c, (enum flag_id)i);
        if (c->words_are == WORDS_NONE || c->words_are == WORDS_FREE)
            continue;
        ctl_print(ctl, "complete -c forgectl -n '__fish_seen_subcommand_from %s' %s", c->name,
                  c->words_are == WORDS_PATHS ? "-F" : "-a '");
        if (c->words_are != WORDS_PATHS) {
            print_words(ctl, c);
            ctl_print(ctl, "'");
        }
        ctl_print(ctl, "\n");
    }
}

enum command_exit completions_command(struct ctl *ctl)
{
    static const struct { const char *shell; void (*print)(struct ctl *ctl); } shells[] = {
        { "bash", completions_bash }, { "zsh", completions_zsh }, { "fish", completions_fish },
    };

    for (unsigned i = 0; i < COUNT(shells); i++)
        if (strcmp(ctl->arguments.words[0], shells[i].shell) == 0) {
            shells[i].print(ctl);
            return EXIT_FINE;
        }
    ctl_say(ctl, "no completions for `%s`: there are bash, zsh and fish", ctl->arguments.words[0]);
    return EXIT_WRONG_USE;
}
