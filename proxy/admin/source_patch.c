/* source_patch.c - edits made here, as a patch against the source's own files: `git apply` takes it.
 *
 * Layer:  admin.
 * Thread: control's.
 *
 * A file is cut into its documents (at lines of `---`). One that drifted is replaced by the canonical text of what is in force, or left
 * out when it was deleted; all others stay as they are, comments included. Secrets are not in a patch.
 */
#include "admin/source_patch.h"

#include "admin/keeper_inside.h"
#include "admin/source_tree.h"
#include "base/limits.h"
#include "base/memory.h"
#include "conf/candidate.h"
#include "conf/canonical.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/document.h"

enum { CONTEXT_LINES = 3 };

struct work {
    const struct source_tree *tree;
    struct span              source;
    struct conf_arena       *scratch;
    struct keeper_generation now;
    const struct conf_set   *said;    /* the tree's documents */
    const struct conf_set   *in_force;
    struct span              out;
};

static void append(struct work *w, struct span more)
{
    struct span grown = conf_arena_format(w->scratch, "%.*s%.*s", SPAN_FMT(w->out), SPAN_FMT(more));

    if (grown.at != NULL)
        w->out = grown;
}

static const struct keeper_document *record_of(const struct work *w, const struct conf_document *doc)
{
    struct span mesh = doc->kind->is_global ? SPAN_LIT("") : doc->mesh;

    for (uint32_t i = 0; i < w->now.records_n; i++) {
        const struct keeper_document *d = &w->now.documents[i];

        if (span_is(d->name.type, span_str(doc->kind->type)) && span_is(d->name.mesh, mesh) && span_is(d->name.name, doc->name))
            return d;
    }
    return NULL;
}

/* What stands in the place of a drifted document; SPAN_NONE: it did not drift. */
static struct span text_in_force(struct work *w, const struct conf_document *doc, bool is_json)
{
    const struct keeper_document *d = record_of(w, doc);
    const struct conf_document *now;

    if (d == NULL || !d->is_drifted || !span_is(d->source, w->source) || d->is_sealed)
        return SPAN_NONE;
    if (d->is_deleted)
        return SPAN_LIT("");
    now = conf_set_find(w->in_force, kind_find(d->name.type), doc->mesh, doc->name);
    if (now == NULL)
        return SPAN_NONE;
    if (!is_json)
        return canonical_yaml(now, w->scratch, CANONICAL_SECRETS_LEFT_OUT);
    return conf_arena_format(w->scratch, "%.*s\n", SPAN_FMT(canonical_json(now, w->scratch, CANONICAL_SECRETS_LEFT_OUT)));
}

/* The document of the file whose first line is in [from, to). */
static const struct conf_document *document_at(const struct work *w, const char *file, uint32_t from, uint32_t to)
{
    for (uint32_t kind = 0; kind < KIND_N; kind++)
        for (const struct conf_document *d = w->said->first[kind]; d != NULL; d = d->next)
            if (d->root->line >= from && d->root->line < to && strcmp(d->root->file, file) == 0)
                return d;
    return NULL;
}

static bool is_separator(struct span line)
{
    return span_starts(line, SPAN_LIT("---")) && (line.len == 3 || line.at[3] == ' ' || line.at[3] == '\r');
}

/* The file with what is in force in the place of what drifted; SPAN_NONE: as it was. */
static struct span file_in_force(struct work *w, const struct keeper_text *text)
{
    struct span rest = text->text, line, out = SPAN_LIT(""), chunk = span_of(rest.at, 0);
    bool is_json = span_ends(span_str(text->file), SPAN_LIT(".json")), has_changed = false;
    uint32_t number = 1, chunk_line = 1;

    for (;;) {
        const uint8_t *at = rest.at;
        bool has_line = rest.len > 0 && span_next(&rest, '\n', &line);

        if (has_line && !is_separator(line)) {
            chunk.len = (size_t)((rest.at > line.at + line.len ? rest.at : line.at + line.len) - chunk.at);
            number++;
            continue;
        }
        const struct conf_document *doc = document_at(w, text->file, chunk_line, number);
        struct span now = doc != NULL ? text_in_force(w, doc, is_json) : SPAN_NONE;

        has_changed |= now.at != NULL;
        out = conf_arena_format(w->scratch, "%.*s%.*s", SPAN_FMT(out), now.at != NULL ? (int)now.len : (int)chunk.len,
                                (const char *)(now.at != NULL ? now.at : chunk.at));
        if (!has_line)
            break;
        /* The separator line itself belongs to what follows only as a mark. */
        size_t mark = (size_t)((rest.at > line.at + line.len ? rest.at : line.at + line.len) - at);
        out = conf_arena_format(w->scratch, "%.*s%.*s", SPAN_FMT(out), (int)mark, (const char *)at);
        number++;
        chunk_line = number;
        chunk = span_of(rest.at, 0);
    }
    return has_changed ? out : SPAN_NONE;
}

/* ---- hunks ---- */

/* Lines with their marks, from keeper_lines, cut to those near a change. */
static void append_hunks(struct work *w, struct span marked)
{
    struct span *lines = conf_arena_array(w->scratch, marked.len + 1, sizeof(*lines)), line;
    uint32_t n = 0, at = 0, old_line = 1, new_line = 1;

    while (lines != NULL && marked.len > 0 && span_next(&marked, '\n', &line))
        if (line.len > 0)
            lines[n++] = line;
    while (lines != NULL && at < n) {
        uint32_t first = at, last, old_n = 0, new_n = 0, begin;

        while (first < n && lines[first].at[0] == ' ')
            first++;
        if (first == n)
            return;
        for (last = first; last < n; last++) { /* Until so many lines in a row are alike that two hunks are shorter. */
            uint32_t same = 0;

            while (last + same < n && lines[last + same].at[0] == ' ')
                same++;
            if (same > 2 * CONTEXT_LINES || last + same == n)
                break;
        }
        begin = first - at > CONTEXT_LINES ? first - CONTEXT_LINES : at;
        old_line += begin - at;
        new_line += begin - at;
        last = last + CONTEXT_LINES < n ? last + CONTEXT_LINES : n;
        for (uint32_t i = begin; i < last; i++) {
            old_n += lines[i].at[0] != '+';
            new_n += lines[i].at[0] != '-';
        }
        append(w, conf_arena_format(w->scratch, "@@ -%u,%u +%u,%u @@\n", old_n > 0 ? old_line : old_line - 1, old_n,
                                    new_n > 0 ? new_line : new_line - 1, new_n));
        for (uint32_t i = begin; i < last; i++)
            append(w, conf_arena_format(w->scratch, "%.*s\n", SPAN_FMT(lines[i])));
        old_line += old_n;
        new_line += new_n;
        at = last;
    }
}

static void patch_file(struct work *w, const struct keeper_text *text)
{
    struct span now = file_in_force(w, text), lines;

    if (now.at == NULL)
        return;
    lines = keeper_lines(w->scratch, text->text, now);
    if (lines.at == NULL)
        return; /* The arena remembers. */
    append(w, conf_arena_format(w->scratch, "--- a/%s\n+++ b/%s\n", text->file, text->file));
    append_hunks(w, lines);
}

static void patch_all(struct work *w, struct candidate *tree)
{
    const struct source_tree *t = w->tree;

    for (uint32_t i = 0; i < t->texts_n; i++)
        candidate_add(tree, t->texts[i].file, t->texts[i].text);
    if (!candidate_fill(tree))
        return;
    w->said = candidate_set(tree);
    for (uint32_t i = 0; i < t->texts_n; i++)
        patch_file(w, &t->texts[i]);
}

struct span source_patch_make(struct keeper *k, struct span source, const struct source_tree *t, struct conf_arena *arena)
{
    struct work w = { .tree = t, .source = source, .out = SPAN_LIT("") };
    struct diag *diag = memory_map(sizeof(*diag));
    struct candidate_options options = { .dir = NULL };
    struct candidate *tree = NULL;
    struct keeper_view view;
    struct span out = SPAN_NONE;

    w.scratch = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    if (diag != NULL)
        diag_init(diag);
    if (diag != NULL && w.scratch != NULL && keeper_generation(k, 0, w.scratch, &w.now) == WHY_OK &&
        keeper_view(k, 0, diag, &view) == WHY_OK && (tree = candidate_open(&options, diag)) != NULL) {
        w.in_force = view.set;
        patch_all(&w, tree);
        if (!w.scratch->is_full)
            out = conf_arena_copy(arena, w.out);
    }
    candidate_close(tree);
    keeper_rest(k);
    conf_arena_close(w.scratch);
    memory_unmap(diag, sizeof(*diag));
    return out;
}
