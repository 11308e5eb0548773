/* keeper_inside.h - what the files of the keeper share.
 *
 * Layer:  admin.
 * Owner:  keeper.c; nobody else includes this.
 * Thread: control's.
 */
#pragma once

#include "admin/keeper.h"
#include "conf/conf_arena.h"
#include "store/generation.h"

struct conf_document;

struct keeper {
    struct keeper_options options;
    struct conf_arena    *memory;      /* of current */
    struct generation     current;     /* number 0: none yet */
    uint64_t              live;
    struct keeper_view    view;        /* candidate NULL: none */
    struct diag          *view_diag;   /* of it */
};

/* One change on its way. */
struct keeper_work {
    struct keeper        *k;
    struct keeper_result *r;
    struct conf_arena    *arena;       /* r's; also what is only needed until the end of the call */
    struct candidate     *candidate;
    struct snapshot      *snapshot;
    struct generation     next;
    const char           *source;
    bool                  is_source_whole, is_changed;
};

/* The documents of next: those in force and what the candidate has, which is the change alone so far. What is kept goes into the
 * candidate. false: memory is out. Problems are told. */
bool keeper_plan(struct keeper_work *w, const struct keeper_name *deletions, uint32_t deletions_n);
/* ... those of an earlier generation. */
bool keeper_plan_rollback(struct keeper_work *w, const struct generation *earlier);
/* What changes from one to the other, with lines. false: memory is out. */
bool keeper_compare(struct keeper *k, const struct generation *from, const struct generation *to, struct conf_arena *arena,
                    const struct keeper_difference **out, uint32_t *out_n);
/* Lines of both texts after " ", "-", "+". SPAN_NONE: memory is out. */
struct span keeper_lines(struct conf_arena *arena, struct span from, struct span to);
/* A document's text as it is kept. SPAN_NONE: memory is out. */
struct span keeper_canonical(const struct conf_document *doc, struct conf_arena *arena, bool with_secrets);
/* The content of a record. SPAN_NONE: memory is out, or the store does not answer. */
struct span keeper_content(struct keeper *k, const struct generation_document *d, struct conf_arena *arena);
/* An empty candidate with the keeper's folders. NULL: told. */
struct candidate *keeper_candidate(const struct keeper *k, struct diag *diag);
/* Contents into a candidate. false: memory is out, or the store does not answer. */
bool keeper_load_document(struct keeper *k, const struct generation_document *d, struct candidate *c, struct conf_arena *arena);
bool keeper_load(struct keeper *k, const struct generation *g, struct candidate *c, struct conf_arena *arena);
