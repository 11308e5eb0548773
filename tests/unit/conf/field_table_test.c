/* field_table_test.c - every type of field: filled, defaulted, absent, and refused with its place.
 *
 * Goal:   a new kind can rely on each type of the table.
 * Method: a table with one field of each type, filled from texts.
 */
#include <stdlib.h>

#include "lib/check.h"

#include "base/clock.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/field_table.h"

struct inner {
    const struct node *node;
    int64_t number;
};

struct outer {
    const struct node *node;
    struct span string, name, host, pattern, header, base64, either;
    int64_t     choice, number, flag, time, size, share, defaulted;
    const struct inner *inner;
    struct list texts, numbers, inners, map;
    const struct node *raw;
};

static const struct enum_row choices[] = {
    { .name = "One", .value = 1 }, { .name = "Two", .value = 2 }, { .name = "Old", .refusal = "write One" }, { .name = NULL },
};
static const struct field_row inner_rows[] = {
    { .name = "number", .type = TYPE_INT, .offset = offsetof(struct inner, number), .is_required = true, .doc = "a number" },
    { .name = NULL },
};
static const struct object_table inner_table = { .name = "inner", .rows = inner_rows, .bytes = sizeof(struct inner) };

#define ROW(field, kind, ...) { .name = #field, .type = kind, .offset = offsetof(struct outer, field), __VA_ARGS__ }
static const struct field_row outer_rows[] = {
    ROW(string, TYPE_STRING, .min = 1, .max = 5), ROW(name, TYPE_NAME), ROW(host, TYPE_HOSTNAME), ROW(pattern, TYPE_HOST_PATTERN),
    ROW(header, TYPE_HEADER_NAME), ROW(base64, TYPE_BASE64), ROW(either, TYPE_INT_OR_STRING), ROW(choice, TYPE_ENUM, .enums = choices),
    ROW(number, TYPE_INT, .min = -5, .max = 5, .alias = "nummer"), ROW(flag, TYPE_BOOL),
    ROW(time, TYPE_DURATION, .min = (int64_t)NS_PER_MS, .max = 60 * (int64_t)NS_PER_S), ROW(size, TYPE_BYTES, .min = 1, .max = 1024),
    ROW(share, TYPE_PERCENTAGE), ROW(defaulted, TYPE_DURATION, .fallback = "5s"), ROW(inner, TYPE_OBJECT, .object = &inner_table),
    ROW(texts, TYPE_LIST, .of = TYPE_STRING, .min = 1, .max = 2), ROW(numbers, TYPE_LIST, .of = TYPE_INT),
    ROW(inners, TYPE_LIST, .of = TYPE_OBJECT, .object = &inner_table), ROW(map, TYPE_MAP), ROW(raw, TYPE_NODE),
    { .name = "ignored", .type = TYPE_IGNORED }, { .name = "removed", .type = TYPE_REMOVED, .doc = "write string" },
    { .name = "refused", .type = TYPE_REFUSED, .doc = "not yet" }, { .name = NULL },
};
static const struct object_table outer_table = { .name = "outer", .rows = outer_rows, .bytes = sizeof(struct outer) };

struct world {
    struct conf_arena *arena;
    struct diag       *diag;
    struct document_set set;
    struct outer       out;
};

static bool fill(struct world *w, const char *text)
{
    struct field_env env;

    w->arena = conf_arena_open(1 << 20);
    w->diag = malloc(sizeof(*w->diag));
    diag_init(w->diag);
    document_set_init(&w->set, w->arena, w->diag);
    memset(&w->out, 0, sizeof(w->out));
    CHECK(document_read(&w->set, "t.yaml", span_str(text)), "%s\n", w->diag->items[0].text);
    env = (struct field_env){ w->arena, w->diag };
    return field_fill(&env, &outer_table, w->set.first->root, &w->out);
}

static void done(struct world *w)
{
    conf_arena_close(w->arena);
    free(w->diag);
}

TEST(field_table_fills)
{
    struct world w;
    bool is_good = fill(&w, "string: abc\nname: a.b\nhost: A.x\npattern: '*.Y'\nheader: x-a\nbase64: aGk=\neither: 7\nchoice: Two\n"
                            "nummer: -5\nflag: true\ntime: 1m\nsize: 1Ki\nshare: '2.5'\ninner: {number: 3}\ntexts: [p, 'q']\n"
                            "numbers: [1, 2]\ninners: [{number: 4}, {number: 5}]\nmap: {k: v, l: 'true'}\nraw: [{}]\nignored: {x: y}\n");
    const struct outer *o = &w.out;

    CHECK(is_good, "%s\n", w.diag->items[0].text);
    CHECK(span_is(o->string, SPAN_LIT("abc")) && span_is(o->name, SPAN_LIT("a.b")) && span_is(o->host, SPAN_LIT("a.x")) &&
          span_is(o->pattern, SPAN_LIT("*.y")) && span_is(o->header, SPAN_LIT("x-a")) && span_is(o->base64, SPAN_LIT("hi")) &&
          span_is(o->either, SPAN_LIT("7")), "texts\n");
    CHECK(o->choice == 2 && o->number == -5 && o->flag == 1 && o->time == 60000000000 && o->size == 1024 && o->share == 25000 &&
          o->defaulted == 5000000000, "numbers\n");
    CHECK(o->inner->number == 3 && o->texts.n == 2 && o->numbers.n == 2 && o->inners.n == 2 && o->map.n == 2, "groups\n");
    CHECK(((const int64_t *)o->numbers.items)[1] == 2 && ((const struct inner *)o->inners.items)[1].number == 5, "items\n");
    CHECK(span_is(field_map_find(&o->map, "l"), SPAN_LIT("true")) && field_map_find(&o->map, "z").at == NULL, "map\n");
    CHECK(o->raw->kind == NODE_LIST && field_place(o, "raw").line == 19 && field_place(o, "raw").column == 6, "place\n");
    CHECK(field_place(o->inner, "number").column == 17 && field_place(o->inner, "absent").column == 8, "place\n");
    CHECK(field_is_written(o, "raw") && !field_is_written(o, "defaulted"), "written\n");
    done(&w);
}

TEST(field_table_absent)
{
    struct world w;

    CHECK(fill(&w, "string: ~\nnumber:\nflag: null\ninner: ~\ntexts:\n"), "%s\n", w.diag->items[0].text);
    CHECK(w.out.string.at == NULL && w.out.number == FIELD_ABSENT && w.out.flag == FIELD_ABSENT && w.out.choice == FIELD_ABSENT &&
          w.out.size == FIELD_ABSENT && w.out.inner == NULL && w.out.texts.node == NULL && w.out.defaulted == 5000000000, "absent\n");
    CHECK(!field_is_written(&w.out, "number"), "null is not written\n");
    done(&w);
}

TEST(field_table_refuses)
{
    static const struct { const char *text, *want; } rows[] = {
        { "string: abcdef\n", "`string` must be 1 to 5 bytes long, and has 6" },
        { "string: ''\n", "`string` must be 1 to 5 bytes long, and has 0" },
        { "string: 1\n", "`string` must be a text: put it in quotes, \"1\"" },
        { "string: [a]\n", "`string` must be a single value, and is a list" },
        { "string: {a: b}\n", "`string` must be a single value, and is a group of fields" },
        { "name: A\n", "`name` must be a name of lower-case letters" }, { "host: '*.x'\n", "`host` must be a host name, without" },
        { "pattern: 'a b'\n", "`pattern` must be a host name such as" }, { "header: X\n", "`header` must be a header name" },
        { "base64: '?'\n", "`base64` must be base64" }, { "choice: Three\n", "`choice` must be one of One, Two, and is \"Three\"" },
        { "choice: one\n", "did you mean `One`?" }, { "choice: Old\n", "`choice: Old` cannot be taken: write One" },
        { "number: 6\n", "`number` must be between -5 and 5, and is 6" }, { "number: 1.5\n", "`number` must be a whole number" },
        { "number: '1'\n", "`number` must be a whole number without quotes" }, { "number: 0x3\n", "`number` must be a whole number" },
        { "flag: yes\n", "`flag` must be `true` or `false`" }, { "flag: 'true'\n", "`flag` must be `true` or `false` without quotes" },
        { "time: 10\n", "`time` must be a duration" }, { "time: 61s\n", "`time` must be between 1ms and 60s, and is 61s" },
        { "size: 2Ki\n", "`size` must be between 1 and 1024, and is 2Ki" }, { "size: big\n", "`size` must be a number of bytes" },
        { "share: 101\n", "`share` must be a percentage" }, { "inner: 3\n", "`inner` must be a group of fields, and is \"3\"" },
        { "inner: {}\n", "`number` is missing in this inner: a number" }, { "inner: {number: 1, x: 2}\n", "`x` is not a field of this inner: it has number" },
        { "texts: a\n", "`texts` must be a list" }, { "texts: []\n", "`texts` must have 1 to 2 items, and has 0" },
        { "texts: [a, b, c]\n", "`texts` must have 1 to 2 items, and has 3" }, { "texts: [1]\n", "`texts` must be a text" },
        { "inners: [1]\n", "`inners` must be a list of groups of fields" }, { "map: [a]\n", "`map` must be a group of `name: value` lines" },
        { "map: {k: [a]}\n", "`k` must be a single value" }, { "removed: x\n", "`removed` was removed: write string" },
        { "refused: x\n", "`refused` cannot be taken: not yet" }, { "strin: x\n", "did you mean `string`?" },
        { "zzzzzzzz: x\n", "`zzzzzzzz` is not a field of this outer: it has string, name, host" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        CHECK(!fill(&w, rows[i].text), "%s: taken\n", rows[i].text);
        CHECK(w.diag->errors_n == 1 && strstr(w.diag->items[0].text, rows[i].want) != NULL, "%s: %s\n", rows[i].text, w.diag->items[0].text);
        done(&w);
    }
}

/* A refused value (an alias, say) was told by the reader: nothing more is said of it. */
TEST(field_table_says_nothing_twice)
{
    struct world w = { .arena = conf_arena_open(1 << 20), .diag = malloc(sizeof(*w.diag)) };
    struct field_env env = { w.arena, w.diag };

    diag_init(w.diag);
    document_set_init(&w.set, w.arena, w.diag);
    CHECK(!document_read(&w.set, "t.yaml", SPAN_LIT("string: *a\nnumber: *b\ninner: *c\n")), "taken\n");
    CHECK(w.diag->errors_n == 3 && !field_fill(&env, &outer_table, w.set.first->root, &w.out), "%u\n", w.diag->errors_n);
    CHECK(w.diag->errors_n == 3, "%s\n", w.diag->items[3].text);
    done(&w);
}

/* Each allocation fails in turn: told, never followed. */
TEST(field_table_survives_a_full_arena)
{
    for (size_t bytes = 4096; bytes < 12000; bytes += 64) {
        struct conf_arena *arena = conf_arena_open(bytes);
        struct diag *diag = malloc(sizeof(*diag));
        struct document_set set;
        struct outer out = { .node = NULL };
        struct field_env env = { arena, diag };
        diag_init(diag);
        document_set_init(&set, arena, diag);
        bool is_good = document_read(&set, "t.yaml", SPAN_LIT("base64: aGk=\nhost: A\ninner: {number: 3}\ntexts: [p, q]\nmap: {k: v}\n"
                                                              "inners: [{number: 1}, {number: 2}, {number: 3}]\n")) &&
                       field_fill(&env, &outer_table, set.first->root, &out);
        CHECK(is_good == !arena->is_full && is_good == (diag->errors_n == 0), "%zu bytes: %s\n", bytes, diag->items[0].text);
        CHECK(is_good || strstr(diag->items[0].text, "does not fit into memory") != NULL, "%zu: %s\n", bytes, diag->items[0].text);
        free(diag);
        conf_arena_close(arena);
    }
}

CHECK_RUN(RUN(field_table_fills), RUN(field_table_absent), RUN(field_table_refuses), RUN(field_table_says_nothing_twice),
          RUN(field_table_survives_a_full_arena))
