/* load.c - a directory of documents -> a snapshot, or sentences.
 *
 * Layer:  conf.
 * Thread: control.
 */
#include "conf/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "conf/compile.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/document.h"
#include "conf/snapshot.h"

/* Everything between the first byte and the snapshot. */
struct load {
    const char         *dir, *state_dir;
    struct diag        *diag;
    struct conf_arena  *scratch, *arena;
    struct document_set documents;
};

static const struct diag_place NOWHERE = { NULL, 0, 0 };

static enum why load_open(struct load *l, size_t scratch_bytes, size_t snapshot_bytes, struct diag *diag)
{
    *l = (struct load){ .diag = diag };
    l->scratch = conf_arena_open(scratch_bytes);
    l->arena = conf_arena_open(snapshot_bytes);
    if (l->scratch == NULL || l->arena == NULL) {
        diag_error(diag, NOWHERE, "the kernel has no address space left for a configuration");
        conf_arena_close(l->scratch);
        conf_arena_close(l->arena);
        return WHY_CONF_BAD;
    }
    document_set_init(&l->documents, l->scratch, diag);
    return WHY_OK;
}

/* All parts, whatever the earlier ones found, so that all errors are told. */
static struct snapshot *load_compile(struct load *l, uint64_t generation)
{
    struct conf_set set = { .scratch = l->scratch, .diag = l->diag, .dir = l->dir, .state_dir = l->state_dir };
    struct compile c = { .set = &set, .arena = l->arena };
    struct snapshot *snapshot = conf_arena_take(l->arena, sizeof(*snapshot));
    bool has_memory;

    c.snapshot = snapshot;
    has_memory = snapshot != NULL && conf_set_fill(&set, l->documents.first, l->documents.documents_n) &&
                 compile_policies(&c) && compile_upstreams(&c) && compile_rules(&c) &&
                 compile_listeners(&c);
    if (!has_memory || l->scratch->is_full || l->arena->is_full) {
        diag_error(l->diag, NOWHERE, "the configuration does not fit into memory: leave some of it out");
        return NULL;
    }
    snapshot->generation = generation;
    snapshot->arena = l->arena;
    snapshot->documents_n = set.documents_n;
    return snapshot;
}

static enum why load_end(struct load *l, uint64_t generation, struct snapshot **out_snapshot)
{
    struct snapshot *snapshot = load_compile(l, generation);

    diag_sort(l->diag);
    conf_arena_close(l->scratch);
    if (snapshot == NULL || l->diag->errors_n > 0) {
        conf_arena_close(l->arena);
        return WHY_CONF_BAD;
    }
    *out_snapshot = snapshot;
    return WHY_OK;
}

enum why conf_load_bounded(const char *file, struct span text, size_t scratch_bytes, size_t snapshot_bytes,
                           struct diag *diag, struct snapshot **out_snapshot)
{
    struct load l;
    enum why why = load_open(&l, scratch_bytes, snapshot_bytes, diag);

    if (why != WHY_OK)
        return why;
    document_read(&l.documents, file, text);
    return load_end(&l, 1, out_snapshot);
}

enum why conf_load_text(const char *file, struct span text, struct diag *diag, struct snapshot **out_snapshot)
{
    return conf_load_bounded(file, text, CONF_SCRATCH_BYTES_MAX, CONF_SNAPSHOT_BYTES_MAX, diag, out_snapshot);
}

static int is_document(const struct dirent *entry)
{
    struct span name = span_str(entry->d_name);

    return entry->d_name[0] != '.' && (span_ends(name, SPAN_LIT(".yaml")) || span_ends(name, SPAN_LIT(".yml")) ||
                                       span_ends(name, SPAN_LIT(".json")));
}

static void read_file(struct load *l, const char *name)
{
    struct span path = conf_arena_format(l->scratch, "%s/%s", l->dir, name), bytes;
    const char *wrong;

    if (path.at == NULL)
        return; /* The arena remembers. */
    wrong = conf_file_read(l->scratch, (const char *)path.at, CONF_FILE_BYTES_MAX, &bytes);
    if (wrong != NULL)
        diag_error(l->diag, (struct diag_place){ (const char *)path.at, 0, 0 }, "the file %s", wrong);
    else
        document_read(&l->documents, (const char *)path.at, bytes);
}

static void read_dir(struct load *l)
{
    struct dirent **entries = NULL;
    int n = scandir(l->dir, &entries, is_document, alphasort);

    if (n < 0) {
        diag_error(l->diag, (struct diag_place){ l->dir, 0, 0 }, "this directory of documents cannot be read: %s",
                   strerror(errno));
        return;
    }
    if (n == 0)
        diag_warn(l->diag, (struct diag_place){ l->dir, 0, 0 }, "this directory has no *.yaml, *.yml or *.json");
    if (n > CONF_FILES_MAX)
        diag_error(l->diag, (struct diag_place){ l->dir, 0, 0 }, "this directory has more than 4096 files: put several "
                   "documents into one, with `---` between them");
    for (int i = 0; i < n; i++) {
        if (n <= CONF_FILES_MAX)
            read_file(l, entries[i]->d_name);
        free(entries[i]); /* tidy: banned-calls: because scandir made it */
    }
    free(entries); /* tidy: banned-calls: because scandir made it */
}

enum why conf_load(const char *dir, const char *state_dir, uint64_t generation, struct diag *diag,
                   struct snapshot **out_snapshot)
{
    struct load l;
    enum why why = load_open(&l, CONF_SCRATCH_BYTES_MAX, CONF_SNAPSHOT_BYTES_MAX, diag);

    if (why != WHY_OK)
        return why;
    l.dir = dir;
    l.state_dir = state_dir;
    read_dir(&l);
    return load_end(&l, generation, out_snapshot);
}

void conf_free(struct snapshot *snapshot)
{
    if (snapshot != NULL)
        conf_arena_close(snapshot->arena);
}
