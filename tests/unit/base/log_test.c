/* log_test.c - a line is one line, whatever is in it, and levels hide what they should. */
#include "base/log.h"

#include "lib/check.h"
#include "lib/child.h"

static void log_things(void)
{
    log_error("listener \"%s\" failed", "a\nb\x7f");
    log_debug("not shown");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("shown");
    log_info("%02000d", 0);
}

TEST(log_writes_one_clean_line_each)
{
    char text[8192];
    int  status = 0, lines = 0;
    child_stderr(log_things, text, sizeof text, &status);
    for (const char *c = text; *c != 0; c++)
        lines += *c == '\n';
    CHECK(lines == 3, "%d lines: %s\n", lines, text);
    CHECK(strstr(text, "Z error listener \"a?b?\" failed\n") != NULL, "said: %s\n", text);
    CHECK(strstr(text, "not shown") == NULL && strstr(text, "Z debug shown\n") != NULL, "level: %s\n", text);
    CHECK(strlen(text) < 1500 && text[strlen(text) - 1] == '\n', "a long line is cut, its end stays\n");
}

CHECK_RUN(RUN(log_writes_one_clean_line_each))
