/* source.h - ForgeSource documents at work: looks at each source again and again, and applies what is new through the keeper.
 *
 * Layer:  admin.
 * Owner:  control embeds one table.
 * Bounds: SOURCES_MAX; a tree of SOURCE_TREE_BYTES_MAX in KEEPER_CHANGE_TEXTS_MAX files; archives of SOURCE_ARCHIVE_BYTES_MAX.
 * Thread: control's. Nothing blocks but local files: archives are fetched by up/fetch.h, git runs as a process of its own.
 *
 * What a source says is applied as a whole, as source "git:NAME", when it differs from what it said last. What is refused stays out,
 * is told with file, line and column, and is tried again when the source or the configuration changes. A failed look is repeated after
 * twice the time, at most SOURCE_BACKOFF_S_MAX.
 *
 * A ForgeSource may lie in its own source. A commit that would delete it is refused: nothing after it would ever be looked at.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/pool.h"
#include "base/span.h"
#include "base/wheel.h"
#include "base/why.h"

struct conf_arena;
struct fetch_table;
struct head;
struct keeper;
struct ring;
struct ring_event;
struct shard;
struct text_write;

struct sources {
    struct shard       *shard;
    struct ring        *ring;
    struct keeper      *keeper;
    struct fetch_table *fetches;
    struct list         all;           /* of struct source, in no order */
    struct pool         pool;
    uint64_t            generation;    /* that the table was made from */
    bool                is_closing;
};

MUST_CHECK enum why sources_open(struct sources *t, struct shard *shard, struct ring *ring, struct keeper *keeper,
                                 struct fetch_table *fetches);
/* Pre: sources_end was called and sources_have_ended. */
void sources_close(struct sources *t);
/* Stop looking; programs are killed. */
void sources_end(struct sources *t);
bool sources_have_ended(const struct sources *t);
/* The keeper's documents may have changed: cheap when they have not. Not from within a call of the keeper. */
void sources_refresh(struct sources *t);

/* The loop's: a deadline, and the end of a program (HANDLE_CHILD). */
void source_on_timer(struct timer *timer);
void sources_on_event(struct sources *t, const struct ring_event *ev);

/* ---- for the admin interface ---- */

/* Look at it now. false: there is none of that name. */
bool sources_sync(struct sources *t, struct span name);

enum source_hook_got {
    SOURCE_HOOK_TAKEN = 0,  /* 202: it is being looked at            */
    SOURCE_HOOK_UNKNOWN,    /* 404: no such source, or it has no webhook: not to be told apart */
    SOURCE_HOOK_UNSIGNED,   /* 401: no signature, or a wrong one     */
};

/* A Git host's call. Signatures are compared in constant time. */
enum source_hook_got sources_hook(struct sources *t, struct span name, const struct head *request, struct span body);
/* All of them (name empty), or one: JSON. false: there is none of that name. */
bool sources_json(struct sources *t, struct span name, struct text_write *out);
/* What others edited in the source's documents, as a unified diff against its files; empty when nothing was. SPAN_NONE with
 * *out_found false: there is none of that name; else the arena is full. */
struct span sources_patch(struct sources *t, struct span name, struct conf_arena *arena, bool *out_found);
