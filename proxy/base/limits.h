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
    RING_BUFFERS_N             = 16,        /* with the kernel at a time: 1 MiB, which stays in L2; power of two */
    RING_BUFFERS_MAX           = 2048,      /* with the kernel and held: 128 MiB if all were touched       */
    RING_BUFFER_BYTES_PLAIN    = 16384,     /* kernels before 6.12 use up one buffer a receive             */
    RING_BUFFERS_PLAIN_N       = 512,       /* 8 MiB; power of two                                         */
    RING_BUFFERS_PLAIN_MAX     = 8192,      /* 128 MiB, as above                                           */
    RING_COMPLETIONS_N         = 16384,     /* multishot completes without submissions: four times as many */
    RING_WAIT_NS_MAX           = 1000000000,/* a wake-up that got lost costs a second, not the worker      */
    RING_IO_THREADS_MAX        = 2,         /* kernel threads for file writes, of each kind                */
    RING_EVENTS_A_TICK         = 256,       /* completions copied out before anything is stepped           */
    WHEEL_TICK_NS              = 4000000,   /* 4 ms: timeouts are in hundreds of ms                        */
    MAILBOX_MESSAGES_MAX       = 512,       /* per pair of threads; a full one is a why at the sender      */
    SEND_IOV_MAX               = 64,        /* pieces in one send: 4 MiB of 64 KiB receive buffers         */
    LOG_LINE_BYTES_MAX         = 1024,      /* one write(2); longer sentences are cut                      */

    /* ---- http: what one message may be ---- */
    HEAD_LINE_BYTES_MAX        = 16384,     /* request target, or one field's value                        */
    HEAD_BYTES_MAX             = 65536,     /* all fields of a head, name + value + 32 (RFC 9113 s6.5.2)   */
    HEAD_FIELDS_MAX            = 100,       /* fields of a head, cookie crumbs counted one by one          */
    HEAD_NAME_BYTES_MAX        = 256,       /* one field's name: the longest registered one has 38         */
    HEAD_CONNECTION_OPTIONS_MAX = 32,       /* each may name fields to drop: a walk over all fields        */
    H1_BLANK_LINES_MAX         = 2,         /* old clients put one behind a body (RFC 9112 s2.2)           */
    H1_HEAD_WIRE_BYTES_MAX     = 81984,     /* HEAD_BYTES_MAX and a longest request line, blanks counted   */
    H1_CHUNK_LINE_BYTES_MAX    = 258,       /* end of the last chunk, size and extensions of the next one  */
    H1_CHUNK_USUAL_BYTES       = 22,        /* of these: CR LF, 16 digits, CR LF, and a little             */
    H1_CHUNK_EXCESS_BYTES_MAX  = 4096,      /* what a message's chunk lines have beyond the usual bytes    */
    H1_TRAILER_WIRE_BYTES_MAX  = 8192,      /* gRPC's status with details fits                             */
    H1_INTERIMS_MAX            = 16,        /* 1xx heads before one answer; each keeps its arena bytes     */
    H1_PIPELINE_BYTES_MAX      = 8192,      /* taken in while an earlier request is answered               */
    EXCHANGE_ARENA_BYTES_MAX   = 262144,    /* two heads, twice (as received and as sent)                  */
    STREAM_RX_BYTES_HIGH       = 262144,    /* queued from one peer before its tap is shut                 */
    STREAM_RX_BYTES_LOW        = 65536,     /* ... and opened again                                        */
    STREAM_TX_SHARED_BYTES_HIGH = 32768,    /* queued for one of many streams of a connection: 100 of them hold 3 MiB */
    CONN_OUT_BYTES_HIGH        = 262144,    /* queued for the wire before sessions are not asked for more  */

    /* ---- conn ---- */
    CONN_SENDS_MAX             = 8192,      /* gathered sends in flight; without one, pieces go out singly */
    CONN_TLS_PLAIN_BYTES_MAX   = 65536,     /* decrypted in one turn before the session eats               */
    CONN_LINGER_BYTES_MAX      = 1048576,   /* thrown away for a client that keeps sending after its answer */
    CONN_LINGER_MS_MAX         = 2000,      /* ... and how long: RFC 9112 s9.6 wants the answer to arrive   */
    CONN_STALL_MS_MAX          = 30000,     /* no byte accepted by the reader: hardening-cases.md section 3 */
    CONN_SETUP_MS_MAX          = 10000,     /* PROXY header, hello and handshake together                  */
    SESSIONS_H1_MAX            = 131072,    /* one a connection, at most                                   */
    SESSIONS_H2_MAX            = 16384,     /* dearer: each has streams, windows and a header table         */
    SESSIONS_TLS_MAX           = 65536,     /* one a TLS connection; about 6 KB each once the handshake is done */

    /* ---- tls ---- */
    TLS_HELLO_BYTES_MAX        = 16384,     /* a hybrid hello with a ticket takes 1,750; padding may add    */
    TLS_HELLO_RECORDS_MAX      = 32,        /* pieces of one hello: browsers send 1, odd clients 2 or 3     */
    TLS_TICKET_CHAIN_MAX       = 200,       /* wolfSSL's ticket nonce is one byte and fails at 256          */
    TLS_TICKET_ROTATE_S        = 3600,      /* a ticket lives 1 to 2 of these: forward secrecy in hours     */
    TLS_SESSIONS_MAX           = 64,        /* resumable sessions of one upstream: endpoints times names    */
    TLS_HEAP_BYTES_MAX         = 536870912, /* the library's, per thread: 65,536 handshakes at 8 KB         */
    TLS_RECORD_SMALL_BYTES     = 1300,      /* first records after idle fit one segment each (MSS 1460)     */
    TLS_RECORD_SMALL_FIRST     = 65536,     /* ... for so many bytes: about the first congestion windows    */
    TLS_RECORD_IDLE_MS         = 1000,      /* ... and again after so long a pause                          */
    TLS_RECORDS_A_KEY_MAX      = 16777216,  /* 2^24 full records, then new keys (RFC 8446 s5.5)             */
    TLS_EMPTY_RECORDS_MAX      = 32,        /* in a row; they cost us and carry nothing                     */
    TLS_KEY_UPDATES_MAX        = 32,        /* more than the data would explain: each costs us 5 us         */
    TLS_PEM_BYTES_MAX          = 1048576,   /* one chain, key or bundle of authorities                      */

    /* ---- h2 ---- */
    H2_STREAMS_MAX             = 100,       /* requests in progress on one connection, until the exchange has left */
    H2_FRAME_BYTES_MAX         = 16384,     /* RFC 9113 s6.5.2 default: a larger frame only delays the others */
    H2_STREAM_WINDOW_BYTES     = 262144,    /* unread bytes of one stream (STREAM_RX_BYTES_HIGH): 5 MB/s at 50 ms */
    H2_CONN_WINDOW_BYTES       = 524288,    /* on top of H2_CONN_RX_BYTES_HIGH, what a client may still have in flight */
    H2_CONN_RX_BYTES_HIGH      = 262144,    /* unread of all streams of a client; above, the window opens as they read */
    H2_UP_CONN_WINDOW_BYTES    = 1048576,   /* upstream: always given back at once, so only round trips count  */
    H2_HPACK_BYTES_MAX         = 4096,      /* each dynamic table, RFC 7541 s4.2 default                     */
    H2_HEAD_SEND_BYTES_MAX     = 131072,    /* encoded head: HEAD_BYTES_MAX and the pseudo-fields            */
    H2_CONTINUATIONS_MAX       = 8,         /* of one head: nine frames hold 144 KiB (CVE-2024-27316)        */
    H2_SETTINGS_MAX            = 32,        /* entries of one frame: six are defined (CVE-2019-9515)         */
    H2_GLITCHES_BURST          = 200,       /* resets and broken frames at once: two pages' worth of cancels */
    H2_GLITCHES_A_SECOND       = 20,        /* ... and lasting (CVE-2023-44487, CVE-2025-8671)               */
    H2_CONTROLS_BURST          = 200,       /* PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown ones at once */
    H2_CONTROLS_A_SECOND       = 100,       /* ... and lasting, beside what was earned (CVE-2019-9512)       */
    H2_CONTROLS_EARNED         = 4,         /* by a stream and by each DATA frame of ours: two windows, BDP pings */
    H2_CONTROLS_EARNED_MAX     = 4096,      /* a client saves up no more than that                           */
    H2_UP_GLITCHES_BURST       = 10000,     /* upstream: our own cancels make its late frames look odd       */
    H2_UP_GLITCHES_A_SECOND    = 1000,
    H2_UP_CONTROLS_A_SECOND    = 1000,
    H2_REPLIES_UNSENT_MAX      = 100,       /* answers to control frames that wait for the peer to read      */
    H2_CLOSED_IDS_N            = 64,        /* ended streams remembered by name, to judge late frames        */
    H2_INTERIMS_MAX            = 8,         /* 1xx heads before an answer                                    */
    H2_LIB_BYTES_MAX           = 524288,    /* heap of nghttp2 for one session: 25 KiB idle, large heads add */

    /* ---- conf: what an operator may write ---- */
    CONF_FILES_MAX             = 4096,      /* of one directory; a generated tree with a file a route fits   */
    CONF_FILE_BYTES_MAX        = 16777216,  /* 50,000 routes in one file                                    */
    CONF_DOCUMENTS_MAX         = 65536,     /* over all files                                               */
    CONF_NODES_MAX             = 2097152,   /* keys and values over all files: about 300 MB while compiling */
    CONF_DEPTH_MAX             = 32,        /* nesting; the deepest field of Kuma's is at 14                */
    CONF_KEYS_MAX              = 1024,      /* of one map: duplicate search is quadratic                    */
    CONF_KEY_BYTES_MAX         = 400,       /* a label's is 317 at most; escaped it is below YAML's 1024    */
    CONF_SCALAR_BYTES_MAX      = 1048576,   /* one value, or a file that a value names: a CA bundle is 250 KB */
    CONF_SCRATCH_BYTES_MAX     = 1073741824, /* reserved address space while reading, given back after      */
    CONF_SNAPSHOT_BYTES_MAX    = 536870912, /* reserved address space of one snapshot: 10,000 routes take 10 MB */
    CONF_SUGGEST_BYTES_MAX     = 48,        /* longer names get no "did you mean"                           */
    CONF_LISTENERS_MAX         = 128,       /* of one snapshot: half of LISTENERS_MAX, old and new fit side by side */
    CONF_ROUTES_MAX            = 1048576,   /* after a rule became one route a match and a host             */
    CONF_TEST_CASES_MAX        = 1024,      /* of one ForgeTest; each takes about 20 us when it is run      */
    CONF_HEADER_ACTIONS_MAX    = 16,        /* per list of a header filter: Kuma's own limit                */
    REGEX_PATTERN_BYTES_MAX    = 1024,      /* RE2 in Envoy refuses about here, by program size             */
    REGEX_CODE_BYTES_MAX       = 65536,     /* compiled size: ((a|b){1000}){1000} must not pass                 */
    REGEX_MATCH_STEPS_MAX      = 100000,    /* PCRE2 match limit: about 2 ms, then the route does not match */
    REGEX_DEPTH_MAX            = 1000,      /* PCRE2 depth limit: nested backtracking points                */
    REGEX_STACK_BYTES_MAX      = 163840,    /* of a match: PCRE2's frames at 20, 40 and 80 KiB              */

    /* ---- store, keeper ---- */
    STORE_BYTES_MAX            = 1073741824, /* map of the file: 100 generations of 10,000 documents take 250 MB   */
    STORE_GENERATIONS_KEPT     = 100,       /* and the pinned ones; a record takes 150 bytes a document        */
    STORE_ROOM_BYTES           = 16777216,  /* less left on a disk, and a failed write is a full disk            */
    STORE_LOOK_BYTES_MAX       = 67108864,  /* read before each piece of work: 13 ms from cache; a usual store is less */
    STORE_CHECK_S_MAX          = 60,        /* reading all of a file at start: a full one takes 3 s from cache */
    KEEPER_CHANGE_TEXTS_MAX    = 4096,      /* of one change, as CONF_FILES_MAX                                */
    KEEPER_BACKUP_S_MIN        = 60,        /* between two backup copies                                       */
    KEEPER_BACKUP_PAUSES       = 100,       /* ... and so many times what the last one took: 1 % of control's time */
    KEEPER_HISTORY_MAX         = 1000,      /* generations of one answer                                        */
    KEEPER_VIEW_S_MAX          = 60,        /* a parsed configuration that nobody asks about is given back     */
    KEEPER_DIFF_CELLS_MAX      = 4194304,   /* 2,048 by 2,048 changed lines of one document, 8 MiB; above, all old and all new */

    /* ---- sources of documents: archives, names, fetching ---- */
    TAR_PATH_BYTES_MAX         = 1024,      /* of one file in an archive: git's own trees stay below 400       */
    TAR_FILES_MAX              = 65536,     /* entries of one archive, folders and what is no document counted */
    GZIP_STATE_BYTES           = 65536,     /* zlib's: 7 KB and a window of 32 KB                              */
    DNS_MESSAGE_BYTES_MAX      = 1232,      /* what we offer to take by UDP: no fragments (DNS flag day 2020)  */
    DNS_NAME_BYTES_MAX         = 255,       /* RFC 1035 s2.3.4                                                 */
    DNS_ADDRESSES_MAX          = 16,        /* of one name; more are not needed to reach it                    */
    DNS_ALIASES_MAX            = 8,         /* CNAMEs in one answer                                            */

    SOURCES_MAX                = 64,        /* ForgeSource documents at work                                    */
    SOURCE_CONF_BYTES_MAX      = 4194304,   /* of one: URLs, token, and a bundle of authorities                 */
    SOURCE_TREE_BYTES_MAX      = 67108864,  /* all documents of one: four files of CONF_FILE_BYTES_MAX          */
    SOURCE_ARCHIVE_BYTES_MAX   = 134217728, /* packed, or git's tar: a repository of documents has a few MB     */
    SOURCE_UNPACKED_BYTES_MAX  = 268435456, /* ... unpacked; address space, only what is written becomes memory */
    SOURCE_DEPTH_MAX           = 16,        /* folders below each other                                         */
    SOURCE_BACKOFF_S_MAX       = 600,       /* between looks at what fails: ten minutes, or its own interval    */
    SOURCE_REDIRECTS_MAX       = 5,         /* Git hosts use one                                                */
    SOURCE_HOOK_BYTES_MAX      = 1048576,   /* a webhook's body; GitHub caps its own at 25 MB, pushes have a few KB */
    RESOLVER_ASKS_MAX          = 64,        /* names asked for at a time: one a fetch                          */
    RESOLVER_SERVERS_MAX       = 3,         /* resolv.conf(5): MAXNS                                           */
    RESOLVER_SUFFIXES_MAX      = 6,         /* ... and its older limit of the search list                      */
    RESOLVER_TRIES_MAX         = 3,         /* sends of one spelling, each to the next server                  */
    RESOLVER_TRY_MS            = 2000,      /* ... each so long: 6 s a spelling, below what a fetch waits       */
    FETCHES_MAX                = 64,        /* sources, keys, probes of control at a time                       */
    FETCH_ADDRESSES_MAX        = 4,         /* of one host, tried one after the other                           */
    FETCH_CONNECT_MS           = 5000,      /* TCP and TLS towards one address                                  */

    /* ---- up ---- */
    UPSTREAMS_MAX              = 4096,      /* of all snapshots that are still in use                      */
    UP_ENDPOINTS_MAX           = 256,       /* of one upstream                                             */
    UP_ENDPOINTS_ALL_MAX       = 16384,     /* of all upstreams                                            */
    UP_IDLE_CONNS_MAX          = 4096,      /* kept per endpoint: as many as requests were at once before   */
    UP_TRIES_MAX               = 3,         /* connections tried for one request before it is given up      */

    /* ---- engine ---- */
    SERVICE_BODY_BYTES_MAX     = 33554432,  /* request body for a built-in service: a file of CONF_FILE_BYTES_MAX as JSON */
    SERVICE_BODIES_MAX         = 16,        /* of them at a time: 512 MiB if all were that long            */
    SERVICE_BODY_IDLE_MS_MAX   = 10000,     /* no byte of such a body                                      */
    SERVICE_BODY_MS_MAX        = 120000,    /* ... and all of it: 32 MiB at 280 KB/s                        */
    SERVICE_LATER_MS_MAX       = 60000,     /* an answer that is owed: workers take a configuration in ms   */
    SERVICE_STREAM_BYTES_MAX   = 262144,    /* queued for one reader of a stream before it is cut: 1,000 events */
    LOOP_STEPS_A_TICK          = 65536,     /* steps before timers and the kernel get their turn           */
    LOOP_BUSY_EVENTS           = 8,         /* completions in a tick that make the next one wait for a batch */
    LOOP_BATCH_EVENTS          = 8,         /* ... of so many                                              */
    LOOP_BATCH_WAIT_NS         = 20000,     /* ... so long at most: 20 us, below what a client can notice   */
    LOG_BATCHES_N              = 8,         /* in flight to the writer, per worker: 2 MiB                   */
    LOG_BATCH_BYTES            = 262144,    /* one write(2) of the access log                              */
    LOG_RECORD_BYTES_MAX       = 8192,      /* one line; longer ones are cut                               */
    LOG_FLUSH_NS               = 100000000, /* a record waits 100 ms at most                               */
    DRAIN_LOOK_NS              = 10000000,  /* how often a draining worker looks whether it is done        */
    WORKER_PASS_CONNS_MIN      = 16,        /* fewer more than the least busy worker is not worth a message */
    WORKER_STACK_BYTES         = 1048576,   /* wolfCrypt's frames are several KB; certificates 27 KB       */
    MANAGEMENT_LOOK_NS         = 10000000,  /* how often a thread tells its figures: 10 ms                 */
    ACCEPT_PAUSE_NS            = 50000000,  /* after an accept failed for want of descriptors: 50 ms       */
    LISTEN_BACKLOG             = 4096,      /* the kernel cuts it to net.core.somaxconn                    */
    TLS_CONTEXTS_MAX           = 4096,      /* server names and upstreams with different TLS               */
    LOG_QUEUE_BATCHES_MAX      = 512,       /* WORKERS_MAX * LOG_BATCHES_N                                 */
    STARTUP_MS_MAX             = 10000,     /* workers must have their rings by then                       */
    DRAIN_MS_DEFAULT           = 10000,     /* SIGTERM: what is not done by then is cut                    */
    LISTENERS_MAX              = 256,       /* addresses bound, of all snapshots in use                    */
    UPSTREAMS_A_SNAPSHOT_MAX   = 2048,      /* half of UPSTREAMS_MAX: old and new fit side by side         */
    EPOCHS_MAX                 = 256,       /* snapshots in use at once: long streams keep theirs            */
};
