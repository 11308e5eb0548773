/* version.h - `version`: of this program, and of the gateway when one answers.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit version_command(struct ctl *ctl);
