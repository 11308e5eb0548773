/* explain.h - `explain`: what a listener, route or service is told in the end, and by which documents.
 *
 * Layer:  ctl. The explaining is conf/explain.h's, here or on the gateway.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit explain_command(struct ctl *ctl);
