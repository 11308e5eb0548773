/* kind_mesh_circuit_breaker.h - MeshCircuitBreaker: what a service may be busy with, and which endpoints are left out.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_circuit_breaker;
