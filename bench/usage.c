/* usage.c - what processes have cost so far. */
#include "usage.h"

#include "net.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void usage_pids_parse(struct usage_pids *pids, const char *list)
{
    pids->n = 0;
    while (*list != '\0') {
        char *end = NULL;
        long pid = strtol(list, &end, 10);

        if (end == list || pid <= 0 || pids->n == USAGE_PID_N_MAX)
            net_die(0, "a list of at most %d process ids is wanted, not '%s'", USAGE_PID_N_MAX, list);
        pids->pid[pids->n++] = (int)pid;
        list = *end == ',' ? end + 1 : end;
    }
}

static void usage_add_threads(struct usage *io_sum, int pid)
{
    char path[320];
    struct dirent *entry = NULL;
    DIR *dir = NULL;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        unsigned long long cpu_ns = 0;
        unsigned long long wait_ns = 0;
        FILE *file = NULL;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, entry->d_name);
        file = fopen(path, "re");
        if (file == NULL)
            continue;
        if (fscanf(file, "%llu %llu", &cpu_ns, &wait_ns) == 2) {
            io_sum->cpu_ns += cpu_ns;
            io_sum->wait_ns += wait_ns;
        }
        fclose(file);
    }
    if (dir != NULL)
        closedir(dir);
}

static void usage_add_split(struct usage *io_sum, int pid)
{
    unsigned long long utime = 0;
    unsigned long long stime = 0;
    uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    char text[1024];
    const char *at = NULL;
    FILE *file = NULL;
    size_t n = 0;

    snprintf(text, sizeof text, "/proc/%d/stat", pid);
    file = fopen(text, "re");
    if (file == NULL)
        return;
    n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    at = strrchr(text, ')');  /* the name may hold blanks and brackets */
    if (at != NULL && sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &utime, &stime) == 2) {
        io_sum->user_ns += utime * tick_ns;
        io_sum->system_ns += stime * tick_ns;
    }
}

struct usage usage_now(const struct usage_pids *pids)
{
    struct usage sum = {0};

    for (unsigned i = 0; i < pids->n; i++) {
        usage_add_threads(&sum, pids->pid[i]);
        usage_add_split(&sum, pids->pid[i]);
    }
    return sum;
}
