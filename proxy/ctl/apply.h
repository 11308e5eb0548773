/* apply.h - `apply`: documents of files become the gateway's, all or nothing.
 *
 * Layer:  ctl.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"
#include "ctl/command.h"

struct ctl;

enum command_exit apply_command(struct ctl *ctl);
/* The change that the command line describes, as /forge/apply takes it. Else told. */
enum command_exit apply_body(struct ctl *ctl, bool is_dry_run, struct span *out);
