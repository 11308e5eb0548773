/* kind_mesh_tcp_route.h - MeshTCPRoute: where connections of TCP listeners go.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_tcp_route;
