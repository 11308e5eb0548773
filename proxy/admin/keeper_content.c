/* keeper_content.c - a document as the text that is kept, and back.
 *
 * Layer:  admin.
 * Thread: control's.
 */
#include "admin/keeper_inside.h"
#include "base/must.h"
#include "conf/candidate.h"
#include "conf/document.h"
#include "conf/field_value.h"
#include "conf/kind.h"
#include "proto/hex.h"

/* Counts when at is NULL, else writes. */
struct out {
    uint8_t *at;
    size_t   bytes;
};

static void put(struct out *o, struct span s)
{
    if (o->at != NULL && s.len > 0)
        memcpy(o->at + o->bytes, s.at, s.len);
    o->bytes += s.len;
}

static void put_quoted(struct out *o, struct span s)
{
    put(o, SPAN_LIT("\""));
    for (size_t i = 0; i < s.len; i++) {
        char escape[8] = "\\u00";

        if (s.at[i] == '"' || s.at[i] == '\\') {
            put(o, SPAN_LIT("\\"));
        } else if (s.at[i] < ' ' || s.at[i] == 0x7f) {
            hex_write(span_of(s.at + i, 1), escape + 4);
            put(o, span_of(escape, 6));
            continue;
        }
        put(o, span_of(s.at + i, 1));
    }
    put(o, SPAN_LIT("\""));
}

static void put_node(struct out *o, const struct node *n)
{
    bool is_map = n->kind == NODE_MAP;

    if (n->kind == NODE_SCALAR) {
        if (node_is_null(n))
            put(o, SPAN_LIT("null"));
        else if (n->is_plain && value_plain_kind(n->text) != PLAIN_TEXT)
            put(o, n->text);
        else
            put_quoted(o, n->text);
        return;
    }
    put(o, is_map ? SPAN_LIT("{") : SPAN_LIT("["));
    for (const struct node *child = n->first; child != NULL; child = child->next) {
        if (is_map) {
            put_quoted(o, child->key);
            put(o, SPAN_LIT(": "));
        }
        put_node(o, child);
        if (child->next != NULL)
            put(o, SPAN_LIT(", "));
    }
    put(o, is_map ? SPAN_LIT("}") : SPAN_LIT("]"));
}

/* Of a map: each member on its line, so that lines can be compared. */
static void put_root(struct out *o, const struct node *root)
{
    for (const struct node *child = root->first; child != NULL; child = child->next) {
        put_quoted(o, child->key);
        put(o, SPAN_LIT(": "));
        put_node(o, child);
        put(o, SPAN_LIT("\n"));
    }
}

struct span keeper_canonical(const struct conf_document *doc, struct conf_arena *arena, bool with_secrets)
{
    struct out o = { NULL, 0 };

    UNUSED(with_secrets);
    put_root(&o, doc->root);
    o.at = conf_arena_take(arena, o.bytes + 1);
    o.bytes = 0;
    if (o.at == NULL)
        return SPAN_NONE;
    put_root(&o, doc->root);
    return span_of(o.at, o.bytes);
}

struct span keeper_content(struct keeper *k, const struct generation_document *d, struct conf_arena *arena)
{
    UNUSED(k);
    UNUSED(arena);
    return d->text;
}

/* ---- into a candidate ---- */

struct candidate *keeper_candidate(const struct keeper *k, struct diag *diag)
{
    struct candidate_options options = { .dir = k->options.files_dir, .state_dir = k->options.state_dir };

    return candidate_open(&options, diag);
}

bool keeper_load_document(struct keeper *k, const struct generation_document *d, struct candidate *c, struct conf_arena *arena)
{
    struct span text = keeper_content(k, d, arena);
    struct span file = conf_arena_format(arena, "%.*s %.*s%s%.*s", SPAN_FMT(d->type), SPAN_FMT(d->mesh), d->mesh.len > 0 ? "/" : "",
                                         SPAN_FMT(d->name));

    if (text.at == NULL || file.at == NULL)
        return false;
    candidate_add(c, (const char *)file.at, text);
    return true;
}

bool keeper_load(struct keeper *k, const struct generation *g, struct candidate *c, struct conf_arena *arena)
{
    for (uint32_t i = 0; i < g->documents_n; i++)
        if (!g->documents[i].is_deleted && !keeper_load_document(k, &g->documents[i], c, arena))
            return false;
    return true;
}
