/* history.h - `history`: who changed what, when and why.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit history_command(struct ctl *ctl);
