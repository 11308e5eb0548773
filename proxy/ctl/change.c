/* change.c - see change.h. */
#include "ctl/change.h"

#include "ctl/ctl.h"
#include "ctl/json.h"

/* Lines of a difference, far from any change left out. */
enum { CONTEXT_LINES = 3 };

static bool is_changed(struct span line)
{
    return line.len > 0 && (line.at[0] == '+' || line.at[0] == '-');
}

/* Is one of the next lines changed. */
static bool is_before_change(struct span rest)
{
    struct span line;

    for (unsigned i = 0; i < CONTEXT_LINES && span_next(&rest, '\n', &line); i++)
        if (is_changed(line))
            return true;
    return false;
}

static void print_lines(struct ctl *ctl, struct span lines)
{
    unsigned since_n = CONTEXT_LINES;
    bool has_gap = false;
    struct span line;

    while (span_next(&lines, '\n', &line)) {
        since_n = is_changed(line) ? 0 : since_n + 1;
        if (line.len == 0)
            continue;
        if (since_n > CONTEXT_LINES && !is_before_change(lines)) {
            has_gap = true;
            continue;
        }
        if (has_gap)
            ctl_print(ctl, "    %s...%s\n", ctl_dim(ctl), ctl_plain(ctl));
        has_gap = false;
        ctl_print(ctl, "    %s", line.at[0] == '+' ? ctl_green(ctl) : line.at[0] == '-' ? ctl_red(ctl) : "");
        ctl_print_safe(ctl, line);
        ctl_print(ctl, "%s\n", is_changed(line) ? ctl_plain(ctl) : "");
    }
}

void change_print_difference(struct ctl *ctl, struct span verb, struct span type, struct span mesh, struct span name, struct span lines)
{
    const char *colour = span_is(verb, SPAN_LIT("added")) ? ctl_green(ctl) : span_is(verb, SPAN_LIT("removed")) ? ctl_red(ctl)
                                                                                                            : ctl_yellow(ctl);

    ctl_print(ctl, "%s", colour);
    ctl_print_safe(ctl, verb);
    ctl_print(ctl, "%s%*s", ctl_plain(ctl), verb.len < 8 ? (int)(8 - verb.len) : 1, "");
    ctl_print_safe(ctl, type);
    ctl_print(ctl, " ");
    if (mesh.len > 0) {
        ctl_print_safe(ctl, mesh);
        ctl_print(ctl, "/");
    }
    ctl_print_safe(ctl, name);
    ctl_print(ctl, "\n");
    print_lines(ctl, lines);
}

uint32_t change_print_differences(struct ctl *ctl, struct yyjson_val *differences, bool has_lines)
{
    uint32_t n = json_items_n(differences);

    for (uint32_t i = 0; i < n; i++) {
        struct yyjson_val *one = json_item(differences, i);

        change_print_difference(ctl, json_member_text(one, "verb"), json_member_text(one, "type"), json_member_text(one, "mesh"),
                                json_member_text(one, "name"), has_lines ? json_member_text(one, "lines") : SPAN_NONE);
    }
    return n;
}

static void print_tests(struct ctl *ctl, struct yyjson_val *tests)
{
    uint32_t n = json_items_n(tests), failed_n = 0;

    for (uint32_t i = 0; i < n; i++)
        failed_n += !json_member_is_true(json_item(tests, i), "passed");
    if (n > 0)
        ctl_print(ctl, "%u tests passed%s\n", n - failed_n, failed_n > 0 ? ", others failed" : "");
}

static void print_outcome(struct ctl *ctl, struct yyjson_val *json)
{
    unsigned long long generation = json_member_number(json, "generation");
    bool is_dry_run = json_member_is_true(json, "dryRun");

    api_print_problems(ctl, json_member(json, "problems"));
    if (json_member_is_true(json, "unchanged")) {
        ctl_print(ctl, "nothing to change: generation %llu is in force\n", generation);
        return;
    }
    change_print_differences(ctl, json_member(json, "changes"), is_dry_run);
    print_tests(ctl, json_member(json, "tests"));
    if (is_dry_run)
        ctl_print(ctl, "dry run: nothing was changed, generation %llu is in force\n", generation);
    else
        ctl_print(ctl, "%sgeneration %llu is in force%s\n", ctl_green(ctl), generation, ctl_plain(ctl));
}

enum command_exit change_post(struct ctl *ctl, struct span target, struct span json)
{
    struct api_answer answer;
    enum command_exit code = api_post(ctl, target, json, &answer);

    if (code == EXIT_FINE && !api_print_raw(ctl, answer.json))
        print_outcome(ctl, answer.json);
    return code;
}
