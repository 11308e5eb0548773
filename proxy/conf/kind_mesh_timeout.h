/* kind_mesh_timeout.h - MeshTimeout, as far as a gateway enforces it.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"
#include "conf/target_ref.h"

struct timeout_http {
    const struct node *node;
    int64_t request, stream_idle;              /* each may be FIELD_ABSENT; 0: off */
    int64_t max_stream, max_connection, head;  /* taken only when 0 */
};

struct timeout_conf {
    const struct node *node;
    int64_t connection, idle;                  /* each may be FIELD_ABSENT */
    const struct timeout_http *http;
};

struct timeout_to {
    const struct node *node;
    const struct target_ref *target;
    const struct timeout_conf *conf;
};

struct timeout_spec {
    const struct node *node;
    const struct target_ref *target;           /* NULL: Mesh */
    struct list to;                            /* struct timeout_to */
};

extern const struct kind kind_mesh_timeout;
