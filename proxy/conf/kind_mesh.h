/* kind_mesh.h - Mesh: what belongs together. Documents name their mesh; without one it is `default`.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh;
