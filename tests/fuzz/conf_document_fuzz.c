/* conf_document_fuzz.c - files of any bytes.
 *
 * Goal:   no byte string breaks the reader; what is refused has a sentence, what is taken has a tree within the limits, with places
 *         inside the file; a tree written out again is read as the same tree.
 * Method: the tree is written in flow style with every text quoted and every odd letter escaped.
 * Replay: conf_document_fuzz FILE
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/conf_arena.h"
#include "conf/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct out {
    char  *bytes;
    size_t used, room;
};

static void put(struct out *o, const char *text)
{
    size_t n = strlen(text);

    if (o->used + n >= o->room) {
        o->room = (o->room + n) * 2;
        o->bytes = realloc(o->bytes, o->room);
        MUST(o->bytes != NULL);
    }
    memcpy(o->bytes + o->used, text, n + 1);
    o->used += n;
}

/* Texts are UTF-8: libyaml takes nothing else. */
static void put_text(struct out *o, struct span s)
{
    put(o, "\"");
    for (size_t i = 0; i < s.len;) {
        uint32_t letter = s.at[i], more = letter < 0x80 ? 0 : letter < 0xe0 ? 1 : letter < 0xf0 ? 2 : 3;
        char escaped[16];
        if (more > 0)
            letter &= 0x3fu >> more;
        for (i++; more > 0; more--, i++) {
            MUST(i < s.len && (s.at[i] & 0xc0) == 0x80);
            letter = letter << 6 | (s.at[i] & 0x3f);
        }
        if (letter >= ' ' && letter < 0x7f && letter != '"' && letter != '\\')
            snprintf(escaped, sizeof(escaped), "%c", (char)letter);
        else
            snprintf(escaped, sizeof(escaped), "\\U%08x", letter);
        put(o, escaped);
    }
    put(o, "\"");
}

static void put_node(struct out *o, const struct node *n, uint32_t depth)
{
    MUST(depth <= CONF_DEPTH_MAX && n->kind != NODE_REFUSED && n->line > 0 && n->column > 0);
    if (n->kind == NODE_SCALAR) {
        MUST(n->text.len <= CONF_SCALAR_BYTES_MAX && n->text.at[n->text.len] == '\0' && n->children_n == 0);
        put_text(o, n->text);
        return;
    }
    uint32_t children_n = 0;
    put(o, n->kind == NODE_MAP ? "{" : "[");
    for (const struct node *c = n->first; c != NULL; c = c->next, children_n++) {
        if (n->kind == NODE_MAP) {
            /* The long form of a key: the short one has a limit of its own. */
            MUST(c->key.at != NULL && node_key_place(c).line > 0);
            put(o, "? ");
            put_text(o, c->key);
            put(o, " : ");
        }
        put_node(o, c, depth + 1);
        put(o, ",\n");
    }
    MUST(children_n == n->children_n && (n->kind != NODE_MAP || children_n <= CONF_KEYS_MAX));
    put(o, n->kind == NODE_MAP ? "}" : "]");
}

static void check_same(const struct node *a, const struct node *b)
{
    MUST(a->kind == b->kind && a->children_n == b->children_n && span_is(a->text, b->text) && span_is(a->key, b->key));
    for (a = a->first, b = b->first; a != NULL; a = a->next, b = b->next)
        check_same(a, b);
}

static bool read(struct document_set *set, struct diag *diag, struct conf_arena *arena, struct span bytes)
{
    diag_init(diag);
    document_set_init(set, arena, diag);
    bool is_good = document_read(set, "fuzz.yaml", bytes);
    MUST(is_good == (diag->errors_n == 0) && diag->warnings_n == 0 && set->nodes_n <= CONF_NODES_MAX + 1);
    return is_good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_arena *arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct diag *diag = malloc(sizeof(*diag));
    struct document_set set, again;
    struct out o = { .bytes = NULL };

    MUST(arena != NULL && diag != NULL);
    if (read(&set, diag, arena, span_of(data, size))) {
        for (const struct document *d = set.first; d != NULL; d = d->next) {
            o.used = 0;
            put_node(&o, d->root, 0);
            MUST(read(&again, diag, arena, span_of(o.bytes, o.used)));
            MUST(again.documents_n == 1);
            check_same(d->root, again.first->root);
        }
    }
    free(o.bytes);
    free(diag);
    conf_arena_close(arena);
    return 0;
}
