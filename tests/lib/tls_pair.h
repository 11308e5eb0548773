/* tls_pair.h - a TLS client and a TLS server in one thread, joined by queues: no sockets, the wire is cut by hand.
 *
 * Use:    pair_open, then pair_shake or pair_run in a loop, then pair_close, which checks that every slot came back.
 */
#pragma once

#include <stdlib.h>

#include "base/limits.h"
#include "conf/snapshot.h"
#include "conn/tls.h"
#include "lib/check.h"

#define PKI "tests/vectors/tls/"

/* One end: what conn does with TLS, in small. */
struct pair_end {
    struct tls *tls;
    struct bufq wire, plain_in, plain_out, out;
    enum why    why;              /* what tls_feed said last */
    bool        has_hello;        /* server: the hello was whole */
    struct tls_hello hello;
};

struct pair {
    struct shard       shard;
    struct pool        pool;
    struct pair_end    client, server;
    struct tls_server *host;      /* lent by the test */
    enum tls_alpn      alpn;
    uint32_t           cut;       /* bytes that travel at a time, 0: all */
    bool               by_reference; /* as the ring does: pieces of 64 KiB buffers */
};

static inline struct span pair_file(const char *name)
{
    char  path[256];
    FILE *file;
    uint8_t *bytes = malloc(65536);
    size_t len;

    (void)snprintf(path, sizeof(path), PKI "%s", name);
    file = fopen(path, "rb");
    CHECK(file != NULL && bytes != NULL, "%s: cannot be opened\n", path);
    len = fread(bytes, 1, 65536, file);
    fclose(file);
    return span_of(bytes, len);
}

/* Configuration with usual values; the test changes what it is about. */
static inline struct tls_certificate pair_certificate(const char *name)
{
    char file[64];
    struct tls_certificate c;

    (void)snprintf(file, sizeof(file), "%s.pem", name);
    c.chain_pem = pair_file(file);
    (void)snprintf(file, sizeof(file), "%s.key", name);
    c.key_pem = pair_file(file);
    return c;
}

static inline void pair_certificate_free(struct tls_certificate *c)
{
    free((void *)(uintptr_t)c->chain_pem.at);
    free((void *)(uintptr_t)c->key_pem.at);
}

static inline void pair_free(struct span s)
{
    free((void *)(uintptr_t)s.at);
}

struct pair_host {
    struct tls_host        host;
    struct tls_certificate certificates[2];
};

/* second may be NULL. */
static inline void pair_host_init(struct pair_host *h, const char *first, const char *second)
{
    memset(h, 0, sizeof(*h));
    h->certificates[0] = pair_certificate(first);
    h->host.certificates_n = 1;
    if (second != NULL) {
        h->certificates[1] = pair_certificate(second);
        h->host.certificates_n = 2;
    }
    h->host.certificates = h->certificates;
    h->host.version_min = 12;
    h->host.version_max = 13;
    h->host.allows_h2 = true;
}

static inline void pair_host_fini(struct pair_host *h)
{
    for (uint32_t i = 0; i < h->host.certificates_n; i++)
        pair_certificate_free(&h->certificates[i]);
    pair_free(h->host.client_ca_pem);
    pair_free(h->host.ocsp_response);
}

static inline struct tls_server *pair_server(const struct pair_host *h, struct tls_ticket_keys *keys)
{
    struct tls_server *server = NULL;
    char error[256] = "";
    enum why why = tls_server_open(&h->host, keys, &server, error, sizeof(error));

    CHECK(why == WHY_OK, "server: %s: %s\n", why_name(why), error);
    return server;
}

/* ca, identity: files, or NULL. */
static inline struct tls_client *pair_client(const char *ca, const char *identity, bool verify_ca, bool verify_name)
{
    struct upstream up = { .is_tls = true, .verify_ca = verify_ca, .verify_name = verify_name };
    struct tls_certificate own = { 0 };
    struct tls_client *client = NULL;
    char error[256] = "";

    if (ca != NULL)
        up.ca_pem = pair_file(ca);
    if (identity != NULL) {
        own = pair_certificate(identity);
        up.client_chain_pem = own.chain_pem;
        up.client_key_pem = own.key_pem;
    }
    enum why why = tls_client_open(&up, &client, error, sizeof(error));
    CHECK(why == WHY_OK, "client: %s: %s\n", why_name(why), error);
    pair_free(up.ca_pem);
    pair_certificate_free(&own);
    return client;
}

/* ---- life ---- */

static inline void pair_begin(struct pair *p)
{
    memset(p, 0, sizeof(*p));
    CHECK(shard_open(&p->shard, 0, 1) == WHY_OK, "no shard\n");
    CHECK(pool_open(&p->pool, "tls", tls_slot_bytes(), 64) == WHY_OK, "no pool\n");
}

/* One connection; pair_begin came before, and pair_drop comes between two. */
static inline void pair_connect(struct pair *p, struct tls_client *client, struct tls_server *host, const char *name,
                                bool h2, bool h1)
{
    p->host = host;
    memset(&p->client, 0, sizeof(p->client));
    memset(&p->server, 0, sizeof(p->server));
    enum why why = tls_connect_open(&p->pool, &p->shard, client, span_str(name), 1, h2, h1, &p->client.tls);
    CHECK(why == WHY_OK, "connect: %s\n", why_name(why));
    CHECK(tls_has_more(p->client.tls) && !tls_is_ready(p->client.tls), "a client speaks first\n");
}

static inline void pair_end_clear(struct pair *p, struct pair_end *e)
{
    tls_close(e->tls);
    e->tls = NULL;
    bufq_clear(&p->shard.queues, &e->wire);
    bufq_clear(&p->shard.queues, &e->plain_in);
    bufq_clear(&p->shard.queues, &e->plain_out);
    bufq_clear(&p->shard.queues, &e->out);
}

static inline void pair_drop(struct pair *p)
{
    pair_end_clear(p, &p->client);
    pair_end_clear(p, &p->server);
    CHECK(p->pool.live_n == 0, "slots are out\n");
    CHECK(p->shard.queues.segs.live_n == 0 && buf_pool_live_n(&p->shard.queues.bufs) == 0, "buffers are out\n");
}

static inline void pair_end(struct pair *p)
{
    pair_drop(p);
    pool_close(&p->pool);
    shard_close(&p->shard);
}

/* ---- travel ---- */

static inline void pair_buf_back(struct buf *b)
{
    free(b->home);
}

/* A piece as the ring delivers it: in a large buffer of which it is a part. */
static inline void pair_deliver(struct pair *p, struct bufq *to, const uint8_t *bytes, uint32_t len)
{
    enum why why;

    if (!p->by_reference) {
        why = bufq_push_copy(&p->shard.queues, to, span_of(bytes, len));
    } else {
        struct whole { struct buf buf; uint8_t mem[65536 + 64]; } *w = malloc(sizeof(*w));
        CHECK(w != NULL && len <= 65536, "no memory\n");
        w->buf = (struct buf){ .mem = w->mem, .bytes = sizeof(w->mem), .refs = 1, .used = sizeof(w->mem), .home = w,
                               .on_free = pair_buf_back };
        memcpy(w->mem + 32, bytes, len);
        why = bufq_push_buf(&p->shard.queues, to, &w->buf, w->mem + 32, len);
    }
    CHECK(why == WHY_OK, "deliver: %s\n", why_name(why));
}

/* What from wants to send reaches to, at most limit bytes; answers how many. */
static inline uint32_t pair_travel(struct pair *p, struct pair_end *from, struct pair_end *to, uint32_t limit)
{
    static uint8_t bytes[65536];
    uint32_t len = bufq_peek(&from->out, bytes, limit > 0 && limit < sizeof(bytes) ? limit : sizeof(bytes));

    if (len > 0)
        pair_deliver(p, &to->wire, bytes, len);
    bufq_eat(&p->shard.queues, &from->out, len);
    return len;
}

static inline void pair_feed(struct pair *p, struct pair_end *e)
{
    if (e == &p->server && e->tls == NULL) {
        enum why why = WHY_OK;
        switch (tls_hello_read(&e->wire, &e->hello, &why)) {
        case TLS_HELLO_MORE:
            return;
        case TLS_HELLO_BAD:
            e->why = why;
            return;
        case TLS_HELLO_DONE:
            break;
        }
        e->has_hello = true;
        why = tls_accept_open(&p->pool, &p->shard, p->host, &e->hello, p->alpn, &e->tls);
        CHECK(why == WHY_OK, "accept: %s\n", why_name(why));
    }
    e->why = tls_feed(e->tls, &e->wire, &e->plain_in, UINT32_MAX, &e->out);
    if (e->why == WHY_OK && tls_is_ready(e->tls) && !bufq_is_empty(&e->plain_out))
        e->why = tls_pull(e->tls, &e->plain_out, &e->out, UINT32_MAX);
}

/* Until nothing moves any more. */
static inline void pair_run(struct pair *p)
{
    bool moved = true;

    if (tls_has_more(p->client.tls))
        pair_feed(p, &p->client);
    while (moved) {
        moved = false;
        if (p->server.why == WHY_OK && pair_travel(p, &p->client, &p->server, p->cut) > 0) {
            pair_feed(p, &p->server);
            moved = true;
        }
        if (p->client.why == WHY_OK && pair_travel(p, &p->server, &p->client, p->cut) > 0) {
            pair_feed(p, &p->client);
            moved = true;
        }
    }
    if (p->server.tls != NULL && p->server.why == WHY_OK)
        pair_feed(p, &p->server);
    if (p->client.why == WHY_OK)
        pair_feed(p, &p->client);
}

static inline bool pair_is_ready(const struct pair *p)
{
    return p->client.why == WHY_OK && p->server.why == WHY_OK && p->server.tls != NULL && tls_is_ready(p->client.tls) &&
           tls_is_ready(p->server.tls);
}

/* A whole handshake that must do. */
static inline void pair_shake(struct pair *p, struct tls_client *client, struct tls_server *host, const char *name)
{
    pair_connect(p, client, host, name, false, false);
    pair_run(p);
    CHECK(pair_is_ready(p), "%s: client %s, server %s\n", name, why_name(p->client.why), why_name(p->server.why));
}

static inline void pair_say(struct pair *p, struct pair_end *e, const void *bytes, size_t len)
{
    CHECK(bufq_push_copy(&p->shard.queues, &e->plain_out, span_of(bytes, len)) == WHY_OK, "no room\n");
}

/* Exactly these bytes were heard; they are eaten. */
static inline void pair_heard(struct pair *p, struct pair_end *e, const void *bytes, size_t len, const char *what)
{
    uint8_t *got = malloc(len + 1);

    CHECK(got != NULL && e->plain_in.bytes == len, "%s: %u bytes in place of %zu\n", what, e->plain_in.bytes, len);
    (void)bufq_peek(&e->plain_in, got, (uint32_t)len);
    CHECK(memcmp(got, bytes, len) == 0, "%s: heard something else\n", what);
    bufq_eat(&p->shard.queues, &e->plain_in, (uint32_t)len);
    free(got);
}

/* Both ways. */
static inline void pair_talk(struct pair *p, const char *what)
{
    pair_say(p, &p->client, "question", 8);
    if (p->client.why == WHY_OK)
        pair_feed(p, &p->client);
    pair_run(p);
    pair_heard(p, &p->server, "question", 8, what);
    pair_say(p, &p->server, "an answer", 9);
    pair_feed(p, &p->server);
    pair_run(p);
    pair_heard(p, &p->client, "an answer", 9, what);
}
