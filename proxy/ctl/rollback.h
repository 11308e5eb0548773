/* rollback.h - `rollback`: the documents of an earlier generation again.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit rollback_command(struct ctl *ctl);
