/* kind_mesh_health_check.h - MeshHealthCheck: how endpoints are asked whether they are well.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_health_check;
