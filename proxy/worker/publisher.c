/* publisher.c - see publisher.h. */
#include "worker/publisher.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "conf/conf_arena.h"
#include "conf/load.h"
#include "engine/access_log.h"
#include "proto/address.h"

enum why publisher_open(struct publisher *p, uint32_t workers_n)
{
    enum why why;

    memset(p, 0, sizeof(*p));
    p->workers_n = workers_n;
    list_init(&p->live);
    list_init(&p->servers);
    list_init(&p->clients);
    if ((why = tls_ticket_keys_open(&p->ticket_keys)) != WHY_OK)
        return why;
    if ((why = pool_open(&p->publications, "publication", sizeof(struct publication), EPOCHS_MAX)) != WHY_OK)
        return why;
    return pool_open(&p->tls_entries, "tls-context", sizeof(struct tls_entry), TLS_CONTEXTS_MAX);
}

void publisher_close(struct publisher *p)
{
    MUST(list_is_empty(&p->live));
    pool_close(&p->publications);
    pool_close(&p->tls_entries);
    if (p->ticket_keys != NULL)
        tls_ticket_keys_close(p->ticket_keys);
}

/* ---- TLS contexts ---- */

static struct tls_entry *entry_find(struct list *in, const uint8_t digest[32])
{
    for (struct list_node *n = in->head.next; n != &in->head; n = n->next) {
        struct tls_entry *t = container_of(n, struct tls_entry, node);

        if (memcmp(t->digest, digest, sizeof(t->digest)) == 0)
            return t;
    }
    return NULL;
}

static void entry_drop(struct publisher *p, struct tls_entry *t)
{
    MUST(t->holds_n > 0);
    if (--t->holds_n > 0)
        return;
    for (uint32_t w = 0; w < p->workers_n; w++) {
        if (t->servers[w] != NULL)
            tls_server_close(t->servers[w]);
        if (t->clients[w] != NULL)
            tls_client_close(t->clients[w]);
    }
    list_remove(&t->node);
    pool_give(&p->tls_entries, t);
}

/* Exactly one of host and up is given. NULL: error holds the sentence. */
static struct tls_entry *entry_hold(struct publisher *p, const struct tls_host *host, const struct upstream *up, char *error,
                                    uint32_t error_bytes)
{
    struct list *in = host != NULL ? &p->servers : &p->clients;
    const uint8_t *digest = host != NULL ? host->digest : up->tls_digest;
    struct tls_entry *t = entry_find(in, digest);

    if (t != NULL) {
        t->holds_n++;
        return t;
    }
    t = pool_take(&p->tls_entries);
    if (t == NULL) {
        static const char full[] = "too many different TLS configurations are in use";
        MUST(error_bytes >= sizeof(full));
        memcpy(error, full, sizeof(full));
        return NULL;
    }
    memcpy(t->digest, digest, sizeof(t->digest));
    t->holds_n = 1;
    list_push(in, &t->node);
    for (uint32_t w = 0; w < p->workers_n; w++) {
        enum why why = host != NULL ? tls_server_open(host, p->ticket_keys, &t->servers[w], error, error_bytes)
                                    : tls_client_open(up, &t->clients[w], error, error_bytes);
        if (why != WHY_OK) {
            entry_drop(p, t);
            return NULL;
        }
    }
    return t;
}

static uint32_t snapshot_tls_hosts_n(const struct snapshot *s)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->listeners_n; i++)
        n += s->listeners[i].tls_hosts_n;
    return n;
}

/* [worker][index] tables in the snapshot's own memory. */
static bool publisher_make_tables(struct publisher *p, struct snapshot *s)
{
    uint32_t hosts_n = snapshot_tls_hosts_n(s);

    s->tls_servers = conf_arena_take(s->arena, p->workers_n * sizeof(*s->tls_servers));
    s->tls_clients = conf_arena_take(s->arena, p->workers_n * sizeof(*s->tls_clients));
    if (s->tls_servers == NULL || s->tls_clients == NULL)
        return false;
    for (uint32_t w = 0; w < p->workers_n; w++) {
        s->tls_servers[w] = conf_arena_take(s->arena, (hosts_n + 1) * sizeof(**s->tls_servers));
        s->tls_clients[w] = conf_arena_take(s->arena, (s->upstreams_n + 1) * sizeof(**s->tls_clients));
        if (s->tls_servers[w] == NULL || s->tls_clients[w] == NULL)
            return false;
    }
    return true;
}

static void publisher_drop_tls(struct publisher *p, struct snapshot *s)
{
    if (s->tls_servers == NULL || s->tls_servers[0] == NULL)
        return;
    for (uint32_t i = 0; i < s->listeners_n; i++) {
        for (uint32_t k = 0; k < s->listeners[i].tls_hosts_n; k++) {
            struct tls_entry *t = entry_find(&p->servers, s->listeners[i].tls_hosts[k].digest);
            if (t != NULL && s->tls_held_n > 0) {
                entry_drop(p, t);
                s->tls_held_n--;
            }
        }
    }
    for (uint32_t i = 0; i < s->upstreams_n; i++) {
        struct tls_entry *t = s->upstreams[i].is_tls ? entry_find(&p->clients, s->upstreams[i].tls_digest) : NULL;
        if (t != NULL && s->tls_held_n > 0) {
            entry_drop(p, t);
            s->tls_held_n--;
        }
    }
}

static bool publisher_make_tls(struct publisher *p, struct snapshot *s, struct diag *diag)
{
    char error[256] = "";
    uint32_t number = 0;

    if (!publisher_make_tables(p, s)) {
        diag_error(diag, (struct diag_place){ 0 }, "configuration needs more memory than one may have");
        return false;
    }
    for (uint32_t i = 0; i < s->listeners_n; i++) {
        for (uint32_t k = 0; k < s->listeners[i].tls_hosts_n; k++, number++) {
            struct tls_entry *t = entry_hold(p, &s->listeners[i].tls_hosts[k], NULL, error, sizeof(error));
            if (t == NULL) {
                diag_error(diag, (struct diag_place){ 0 }, "listener %.*s, host '%.*s': %s", SPAN_FMT(s->listeners[i].name),
                           SPAN_FMT(s->listeners[i].tls_hosts[k].hostname), error);
                return false;
            }
            s->tls_held_n++;
            for (uint32_t w = 0; w < p->workers_n; w++)
                s->tls_servers[w][number] = t->servers[w];
        }
    }
    for (uint32_t i = 0; i < s->upstreams_n; i++) {
        struct tls_entry *t;

        if (!s->upstreams[i].is_tls)
            continue;
        if ((t = entry_hold(p, NULL, &s->upstreams[i], error, sizeof(error))) == NULL) {
            diag_error(diag, (struct diag_place){ 0 }, "upstream %.*s: %s", SPAN_FMT(s->upstreams[i].name), error);
            return false;
        }
        s->tls_held_n++;
        for (uint32_t w = 0; w < p->workers_n; w++)
            s->tls_clients[w][i] = t->clients[w];
    }
    return true;
}

static bool publisher_make_log(struct snapshot *s, struct diag *diag)
{
    if (!s->access_log.is_on)
        return true;
    s->access_format = conf_arena_take(s->arena, sizeof(*s->access_format));
    if (s->access_format == NULL) {
        diag_error(diag, (struct diag_place){ 0 }, "configuration needs more memory than one may have");
        return false;
    }
    return access_format_compile(s->access_format, &s->access_log, s->access_log.mesh,
                                 (struct diag_place){ .file = "access log" }, diag);
}

/* ---- sockets ---- */

static uint32_t slot_find(const struct publisher *p, const struct socket_address *a)
{
    uint32_t slot;

    for (slot = 0; slot < LISTENERS_MAX; slot++) {
        const struct publisher_slot *s = &p->slots[slot];
        if (s->is_used && s->address.bytes_n == a->bytes_n && memcmp(s->address.bytes, a->bytes, a->bytes_n) == 0)
            break;
    }
    return slot;
}

/* In turn, so that a number is not used again while connections of its last address are still ending. */
static uint32_t slot_find_free(struct publisher *p, const struct publication *pub)
{
    for (uint32_t i = 0; i < LISTENERS_MAX; i++) {
        uint32_t slot = p->next_slot++ % LISTENERS_MAX;

        if (!p->slots[slot].is_used && pub->listeners[slot] == NULL)
            return slot;
    }
    return LISTENERS_MAX;
}

static void publisher_close_fds(struct publisher *p, struct publication *pub)
{
    for (uint32_t w = 0; w < p->workers_n; w++) {
        for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++) {
            if (pub->fds[w][slot] >= 0)
                socket_close_now(pub->fds[w][slot]);
        }
    }
}

/* One socket a worker, all bound before anybody accepts. */
static bool publisher_bind(struct publisher *p, struct publication *pub, const struct listener *l, uint32_t slot, struct diag *diag)
{
    for (uint32_t w = 0; w < p->workers_n; w++) {
        int error = 0;

        if (socket_listen(&l->address, LISTEN_BACKLOG, &pub->fds[w][slot], &error) == WHY_OK)
            continue;
        pub->fds[w][slot] = -1;
        if (l->may_be_missing && w == 0)
            return true; /* A host without IPv6 is no mistake. */
        diag_error(diag, (struct diag_place){ 0 }, "listener %.*s: cannot listen: %s%s", SPAN_FMT(l->name), strerror(error),
                   error == EADDRINUSE ? "; another program has this address (ss -ltnp shows which)"
                   : error == EACCES   ? "; ports below 1024 need the right CAP_NET_BIND_SERVICE" : "");
        return false;
    }
    return true;
}

static bool publisher_make_sockets(struct publisher *p, struct publication *pub, struct diag *diag)
{
    const struct snapshot *s = pub->snapshot;

    for (uint32_t i = 0; i < s->listeners_n; i++) {
        const struct listener *l = &s->listeners[i];
        uint32_t slot = slot_find(p, &l->address);
        bool is_new = slot == LISTENERS_MAX;

        if (is_new)
            slot = slot_find_free(p, pub);
        if (slot == LISTENERS_MAX) {
            diag_error(diag, (struct diag_place){ 0 }, "listener %.*s: more than %d addresses in use, old ones included",
                       SPAN_FMT(l->name), LISTENERS_MAX);
            return false;
        }
        pub->listeners[slot] = l;
        if (is_new && !publisher_bind(p, pub, l, slot, diag))
            return false;
        if (is_new && pub->fds[0][slot] < 0)
            pub->listeners[slot] = NULL;
    }
    return true;
}

/* ---- whole ---- */

/* All but the snapshot. */
static void publication_drop(struct publisher *p, struct publication *pub)
{
    publisher_close_fds(p, pub);
    publisher_drop_tls(p, pub->snapshot);
    pool_give(&p->publications, pub);
}

enum why publisher_prepare(struct publisher *p, struct snapshot *snapshot, struct diag *diag, struct publication **out)
{
    struct publication *pub = pool_take(&p->publications);

    if (pub == NULL) {
        diag_error(diag, (struct diag_place){ 0 }, "%s", why_sentence(WHY_POOL_EPOCH_EMPTY));
        return WHY_POOL_EPOCH_EMPTY;
    }
    for (uint32_t w = 0; w < WORKERS_MAX; w++)
        for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++)
            pub->fds[w][slot] = -1;
    pub->snapshot = snapshot;
    if (!publisher_make_log(snapshot, diag) || !publisher_make_tls(p, snapshot, diag) || !publisher_make_sockets(p, pub, diag)) {
        publication_drop(p, pub);
        return WHY_CONF_BAD;
    }
    *out = pub;
    return WHY_OK;
}

void publisher_publish(struct publisher *p, struct publication *pub)
{
    for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++) {
        p->slots[slot].is_used = pub->listeners[slot] != NULL;
        if (pub->listeners[slot] != NULL)
            p->slots[slot].address = pub->listeners[slot]->address;
    }
    list_push(&p->live, &pub->node);
}

void publisher_discard(struct publisher *p, struct publication *pub)
{
    struct snapshot *snapshot = pub->snapshot;

    publication_drop(p, pub);
    conf_free(snapshot);
}

void publisher_left(struct publisher *p, const struct snapshot *snapshot)
{
    for (struct list_node *n = p->live.head.next; n != &p->live.head; n = n->next) {
        struct publication *pub = container_of(n, struct publication, node);

        if (pub->snapshot != snapshot)
            continue;
        if (++pub->left_n < p->workers_n)
            return;
        list_remove(&pub->node);
        publisher_drop_tls(p, pub->snapshot);
        conf_free(pub->snapshot);
        pool_give(&p->publications, pub);
        return;
    }
    must_not_reach("publisher_left: unknown snapshot");
}
