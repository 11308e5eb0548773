/* candidate.c - see candidate.h. */
#include "conf/candidate.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "conf/compile.h"
#include "conf/compile_shadow.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/document.h"
#include "conf/gateway_api.h"
#include "conf/snapshot.h"

struct candidate {
    struct diag        *diag;
    struct conf_arena  *scratch, *arena; /* the candidate itself lies in scratch */
    struct document_set documents;
    struct conf_set     set;
    const struct document *filled; /* the last that fill has seen */
    uint32_t            filled_n;
    bool                has_memory;
};

static const struct diag_place NOWHERE = { NULL, 0, 0 };

struct candidate *candidate_open(const struct candidate_options *options, struct diag *diag)
{
    struct conf_arena *scratch = conf_arena_open(options->scratch_bytes != 0 ? options->scratch_bytes : CONF_SCRATCH_BYTES_MAX);
    struct conf_arena *arena = conf_arena_open(options->snapshot_bytes != 0 ? options->snapshot_bytes : CONF_SNAPSHOT_BYTES_MAX);
    struct candidate *c = scratch != NULL ? conf_arena_take(scratch, sizeof(*c)) : NULL;

    if (c == NULL || arena == NULL) {
        diag_error(diag, NOWHERE, scratch != NULL && arena != NULL
                                      ? "the configuration does not fit into memory: leave some of it out"
                                      : "the kernel has no address space left for a configuration");
        conf_arena_close(scratch);
        conf_arena_close(arena);
        return NULL;
    }
    *c = (struct candidate){ .diag = diag, .scratch = scratch, .arena = arena, .has_memory = true };
    c->set = (struct conf_set){ .scratch = scratch, .diag = diag, .dir = options->dir, .state_dir = options->state_dir };
    document_set_init(&c->documents, scratch, diag);
    return c;
}

void candidate_close(struct candidate *c)
{
    if (c == NULL)
        return;
    conf_arena_close(c->arena);
    conf_arena_close(c->scratch);
}

/* ---- documents in ---- */

void candidate_add(struct candidate *c, const char *file, struct span text)
{
    struct span name = conf_arena_copy(c->scratch, span_str(file)), copy = conf_arena_copy(c->scratch, text);

    if (name.at != NULL && copy.at != NULL) /* Else the arena remembers. */
        document_read(&c->documents, (const char *)name.at, copy);
}

static int is_document(const struct dirent *entry)
{
    struct span name = span_str(entry->d_name);

    return entry->d_name[0] != '.' && (span_ends(name, SPAN_LIT(".yaml")) || span_ends(name, SPAN_LIT(".yml")) ||
                                       span_ends(name, SPAN_LIT(".json")));
}

static void add_file(struct candidate *c, const char *dir, const char *name)
{
    struct span path = conf_arena_format(c->scratch, "%s/%s", dir, name), bytes;
    const char *wrong;

    if (path.at == NULL)
        return; /* The arena remembers. */
    wrong = conf_file_read(c->scratch, (const char *)path.at, CONF_FILE_BYTES_MAX, &bytes);
    if (wrong != NULL)
        diag_error(c->diag, (struct diag_place){ (const char *)path.at, 0, 0 }, "the file %s", wrong);
    else
        document_read(&c->documents, (const char *)path.at, bytes);
}

void candidate_add_dir(struct candidate *c, const char *dir)
{
    struct dirent **entries = NULL;
    int n = scandir(dir, &entries, is_document, alphasort);

    if (n < 0) {
        diag_error(c->diag, (struct diag_place){ dir, 0, 0 }, "this directory of documents cannot be read: %s",
                   strerror(errno));
        return;
    }
    if (n == 0)
        diag_warn(c->diag, (struct diag_place){ dir, 0, 0 }, "this directory has no *.yaml, *.yml or *.json");
    if (n > CONF_FILES_MAX)
        diag_error(c->diag, (struct diag_place){ dir, 0, 0 }, "this directory has more than 4096 files: put several "
                   "documents into one, with `---` between them");
    for (int i = 0; i < n; i++) {
        if (n <= CONF_FILES_MAX)
            add_file(c, dir, entries[i]->d_name);
        free(entries[i]); /* tidy: banned-calls: because scandir made it */
    }
    free(entries); /* tidy: banned-calls: because scandir made it */
}

const struct document *candidate_next(const struct candidate *c, const struct document *previous)
{
    return previous != NULL ? previous->next : c->filled != NULL ? c->filled->next : c->documents.first;
}

void candidate_replace(struct candidate *c, const struct document *document, const char *file, struct span text)
{
    struct document *d = c->documents.first;

    while (d != document)
        d = d->next;
    d->root->kind = NODE_REFUSED; /* Whoever meets it says nothing. */
    candidate_add(c, file, text);
}

/* ---- and out ---- */

bool candidate_fill(struct candidate *c)
{
    const struct document *next = c->filled != NULL ? c->filled->next : c->documents.first;

    if (next != NULL || c->filled == NULL)
        c->has_memory &= conf_set_fill(&c->set, next, c->documents.documents_n - c->filled_n);
    c->filled = c->documents.last;
    c->filled_n = c->documents.documents_n;
    return c->has_memory && !c->scratch->is_full;
}

const struct conf_set *candidate_set(const struct candidate *c)
{
    return &c->set;
}

void candidate_leave_out(struct candidate *c, struct conf_document *doc)
{
    conf_set_leave_out(&c->set, doc);
}

/* All parts, whatever the earlier ones found, so that all errors are told. */
static struct snapshot *compile(struct candidate *c, uint64_t generation)
{
    struct compile parts = { .set = &c->set, .arena = c->arena };
    struct snapshot *snapshot = conf_arena_take(c->arena, sizeof(*snapshot));
    bool has_memory;

    parts.snapshot = snapshot;
    has_memory = snapshot != NULL && candidate_fill(c) && gateway_api_derive(&c->set) && conf_set_sort(&c->set) &&
                 compile_enforced(&parts) && compile_shadow_begin(&parts) && compile_policies(&parts) && compile_upstreams(&parts) &&
                 compile_rules(&parts) && compile_listeners(&parts) && compile_access_log(&parts) && compile_shadow_end(&parts);
    if (!has_memory || c->scratch->is_full || c->arena->is_full) {
        diag_error(c->diag, NOWHERE, "the configuration does not fit into memory: leave some of it out");
        return NULL;
    }
    snapshot->generation = generation;
    snapshot->arena = c->arena;
    snapshot->upstreams = parts.upstreams;
    snapshot->upstreams_n = parts.upstreams_n;
    snapshot->documents_n = c->set.documents_n;
    return snapshot;
}

enum why candidate_compile(struct candidate *c, uint64_t generation, struct snapshot **out)
{
    struct snapshot *snapshot;

    MUST(c->arena != NULL);
    snapshot = compile(c, generation);
    diag_sort(c->diag);
    if (snapshot == NULL || c->diag->errors_n > 0)
        return WHY_CONF_BAD;
    c->arena = NULL; /* The snapshot's now. */
    *out = snapshot;
    return WHY_OK;
}
