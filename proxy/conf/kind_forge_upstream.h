/* kind_forge_upstream.h - ForgeUpstream: what a MeshExternalService does beyond Kuma's words.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"
#include "conf/target_ref.h"

struct forge_upstream_spec {
    const struct node *node;
    const struct target_ref *target;
    int64_t balance;                            /* enum balance */
    int64_t connect_timeout, idle_timeout, echo; /* each may be FIELD_ABSENT */
};

extern const struct kind kind_forge_upstream;
