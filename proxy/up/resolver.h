/* resolver.h - addresses of host names, without blocking: /etc/hosts, then name servers by UDP.
 *
 * Spec:   RFC 1035 s7, RFC 5452 s9 (numbers and ports at random), resolv.conf(5).
 * Layer:  up.
 * Owner:  a table per thread; a question belongs to it until on_found has returned, or until resolver_cancel.
 * Bounds: RESOLVER_ASKS_MAX at a time, RESOLVER_SERVERS_MAX, RESOLVER_SUFFIXES_MAX, RESOLVER_TRIES_MAX sends of RESOLVER_TRY_MS.
 * Thread: one. on_found is called from the loop, never from within resolver_ask.
 *
 * Both files are read again for each question: they are short, and an operator who edits them is not asked for a restart.
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
#include "io/ring.h"
#include "proto/dns.h"

struct resolver_ask;
struct shard;

struct resolver_conf {
    struct socket_address servers[RESOLVER_SERVERS_MAX];
    uint32_t servers_n;
    char     suffixes[RESOLVER_SUFFIXES_MAX][DNS_NAME_BYTES_MAX + 1];
    uint32_t suffixes_n;
    uint32_t dots_n;          /* ndots: a name with so many is tried as it is first */
};

struct resolver {
    struct shard *shard;
    struct ring  *ring;
    const char   *hosts_file, *conf_file;
    struct pool   asks;
};

typedef void resolver_fn(void *owner, enum why why, const struct dns_addresses *found);

/* hosts_file, conf_file: NULL for /etc/hosts and /etc/resolv.conf. */
MUST_CHECK enum why resolver_open(struct resolver *r, struct shard *shard, struct ring *ring, const char *hosts_file,
                                  const char *conf_file);
/* Pre: no question is live, and the kernel has let go of all sockets. */
void resolver_close(struct resolver *r);

/* NULL: RESOLVER_ASKS_MAX are in progress. name is copied. IPv4 addresses come first. */
MUST_CHECK struct resolver_ask *resolver_ask(struct resolver *r, struct span name, resolver_fn *on_found, void *owner);
/* on_found will not be called. Pre: it has not been. */
void resolver_cancel(struct resolver_ask *ask);

/* The loop's: a socket of kind HANDLE_RESOLVE became readable, a turn, a deadline. */
void resolver_on_event(struct resolver *r, const struct ring_event *ev);
void resolver_step(struct task *task);
void resolver_on_timer(struct timer *timer);

/* What the texts of the two files say, for whoever wants to test them. */
void resolver_read_conf(struct span text, struct resolver_conf *out);
bool resolver_read_hosts(struct span text, struct span name, struct dns_addresses *out);
