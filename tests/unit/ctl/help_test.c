/* help_test.c - help and completions say everything that the tables have, and shells can read them.
 *
 * Method: the text is looked through for each command and flag; completions go through `bash -n` and are asked by bash, and
 *         through zsh and fish where those are installed.
 */
#include "ctl/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/ctl_lab.h"

#include "ctl/command.h"
#include "ctl/completions.h"

TEST(help_lists_every_command)
{
    struct ctl *ctl = ctl_lab_open("help");

    CHECK(help_command(ctl) == EXIT_FINE, "exit code\n");
    for (const struct command *c = command_list; c->name != NULL; c++)
        CHECK(strstr(ctl_lab_out(ctl), c->summary) != NULL, "%s is missing\n", c->name);
    CHECK(strstr(ctl_lab_out(ctl), command_exit_doc) != NULL, "exit codes\n");
    ctl_lab_close(ctl);
}

TEST(help_of_a_command_has_all_its_flags)
{
    for (const struct command *c = command_list; c->name != NULL; c++) {
        struct ctl *ctl = ctl_lab_open("help");
        const char *text;

        help_of(ctl, c);
        text = ctl_lab_out(ctl);
        for (unsigned i = 0; i < FLAG_N; i++) {
            char flag[64];

            snprintf(flag, sizeof(flag), "%c%c%s --%s ", flag_list[i].letter != 0 ? '-' : ' ', flag_list[i].letter != 0 ? flag_list[i].letter : ' ',
                     flag_list[i].letter != 0 ? "," : " ", flag_list[i].name);
            CHECK((strstr(text, flag) != NULL) == ((command_flags(c) & FLAG_BIT(i)) != 0), "%s: %s\n", c->name, flag);
        }
        for (const char *line = text; line != NULL; line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL)
            CHECK(strcspn(line, "\n") <= 120, "%s: a long line: %.130s\n", c->name, line);
        ctl_lab_close(ctl);
    }
}

TEST(help_of_nothing_suggests)
{
    struct ctl *ctl = ctl_lab_open("help aply");

    CHECK(help_command(ctl) == EXIT_WRONG_USE && *ctl_lab_out(ctl) == 0, "taken\n");
    ctl_lab_close(ctl);
}

/* A script for the shell in a file; then a command line about it, with %s for the file. */
static void check_script(const char *shell, const char *command)
{
    char line[64], name[] = "/tmp/forgectl-completions-XXXXXX", run[512];
    int fd = mkstemp(name);
    struct ctl *ctl;

    snprintf(line, sizeof(line), "completions %s", shell);
    ctl = ctl_lab_open(line);
    CHECK(completions_command(ctl) == EXIT_FINE, "%s\n", shell);
    for (const struct command *c = command_list; c->name != NULL; c++)
        CHECK(strstr(ctl_lab_out(ctl), c->name) != NULL, "%s: %s is missing\n", shell, c->name);
    CHECK(strstr(ctl_lab_out(ctl), "meshhttproutes") != NULL && strstr(ctl_lab_out(ctl), "dry-run") != NULL, "%s\n", shell);
    CHECK(fd >= 0 && write(fd, ctl_lab_out(ctl), strlen(ctl_lab_out(ctl))) > 0, "no file\n");
    close(fd);
    snprintf(run, sizeof(run), "FILE=%s; %s", name, command);
    CHECK(system(run) == 0, "%s\n", run);
    unlink(name);
    ctl_lab_close(ctl);
}

TEST(completions_are_scripts)
{
    check_script("bash", "bash -n $FILE");
    check_script("bash", "bash -c '. '$FILE'; COMP_WORDS=(forgectl check -o \"\"); COMP_CWORD=3; _forgectl; "
                         "[ \"${COMPREPLY[*]}\" = \"text json sarif\" ] && COMP_WORDS=(forgectl rol) && COMP_CWORD=1 && _forgectl && "
                         "[ \"${COMPREPLY[*]}\" = rollback ]'");
    check_script("zsh", "if command -v zsh > /dev/null; then zsh -n $FILE; else test -s $FILE; fi");
    check_script("fish", "if command -v fish > /dev/null; then fish --no-execute $FILE; else test -s $FILE; fi");
}

CHECK_RUN(RUN(help_lists_every_command), RUN(help_of_a_command_has_all_its_flags), RUN(help_of_nothing_suggests),
          RUN(completions_are_scripts))
