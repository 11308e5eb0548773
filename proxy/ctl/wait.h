/* wait.h - `wait`: until a generation is live, or a gateway ready.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit wait_command(struct ctl *ctl);
