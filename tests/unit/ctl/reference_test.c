/* reference_test.c - manual pages and schemas on the command line.
 *
 * Goal:   a kind by any of its names; the list of kinds; a name that is none.
 * Method: command lines, and what is printed.
 */
#include "ctl/reference.h"

#include "lib/ctl_lab.h"

TEST(reference_prints_a_page)
{
    struct ctl *ctl = ctl_lab_open("manual mt");

    CHECK(reference_manual(ctl) == EXIT_FINE, "exit code\n");
    CHECK(strncmp(ctl_lab_out(ctl), "# MeshTimeout\n", 14) == 0, "%.80s\n", ctl_lab_out(ctl));
    ctl_lab_close(ctl);
}

TEST(reference_lists_the_kinds)
{
    struct ctl *ctl = ctl_lab_open("manual");

    CHECK(reference_manual(ctl) == EXIT_FINE && strstr(ctl_lab_out(ctl), "| `HTTPRoute` |") != NULL, "%.80s\n", ctl_lab_out(ctl));
    ctl_lab_close(ctl);
}

TEST(reference_prints_a_schema)
{
    struct ctl *ctl = ctl_lab_open("schema meshgateways");

    CHECK(reference_schema(ctl) == EXIT_FINE && strstr(ctl_lab_out(ctl), "\"$id\":\"urn:apiforge:kind:MeshGateway\"") != NULL, "%.80s\n",
          ctl_lab_out(ctl));
    ctl_lab_close(ctl);
}

TEST(reference_knows_no_other_kind)
{
    struct ctl *manual = ctl_lab_open("manual Deployment"), *schema;

    CHECK(reference_manual(manual) == EXIT_WRONG_USE && *ctl_lab_out(manual) == '\0', "%s\n", ctl_lab_out(manual));
    ctl_lab_close(manual);
    schema = ctl_lab_open("schema Deployment");
    CHECK(reference_schema(schema) == EXIT_WRONG_USE && *ctl_lab_out(schema) == '\0', "%s\n", ctl_lab_out(schema));
    ctl_lab_close(schema);
}

CHECK_RUN(RUN(reference_prints_a_page), RUN(reference_lists_the_kinds), RUN(reference_prints_a_schema), RUN(reference_knows_no_other_kind))
