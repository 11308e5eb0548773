/* source_child.h - one run of a program: its output into memory, its end told by the ring.
 *
 * Layer:  admin.
 * Owner:  whoever embeds it.
 * Bounds: SOURCE_ARCHIVE_BYTES_MAX of output (the kernel ends a program that writes more); the time is its owner's to watch.
 * Thread: control's. Nothing waits: both outputs are files in memory, and a descriptor says when the program has ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/must.h"
#include "base/span.h"
#include "io/ring.h"

struct child {
    pid_t pid;                 /* 0: none */
    int   ended_fd, out_fd, err_fd;
};

/* argv[0] is looked for in PATH. false: out_error says what is wrong and what to do. Its end comes as an event of h. */
MUST_CHECK bool child_start(struct child *c, struct ring *ring, struct handle h, const char *const *argv, char *out_error,
                            uint32_t out_error_bytes);
/* Its end is asked for; the event comes as ever. */
void child_kill(struct child *c);
/* The event came: takes the program's end. *out is what it printed, until child_free. false: it failed, and out_error has what it said. */
MUST_CHECK bool child_end(struct child *c, struct span *out, char *out_error, uint32_t out_error_bytes);
/* Accepts NULL's bytes: SPAN_NONE. */
void child_free(struct span out);
