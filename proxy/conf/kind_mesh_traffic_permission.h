/* kind_mesh_traffic_permission.h - MeshTrafficPermission: which clients may ask, by their identities.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_traffic_permission;
