/* yaml_vectors_test.c - the public YAML test suite, as far as a reader without anchors, tags and complex keys can agree.
 *
 * Goal:   what the suite says is a tree becomes that tree; what it says is wrong is refused; what we do not read is refused.
 * Method: the suite's files are read by the reader under test itself; each case's tree is compared in the suite's own notation.
 *         Cases where libyaml and the suite differ are listed with what libyaml does. Where the suite is: FORGE_VECTORS, or
 *         ../shared/vectors; without it the test says that it is skipped.
 */
#include <dirent.h>
#include <stdlib.h>

#include "lib/check.h"

#include "base/limits.h"
#include "conf/conf_arena.h"
#include "conf/document.h"

/* Cases of one file are numbered from 0: "2JQS/0". */
static const char *const differences[] = {
    /* Refused: directives but %YAML, tabs in odd places, flow forms that only YAML 1.2 has. Nobody writes them. */
    "2LFX/0", "4ABK/0", "4MUZ/0", "4MUZ/1", "4MUZ/2", "58MP/0", "5MUD/0", "5T43/0", "6BCT/0", "6CA3/0", "6LVF/0",
    "7Z25/0", "96NN/0", "96NN/1", "9SA2/0", "A2M4/0", "BEC7/0", "CFD4/0", "DBG4/0", "DK3J/0", "DK95/0", "DK95/3",
    "DK95/4", "FP8R/0", "FRK4/0", "HM87/0", "HWV9/0", "K3WX/0", "M7A3/0", "MUS6/5", "MUS6/6", "NHX8/0", "NJ66/0",
    "NKF9/0", "Q5MG/0", "QT73/0", "R4YG/0", "S3PD/0", "SM9W/1", "UKK6/0", "UT92/0", "VJP3/1", "W4TN/0", "Y79Y/1",
    "Y79Y/10", "ZYU8/0", "ZYU8/1", "ZYU8/2", "ZYU8/3",
    /* Taken: commas and comments in places where they are wrong, but where what is meant is plain. */
    "9C9N/0", "9JBA/0", "CVW2/0", "DK95/1", "EB22/0", "G5U8/0", "MUS6/0", "MUS6/1", "QB6E/0", "RHX7/0", "S98Z/0",
    "SU5Z/0", "X4QW/0", "Y79Y/3", "YJV2/0",
    /* Read as YAML 1.1 has it: a question mark or a tab more or less. */
    "652Z/0", "HM87/1", "JEF9/2", "L24T/1",
    /* Refused: a name with control characters. */
    "6SLA/0", "5WE3/0",
};

static bool is_difference(const char *id)
{
    for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
        if (strcmp(differences[i], id) == 0)
            return true;
    return false;
}

/* The suite writes what editors hide as signs: blanks, tabs, line ends, byte order marks. */
static size_t unhide(struct span s, char *out)
{
    static const struct { const char *sign, *meant; } signs[] = {
        { "\xe2\x90\xa3", " " }, { "\xe2\x86\xb5", "" }, { "\xe2\x86\x90", "\r" }, { "\xe2\x87\x94", "\xef\xbb\xbf" },
        { "\xc2\xbb", "\t" }, { "\xe2\x80\x94", "" },
    };
    size_t used = 0;

    while (s.len > 0) {
        size_t i = 0;
        if (span_is(s, SPAN_LIT("\xe2\x88\x8e\n"))) /* No line end at the end. */
            break;
        while (i < COUNT(signs) && !span_starts(s, span_str(signs[i].sign)))
            i++;
        if (i < COUNT(signs)) {
            memcpy(out + used, signs[i].meant, strlen(signs[i].meant));
            used += strlen(signs[i].meant);
            s = span_from(s, strlen(signs[i].sign));
        } else {
            out[used++] = (char)s.at[0];
            s = span_from(s, 1);
        }
    }
    return used;
}

struct text {
    char   bytes[65536];
    size_t used;
};

static void put(struct text *t, struct span s)
{
    CHECK(t->used + s.len < sizeof(t->bytes), "case is too long\n");
    memcpy(t->bytes + t->used, s.at, s.len);
    t->used += s.len;
    t->bytes[t->used] = '\0';
}

static void put_scalar(struct text *t, bool is_plain, struct span text)
{
    put(t, is_plain ? SPAN_LIT("=VAL :") : SPAN_LIT("=VAL '"));
    for (size_t i = 0; i < text.len; i++) {
        switch (text.at[i]) {
        case '\n': put(t, SPAN_LIT("\\n")); break;
        case '\t': put(t, SPAN_LIT("\\t")); break;
        case '\r': put(t, SPAN_LIT("\\r")); break;
        case '\b': put(t, SPAN_LIT("\\b")); break;
        case '\0': put(t, SPAN_LIT("\\0")); break;
        case '\\': put(t, SPAN_LIT("\\\\")); break;
        default:   put(t, span_of(&text.at[i], 1)); break;
        }
    }
    put(t, SPAN_LIT("\n"));
}

static void put_node(struct text *t, const struct node *n)
{
    if (n->kind == NODE_SCALAR) {
        put_scalar(t, n->is_plain, n->text);
        return;
    }
    put(t, n->kind == NODE_MAP ? SPAN_LIT("+MAP\n") : SPAN_LIT("+SEQ\n"));
    for (const struct node *c = n->first; c != NULL; c = c->next) {
        if (n->kind == NODE_MAP)
            put_scalar(t, true, c->key); /* How a key was quoted is not kept. */
        put_node(t, c);
    }
    put(t, n->kind == NODE_MAP ? SPAN_LIT("-MAP\n") : SPAN_LIT("-SEQ\n"));
}

static struct span unindented(struct span line)
{
    while (line.len > 0 && line.at[0] == ' ')
        line = span_from(line, 1);
    return line;
}

/* The suite's tree without what we do not keep: document marks, styles of quotes and flows, empty documents. */
static void put_wanted(struct text *t, struct span tree)
{
    struct span line;
    int depth = 0;

    while (span_next(&tree, '\n', &line)) {
        line = unindented(line);
        if (line.len == 0 || span_starts(line, SPAN_LIT("+STR")) || span_starts(line, SPAN_LIT("-STR")) ||
            span_starts(line, SPAN_LIT("+DOC")) || span_starts(line, SPAN_LIT("-DOC")))
            continue;
        if (span_starts(line, SPAN_LIT("-"))) {
            depth--;
            put(t, span_of(line.at, 4));
            put(t, SPAN_LIT("\n"));
            continue;
        }
        if (depth == 0 && (span_is(line, SPAN_LIT("=VAL :")) || span_is(line, SPAN_LIT("=VAL :null")) ||
                           span_is(line, SPAN_LIT("=VAL :~"))))
            continue;
        if (span_starts(line, SPAN_LIT("+"))) {
            depth++;
            put(t, span_of(line.at, 4));
            put(t, SPAN_LIT("\n"));
            continue;
        }
        put(t, SPAN_LIT("=VAL "));
        put(t, line.at[5] == ':' ? SPAN_LIT(":") : SPAN_LIT("'"));
        put(t, span_from(line, 6));
        put(t, SPAN_LIT("\n"));
    }
}

/* Quotes of keys do not count on either side. */
static void blur(struct text *t)
{
    for (char *at = t->bytes; (at = strstr(at, "=VAL '")) != NULL; at += 6)
        at[5] = ':';
}

/* Anchors, aliases, tags; keys that are lists or maps are found by comparing. */
static bool is_not_read(struct span tree)
{
    struct span line;

    while (span_next(&tree, '\n', &line)) {
        line = unindented(line);
        if (span_starts(line, SPAN_LIT("=ALI")))
            return true;
        if (!span_starts(line, SPAN_LIT("=VAL")) && !span_starts(line, SPAN_LIT("+SEQ")) && !span_starts(line, SPAN_LIT("+MAP")))
            continue;
        for (size_t i = 5; i < line.len && line.at[i - 1] == ' ' && line.at[i] != ':'; i++) {
            if (line.at[i] == '&' || line.at[i] == '<')
                return true;
            while (i + 1 < line.len && line.at[i] != ' ')
                i++;
        }
    }
    return false;
}

/* Maps whose keys are maps or lists, or that have a key twice. */
static bool has_bad_keys(struct span tree)
{
    struct { bool is_map, at_key; char keys[4096]; } *levels = calloc(64, sizeof(*levels));
    struct span line;
    int depth = 0;
    bool is_bad = false;

    while (span_next(&tree, '\n', &line)) {
        line = unindented(line);
        bool opens = span_starts(line, SPAN_LIT("+MAP")) || span_starts(line, SPAN_LIT("+SEQ"));
        if (!opens && !span_starts(line, SPAN_LIT("=VAL")) && !span_starts(line, SPAN_LIT("-MAP")) &&
            !span_starts(line, SPAN_LIT("-SEQ")))
            continue;
        if (line.at[0] == '-') {
            depth--;
            continue;
        }
        if (levels[depth].is_map && levels[depth].at_key) {
            char key[512];
            is_bad |= opens;
            snprintf(key, sizeof(key), "\n<%.*s>\n", (int)line.len - 6, (const char *)line.at + 6);
            is_bad |= !opens && strstr(levels[depth].keys, key) != NULL;
            if (!opens && strlen(levels[depth].keys) + strlen(key) < sizeof(levels[depth].keys))
                memcpy(levels[depth].keys + strlen(levels[depth].keys), key, strlen(key) + 1);
        }
        levels[depth].at_key = !levels[depth].at_key;
        if (opens) {
            depth++;
            memset(&levels[depth], 0, sizeof(levels[depth]));
            levels[depth].is_map = levels[depth].at_key = span_starts(line, SPAN_LIT("+MAP"));
        }
    }
    free(levels);
    return is_bad;
}

static void run_case(const char *id, struct span yaml, struct span tree, bool is_wrong)
{
    struct conf_arena *arena = conf_arena_open(16 << 20);
    struct diag *diag = malloc(sizeof(*diag));
    struct text *got = calloc(1, sizeof(*got)), *want = calloc(1, sizeof(*want));
    char *bytes = malloc(yaml.len + 1);
    struct document_set set;

    diag_init(diag);
    document_set_init(&set, arena, diag);
    bool is_good = document_read(&set, "case.yaml", span_of(bytes, unhide(yaml, bytes)));
    bool must_refuse = is_wrong || is_not_read(tree) || has_bad_keys(tree);
    bool agrees = is_good == !must_refuse;
    if (is_good && !must_refuse) {
        char *plain = malloc(tree.len + 1);
        for (const struct document *d = set.first; d != NULL; d = d->next)
            put_node(got, d->root);
        put_wanted(want, span_of(plain, unhide(tree, plain)));
        blur(got);
        blur(want);
        agrees = strcmp(got->bytes, want->bytes) == 0;
        free(plain);
    }
    CHECK(agrees == !is_difference(id), "%s: %s, and the suite says %s: %s\n--- got\n%s--- want\n%s", id,
          is_good ? "taken" : "refused", must_refuse ? "refuse" : "take", diag->items_n > 0 ? diag->items[0].text : "",
          got->bytes, want->bytes);
    free(bytes);
    free(got);
    free(want);
    free(diag);
    conf_arena_close(arena);
}

static int run_file(const char *dir, const char *name)
{
    struct conf_arena *arena = conf_arena_open(16 << 20);
    struct diag *diag = malloc(sizeof(*diag));
    char path[8192], *bytes = malloc(1 << 20);
    struct document_set set;
    struct span yaml = SPAN_NONE, tree = SPAN_NONE;
    int n = 0;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL, "%s\n", path);
    size_t used = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    diag_init(diag);
    document_set_init(&set, arena, diag);
    CHECK(document_read(&set, path, span_of(bytes, used)), "%s: %s\n", path, diag->items[0].text);
    bool is_wrong = false;
    for (const struct node *c = set.first->root->first; c != NULL; c = c->next) {
        char id[64];
        /* A later case takes from the earlier one what it does not say. */
        yaml = node_find(c, "yaml") != NULL ? node_find(c, "yaml")->text : yaml;
        tree = node_find(c, "tree") != NULL ? node_find(c, "tree")->text : tree;
        is_wrong = node_find(c, "fail") != NULL || (is_wrong && node_find(c, "tree") == NULL);
        snprintf(id, sizeof(id), "%.4s/%d", name, n++);
        run_case(id, yaml, tree, is_wrong);
    }
    free(bytes);
    free(diag);
    conf_arena_close(arena);
    return n;
}

TEST(yaml_vectors_agree)
{
    const char *base = getenv("FORGE_VECTORS");
    char dir[4096];
    struct dirent *entry;
    int n = 0;

    snprintf(dir, sizeof(dir), "%s/yaml/src", base != NULL ? base : "../shared/vectors");
    DIR *files = opendir(dir);
    if (files == NULL) {
        print_message("skipped: no %s (set FORGE_VECTORS)\n", dir);
        skip();
    }
    while ((entry = readdir(files)) != NULL)
        if (entry->d_name[0] != '.')
            n += run_file(dir, entry->d_name);
    closedir(files);
    print_message("%d cases\n", n);
    CHECK(n > 300, "%d\n", n);
}

CHECK_RUN(RUN(yaml_vectors_agree))
