/* change_test.c - how a difference is shown: what changed, three lines around it, and nothing else.
 *
 * Method: a difference of many lines, as the gateway answers it.
 */
#include "ctl/change.h"

#include "lib/ctl_lab.h"

TEST(change_shows_what_changed_and_a_little_around)
{
    struct ctl *ctl = ctl_lab_open("diff");

    change_print_difference(ctl, SPAN_LIT("changed"), SPAN_LIT("Kind"), SPAN_LIT("m"), SPAN_LIT("n"),
                            SPAN_LIT(" 1\n 2\n 3\n 4\n 5\n-6\n+six\n 7\n 8\n 9\n 10\n 11\n"));
    CHECK(strcmp(ctl_lab_out(ctl), "changed Kind m/n\n    ...\n     3\n     4\n     5\n    -6\n    +six\n     7\n     8\n     9\n") == 0, "%s\n",
          ctl_lab_out(ctl));
    ctl_forget(ctl);
    change_print_difference(ctl, SPAN_LIT("added"), SPAN_LIT("Kind"), SPAN_LIT(""), SPAN_LIT("n\x1b"), SPAN_LIT("+a: \x1b[2J\n"));
    CHECK(strcmp(ctl_lab_out(ctl), "added   Kind n?\n    +a: ?[2J\n") == 0, "%s\n", ctl_lab_out(ctl));
    ctl_lab_close(ctl);
}

CHECK_RUN(RUN(change_shows_what_changed_and_a_little_around))
