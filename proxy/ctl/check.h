/* check.h - `check`: every problem of some documents, with its place.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit check_command(struct ctl *ctl);
