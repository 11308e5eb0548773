/* history.c - see history.h. */
#include "ctl/history.h"

#include <stdio.h>

#include "conf/conf_arena.h"
#include "ctl/api.h"
#include "ctl/change.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/table.h"

/* "2026-08-21T12:34:56.789Z" without what nobody reads in a list. */
static struct span short_time(struct ctl *ctl, struct span time)
{
    if (time.len < 19)
        return time;
    return conf_arena_format(ctl->arena, "%.10s %.8s", (const char *)time.at, (const char *)time.at + 11);
}

static struct span number(struct ctl *ctl, const char *mark, uint64_t n)
{
    return n > 0 ? conf_arena_format(ctl->arena, "%s%llu", mark, (unsigned long long)n) : SPAN_NONE;
}

static struct span tests(struct ctl *ctl, struct yyjson_val *g)
{
    unsigned n = (unsigned)json_member_number(g, "testsTotal"), failed = (unsigned)json_member_number(g, "testsFailed");

    return n > 0 ? conf_arena_format(ctl->arena, "%u/%u", n - failed, n) : SPAN_NONE;
}

static void print_table(struct ctl *ctl, struct yyjson_val *list)
{
    static const char *const titles[] = { "GENERATION", "TIME (UTC)", "AUTHOR", "SOURCE", "ADDED", "CHANGED", "REMOVED", "TESTS", "REASON",
                                          NULL };
    struct table table;

    table_init(&table, titles);
    for (uint32_t i = 0; i < json_items_n(list); i++) {
        struct yyjson_val *g = json_item(list, i);
        struct table_row *row = table_add(ctl, &table);
        struct span reason = json_member_text(g, "reason");
        unsigned long long of = json_member_number(g, "rollbackOf");

        if (row == NULL)
            return;
        row->cells[0] = conf_arena_format(ctl->arena, "%llu%s", (unsigned long long)json_member_number(g, "generation"),
                                          json_member_is_true(g, "current") ? " *" : "");
        row->cells[1] = short_time(ctl, json_member_text(g, "time"));
        row->cells[2] = json_member_text(g, "author");
        row->cells[3] = json_member_text(g, "source");
        row->cells[4] = number(ctl, "+", json_member_number(g, "added"));
        row->cells[5] = number(ctl, "~", json_member_number(g, "changed"));
        row->cells[6] = number(ctl, "-", json_member_number(g, "removed"));
        row->cells[7] = tests(ctl, g);
        row->cells[8] = of > 0 ? conf_arena_format(ctl->arena, "rollback to %llu%s%.*s", of, reason.len > 0 ? ": " : "", SPAN_FMT(reason))
                               : reason;
    }
    table_print(ctl, &table);
}

enum command_exit history_command(struct ctl *ctl)
{
    bool is_one = ctl->arguments.words_n == 1;
    struct api_answer answer;
    enum command_exit code;

    if (is_one)
        code = api_get(ctl, api_target(ctl, "/forge/generations/%s", ctl->arguments.words[0]), &answer);
    else
        code = api_get(ctl, api_target(ctl, "/forge/generations?limit=%s", ctl_text(ctl, FLAG_LIMIT)), &answer);
    if (code != EXIT_FINE || api_print_raw(ctl, answer.json))
        return code;
    if (is_one)
        json_yaml(answer.json, &ctl->out);
    else
        print_table(ctl, json_member(answer.json, "items"));
    return EXIT_FINE;
}
