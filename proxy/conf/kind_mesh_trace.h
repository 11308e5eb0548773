/* kind_mesh_trace.h - MeshTrace: spans of requests, and where they go.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_trace;
