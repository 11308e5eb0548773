/* backend_spec.c - see backend_spec.h. */
#include "conf/backend_spec.h"

static const struct field_row backend_rows[] = {
    TARGET_REF_ROWS,
    { .name = "weight", .type = TYPE_INT, .offset = offsetof(struct backend_spec, weight), .fallback = "1", .min = 0,
      .max = 4294967295, .doc = "its share of the requests" },
    { .name = "port", .type = TYPE_INT, .offset = offsetof(struct backend_spec, port), .min = 1, .max = 65535,
      .doc = "the service's port" },
    { .name = NULL },
};
const struct object_table backend_ref_table = {
    .name = "backendRef", .rows = backend_rows, .bytes = sizeof(struct backend_spec),
};

static bool check_backend(const struct backend_spec *b, struct diag *diag)
{
    bool is_good = target_ref_allow(&b->ref, 1u << TARGET_MESH_EXTERNAL_SERVICE | 1u << TARGET_MESH_SERVICE |
                                    1u << TARGET_MESH_MULTI_ZONE_SERVICE | 1u << TARGET_MESH_SERVICE_SUBSET, diag);

    if (b->ref.kind == TARGET_MESH_MULTI_ZONE_SERVICE && b->port == FIELD_ABSENT) {
        diag_error(diag, field_place(&b->ref, "kind"), "a MeshMultiZoneService needs a `port` here");
        is_good = false;
    }
    return is_good;
}

bool backend_spec_check(const struct list *backends, struct diag *diag)
{
    const struct backend_spec *items = backends->items;
    bool is_good = true;

    for (uint32_t i = 0; i < backends->n; i++)
        is_good &= check_backend(&items[i], diag);
    return is_good;
}
