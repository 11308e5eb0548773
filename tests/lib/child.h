/* child.h - run something in a child process and read what it said on stderr: for what ends a process.
 */
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child that ran act wrote to stderr (cut at room); out_status as of waitpid. Answers the length. */
static inline size_t child_stderr(void (*act)(void), char *out_text, size_t room, int *out_status)
{
    int    ends[2];
    size_t used = 0;

    if (pipe(ends) != 0)
        abort();
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        act();
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t n; used < room - 1 && (n = read(ends[0], out_text + used, room - 1 - used)) > 0;)
        used += (size_t)n;
    out_text[used] = 0;
    close(ends[0]);
    waitpid(child, out_status, 0);
    return used;
}
