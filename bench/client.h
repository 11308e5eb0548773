/* client.h - the load: connections through the proxy, requests by one of four plans, every answer checked.
 *
 * Owner:  main(). Bounds: CLIENT_CONN_N_MAX connections; CLIENT_DUE_N_MAX requests that are due and not yet sent;
 *         CLIENT_ERROR_N_MAX failures, then the program ends with the first one's sentence.
 */
#pragma once

#include "answer.h"
#include "hist.h"
#include "net.h"
#include "tls.h"

#include <stdbool.h>
#include <stdint.h>

enum { CLIENT_CONN_N_MAX = 20000, CLIENT_DUE_N_MAX = 1 << 16, CLIENT_ERROR_N_MAX = 100, CLIENT_OPENING_N_MAX = 64 };

/* Tags of completions that belong to the client. */
enum { CLIENT_TAG_FIRST = 16, CLIENT_TAG_RECV = 16, CLIENT_TAG_SKIP, CLIENT_TAG_SEND, CLIENT_TAG_QUIET,
       CLIENT_TAG_LAST };

enum client_plan {
    CLIENT_PLAN_KEEP = 0,  /* every answer is followed by the next request on the same connection       */
    CLIENT_PLAN_EACH,      /* one request per connection, closed by the proxy; then the next connection */
    CLIENT_PLAN_PACED,     /* requests fall due at random moments, rate_hz on average, answered or not  */
    CLIENT_PLAN_IDLE,      /* one request per connection, which is then held open                       */
};

struct client_conf {
    uint16_t port;
    unsigned conn_n;
    enum client_plan plan;
    bool tls;
    bool h2;
    bool resume;
    bool large;            /* 1 MiB bodies instead of 1 KB */
    enum tls_group group;
    unsigned depth;        /* requests in flight per connection: pipelined, or HTTP/2 streams */
    double rate_hz;
};

struct client_count {      /* all only ever grow */
    uint64_t answered_n;
    uint64_t body_bytes;
    uint64_t handshake_n;
    uint64_t resumed_n;
    uint64_t opened_n;
    uint64_t error_n;
    uint64_t late_n;       /* due requests that found CLIENT_DUE_N_MAX waiting and were given up */
};

struct client_conn;

struct client {
    struct net *net;
    struct client_conf conf;
    struct client_conn *conns;
    struct answer_want want;
    struct tls_ctx tls_ctx;
    struct client_count count;
    struct hist hist;            /* from the moment a request was due to the last byte of its answer */
    const char *error;           /* the first one */
    char request[256];           /* one request */
    char *requests;              /* depth of them, one behind the other */
    size_t request_bytes;
    uint8_t *room;               /* plain text of one TLS read; the target of reads that are thrown away */
    uint32_t *idle;              /* PACED: slots without a request, a ring */
    uint64_t *due_ns;            /* PACED: moments of requests not sent yet, a ring */
    uint32_t idle_first, idle_n;
    uint32_t due_first, due_n;
    uint64_t next_due_ns;
    uint64_t rng;
    unsigned opening_n;          /* IDLE: connections that have no answer yet */
    unsigned held_n;             /* IDLE: connections that have theirs */
    uint32_t begun_n;            /* slots opened at least once */
    bool is_paced;               /* requests fall due only from client_pace_begin on */
};

void client_open(struct client *client, struct net *net, const struct client_conf *conf);

/* Open connections that are still missing; to be called in every turn. */
void client_grow(struct client *client);

/* PACED: from now on requests fall due. */
void client_pace_begin(struct client *client, uint64_t now_ns);

/* PACED: send what has fallen due; to be called in every turn. */
void client_pace(struct client *client, uint64_t now_ns);

/* One completion whose kind lies between CLIENT_TAG_FIRST and CLIENT_TAG_LAST. */
void client_step(struct client *client, const struct io_uring_cqe *cqe);

/* All connections are open and idle, or busy as planned. */
bool client_is_full(const struct client *client);
