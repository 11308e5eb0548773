/* diff.h - `diff`: what differs: files and gateway, two folders, two generations.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit diff_command(struct ctl *ctl);
