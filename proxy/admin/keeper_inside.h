/* keeper_inside.h - what the files of the keeper share.
 *
 * Layer:  admin.
 * Owner:  keeper.c; nobody else includes this.
 * Thread: control's.
 */
#pragma once

#include "admin/keeper.h"
#include "admin/keeper_diff.h"
#include "conf/conf_arena.h"
#include "store/generation.h"
#include "store/seal.h"
#include "store/store.h"

struct conf_document;

struct keeper {
    struct keeper_options options;
    struct conf_arena    *memory;      /* of current */
    struct generation     current;     /* number 0: none yet. Texts only of what is kept nowhere else */
    uint64_t              live;
    struct seal           seal;
    struct store         *store;       /* NULL: none; read only when is_broken: the backup copy */
    bool                  is_broken;   /* the store does not take changes */
    bool                  must_backup;
    enum why              store_why;
    char                  store_sentence[STORE_SENTENCE_BYTES];
    char                  path[4096], backup_path[4096 + 8], key_path[4096]; /* path empty: nothing is kept on disk */
    uint64_t              backup_generation, backup_ns, backup_cost_ns;
    struct keeper_view    view;        /* candidate NULL: none */
    struct diag          *view_diag;   /* of it */
    uint64_t              view_ns;     /* last asked for */
};

/* One change on its way. */
struct keeper_work {
    struct keeper        *k;
    struct keeper_result *r;
    struct conf_arena    *arena;       /* r's; also what is only needed until the end of the call */
    struct candidate     *candidate;
    struct snapshot      *snapshot;
    struct generation     next;        /* texts of what the change brought */
    const char           *source;
    bool                  is_source_whole, is_changed;
};

/* ---- keeper_plan.c ---- */

/* The documents of next: those in force and what the candidate has, which is the change alone so far. What is kept goes into the
 * candidate. false: memory is out. Problems are told. */
bool keeper_plan(struct keeper_work *w, const struct keeper_name *deletions, uint32_t deletions_n);
/* ... those of an earlier generation. */
bool keeper_plan_rollback(struct keeper_work *w, const struct generation *earlier);

/* ---- keeper_diff.c ---- */

/* What changes from one to the other, with lines. false: memory is out. */
bool keeper_compare(struct keeper *k, const struct generation *from, const struct generation *to, struct conf_arena *arena,
                    const struct keeper_difference **out, uint32_t *out_n);

/* ---- keeper_content.c ---- */

/* The content of a record, with its secrets. SPAN_NONE: memory is out, or the store does not answer. */
struct span keeper_content(struct keeper *k, const struct generation_document *d, struct conf_arena *arena);
/* ... for eyes: secrets are masked, and what was sealed has a line that tells one content from another. */
struct span keeper_content_masked(struct keeper *k, const struct generation_document *d, struct conf_arena *arena);
/* ... to be taken elsewhere: what was sealed is sealed, and this node takes it again. */
struct span keeper_content_sealed(struct keeper *k, const struct generation_document *d, struct conf_arena *arena);
/* Text, address, whether it must be sealed. false: memory is out. */
bool keeper_address(const struct keeper *k, const struct conf_document *doc, struct conf_arena *arena, struct generation_document *out);
/* Sealed documents of a change are opened. false: memory is out. Problems are told. */
bool keeper_unseal(struct keeper_work *w);
/* An empty candidate with the keeper's folders. NULL: told. */
struct candidate *keeper_candidate(const struct keeper *k, struct diag *diag);
/* Contents into a candidate. false: memory is out, or the store does not answer. */
bool keeper_load_document(struct keeper *k, const struct generation_document *d, struct candidate *c, struct conf_arena *arena);
bool keeper_load(struct keeper *k, const struct generation *g, struct candidate *c, struct conf_arena *arena);

/* ---- keeper_store.c ---- */

/* Store, key, the generation in force; or is_broken, and store_sentence says what to do. */
void keeper_store_open(struct keeper *k);
void keeper_store_close(struct keeper *k);
/* Does the disk still answer? Asked before each piece of work. false: it does not, and the store is given up, told. */
bool keeper_store_look(struct keeper *k);
struct store_memory keeper_store_memory(struct conf_arena *arena);
/* A generation by number, 0 being the one in force. Errors: WHY_KEEPER_UNKNOWN, WHY_STORE_..., WHY_ARENA_FULL. */
MUST_CHECK enum why keeper_store_find(struct keeper *k, uint64_t generation, struct conf_arena *arena, struct generation *out);
/* w->next to disk. Errors: WHY_STORE_..., told; nothing has changed then. */
MUST_CHECK enum why keeper_store_commit(struct keeper_work *w);
