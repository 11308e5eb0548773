/* kind_mesh_trust.h - MeshTrust: whose certificates are believed in a trust domain.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_trust;
