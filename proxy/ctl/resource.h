/* resource.h - kinds and documents as people name them on a command line: "mtp", "meshgateways", "MeshGateway/edge".
 *
 * Layer:  ctl.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

struct ctl;
struct kind;

/* By type in any case, plural or short name. NULL: told, with the nearest. */
const struct kind *resource_kind(struct ctl *ctl, struct span name);
/* "KIND/NAME" cut; out_name is empty when there is no slash. */
void resource_cut(struct span word, struct span *out_kind, struct span *out_name);
