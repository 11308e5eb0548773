/* must_test.c - a broken promise says where it broke, and ends the process. */
#include "base/must.h"

#include "lib/check.h"
#include "lib/child.h"

static void break_promise(void)
{
    MUST(1 + 1 == 3);
}

TEST(must_says_where_and_aborts)
{
    char text[1024];
    int  status = 0;
    child_stderr(break_promise, text, sizeof text, &status);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %d\n", status);
    CHECK(strstr(text, "must_test.c:") != NULL && strstr(text, "1 + 1 == 3") != NULL, "said: %s\n", text);
}

CHECK_RUN(RUN(must_says_where_and_aborts))
