/* usage.h - what processes have cost so far: CPU time of all their threads, and time spent waiting for a CPU.
 *
 * Source: /proc/PID/task/TID/schedstat (nanoseconds on a CPU, nanoseconds runnable without one) and
 *         /proc/PID/stat (utime and stime), see proc(5). The kernel brings the first up to date at each tick (4 ms).
 */
#pragma once

#include <stdint.h>

enum { USAGE_PID_N_MAX = 16 };

struct usage_pids {
    unsigned n;
    int pid[USAGE_PID_N_MAX];
};

struct usage {
    uint64_t cpu_ns;   /* on a CPU, user and system                    */
    uint64_t wait_ns;  /* runnable, while somebody else had the CPU    */
    uint64_t user_ns;  /* share of cpu_ns, as the kernel's own clock-tick statistics split it */
    uint64_t system_ns;
};

/* "12,34" into pids; ends the program when a number is bad. */
void usage_pids_parse(struct usage_pids *pids, const char *list);

/* The sum over all threads of all pids; a process that is gone adds nothing. */
struct usage usage_now(const struct usage_pids *pids);
