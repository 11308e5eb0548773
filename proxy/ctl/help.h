/* help.h - help, made from the tables of commands and flags.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

/* All commands, a line each, and the exit codes. */
void help_all(struct ctl *ctl);
void help_of(struct ctl *ctl, const struct command *command);
/* `help [COMMAND]`. */
enum command_exit help_command(struct ctl *ctl);
