/* control.h - the thread that owns everything that is not traffic: configuration, signals, logs, the management listener.
 *
 * Layer:  worker.
 * Owner:  main.
 * Thread: the process's first one, after start-up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "io/socket.h"

/* What main prints once everything is up. */
struct snapshot;
struct control_facts {
    const struct snapshot *snapshot;
    const char *ring_profile;
    uint64_t    started_ms;
    const char *admin_socket;     /* NULL: there is none */
    uint64_t    memory_bytes_max; /* the budget: every slot of every pool of all threads, and all receive buffers */
};

struct control_options {
    const char *conf_dir;               /* NULL: the store is all there is */
    const char *state_dir;
    uint32_t    workers_n;
    bool        is_pinned;
    struct socket_address management;   /* bytes_n 0: none */
    const char *management_text;
    struct socket_address admin;        /* bytes_n 0: none */
    const char *admin_text;
    uint64_t    drain_ns;
    void      (*on_ready)(const struct control_options *options, const struct control_facts *facts); /* print addresses */
};

/* Run until told to stop. Answers the process's exit code; sentences went to the log. */
int control_run(const struct control_options *options);
