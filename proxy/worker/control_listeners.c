/* control_listeners.c - see control_listeners.h. */
#include "worker/control_listeners.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf_arena.h"
#include "conf/digest.h"
#include "conf/host_index.h"
#include "conf/pem.h"
#include "conn/tls.h"
#include "worker/loop.h"
#include "worker/self_signed.h"

enum { LISTENERS_ARENA_BYTES = 4 * 1024 * 1024 };

bool control_listeners_is_admin(struct span name)
{
    return span_is(name, SPAN_LIT("admin")) || span_is(name, SPAN_LIT(API_LISTENER_LOCAL));
}

/* The certificate of the first start, as every browser's first visit sees it. */
static bool make_tls(struct control_listeners *c, const char *state_dir, struct tls_ticket_keys *keys, uint32_t thread, char *out_error,
                     uint32_t out_error_bytes)
{
    static const struct span any = { (const uint8_t *)"*", 1 };
    struct listener *l = &c->listeners[CONTROL_ADMIN];
    struct digest d;
    struct span pem = SPAN_NONE;

    if (!self_signed_read(state_dir, c->arena, &pem) ||
        !pem_split(c->arena, pem, &c->certificate.chain_pem, &c->certificate.key_pem) || c->certificate.key_pem.len == 0) {
        snprintf(out_error, out_error_bytes, "%.100s/self-signed.pem cannot be read, or lacks certificate or key: delete it, and it is "
                 "made anew", state_dir);
        return false;
    }
    c->host = (struct tls_host){ .hostname = any, .certificates = &c->certificate, .certificates_n = 1, .version_min = 12,
                                 .version_max = 13, .allows_h2 = true };
    digest_init(&d);
    digest_add(&d, SPAN_LIT("admin"));
    digest_add(&d, pem);
    digest_end(&d, c->host.digest);
    l->is_tls = true;
    l->tls_hosts = &c->host;
    l->tls_hosts_n = 1;
    l->tls_host_index = host_index_build(c->arena, &any, 1);
    if (l->tls_host_index == NULL || tls_server_open(&c->host, keys, &c->server, out_error, out_error_bytes) != WHY_OK)
        return false;
    /* A connection counts its hosts from the first listener that has any: that is this one. */
    c->servers[thread] = &c->server;
    c->snapshot.tls_servers = c->servers;
    return true;
}

static bool listen_at(struct loop *loop, uint32_t slot, const struct listener *l, const char *option, const char *text, char *out_error,
                      uint32_t out_error_bytes)
{
    int fd, error = 0;

    if (l->address.bytes_n == 0)
        return true;
    if (socket_listen(&l->address, LISTEN_BACKLOG, &fd, &error) != WHY_OK) {
        snprintf(out_error, out_error_bytes, "%s address %s: cannot listen: %s", option, text, strerror(error));
        return false;
    }
    loop_listen(loop, slot, fd, l->is_tls);
    return true;
}

static void listen_local(struct control_listeners *c, struct loop *loop, const char *state_dir)
{
    int fd, error = 0;

    snprintf(c->socket_path, sizeof(c->socket_path), "%s/admin.sock", state_dir);
    if (socket_listen_path(c->socket_path, LISTEN_BACKLOG, &fd, &error) == WHY_OK) {
        loop_listen(loop, CONTROL_ADMIN_SOCKET, fd, false);
        return;
    }
    log_warn("there is no admin interface at %s: %s; --state with a shorter path, or the address of --admin, will do", c->socket_path,
             strerror(error));
    c->socket_path[0] = 0;
}

bool control_listeners_open(struct control_listeners *c, const struct control_options *options, struct loop *loop,
                            struct tls_ticket_keys *keys, char *out_error, uint32_t out_error_bytes)
{
    static const struct span names[CONTROL_LISTENERS_N] = {
        { (const uint8_t *)"management", 10 }, { (const uint8_t *)"admin", 5 },
        { (const uint8_t *)API_LISTENER_LOCAL, sizeof(API_LISTENER_LOCAL) - 1 },
    };
    const struct listener *listeners[CONTROL_LISTENERS_N];

    for (uint32_t i = 0; i < CONTROL_LISTENERS_N; i++) {
        c->listeners[i] = (struct listener){ .name = names[i], .is_management = true, .idle_timeout_ns = 60 * NS_PER_S,
                                             .head_timeout_ns = 10 * NS_PER_S };
        listeners[i] = &c->listeners[i];
    }
    c->listeners[CONTROL_MANAGEMENT].address = options->management;
    c->listeners[CONTROL_ADMIN].address = options->admin;
    /* A connectionLimit is shared out among workers, and these have one thread. */
    c->listeners[CONTROL_ADMIN].connections_max = API_CONNS_MAX * options->workers_n;
    c->snapshot = (struct snapshot){ .listeners = c->listeners, .listeners_n = CONTROL_LISTENERS_N };
    snprintf(out_error, out_error_bytes, "not enough memory to start");
    c->arena = conf_arena_open(LISTENERS_ARENA_BYTES);
    if (c->arena == NULL)
        return false;
    if (options->admin.bytes_n > 0 && !make_tls(c, options->state_dir, keys, options->workers_n, out_error, out_error_bytes))
        return false;
    if (engine_swap(&loop->engine, &c->snapshot, listeners, CONTROL_LISTENERS_N) != WHY_OK)
        return false;
    if (!listen_at(loop, CONTROL_MANAGEMENT, listeners[CONTROL_MANAGEMENT], "management", options->management_text, out_error,
                   out_error_bytes) ||
        !listen_at(loop, CONTROL_ADMIN, listeners[CONTROL_ADMIN], "--admin", options->admin_text, out_error, out_error_bytes))
        return false;
    listen_local(c, loop, options->state_dir);
    return true;
}

void control_listeners_close(struct control_listeners *c)
{
    if (c->socket_path[0] != 0)
        (void)unlink(c->socket_path);
    if (c->server != NULL)
        tls_server_close(c->server);
    conf_arena_close(c->arena);
}
