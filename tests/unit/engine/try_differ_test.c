/* try_differ_test.c - what a dry run says of a request is what happens to it.
 *
 * Goal:   the same listener, route, refusal, redirect, upstream and head as a real exchange's, for documents and requests that nobody
 *         thought of.
 * Method: documents and requests are drawn from small vocabularies that collide often. Each request is tried, and sent by a client of
 *         the simulated world; chance is set to the try's seed when its exchange begins. The upstreams tell what reached them.
 * Replay: the seed is printed; FORGE_SEED=N runs it alone.
 */
#include "unit/engine/engine_world.h"

#include "engine/try.h"
#include "io/ring_sim.h"

enum { SEEDS_N = 60, REQUESTS_A_SEED = 40, DOCUMENTS_BYTES = 32768, UPS_N = 3, UP_PORT = 9101, WIRE_BYTES = 65536 };

struct differ {
    struct world    *w;
    struct try      *t;
    struct snapshot *snapshot;       /* of the same documents as the world's */
    struct rng       rng;
    uint64_t         seed;
    const struct try_request *tried;
    int              origins[UPS_N];
    char             documents[DOCUMENTS_BYTES];
    size_t           used;
    char             wire[WIRE_BYTES], line[1024];
    struct try_header headers[4];
    uint32_t         good_n;         /* seeds whose documents are right */
    uint32_t         outcomes[4];    /* upstream, redirect, refused, cut */
};

#define SHADOW "labels: {kuma.io/effect: shadow}, "
#define PICK(d, list) (list)[rng_below(&(d)->rng, COUNT(list))]

static void put(struct differ *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct differ *d, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    d->used += (size_t)vsnprintf(d->documents + d->used, DOCUMENTS_BYTES - d->used, format, args);
    va_end(args);
    CHECK(d->used < DOCUMENTS_BYTES, "documents are too long\n");
}

/* ---- documents ---- */

static bool put_match(struct differ *d, bool prefix_only)
{
    static const char *const paths[] = { "/", "/a", "/a/b", "/a/b/c", "/ab", "/b" };
    static const char *const patterns[] = { "/a.*", "/[ab]+/c", "/b" };
    static const char *const methods[] = { "GET", "POST" };
    static const char *const headers[] = {
        "type: Exact, name: x-v, value: '1'", "type: Present, name: x-v", "type: Absent, name: x-v",
        "type: Prefix, name: x-v, value: '1'", "type: RegularExpression, name: x-v, value: '[0-9]'", "type: Exact, name: host, value: a.example",
    };
    static const char *const queries[] = { "type: Exact, name: q, value: '1'", "type: RegularExpression, name: q, value: '[12]'" };
    uint32_t kind = prefix_only ? 0 : rng_below(&d->rng, 5);

    put(d, "{");
    if (kind < 3)
        put(d, "path: {type: %s, value: %s}", kind == 0 || kind == 1 ? "PathPrefix" : "Exact", PICK(d, paths));
    else if (kind == 3)
        put(d, "path: {type: RegularExpression, value: '%s'}", PICK(d, patterns));
    else
        put(d, "method: %s", PICK(d, methods));
    if (kind < 4 && rng_below(&d->rng, 4) == 0)
        put(d, ", method: %s", PICK(d, methods));
    if (rng_below(&d->rng, 3) == 0)
        put(d, ", headers: [{%s}]", PICK(d, headers));
    if (rng_below(&d->rng, 4) == 0)
        put(d, ", queryParams: [{%s}]", PICK(d, queries));
    put(d, "}");
    return true;
}

static void put_rule(struct differ *d)
{
    static const char *const filters[] = {
        "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-set, value: s}], add: [{name: x-v, value: '2'}]}}",
        "{type: RequestHeaderModifier, requestHeaderModifier: {remove: [x-v]}}",
        "{type: RequestRedirect, requestRedirect: {scheme: https, path: {type: ReplacePrefixMatch, replacePrefixMatch: /r}}}",
        "{type: RequestRedirect, requestRedirect: {statusCode: 307, hostname: r.example, port: 81}}",
        "{type: URLRewrite, urlRewrite: {hostname: in.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}",
        "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /full}}}",
    };
    bool has_prefix_change;
    uint32_t filter = rng_below(&d->rng, COUNT(filters) * 2), matches_n = 1 + rng_below(&d->rng, 2);

    has_prefix_change = filter < COUNT(filters) && strstr(filters[filter], "ReplacePrefixMatch") != NULL;
    put(d, "{matches: [");
    for (uint32_t i = 0; i < matches_n; i++) {
        put(d, "%s", i > 0 ? ", " : "");
        put_match(d, has_prefix_change);
    }
    put(d, "], default: {");
    if (filter < COUNT(filters))
        put(d, "filters: [%s]%s", filters[filter], filter == 2 || filter == 3 ? "" : ", ");
    if (filter != 2 && filter != 3) {
        put(d, "backendRefs: [{kind: MeshExternalService, name: up%u, weight: %u}", rng_below(&d->rng, UPS_N), 1 + rng_below(&d->rng, 3));
        for (uint32_t n = rng_below(&d->rng, 3); n > 0; n--)
            put(d, ", {kind: MeshExternalService, name: up%u, weight: %u}", rng_below(&d->rng, UPS_N + 1), rng_below(&d->rng, 3));
        put(d, "]");
    }
    put(d, "}}");
}

static void put_route(struct differ *d, uint32_t number)
{
    static const char *const hostnames[] = { "", ", hostnames: [a.example]", ", hostnames: ['*.example']", ", hostnames: [a.example, b.test]" };

    put(d, "---\n{type: MeshHTTPRoute, name: r%u, %sspec: {to: [{targetRef: {kind: Mesh}%s, rules: [", number,
        number > 0 && rng_below(&d->rng, 4) == 0 ? SHADOW : "", PICK(d, hostnames));
    for (uint32_t n = 1 + rng_below(&d->rng, 3); n > 0; n--) {
        put_rule(d);
        put(d, "%s", n > 1 ? ", " : "");
    }
    put(d, "]}]}}\n");
}

static void put_documents(struct differ *d)
{
    static const char *const listeners[] = { "", ", hostname: '*.example'", ", hostname: a.example" };

    d->used = 0;
    put(d, "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP%s}]}}\n", PICK(d, listeners));
    for (uint32_t i = 0; i < UPS_N; i++)
        put(d, "---\n{type: MeshExternalService, name: up%u, spec: {match: {port: 80, protocol: http}, endpoints: "
            "[{address: 127.0.0.1, port: %u}]}}\n", i, UP_PORT + i);
    for (uint32_t n = 1 + rng_below(&d->rng, 4), i = 0; i < n; i++)
        put_route(d, i);
    for (uint32_t i = 0; i < 2; i++)
        if (rng_below(&d->rng, 2) == 0)
            put(d, "---\n{type: ForgeBodyCap, name: cap%u, %sspec: {bytes: %u}}\n", i, rng_below(&d->rng, 2) == 0 ? SHADOW : "",
                rng_below(&d->rng, 40));
    if (rng_below(&d->rng, 2) == 0)
        put(d, "---\n{type: ForgeListener, name: l, spec: {targetRef: {kind: Mesh}, forwarded: {trustedHops: 1}}}\n");
    put(d, "%s", WORLD_PEDANT);
}

/* Documents drawn at random may be wrong (two rules with the same matches): then there is nothing to compare. */
static bool take_documents(struct differ *d)
{
    struct diag *diag = malloc(sizeof(*diag));
    enum why why;

    put_documents(d);
    diag_init(diag);
    why = conf_load_text("t.yaml", span_str(d->documents), diag, &d->snapshot);
    if (why != WHY_OK) {
        for (uint32_t i = 0; i < diag->items_n; i++)
            if (diag->items[i].level == DIAG_ERROR)
                printf("seed %llu: %s\n", (unsigned long long)d->seed, diag->items[i].text);
    }
    free(diag);
    return why == WHY_OK;
}

/* ---- requests ---- */

static void draw_request(struct differ *d, struct try_request *r)
{
    static const char *const methods[] = { "GET", "GET", "GET", "POST", "POST", "HEAD", "GET", "OPTIONS", "GET", "PUT", "POST", "GET", "BREW" };
    static const char *const hosts[] = { "a.example", "a.example", "a.example", "a.example", "a.example", "b.example", "b.example", "A.Example:8080", "b.test", "a.example.", "c:d" };
    static const char *const targets[] = {
        "/", "/a", "/a", "/a/b", "/ab", "/b", "/a/b?q=1", "/a/", "/a/b", "/a/b/c", "/ab", "/abc", "/b", "/aab/c", "/a/../b", "/%61", "/%61%2Fb", "/a//b", "/..", "/a/./b/", "/a?q=1",
        "/a/b?q=2&q=1", "/a?q=%31", "/b?x=1&q=1", "/a?q", "*", "/a/%zz", "/a#b", "/a b", "/%e9?q=1",
    };
    static const char *const usual[] = { "x-v", "X-V", "x-forwarded-for", "x-a" };
    static const char *const names[] = { "x-v", "X-V", "x-forwarded-for", "x-forwarded-proto", "connection", "te", "x-request-id", "x-v", "x-a", "x-b", "expect", "bad name" };
    static const char *const values[] = { "1", "2", "12", "9.9.9.9", "x-v", "trailers", "https", "", "  1  " };

    *r = (struct try_request){ .method = span_str(PICK(d, methods)), .scheme = SPAN_LIT("http"), .authority = span_str(PICK(d, hosts)),
                               .target = span_str(PICK(d, targets)), .headers = d->headers, .headers_n = rng_below(&d->rng, 4),
                               .port = 8080, .seed = rng_u64(&d->rng) };
    for (uint32_t i = 0; i < r->headers_n; i++)
        d->headers[i] = (struct try_header){ span_str(rng_below(&d->rng, 8) > 0 ? PICK(d, usual) : PICK(d, names)), span_str(PICK(d, values)) };
    if (rng_below(&d->rng, 3) == 0) {
        r->body_bytes = rng_below(&d->rng, 60);
        r->is_chunked = rng_below(&d->rng, 2) == 0;
    }
}

static void write_request(struct differ *d, const struct try_request *r)
{
    size_t used = (size_t)snprintf(d->wire, WIRE_BYTES, "%.*s %.*s HTTP/1.1\r\nHost: %.*s\r\n", SPAN_FMT(r->method), SPAN_FMT(r->target),
                                   SPAN_FMT(r->authority));

    for (uint32_t i = 0; i < r->headers_n; i++)
        used += (size_t)snprintf(d->wire + used, WIRE_BYTES - used, "%.*s: %.*s\r\n", SPAN_FMT(r->headers[i].name), SPAN_FMT(r->headers[i].value));
    snprintf(d->line, sizeof(d->line), "%.*s", (int)(used < 1000 ? used : 1000), d->wire);
    if (r->is_chunked)
        used += (size_t)snprintf(d->wire + used, WIRE_BYTES - used, "Transfer-Encoding: chunked\r\n\r\n%s%llx\r\n", "", (unsigned long long)r->body_bytes);
    else if (r->body_bytes > 0)
        used += (size_t)snprintf(d->wire + used, WIRE_BYTES - used, "Content-Length: %llu\r\n\r\n", (unsigned long long)r->body_bytes);
    else
        used += (size_t)snprintf(d->wire + used, WIRE_BYTES - used, "\r\n");
    for (uint64_t i = 0; i < r->body_bytes; i++)
        d->wire[used++] = 'b';
    snprintf(d->wire + used, WIRE_BYTES - used, "%s", !r->is_chunked ? "" : r->body_bytes == 0 ? "\r\n" : "\r\n0\r\n\r\n");
}

/* The exchange draws from here on what the dry run drew. */
static void differ_on_task(void *owner, struct task *t)
{
    struct differ *d = owner;
    struct exchange *x = container_of(t, struct exchange, task);

    if (x->state == EXCHANGE_AWAIT_HEAD && x->down.rx_has_head)
        rng_init(&d->w->lab.shard.rng, d->seed);
    world_on_task(d->w, t);
}

static void differ_on_timer(void *owner, struct timer *t)
{
    world_on_timer(((struct differ *)owner)->w, t);
}

/* ---- compared ---- */

static void check_field(struct differ *d, const struct field *f)
{
    char line[8192];
    int len = snprintf(line, sizeof(line), "\r\n%.*s: %.*s\r\n", SPAN_FMT(f->name), SPAN_FMT(f->value));

    /* The id begins with the time, which a dry run has not. */
    if (f->id == FIELD_X_REQUEST_ID && f->value.len == REQUEST_ID_BYTES)
        snprintf(line, sizeof(line), "%.*s\r\n", SPAN_FMT(span_from(f->value, 20)));
    CHECK(len > 0 && strstr(d->w->text, line) != NULL, "%s\nwithout %s\n%s", d->line, line, d->w->text);
}

/* What the upstream got is what was told, and no field more, but for framing. */
static void check_upstream(struct differ *d, const struct try_result *r, int up)
{
    char line[1024];
    uint32_t fields_n = 0, framing_n = 0;

    lab_read(&d->w->lab, up, d->w->text);
    snprintf(line, sizeof(line), "%.*s %.*s HTTP/1.1\r\nhost: %.*s\r\n", SPAN_FMT(r->request->method_text), SPAN_FMT(r->request->target),
             SPAN_FMT(r->request->authority));
    CHECK(strstr(d->w->text, line) == d->w->text, "%s\nnot %s but\n%s", d->line, line, d->w->text);
    for (uint32_t i = 0; i < r->request->fields_n; i++)
        if (r->request->fields[i].id != FIELD_CONTENT_LENGTH && r->request->fields[i].id != FIELD_EXPECT)
            check_field(d, &r->request->fields[i]);
        else
            framing_n++;
    for (const char *at = strstr(d->w->text, "\r\n"); at != NULL && strncmp(at, "\r\n\r\n", 4) != 0; at = strstr(at + 2, "\r\n"))
        fields_n += strncmp(at, "\r\nhost:", 7) != 0 && strncmp(at, "\r\ncontent-length:", 17) != 0 && strncmp(at, "\r\nexpect:", 9) != 0 &&
                    strncmp(at, "\r\ntransfer-encoding:", 20) != 0 && strncmp(at, "\r\nte:", 5) != 0 && strncmp(at, "\r\nconnection:", 13) != 0;
    CHECK(fields_n == r->request->fields_n - framing_n, "%s\n%u fields, not %u\n%s", d->line, fields_n, r->request->fields_n - framing_n, d->w->text);
}

static void check_answer(struct differ *d, const struct try_result *r, int client)
{
    char want[4096];

    lab_read(&d->w->lab, client, d->w->text);
    snprintf(want, sizeof(want), "HTTP/1.1 %u ", r->status);
    CHECK(strstr(d->w->text, want) != NULL, "%s\nnot %s(%s) but\n%s", d->line, want, why_name(r->why), d->w->text);
    if (r->why == WHY_OK)
        snprintf(want, sizeof(want), "\r\nlocation: %.*s\r\n", SPAN_FMT(r->location));
    else
        snprintf(want, sizeof(want), "urn:apiforge:why:%s\"", why_name(r->why));
    /* An answer to HEAD has no body to say it in. */
    if (strncmp(d->line, "HEAD", 4) != 0 || r->why == WHY_OK)
        CHECK(strstr(d->w->text, want) != NULL, "%s\nnot %s but\n%s", d->line, want, d->w->text);
}

/* The strongest route of which every condition holds, looked for one by one, is the one that the indexes find. */
static void check_explained(struct differ *d, const struct try_result *r)
{
    struct head request = { .fields_n = 0 };
    struct arena arena;
    struct field fields[8];
    const struct route *found = NULL;

    if (r->host == NULL || r->path.at == NULL)
        return;
    arena_init(&arena, &d->w->lab.shard.queues.bufs, EXCHANGE_ARENA_BYTES_MAX);
    for (uint32_t i = 0; i < d->tried->headers_n; i++) {
        uint8_t *name = arena_take(&arena, HEAD_NAME_BYTES_MAX);
        field_lower(name, d->headers[i].name.at, d->headers[i].name.len);
        fields[i] = (struct field){ span_of(name, d->headers[i].name.len), span_trim(d->headers[i].value), 0, 0 };
        fields[i].id = (uint8_t)field_id_of(fields[i].name);
    }
    request = (struct head){ .arena = &arena, .fields = fields, .fields_n = (uint16_t)d->tried->headers_n, .authority = d->tried->authority,
                             .target = d->tried->target, .method = (uint8_t)method_of(d->tried->method) };
    for (const struct virtual_host *vh = r->host; vh != NULL && found == NULL; vh = vh->fallback)
        for (uint32_t i = 0; i < vh->routes_n && found == NULL; i++)
            if (router_explain(&vh->routes[i], &request, r->path).n == 0)
                found = &vh->routes[i];
    CHECK(found == r->route, "%s\nexplained as another route\n", d->line);
    arena_fini(&arena);
}

static int accepted_by(const struct differ *d, uint32_t *out_number)
{
    for (uint32_t i = 0; i < UPS_N; i++) {
        int up = ring_sim_peer_accept(d->origins[i]);
        if (up >= 0) {
            *out_number = i;
            return up;
        }
    }
    return -1;
}

static void differ_request(struct differ *d)
{
    struct try_request request;
    const struct try_result *r;
    uint32_t number = 0;
    int client, up;

    draw_request(d, &request);
    write_request(d, &request);
    CHECK(try_check(&request) == NULL, "%s\n", try_check(&request));
    r = try_run(d->t, d->snapshot, &request);
    d->tried = &request;
    check_explained(d, r);
    d->seed = request.seed;
    client = lab_connect(&d->w->lab);
    lab_send(&d->w->lab, client, d->wire);
    lab_run(&d->w->lab);
    up = accepted_by(d, &number);
    if (r->request != NULL) {
        char name[8];
        CHECK(up >= 0, "%s\nnobody was asked: %s\n", d->line, why_name(d->w->why));
        snprintf(name, sizeof(name), "up%u", number);
        CHECK(span_is(r->upstream->name, span_str(name)), "%s\nnot %.*s but %s\n", d->line, SPAN_FMT(r->upstream->name), name);
        check_upstream(d, r, up);
        d->outcomes[0]++;
    } else {
        check_answer(d, r, client);
        /* A body that is found too long on its way has begun to go. */
        CHECK(up < 0 || r->why == WHY_POLICY_BODY_CAP, "%s\nwas sent on\n", d->line);
        d->outcomes[r->why == WHY_OK ? 1 : r->status != 0 ? 2 : 3]++;
    }
    if (up >= 0)
        ring_sim_peer_close(up);
    ring_sim_peer_close(client);
    lab_run(&d->w->lab);
}

static void differ_seed(struct differ *d, uint64_t seed)
{
    rng_init(&d->rng, seed);
    d->seed = seed;
    if (!take_documents(d))
        return;
    d->good_n++;
    d->w = world_open(d->documents, NULL);
    d->w->lab.on_task = differ_on_task;
    d->w->lab.on_timer = differ_on_timer;
    d->w->lab.owner = d;
    for (uint32_t i = 0; i < UPS_N; i++) {
        struct socket_address address = ring_sim_address((uint16_t)(UP_PORT + i));
        d->origins[i] = ring_sim_peer_listen(&address);
    }
    for (uint32_t i = 0; i < REQUESTS_A_SEED; i++)
        differ_request(d);
    world_close(d->w);
    conf_free(d->snapshot);
}

TEST(try_says_what_happens)
{
    struct differ *d = calloc(1, sizeof(*d));
    const char *alone = getenv("FORGE_SEED");

    CHECK(d != NULL && (d->t = try_open()) != NULL, "no memory\n");
    for (uint64_t seed = 1; seed <= SEEDS_N; seed++) {
        uint64_t this_one = alone != NULL ? strtoull(alone, NULL, 10) : seed;
        printf("seed %llu\n", (unsigned long long)this_one);
        differ_seed(d, this_one);
        if (alone != NULL)
            break;
    }
    if (alone == NULL)
        CHECK(d->good_n > SEEDS_N / 2 && d->outcomes[0] > 300 && d->outcomes[1] > 50 && d->outcomes[2] > 300, "too few of a kind: %u %u %u %u\n", d->outcomes[0],
              d->outcomes[1], d->outcomes[2], d->outcomes[3]);
    printf("%u upstream, %u redirect, %u refused, %u cut\n", d->outcomes[0], d->outcomes[1], d->outcomes[2], d->outcomes[3]);
    try_close(d->t);
    free(d);
}

CHECK_RUN(RUN(try_says_what_happens))
