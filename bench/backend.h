/* backend.h - the upstream that every proxy is measured against: HTTP/1.1 keep-alive, 1 KB or 1 MiB, nothing else.
 *
 * It lives in the generator's thread and ring, because two processes that never sleep cannot share one core.
 * Requests are GETs without a body: /1k and /1m. Several in one segment are answered by one send. A request that
 * says "Connection: close" is answered and the connection closed.
 *
 * Owner:  main(). Bounds: BACKEND_FD_N_MAX sockets, BACKEND_HEAD_BYTES_MAX per request head, answers of
 *         BACKEND_BATCH_N pipelined requests in one send.
 */
#pragma once

#include "net.h"

#include <stdbool.h>
#include <stdint.h>

enum { BACKEND_FD_N_MAX = 1 << 16, BACKEND_HEAD_BYTES_MAX = 4096, BACKEND_BATCH_N = 32 };

/* Tags of completions that belong to the backend. */
enum { BACKEND_TAG_FIRST = 1, BACKEND_TAG_ACCEPT = 1, BACKEND_TAG_RECV, BACKEND_TAG_SEND, BACKEND_TAG_LAST };

struct backend_conn;

struct backend {
    struct net *net;
    int listen_fd;
    struct backend_conn *conns;  /* indexed by file descriptor */
    uint8_t *small;              /* BACKEND_BATCH_N whole answers, one behind the other */
    uint8_t *large;              /* one whole answer */
    size_t small_bytes;
    size_t large_bytes;
    uint64_t answered_n;
    uint64_t accepted_n;
    uint64_t bad_n;              /* requests it did not understand, failed sends */
};

void backend_open(struct backend *backend, struct net *net, uint16_t port);

/* One completion whose kind lies between BACKEND_TAG_FIRST and BACKEND_TAG_LAST. */
void backend_step(struct backend *backend, const struct io_uring_cqe *cqe);
