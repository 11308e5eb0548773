/* test.h - `test`: run ForgeTest documents.
 *
 * Layer:  ctl. The judging is admin/testing.h's, here or on the gateway.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit test_command(struct ctl *ctl);
