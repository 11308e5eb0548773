/* otel_ref.h - how a policy names the OpenTelemetry collector that it sends to, in both of Kuma's forms.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#pragma once

#include <stdbool.h>

#include "conf/field_table.h"

struct otel_ref {
    const struct node *node;
    int64_t     kind;
    struct span name;
    struct list labels;        /* struct map_item */
};

extern const struct object_table otel_ref_table;

/* For the field `endpoint`. */
#define OTEL_ENDPOINT_OLDER                                                                                            \
    "write a MeshOpenTelemetryBackend with `endpoint: {address: ..., port: ...}`, and `backendRef: {kind: "            \
    "MeshOpenTelemetryBackend, name: ...}` here"

/* One of the two is given, and the reference says which. */
bool otel_ref_check(const void *object, const struct otel_ref *ref, struct span endpoint, struct diag *diag);
