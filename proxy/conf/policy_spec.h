/* policy_spec.h - the frame that Kuma's policies share: what they are about, and entries of `to` and `rules` with a `default`.
 *
 * Spec:   kuma-dialect.md 3.2, 3.8.
 * Layer:  conf.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/kind.h"
#include "conf/target_ref.h"

struct policy_pattern {
    const struct node *node;
    int64_t     type;                   /* enum policy_pattern_type */
    struct span value;
};
enum policy_pattern_type { PATTERN_EXACT = 0, PATTERN_PREFIX };

/* Who an inbound rule is for. Kuma: one of the two. */
struct policy_match {
    const struct node *node;
    const struct policy_pattern *spiffe_id, *sni;
};

struct policy_entry {
    const struct node *node;
    const struct target_ref *target;    /* of a `to` entry */
    struct list matches;                /* of a rule: struct policy_match; none: everybody */
    const void *conf;                   /* the kind's own */
};

struct policy_spec {
    const struct node *node;
    const struct target_ref *target;    /* NULL: Mesh */
    struct list to, rules;              /* struct policy_entry */
    const void *conf;                   /* of kinds that have neither: `default` */
};

/* How the struct of a flat kind begins: its own fields follow. */
struct policy_flat {
    const struct node *node;
    const struct target_ref *target;    /* NULL: Mesh */
};

extern const struct object_table policy_match_table;

/* What Kuma lets a policy be about, and what a `to` entry may name. */
#define POLICY_TOP_KINDS                                                                                               \
    (1u << TARGET_MESH | 1u << TARGET_MESH_GATEWAY | 1u << TARGET_MESH_HTTP_ROUTE | 1u << TARGET_MESH_SERVICE |        \
     1u << TARGET_MESH_SUBSET | 1u << TARGET_MESH_SERVICE_SUBSET | 1u << TARGET_DATAPLANE)
#define POLICY_TO_KINDS                                                                                                \
    (1u << TARGET_MESH | 1u << TARGET_MESH_SERVICE | 1u << TARGET_MESH_EXTERNAL_SERVICE |                              \
     1u << TARGET_MESH_MULTI_ZONE_SERVICE)

/* Rows of the frame, for the kinds' tables. */
#define POLICY_TARGET_ROW                                                                                              \
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct policy_spec, target),                        \
      .object = &target_ref_table, .doc = "what the policy is about; Mesh, which is everything, when absent" }
#define POLICY_TO_ROW(entry_table)                                                                                     \
    { .name = "to", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct policy_spec, to), .min = 1,        \
      .max = 1024, .object = (entry_table), .doc = "what holds for requests to which service" }
#define POLICY_RULES_ROW(entry_table)                                                                                  \
    { .name = "rules", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct policy_spec, rules), .min = 1,  \
      .max = 1024, .object = (entry_table), .doc = "what holds for requests that come in" }
#define POLICY_DEFAULT_ROW(conf_table)                                                                                 \
    { .name = "default", .type = TYPE_OBJECT, .offset = offsetof(struct policy_spec, conf), .is_required = true,       \
      .object = (conf_table), .doc = "write `default:` with the policy's fields below it" }
/* What is left of `from` after policy_spec_mend names clients, which `rules` name by their identities. */
#define POLICY_FROM_ROW                                                                                                \
    { .name = "from", .type = TYPE_REMOVED, .doc = "write `rules:`, each with `matches: [{spiffeID: {type: Exact, "    \
      "value: \"spiffe://TRUST-DOMAIN/WORKLOAD\"}}]` for the client that it meant, and `default:`" }
#define POLICY_NO_FROM_ROW                                                                                             \
    { .name = "from", .type = TYPE_REMOVED, .doc = "this policy is about requests that go out: write `to:`" }

/* Rows of an entry. */
#define POLICY_ENTRY_TARGET_ROW                                                                                        \
    { .name = "targetRef", .type = TYPE_OBJECT, .offset = offsetof(struct policy_entry, target), .is_required = true,  \
      .object = &target_ref_table, .doc = "write `targetRef: {kind: Mesh}`" }
#define POLICY_ENTRY_MATCHES_ROW                                                                                       \
    { .name = "matches", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct policy_entry, matches),       \
      .min = 1, .max = 256, .object = &policy_match_table, .doc = "whose requests; everybody's when absent",            \
      .not_enforced = "clients are not told apart by their identities: write a rule for everybody, without matches" }
#define POLICY_ENTRY_DEFAULT_ROW(conf_table)                                                                           \
    { .name = "default", .type = TYPE_OBJECT, .offset = offsetof(struct policy_entry, conf), .is_required = true,      \
      .object = (conf_table), .doc = "write `default:` with the policy's fields below it" }

/* The older `from` of a document whose entries are all about Mesh is its `rules`: written over in place, so that nobody
 * further on meets two forms. `rules` beside what excludes them are told. */
void policy_spec_mend(const struct kind *kind, struct node *root, struct diag *diag);
/* Each names one thing, and an identity is one. */
bool policy_spec_check_matches(const struct list *matches, struct diag *diag);
/* Kinds of its references, identities of its matches, and check_conf (or NULL) for each `default`. As a kind's check. */
bool policy_spec_check(const struct conf_document *doc, struct diag *diag,
                       bool (*check_conf)(const void *conf, struct diag *diag));
