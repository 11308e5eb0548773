/* stream.h - where an exchange meets a session: one request and its answer on one connection, seen from us.
 *
 * Layer:  http. Plain data: neither side calls the other. Each writes its half and pushes the other's task.
 * Owner:  the exchange embeds two (client side and upstream side); a session points to them from its table of streams.
 * Thread: one.
 *
 *            rx: from the peer to us                 tx: from us to the peer
 *   session writes, exchange reads           exchange writes, session reads
 *
 * rx_head is filled in the memory that the exchange lent (exchange owns head and arena).
 * An exchange that is done with a stream calls session->type->stream_leave. A session that ends sets `gone` and forgets the
 * stream at once (session == NULL from then on); when only the stream ends early, `gone` is set and the exchange still leaves:
 * until then its work counts against the connection's limit of requests in progress (CVE-2023-44487, CVE-2025-8671).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bufq.h"
#include "base/task.h"
#include "base/why.h"
#include "http/head.h"

struct session;

struct stream {
    struct session *session;   /* NULL: not bound, or the session has left               */
    struct task    *reader;    /* the exchange's task: pushed when rx or room changed     */
    uint32_t        id;        /* the session's own number (HTTP/2 stream id, or 0)       */
    uint32_t        slot;      /* the session's own: its place in a table of streams      */

    /* rx: session writes */
    struct head    *rx_head;      /* lent by the exchange; request or final response       */
    struct head    *rx_trailers;  /* lent; fields_n > 0 when trailers came                 */
    struct bufq     rx;           /* payload, de-chunked                                   */
    bool            rx_has_head;  /* rx_head is complete                                   */
    bool            rx_interim;   /* upstream: rx_head is a 1xx; exchange clears it (and rx_has_head) to get the next */
    bool            rx_end;       /* nothing follows after what is in rx; a request to upgrade has none before its */
                                  /* answer: a refusal sets it, a tunnel goes on            */
    bool            rx_tunnel;    /* from here on raw bytes both ways (101 or CONNECT 200) */

    /* tx: exchange writes */
    struct head    *tx_head;      /* what to send; session serialises it once              */
    struct head    *tx_trailers;  /* or NULL                                               */
    struct bufq     tx;           /* payload                                               */
    bool            tx_has_head;  /* tx_head may be sent now                               */
    bool            tx_head_done; /* session has serialised it (exchange clears both after an interim head) */
    bool            tx_end;       /* nothing follows after what is in tx                   */
    bool            tx_done;      /* session: everything incl. the end went into the connection's queue */
    bool            tx_tunnel;    /* after tx_head: raw bytes both ways                    */

    enum why        gone;         /* session: why the stream ended early; WHY_OK while it lives */
    uint64_t        rx_wire_bytes, tx_wire_bytes; /* payload bytes, for the log             */
};
