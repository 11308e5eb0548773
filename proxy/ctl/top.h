/* top.h - `top`: a live view of what a gateway does.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit top_command(struct ctl *ctl);
