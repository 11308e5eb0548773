/* source_child.c - see source_child.h. */
#include "admin/source_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"

enum { VARIABLES_MAX = 8, VARIABLE_BYTES = 4200 };

struct environment {
    char  path[VARIABLE_BYTES], home[VARIABLE_BYTES];
    char *all[VARIABLES_MAX];
};

/* Little of ours: secrets of this process are none of its business. HOME says which repositories git trusts. */
static void fill_environment(struct environment *e)
{
    static char *const fixed[] = { "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1" };
    const char *path = getenv("PATH"), *home = getenv("HOME");
    uint32_t n = 0;

    snprintf(e->path, sizeof(e->path), "PATH=%s", path != NULL ? path : "/usr/local/bin:/usr/bin:/bin");
    snprintf(e->home, sizeof(e->home), "HOME=%s", home != NULL ? home : "/nonexistent");
    e->all[n++] = e->path;
    e->all[n++] = e->home;
    for (size_t i = 0; i < COUNT(fixed); i++)
        e->all[n++] = fixed[i];
    e->all[n] = NULL;
}

/* Signals as a program expects them: ours are blocked, for the signalfd. */
static int spawn(struct child *c, const char *const *argv)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    struct environment e;
    sigset_t none, usual;
    int error;

    fill_environment(&e);
    MUST(sigemptyset(&none) == 0 && sigemptyset(&usual) == 0 && sigaddset(&usual, SIGPIPE) == 0);
    if ((error = posix_spawn_file_actions_init(&files)) != 0)
        return error;
    if ((error = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    if ((error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&files, c->out_fd, STDOUT_FILENO)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&files, c->err_fd, STDERR_FILENO)) == 0)
        error = posix_spawnp(&c->pid, argv[0], &files, &attributes, (char *const *)(uintptr_t)argv, e.all);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

static void close_outputs(struct child *c)
{
    if (c->out_fd >= 0)
        socket_close_now(c->out_fd);
    if (c->err_fd >= 0)
        socket_close_now(c->err_fd);
}

bool child_start(struct child *c, struct ring *ring, struct handle h, const char *const *argv, char *out_error, uint32_t out_error_bytes)
{
    struct rlimit limit = { SOURCE_ARCHIVE_BYTES_MAX, SOURCE_ARCHIVE_BYTES_MAX };
    int error;

    *c = (struct child){ .ended_fd = -1 };
    c->out_fd = memfd_create("forge-child-out", MFD_CLOEXEC);
    c->err_fd = memfd_create("forge-child-err", MFD_CLOEXEC);
    error = c->out_fd < 0 || c->err_fd < 0 ? errno : spawn(c, argv);
    if (error == 0) {
        (void)prlimit(c->pid, RLIMIT_FSIZE, &limit, NULL);
        c->ended_fd = pidfd_open(c->pid, 0);
        if (c->ended_fd < 0) {
            error = errno;
            (void)kill(c->pid, SIGKILL);
            (void)waitpid(c->pid, NULL, 0); /* It is dying already. */
        }
    }
    if (error != 0) {
        close_outputs(c);
        c->pid = 0;
        if (error == ENOENT)
            snprintf(out_error, out_error_bytes, "the program %s is not installed: install it, as with `apt-get install %s`, or use `type: "
                     "Archive`", argv[0], argv[0]);
        else
            snprintf(out_error, out_error_bytes, "the program %s cannot be started: %s", argv[0], strerror(error));
        return false;
    }
    ring_poll_in(ring, h, c->ended_fd);
    return true;
}

void child_kill(struct child *c)
{
    MUST(c->pid > 0);
    (void)kill(-c->pid, SIGKILL);
    (void)kill(c->pid, SIGKILL); /* In case it has not got its own group yet. */
}

/* What it complained about, on one line. */
static void read_complaint(int fd, char *out, uint32_t out_bytes)
{
    ssize_t n = pread(fd, out, out_bytes - 1, 0);

    n = n < 0 ? 0 : n;
    out[n] = 0;
    while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '))
        out[--n] = 0;
    for (ssize_t i = 0; i < n; i++)
        if ((uint8_t)out[i] < 0x20 || (uint8_t)out[i] > 0x7e)
            out[i] = ' ';
}

bool child_end(struct child *c, struct span *out, char *out_error, uint32_t out_error_bytes)
{
    int status = 0;
    struct stat st = { .st_size = 0 };
    bool is_good = waitpid(c->pid, &status, WNOHANG) == c->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;

    *out = SPAN_NONE;
    if (is_good && fstat(c->out_fd, &st) == 0 && st.st_size > 0) {
        void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, c->out_fd, 0);

        is_good = at != MAP_FAILED;
        if (is_good)
            *out = span_of(at, (size_t)st.st_size);
    }
    if (!is_good) {
        read_complaint(c->err_fd, out_error, out_error_bytes);
        if (WIFSIGNALED(status) && out_error[0] == 0)
            snprintf(out_error, out_error_bytes, WTERMSIG(status) == SIGXFSZ ? "it printed too much" : "it was ended by signal %d",
                     WTERMSIG(status));
    }
    socket_close_now(c->ended_fd);
    close_outputs(c);
    c->pid = 0;
    return is_good;
}

void child_free(struct span out)
{
    if (out.at != NULL)
        MUST(munmap((void *)(uintptr_t)out.at, out.len) == 0);
}
