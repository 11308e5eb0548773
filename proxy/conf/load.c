/* load.c - a directory of documents -> a snapshot, or sentences.
 *
 * Layer:  conf.
 * Thread: control.
 */
#include "conf/load.h"

#include "conf/candidate.h"
#include "conf/conf_arena.h"
#include "conf/snapshot.h"

enum why conf_load_bounded(const char *file, struct span text, size_t scratch_bytes, size_t snapshot_bytes,
                           struct diag *diag, struct snapshot **out_snapshot)
{
    struct candidate_options options = { .scratch_bytes = scratch_bytes, .snapshot_bytes = snapshot_bytes };
    struct candidate *c = candidate_open(&options, diag);
    enum why why = WHY_CONF_BAD;

    if (c == NULL)
        return why;
    candidate_add(c, file, text);
    why = candidate_compile(c, 1, out_snapshot);
    candidate_close(c);
    return why;
}

enum why conf_load_text(const char *file, struct span text, struct diag *diag, struct snapshot **out_snapshot)
{
    return conf_load_bounded(file, text, 0, 0, diag, out_snapshot);
}

enum why conf_load(const char *dir, const char *state_dir, uint64_t generation, struct diag *diag,
                   struct snapshot **out_snapshot)
{
    struct candidate_options options = { .dir = dir, .state_dir = state_dir };
    struct candidate *c = candidate_open(&options, diag);
    enum why why = WHY_CONF_BAD;

    if (c == NULL)
        return why;
    candidate_add_dir(c, dir);
    why = candidate_compile(c, generation, out_snapshot);
    candidate_close(c);
    return why;
}

void conf_free(struct snapshot *snapshot)
{
    if (snapshot != NULL)
        conf_arena_close(snapshot->arena);
}
