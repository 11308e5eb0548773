/* store_world.h - what the tests of the store share: a folder, memory, generations out of a few letters. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"

#include "base/limits.h"
#include "store/store.h"

enum { WORLD_MEMORY_BYTES = 1 << 20, WORLD_DOCUMENTS_MAX = 64 };

struct store_world {
    char   dir[64], path[256], error[STORE_SENTENCE_BYTES];
    char  *memory;
    size_t used;
    struct store *store;
};

static inline void *store_world_take(void *owner, size_t bytes)
{
    struct store_world *w = owner;
    size_t at = (w->used + 15) & ~(size_t)15;

    if (at + bytes > WORLD_MEMORY_BYTES)
        return NULL;
    w->used = at + bytes;
    return w->memory + at;
}

static inline struct store_memory store_world_memory(struct store_world *w)
{
    w->used = 0;
    return (struct store_memory){ store_world_take, w };
}

static inline enum why store_world_open(struct store_world *w, size_t bytes_max)
{
    struct store_options options = { .path = w->path, .bytes_max = bytes_max };

    return store_open(&options, &w->store, w->error);
}

static inline struct store_world *store_world_new(void)
{
    struct store_world *w = calloc(1, sizeof(*w));

    CHECK(w != NULL && (w->memory = malloc(WORLD_MEMORY_BYTES)) != NULL, "no memory\n");
    snprintf(w->dir, sizeof(w->dir), "/tmp/store_test.XXXXXX");
    CHECK(mkdtemp(w->dir) != NULL, "no folder\n");
    snprintf(w->path, sizeof(w->path), "%s/store.mdb", w->dir);
    return w;
}

static inline void store_world_free(struct store_world *w)
{
    struct dirent *entry;
    DIR *dir = opendir(w->dir);

    store_close(w->store);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", w->dir, entry->d_name);
        (void)unlink(path);
    }
    closedir(dir);
    rmdir(w->dir);
    free(w->memory);
    free(w);
}

/* A generation whose documents have the letters of names as names, each with the content "<letter><version>". */
struct store_world_generation {
    struct generation          g;
    struct generation_document documents[WORLD_DOCUMENTS_MAX];
    struct store_blob          blobs[WORLD_DOCUMENTS_MAX];
    char                       texts[WORLD_DOCUMENTS_MAX][16];
};

static inline void store_world_make(struct store_world_generation *out, uint64_t number, const char *names, unsigned version)
{
    uint32_t n = (uint32_t)strlen(names);

    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < n; i++) {
        struct generation_document *d = &out->documents[i];

        snprintf(out->texts[i], sizeof(out->texts[i]), "%c%u", names[i], version);
        *d = (struct generation_document){ .type = SPAN_LIT("T"), .mesh = SPAN_LIT("m"), .name = span_of(names + i, 1),
                                           .source = SPAN_LIT("api"), .number = number };
        hash_of(span_str(out->texts[i]), d->digest);
        out->blobs[i] = (struct store_blob){ d->digest, span_str(out->texts[i]), false };
    }
    out->g = (struct generation){ .number = number, .parent = number - 1, .author = SPAN_LIT("ann"), .reason = SPAN_LIT("why not"),
                                  .source = SPAN_LIT("api"), .documents = out->documents, .documents_n = n };
    generation_digest(&out->g, out->g.digest);
}

static inline enum why store_world_put(struct store_world *w, uint64_t number, const char *names, unsigned version)
{
    struct store_world_generation *made = malloc(sizeof(*made));
    enum why why;

    store_world_make(made, number, names, version);
    why = store_put(w->store, &made->g, made->blobs, made->g.documents_n);
    free(made);
    return why;
}
