/* otel_ref.c - see otel_ref.h. */
#include "conf/otel_ref.h"

#include "conf/document.h"

static const struct enum_row kinds[] = { { .name = "MeshOpenTelemetryBackend" }, { .name = NULL } };

static const struct field_row rows[] = {
    { .name = "kind", .type = TYPE_ENUM, .offset = offsetof(struct otel_ref, kind), .is_required = true, .enums = kinds,
      .doc = "always MeshOpenTelemetryBackend" },
    { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct otel_ref, name), .doc = "its name" },
    { .name = "labels", .type = TYPE_MAP, .offset = offsetof(struct otel_ref, labels),
      .doc = "labels it has, such as kuma.io/display-name" },
    { .name = NULL },
};
const struct object_table otel_ref_table = {
    .name = "backendRef", .rows = rows, .bytes = sizeof(struct otel_ref), .doc = "a MeshOpenTelemetryBackend",
};

bool otel_ref_check(const void *object, const struct otel_ref *ref, struct span endpoint, struct diag *diag)
{
    if ((ref == NULL) == (endpoint.at == NULL)) {
        diag_error(diag, field_place(object, ref != NULL ? "endpoint" : ""), "the collector is named once: write `backendRef: {kind: "
                   "MeshOpenTelemetryBackend, name: ...}`");
        return false;
    }
    if (ref != NULL && (ref->name.at == NULL) == (ref->labels.n == 0)) {
        diag_error(diag, node_place(ref->node), "a backendRef names its document by `name`, or by `labels`");
        return false;
    }
    return true;
}
