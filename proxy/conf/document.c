/* document.c - libyaml's events -> nodes with places.
 *
 * Layer:  conf.
 */
#include "conf/document.h"

#include <yaml.h>

#include "base/limits.h"
#include "conf/conf_arena.h"

/* One open list or map. */
struct level {
    struct node *node, *last;
    struct span  key;           /* a map's, read and waiting for its value; at == NULL: none */
    uint32_t     key_line, key_column;
};

struct reader {
    struct document_set *set;
    const char   *file;
    struct level  levels[CONF_DEPTH_MAX];
    uint32_t      depth;
    struct node  *root;         /* of the document being read */
    bool          is_bad;       /* something was refused      */
    bool          is_over;      /* ... and reading on makes no sense */
};

void document_set_init(struct document_set *set, struct conf_arena *arena, struct diag *diag)
{
    *set = (struct document_set){ .arena = arena, .diag = diag };
}

struct diag_place node_place(const struct node *n)
{
    return (struct diag_place){ n->file, n->line, n->column };
}

struct diag_place node_key_place(const struct node *n)
{
    if (n->key.at == NULL)
        return node_place(n);
    return (struct diag_place){ n->file, n->key_line, n->key_column };
}

const struct node *node_find(const struct node *n, const char *key)
{
    struct span want = span_str(key);

    if (n == NULL || n->kind != NODE_MAP)
        return NULL;
    for (const struct node *child = n->first; child != NULL; child = child->next)
        if (span_is(child->key, want))
            return child;
    return NULL;
}

bool node_is_null(const struct node *n)
{
    static const char *const names[] = { "", "~", "null", "Null", "NULL" };

    if (n->kind != NODE_SCALAR || !n->is_plain)
        return false;
    for (size_t i = 0; i < COUNT(names); i++)
        if (span_is(n->text, span_str(names[i])))
            return true;
    return false;
}

const char *node_kind_name(const struct node *n)
{
    switch (n->kind) {
    case NODE_SCALAR:  return n->is_plain ? "a plain value" : "a text";
    case NODE_LIST:    return "a list";
    case NODE_MAP:     return "a group of fields";
    case NODE_REFUSED: return "refused";
    }
    must_not_reach("node kind");
}

static struct diag_place mark_place(const struct reader *r, const yaml_mark_t *mark)
{
    return (struct diag_place){ r->file, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1 };
}

static void refuse(struct reader *r, const yaml_mark_t *mark, const char *sentence)
{
    diag_error(r->set->diag, mark_place(r, mark), "%s", sentence);
    r->is_bad = true;
}

static void stop(struct reader *r, const yaml_mark_t *mark, const char *sentence)
{
    refuse(r, mark, sentence);
    r->is_over = true;
}

static uint32_t key_hash(struct span key)
{
    uint32_t h = 2166136261u; /* FNV-1a: only to compare fewer keys */

    for (size_t i = 0; i < key.len; i++)
        h = (h ^ key.at[i]) * 16777619u;
    return h;
}

/* Link n below the open level, as item or as value of the waiting key. */
static void attach(struct reader *r, struct node *n, const yaml_mark_t *mark)
{
    struct level *top;

    if (r->depth == 0) {
        r->root = n;
        return;
    }
    top = &r->levels[r->depth - 1];
    if (top->node->kind == NODE_MAP) {
        MUST(top->key.at != NULL);
        n->key = top->key;
        n->key_line = top->key_line;
        n->key_column = top->key_column;
        n->key_hash = key_hash(n->key);
        top->key = SPAN_NONE;
        for (const struct node *c = top->node->first; c != NULL; c = c->next)
            if (c->key_hash == n->key_hash && span_is(c->key, n->key)) {
                diag_error(r->set->diag, node_key_place(n),
                           "`%.*s` stands here a second time (first in line %u): keep one of them", SPAN_FMT(n->key),
                           c->key_line);
                r->is_bad = true;
                return;
            }
        if (top->node->children_n == CONF_KEYS_MAX) {
            stop(r, mark, "this map has more than 1024 keys: split it into several documents");
            return;
        }
    }
    if (top->last == NULL)
        top->node->first = n;
    else
        top->last->next = n;
    top->last = n;
    top->node->children_n++;
}

static struct node *node_new(struct reader *r, enum node_kind kind, const yaml_mark_t *mark)
{
    struct node *n;

    if (++r->set->nodes_n > CONF_NODES_MAX) {
        stop(r, mark, "the configuration has more than 2097152 values: leave some of them out");
        return NULL;
    }
    n = conf_arena_take(r->set->arena, sizeof(*n));
    if (n == NULL) {
        stop(r, mark, "the configuration does not fit into memory: leave some of it out");
        return NULL;
    }
    n->kind = kind;
    n->file = r->file;
    n->line = (uint32_t)mark->line + 1;
    n->column = (uint32_t)mark->column + 1;
    return n;
}

/* A name that could not be written again as one, or that hides something. */
static bool is_odd_key(struct span key)
{
    if (key.len > CONF_KEY_BYTES_MAX)
        return true;
    for (size_t i = 0; i < key.len; i++)
        if (key.at[i] < ' ' || key.at[i] == 0x7f || (key.at[i] == 0xc2 && key.at[i + 1] < 0xa0)) /* C0, DEL, C1 */
            return true;
    return false;
}

/* Is the next event of this level a key? */
static bool wants_key(const struct reader *r)
{
    const struct level *top = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;

    return top != NULL && top->node->kind == NODE_MAP && top->key.at == NULL;
}

static void on_open(struct reader *r, enum node_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag,
                    const yaml_mark_t *mark)
{
    struct node *n;

    if (anchor != NULL)
        refuse(r, mark, "anchors (`&name`) are not read: write the value out wherever it is needed");
    if (tag != NULL)
        refuse(r, mark, "tags (`!name`) are not read: leave the tag out");
    if (wants_key(r)) {
        stop(r, mark, "a list or map cannot be a key here: write a plain name followed by a colon");
        return;
    }
    if (r->depth == CONF_DEPTH_MAX) {
        stop(r, mark, "this is nested more than 32 levels deep: no document needs that");
        return;
    }
    n = node_new(r, kind, mark);
    if (n == NULL)
        return;
    attach(r, n, mark);
    r->levels[r->depth++] = (struct level){ .node = n };
}

static void on_scalar(struct reader *r, const yaml_event_t *event)
{
    struct span text = span_of(event->data.scalar.value, event->data.scalar.length);
    const yaml_mark_t *mark = &event->start_mark;
    bool is_refused = true;
    struct node *n;

    if (event->data.scalar.anchor != NULL)
        refuse(r, mark, "anchors (`&name`) are not read: write the value out wherever it is needed");
    else if (event->data.scalar.tag != NULL)
        refuse(r, mark, "tags (`!name`) are not read: leave the tag out, and quote a text that looks like a number");
    else if (text.len > CONF_SCALAR_BYTES_MAX)
        refuse(r, mark, "this value is longer than 1 MiB: put it into a file of its own and name that file");
    else if (wants_key(r) && is_odd_key(text))
        refuse(r, mark, "this name is longer than 400 bytes or has control characters: no field or label needs that");
    else
        is_refused = false;

    if (wants_key(r)) {
        struct level *top = &r->levels[r->depth - 1];
        top->key = conf_arena_copy(r->set->arena, text);
        top->key_line = (uint32_t)mark->line + 1;
        top->key_column = (uint32_t)mark->column + 1;
        if (top->key.at == NULL)
            stop(r, mark, "the configuration does not fit into memory: leave some of it out");
        return;
    }
    n = node_new(r, is_refused ? NODE_REFUSED : NODE_SCALAR, mark);
    if (n == NULL)
        return;
    n->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = is_refused ? SPAN_LIT("") : conf_arena_copy(r->set->arena, text);
    if (n->text.at == NULL) {
        stop(r, mark, "the configuration does not fit into memory: leave some of it out");
        return;
    }
    attach(r, n, mark);
}

static void on_alias(struct reader *r, const yaml_mark_t *mark)
{
    struct node *n;

    if (wants_key(r)) {
        stop(r, mark, "aliases (`*name`) are not read: write the key out");
        return;
    }
    refuse(r, mark, "aliases (`*name`) are not read: write the value out, or put a text that starts with `*` in quotes");
    n = node_new(r, NODE_REFUSED, mark);
    if (n != NULL)
        attach(r, n, mark);
}

static void on_document_end(struct reader *r)
{
    struct document_set *set = r->set;
    struct document *d;
    struct node *root = r->root;

    r->root = NULL;
    MUST(r->depth == 0);
    if (root == NULL || node_is_null(root))
        return;
    d = set->documents_n < CONF_DOCUMENTS_MAX ? conf_arena_take(set->arena, sizeof(*d)) : NULL;
    if (d == NULL) {
        diag_error(set->diag, node_place(root), "%s", set->documents_n < CONF_DOCUMENTS_MAX ?
                   "the configuration does not fit into memory: leave some of it out" :
                   "there are more documents than the 65536 that one load may have");
        r->is_bad = r->is_over = true;
        return;
    }
    d->root = root;
    if (set->last == NULL)
        set->first = d;
    else
        set->last->next = d;
    set->last = d;
    set->documents_n++;
}

static void on_event(struct reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
        break;
    case YAML_DOCUMENT_END_EVENT:
        on_document_end(r);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(r, &event->start_mark);
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(r, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_open(r, NODE_LIST, event->data.sequence_start.anchor, event->data.sequence_start.tag, &event->start_mark);
        break;
    case YAML_MAPPING_START_EVENT:
        on_open(r, NODE_MAP, event->data.mapping_start.anchor, event->data.mapping_start.tag, &event->start_mark);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        MUST(r->depth > 0);
        r->depth--;
        break;
    }
}

/* What a newcomer most often meant, for libyaml's most frequent complaints; "" for the others. */
static const char *syntax_hint(const char *context, const char *problem)
{
    static const struct { const char *context, *problem, *hint; } rows[] = {
        { "while scanning an alias", "", ": a text that starts with `*` needs quotes, as in \"*.example.com\"" },
        { "", "found character that cannot start any token",
          ": indent with blanks, not tabs, and put a text that starts with `@`, `%` or a backquote in quotes" },
        { "", "mapping values are not allowed in this context",
          ": a text with a colon and a blank needs quotes, and fields of one group start in the same column" },
        { "", "did not find expected key", ": fields of one group start in the same column" },
        { "", "did not find expected ',' or", ": a bracket or brace is not closed, or a comma is missing" },
        { "while parsing a quoted scalar", "found invalid Unicode character escape code",
          ": write the character itself, in UTF-8" },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (strstr(context, rows[i].context) != NULL && strstr(problem, rows[i].problem) != NULL)
            return rows[i].hint;
    return "";
}

static void on_syntax_error(struct reader *r, const yaml_parser_t *parser, struct span bytes)
{
    const char *context = parser->context != NULL ? parser->context : "";
    const char *problem = parser->problem != NULL ? parser->problem : "out of memory";
    struct diag_place place = mark_place(r, &parser->problem_mark);

    /* Libyaml's reader knows an offset only. */
    if (parser->error == YAML_READER_ERROR) {
        place.line = place.column = 1;
        for (size_t i = 0; i < bytes.len && i < parser->problem_offset; i++) {
            place.column = bytes.at[i] == '\n' ? 1 : place.column + 1;
            place.line += bytes.at[i] == '\n';
        }
    }
    diag_error(r->set->diag, place, "this is not YAML: %s%s%s%s", context, context[0] != '\0' ? ", " : "", problem,
               syntax_hint(context, problem));
    r->is_bad = r->is_over = true;
}

bool document_read(struct document_set *set, const char *file, struct span bytes)
{
    struct reader r = { .set = set, .file = file };
    yaml_parser_t parser;
    bool is_end = false;

    if (bytes.len > CONF_FILE_BYTES_MAX) {
        diag_error(set->diag, (struct diag_place){ file, 0, 0 }, "this file is longer than 16 MiB: split it");
        return false;
    }
    if (!yaml_parser_initialize(&parser)) {
        diag_error(set->diag, (struct diag_place){ file, 0, 0 }, "there is no memory left to read this file");
        return false;
    }
    /* A byte order mark is no text. With the encoding given, libyaml would count it as a column. */
    if (span_starts(bytes, SPAN_LIT("\xef\xbb\xbf")))
        bytes = span_from(bytes, 3);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, bytes.at != NULL ? bytes.at : (const uint8_t *)"", bytes.len);
    while (!is_end && !r.is_over) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            on_syntax_error(&r, &parser, bytes);
            break;
        }
        is_end = event.type == YAML_STREAM_END_EVENT;
        on_event(&r, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return !r.is_bad;
}
