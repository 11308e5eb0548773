/* generation.h - one generation of documents as data: who brought it, why, and which documents there are.
 *
 * Layer:  store. Plain data.
 * Owner:  whoever filled it; texts and arrays lie where its maker says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "store/hash.h"

struct generation_document {
    struct span type, mesh, name; /* mesh: empty for kinds that belong to none */
    struct span source;           /* "api", "dir", "git:NAME"                  */
    uint8_t  digest[HASH_BYTES];  /* address of its content                    */
    uint8_t  said[HASH_BYTES];    /* what its source said last                 */
    uint64_t number;              /* of the generation that brought this content */
    uint64_t created_ns, changed_ns; /* wall clock                             */
    bool     is_sealed;
    bool     is_deleted;          /* by somebody else than its source: kept so that the source does not bring it back unasked */
    struct span text;             /* the content, where somebody has it at hand; not part of the record */
};

struct generation_test {
    struct span name, sentence;
    bool        has_passed;
};

struct generation {
    uint64_t    number, parent, rollback_of, time_ns;
    struct span author, reason, source;
    uint8_t     digest[HASH_BYTES]; /* of the set: names and contents */
    uint32_t    added_n, changed_n, removed_n;
    uint32_t    documents_n, tests_n;
    const struct generation_document *documents; /* sorted by type, mesh, name */
    const struct generation_test     *tests;
};

/* Of the set: types, meshes, names and contents of what is not deleted. Pre: sorted. */
void generation_digest(const struct generation *g, uint8_t out[HASH_BYTES]);
/* < 0, 0, > 0: by type, then mesh, then name, bytewise. */
int generation_document_order(const struct generation_document *a, const struct generation_document *b);
/* Or NULL. */
const struct generation_document *generation_find(const struct generation *g, struct span type, struct span mesh, struct span name);
/* Somebody else than its source changed it. */
bool generation_document_is_drifted(const struct generation_document *d);
