/* h2_session.h - what both ends of an HTTP/2 connection share: nghttp2 driven without I/O, streams in a table of slots.
 *
 * Spec:   RFC 9113; RFC 8441 (extended CONNECT); RFC 9218 (priorities, by nghttp2).
 * Layer:  http. Private to h2_*.c: everybody else sees http/session.h.
 * Owner:  the connection owns the session, the session its slots; struct stream belongs to the exchange.
 * Bounds: H2_* of limits.h.
 * Thread: one.
 *
 *   feed: wire -> h2_walk (frame by frame) -> h2_guard (verdict) -> nghttp2 -> callbacks -> struct stream
 *   pull: touched streams -> heads submitted -> nghttp2 -> out; payload moves from stream.tx to out by reference
 *
 * A slot is in use from the first byte of a request's head (client: from stream_start) until BOTH nghttp2 has closed the
 * stream AND the exchange has left it. So requests in progress are at most H2_STREAMS_MAX whatever the peer resets.
 *
 * nghttp2 keeps pointers into heads between submit and encoding. Both happen within one pull: frames that are not DATA are
 * never held back, and only DATA looks at the room that is left.
 */
#pragma once

#include <nghttp2/nghttp2.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/pool.h"
#include "http/h2_block.h"
#include "http/h2_guard.h"
#include "http/h2_mem.h"
#include "http/h2_walk.h"
#include "http/session.h"

struct h2_side;

/* Slots come in groups, so that an idle session is small: the first few are part of it, the others are taken from its heap
 * when they are needed and given back when the last stream has ended. */
enum {
    H2_STREAMS_FIRST   = 4,
    H2_STREAMS_A_GROUP = 16,
    H2_STREAM_GROUPS   = (H2_STREAMS_MAX - H2_STREAMS_FIRST) / H2_STREAMS_A_GROUP,
};
STATIC_MUST(H2_STREAMS_FIRST + H2_STREAM_GROUPS * H2_STREAMS_A_GROUP == H2_STREAMS_MAX, "groups have no rest");
STATIC_MUST(H2_STREAMS_MAX < 256, "slots are numbered in one byte");

struct h2_stream {
    struct list_node touched;      /* h2_session.touched: the exchange changed something              */
    struct list_node turn;         /* h2_session.turns: has sent its share, others first (client)     */
    struct stream   *st;           /* the exchange's; NULL: it has left, or there never was one       */
    struct head     *pending;      /* client: final head that arrived before the interim one was taken */
    struct bufq      answer;       /* server: payload of an answer of our own                         */
    int32_t          id;           /* 0: client, not yet submitted; or the slot is free               */
    uint32_t         rx_owed;      /* bytes in st->rx whose window the peer has not got back           */
    enum why         why;          /* what nghttp2 found wrong, for the close that follows            */
    uint8_t          slot;         /* its own number                                                  */
    uint8_t          interims_n;
    bool             is_used : 1;
    bool             is_open : 1;       /* nghttp2 knows the stream                                    */
    bool             is_own : 1;        /* the answer is the session's (refused request)               */
    bool             is_head : 1;       /* the request's method was HEAD                               */
    bool             is_bodyless : 1;   /* END_STREAM went with the head: later payload is thrown away */
    bool             is_deferred : 1;   /* nghttp2 waits for payload                                   */
    bool             is_reset : 1;      /* RST_STREAM of ours is queued                                */
    bool             has_peer_end : 1;  /* END_STREAM or RST_STREAM came                               */
    bool             has_tunnel : 1;    /* client: an extended CONNECT                                 */
    bool             has_final : 1;     /* client: the final head came; what follows are trailers      */
    bool             is_waiting : 1;    /* client: may not be submitted yet                            */
};

struct h2_session {
    struct session    base;        /* first */
    struct pool      *pool;
    const struct h2_side *side;
    nghttp2_session  *ng;
    struct h2_mem     mem;
    struct h2_walk    walk;
    struct h2_block   block;       /* header block that is arriving ...                   */
    struct h2_stream *block_of;    /* ... and its stream; NULL: nobody wants it           */
    struct list       touched;
    struct list       turns;
    struct bufq      *out;         /* during pull                                         */
    uint32_t          out_max;     /* ... bytes in it above which DATA waits              */
    struct bufseg    *piece;       /* during feed: where payload points into              */
    uint32_t          rx_unread;   /* of all streams, not yet taken by their exchanges    */
    uint32_t          rx_held;     /* connection window not given back yet                */
    enum why          blame;       /* ... is to be over as soon as nghttp2 has returned   */
    enum why          fail;        /* the connection is over                              */
    struct h2_frame   frame;       /* the newest                                          */
    bool              has_peer_settings : 1;
    bool              has_peer_goaway : 1;
    bool              has_eof : 1;
    bool              is_settings_out : 1;
    bool              is_draining : 1;      /* no new streams                              */
    bool              is_goodbye_out : 1;   /* GOAWAY with the real last id is queued      */
    uint16_t          used_n;
    uint16_t          open_n;      /* of them known to nghttp2                            */
    uint16_t          waiting_n;   /* of them is_waiting                                  */
    uint16_t          fresh;       /* slots from here on were never used                  */
    uint16_t          free_n;
    uint8_t           free[H2_STREAMS_MAX];
    struct h2_guard   guard;
    struct h2_stream *groups[H2_STREAM_GROUPS];
    struct h2_stream  first[H2_STREAMS_FIRST];
};

/* Slot n. Pre: n < s->fresh. */
static inline struct h2_stream *h2_stream_at(struct h2_session *s, unsigned n)
{
    return n < H2_STREAMS_FIRST ? &s->first[n]
                                : &s->groups[(n - H2_STREAMS_FIRST) / H2_STREAMS_A_GROUP][(n - H2_STREAMS_FIRST) % H2_STREAMS_A_GROUP];
}

/* What differs between the two ends. */
struct h2_side {
    /* A header block begins on that frame's stream: set block and block_of, or leave block_of NULL. */
    void     (*begin_head)(struct h2_session *s, const nghttp2_frame *frame);
    /* The block of block_of is complete and nghttp2 found no fault. */
    void     (*end_head)(struct h2_session *s, const nghttp2_frame *frame);
    /* Submit what a touched stream with an exchange has to say. */
    void     (*send)(struct h2_session *s, struct h2_stream *x);
    /* nghttp2 has closed the stream of an exchange that is still bound: why, WHY_OK when it was complete. */
    enum why (*ending)(struct h2_session *s, struct h2_stream *x, uint32_t code);
    /* What the same ending of a connection is called here: on an upstream's it is not the client's fault. */
    enum why (*name)(enum why why);
};

/* ---- h2_session.c ---- */

/* Take a slot of pool, make the nghttp2 session, queue SETTINGS and the connection's window.
 * Errors: WHY_POOL_SESSION_EMPTY. */
MUST_CHECK enum why h2_session_open(struct pool *pool, struct shard *shard, const struct session_type *type,
                                    const struct h2_side *side, const nghttp2_settings_entry *settings,
                                    size_t settings_n, int32_t window_bytes, struct session **out_session);
enum why h2_session_feed(struct session *base, struct bufq *wire);
enum why h2_session_feed_end(struct session *base);
enum why h2_session_pull(struct session *base, struct bufq *out, uint32_t room);
void h2_session_drain(struct session *base);
/* The GOAWAY that names the last stream. */
void h2_session_goodbye(struct h2_session *s);
void h2_session_fini(struct session *base, enum why why);
/* For callbacks of nghttp2, in which it must not be told to stop: the connection ends when they are through. */
void h2_session_blame(struct h2_session *s, enum why why);
/* Something odd happened n times over; may end the connection. For callbacks, too. */
void h2_session_odd(struct h2_session *s, uint32_t n);
/* Set the flags that the connection reads. */
void h2_session_publish(struct h2_session *s);
static inline uint64_t h2_session_now_ns(const struct h2_session *s)
{
    return s->base.shard->now_ns;
}

/* ---- h2_stream.c: slots ---- */

/* NULL: all are in use, or the session's heap is. */
struct h2_stream *h2_stream_take(struct h2_session *s);
/* Give the groups back. Pre: no slot is in use, or the session ends. */
void h2_stream_trim(struct h2_session *s);
/* st is an exchange's from now on, until it leaves. */
void h2_stream_bind(struct h2_session *s, struct h2_stream *x, struct stream *st);
/* Give the slot back if nobody needs it any more. */
void h2_stream_settle(struct h2_session *s, struct h2_stream *x);
struct h2_stream *h2_stream_of(struct h2_session *s, const struct stream *st);
struct h2_stream *h2_stream_find(const struct h2_session *s, int32_t id); /* NULL: not open */
/* The stream of a number has ended for nghttp2. */
void h2_stream_closed(struct h2_session *s, int32_t id, uint32_t code);
/* nghttp2 knows x by that number from now on. */
void h2_stream_opened(struct h2_session *s, struct h2_stream *x, int32_t id);
/* x may not be submitted now; it is touched again when that may have changed. */
void h2_stream_wait(struct h2_session *s, struct h2_stream *x);
void h2_stream_retry(struct h2_session *s);
/* Tell the exchange, and reset on the wire. */
void h2_stream_reset(struct h2_session *s, struct h2_stream *x, enum why why);
/* Tell the exchange. */
void h2_stream_gone(struct h2_session *s, struct h2_stream *x, enum why why);
void h2_stream_wake(struct h2_session *s, struct h2_stream *x);
/* The peer's end of the stream came. */
void h2_stream_received_end(struct h2_session *s, struct h2_stream *x);
/* END_STREAM of ours is in the out queue. */
void h2_stream_sent_end(struct h2_session *s, struct h2_stream *x);
/* Submit what touched streams have, a few of them; false: none is left. */
bool h2_stream_send_some(struct h2_session *s);
/* session_type */
void h2_stream_leave(struct session *base, struct stream *st, enum why why);
void h2_stream_touch(struct session *base, struct stream *st);

/* ---- h2_payload.c ---- */

/* Payload came: into st->rx, or away. */
void h2_payload_receive(struct h2_session *s, int32_t id, struct span payload);
/* Give back windows for what the exchange has taken since. */
void h2_payload_credit(struct h2_session *s, struct h2_stream *x);
/* What nghttp2 asks for payload; and its way into the out queue. */
nghttp2_data_provider2 h2_payload_source(struct h2_stream *x);
int h2_payload_on_send(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *head, size_t length,
                       nghttp2_data_source *source, void *user);
/* Have nghttp2 ask again, if it was told to wait and there is something now. */
void h2_payload_resume(struct h2_session *s, struct h2_stream *x);
/* Let those that had their turn send again; false: nobody waits. */
bool h2_payload_next_turn(struct h2_session *s);
