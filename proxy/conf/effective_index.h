/* effective_index.h - the policies of a set, sorted, and by what they are about.
 *
 * Layer:  conf, internal to effective.
 * Owner:  the arena of the effective_set.
 */
#pragma once

#include "conf/diag.h"
#include "conf/effective.h"
#include "conf/initial_policies.h"
#include "conf/merge.h"

struct own_link {
    const struct effective_statement *statement;
    struct own_link *next;
};

/* What is said about one route or service, and the last answer about it. */
struct own {
    const struct conf_document    *doc;
    struct own_link               *first, *last;   /* from weak to strong */
    const struct gateway_listener *answer_listener;
    const struct conf_document    *answer_service;
    const struct effective        *answer;
};

/* What is said about everything, as one listener has it (or all, where no policy tells listeners apart). */
struct common {
    struct span mesh;
    const struct gateway_listener *listener;
    const struct effective_statement **statements;
    uint32_t                 n;
    const struct node      **prefixes;             /* [i]: the first i merged; NULL: nothing yet */
    struct effective         effective;
    struct effective_rules   rules;                /* of rules, when somebody asked for them */
    bool                     has_rules;
    struct common           *next;
};

struct policy_index {
    struct effective_statement *items;             /* from weak to strong */
    uint32_t       n;
    const struct effective_statement **about_all; /* those about everything, from weak to strong */
    uint32_t       about_all_n;
    bool           tells_apart;                    /* something said about everything holds for some listeners only */
    struct own    *owns;                           /* by document; open addressing */
    uint32_t       owns_slots_n;
    struct common *commons[2];                     /* of `to` and `default`, of rules; the last asked for first */
};

struct mesh_policies {
    struct span mesh;
    struct initial_policies initial;
};

struct effective_set {
    const struct conf_set *set;
    enum effective_view    view;
    struct conf_arena     *arena;
    struct merge           merge;
    struct diag           *said;                   /* while something is filled */
    struct mesh_policies  *meshes;
    uint32_t               meshes_n;
    struct policy_index    kinds[KIND_N];
    struct conf_document **by_display[KIND_N];     /* documents by display name, when somebody asked for one */
    uint32_t               by_display_n[KIND_N];
};

/* Statements of one kind from its documents and the initial ones, sorted; what is about one document in the list of that one.
 * false: memory is out. */
MUST_CHECK bool effective_index_build(struct effective_set *e, enum kind_id kind);
/* Or NULL. */
struct own *effective_index_own(struct policy_index *index, const struct conf_document *doc);

/* What is said about everything, as this subject's listener has it. NULL: memory is out. */
MUST_CHECK struct common *effective_find_common(struct effective_set *e, enum kind_id kind, const struct effective_subject *subject,
                                                bool is_rule);
/* One statement more. false: memory is out. */
MUST_CHECK bool effective_merge_more(struct effective_set *e, const struct effective_statement *s, const struct node **io_tree);
/* The typed struct of a tree. What merging made wrong (too long a list, say) is told by those who compile. false: memory is out. */
MUST_CHECK bool effective_fill(struct effective_set *e, struct effective *out);
