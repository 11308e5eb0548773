/* main.c - forged: read as a list, from the command line to the end.
 *
 * Layer:  worker.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "conf/load.h"
#include "conf/snapshot.h"
#include "conn/tls.h"
#include "io/socket_address.h"
#include "worker/control.h"
#include "worker/options.h"
#include "worker/self_signed.h"

/* Two descriptors a proxied connection: as many as we may have. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_warn("the limit of open files stays low: %s", strerror(errno));
}

static bool make_state_dir(const char *dir)
{
    if (mkdir(dir, 0700) == 0 || errno == EEXIST)
        return true;
    log_error("state folder %s cannot be made: %s", dir, strerror(errno));
    return false;
}

static void print_listener(const struct listener *l)
{
    const char *scheme = l->is_tls ? "https" : "http";
    uint8_t address[16];
    uint16_t port;

    socket_address_split(&l->address, address, &port);
    if (l->may_be_missing)
        return; /* The IPv6 half of the same listener. */
    printf("  %-24.*s %s://localhost:%u\n", SPAN_FMT(l->name), scheme, port);
}

static void print_ready(const struct control_options *options, const struct control_facts *facts)
{
    const struct listener *clear = NULL, *tls = NULL;
    uint8_t address[16];
    uint16_t port;

    printf("forged %s is up after %llu ms: %u workers, io_uring profile %s, %u documents\n", FORGE_VERSION,
           (unsigned long long)facts->started_ms, options->workers_n, facts->ring_profile, facts->snapshot->documents_n);
    for (uint32_t i = 0; i < facts->snapshot->listeners_n; i++) {
        const struct listener *l = &facts->snapshot->listeners[i];

        print_listener(l);
        if (!l->is_tls && clear == NULL)
            clear = l;
        if (l->is_tls && tls == NULL)
            tls = l;
    }
    printf("  %-24s at most %llu MiB if every slot of every pool were in use; what was never used costs nothing\n", "memory budget",
           (unsigned long long)(facts->memory_bytes_max >> 20));
    if (options->management.bytes_n > 0)
        printf("  %-24s http://%s/metrics\n", "management", options->management_text);
    if (options->admin.bytes_n > 0)
        printf("  %-24s https://%s/ (token in %s/admin-token)\n", "admin", options->admin_text, options->state_dir);
    if (facts->admin_socket != NULL)
        printf("  %-24s %s\n", "admin on this machine", facts->admin_socket);
    if (clear != NULL) {
        socket_address_split(&clear->address, address, &port);
        printf("try:  curl -i http://localhost:%u/hello\n", port);
    }
    if (tls != NULL) {
        socket_address_split(&tls->address, address, &port);
        printf("      curl -ik https://localhost:%u/hello      (-k: the certificate is self-signed)\n", port);
    }
    fflush(stdout);
}

static int check_documents(const struct options *options)
{
    struct diag *diag = memory_map(sizeof(*diag));
    struct snapshot *snapshot = NULL;
    enum why why;

    if (diag == NULL)
        return 1;
    diag_init(diag);
    why = conf_load(options->check_dir, NULL, 1, diag, &snapshot);
    diag_print(diag, STDERR_FILENO);
    if (why != WHY_OK) {
        fprintf(stderr, "%s: %u errors, %u warnings\n", options->check_dir, diag->errors_n, diag->warnings_n);
        return 1;
    }
    printf("%s: %u documents, no errors, %u warnings\n", options->check_dir, snapshot->documents_n, diag->warnings_n);
    conf_free(snapshot);
    return 0;
}

int main(int argc, char **argv)
{
    struct options options;

    switch (options_read(argc, argv, &options)) {
    case OPTIONS_DONE:
        return 0;
    case OPTIONS_BAD:
        return 2;
    case OPTIONS_CHECK:
        return check_documents(&options);
    case OPTIONS_RUN:
        break;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* A file that may not grow is a full disk, which is survived. */
    raise_descriptor_limit();
    if (!make_state_dir(options.control.state_dir))
        return 1;
    if (tls_init() != WHY_OK) {
        log_error("TLS library does not start on this machine");
        return 1;
    }
    if (!self_signed_ensure(options.control.state_dir))
        return 1;
    options.control.on_ready = print_ready;
    if (control_run(&options.control) == 0)
        return 0;
    _exit(1); /* Workers may be running: nobody must take the process apart under them. */
}
