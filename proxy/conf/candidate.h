/* candidate.h - a set of documents on its way to a snapshot: read, enumerated, explained, compiled.
 *
 * Layer:  conf.
 * Owner:  whoever opens it; documents and their nodes live until it is closed, the snapshot is its taker's.
 * Bounds: CONF_SCRATCH_BYTES_MAX, CONF_SNAPSHOT_BYTES_MAX and what document.h counts.
 * Thread: one; control, or a command line. Never called by a worker.
 *
 * The order is open, add (any number), fill, compile, close; add and fill may be repeated. Between fill and close the set can be
 * asked: which documents there are, what a policy says in the end and why.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "conf/diag.h"

struct candidate;
struct conf_document;
struct conf_set;
struct document;
struct snapshot;

struct candidate_options {
    const char *dir;         /* relative names of files that documents name start here; NULL: files are not read */
    const char *state_dir;   /* where generated material lies (self-signed.pem answers to the Secret `forge-self-signed`), or NULL */
    size_t      scratch_bytes, snapshot_bytes; /* 0: as limits.h has it; less only in tests of the end of memory */
};

/* NULL: no address space, told. diag, dir and state_dir must outlive it. */
MUST_CHECK struct candidate *candidate_open(const struct candidate_options *options, struct diag *diag);
/* Accepts NULL. */
void candidate_close(struct candidate *c);
/* Documents of one text: YAML or JSON, one or many. file is how sentences call it. Both are copied. Problems are told. */
void candidate_add(struct candidate *c, const char *file, struct span text);
/* Every *.yaml, *.yml and *.json of a directory, in name order. */
void candidate_add_dir(struct candidate *c, const char *dir);
/* Before fill: texts as they were read, those that fill has not seen yet. NULL first; NULL: no more. */
const struct document *candidate_next(const struct candidate *c, const struct document *previous);
/* ... one of them is not meant, and the documents of text, which are added, are. */
void candidate_replace(struct candidate *c, const struct document *document, const char *file, struct span text);
/* Envelopes, types, checks of each document that was added since the last time. false: memory is out, told. Whether documents are
 * good, diag says. */
bool candidate_fill(struct candidate *c);
/* After fill: the documents. */
const struct conf_set *candidate_set(const struct candidate *c);
/* After fill: as if it had not been added. */
void candidate_leave_out(struct candidate *c, struct conf_document *doc);
/* Fill, if that was not done, and compile. WHY_CONF_BAD: diag has all problems, sorted, and *out is untouched. Once. */
MUST_CHECK enum why candidate_compile(struct candidate *c, uint64_t generation, struct snapshot **out);
