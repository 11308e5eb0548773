/* try.h - how a configuration would treat a request: the decisions of a real exchange, step by step, and nothing done.
 *
 * Layer:  engine. No I/O, no connection, no worker: the request is written down as HTTP/1.1 and read by the same reader, then asked
 *         of the same functions as on its real way (exchange_direct, the chain, exchange_choose_backend, rewrite).
 * Owner:  struct try owns its memory. A result, and what it points to, lives until the next try_run or try_close, and no longer
 *         than the snapshot.
 * Bounds: TRY_*.
 * Thread: one; control or a command line, never a worker: pools are mapped at open, near misses are looked for among all routes.
 *
 * What a dry run cannot know is how upstreams answer and which of an upstream's endpoints is healthy: it ends with the head that
 * would go there. The body is bytes of zero.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/span.h"
#include "base/why.h"
#include "conf/snapshot.h"
#include "engine/router.h"
#include "http/head.h"

struct try;

enum {
    TRY_NEAR_MAX       = 8,       /* near misses told                                     */
    TRY_CHANGES_MAX    = 240,     /* of a head, over all steps                            */
    TRY_STEPS_MAX      = 80,
    TRY_POLICIES_MAX   = 32,      /* of one chain                                         */
    TRY_BACKENDS_MAX   = 64,      /* told of one rule                                     */
    TRY_HEADERS_MAX    = 100,
    TRY_BODY_BYTES_MAX = 1 << 30, /* of it are shown to policies that look at bodies      */
    TRY_TEXT_BYTES_MAX = 1 << 20, /* of an answer as JSON or text                         */
};

struct try_header {
    struct span name, value;
};

/* All spans may be empty. */
struct try_request {
    struct span method;              /* GET */
    struct span scheme;              /* http or https; empty: http */
    struct span authority;           /* host[:port], the Host field; at == NULL: none is sent, as HTTP/1.0 may */
    struct span target;              /* path?query as a client would write it, not normalised; empty: "/" */
    const struct try_header *headers;
    uint32_t    headers_n;
    uint64_t    body_bytes;
    bool        is_chunked;          /* the body's length is not declared */
    struct span client;              /* address, or address:port; empty: 127.0.0.1 */
    uint16_t    port;                /* of the listener. 0: the authority's, or its scheme's, or whichever serves scheme and host */
    struct span server_name;         /* SNI; at == NULL: the authority's host */
    uint64_t    seed;                /* of the choice among backends */
    bool        is_brief;            /* near misses are not looked for: on a host of 10,000 routes they are most of the time */
};

enum try_step_kind {
    TRY_LISTENER = 0,
    TRY_TLS,
    TRY_HEAD,      /* read and checked          */
    TRY_PATH,      /* normalised                */
    TRY_HOST,
    TRY_ROUTE,
    TRY_SHADOW,    /* where shadows would lead  */
    TRY_FORWARD,   /* forwarding fields         */
    TRY_POLICY,
    TRY_REDIRECT,
    TRY_UPSTREAM,
    TRY_REWRITE,
    TRY_ANSWER,    /* our own, or the upstream's */
};

struct try_step {
    enum try_step_kind kind;
    enum why    why;                 /* WHY_OK: passed */
    struct span says;                /* a sentence for a human */
};

enum try_change_kind {
    TRY_ADDED = 0,
    TRY_CHANGED,
    TRY_REMOVED,
};

/* What a step did to the head. Names with a colon are its own parts: ":path", ":authority". */
struct try_change {
    enum try_change_kind kind;
    struct span name, value, was;
};

struct try_changes {
    const struct try_change *items;
    uint32_t n;
};

struct try_policy {
    const char *name;                /* of policy_list */
    enum why    why;                 /* WHY_OK: it lets the request go on */
    bool        is_held;             /* it would wait */
    bool        is_shadow;           /* why is what it would have said */
    bool        is_by_body;          /* said when it saw the body, not the head */
    struct try_changes changes;
};

/* A route of this host that was not taken, by one condition or by precedence. */
struct try_near {
    const struct route  *route;
    struct router_missed missed;     /* n == 0: it matches, and a stronger one was found */
};

struct try_result {
    enum why    why;                 /* WHY_OK: it goes upstream, or is redirected */
    uint16_t    status;              /* of our own answer; 0: the upstream answers, or the connection is cut */
    struct span location;            /* of a redirect; else empty */
    const struct listener     *listener;
    const struct virtual_host *host;
    const struct route        *route;
    const struct upstream     *upstream;    /* the one that was drawn */
    const struct head         *request;     /* as it would go upstream; NULL: it does not */
    struct span path;                       /* normalised; at == NULL: it was refused before */
    struct span client;
    struct try_changes forwarded, rewritten;
    const struct route *shadow_route;       /* where shadow documents would lead, when that is elsewhere; else NULL */
    struct try_near   near[TRY_NEAR_MAX];
    uint32_t          near_n;
    struct try_policy policies[TRY_POLICIES_MAX];
    uint32_t          policies_n;
    struct try_step   steps[TRY_STEPS_MAX];
    uint32_t          steps_n;
};

/* NULL: the kernel has no memory to give. */
MUST_CHECK struct try *try_open(void);
/* Accepts NULL. */
void try_close(struct try *t);
/* NULL, or a sentence that says what no request can be like: a client that is no address, a line break in a field. */
const char *try_check(const struct try_request *request);
/* Never NULL. Pre: try_check has nothing to say. */
const struct try_result *try_run(struct try *t, const struct snapshot *snapshot, const struct try_request *request);

/* "GET https://shop.example.com/cart?x=1", "https://..." or "/path": method, scheme, authority and target of out; the rest of it
 * stays. NULL, or a sentence that says what is wrong. */
const char *try_read_line(struct span line, struct try_request *out);
/* "Name: value". NULL, or a sentence. */
const char *try_read_header(struct span line, struct try_header *out);

struct text_write;

enum { TRY_WHERE_BYTES = 600 };

/* "MeshHTTPRoute shop, spec.to[0].rules[1]"; answers out. */
const char *try_where(const struct rule_origin *origin, char out[TRY_WHERE_BYTES]);
/* "upstream", "redirect", "refused" (the gateway answers) or "cut". */
const char *try_outcome(const struct try_result *r);
/* "go", "hold", "refuse" or "would-refuse". */
const char *try_policy_verdict(const struct try_policy *p);
/* One JSON object; what it holds is in the manual of the management API. */
void try_json(const struct try_result *r, const struct snapshot *snapshot, struct text_write *out);
/* For a terminal: a line a step, changes below it. */
void try_text(const struct try_result *r, const struct snapshot *snapshot, struct text_write *out);
