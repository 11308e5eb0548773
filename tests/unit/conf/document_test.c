/* document_test.c - YAML and JSON become trees that know their places, or are refused with a place.
 *
 * Goal:   what is not read (aliases, anchors, tags, duplicate keys, what is no YAML) has its sentence; limits hold.
 * Method: golden sentences; golden trees; limits by their last good and first bad value.
 */
#include "base/limits.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "unit/conf/conf_check.h"

static const struct says_row rows[] = {
    { "alias",
      "a: &x 1\n"
      "b: *x\n",
      "1:1: error: `type` is missing in this document: it starts with `type:` and `name:`\n"
      "1:4: error: anchors (`&name`) are not read: write the value out wherever it is needed\n"
      "2:4: error: aliases (`*name`) are not read: write the value out, or put a text that starts with `*` "
      "in quotes\n" },
    { "star without quotes",
      "hostname: *.example.com\n",
      "1:12: error: this is not YAML: while scanning an alias, did not find expected alphabetic or numeric "
      "character: a text that starts with `*` needs quotes, as in \"*.example.com\"\n" },
    { "anchor of a list",
      "a: &x [1]\n",
      "1:1: error: `type` is missing in this document: it starts with `type:` and `name:`\n"
      "1:4: error: anchors (`&name`) are not read: write the value out wherever it is needed\n" },
    { "alias as a key",
      "a: 1\n"
      "*x : 2\n",
      "2:1: error: aliases (`*name`) are not read: write the key out\n" },
    { "tag",
      "a: !!str 1\n",
      "1:1: error: `type` is missing in this document: it starts with `type:` and `name:`\n"
      "1:4: error: tags (`!name`) are not read: leave the tag out, and quote a text that looks like a "
      "number\n" },
    { "tag of your own on a map",
      "a: !secret {b: 1}\n",
      "1:1: error: `type` is missing in this document: it starts with `type:` and `name:`\n"
      "1:4: error: tags (`!name`) are not read: leave the tag out\n" },
    { "merge key",
      "a: 1\n"
      "<<: *b\n",
      "1:1: error: `type` is missing in this document: it starts with `type:` and `name:`\n"
      "2:5: error: aliases (`*name`) are not read: write the value out, or put a text that starts with `*` "
      "in quotes\n" },
    { "duplicate key",
      "type: Secret\n"
      "name: a\n"
      "name: b\n"
      "data: \"\"\n",
      "3:1: error: `name` stands here a second time (first in line 2): keep one of them\n" },
    { "duplicate key in JSON",
      "{\"type\": \"Secret\", \"type\": \"Mesh\"}",
      "1:1: error: `data` is missing in this Secret: the secret bytes in base64, as `base64 -w0 FILE` "
      "prints them\n"
      "1:1: error: `name` is missing in this document: give the document a name\n"
      "1:20: error: `type` stands here a second time (first in line 1): keep one of them\n" },
    { "a list as a key",
      "[a, b]: 1\n",
      "1:1: error: a list or map cannot be a key here: write a plain name followed by a colon\n" },
    { "a map as a key",
      "{a: b}: 1\n",
      "1:1: error: a list or map cannot be a key here: write a plain name followed by a colon\n" },
    { "tab for a blank",
      "a:\n"
      "\tb: 1\n",
      "2:1: error: this is not YAML: while scanning for the next token, found character that cannot start "
      "any token: indent with blanks, not tabs, and put a text that starts with `@`, `%` or a backquote in "
      "quotes\n" },
    { "bad indent",
      "a:\n"
      "  b: 1\n"
      " c: 2\n",
      "3:2: error: this is not YAML: while parsing a block mapping, did not find expected key: fields of "
      "one group start in the same column\n" },
    { "a colon in a plain text",
      "a: b: c\n",
      "1:5: error: this is not YAML: mapping values are not allowed in this context: a text with a colon "
      "and a blank needs quotes, and fields of one group start in the same column\n" },
    { "a bracket left open",
      "a: [1, 2\n"
      "b: 3\n",
      "2:2: error: this is not YAML: while parsing a flow sequence, did not find expected ',' or ']': a "
      "bracket or brace is not closed, or a comma is missing\n" },
    { "a quote left open",
      "a: \"b\n",
      "2:1: error: this is not YAML: while scanning a quoted scalar, found unexpected end of stream\n" },
    { "a reserved sign",
      "a: @b\n",
      "1:4: error: this is not YAML: while scanning for the next token, found character that cannot start "
      "any token: indent with blanks, not tabs, and put a text that starts with `@`, `%` or a backquote in "
      "quotes\n" },
    { "a surrogate of JSON",
      "{\"a\": \"\\ud83d\\ude00\"}",
      "1:10: error: this is not YAML: while parsing a quoted scalar, found invalid Unicode character "
      "escape code: write the character itself, in UTF-8\n" },
    { "a control byte",
      "a: \"\"\n",
      "1:5: error: this is not YAML: control characters are not allowed\n" },
    { "a list at the top",
      "- type: Mesh\n",
      "1:1: error: a document starts with `type:` and `name:`, and this one is a list\n" },
    { "a text at the top",
      "hello\n",
      "1:1: error: a document starts with `type:` and `name:`, and this one is a plain value\n" },
    { "errors of two documents",
      "type: Meshh\n"
      "name: a\n"
      "---\n"
      "type: Secret\n"
      "name: A\n"
      "data: \"\"\n",
      "1:7: error: there is no kind `Meshh`: did you mean `MeshHTTPRoute`?\n"
      "5:7: error: `name` must be a name of lower-case letters, digits, `-` and `.`, at most 253 long, and "
      "is \"A\"\n" },
    { "good before bad",
      "type: Secret\n"
      "name: a\n"
      "data: 1\n"
      "---\n"
      "a: [\n",
      "3:7: error: `data` must be base64 (as `base64 -w0 FILE` prints it), and is not\n"
      "6:1: error: this is not YAML: while parsing a flow node, did not find expected node content\n" },
};

TEST(document_says)
{
    conf_check_says(rows, COUNT(rows));
}

static void print(const struct node *n, char *out, size_t out_bytes)
{
    size_t used = strlen(out);

    if (n->kind == NODE_SCALAR) {
        snprintf(out + used, out_bytes - used, n->is_plain ? "%.*s@%u:%u " : "'%.*s'@%u:%u ", SPAN_FMT(n->text), n->line, n->column);
        return;
    }
    snprintf(out + used, out_bytes - used, n->kind == NODE_MAP ? "{@%u:%u " : "[@%u:%u ", n->line, n->column);
    for (const struct node *c = n->first; c != NULL; c = c->next) {
        used = strlen(out);
        if (c->key.at != NULL)
            snprintf(out + used, out_bytes - used, "%.*s@%u:%u=", SPAN_FMT(c->key), c->key_line, c->key_column);
        print(c, out, out_bytes);
    }
    used = strlen(out);
    snprintf(out + used, out_bytes - used, n->kind == NODE_MAP ? "} " : "] ");
}

TEST(document_knows_places)
{
    static const struct { const char *text, *want; } trees[] = {
        { "a: 1\nb:\n  - x\n  - 'y z'\n", "{@1:1 a@1:1=1@1:4 b@2:1=[@3:3 x@3:5 'y z'@4:5 ] } " },
        { "{\"a\": [1, true, null, \"t\"],\r\n\t\"b\":{}}", "{@1:1 a@1:2=[@1:7 1@1:8 true@1:11 null@1:17 't'@1:23 ] b@2:2={@2:6 } } " },
        { "# only a comment\n---\n---\n~\n", "" },
        { "a: |\n  two\n  lines\nb: >-\n  one\n  line\n", "{@1:1 a@1:1='two\nlines\n'@1:4 b@4:1='one line'@4:4 } " },
        { "a: 1\n---\nb: 2\n", "{@1:1 a@1:1=1@1:4 } {@3:1 b@3:1=2@3:4 } " },
        { "\xef\xbb\xbf" "a: 1\n", "{@1:1 a@1:1=1@1:4 } " },
        { "\xc3\xa4: \xc3\xb6 # columns are letters\n", "{@1:1 \xc3\xa4@1:1=\xc3\xb6@1:4 } " },
    };

    for (size_t i = 0; i < COUNT(trees); i++) {
        struct conf_arena *arena = conf_arena_open(1 << 20);
        struct diag *diag = malloc(sizeof(*diag));
        struct document_set set;
        char got[1024] = "";
        diag_init(diag);
        document_set_init(&set, arena, diag);
        CHECK(document_read(&set, "t.yaml", span_str(trees[i].text)), "%zu: %s\n", i, diag->items[0].text);
        for (const struct document *d = set.first; d != NULL; d = d->next)
            print(d->root, got, sizeof(got));
        CHECK(strcmp(got, trees[i].want) == 0, "%zu\n got: %s\nwant: %s\n", i, got, trees[i].want);
        free(diag);
        conf_arena_close(arena);
    }
}

/* open opened n times, then shut as often. */
static struct span nested(char *out, const char *open, const char *shut, size_t n)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(out + used, 16, "%s", open);
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(out + used, 16, "%s", shut);
    return span_of(out, used);
}

static void check_refused(struct span text, bool want, const char *sentence)
{
    struct conf_arena *arena = conf_arena_open(CONF_SCRATCH_BYTES_MAX);
    struct diag *diag = malloc(sizeof(*diag));
    struct document_set set;

    diag_init(diag);
    document_set_init(&set, arena, diag);
    bool is_good = document_read(&set, "t.yaml", text);
    CHECK(is_good == !want, "%s: %s\n", sentence, is_good ? "taken" : diag->items[0].text);
    CHECK(is_good || strstr(diag->items[0].text, sentence) != NULL, "want %s, got %s\n", sentence, diag->items[0].text);
    free(diag);
    conf_arena_close(arena);
}

/* A map whose only name has n letters. */
static struct span named(char *out, size_t n)
{
    memset(out, 'k', n);
    snprintf(out + n, 8, ": v\n");
    return span_of(out, n + 4);
}

TEST(document_limits)
{
    size_t room = CONF_FILE_BYTES_MAX + 2;
    char *text = malloc(room);

    check_refused(named(text, CONF_KEY_BYTES_MAX), false, "400 bytes");
    check_refused(named(text, CONF_KEY_BYTES_MAX + 1), true, "400 bytes");
    check_refused(SPAN_LIT("\"k\xc2\xa0\": v"), false, "control");
    check_refused(SPAN_LIT("\"k\\N\": v"), true, "control");
    check_refused(SPAN_LIT("\"k\\n\": v"), true, "control");

    /* Each limit with its last good and first bad value. */
    check_refused(nested(text, "[", "]", CONF_DEPTH_MAX), false, "32 levels");
    check_refused(nested(text, "[", "]", CONF_DEPTH_MAX + 1), true, "32 levels");
    memset(text, ' ', room);
    check_refused(span_of(text, CONF_FILE_BYTES_MAX), false, "16 MiB");
    check_refused(span_of(text, CONF_FILE_BYTES_MAX + 1), true, "16 MiB");
    memset(text, 'x', room);
    text[0] = text[1] = '\'';
    for (size_t bytes = CONF_SCALAR_BYTES_MAX; bytes <= CONF_SCALAR_BYTES_MAX + 1; bytes++) {
        text[0] = '\'';
        text[1] = 'x';
        text[bytes + 1] = '\'';
        check_refused(span_of(text, bytes + 2), bytes > CONF_SCALAR_BYTES_MAX, "longer than 1 MiB");
        text[bytes + 1] = 'x';
    }
    for (int keys = CONF_KEYS_MAX; keys <= CONF_KEYS_MAX + 1; keys++) {
        size_t used = 0;
        for (int i = 0; i < keys; i++)
            used += (size_t)snprintf(text + used, 16, "k%d: 1\n", i);
        check_refused(span_of(text, used), keys > CONF_KEYS_MAX, "1024 keys");
    }
    for (int nodes = CONF_NODES_MAX; nodes <= CONF_NODES_MAX + 1; nodes++) {
        size_t used = 1;
        text[0] = '[';
        for (int i = 1; i < nodes; i++) {
            text[used++] = '1';
            text[used++] = ',';
        }
        text[used++] = ']';
        check_refused(span_of(text, used), nodes > CONF_NODES_MAX, "2097152 values");
    }
    free(text);
}

CHECK_RUN(RUN(document_says), RUN(document_knows_places), RUN(document_limits))
