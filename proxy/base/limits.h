/* limits.h - every maximum in the product, each with its reason. They add up to the budget printed at start.
 *
 * Layer:  base.
 * Units are in the names. Per worker unless said otherwise.
 */
#pragma once

enum limits {
    /* ---- base, io ---- */
    WORKERS_MAX                = 64,        /* threads; more cores than that want two processes           */
    CONNS_MAX                  = 131072,    /* both sides; slots are reserved address space, not memory   */
    EXCHANGES_MAX              = 32768,     /* requests in progress                                       */
    SEGS_MAX                   = 262144,    /* pieces in queues: 8 a request in progress                  */
    BUF_SMALL_BYTES            = 4096,      /* a usual head, or head and 1 KB body, in one piece           */
    BUF_SMALL_MAX              = 65536,     /* two a request in progress: 256 MiB if all were touched      */
    BUF_LARGE_BYTES            = 17408,     /* one TLS record of 16 KiB with its overhead (RFC 8446 s5.2)  */
    BUF_LARGE_MAX              = 8192,      /* 136 MiB if all were touched                                 */
    BUFQ_COPY_BYTES_MAX        = 1536,      /* below, copying is cheaper than an iovec entry and a hold    */
    RING_ENTRIES               = 4096,      /* submissions a tick before an early submit                  */
    RING_BUFFER_BYTES          = 65536,     /* receive buffer with incremental use (performance.md: 64 KB) */
    RING_BUFFERS_N             = 128,       /* 8 MiB; power of two                                         */
    RING_BUFFER_BYTES_PLAIN    = 16384,     /* kernels before 6.12 use up one buffer a receive             */
    RING_BUFFERS_PLAIN_N       = 512,       /* 8 MiB; power of two                                         */
    RING_EVENTS_A_TICK         = 256,       /* completions copied out before anything is stepped           */
    WHEEL_TICK_NS              = 4000000,   /* 4 ms: timeouts are in hundreds of ms                        */
    MAILBOX_MESSAGES_MAX       = 256,       /* per pair of threads; a full one is a why at the sender      */
    SEND_IOV_MAX               = 64,        /* pieces in one send: 4 MiB of 64 KiB receive buffers         */

    /* ---- http: what one message may be ---- */
    HEAD_LINE_BYTES_MAX        = 16384,     /* request target, or one field's value                        */
    HEAD_BYTES_MAX             = 65536,     /* all fields of a head, name + value + 32 (RFC 9113 s6.5.2)   */
    HEAD_FIELDS_MAX            = 100,       /* fields of a head, cookie crumbs counted one by one          */
    EXCHANGE_ARENA_BYTES_MAX   = 262144,    /* two heads, twice (as received and as sent)                  */
    STREAM_RX_BYTES_HIGH       = 262144,    /* queued from one peer before its tap is shut                 */
    STREAM_RX_BYTES_LOW        = 65536,     /* ... and opened again                                        */
    CONN_OUT_BYTES_HIGH        = 262144,    /* queued for the wire before sessions are not asked for more  */

    /* ---- tls ---- */

    /* ---- h2 ---- */

    /* ---- conf: what an operator may write ---- */

    /* ---- up ---- */
};
