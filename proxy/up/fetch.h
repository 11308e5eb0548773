/* fetch.h - the gateway's own requests: one URL, one answer, bounded in bytes, time and redirects.
 *
 * Spec:   RFC 9110 s15.4 (redirects), RFC 9112 (HTTP/1.1 is what it speaks).
 * Layer:  up.
 * Owner:  a table per thread; a fetch belongs to it until on_done has returned, or until fetch_cancel.
 * Bounds: FETCHES_MAX at a time, FETCH_ADDRESSES_MAX addresses tried; the rest is in each request.
 * Thread: one. on_done is called from the loop, never from within fetch_start.
 *
 * https is verified: the chain against ca_pem (or the host's authorities), the name against the URL's host. A connection is made for
 * one fetch and closed after it: two of them share nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/pool.h"
#include "base/span.h"
#include "base/task.h"
#include "base/wheel.h"
#include "base/why.h"
#include "http/head.h"

struct fetch;
struct resolver;
struct shard;
struct up_table;

struct fetch_field {
    struct span name, value;  /* name in lower case */
    bool        is_secret;    /* not sent to another host that an answer redirects to */
};

struct fetch_result {
    enum why    why;          /* WHY_OK: there is a whole answer, whatever its status                          */
    const char *sentence;     /* what went wrong, for the operator; "" when the why says it all                */
    uint16_t    status;
    const struct head *head;  /* fields of the answer; NULL without one                                        */
    struct span body;
    struct span url;          /* that answered, after redirects                                                */
};

/* All of it must stay as it is until on_done or fetch_cancel. */
struct fetch_request {
    enum method method;       /* METHOD_GET or METHOD_POST, in most cases */
    struct span url;          /* http://host[:port]/path?query, or https */
    const struct fetch_field *fields;
    uint32_t    fields_n;
    struct span body;         /* sent with its length; empty: none */
    struct span content_type; /* of the body */
    uint64_t    timeout_ns;   /* all of it, redirects included */
    uint32_t    body_bytes_max;
    uint32_t    redirects_max;/* followed for GET and HEAD; above: WHY_FETCH_REDIRECTS. 0: a 3xx is an answer as any other */
    struct span ca_pem;       /* empty: the host's own authorities */
    struct span client_chain_pem, client_key_pem; /* empty: none */
    struct span server_name;  /* that the first host must prove; empty: the URL's */
    void      (*on_done)(void *owner, const struct fetch_result *result);
    void       *owner;
};

struct fetch_table {
    struct shard    *shard;
    struct up_table *ups;
    struct resolver *resolver; /* NULL: addresses only */
    struct pool      fetches;
};

MUST_CHECK enum why fetch_table_open(struct fetch_table *t, struct shard *shard, struct up_table *ups, struct resolver *resolver);
/* Pre: no fetch is live. */
void fetch_table_close(struct fetch_table *t);

/* NULL: FETCHES_MAX are in progress, and on_done will not be called. */
MUST_CHECK struct fetch *fetch_start(struct fetch_table *t, const struct fetch_request *request);
/* on_done will not be called. Pre: it has not been. */
void fetch_cancel(struct fetch *f);

/* The loop's: a turn from the ready list, a deadline. */
void fetch_step(struct task *task);
void fetch_on_timer(struct timer *timer);
