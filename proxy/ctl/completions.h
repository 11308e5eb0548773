/* completions.h - scripts that let a shell complete commands, flags and kinds, made from the tables.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

void completions_bash(struct ctl *ctl);
void completions_zsh(struct ctl *ctl);
void completions_fish(struct ctl *ctl);
/* `completions bash|zsh|fish`. */
enum command_exit completions_command(struct ctl *ctl);
