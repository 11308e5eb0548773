/* manual_test.c - pages of the manual.
 *
 * Goal:   every kind has a page; every field that is taken stands in it with its sentence, every other with what to write instead.
 * Method: the page of each kind is searched for what its tables have; one page is looked at more closely.
 */
#include "conf/manual.h"

#include "conf/conf_arena.h"
#include "conf/kind.h"
#include "lib/check.h"

static void check_table(const char *page, const struct object_table *table, uint32_t depth)
{
    char want[512];

    for (const struct field_row *row = table->rows; row->name != NULL; row++) {
        if (row->type == TYPE_IGNORED)
            continue;
        if (row->type == TYPE_REMOVED || row->type == TYPE_REFUSED)
            snprintf(want, sizeof(want), "%s` | ", row->name);
        else
            snprintf(want, sizeof(want), "| `%s`%s | ", row->name, row->is_required ? " (required)" : "");
        CHECK(strstr(page, want) != NULL, "%s.%s is not in the page\n", table->name, row->name);
        if (row->object != NULL && depth < 12)
            check_table(page, row->object, depth + 1);
    }
}

TEST(manual_has_every_field)
{
    for (uint32_t i = 0; i < KIND_N; i++) {
        struct conf_arena *arena = conf_arena_open(1 << 20);
        struct span page = manual_page(kind_list[i], arena);
        CHECK(page.at != NULL && span_starts(page, SPAN_LIT("# ")), "%s\n", kind_list[i]->type);
        check_table((const char *)page.at, kind_list[i]->table, 0);
        conf_arena_close(arena);
    }
}

TEST(manual_page_looks_so)
{
    static const char *const want[] = {
        "# MeshTimeout\n\nTimeouts",
        "\nIt belongs to a mesh; in URLs it is `meshtimeouts`, in short `mt`. Its fields stand below `spec`.\n",
        "\n## Example\n\n```yaml\ntype: MeshTimeout\n",
        "\n## Fields\n\n| Field | Type | Default | Range | What it is |\n|---|---|---|---|---|\n| `targetRef` | group, see `spec.targetRef` |  |  | ",
        "| `to` | list of groups, see `spec.to[]` |  | 1 to 1024 items | ",
        "\n### `spec.to[].default`\n",
        "| `connectionTimeout` | duration (`500ms`, `10s`, `1h30m`) |  | 1ms to 1000h | ",
        "\n## Not taken (any more)\n\n| What | Instead |\n|---|---|\n| `spec.from` | ",
    };
    struct conf_arena *arena = conf_arena_open(1 << 20), *small = conf_arena_open(1024);
    struct span page = manual_page(kind_list[KIND_MESH_TIMEOUT], arena), index = manual_index(arena);

    for (size_t i = 0; i < COUNT(want); i++)
        CHECK(strstr((const char *)page.at, want[i]) != NULL, "not in it: %s\n%s\n", want[i], (const char *)page.at);
    CHECK(strstr((const char *)index.at, "| `MeshTimeout` | timeouts") != NULL, "%s\n", (const char *)index.at);
    CHECK(manual_page(kind_list[KIND_MESH_TIMEOUT], small).at == NULL && small->is_full, "fits into 1 KiB\n");
    conf_arena_close(arena);
    conf_arena_close(small);
}

/* ---- the tables themselves ---- */

/* Types whose values have a length, a number or a count that somebody must have thought about. */
static bool wants_range(const struct field_row *row)
{
    return row->type == TYPE_STRING || row->type == TYPE_INT || row->type == TYPE_DURATION || row->type == TYPE_BYTES ||
           row->type == TYPE_LIST;
}

static void check_rows(const struct object_table *table, uint32_t depth)
{
    for (const struct field_row *row = table->rows; row->name != NULL; row++) {
        size_t len = row->doc != NULL ? strlen(row->doc) : 0;
        CHECK(len > 0 && row->doc[len - 1] != '.', "%s.%s has no sentence, or one with a full stop\n", table->name, row->name);
        CHECK(!wants_range(row) || row->max > row->min || row->max != 0, "%s.%s has no range\n", table->name, row->name);
        CHECK((row->type == TYPE_ENUM || (row->type == TYPE_LIST && row->of == TYPE_ENUM)) == (row->enums != NULL),
              "%s.%s: names without an enum, or an enum without names\n", table->name, row->name);
        for (const struct enum_row *e = row->enums; e != NULL && e->name != NULL; e++)
            CHECK(e->refusal == NULL || strlen(e->refusal) > 10, "%s.%s: %s is refused without a reason\n", table->name, row->name, e->name);
        if (row->object != NULL && depth < 12)
            check_rows(row->object, depth + 1);
    }
}

TEST(manual_rows_have_sentences_and_ranges)
{
    for (uint32_t i = 0; i < KIND_N; i++) {
        CHECK(kind_list[i]->table->doc != NULL && kind_list[i]->plural != NULL, "%s says nothing about itself\n", kind_list[i]->type);
        check_rows(kind_list[i]->table, 0);
    }
}

CHECK_RUN(RUN(manual_has_every_field), RUN(manual_page_looks_so), RUN(manual_rows_have_sentences_and_ranges))
