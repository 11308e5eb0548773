/* conf_world.h - a text read as documents, and the files of a corpus, for tests that look at documents one by one. */
#pragma once

#include <dirent.h>
#include <stdlib.h>

#include "conf/candidate.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "lib/check.h"

struct conf_world {
    struct diag      *diag;
    struct candidate *candidate;
    const struct conf_set *set;
};

static inline void conf_world_open(struct conf_world *w, struct span text)
{
    struct candidate_options options = { .dir = NULL };

    w->diag = malloc(sizeof(*w->diag));
    diag_init(w->diag);
    w->candidate = candidate_open(&options, w->diag);
    CHECK(w->candidate != NULL, "no memory\n");
    candidate_add(w->candidate, "t.yaml", text);
    CHECK(candidate_fill(w->candidate), "full\n");
    w->set = candidate_set(w->candidate);
}

static inline void conf_world_close(struct conf_world *w)
{
    candidate_close(w->candidate);
    free(w->diag);
}

/* The one document that there is, or NULL. */
static inline struct conf_document *conf_world_only(const struct conf_world *w)
{
    struct conf_document *found = NULL;

    for (uint32_t kind = 0; kind < KIND_N; kind++)
        if (w->set->first[kind] != NULL) {
            CHECK(found == NULL && w->set->first[kind]->next == NULL, "more than one document\n");
            found = w->set->first[kind];
        }
    return found;
}

typedef uint32_t conf_world_fn(const struct conf_document *doc, const char *path);

/* Each document of the files of a directory, good or bad; answers the sum of what on_document answered. */
static inline uint32_t conf_world_dir(const char *dir, conf_world_fn *on_document)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, NULL, alphasort);
    uint32_t sum = 0;
    char *bytes = malloc(1 << 20);

    CHECK(n > 0, "%s\n", dir);
    for (int i = 0; i < n; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
        FILE *file = entries[i]->d_name[0] != '.' ? fopen(path, "rb") : NULL;
        free(entries[i]);
        if (file == NULL)
            continue;
        size_t used = fread(bytes, 1, 1 << 20, file);
        fclose(file);
        struct conf_world w;
        conf_world_open(&w, span_of(bytes, used));
        for (uint32_t kind = 0; kind < KIND_N; kind++)
            for (const struct conf_document *d = w.set->first[kind]; d != NULL; d = d->next)
                sum += on_document(d, path);
        conf_world_close(&w);
    }
    free(entries);
    free(bytes);
    return sum;
}
