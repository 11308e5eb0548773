/* convert.h - `convert`: documents in the envelope of Kuma universal or of Kubernetes.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit convert_command(struct ctl *ctl);
