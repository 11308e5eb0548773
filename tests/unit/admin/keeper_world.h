/* keeper_world.h - what the tests of the keeper share: control played by three hooks that count, and changes in few words. */
#pragma once

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"

#include "admin/keeper.h"
#include "conf/conf_arena.h"
#include "conf/load.h"
#include "conf/snapshot.h"

struct control {
    uint32_t prepared_n, published_n, discarded_n;
    uint64_t generation;           /* published last */
    uint32_t documents_n;
    bool     must_refuse;
};

static inline enum why on_prepare(void *owner, struct snapshot *snapshot, struct diag *diag, void **out)
{
    struct control *c = owner;

    c->prepared_n++;
    if (c->must_refuse) {
        diag_error(diag, (struct diag_place){ 0 }, "listener edge: cannot listen");
        return WHY_CONF_BAD;
    }
    *out = snapshot;
    return WHY_OK;
}

static inline void on_publish(void *owner, void *prepared)
{
    struct control *c = owner;
    struct snapshot *s = prepared;

    c->published_n++;
    c->generation = s->generation;
    c->documents_n = s->documents_n;
    conf_free(s);
}

static inline void on_discard(void *owner, void *prepared)
{
    struct control *c = owner;

    c->discarded_n++;
    conf_free(prepared);
}

/* dir NULL: in memory. */
static inline struct keeper *open_keeper(struct control *c, const char *dir)
{
    struct keeper_options options = { .state_dir = dir, .hooks = { c, on_prepare, on_publish, on_discard } };
    struct keeper *k = keeper_open(&options);

    CHECK(k != NULL, "no memory\n");
    return k;
}

#define CAP(name, bytes) "type: ForgeBodyCap\nname: " name "\nspec: {bytes: " bytes "}\n"

/* Documents of one text from a source. */
static inline struct keeper_result *say(struct keeper *k, const char *source, const char *text)
{
    struct keeper_text texts[1] = { { "t.yaml", span_str(text) } };
    struct keeper_change change = { .texts = texts, .texts_n = 1, .source = source, .author = "ann", .reason = "because",
                                    .replaces_source = strcmp(source, "api") != 0 };
    struct keeper_result *r = keeper_apply(k, &change);

    CHECK(r != NULL, "no memory\n");
    return r;
}

static inline struct keeper_result *delete_cap(struct keeper *k, const char *name)
{
    struct keeper_name names[1] = { { SPAN_LIT("ForgeBodyCap"), SPAN_LIT("default"), span_str(name) } };
    struct keeper_change change = { .deletions = names, .deletions_n = 1, .source = "api" };
    struct keeper_result *r = keeper_apply(k, &change);

    CHECK(r != NULL, "no memory\n");
    return r;
}

static inline void done(struct keeper_result *r, enum why why, uint64_t generation)
{
    CHECK(r->why == why && r->generation == generation, "%s, generation %llu: %s\n", why_name(r->why),
          (unsigned long long)r->generation, r->diag.items[0].text);
    keeper_result_close(r);
}

/* "a b- c!": names of records, - deleted, ! drifted. */
static inline void check_documents(struct keeper *k, const char *want)
{
    struct conf_arena *arena = conf_arena_open(1 << 24);
    struct keeper_generation g;
    char got[256] = "";
    size_t used = 0;

    CHECK(keeper_generation(k, 0, arena, &g) == WHY_OK, "no generation\n");
    for (uint32_t i = 0; i < g.records_n; i++)
        used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%.*s%s%s", i > 0 ? " " : "", SPAN_FMT(g.documents[i].name.name),
                                 g.documents[i].is_deleted ? "-" : "", g.documents[i].is_drifted ? "!" : "");
    CHECK(strcmp(got, want) == 0, "got %s, want %s\n", got, want);
    conf_arena_close(arena);
}

/* A folder of a test's own, and all that is in it. */
static inline void folder_make(char path[64])
{
    snprintf(path, 64, "/tmp/keeper_test.XXXXXX");
    CHECK(mkdtemp(path) != NULL, "no folder\n");
}

static inline void folder_remove(const char *path)
{
    struct dirent *entry;
    DIR *dir = opendir(path);

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char name[512];
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        (void)unlink(name);
    }
    closedir(dir);
    rmdir(path);
}
