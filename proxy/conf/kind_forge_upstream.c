/* kind_forge_upstream.c - ForgeUpstream.
 *
 * Layer:  conf.
 */
#include "conf/kind_forge_upstream.h"

#include "base/clock.h"
#include "conf/document.h"
#include "conf/effective.h"
#include "conf/snapshot.h"

#define LATER "this version has RoundRobin and LeastRequest"

static const struct enum_row balances[] = {
    { .name = "RoundRobin", .value = BALANCE_ROUND_ROBIN },
    { .name = "LeastRequest", .value = BALANCE_LEAST_REQUEST },
    { .name = "RingHash", .refusal = LATER },
    { .name = "Random", .refusal = LATER },
    { .name = "Maglev", .refusal = LATER },
    { .name = NULL },
};

static const struct field_row rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct forge_upstream_spec, target),
      .is_required = true, .object = &target_ref_table, .doc = "write `targetRef: {kind: MeshExternalService, name: ...}`" },
    { .name = "balance", .type = TYPE_ENUM, .offset = offsetof(struct forge_upstream_spec, balance), .enums = balances,
      .doc = "which endpoint is next; RoundRobin when absent" },
    { .name = "connectTimeout", .type = TYPE_DURATION, .offset = offsetof(struct forge_upstream_spec, connect_timeout),
      .min = (int64_t)NS_PER_MS, .max = 3600 * (int64_t)NS_PER_S,
      .doc = "how long an endpoint may take to accept a connection; as a MeshTimeout says when absent" },
    { .name = "idleTimeout", .type = TYPE_DURATION, .offset = offsetof(struct forge_upstream_spec, idle_timeout),
      .min = (int64_t)NS_PER_MS, .max = 3600000 * (int64_t)NS_PER_S,
      .doc = "how long an unused connection is kept; as a MeshTimeout says when absent" },
    { .name = "echo", .type = TYPE_BOOL, .offset = offsetof(struct forge_upstream_spec, echo),
      .doc = "answer here, with a description of the request; no endpoint is asked" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "ForgeUpstream", .rows = rows, .bytes = sizeof(struct forge_upstream_spec), .doc = "extras of upstreams",
};

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct forge_upstream_spec *s = doc->spec;
    bool is_good = target_ref_allow(s->target, doc->kind->policy->top_mask, diag);

    if (s->target->kind == TARGET_MESH && s->echo == 1) {
        diag_error(diag, field_place(s, "echo"), "`echo` for all services would answer every request here: name the one "
                   "MeshExternalService");
        is_good = false;
    }
    return is_good;
}

static const struct policy_shape shape = {
    .conf = &table, .top_mask = 1u << TARGET_MESH | 1u << TARGET_MESH_EXTERNAL_SERVICE, .is_flat = true,
    .about_mask = 1u << EFFECTIVE_SERVICE,
};

const struct kind kind_forge_upstream = {
    .type = "ForgeUpstream", .plural = "forgeupstreams",
    .has_spec = true, .policy = &shape, .table = &table, .check = check,
};
