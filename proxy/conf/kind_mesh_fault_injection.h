/* kind_mesh_fault_injection.h - MeshFaultInjection: faults made on purpose, to see how clients bear them.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_fault_injection;
