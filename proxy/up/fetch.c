/* fetch.c - see fetch.h. */
#include "up/fetch.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/must.h"
#include "base/random.h"
#include "http/session.h"
#include "io/socket_address.h"
#include "proto/uri.h"
#include "up/resolver.h"
#include "up/up.h"

enum fetch_state {
    FETCH_AWAIT_TURN = 0, /* its first, or the next hop's: nothing is done on the stack of who asked */
    FETCH_AWAIT_NAME,
    FETCH_AWAIT_ANSWER,
};

struct fetch {
    struct task         task;      /* TASK_FETCH */
    struct timer        timer;     /* TASK_FETCH */
    struct fetch_table *table;
    struct fetch_request request;
    enum fetch_state    state;
    enum why            why;       /* the end, told in the next turn */
    /* where to */
    struct span         url, scheme, authority, origin, host;
    uint16_t            port;
    uint32_t            hops_n, tries_n;
    bool                is_elsewhere; /* at another host than the one that was asked for */
    struct resolver_ask *ask;
    struct dns_addresses addresses;
    /* the request in progress */
    struct tls_client  *tls;
    struct up          *up;
    struct up_endpoint *endpoint;
    struct stream       stream;
    struct arena        arena;
    struct head         asked, answer, trailers;
    uint8_t            *body;      /* body_bytes_max of address space; NULL: none yet */
    uint32_t            body_bytes;
    char                sentence[256];
};

enum why fetch_table_open(struct fetch_table *t, struct shard *shard, struct up_table *ups, struct resolver *resolver)
{
    *t = (struct fetch_table){ .shard = shard, .ups = ups, .resolver = resolver };
    return pool_open(&t->fetches, "fetch", sizeof(struct fetch), FETCHES_MAX);
}

void fetch_table_close(struct fetch_table *t)
{
    MUST(t->fetches.live_n == 0);
    pool_close(&t->fetches);
}

/* ---- the end ---- */

/* The connection, if there is one, is left: it goes with the upstream that was made for it. */
static void fetch_leave(struct fetch *f, enum why why)
{
    struct fetch_table *t = f->table;
    struct conn *c = NULL;

    if (f->stream.session != NULL) {
        c = conn_of_session(f->stream.session);
        c->session->type->stream_leave(c->session, &f->stream, why);
        f->stream.session = NULL;
        shard_wake(t->shard, &c->task);
    }
    if (f->stream.reader != NULL) {
        f->stream.reader = NULL;
        up_return(t->ups, f->endpoint, c);
    }
    bufq_clear(&t->shard->queues, &f->stream.rx);
    bufq_clear(&t->shard->queues, &f->stream.tx);
}

static void fetch_drop_up(struct fetch *f)
{
    if (f->up != NULL)
        up_drop(f->table->ups, f->up);
    f->up = NULL;
    tls_client_close(f->tls);
    f->tls = NULL;
}

static void fetch_free(struct fetch *f)
{
    struct fetch_table *t = f->table;

    fetch_leave(f, WHY_OK);
    fetch_drop_up(f);
    if (f->ask != NULL)
        resolver_cancel(f->ask);
    wheel_cancel(&t->shard->wheel, &f->timer);
    if (list_has(&f->task.node))
        list_remove(&f->task.node);
    if (f->body != NULL)
        memory_unmap(f->body, f->request.body_bytes_max);
    arena_fini(&f->arena);
    pool_give(&t->fetches, f);
}

static void fetch_finish(struct fetch *f, enum why why)
{
    struct fetch_result result = { .why = why, .sentence = f->sentence, .url = f->url };

    if (why == WHY_OK) {
        result.status = f->answer.status;
        result.head = &f->answer;
        result.body = span_of(f->body, f->body_bytes);
    }
    fetch_leave(f, why);
    f->request.on_done(f->request.owner, &result);
    fetch_free(f);
}

void fetch_cancel(struct fetch *f)
{
    fetch_free(f);
}

/* ---- the request ---- */

static enum why fetch_fill_head(struct fetch *f)
{
    const struct fetch_request *r = &f->request;
    struct head *h = &f->asked;
    bool fits;

    head_init(h, &f->arena);
    h->version = HTTP_VERSION_11;
    h->method = (uint8_t)r->method;
    h->method_text = method_name(r->method);
    h->scheme = f->scheme;
    h->authority = f->authority;
    h->target = f->origin;
    fits = head_add(h, SPAN_LIT("user-agent"), SPAN_LIT("api-forge/" FORGE_VERSION), 0) &&
           head_add(h, SPAN_LIT("accept"), SPAN_LIT("*/*"), 0);
    for (uint32_t i = 0; i < r->fields_n && fits; i++)
        if (!r->fields[i].is_secret || !f->is_elsewhere)
            fits = head_add(h, r->fields[i].name, r->fields[i].value, FIELD_NEVER_INDEX);
    if (r->body.len > 0 || r->method == METHOD_POST) {
        h->has_content_length = true;
        h->content_length = r->body.len;
        h->has_body = r->body.len > 0;
        if (r->content_type.len > 0)
            fits = fits && head_add(h, SPAN_LIT("content-type"), r->content_type, 0);
    }
    return fits ? WHY_OK : WHY_ARENA_FULL;
}

static enum why fetch_bind(struct fetch *f)
{
    struct fetch_table *t = f->table;
    struct stream *st = &f->stream;
    struct conn *c = NULL;
    bool is_reused;
    enum why why;

    f->endpoint = up_pick(f->up, &t->shard->rng, f->endpoint);
    MUST(f->endpoint != NULL);
    f->tries_n++;
    if ((why = up_lend(t->ups, f->endpoint, f->host, &c, &is_reused)) != WHY_OK)
        return why;
    head_init(&f->answer, &f->arena);
    head_init(&f->trailers, &f->arena);
    *st = (struct stream){ .reader = &f->task, .rx_head = &f->answer, .rx_trailers = &f->trailers, .tx_head = &f->asked,
                           .tx_has_head = true, .tx_end = true };
    why = bufq_push_copy(&t->shard->queues, &st->tx, f->request.body);
    if (why == WHY_OK)
        why = c->session->type->stream_start(c->session, st);
    if (why != WHY_OK) {
        st->session = NULL;
        st->reader = NULL;
        up_return(t->ups, f->endpoint, c);
        return why;
    }
    shard_wake(t->shard, &c->task);
    f->state = FETCH_AWAIT_ANSWER;
    return WHY_OK;
}

static enum why fetch_open_tls(struct fetch *f, const struct upstream *conf)
{
    if (!conf->is_tls)
        return WHY_OK;
    return tls_client_open(conf, &f->tls, f->sentence, sizeof(f->sentence));
}

/* An upstream of its own, for one request: what a worker knows about addresses, TLS and connections holds here as well. */
static enum why fetch_connect(struct fetch *f)
{
    const struct fetch_request *r = &f->request;
    struct endpoint endpoints[FETCH_ADDRESSES_MAX];
    struct span name = r->server_name.len > 0 && !f->is_elsewhere ? r->server_name : f->host;
    struct upstream conf = {
        .name = SPAN_LIT("fetch"), .endpoints = endpoints, .connect_timeout_ns = FETCH_CONNECT_MS * NS_PER_MS,
        .idle_timeout_ns = NS_PER_S, .is_tls = span_is(f->scheme, SPAN_LIT("https")), .verify_ca = true, .verify_name = true,
        .tls_version_min = 12, .tls_version_max = 13, .ca_pem = r->ca_pem,
    };
    enum why why;

    if (!f->is_elsewhere) {
        conf.client_chain_pem = r->client_chain_pem;
        conf.client_key_pem = r->client_key_pem;
    }
    if (name.len > 2 && name.at[0] == '[')
        name = span_of(name.at + 1, name.len - 2);
    conf.server_name = name;
    random_secure(conf.digest, sizeof(conf.digest));
    for (; conf.endpoints_n < f->addresses.n && conf.endpoints_n < FETCH_ADDRESSES_MAX; conf.endpoints_n++) {
        struct endpoint *ep = &endpoints[conf.endpoints_n];

        *ep = (struct endpoint){ .text = f->authority, .weight = 1 };
        socket_address_join(f->addresses.all[conf.endpoints_n], f->port, &ep->address);
    }
    if ((why = fetch_open_tls(f, &conf)) != WHY_OK || (why = fetch_fill_head(f)) != WHY_OK)
        return why;
    f->up = up_hold_for(f->table->ups, &conf, f->tls);
    f->tries_n = 0;
    return f->up != NULL ? fetch_bind(f) : WHY_POOL_EXCHANGE_EMPTY;
}

/* ---- where to ---- */

static void fetch_on_name(void *owner, enum why why, const struct dns_addresses *found)
{
    struct fetch *f = owner;

    f->ask = NULL;
    f->why = why;
    if (why == WHY_OK)
        f->addresses = *found;
    shard_wake(f->table->shard, &f->task);
}

static enum why fetch_read_url(struct fetch *f)
{
    if (!uri_split_absolute(f->url, &f->scheme, &f->authority, &f->origin) || uri_check_authority(f->authority) != WHY_OK ||
        uri_check_target(f->origin) != WHY_OK || !uri_split_host_port(f->authority, &f->host, &f->port)) {
        snprintf(f->sentence, sizeof(f->sentence), "\"%.*s\" must be like https://git.example.com/path", SPAN_FMT(f->url));
        return WHY_FETCH_URL;
    }
    if (f->port == 0)
        f->port = span_is(f->scheme, SPAN_LIT("https")) ? 443 : 80;
    return WHY_OK;
}

static enum why fetch_find(struct fetch *f)
{
    struct span host = f->host;
    enum why why = fetch_read_url(f);

    if (why != WHY_OK)
        return why;
    host = f->host.at[0] == '[' ? span_of(f->host.at + 1, f->host.len - 2) : f->host;
    f->addresses.n = 0;
    if (address_parse(host, f->addresses.all[0])) {
        f->addresses.n = 1;
        return fetch_connect(f);
    }
    if (f->table->resolver == NULL)
        return WHY_DNS_NO_NAME;
    f->state = FETCH_AWAIT_NAME;
    f->ask = resolver_ask(f->table->resolver, host, fetch_on_name, f);
    return f->ask != NULL ? WHY_OK : WHY_DNS_FAILED;
}

/* ---- the answer ---- */

static bool is_redirect(const struct fetch *f)
{
    uint16_t s = f->answer.status;

    return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) && f->request.redirects_max > 0 &&
           (f->request.method == METHOD_GET || f->request.method == METHOD_HEAD);
}

static enum why fetch_follow(struct fetch *f)
{
    const struct field *to = head_find_name(&f->answer, SPAN_LIT("location"));
    struct span scheme = f->scheme, authority = f->authority, url = SPAN_NONE;
    bool was_tls = span_is(scheme, SPAN_LIT("https"));
    enum why why;

    if (to == NULL || to->value.len == 0)
        return WHY_FETCH_URL;
    if (++f->hops_n > f->request.redirects_max)
        return WHY_FETCH_REDIRECTS;
    if (to->value.at[0] == '/' && !span_starts(to->value, SPAN_LIT("//"))) {
        url = arena_append(&f->arena, url, scheme);
        url = arena_append(&f->arena, url, SPAN_LIT("://"));
        url = arena_append(&f->arena, url, authority);
    }
    url = arena_append(&f->arena, url, to->value);
    if (f->arena.is_full)
        return WHY_ARENA_FULL;
    f->url = url;
    if ((why = fetch_read_url(f)) != WHY_OK)
        return why;
    if (was_tls && !span_is(f->scheme, SPAN_LIT("https")))
        return WHY_FETCH_DOWNGRADE;
    f->is_elsewhere |= !span_is_nocase(f->authority, authority);
    fetch_leave(f, WHY_OK);
    fetch_drop_up(f);
    f->endpoint = NULL;
    f->body_bytes = 0;
    f->state = FETCH_AWAIT_TURN;
    shard_wake(f->table->shard, &f->task);
    return WHY_OK;
}

static enum why fetch_take_body(struct fetch *f)
{
    struct stream *st = &f->stream;
    struct bufq_env *env = &f->table->shard->queues;
    struct span piece;

    if (f->answer.has_content_length && f->answer.content_length > f->request.body_bytes_max)
        return WHY_FETCH_LONG;
    if (st->rx.bytes > f->request.body_bytes_max - f->body_bytes)
        return WHY_FETCH_LONG;
    if (st->rx.bytes > 0 && f->body == NULL && (f->body = memory_map(f->request.body_bytes_max)) == NULL)
        return WHY_IO_NO_MEMORY;
    while (!bufq_is_empty(&st->rx)) {
        piece = bufq_front(&st->rx);
        memcpy(f->body + f->body_bytes, piece.at, piece.len);
        f->body_bytes += (uint32_t)piece.len;
        bufq_eat(env, &st->rx, (uint32_t)piece.len);
    }
    if (st->session != NULL) {
        if (st->session->type->stream_touch != NULL)
            st->session->type->stream_touch(st->session, st);
        shard_wake(f->table->shard, st->session->conn_task);
    }
    return WHY_OK;
}

/* Another address, where the first one cannot have heard of us. */
static enum why fetch_try_next(struct fetch *f, enum why why)
{
    if (f->stream.rx_has_head || f->stream.tx_head_done || !why_may_retry(why) || f->tries_n >= f->up->endpoints_n)
        return why;
    fetch_leave(f, why);
    return fetch_bind(f);
}

static enum why fetch_read(struct fetch *f, bool *out_is_whole)
{
    struct stream *st = &f->stream;
    enum why why = WHY_OK;

    if (st->rx_has_head && st->rx_interim) {
        st->rx_has_head = st->rx_interim = false;
        if (st->session != NULL)
            shard_wake(f->table->shard, st->session->conn_task);
        return WHY_OK;
    }
    if (st->rx_has_head) {
        if (is_redirect(f))
            return fetch_follow(f);
        if ((why = fetch_take_body(f)) != WHY_OK)
            return why;
        *out_is_whole = st->rx_end && bufq_is_empty(&st->rx);
    }
    if (!*out_is_whole && st->gone != WHY_OK)
        return fetch_try_next(f, st->gone);
    return WHY_OK;
}

/* ---- turns ---- */

void fetch_step(struct task *task)
{
    struct fetch *f = container_of(task, struct fetch, task);
    bool is_whole = false;
    enum why why = f->why;

    if (why == WHY_OK) {
        switch (f->state) {
        case FETCH_AWAIT_TURN:
            why = fetch_find(f);
            break;
        case FETCH_AWAIT_NAME:
            why = f->ask == NULL ? fetch_connect(f) : WHY_OK;
            break;
        case FETCH_AWAIT_ANSWER:
            why = fetch_read(f, &is_whole);
            break;
        }
    }
    if (why != WHY_OK || is_whole)
        fetch_finish(f, why);
}

void fetch_on_timer(struct timer *timer)
{
    struct fetch *f = container_of(timer, struct fetch, timer);

    f->why = WHY_FETCH_SLOW;
    shard_wake(f->table->shard, &f->task);
}

struct fetch *fetch_start(struct fetch_table *t, const struct fetch_request *request)
{
    struct fetch *f = pool_take(&t->fetches);

    if (f == NULL)
        return NULL;
    MUST(request->timeout_ns > 0 && request->on_done != NULL && request->body_bytes_max > 0);
    f->task.kind = TASK_FETCH;
    f->timer.kind = TASK_FETCH;
    f->table = t;
    f->request = *request;
    f->url = request->url;
    arena_init(&f->arena, &t->shard->queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    wheel_arm(&t->shard->wheel, &f->timer, t->shard->now_ns + request->timeout_ns);
    shard_wake(t->shard, &f->task);
    return f;
}
