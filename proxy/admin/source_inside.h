/* source_inside.h - what the files of sources share.
 *
 * Layer:  admin.
 * Owner:  source.c; nobody else includes this.
 * Thread: control's.
 */
#pragma once

#include "admin/source.h"
#include "admin/source_child.h"
#include "admin/source_conf.h"
#include "admin/source_tree.h"
#include "base/list.h"
#include "conf/diag.h"
#include "up/fetch.h"

enum source_state {
    SOURCE_IDLE = 0,          /* until its timer                                  */
    SOURCE_AWAIT_ARCHIVE,     /* fetch                                            */
    SOURCE_AWAIT_SIGNATURE,   /* fetch; the archive is in hand                    */
    SOURCE_AWAIT_LOG,         /* git says which commit it is                      */
    SOURCE_AWAIT_TREE,        /* git packs it                                     */
};

struct source {
    struct list_node    node;         /* sources.all */
    struct timer        timer;        /* TASK_SOURCE: the next look, or the end of a program's time */
    struct sources     *table;
    struct source_conf *conf;         /* NULL: it was deleted, and goes when its program has ended */
    char                name[256];
    char                source[264];  /* "git:NAME" */
    enum source_state   state;
    struct fetch       *fetch;
    struct fetch_field  fields[2];
    struct child        child;
    uint8_t            *archive;      /* while its signature is being fetched */
    uint32_t            archive_bytes;
    struct source_tree *tree;         /* what it said last that was taken; NULL: nothing yet */
    /* what it said last, taken or not */
    char                etag[256], next_etag[256];
    char                seen[SOURCE_REVISION_BYTES];   /* revision of the last look that got so far */
    uint64_t            seen_generation;               /* in force when that was refused */
    char                commit[3][256];                /* of the repository: commit, author, subject */
    /* how it goes */
    enum why            why;          /* of the last look; WHY_OK: good */
    char                sentence[512];/* "" when it is good */
    struct diag         diag;         /* of what was refused, by file, line and column */
    uint32_t            failures_n;   /* in a row, of looks; a refused commit is none */
    uint32_t            files_n, drift_n;
    uint64_t            looks_n, applied_n;
    uint64_t            looked_ns, taken_ns;           /* wall clock; 0: never */
    uint64_t            generation;   /* that brought what it said last */
    uint64_t            next_ns;      /* monotonic: its next look */
    bool                must_look;    /* somebody asked while a look was under way */
    bool                is_in_time;   /* the program under way has not been killed */
    bool                is_stale;     /* the program under way was asked by an earlier document */
};

/* NULL: none of that name. */
struct source *source_find(struct sources *t, struct span name);
/* Look now, or once the look under way is over. */
void source_wake(struct source *s);
/* It is idle until its next look. */
void source_plan(struct source *s);
/* The look is over: nothing new (tree NULL), or something. Takes the tree over. */
void source_take(struct source *s, struct source_tree *tree);
/* The look has failed. */
void source_fail(struct source *s, enum why why, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Begin to look; ends in source_take or source_fail, at once or later. */
void source_look(struct source *s);
void source_on_child(struct source *s);
/* Documents of the source that others edited, counted anew. */
void source_count_drift(struct source *s);
