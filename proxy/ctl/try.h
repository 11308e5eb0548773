/* try.h - `try`: how a request would be treated, step by step, and nothing done.
 *
 * Layer:  ctl. The answering is engine/try.h's, here or on the gateway.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit try_command(struct ctl *ctl);
