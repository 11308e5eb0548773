/* merge_test.c - one tree over another, as RFC 7396 has it, and where a table says otherwise.
 *
 * Goal:   every row of RFC 7396's appendix; lists that are appended; groups that are replaced whole; places kept.
 * Method: two documents and what must come of them, compared as trees.
 */
#include "conf/merge.h"

#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/field_table.h"
#include "unit/conf/conf_check.h"

struct lab {
    struct diag       *diag;
    struct conf_arena *arena;
};

static void lab_open(struct lab *l)
{
    l->diag = malloc(sizeof(*l->diag));
    l->arena = conf_arena_open(1 << 20);
    diag_init(l->diag);
    CHECK(l->arena != NULL, "memory\n");
}

static void lab_close(struct lab *l)
{
    conf_arena_close(l->arena);
    free(l->diag);
}

static const struct node *read(struct lab *l, const char *file, const char *text)
{
    struct document_set set;

    document_set_init(&set, l->arena, l->diag);
    CHECK(document_read(&set, file, span_str(text)) && set.first != NULL, "%s\n", text);
    return set.first->root;
}

TEST(merge_patches)
{
    /* RFC 7396 appendix A, what of it YAML documents can be (a document is no null, and groups stand at its top). */
    static const struct { const char *base, *patch, *want; } rows[] = {
        { "{a: b}", "{a: c}", "{a: c}" },
        { "{a: b}", "{b: c}", "{a: b, b: c}" },
        { "{a: b}", "{a: null}", "{}" },
        { "{a: b, b: c}", "{a: null}", "{b: c}" },
        { "{a: [b]}", "{a: c}", "{a: c}" },
        { "{a: c}", "{a: [b]}", "{a: [b]}" },
        { "{a: {b: c}}", "{a: {b: d, c: null}}", "{a: {b: d}}" },
        { "{a: [{b: c}]}", "{a: [1]}", "{a: [1]}" },
        { "{a: [a, b]}", "{a: [c, d]}", "{a: [c, d]}" },
        { "{e: null}", "{a: 1}", "{e: null, a: 1}" },
        { "{a: foo}", "{a: {b: 1}}", "{a: {b: 1}}" },
        { "{}", "{a: {bb: {ccc: null}}}", "{a: {bb: {}}}" },
        { "{a: {b: {c: 1}}}", "{a: {b: {d: ~}}}", "{a: {b: {c: 1}}}" },
        { "{a: 1}", "{}", "{a: 1}" },
        { "{a: {b: 1}}", "{a: {}}", "{a: {b: 1}}" },
    };
    struct lab l;
    struct merge m = { .steps = 0 };

    lab_open(&l);
    m.arena = l.arena;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct node *got = merge_over(&m, NULL, read(&l, "base", rows[i].base), read(&l, "patch", rows[i].patch));
        CHECK(merge_is_equal(got, read(&l, "want", rows[i].want)), "%s with %s\n", rows[i].base, rows[i].patch);
    }
    CHECK(m.steps > 0 && m.steps < 1000, "%llu steps\n", (unsigned long long)m.steps);
    lab_close(&l);
}

TEST(merge_without_base)
{
    struct lab l;
    struct merge m = { .steps = 0 };

    lab_open(&l);
    m.arena = l.arena;
    const struct node *patch = read(&l, "patch", "{a: {b: 1}}"), *nulls = read(&l, "patch", "{a: {b: null, c: 2}, d: null}");
    CHECK(merge_over(&m, NULL, NULL, patch) == patch, "nothing to do, nothing copied\n");
    CHECK(merge_is_equal(merge_over(&m, NULL, NULL, nulls), read(&l, "want", "{a: {c: 2}}")), "nulls stay\n");
    lab_close(&l);
}

static const struct field_row inner_rows[] = {
    { .name = "num", .type = TYPE_INT }, { .name = "interval", .type = TYPE_DURATION }, { .name = NULL },
};
static const struct object_table inner = { .name = "inner", .rows = inner_rows };
static const struct field_row outer_rows[] = {
    { .name = "appendMatch", .type = TYPE_LIST, .of = TYPE_STRING, .is_appended = true },
    { .name = "list", .type = TYPE_LIST, .of = TYPE_STRING },
    { .name = "requestRate", .type = TYPE_OBJECT, .object = &inner, .is_atomic = true },
    { .name = "group", .alias = "oldGroup", .type = TYPE_OBJECT, .object = &inner },
    { .name = NULL },
};
static const struct object_table outer = { .name = "outer", .rows = outer_rows };

TEST(merge_by_table)
{
    static const struct { const char *base, *patch, *want; } rows[] = {
        { "{appendMatch: [a, b]}", "{appendMatch: [c, a]}", "{appendMatch: [a, b, c, a]}" },
        { "{appendMatch: [a, b]}", "{appendMatch: null}", "{}" },
        { "{}", "{appendMatch: [c]}", "{appendMatch: [c]}" },
        { "{list: [a, b]}", "{list: [c]}", "{list: [c]}" },
        { "{requestRate: {num: 1, interval: 1s}}", "{requestRate: {num: 2}}", "{requestRate: {num: 2}}" },
        { "{group: {num: 1, interval: 1s}}", "{group: {num: 2}}", "{group: {num: 2, interval: 1s}}" },
        { "{oldGroup: {num: 1, interval: 1s}}", "{group: {num: 2}}", "{group: {num: 2, interval: 1s}}" },
        { "{group: {num: 1}}", "{oldGroup: null}", "{}" },
    };
    struct lab l;
    struct merge m = { .steps = 0 };

    lab_open(&l);
    m.arena = l.arena;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct node *got = merge_over(&m, &outer, read(&l, "base", rows[i].base), read(&l, "patch", rows[i].patch));
        CHECK(merge_is_equal(got, read(&l, "want", rows[i].want)), "%s with %s\n", rows[i].base, rows[i].patch);
    }
    lab_close(&l);
}

TEST(merge_keeps_places)
{
    struct lab l;
    struct merge m = { .steps = 0 };

    lab_open(&l);
    m.arena = l.arena;
    const struct node *got = merge_over(&m, &outer, read(&l, "base", "group:\n  num: 1\n  interval: 1s\nappendMatch: [a]\n"),
                                        read(&l, "patch", "\n\nappendMatch:\n  - b\ngroup: {num: 2}\n"));
    const struct node *num = node_find(node_find(got, "group"), "num"), *interval = node_find(node_find(got, "group"), "interval");
    const struct node *list = node_find(got, "appendMatch");
    CHECK(num->file[0] == 'p' && num->line == 5 && num->column == 14, "num\n");
    CHECK(interval->file[0] == 'b' && interval->line == 3 && interval->key_column == 3, "interval\n");
    CHECK(list->children_n == 2 && list->first->file[0] == 'b' && list->first->next->file[0] == 'p', "items\n");
    lab_close(&l);
}

TEST(merge_tells_equal_trees)
{
    static const struct { const char *a, *b; bool want; } rows[] = {
        { "{a: 1, b: 2}", "{b: 2, a: 1}", true },       { "{a: 1}", "{a: '1'}", false }, { "[1, 2]", "[2, 1]", false },
        { "[1, 2]", "[1, 2]", true },                   { "{a: 1}", "{a: 1, b: 2}", false },
        { "{a: {b: [x]}}", "{a: {b: [x]}}", true },     { "{a: {b: [x]}}", "{a: {b: [y]}}", false }, { "{a: 1}", "{b: 1}", false },
    };
    struct lab l;

    lab_open(&l);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(merge_is_equal(read(&l, "a", rows[i].a), read(&l, "b", rows[i].b)) == rows[i].want, "%s %s\n", rows[i].a, rows[i].b);
    CHECK(merge_is_equal(NULL, NULL) && !merge_is_equal(read(&l, "a", "{}"), NULL), "none\n");
    lab_close(&l);
}

TEST(merge_without_memory)
{
    struct lab l;
    struct merge m = { .steps = 0 };

    lab_open(&l);
    m.arena = conf_arena_open(200);
    CHECK(merge_over(&m, NULL, read(&l, "a", "{a: 1, b: 2, c: 3}"), read(&l, "b", "{d: 1}")) == NULL && m.arena->is_full, "200 bytes\n");
    conf_arena_close(m.arena);
    lab_close(&l);
}

CHECK_RUN(RUN(merge_patches), RUN(merge_without_base), RUN(merge_by_table), RUN(merge_keeps_places), RUN(merge_tells_equal_trees),
          RUN(merge_without_memory))
