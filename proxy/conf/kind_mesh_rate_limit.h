/* kind_mesh_rate_limit.h - MeshRateLimit: how many requests and connections in which time.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_rate_limit;
