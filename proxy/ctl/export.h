/* export.h - `export`: all documents in their canonical form, of files or of a gateway.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit export_command(struct ctl *ctl);
