/* up.c - see up.h. */
#include "up/up.h"

#include <string.h>

#include "base/must.h"
#include "up/balance.h"

enum why up_table_open(struct up_table *t, struct conn_table *conns)
{
    enum why why;

    memset(t, 0, sizeof(*t));
    t->conns = conns;
    list_init(&t->live);
    list_init(&t->retired);
    if ((why = pool_open(&t->ups, "upstream", sizeof(struct up), UPSTREAMS_MAX)) != WHY_OK)
        return why;
    return pool_open(&t->endpoints, "endpoint", sizeof(struct up_endpoint), UP_ENDPOINTS_ALL_MAX);
}

void up_table_close(struct up_table *t)
{
    MUST(list_is_empty(&t->live) && list_is_empty(&t->retired));
    pool_close(&t->ups);
    pool_close(&t->endpoints);
}

/* ---- holding ---- */

static void up_free(struct up_table *t, struct up *u)
{
    MUST(u->holds_n == 0 && u->conns_n == 0);
    for (uint32_t i = 0; i < u->endpoints_n; i++)
        pool_give(&t->endpoints, u->endpoints[i]);
    list_remove(&u->node);
    pool_give(&t->ups, u);
}

static void up_free_if_left(struct up_table *t, struct up *u)
{
    if (u->is_retired && u->holds_n == 0 && u->conns_n == 0)
        up_free(t, u);
}

static bool up_add_endpoints(struct up_table *t, struct up *u, const struct upstream *conf)
{
    MUST(conf->endpoints_n <= UP_ENDPOINTS_MAX);
    for (uint32_t i = 0; i < conf->endpoints_n; i++) {
        struct up_endpoint *ep = pool_take(&t->endpoints);

        if (ep == NULL)
            return false;
        ep->up = u;
        ep->conf = conf->endpoints[i];
        size_t len = ep->conf.text.len < sizeof(ep->text) ? ep->conf.text.len : sizeof(ep->text);
        memcpy(ep->text, ep->conf.text.at, len);
        ep->conf.text = span_of(ep->text, len);
        list_init(&ep->idle);
        list_init(&ep->shared);
        u->endpoints[u->endpoints_n++] = ep;
    }
    return true;
}

static struct span up_copy_text(char *to, size_t to_bytes, struct span from)
{
    size_t len = from.len < to_bytes ? from.len : to_bytes - 1;

    if (len > 0)
        memcpy(to, from.at, len);
    to[len] = 0;
    return span_of(to, len);
}

struct up *up_hold_for(struct up_table *t, const struct upstream *conf, struct tls_client *tls)
{
    struct up *u;

    for (struct list_node *n = t->live.head.next; n != &t->live.head; n = n->next) {
        u = container_of(n, struct up, node);
        if (memcmp(u->digest, conf->digest, sizeof(u->digest)) == 0) {
            u->holds_n++;
            u->tls = tls;
            return u;
        }
    }
    u = pool_take(&t->ups);
    if (u == NULL)
        return NULL;
    memcpy(u->digest, conf->digest, sizeof(u->digest));
    (void)up_copy_text(u->name, sizeof(u->name), conf->name);
    u->server_name = up_copy_text(u->server_name_text, sizeof(u->server_name_text), conf->server_name);
    u->protocol = conf->protocol;
    u->balance = conf->balance;
    u->connect_timeout_ns = conf->connect_timeout_ns;
    u->idle_timeout_ns = conf->idle_timeout_ns;
    u->tls = tls;
    list_push(&t->live, &u->node);
    if (!up_add_endpoints(t, u, conf)) {
        up_free(t, u);
        return NULL;
    }
    u->holds_n = 1;
    return u;
}

void up_hold(struct up *u)
{
    MUST(u->holds_n > 0);
    u->holds_n++;
}

static void up_close_idle_of(struct up_table *t, struct up *u)
{
    for (uint32_t i = 0; i < u->endpoints_n; i++) {
        struct up_endpoint *ep = u->endpoints[i];
        struct list_node *n;

        while ((n = ep->idle.head.next) != &ep->idle.head)
            conn_close(t->conns, container_of(n, struct conn, link), WHY_CONN_DRAIN);
        while ((n = ep->shared.head.next) != &ep->shared.head) {
            struct conn *c = container_of(n, struct conn, link);

            list_remove(&c->link);
            if (c->session == NULL || c->session->streams_n == 0)
                conn_close(t->conns, c, WHY_CONN_DRAIN);
            else
                conn_drain(t->conns, c);
        }
    }
}

void up_drop(struct up_table *t, struct up *u)
{
    MUST(u->holds_n > 0);
    if (--u->holds_n > 0)
        return;
    if (!u->is_retired) {
        u->is_retired = true;
        list_remove(&u->node);
        list_push(&t->retired, &u->node);
        u->holds_n++; /* Closing answers with up_on_gone, which must not free u under us. */
        up_close_idle_of(t, u);
        u->holds_n--;
    }
    up_free_if_left(t, u);
}

void up_close_idle(struct up_table *t)
{
    for (struct list_node *n = t->live.head.next; n != &t->live.head; n = n->next)
        up_close_idle_of(t, container_of(n, struct up, node));
}

/* ---- lending ---- */

struct up_endpoint *up_pick(struct up *u, struct rng *rng, const struct up_endpoint *avoid)
{
    if (u->endpoints_n == 0)
        return NULL;
    if (u->endpoints_n == 1)
        return u->endpoints[0];
    switch (u->balance) {
    case BALANCE_ROUND_ROBIN:
        return balance_round_robin.pick(u, rng, avoid);
    case BALANCE_LEAST_REQUEST:
        return balance_least_request.pick(u, rng, avoid);
    }
    must_not_reach("up_pick: unlisted algorithm");
}

/* A connection was verified for one name. Where that name is each request's own host, it may carry no other request: the next
 * one may be for another host, and only a new handshake can say whose that is. */
static bool up_may_keep(const struct up *u)
{
    return u->tls == NULL || u->server_name.len > 0;
}

static struct conn *up_find_kept(struct up_endpoint *ep)
{
    struct list_node *n;

    if (!up_may_keep(ep->up))
        return NULL;

    while ((n = ep->idle.head.prev) != &ep->idle.head) { /* The one used last is the warmest. */
        struct conn *c = container_of(n, struct conn, link);

        list_remove(n);
        ep->idle_n--;
        if (c->session != NULL && c->session->may_start && !c->has_eof && !c->is_broken)
            return c;
    }
    for (n = ep->shared.head.next; n != &ep->shared.head; n = n->next) {
        struct conn *c = container_of(n, struct conn, link);

        if (c->session != NULL && c->session->may_start && !c->has_eof && !c->is_broken)
            return c;
    }
    return NULL;
}

enum why up_lend(struct up_table *t, struct up_endpoint *ep, struct span server_name, struct conn **out_conn, bool *out_reused)
{
    struct up *u = ep->up;
    struct conn *c = up_find_kept(ep);
    enum why why;

    *out_reused = c != NULL;
    if (c == NULL) {
        struct conn_target target = {
            .address = &ep->conf.address,
            .is_h2 = u->protocol == UP_HTTP2,
            .tls = u->tls,
            .server_name = u->server_name.len > 0 ? u->server_name : server_name,
            .endpoint_key = (uint64_t)(uintptr_t)ep,
            .connect_timeout_ns = u->connect_timeout_ns,
            .idle_timeout_ns = u->idle_timeout_ns,
        };
        if ((why = conn_connect(t->conns, &target, ep, &c)) != WHY_OK)
            return why;
        ep->conns_n++;
        u->conns_n++;
        if (c->session->type->is_multiplexed && up_may_keep(u))
            list_push(&ep->shared, &c->link);
    } else {
        counter_add(&t->conns->shard->counters, METRIC_UP_REUSES, 1);
    }
    ep->requests_n++;
    *out_conn = c;
    return WHY_OK;
}

void up_return(struct up_table *t, struct up_endpoint *ep, struct conn *c)
{
    const struct session *s = c != NULL ? c->session : NULL;

    MUST(ep->requests_n > 0);
    ep->requests_n--;
    if (s == NULL)
        return;
    MUST(c->owner == ep);
    if (s->type->is_multiplexed) {
        if (!up_may_keep(ep->up))
            conn_drain(t->conns, c);
        return;
    }
    if (!up_may_keep(ep->up) || !s->may_start || s->is_done || c->has_eof || c->is_broken || ep->up->is_retired || t->conns->is_draining ||
        ep->idle_n >= UP_IDLE_CONNS_MAX) {
        shard_wake(t->conns->shard, &c->task);
        if (s->may_start)
            conn_drain(t->conns, c);
        return;
    }
    list_push(&ep->idle, &c->link);
    ep->idle_n++;
}

void up_on_gone(struct up_table *t, struct conn *c)
{
    struct up_endpoint *ep = c->owner;
    struct up *u = ep->up;

    if (list_has(&c->link)) {
        list_remove(&c->link);
        if (u->protocol != UP_HTTP2)
            ep->idle_n--;
    }
    MUST(ep->conns_n > 0 && u->conns_n > 0);
    ep->conns_n--;
    u->conns_n--;
    up_free_if_left(t, u);
}
