/* target_ref.c - the reference table and what may be referred to.
 *
 * Layer:  conf.
 */
#include "conf/target_ref.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"

const struct enum_row target_kinds[] = {
    { .name = "Mesh", .value = TARGET_MESH },
    { .name = "MeshGateway", .value = TARGET_MESH_GATEWAY },
    { .name = "MeshHTTPRoute", .value = TARGET_MESH_HTTP_ROUTE },
    { .name = "MeshExternalService", .value = TARGET_MESH_EXTERNAL_SERVICE },
    { .name = "MeshService", .value = TARGET_MESH_SERVICE },
    { .name = "MeshMultiZoneService", .value = TARGET_MESH_MULTI_ZONE_SERVICE },
    { .name = "MeshSubset", .value = TARGET_MESH_SUBSET },
    { .name = "MeshServiceSubset", .value = TARGET_MESH_SERVICE_SUBSET },
    { .name = "Dataplane", .value = TARGET_DATAPLANE },
    { .name = NULL },
};

static const struct field_row rows[] = { TARGET_REF_ROWS, { .name = NULL } };

const struct object_table target_ref_table = {
    .name = "targetRef", .rows = rows, .bytes = sizeof(struct target_ref), .doc = "what a policy is about",
};

/* Why a kind that Kuma allows in many places is not taken here. */
static const char *reason(int64_t kind)
{
    switch ((enum target_kind)kind) {
    case TARGET_MESH_SERVICE:
    case TARGET_MESH_MULTI_ZONE_SERVICE:
    case TARGET_MESH_SERVICE_SUBSET:
        return "";
    case TARGET_MESH_SUBSET:
    case TARGET_DATAPLANE:
        return "; it selects sidecars, and this node is a gateway";
    case TARGET_MESH:
    case TARGET_MESH_GATEWAY:
    case TARGET_MESH_HTTP_ROUTE:
    case TARGET_MESH_EXTERNAL_SERVICE:
    case TARGET_N:
        return "";
    }
    must_not_reach("target kind");
}

bool target_ref_allow(const struct target_ref *ref, uint32_t mask, struct diag *diag)
{
    char names[160] = "";

    if (ref == NULL || (mask & (1u << ref->kind)) != 0)
        return true;
    for (const struct enum_row *e = target_kinds; e->name != NULL; e++)
        if ((mask & (1u << e->value)) != 0) {
            size_t used = strlen(names);
            snprintf(names + used, sizeof(names) - used, "%s%s", used > 0 ? " or " : "", e->name);
        }
    diag_error(diag, field_place(ref, "kind"), "`kind` must be %s here, and is %s%s", names,
               target_kinds[ref->kind].name, reason(ref->kind));
    return false;
}

struct span target_ref_name(const struct target_ref *ref)
{
    return ref->name.at != NULL ? ref->name : field_map_find(&ref->labels, "kuma.io/display-name");
}
