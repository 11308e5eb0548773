/* kind_mesh_metric.h - MeshMetric: which metrics there are, and who gets them.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_metric;
