/* reference.h - `manual` and `schema`: what is known about a kind of documents, without a gateway.
 *
 * Layer:  ctl.
 */
#pragma once

#include "ctl/command.h"

struct ctl;

enum command_exit reference_manual(struct ctl *ctl);
enum command_exit reference_schema(struct ctl *ctl);
