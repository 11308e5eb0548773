/* kind_mesh_passthrough.h - MeshPassthrough: what leaves a sidecar without being a service.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_passthrough;
