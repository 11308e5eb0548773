/* test.c - see test.h. */
#include "ctl/test.h"

#include "admin/testing.h"
#include "conf/conf_arena.h"
#include "ctl/api.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/junit.h"
#include "ctl/offline.h"
#include "ctl/report.h"

static enum command_exit print_results(struct ctl *ctl, const struct keeper_test *tests, uint32_t n)
{
    struct junit_case *cases = conf_arena_array(ctl->arena, (size_t)n + 1, sizeof(*cases));

    if (cases == NULL)
        return EXIT_REFUSED;
    for (uint32_t i = 0; i < n; i++)
        cases[i] = (struct junit_case){ tests[i].name, tests[i].sentence, tests[i].has_passed };
    if (ctl_output_is(ctl, "junit")) {
        junit_write("forgectl test", cases, n, &ctl->out);
    } else if (ctl_output_is(ctl, "json")) {
        testing_json(tests, n, &ctl->out);
        ctl_print(ctl, "\n");
    } else {
        testing_text(tests, n, &ctl->out);
    }
    return testing_failed_n(tests, n) == 0 ? EXIT_FINE : EXIT_REFUSED;
}

static enum command_exit test_files(struct ctl *ctl)
{
    const struct keeper_test *tests;
    enum command_exit code = EXIT_REFUSED;
    struct offline o;
    uint32_t n;
    bool is_good = offline_open(ctl, &o) && offline_compile(ctl, &o) && ctl->diag.errors_n == 0;

    diag_sort(&ctl->diag);
    report_text(ctl, &ctl->diag);
    if (is_good && testing_run(o.candidate, o.snapshot, ctl->arena, &tests, &n))
        code = print_results(ctl, tests, n);
    offline_close(&o);
    return code;
}

/* {"tests":[{"name","passed","detail"}]} of the gateway, as results. */
static enum command_exit print_answer(struct ctl *ctl, struct yyjson_val *list)
{
    uint32_t n = json_items_n(list);
    struct keeper_test *tests = conf_arena_array(ctl->arena, (size_t)n + 1, sizeof(*tests));

    if (tests == NULL)
        return EXIT_REFUSED;
    for (uint32_t i = 0; i < n; i++) {
        struct yyjson_val *one = json_item(list, i);

        tests[i] = (struct keeper_test){ .name = json_member_text(one, "name"), .sentence = json_member_text(one, "detail"),
                                         .has_passed = json_member_is_true(one, "passed") };
    }
    return print_results(ctl, tests, n);
}

enum command_exit test_command(struct ctl *ctl)
{
    struct api_answer answer;
    enum command_exit code;

    if (ctl_has(ctl, FLAG_FILE))
        return test_files(ctl);
    code = api_post(ctl, ctl_has(ctl, FLAG_GENERATION) ? api_target(ctl, "/forge/test?generation=%s", ctl_text(ctl, FLAG_GENERATION))
                                                       : SPAN_LIT("/forge/test"), SPAN_LIT("{}"), &answer);
    return code == EXIT_FINE ? print_answer(ctl, json_member(answer.json, "tests")) : code;
}
