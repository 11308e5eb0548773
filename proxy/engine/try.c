/* try.c - see try.h. The steps of a request in their order.
 *
 * Layer:  engine.
 */
#include "engine/try.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/rewrite.h"
#include "engine/try_inside.h"
#include "http/problem.h"
#include "io/socket_address.h"
#include "policy/policy.h"
#include "proto/address.h"
#include "proto/uri.h"

enum {
    TRY_SEGS_MAX   = 1024,
    TRY_SMALLS_MAX = 1024,  /* 4 MiB: sentences, a head, a piece of body */
    TRY_LARGES_MAX = 64,
    SAYS_BYTES_MAX = 600,
    PIECE_BYTES    = 16384, /* of a body that policies look at */
};
STATIC_MUST((int)TRY_POLICIES_MAX >= (int)CHAIN_ENTRIES_MAX, "each policy of a chain is told");

struct try *try_open(void)
{
    struct try *t = memory_map(sizeof(*t));

    if (t == NULL)
        return NULL;
    if (bufq_env_open(&t->shard.queues, TRY_SEGS_MAX, TRY_SMALLS_MAX, TRY_LARGES_MAX) != WHY_OK) {
        memory_unmap(t, sizeof(*t));
        return NULL;
    }
    t->engine.shard = &t->shard;
    arena_init(&t->said, &t->shard.queues.bufs, TRY_SAID_BYTES_MAX);
    arena_init(&t->x.arena, &t->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    return t;
}

void try_close(struct try *t)
{
    if (t == NULL)
        return;
    arena_fini(&t->said);
    arena_fini(&t->x.arena);
    bufq_env_close(&t->shard.queues);
    memory_unmap(t, sizeof(*t));
}

void try_say(struct try *t, enum try_step_kind kind, enum why why, const char *format, ...)
{
    char says[SAYS_BYTES_MAX];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(says, sizeof(says), format, args);
    va_end(args);
    if (len >= (int)sizeof(says))
        len = (int)sizeof(says) - 1;
    MUST(len >= 0 && t->result.steps_n < TRY_STEPS_MAX);
    t->result.steps[t->result.steps_n++] = (struct try_step){ kind, why, arena_copy(&t->said, span_of(says, (size_t)len)) };
}

void try_end(struct try *t, enum why why, uint16_t status)
{
    MUST(why != WHY_OK);
    t->result.why = why;
    t->result.status = status;
    if (status != 0)
        try_say(t, TRY_ANSWER, why, "the gateway answers %u itself: %s", status, why_sentence(why));
    else
        try_say(t, TRY_ANSWER, why, "the connection is cut: %s", why_sentence(why));
}

/* ---- which listener ---- */

static uint16_t listener_port(const struct listener *l)
{
    uint8_t address[ADDRESS_BYTES];
    uint16_t port = 0;

    socket_address_split(&l->address, address, &port);
    return port;
}

static struct span host_of(struct span authority, uint16_t *out_port)
{
    struct span host = SPAN_NONE;

    *out_port = 0;
    if (authority.len > 0)
        (void)uri_split_host_port(authority, &host, out_port);
    return host;
}

static const struct listener *find_by_port(const struct try *t, uint16_t port)
{
    for (uint32_t i = 0; i < t->snapshot->listeners_n; i++)
        if (listener_port(&t->snapshot->listeners[i]) == port)
            return &t->snapshot->listeners[i];
    return NULL;
}

/* Something stands before the gateway and maps ports, as in most places: take what serves scheme and host. */
static const struct listener *find_by_host(const struct try *t, struct span host)
{
    const struct listener *first = NULL;

    for (uint32_t i = 0; i < t->snapshot->listeners_n; i++) {
        const struct listener *l = &t->snapshot->listeners[i];
        if (l->is_tls != t->is_tls)
            continue;
        if (router_host(l, host) != NULL)
            return l;
        if (first == NULL)
            first = l;
    }
    return first;
}

static bool take_listener(struct try *t)
{
    struct try_result *r = &t->result;
    uint16_t wanted, port;
    struct span host = host_of(t->authority, &port);

    wanted = t->request->port != 0 ? t->request->port : port != 0 ? port : t->is_tls ? 443 : 80;
    r->listener = find_by_port(t, wanted);
    if (r->listener == NULL && t->request->port == 0)
        r->listener = find_by_host(t, host);
    if (r->listener == NULL) {
        try_say(t, TRY_LISTENER, WHY_IO_REFUSED, "nothing listens on port %u", wanted);
        r->why = WHY_IO_REFUSED;
        return false;
    }
    port = listener_port(r->listener);
    if (port == wanted)
        try_say(t, TRY_LISTENER, WHY_OK, "listener %.*s", SPAN_FMT(r->listener->name));
    else
        try_say(t, TRY_LISTENER, WHY_OK, "listener %.*s, as nothing listens on port %u and this one speaks %s",
                SPAN_FMT(r->listener->name), wanted, t->is_tls ? "https" : "http");
    if (r->listener->is_tls == t->is_tls)
        return true;
    try_say(t, TRY_TLS, t->is_tls ? WHY_H1_NOT_HTTP : WHY_TLS_PLAIN_HTTP, "port %u speaks %s", port, t->is_tls ? "plain HTTP" : "TLS");
    try_end(t, t->is_tls ? WHY_H1_NOT_HTTP : WHY_TLS_PLAIN_HTTP, problem_status(t->is_tls ? WHY_H1_NOT_HTTP : WHY_TLS_PLAIN_HTTP));
    return false;
}

/* Clients send no address as a server name (RFC 6066 s3). */
static struct span server_name_of(const struct try *t)
{
    uint8_t address[ADDRESS_BYTES];
    uint16_t port;
    struct span host;

    if (t->request->server_name.at != NULL)
        return t->request->server_name;
    host = host_of(t->authority, &port);
    return host.len > 0 && host.at[0] != '[' && !address_parse(host, address) ? host : SPAN_LIT("");
}

static bool take_tls(struct try *t)
{
    const struct tls_host *host;
    struct span name;

    if (!t->is_tls)
        return true;
    name = server_name_of(t);
    host = router_tls_host(t->result.listener, name);
    if (host == NULL) {
        try_say(t, TRY_TLS, WHY_TLS_NO_HOST, "server name `%.*s` has no certificate here", SPAN_FMT(name));
        try_end(t, WHY_TLS_NO_HOST, 0);
        return false;
    }
    t->has_tls_host = true;
    t->tls_host = host->listener_key;
    try_say(t, TRY_TLS, WHY_OK, "server name `%.*s` gets the certificate of host `%.*s`", SPAN_FMT(name),
            SPAN_FMT(host->hostname.len > 0 ? host->hostname : SPAN_LIT("*")));
    return true;
}

/* ---- the head, and where it belongs ---- */

static bool take_head(struct try *t)
{
    enum why why = try_take_head(t);

    if (why == WHY_OK) {
        try_say(t, TRY_HEAD, WHY_OK, "%.*s %.*s, %u fields", SPAN_FMT(t->x.request.method_text), SPAN_FMT(t->x.request.target),
                t->x.request.fields_n);
        return true;
    }
    try_say(t, TRY_HEAD, why, "the head is refused");
    try_end(t, why, problem_status(why));
    return false;
}

static struct span shown_host(const struct virtual_host *vh)
{
    return vh->hostname.len > 0 ? vh->hostname : SPAN_LIT("*");
}

static void say_path(struct try *t)
{
    if (span_is(t->before.target, t->x.request.target))
        try_say(t, TRY_PATH, WHY_OK, "path %.*s", SPAN_FMT(t->result.path));
    else
        try_say(t, TRY_PATH, WHY_OK, "path %.*s, normalised from %.*s", SPAN_FMT(t->result.path), SPAN_FMT(t->before.target));
}

static void say_route(struct try *t)
{
    const struct rule_origin *o = t->x.route->origin;
    char where[TRY_WHERE_BYTES];

    try_say(t, TRY_ROUTE, WHY_OK, "%s, %.*s line %u", try_where(o, where), SPAN_FMT(o->file), o->line);
}

static void say_shadow(struct try *t)
{
    const struct route *route = t->result.shadow_route = t->x.shadow.route;
    char where[TRY_WHERE_BYTES];

    if (route != NULL)
        try_say(t, TRY_SHADOW, WHY_OK, "a shadow would lead elsewhere: %s", try_where(route->origin, where));
}

/* What exchange_direct did, told in its order. */
static bool say_direction(struct try *t, enum why why)
{
    struct try_result *r = &t->result;

    r->client = exchange_client(&t->x);
    r->host = exchange_host(&t->x);
    r->route = t->x.route;
    if (why != WHY_OK && why != WHY_ROUTE_NO_HOST && why != WHY_ROUTE_MISDIRECTED && why != WHY_ROUTE_NO_MATCH && r->route == NULL) {
        try_say(t, TRY_PATH, why, "the path of %.*s is refused", SPAN_FMT(t->before.target));
        return false;
    }
    r->path = head_path(&t->x.request);
    say_path(t);
    say_shadow(t);
    if (why == WHY_ROUTE_NO_HOST || why == WHY_ROUTE_MISDIRECTED) {
        try_say(t, TRY_HOST, why, "host `%.*s` is not served %s", SPAN_FMT(t->x.authority),
                why == WHY_ROUTE_NO_HOST ? "here" : "under the certificate that was shown");
        return false;
    }
    try_say(t, TRY_HOST, WHY_OK, "virtual host `%.*s`", SPAN_FMT(shown_host(r->host)));
    if (!t->request->is_brief)
        try_find_near(t);
    if (r->route == NULL) {
        try_say(t, TRY_ROUTE, why, "no route of %u matches", r->host->routes_n);
        return false;
    }
    say_route(t);
    r->forwarded = try_changes_of(t, false);
    try_say(t, TRY_FORWARD, why, why == WHY_OK ? "the client is %.*s" : "forwarding fields of %.*s do not fit", SPAN_FMT(r->client));
    return why == WHY_OK;
}

static bool take_direction(struct try *t)
{
    const struct exchange_way way = { .peer = &t->peer, .tls_host = t->tls_host, .has_tls_host = t->has_tls_host };
    enum why why;

    try_note_head(t);
    why = exchange_direct(&t->x, &way);
    if (say_direction(t, why))
        return true;
    try_end(t, why, problem_status(why));
    return false;
}

/* ---- policies ---- */

static const char *policy_says(const struct try_policy *p)
{
    if (p->is_held)
        return "waits";
    return p->why == WHY_OK ? "lets it go on" : p->is_shadow ? "would refuse it" : "refuses it";
}

static bool take_policies(struct try *t)
{
    struct exchange *x = &t->x;
    enum why why = chain_start(x);

    for (uint32_t at = 0; why == WHY_OK && at < x->route->chain_n; at++) {
        struct try_policy *p = &t->result.policies[t->result.policies_n++];
        enum verdict verdict;

        try_note_head(t);
        verdict = chain_request_head_at(&t->engine, x, at, &why);
        *p = (struct try_policy){ .name = policy_list[x->route->chain[at].policy]->name, .why = why,
                                  .is_held = verdict == POLICY_HOLD, .is_shadow = x->route->chain[at].is_shadow };
        p->changes = try_changes_of(t, true);
        try_say(t, TRY_POLICY, p->is_shadow ? WHY_OK : why, "%s%s %s", p->name, p->is_shadow ? ", a shadow," : "", policy_says(p));
        if (p->is_shadow) {
            x->shadow.said |= why != WHY_OK ? 1U << at : 0;
            why = WHY_OK;
            continue;
        }
        if (verdict == POLICY_KILL) {
            try_end(t, why, 0);
            return false;
        }
    }
    if (why == WHY_OK && x->arena.is_full)
        why = WHY_ARENA_FULL;
    if (why != WHY_OK)
        try_end(t, why, problem_status(why));
    return why == WHY_OK;
}

/* One piece past all of them; shadows that speak up are told. */
static enum why take_piece(struct try *t, struct bufq *piece, bool is_end)
{
    struct exchange *x = &t->x;
    uint32_t said = x->shadow.said;
    enum why why;

    x->shadow.why = WHY_OK;
    why = chain_request_body(&t->engine, x, piece, is_end);
    for (uint32_t at = 0; at < x->route->chain_n; at++) {
        struct try_policy *p = &t->result.policies[at];
        if ((x->shadow.said & ~said & 1U << at) == 0)
            continue;
        p->why = (enum why)x->shadow.why;
        p->is_by_body = true;
        try_say(t, TRY_POLICY, WHY_OK, "%s, a shadow, %s, at most %llu bytes into its body", p->name, policy_says(p),
                (unsigned long long)(x->request_body_bytes + piece->bytes));
    }
    return why;
}

/* The body, in pieces of zeros, past those policies that look at it. */
static bool take_body(struct try *t)
{
    static const uint8_t zeros[PIECE_BYTES];
    struct exchange *x = &t->x;
    uint64_t left = t->request->body_bytes < TRY_BODY_BYTES_MAX ? t->request->body_bytes : TRY_BODY_BYTES_MAX;
    enum why why = WHY_OK;

    while (x->has_body_policy && why == WHY_OK && left > 0) {
        uint32_t n = left < PIECE_BYTES ? (uint32_t)left : PIECE_BYTES;
        struct bufq piece = { 0 };

        left -= n;
        why = bufq_push_copy(&t->shard.queues, &piece, span_of(zeros, n));
        if (why == WHY_OK)
            why = take_piece(t, &piece, left == 0);
        x->request_body_bytes += n;
        bufq_clear(&t->shard.queues, &piece);
    }
    if (why == WHY_OK)
        return true;
    if (x->refused_at > 0) {
        struct try_policy *p = &t->result.policies[x->refused_at - 1];
        p->why = why;
        p->is_by_body = true;
        try_say(t, TRY_POLICY, why, "%s %s, %llu bytes into its body", p->name, policy_says(p), (unsigned long long)x->request_body_bytes);
    }
    try_end(t, why, problem_status(why));
    return false;
}

/* ---- where to ---- */

static void take_redirect(struct try *t)
{
    struct exchange *x = &t->x;

    if (!rewrite_location(x->route, &x->request, x->is_tls, &x->arena, &t->result.location)) {
        t->result.location = SPAN_NONE;
        try_end(t, WHY_ARENA_FULL, problem_status(WHY_ARENA_FULL));
        return;
    }
    t->result.status = x->route->redirect->status;
    try_say(t, TRY_REDIRECT, WHY_OK, "the gateway answers %u, location %.*s", t->result.status, SPAN_FMT(t->result.location));
}

static enum why choose_upstream(struct try *t)
{
    uint32_t index = 0;
    enum why why = exchange_choose_backend(&t->x, &t->shard.rng, &index);

    if (why != WHY_OK)
        return why;
    t->result.upstream = &t->snapshot->upstreams[index];
    if (t->result.upstream->protocol != UP_ECHO && t->result.upstream->endpoints_n == 0)
        return WHY_UP_NO_ENDPOINT;
    return WHY_OK;
}

static bool take_upstream(struct try *t)
{
    struct try_result *r = &t->result;
    enum why why = choose_upstream(t);
    struct span name = r->upstream != NULL ? r->upstream->name : SPAN_NONE;

    if (why != WHY_OK) {
        try_say(t, TRY_UPSTREAM, why, "there is no upstream to go to");
        try_end(t, why, problem_status(why));
        return false;
    }
    try_say(t, TRY_UPSTREAM, WHY_OK, "upstream %.*s, one of %u", SPAN_FMT(name), t->x.route->backends_n);
    try_note_head(t);
    if (!rewrite_request(t->x.route, &t->x.request, exchange_backend_host(r->upstream->server_name, name))) {
        try_end(t, WHY_ARENA_FULL, problem_status(WHY_ARENA_FULL));
        return false;
    }
    r->rewritten = try_changes_of(t, true);
    if (r->rewritten.n > 0)
        try_say(t, TRY_REWRITE, WHY_OK, "goes there as %.*s to %.*s", SPAN_FMT(t->x.request.target), SPAN_FMT(t->x.request.authority));
    return true;
}

/* ---- all of it ---- */

static void begin(struct try *t, const struct snapshot *snapshot, const struct try_request *request)
{
    struct exchange *x = &t->x;

    arena_fini(&t->said);
    arena_fini(&x->arena);
    memset(x, 0, sizeof(*x));
    memset(&t->result, 0, sizeof(t->result));
    arena_init(&x->arena, &t->shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    head_init(&x->request, &x->arena);
    t->snapshot = snapshot;
    t->request = request;
    t->changes_n = 0;
    t->has_tls_host = false;
    t->is_tls = x->is_tls = span_is(request->scheme, SPAN_LIT("https"));
    t->method = request->method.len > 0 ? request->method : SPAN_LIT("GET");
    t->target = request->target.len > 0 ? request->target : SPAN_LIT("/");
    t->authority = request->authority;
    t->shard.now_ns = t->shard.wall_ns = 1; /* Policies are promised a time. */
    rng_init(&t->shard.rng, request->seed);
    request_id_write(t->shard.wall_ns, &t->shard.rng, x->id);
    MUST(try_read_client(request->client, &t->peer));
}

static void take(struct try *t)
{
    struct exchange *x = &t->x;

    if (!take_listener(t) || !take_tls(t) || !take_head(t))
        return;
    x->listener = t->result.listener;
    if (!take_direction(t))
        return;
    if (!take_policies(t))
        return;
    if (x->route->redirect != NULL) {
        take_redirect(t);
        return;
    }
    if (!take_upstream(t) || !take_body(t))
        return;
    t->result.request = &x->request;
    try_say(t, TRY_ANSWER, WHY_OK, "%.*s answers", SPAN_FMT(t->result.upstream->name));
}

const struct try_result *try_run(struct try *t, const struct snapshot *snapshot, const struct try_request *request)
{
    MUST(try_check(request) == NULL);
    begin(t, snapshot, request);
    take(t);
    t->x.why = (uint16_t)t->result.why;
    chain_end(&t->engine, &t->x);
    return &t->result;
}
