/* control_listeners.h - the addresses that control itself serves: management in the clear, admin over TLS and on a local socket.
 *
 * Layer:  worker.
 * Owner:  control embeds one; it must outlive the loop.
 * Thread: control's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "conf/snapshot.h"
#include "worker/control.h"

struct loop;
struct conf_arena;
struct tls_server;
struct tls_ticket_keys;

enum { CONTROL_MANAGEMENT = 0, CONTROL_ADMIN, CONTROL_ADMIN_SOCKET, CONTROL_LISTENERS_N };

struct control_listeners {
    struct snapshot        snapshot;
    struct listener        listeners[CONTROL_LISTENERS_N];
    struct tls_host        host;
    struct tls_certificate certificate;
    struct conf_arena     *arena;
    struct tls_server     *server;
    struct tls_server    **servers[WORKERS_MAX + 1]; /* by thread: only control's has one */
    char                   socket_path[4096];        /* "": none */
};

/* Listen. false: *out_error is a sentence. */
bool control_listeners_open(struct control_listeners *c, const struct control_options *options, struct loop *loop,
                            struct tls_ticket_keys *keys, char *out_error, uint32_t out_error_bytes);
/* After the loop's end. */
void control_listeners_close(struct control_listeners *c);
/* By a listener's name: does the admin interface answer there? */
bool control_listeners_is_admin(struct span name);
