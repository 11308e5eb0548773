/* keeper.h - generations of documents: apply, roll back, compare, show; every change is checked, kept on disk, then published.
 *
 * Layer:  admin.
 * Owner:  control. Results and whatever is asked for lie in the caller's arena, or in one of their own that the caller closes.
 * Bounds: KEEPER_CHANGE_TEXTS_MAX, and what conf/candidate.h and store/store.h count.
 * Thread: control's. A call compiles a configuration and waits for the disk: see keeper_apply.
 *
 * A document remembers its source: who said it ("api", "dir", "git:NAME"). One that somebody else than its source edited or
 * deleted counts as drifted; it stays as edited until its source says something new about it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "conf/diag.h"

struct candidate;
struct conf_arena;
struct conf_set;
struct keeper;
struct snapshot;

/* ---- opening ---- */

/* What control lends: how a compiled configuration becomes the one that workers serve. */
struct keeper_hooks {
    void *owner;
    /* Everything that can still fail (sockets, TLS contexts). WHY_OK: *out is ready and has the snapshot; else diag says what to do,
     * and the snapshot is the keeper's as before. */
    enum why (*prepare)(void *owner, struct snapshot *snapshot, struct diag *diag, void **out);
    void (*publish)(void *owner, void *prepared);  /* cannot fail */
    void (*discard)(void *owner, void *prepared);  /* as if it had never been prepared; frees the snapshot */
};

struct keeper_test {          /* what a ForgeTest document said */
    struct span name;
    struct span sentence;     /* what was expected and what came; empty when it has passed */
    bool        has_passed;
};

struct keeper_options {
    const char *state_dir;   /* where store and key lie; generated material as in candidate_options. NULL: nothing is kept on disk */
    const char *files_dir;   /* relative names of files that documents name start here; NULL: such files are not read */
    struct keeper_hooks hooks;
    /* ForgeTest documents of a candidate, run against its snapshot; NULL: there are none. false: memory is out. */
    bool (*on_test)(const struct candidate *c, const struct snapshot *snapshot, struct conf_arena *arena,
                      const struct keeper_test **out, uint32_t *out_n);
};

/* NULL: no memory. A store that does not open is no failure: keeper_status says what is wrong and what to do, changes are refused,
 * except those of source "dir", which are kept in memory then. Pre: there is no other thread yet (it forks to look at the store). */
MUST_CHECK struct keeper *keeper_open(const struct keeper_options *options);
/* Accepts NULL. */
void keeper_close(struct keeper *k);

/* ---- changing ---- */

struct keeper_text {
    const char *file;        /* how sentences call it */
    struct span text;        /* YAML or JSON, one document or many */
};

struct keeper_name {
    struct span type, mesh, name; /* mesh: empty for kinds that belong to none */
};

struct keeper_change {
    const struct keeper_text *texts;      /* documents to put in, new or in place of their namesakes */
    uint32_t                  texts_n;
    const char               *dir;        /* ... and all *.yaml, *.yml, *.json of this directory; or NULL */
    const struct keeper_name *deletions;
    uint32_t                  deletions_n;
    const char *source;                   /* "api", "dir", "git:NAME" */
    bool        replaces_source;          /* documents of this source that the texts do not have are deleted */
    bool        is_dry_run;               /* all but the commit and the publication */
    const char *author, *reason;
    uint64_t    expected_generation;      /* refused with WHY_KEEPER_EXPECTED when another one is in force; 0: any */
};

enum keeper_verb {
    KEEPER_ADDED = 0,
    KEEPER_CHANGED,
    KEEPER_REMOVED,
};

struct keeper_difference {
    enum keeper_verb   verb;
    struct keeper_name name;
    struct span        lines; /* canonical YAML, each line after " ", "-" or "+" and with its line feed; secrets are masked */
};

struct keeper_result {
    enum why    why;          /* WHY_OK; or nothing has changed: WHY_CONF_BAD, WHY_KEEPER_..., WHY_STORE_..., WHY_POOL_EPOCH_EMPTY */
    bool        is_unchanged; /* the documents were so already: there is no new generation */
    bool        is_dry_run;
    uint64_t    generation;   /* in force after the call; of a dry run: before it */
    const struct keeper_difference *differences;
    uint32_t    differences_n, tests_n, tests_failed_n;
    const struct keeper_test *tests;
    struct diag diag;         /* problems and warnings, sorted; also the sentence that goes with any other why */
    struct conf_arena *arena; /* all of this lies in it */
};

/* All or nothing: documents in force and the change are checked, compiled and tested; prepared for publication; committed to disk; and
 * published. Whatever fails, nothing has changed. NULL: no memory.
 * Control answers nobody meanwhile, and workers do not notice. A small configuration takes a commit's time: 2 ms on ext4 at rest
 * (fdatasync and one synchronous page), 4 ms median and 18 ms at most on a 2-core machine with load 18. 10,000 documents take 0.4 s
 * of CPU (gcc 12, release), whatever is changed: so the disk is not what matters, and there is no thread for it. */
MUST_CHECK struct keeper_result *keeper_apply(struct keeper *k, const struct keeper_change *change);
/* The documents of an earlier generation as a new one that says so. */
MUST_CHECK struct keeper_result *keeper_rollback(struct keeper *k, uint64_t generation, const char *author, const char *reason,
                                                 uint64_t expected_generation, bool is_dry_run);
/* Read files that documents name again (certificates), and publish what is in force once more under the same number. */
MUST_CHECK struct keeper_result *keeper_refresh(struct keeper *k);
/* Accepts NULL. */
void keeper_result_close(struct keeper_result *result);

/* ---- asking ---- */

struct keeper_document {
    struct keeper_name name;
    struct span source;
    uint8_t     digest[32];        /* of its content, and so its ETag; of sealed ones a keyed one */
    uint64_t    generation;        /* that brought this content */
    uint64_t    created_ns, changed_ns; /* wall clock */
    bool        is_sealed, is_drifted, is_deleted; /* deleted: only of a source's documents that somebody else deleted: a drift */
};

struct keeper_generation {
    uint64_t    number, parent, time_ns; /* wall clock */
    uint64_t    rollback_of;       /* 0: none */
    struct span author, reason, source;
    uint8_t     digest[32];        /* of the whole set */
    uint32_t    documents_n, added_n, changed_n, removed_n, tests_n, tests_failed_n;
    bool        is_current, is_pinned;
    const struct keeper_test     *tests;
    const struct keeper_document *documents;  /* sorted by type, mesh, name; deleted ones included; NULL in a history */
    uint32_t    records_n;         /* of documents */
};

struct keeper_status {
    uint64_t    generation;        /* newest that was published; 0: none yet */
    uint64_t    live_generation;   /* that all workers have taken; see keeper_on_live */
    uint64_t    oldest_generation, generations_n;
    enum why    store_why;         /* WHY_OK; WHY_STORE_FULL: the last commit found no room; else changes are refused */
    struct span store_sentence;    /* what is wrong and what to do; empty when all is well. Lives as long as the keeper */
    uint64_t    store_bytes, store_bytes_max, backup_generation;
};

/* Of the one in force; 0: none yet. Cheap. */
uint64_t keeper_current(const struct keeper *k);
void keeper_status(const struct keeper *k, struct keeper_status *out);
/* Control says: all workers have taken this one. */
void keeper_on_live(struct keeper *k, uint64_t generation);
/* Now and then, at least once in some seconds: the backup copy, memory that nobody uses. now_ns: CLOCK_MONOTONIC. */
void keeper_on_tick(struct keeper *k, uint64_t now_ns);

/* Newest first, below `before` (0: all), at most limit. false: arena is full, or the store could not be read. */
MUST_CHECK bool keeper_history(struct keeper *k, uint64_t before, uint32_t limit, struct conf_arena *arena,
                               const struct keeper_generation **out, uint32_t *out_n);
/* generation 0: the one in force. Errors: WHY_KEEPER_UNKNOWN, WHY_STORE_..., WHY_ARENA_FULL. */
MUST_CHECK enum why keeper_generation(struct keeper *k, uint64_t generation, struct conf_arena *arena, struct keeper_generation *out);
/* Canonical YAML as it is kept. A sealed one: its envelope with `data: forge-sealed:v1:...`, which this node takes again. */
MUST_CHECK enum why keeper_document_text(struct keeper *k, const struct keeper_document *document, struct conf_arena *arena,
                                         struct span *out);
/* What changes on the way from one to the other; 0: the one in force. */
MUST_CHECK enum why keeper_diff(struct keeper *k, uint64_t from, uint64_t to, struct conf_arena *arena,
                                const struct keeper_difference **out, uint32_t *out_n);
/* All documents as one YAML text, `---` between them. */
MUST_CHECK enum why keeper_export(struct keeper *k, uint64_t generation, struct conf_arena *arena, struct span *out);
/* A pinned generation outlives retention. */
MUST_CHECK enum why keeper_pin(struct keeper *k, uint64_t generation, bool is_pinned);

/* Read, checked and compiled, for explain, try and lists. Parsed once and kept until another generation is viewed, the one in force
 * changes, or keeper_rest. Places in it are lines of the canonical text of `Type mesh/name`. */
struct keeper_view {
    uint64_t                generation;
    struct candidate       *candidate;
    const struct conf_set  *set;
    const struct snapshot  *snapshot; /* never published, without TLS contexts */
};
/* Errors: as keeper_generation, and WHY_CONF_BAD with sentences: an old generation may name what is gone. */
MUST_CHECK enum why keeper_view(struct keeper *k, uint64_t generation, struct diag *diag, struct keeper_view *out);
/* Give back what is kept for views. Control calls it when nobody asked for a while. */
void keeper_rest(struct keeper *k);
