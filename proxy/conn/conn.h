/* conn.h - one TCP connection of either side: bytes in, bytes out, TLS in between, a session on top, its deadlines and its end.
 *
 * Layer:  conn. Sees the ring, TLS and the session interface; knows neither routes nor upstream pools: they come in as hooks.
 * Owner:  the worker's conn_table. Nobody else frees a connection; conn_close asks for it, and the slot goes back after the kernel's
 *         last completion (inflight_n == 0) and the close of the descriptor.
 * Bounds: CONNS_MAX; wire_in at most STREAM_RX_BYTES_HIGH plus one receive, out at most CONN_OUT_BYTES_HIGH plus one piece.
 * Thread: one.
 *
 *     kernel -> wire_in -> [tls -> plain_in] -> session.feed        session.pull -> [plain_out -> tls] -> out -> kernel
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/pool.h"
#include "base/shard.h"
#include "base/task.h"
#include "base/wheel.h"
#include "base/why.h"
#include "conn/tls.h"
#include "http/session.h"
#include "io/ring.h"

enum conn_state {
    CONN_FREE = 0,
    CONN_AWAIT_CONNECT,  /* upstream: the kernel connects                             */
    CONN_AWAIT_PROXY,    /* client: PROXY protocol header                             */
    CONN_AWAIT_HELLO,    /* client: ClientHello, which picks the certificate          */
    CONN_AWAIT_TLS,      /* handshake                                                 */
    CONN_AWAIT_FIRST,    /* cleartext client: the first bytes pick the protocol       */
    CONN_OPEN,           /* session runs                                              */
    CONN_AWAIT_FLUSH,    /* last bytes go out, nothing more is asked of the session   */
    CONN_AWAIT_EOF,      /* our side is shut; input is thrown away until the peer ends, so that no reset overtakes our answer */
    CONN_AWAIT_KERNEL,   /* waits for the last completion, then for the close         */
    CONN_STATES_N
};

struct conn_send; /* message and pieces of one gathered send */

struct conn {
    struct task      task;       /* TASK_CONN                                          */
    struct timer     timer;      /* TASK_CONN; meaning by state                        */
    struct session  *session;    /* NULL before CONN_OPEN (upstream: from the start)   */
    struct tls      *tls;
    struct bufq      wire_in;
    struct bufq      out;
    struct bufq      plain_in;   /* TLS only                                           */
    struct bufq      plain_out;  /* TLS only                                           */
    struct conn_send *send;      /* gathered send in flight                            */
    struct list_node link;       /* owner's: upstream idle list, client list           */
    struct list_node starved_link;
    void            *owner;      /* owner's: upstream endpoint, or NULL                */
    uint64_t         progress_ns;/* last byte moved either way                         */
    uint64_t         opened_ns;
    int              fd;
    uint32_t         listener;   /* client: number of its listener                     */
    uint32_t         tls_host;   /* client: listener_key of the TLS host that answered */
    bool             has_tls_host;
    uint32_t         idle_ms, head_ms; /* copied at the start: an idle look costs no call */
    uint32_t         lingered_bytes;   /* thrown away in CONN_AWAIT_EOF                */
    uint64_t         head_ns;    /* when the request head that is being read began     */
    uint16_t         inflight_n; /* operations that the kernel has                     */
    uint16_t         why;        /* enum why: reason of the end, first one wins        */
    uint8_t          state;      /* enum conn_state                                    */
    bool             is_client : 1;       /* accepted by us                            */
    bool             expects_tls : 1;     /* client: its listener speaks TLS           */
    bool             recv_armed : 1;
    bool             recv_cancelled : 1;  /* cancel asked, last completion not yet seen */
    bool             send_armed : 1;
    bool             has_eof : 1;         /* peer ended its sending side               */
    bool             eof_told : 1;        /* session knows                             */
    bool             is_starved : 1;      /* receive ended for lack of buffers         */
    bool             must_linger : 1;     /* unread input: close only after peer's end */
    bool             is_broken : 1;       /* upstream: sending is over, what it sent is still read */
    bool             must_reset : 1;      /* an orderly end would say that the answer is whole */
    bool             is_shut : 1;         /* our sending side is shut                  */
    bool             is_draining : 1;
    bool             goodbye_said : 1;    /* TLS close_notify queued                   */
    struct socket_address peer;           /* client: possibly from the PROXY header    */
};

struct conn_timeouts {
    uint64_t idle_ns, head_ns;
};

enum conn_proxy {
    CONN_PROXY_NONE = 0,
    CONN_PROXY_WANTED,
    CONN_PROXY_REFUSED, /* the listener wants one, and does not trust this peer to tell the truth */
};

/* What the layers above lend. owner is passed back. */
struct conn_hooks {
    struct session_hooks sessions;
    /* Which context answers that hello, and with which ALPN; NULL: *out_why says why not. */
    struct tls_server *(*tls_pick)(void *owner, struct conn *c, const struct tls_hello *hello, enum tls_alpn *out_alpn,
                                   enum why *out_why);
    struct conn_timeouts (*timeouts)(void *owner, const struct conn *c);
    /* The connection has ended (its session is gone, it is in no list of conn's). Called once, before the slot goes back. */
    void (*on_gone)(void *owner, struct conn *c);
    /* Does a PROXY header come first on this connection, and may this peer send one? */
    enum conn_proxy (*proxy)(void *owner, const struct conn *c);
    void *owner;
};

struct conn_table {
    struct shard *shard;
    struct ring  *ring;
    const struct conn_hooks *hooks;
    struct pool   conns, sends, h1, h2, tls;
    struct list   starved;      /* of conn.starved_link: wait for receive buffers              */
    uint32_t      clients_n;    /* live accepted connections, read by other workers to balance */
    uint32_t      ups_n;
    bool          is_draining;
};

MUST_CHECK enum why conn_table_open(struct conn_table *ct, struct shard *shard, struct ring *ring, const struct conn_hooks *hooks);
/* Pre: no live connection. */
void conn_table_close(struct conn_table *ct);

/* Take over an accepted descriptor. NULL: no slot; the descriptor was closed and counted. */
struct conn *conn_accept(struct conn_table *ct, int fd, uint32_t listener, bool is_tls);

struct conn_target {
    const struct socket_address *address;
    bool        is_h2;
    struct tls_client *tls;          /* NULL: cleartext */
    struct span server_name;
    uint64_t    endpoint_key;
    uint64_t    connect_timeout_ns;
    uint64_t    idle_timeout_ns;
};

/* Begin to connect; the session is there at once and takes streams, which wait. Errors: WHY_POOL_*, WHY_IO_*. */
MUST_CHECK enum why conn_connect(struct conn_table *ct, const struct conn_target *target, void *owner, struct conn **out_conn);

/* Ask for the end: streams get gone = why, whatever is queued is dropped. */
void conn_close(struct conn_table *ct, struct conn *c, enum why why);
/* No new requests; ends when the session is done. */
void conn_drain(struct conn_table *ct, struct conn *c);

/* Worker loop: a completion, a turn from the ready list, a deadline, free buffers again. */
void conn_on_event(struct conn_table *ct, struct ring_event *ev);
void conn_step(struct conn_table *ct, struct conn *c);
void conn_on_timer(struct conn_table *ct, struct conn *c);
void conn_feed_starved(struct conn_table *ct);

static inline struct conn *conn_of_session(const struct session *s)
{
    return container_of(s->conn_task, struct conn, task);
}
