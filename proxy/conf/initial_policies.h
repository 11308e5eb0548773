/* initial_policies.h - the policies that every mesh starts with: documents of our own, weaker than any that an operator writes.
 *
 * Spec:   kuma-dialect.md 3.3, end.
 * Layer:  conf.
 * Owner:  the arena.
 *
 * They are documents, so that a default is shown like everything else that is in force, and is replaced in the same way: a document of
 * an operator's with the same name stands in their place, and Mesh.skipCreatingInitialPolicies takes them out. Of kinds that are
 * not enforced there are none. Values are Kuma's, but for `rules`: they are about clients, who get what gateways give them.
 */
#pragma once

#include "base/must.h"
#include "base/span.h"
#include "conf/kind.h"

struct conf_arena;
struct conf_set;
struct diag;

struct initial_policies {
    const struct conf_document *first[KIND_N];
};

/* Those of one mesh of set, from a file `built-in`. diag is overwritten. false: memory is out. */
MUST_CHECK bool initial_policies_make(const struct conf_set *set, struct span mesh, struct conf_arena *arena, struct diag *diag,
                                      struct initial_policies *out);
