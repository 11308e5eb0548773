/* delete.h - `delete`: take documents out, all or nothing.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit delete_command(struct ctl *ctl);
