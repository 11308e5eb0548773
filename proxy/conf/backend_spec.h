/* backend_spec.h - where a route sends: a reference to a service, with weight and port.
 *
 * Spec:   kuma-dialect.md 3.2.
 * Layer:  conf.
 */
#pragma once

#include <stdbool.h>

#include "conf/target_ref.h"

struct backend_spec {
    struct target_ref ref;
    int64_t weight, port;
};

extern const struct object_table backend_ref_table;

/* Each names a service, and a port where its kind needs one. */
bool backend_spec_check(const struct list *backends, struct diag *diag);
