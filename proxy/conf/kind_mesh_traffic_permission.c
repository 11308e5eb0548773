/* kind_mesh_traffic_permission.c - MeshTrafficPermission.
 *
 * Spec:   kuma-dialect.md 3.4.
 * Layer:  conf.
 */
#include "conf/kind_mesh_traffic_permission.h"

#include "conf/document.h"
#include "conf/policy_spec.h"

struct permission_conf {
    const struct node *node;
    struct list deny;
    struct list allow_with_shadow_deny;
    struct list allow;
};

static const struct field_row permission_conf_rows[] = {
    { .name = "deny", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct permission_conf, deny), .min = 1,
      .max = 1024, .object = &policy_match_table, .doc = "never these, whatever else says" },
    { .name = "allowWithShadowDeny", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct permission_conf, allow_with_shadow_deny), .min = 1, .max = 1024,
      .object = &policy_match_table, .doc = "these, and their requests are logged as if they were denied" },
    { .name = "allow", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct permission_conf, allow),
      .min = 1, .max = 1024, .object = &policy_match_table, .doc = "these" },
    { .name = "action", .type = TYPE_REMOVED,
      .doc = "write `allow`, `deny` or `allowWithShadowDeny`, a list such as [{spiffeID: {type: Prefix, value: "
      "\"spiffe://TRUST-DOMAIN/\"}}]" },
    { .name = NULL },
};
static const struct object_table permission_conf_table = {
    .name = "MeshTrafficPermission's default", .rows = permission_conf_rows, .bytes = sizeof(struct permission_conf),
    .doc = "who may and who may not",
};

static const struct field_row rule_rows[] = {
    POLICY_ENTRY_DEFAULT_ROW(&permission_conf_table),
    { .name = NULL },
};
static const struct object_table rule_table = {
    .name = "rule", .rows = rule_rows, .bytes = sizeof(struct policy_entry),
    .doc = "what holds for requests that come in",
};

static const struct field_row rows[] = {
    POLICY_TARGET_ROW,
    POLICY_RULES_ROW(&rule_table),
    { .name = "from", .type = TYPE_REMOVED,
      .doc = "write `rules: [{default: {allow: [{spiffeID: {type: Exact, value: "
      "\"spiffe://TRUST-DOMAIN/WORKLOAD\"}}]}}]`, and `deny` in place of `action: Deny`" },
    { .name = "to", .type = TYPE_REMOVED, .doc = "a permission is about requests that come in: write `rules:`" },
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshTrafficPermission", .rows = rows, .bytes = sizeof(struct policy_spec), .doc = "who may ask",
};

static const struct policy_shape shape = {
    .conf = &permission_conf_table, .top_mask = POLICY_TOP_KINDS, .has_rules = true,
};

static bool check_conf(const void *of, struct diag *diag)
{
    const struct permission_conf *conf = of;
    bool is_good = policy_spec_check_matches(&conf->deny, diag);

    is_good &= policy_spec_check_matches(&conf->allow_with_shadow_deny, diag);
    is_good &= policy_spec_check_matches(&conf->allow, diag);
    if (conf->deny.n + conf->allow.n + conf->allow_with_shadow_deny.n == 0) {
        diag_error(diag, node_place(conf->node), "this default says nothing: write `allow`, `deny` or `allowWithShadowDeny`");
        is_good = false;
    }
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

const struct kind kind_mesh_traffic_permission = {
    .type = "MeshTrafficPermission", .plural = "meshtrafficpermissions", .short_name = "mtp", .has_spec = true,
    .not_enforced = "clients are not told apart by SPIFFE identities, and everybody may ask", .policy = &shape,
    .table = &table, .check = check,
};
