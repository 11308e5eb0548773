/* kind_mesh_open_telemetry_backend.h - MeshOpenTelemetryBackend: a collector that logs, metrics and traces can name.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_open_telemetry_backend;
