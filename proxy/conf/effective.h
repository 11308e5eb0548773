/* effective.h - what the policies of one kind say in the end about one listener, route or service, and which of them said it.
 *
 * Spec:   kuma-dialect.md 3.8.
 * Layer:  conf.
 * Owner:  everything lives in the arena that effective_open was given; documents and their nodes are the set's.
 * Bounds: asking costs the policies that are about this subject alone, and once for all subjects those that are about many: ten
 *         thousand routes with a policy each cost ten thousand small merges (effective_steps).
 * Thread: one at a time.
 *
 * Policies are sorted from weak to strong: what their targetRef is about, origin, role, what an entry is `to`, display name inverted,
 * as written. Those that were there before anybody wrote one are the weakest. Their `default`s are merged in that order (merge.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "conf/kind.h"

struct conf_arena;
struct conf_set;
struct effective_set;
struct gateway_listener;
struct policy_match;
struct target_ref;

enum effective_about { EFFECTIVE_LISTENER = 0, EFFECTIVE_ROUTE, EFFECTIVE_SERVICE };

/* Which documents take part, the valid ones always. */
enum effective_view {
    EFFECTIVE_ENFORCED = 0,   /* what is compiled: no shadows, nothing refused by compile_enforced */
    EFFECTIVE_UNDERSTOOD,     /* ... and what this version does not enforce */
    EFFECTIVE_WITH_SHADOW,    /* ... and shadows, as if they were enforced */
};

struct effective_subject {
    enum effective_about about;
    struct span mesh;
    const struct conf_document    *gateway;   /* the listener, or the one that serves the route; both NULL: policies that tell  */
    const struct gateway_listener *listener;  /* listeners apart are left out                                                  */
    const struct conf_document    *route;     /* of EFFECTIVE_ROUTE */
    const struct conf_document    *service;   /* of EFFECTIVE_SERVICE; of a route: where it leads, or NULL */
};

/* One thing that one document says. */
struct effective_statement {
    const struct conf_document *doc;
    const struct node          *conf;         /* a `default`, or the spec of a flat kind */
    const struct target_ref    *top, *to;     /* NULL: Mesh */
    const struct policy_match  *match;        /* of a rule: whose requests; NULL: everybody's */
    bool     is_rule, is_initial;
    int      top_rank, to_rank;
    uint32_t entry;                           /* number in its document */
    uint32_t order;                           /* over its kind, from weak to strong */
};

struct effective {
    const struct kind *kind;
    const struct node *tree;                  /* merged; NULL: nobody says anything */
    const void        *conf;                  /* the same, filled by the kind's policy->conf; NULL like tree */
    const struct effective_statement *const *statements; /* from weak to strong */
    uint32_t           statements_n;
};

/* What holds for clients of one identity or server name. */
struct effective_rule {
    const struct policy_match *match;
    struct effective effective;
};

struct effective_rules {
    struct effective base;                    /* everybody's */
    const struct effective_rule *items;       /* the first that matches is the one: exact identities, prefixes (longer first), names */
    uint32_t items_n;
};

/* Sort the policies of all kinds. With EFFECTIVE_ENFORCED references that lead nowhere are told. NULL: memory is out. */
MUST_CHECK struct effective_set *effective_open(const struct conf_set *set, enum effective_view view, struct conf_arena *arena);
/* What `to`, `default` and flat kinds say. NULL: memory is out. */
MUST_CHECK const struct effective *effective_find(struct effective_set *e, enum kind_id kind, const struct effective_subject *subject);
/* What inbound `rules` say about a listener. NULL: memory is out. */
MUST_CHECK const struct effective_rules *effective_find_rules(struct effective_set *e, enum kind_id kind,
                                                              const struct effective_subject *subject);
/* Can policies of this kind say something about such a thing, by `to`, `default` or as a flat kind; by rules? */
bool effective_is_about(enum kind_id kind, enum effective_about about);
/* The statement that a leaf of the merged tree came from, or NULL. */
const struct effective_statement *effective_origin(const struct effective *of, const struct node *leaf);
/* Was it said by a document of an operator's? leaf may be NULL. */
bool effective_is_written(const struct effective *of, const struct node *leaf);
/* Value of a field by the names on the way to it, in the merged tree; NULL: nobody says it. */
const struct node *effective_node(const struct effective *of, const char *const *path, uint32_t path_n);
/* All statements of a kind, from weak to strong; of all meshes. */
const struct effective_statement *effective_statements(const struct effective_set *e, enum kind_id kind, uint32_t *out_n);
/* Does it take part in what is said about the subject? */
bool effective_applies(const struct effective_statement *s, const struct effective_subject *subject);
/* < 0: a is the weaker. *out_because: a phrase for operators on what decided. */
int effective_order(const struct effective_statement *a, const struct effective_statement *b, const char **out_because);
/* Nodes looked at by merging so far. */
uint64_t effective_steps(const struct effective_set *e);
