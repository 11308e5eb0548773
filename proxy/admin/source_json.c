/* source_json.c - how each source goes, as JSON.
 *
 * Layer:  admin.
 * Thread: control's.
 */
#include "admin/keeper.h"
#include "admin/source_inside.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/shard.h"
#include "conf/conf_arena.h"
#include "proto/json_write.h"
#include "proto/timestamp.h"

static void write_time(struct json_write *j, const char *key, uint64_t wall_ns)
{
    struct timestamp_cache cache = { 0 };
    char text[TIMESTAMP_BYTES];

    if (wall_ns == 0)
        return;
    timestamp_write(&cache, wall_ns, text);
    json_write_member(j, key, span_of(text, sizeof(text)));
}

static void write_problems(struct json_write *j, const struct diag *diag)
{
    json_write_key(j, SPAN_LIT("problems"));
    json_write_open(j, '[');
    for (uint32_t i = 0; i < diag->items_n; i++) {
        const struct diag_item *d = &diag->items[i];

        json_write_open(j, '{');
        json_write_member(j, "level", d->level == DIAG_ERROR ? SPAN_LIT("error") : SPAN_LIT("warning"));
        json_write_member(j, "file", span_str(d->file));
        json_write_member_u64(j, "line", d->line);
        json_write_member_u64(j, "column", d->column);
        json_write_member(j, "text", span_str(d->text));
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

/* Of the revision that is in force: which files it had. */
static void write_files(struct json_write *j, const struct source *s)
{
    json_write_key(j, SPAN_LIT("files"));
    json_write_open(j, '[');
    for (uint32_t i = 0; s->tree != NULL && i < s->tree->texts_n; i++) {
        json_write_open(j, '{');
        json_write_member(j, "name", span_str(s->tree->texts[i].file));
        json_write_member_u64(j, "bytes", s->tree->texts[i].text.len);
        json_write_close(j, '}');
    }
    json_write_close(j, ']');
}

static void write_drift(struct json_write *j, const struct source *s)
{
    struct conf_arena *arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct keeper_generation g;

    json_write_key(j, SPAN_LIT("drift"));
    json_write_open(j, '[');
    if (arena != NULL && keeper_generation(s->table->keeper, 0, arena, &g) == WHY_OK)
        for (uint32_t i = 0; i < g.records_n; i++) {
            const struct keeper_document *d = &g.documents[i];

            if (!d->is_drifted || !span_is(d->source, span_str(s->source)))
                continue;
            json_write_open(j, '{');
            json_write_member(j, "type", d->name.type);
            json_write_member(j, "mesh", d->name.mesh);
            json_write_member(j, "name", d->name.name);
            json_write_member(j, "what", d->is_deleted ? SPAN_LIT("deleted") : SPAN_LIT("edited"));
            json_write_member_u64(j, "generation", d->generation);
            json_write_close(j, '}');
        }
    json_write_close(j, ']');
    conf_arena_close(arena);
}

static struct span state_of(const struct source *s)
{
    if (s->looks_n == 0 || (s->tree == NULL && s->why == WHY_OK))
        return SPAN_LIT("Waiting");
    if (s->why == WHY_OK)
        return s->drift_n > 0 ? SPAN_LIT("Drifted") : SPAN_LIT("Good");
    return s->failures_n > 0 ? SPAN_LIT("Unreachable") : SPAN_LIT("Refused");
}

static void write_source(struct json_write *j, const struct source *s)
{
    static const char *const types[] = { "Archive", "Directory", "BareRepository" };
    const struct source_conf *c = s->conf;
    uint64_t now_ns = s->table->shard->now_ns;

    json_write_open(j, '{');
    json_write_member(j, "name", span_str(s->name));
    json_write_member(j, "type", span_str(types[c->type]));
    json_write_member(j, "from", c->type == FORGE_SOURCE_ARCHIVE ? c->url : span_str(c->place));
    json_write_member(j, "ref", span_str(c->ref));
    json_write_member(j, "path", span_str(c->path));
    json_write_member(j, "state", state_of(s));
    json_write_member(j, "revision", span_str(s->tree != NULL ? s->tree->revision : ""));
    json_write_member(j, "seenRevision", span_str(s->seen));
    json_write_member_u64(j, "generation", s->generation);
    json_write_member(j, "why", span_str(why_name(s->why)));
    json_write_member(j, "sentence", span_str(s->sentence));
    json_write_member_u64(j, "failures", s->failures_n);
    json_write_member_u64(j, "looks", s->looks_n);
    json_write_member_u64(j, "applied", s->applied_n);
    write_time(j, "lookedAt", s->looked_ns);
    write_time(j, "takenAt", s->taken_ns);
    json_write_member_u64(j, "nextLookMs", s->state == SOURCE_IDLE && s->next_ns > now_ns ? (s->next_ns - now_ns) / NS_PER_MS : 0);
    json_write_member_bool(j, "prune", c->prunes);
    json_write_member(j, "driftPolicy", c->reverts ? SPAN_LIT("Revert") : SPAN_LIT("Report"));
    json_write_member_bool(j, "webhook", c->has_hook);
    json_write_member_bool(j, "verified", c->has_key);
    write_problems(j, &s->diag);
    write_files(j, s);
    write_drift(j, s);
    json_write_close(j, '}');
}

bool sources_json(struct sources *t, struct span name, struct text_write *out)
{
    struct source *one = name.len > 0 ? source_find(t, name) : NULL;
    struct json_write j;

    json_write_init(&j, out);
    if (one != NULL)
        write_source(&j, one);
    if (name.len > 0)
        return one != NULL;
    json_write_open(&j, '{');
    json_write_key(&j, SPAN_LIT("items"));
    json_write_open(&j, '[');
    for (struct list_node *n = t->all.head.next; n != &t->all.head; n = n->next)
        if (container_of(n, struct source, node)->conf != NULL)
            write_source(&j, container_of(n, struct source, node));
    json_write_close(&j, ']');
    json_write_close(&j, '}');
    return true;
}
