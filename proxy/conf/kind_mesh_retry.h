/* kind_mesh_retry.h - MeshRetry: which requests are tried again, how often and after which pause.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

extern const struct kind kind_mesh_retry;
