/* kind_mesh_identity.h - MeshIdentity: who issues certificates to the proxies of a mesh, and what names they bear.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_identity;
