/* load.h - a directory of documents -> a snapshot, or sentences.
 *
 * Layer:  conf.
 * Thread: control. Reads files; never called by a worker.
 */
#pragma once

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "conf/diag.h"

struct snapshot;

/* Read every *.yaml, *.yml and *.json of dir in name order, check and compile.
 * state_dir: where generated material (self-signed.pem, which answers to the Secret `forge-self-signed`) is found; may be NULL for --check.
 * Errors: WHY_CONF_BAD, with all problems in diag; *out_snapshot is then untouched. */
MUST_CHECK enum why conf_load(const char *dir, const char *state_dir, uint64_t generation, struct diag *diag,
                              struct snapshot **out_snapshot);
/* The same from memory, as generation 1: one file, no other file is read. */
MUST_CHECK enum why conf_load_text(const char *file, struct span text, struct diag *diag, struct snapshot **out_snapshot);
/* ... in so much memory only: for tests of its end. */
MUST_CHECK enum why conf_load_bounded(const char *file, struct span text, size_t scratch_bytes, size_t snapshot_bytes,
                                      struct diag *diag, struct snapshot **out_snapshot);
/* Pre: no worker holds it; TLS contexts were given back. */
void conf_free(struct snapshot *snapshot);
