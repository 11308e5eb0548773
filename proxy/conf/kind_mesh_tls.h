/* kind_mesh_tls.h - MeshTLS: how the proxies of a mesh speak TLS with each other.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_tls;
