/* tls_connection.h - what stays of a TLS connection: two directions of keys and a few counts.
 *
 * Layer:  conn (tls_*). Only tls_connection.c and tests look inside.
 * Owner:  a slot of the caller's pool.
 * Thread: one worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conn/tls_record.h"
#include "conn/tls_shake.h"

enum tls_state {
    TLS_AWAIT_HANDSHAKE = 0, /* the library shakes hands                                                      */
    TLS_AWAIT_REFUSAL,       /* the hello was judged: why is set, the alert is still to be written            */
    TLS_AWAIT_TICKET,        /* client of TLS 1.3: open, and the library keeps the records until a ticket came */
    TLS_OPEN,                /* records are ours                                                               */
    TLS_AWAIT_OUR_END,       /* the peer said close_notify: we may still send                                  */
    TLS_DEAD,                /* why is set                                                                     */
};

/* 1,024 bytes with the pool's rounding; 65,536 of them are 64 MiB of a worker. */
struct tls {
    struct tls_half   read, write;
    struct shard     *shard;
    struct pool      *pool;
    struct tls_shake *shake;         /* until the keys are handed over, then NULL           */
    const struct tls_suite *suite;   /* NULL before the handshake is done                   */
    uint64_t wrote_ns;               /* last record of data                                 */
    uint32_t burst_bytes;            /* sent since the last pause                           */
    uint32_t data_records_n;         /* received; sticks at its maximum                     */
    uint32_t updates_n;              /* key updates received                                */
    uint32_t skip_bytes;             /* of a ticket that goes on in the next record         */
    uint16_t why;                    /* enum why, in TLS_DEAD                               */
    uint8_t  state;                  /* enum tls_state                                      */
    uint8_t  alpn;                   /* enum tls_alpn                                       */
    uint8_t  empty_n;                /* empty records in a row                              */
    bool     is_client;
    bool     has_begun;              /* a client's first flight was written                 */
    bool     was_resumed;
    bool     said_goodbye;
};
