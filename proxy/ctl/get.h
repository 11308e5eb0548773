/* get.h - `get`: the gateway's documents of a kind.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit get_command(struct ctl *ctl);
