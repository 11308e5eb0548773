/* conf_set.h - all documents of one load: read, checked one by one, found by kind and name.
 *
 * Layer:  conf.
 * Owner:  a load; everything in it lives in its scratch arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf/diag.h"
#include "conf/kind.h"

struct conf_arena;
struct document;
struct node;

/* What stands around the fields of every kind: type, mesh, name, labels and what servers set. */
extern const struct object_table conf_envelope_table;

struct conf_set {
    struct conf_arena *scratch;
    struct diag       *diag;
    const char        *dir;          /* relative file names start here; NULL: from memory, files are not read */
    const char        *state_dir;    /* or NULL */
    struct conf_document *first[KIND_N], *last[KIND_N];
    uint32_t           n[KIND_N];
    uint32_t           documents_n;
    struct conf_document **_slots;   /* by (kind, mesh, name), open addressing */
    uint32_t           _slots_n;
    bool               _is_deriving;
    uint32_t           _documents_n; /* that the register has room for */
};

/* Read envelopes and fields of all documents of the list. Post: every document with a kind and a name is in the set, the
 * wrong ones with is_valid unset. May be repeated with further documents. false: memory is out, told. */
bool conf_set_fill(struct conf_set *set, const struct document *first, uint32_t documents_n);
/* One more, in universal form, that others mean. Accepts NULL. false: memory is out. */
bool conf_set_add_derived(struct conf_set *set, const struct node *root);
/* Or NULL. */
struct conf_document *conf_set_find(const struct conf_set *set, enum kind_id kind, struct span mesh, struct span name);
/* Each kind's documents by mesh and name, whatever text they came in: the same set compiles to the same snapshot. Their order is
 * numbered anew. false: memory is out. */
bool conf_set_sort(struct conf_set *set);
/* As if it had not been there: it is not found, not enumerated, and a namesake may come. */
void conf_set_leave_out(struct conf_set *set, struct conf_document *doc);
/* A file that a document names: absolute, or below the directory of the configuration. false: told at place. */
bool conf_set_file(struct conf_set *set, struct diag_place place, struct span path, struct span *out_bytes);
/* The file's bytes in the scratch arena; NULL, or what is wrong with it ("is longer than 1 MiB"). */
const char *conf_file_read(struct conf_arena *arena, const char *path, size_t bytes_max, struct span *out_bytes);
