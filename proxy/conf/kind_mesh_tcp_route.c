/* kind_mesh_tcp_route.c - MeshTCPRoute.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_tcp_route.h"

#include "conf/backend_spec.h"
#include "conf/policy_spec.h"

struct tcp_default {
    const struct node *node;
    struct list backends;
};

struct tcp_rule {
    const struct node *node;
    const struct tcp_default *conf;
};

struct tcp_to {
    const struct node *node;
    const struct target_ref *target;
    struct list rules;
};

struct tcp_route_spec {
    const struct node *node;
    const struct target_ref *target;
    struct list to;
};

static const struct field_row tcp_default_rows[] = {
    { .name = "backendRefs", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct tcp_default, backends),
      .is_required = true, .min = 1, .max = 256, .object = &backend_ref_table, .doc = "where connections go" },
    { .name = NULL },
};
static const struct object_table tcp_default_table = {
    .name = "rule's default", .rows = tcp_default_rows, .bytes = sizeof(struct tcp_default),
    .doc = "where connections go",
};

static const struct field_row tcp_rule_rows[] = {
    { .name = "default", .type = TYPE_OBJECT, .offset = offsetof(struct tcp_rule, conf), .is_required = true,
      .object = &tcp_default_table, .doc = "write `default:` with `backendRefs:` below it" },
    { .name = NULL },
};
static const struct object_table tcp_rule_table = {
    .name = "rule", .rows = tcp_rule_rows, .bytes = sizeof(struct tcp_rule), .doc = "where connections go",
};

static const struct field_row tcp_to_rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct tcp_to, target), .is_required = true,
      .object = &target_ref_table, .doc = "write `targetRef: {kind: Mesh}`" },
    { .name = "rules", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct tcp_to, rules),
      .is_required = true, .min = 1, .max = 1, .object = &tcp_rule_table, .doc = "one rule" },
    { .name = NULL },
};
static const struct object_table tcp_to_table = {
    .name = "`to` entry", .rows = tcp_to_rows, .bytes = sizeof(struct tcp_to), .doc = "connections to one service",
};

static const struct field_row rows[] = {
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct tcp_route_spec, target),
      .object = &target_ref_table, .doc = "the gateway that it is for; all when absent" },
    { .name = "to", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct tcp_route_spec, to),
      .is_required = true, .min = 1, .max = 256, .object = &tcp_to_table, .doc = "write `to:` with `rules:` below it" },
    POLICY_NO_FROM_ROW,
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshTCPRoute", .rows = rows, .bytes = sizeof(struct tcp_route_spec), .doc = "where connections go",
};

static bool check(const struct conf_document *doc, struct diag *diag)
{
    const struct tcp_route_spec *spec = doc->spec;
    const struct tcp_to *to = spec->to.items;
    bool is_good = target_ref_allow(spec->target, POLICY_TOP_KINDS & ~(1u << TARGET_MESH_HTTP_ROUTE), diag);

    for (uint32_t i = 0; i < spec->to.n; i++) {
        const struct tcp_rule *rules = to[i].rules.items;
        is_good &= target_ref_allow(to[i].target, POLICY_TO_KINDS, diag);
        for (uint32_t k = 0; k < to[i].rules.n; k++)
            is_good &= backend_spec_check(&rules[k].conf->backends, diag);
    }
    return is_good;
}

const struct kind kind_mesh_tcp_route = {
    .type = "MeshTCPRoute", .plural = "meshtcproutes", .short_name = "mtcpr", .has_spec = true,
    .not_enforced = "only HTTP is routed: write a MeshHTTPRoute for an HTTP or HTTPS listener", .table = &table,
    .check = check,
};
