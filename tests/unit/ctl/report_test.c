/* report_test.c - what machines are told: SARIF, JUnit, JSON, YAML and tables have the form that their readers want.
 *
 * Method: the texts are read back, and what SARIF 2.1.0 and JUnit ask for is looked for.
 */
#include "ctl/report.h"

#include "lib/ctl_lab.h"

#include "ctl/json.h"
#include "ctl/junit.h"
#include "ctl/table.h"

static void add_problems(struct diag *diag)
{
    diag_error(diag, (struct diag_place){ "conf/a b.yaml", 12, 7 }, "`x` is \"wrong\"");
    diag_warn(diag, (struct diag_place){ "conf/c.yaml", 0, 0 }, "odd");
    diag_error(diag, (struct diag_place){ NULL, 0, 0 }, "nowhere");
}

TEST(report_as_sarif)
{
    struct ctl *ctl = ctl_lab_open("check");
    struct yyjson_val *root, *run, *driver, *results, *place;

    add_problems(&ctl->diag);
    report_sarif(&ctl->diag, &ctl->out);
    root = json_read(ctl->arena, span_str(ctl_lab_out(ctl)));
    CHECK(span_is(json_member_text(root, "version"), SPAN_LIT("2.1.0")) && json_member_text(root, "$schema").len > 0, "head\n");
    CHECK(json_items_n(json_member(root, "runs")) == 1, "runs\n");
    run = json_item(json_member(root, "runs"), 0);
    driver = json_member(json_member(run, "tool"), "driver");
    CHECK(span_is(json_member_text(driver, "name"), SPAN_LIT("forgectl")) && json_items_n(json_member(driver, "rules")) == 2, "driver\n");
    results = json_member(run, "results");
    CHECK(json_items_n(results) == 3, "%u results\n", json_items_n(results));
    for (uint32_t i = 0; i < 3; i++) {
        struct yyjson_val *one = json_item(results, i);
        struct yyjson_val *rule = json_item(json_member(driver, "rules"), (uint32_t)json_member_number(one, "ruleIndex"));

        CHECK(span_is(json_member_text(rule, "id"), json_member_text(one, "ruleId")), "%u: rule\n", i);
        CHECK(json_member_text(json_member(one, "message"), "text").len > 0 && json_member(one, "locations") != NULL, "%u: message\n", i);
        CHECK(span_is(json_member_text(one, "level"), i == 1 ? SPAN_LIT("warning") : SPAN_LIT("error")), "%u: level\n", i);
    }
    place = json_member(json_item(json_member(json_item(results, 0), "locations"), 0), "physicalLocation");
    CHECK(span_is(json_member_text(json_member(place, "artifactLocation"), "uri"), SPAN_LIT("conf/a%20b.yaml")), "uri\n");
    CHECK(json_member_number(json_member(place, "region"), "startLine") == 12, "line\n");
    CHECK(json_member_number(json_member(place, "region"), "startColumn") == 7, "column\n");
    /* SARIF counts from 1: what has no line has no region. */
    place = json_member(json_item(json_member(json_item(results, 1), "locations"), 0), "physicalLocation");
    CHECK(place != NULL && json_member(place, "region") == NULL, "region\n");
    CHECK(json_items_n(json_member(json_item(results, 2), "locations")) == 0, "no place\n");
    ctl_lab_close(ctl);
}

TEST(report_as_json)
{
    struct ctl *ctl = ctl_lab_open("check");
    struct yyjson_val *root, *first;

    add_problems(&ctl->diag);
    report_json(&ctl->diag, 5, &ctl->out);
    root = json_read(ctl->arena, span_str(ctl_lab_out(ctl)));
    CHECK(json_member_number(root, "documents") == 5 && json_member_number(root, "errors") == 2 && json_member_number(root, "warnings") == 1,
          "%s\n", ctl_lab_out(ctl));
    first = json_item(json_member(root, "problems"), 0);
    CHECK(span_is(json_member_text(first, "file"), SPAN_LIT("conf/a b.yaml")) && json_member_number(first, "line") == 12 &&
          json_member_number(first, "column") == 7 && span_is(json_member_text(first, "text"), SPAN_LIT("`x` is \"wrong\"")), "first\n");
    ctl_lab_close(ctl);
}

TEST(junit_says_what_failed)
{
    const struct junit_case cases[] = {
        { SPAN_LIT("default/a: <1>"), SPAN_LIT(""), true },
        { SPAN_LIT("b"), SPAN_LIT("wants \"x\" & got\n\x1b[0m"), false },
    };
    struct ctl *ctl = ctl_lab_open("check");

    junit_write("routes/", cases, COUNT(cases), &ctl->out);
    CHECK(strcmp(ctl_lab_out(ctl),
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
                 "  <testsuite name=\"routes/\" tests=\"2\" failures=\"1\" errors=\"0\">\n"
                 "    <testcase classname=\"routes/\" name=\"default/a: &lt;1&gt;\"/>\n"
                 "    <testcase classname=\"routes/\" name=\"b\">\n"
                 "      <failure message=\"wants &quot;x&quot; &amp; got&#10;?[0m\"/>\n"
                 "    </testcase>\n  </testsuite>\n</testsuites>\n") == 0, "%s\n", ctl_lab_out(ctl));
    ctl_lab_close(ctl);
}

TEST(table_is_as_wide_as_it_must_be)
{
    static const char *const titles[] = { "A", "EMPTY", "LONG TITLE", "LAST", NULL };
    struct ctl *ctl = ctl_lab_open("check");
    struct table t;
    struct table_row *row;

    table_init(&t, titles);
    row = table_add(ctl, &t);
    row->cells[0] = SPAN_LIT("wide cell");
    row->cells[2] = SPAN_LIT("x");
    row->cells[3] = SPAN_LIT("y\x1b[2J");
    row = table_add(ctl, &t);
    row->cells[0] = SPAN_LIT("b");
    row->cells[3] = SPAN_LIT("z");
    table_print(ctl, &t);
    CHECK(strcmp(ctl_lab_out(ctl), "A          LONG TITLE  LAST\nwide cell  x           y?[2J\nb                      z\n") == 0, "%s\n",
          ctl_lab_out(ctl));
    ctl_lab_close(ctl);
}

TEST(json_as_yaml)
{
    static const struct { const char *json, *yaml; } rows[] = {
        { "{\"a\":1,\"b\":\"x\"}", "a: 1\nb: x\n" },
        { "{\"a\":{\"b\":[1,{\"c\":true,\"d\":null}],\"e\":[]}}", "a:\n  b:\n  - 1\n  - c: true\n    d: null\n  e: []\n" },
        { "[[1,2],{},\"\"]", "- - 1\n  - 2\n- {}\n- \"\"\n" },
        { "{\"a\":\"true\",\"b\":\"1\",\"c\":\"- x\",\"d\":\"a: b\",\"e\":\"x #y\",\"f\":\"/api\",\"g\":\"No\",\"h\":\"a b\"}",
          "a: \"true\"\nb: \"1\"\nc: \"- x\"\nd: \"a: b\"\ne: \"x #y\"\nf: /api\ng: \"No\"\nh: a b\n" },
        { "{\"a\":-3,\"b\":0.5,\"c\":\"1\\n2\"}", "a: -3\nb: 0.5\nc: \"1\\n2\"\n" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ctl *ctl = ctl_lab_open("check");
        struct yyjson_val *root = json_read(ctl->arena, span_str(rows[i].json));

        CHECK(root != NULL, "%s\n", rows[i].json);
        json_yaml(root, &ctl->out);
        CHECK(strcmp(ctl_lab_out(ctl), rows[i].yaml) == 0, "%s\n---- not\n%s\n", ctl_lab_out(ctl), rows[i].yaml);
        ctl_forget(ctl);
        json_pretty(root, &ctl->out);
        CHECK(json_read(ctl->arena, span_str(ctl_lab_out(ctl))) != NULL, "%s\n", ctl_lab_out(ctl));
        ctl_lab_close(ctl);
    }
}

TEST(json_of_nonsense_is_nothing)
{
    struct ctl *ctl = ctl_lab_open("check");
    struct yyjson_val *root = json_read(ctl->arena, SPAN_LIT("{\"n\":2.0,\"t\":true,\"s\":7}"));

    CHECK(json_read(ctl->arena, SPAN_LIT("")) == NULL && json_read(ctl->arena, SPAN_LIT("{\"a\":")) == NULL, "read\n");
    CHECK(json_member(NULL, "x") == NULL && json_member_text(NULL, "x").len == 0 && json_items_n(NULL) == 0, "nothing\n");
    CHECK(json_member_number(root, "n") == 2 && json_member_is_true(root, "t") && json_member_text(root, "s").len == 0, "members\n");
    CHECK(json_item(root, 0) == NULL && json_member(root, "gone") == NULL, "none\n");
    ctl_lab_close(ctl);
}

CHECK_RUN(RUN(report_as_sarif), RUN(report_as_json), RUN(junit_says_what_failed), RUN(table_is_as_wide_as_it_must_be),
          RUN(json_as_yaml), RUN(json_of_nonsense_is_nothing))
