/* kind_mesh_timeout.h - MeshTimeout: how long connections and requests may take. The frame is struct policy_spec's.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"
#include "conf/policy_spec.h"

struct timeout_http {
    const struct node *node;
    int64_t request, stream_idle, max_stream, max_connection, head;  /* each may be FIELD_ABSENT; 0: off */
};

struct timeout_conf {
    const struct node *node;
    int64_t connection, idle;                  /* each may be FIELD_ABSENT */
    const struct timeout_http *http;
};

extern const struct kind kind_mesh_timeout;
