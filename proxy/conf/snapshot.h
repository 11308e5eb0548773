/* snapshot.h - the compiled configuration: immutable, built by control, read by every worker.
 *
 * Layer:  conf. Plain data in one block of memory; all spans and pointers stay inside it (or are literals).
 * Owner:  control; each worker has a hold while it or one of its exchanges uses it (engine counts, per worker, and answers
 *         SNAPSHOT_LEFT when its last one ends).
 * Thread: read-only everywhere once published.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "io/ring.h"
#include "proto/address.h"

struct conf_arena;   /* conf/conf_arena.h: the block */
struct host_index;   /* conf/host_index.h: host name -> position, whatever their number */
struct route_index;  /* conf/route_index.h: path -> routes, whatever their number       */
struct regex;        /* conf/regex.h: compiled pattern (PCRE2), thread-safe to match */
struct access_format; /* engine/access_log.h: opaque here */
struct tls_server;   /* conn/tls.h: opaque here  */
struct tls_client;

enum match_type {
    MATCH_EXACT = 0,
    MATCH_PREFIX,      /* path: whole segments; header: leading bytes */
    MATCH_REGEX,
    MATCH_PRESENT,
    MATCH_ABSENT,
};

struct value_match {   /* header or query parameter */
    enum match_type type;
    struct span     name;   /* header: lower case */
    struct span     value;
    const struct regex *regex;
};

struct route_match {
    bool            has_path;
    enum match_type path_type;       /* EXACT, PREFIX, REGEX */
    struct span     path;            /* PREFIX: without trailing '/', "" for "/" */
    const struct regex *path_regex;
    uint8_t         method;          /* enum method; METHOD_OTHER (0) = any */
    const struct value_match *headers;
    uint32_t        headers_n;
    const struct value_match *queries;
    uint32_t        queries_n;
};

struct name_value {
    struct span name;   /* lower case */
    struct span value;
};

struct header_modifier {
    const struct name_value *set, *add;
    const struct span *remove;
    uint32_t set_n, add_n, remove_n;
};

enum path_change {
    PATH_KEEP = 0,
    PATH_REPLACE_FULL,
    PATH_REPLACE_PREFIX,
};

struct redirect {
    struct span scheme, hostname;    /* empty: as the request's */
    enum path_change path_change;
    struct span path;
    uint16_t port;                   /* 0: the scheme's default when scheme is given, else as the request's */
    uint16_t status;                 /* 302 by default */
};

struct rewrite {
    struct span hostname;            /* empty: keep */
    enum path_change path_change;
    struct span path;
    bool host_to_backend;
};

struct backend_ref {
    uint32_t upstream;               /* index into snapshot.upstreams */
    uint32_t weight;
};

/* One policy of a route's chain: which (index into policy_list) and its checked configuration. */
struct chain_entry {
    uint32_t    policy;
    const void *conf;
    uint32_t    worker_offset, exchange_offset; /* of its state blocks */
    bool        is_shadow;           /* asked, and only counted */
    uint32_t    shadow_cell;
};

/* What documents with the label `kuma.io/effect: shadow` would have done is counted here. */
enum shadow_what {
    SHADOW_POLICY = 0,               /* a policy would have refused  */
    SHADOW_TIMEOUT,                  /* a request would have timed out */
    SHADOW_ROUTE,                    /* a request would have gone where this route leads */
};
struct shadow_cell {
    enum shadow_what what;
    uint32_t         policy;         /* enum policy_index, of SHADOW_POLICY */
    struct span      mesh, route;    /* that is concerned; of SHADOW_ROUTE the shadow itself */
};

/* What shadows have to say about a route: rare, so beside it. */
struct route_shadow {
    uint64_t request_timeout_ns;     /* 0: none */
    uint32_t timeout_cell;
    uint32_t route_cell;             /* of listener.shadow's routes: who takes part in it */
};

/* Where a rule was written, for those who ask why. */
struct rule_origin {
    const char *type;                /* MeshHTTPRoute or MeshGatewayRoute */
    struct span mesh, document;
    struct span file;                /* as the operator wrote it */
    uint32_t    line;
    uint32_t    to, rule;            /* spec.to[to].rules[rule]; of a MeshGatewayRoute conf.http.rules[rule] */
};

struct route {
    struct span        name;         /* document's name, for the log */
    const struct rule_origin *origin;
    struct route_match match;        /* one of the rule's matches: a rule with three matches is three routes */
    uint32_t           rule;         /* order number of the rule, for the last tie */
    const struct redirect *redirect; /* or NULL */
    const struct rewrite  *rewrite;  /* or NULL */
    const struct backend_ref *backends;
    uint32_t           backends_n;
    uint64_t           weight_sum;
    bool               backends_broken; /* declared, but none resolves: 500 ROUTE_NO_BACKEND */
    const struct chain_entry *chain; /* request order; response order is the reverse */
    uint32_t           chain_n;
    uint32_t           chain_bytes;  /* exchange state of the whole chain */
    uint64_t           request_timeout_ns;     /* 0: off */
    uint64_t           stream_idle_timeout_ns; /* 0: off */
    const struct route_shadow *shadow; /* NULL: nothing; in listener.shadow: no shadow takes part in this route */
};

/* Hosts of one listener address: the most specific wins and is isolated (kuma-dialect.md 3.5). */
struct virtual_host {
    struct span hostname;            /* "", "*" = any; "*.x"; "x"; lower case */
    const struct route *routes;      /* in precedence order (kuma-dialect.md 3.3): the first that matches is the one */
    uint32_t    routes_n;
    uint32_t    listener_key;        /* of the MeshGateway listener it belongs to: unlike on one port, alike in every generation */
    const struct route_index *index;
    const struct virtual_host *fallback; /* asked when none of the routes matches: the listener's next less specific host, or NULL */
};

struct tls_certificate {             /* PEM, kept for the TLS contexts to be built from */
    struct span chain_pem, key_pem;
};

struct tls_host {                    /* one server name's TLS: certificates and policy */
    struct span hostname;            /* as in virtual_host */
    uint32_t    listener_key;        /* as in virtual_host: a Host of another one than the SNI's is misdirected (421) */
    const struct tls_certificate *certificates;
    uint32_t    certificates_n;      /* 1..2: ECDSA and RSA side by side */
    uint8_t     version_min, version_max;      /* 12 or 13 */
    struct span client_ca_pem;       /* empty: no client certificates asked */
    bool        client_certificate_required; /* else asked for only, when client_ca_pem is set */
    bool        allows_h2;
    struct span ocsp_response;       /* DER, stapled; empty: none */
    uint8_t     digest[32];          /* of all above: same digest, same context */
};

struct listener {
    struct span           name;      /* "edge:8080" */
    struct socket_address address;
    bool                  may_be_missing;      /* the [::] half of a default address: no error on a host without IPv6 */
    bool                  is_tls;
    bool                  is_management;       /* control thread's own */
    bool                  proxy_protocol;      /* v1/v2 expected from proxy_trusted, refused from others */
    const struct cidr    *proxy_trusted;
    uint32_t              proxy_trusted_n;
    uint32_t              forwarded_hops;      /* trusted hops in X-Forwarded-For; 0: never believe, always overwrite */
    const struct cidr    *forwarded_trusted;   /* peers whose forwarded fields count as a hop */
    uint32_t              forwarded_trusted_n;
    const struct virtual_host *hosts;          /* most specific first */
    uint32_t              hosts_n;
    const struct host_index *host_index;       /* into hosts */
    const struct tls_host *tls_hosts;          /* most specific first; listeners of one port share them */
    uint32_t              tls_hosts_n;
    const struct host_index *tls_host_index;   /* into tls_hosts */
    uint32_t              connections_max;     /* 0: as many as there are slots; over all workers */
    uint64_t              idle_timeout_ns;     /* keep-alive of clients */
    uint64_t              head_timeout_ns;     /* request head complete */
    const struct listener *shadow;             /* the same with shadow routes as if they were enforced; NULL: there are none */
};

enum up_protocol {
    UP_HTTP1 = 0,
    UP_HTTP2,     /* prior knowledge, or ALPN over TLS */
    UP_ECHO,      /* built in: answers with a description of the request */
    UP_TCP,
};

enum balance {
    BALANCE_ROUND_ROBIN = 0,
    BALANCE_LEAST_REQUEST,
};

struct endpoint {
    struct socket_address address;
    struct span           text;      /* "127.0.0.1:9000" */
    uint32_t              weight;    /* >= 1 */
};

struct upstream {
    struct span            name;
    enum up_protocol       protocol;
    enum balance           balance;
    const struct endpoint *endpoints;
    uint32_t               endpoints_n;
    uint64_t               connect_timeout_ns;
    uint64_t               idle_timeout_ns;     /* of kept connections */
    bool                   is_tls;
    bool                   verify_ca, verify_name;
    uint8_t                tls_version_min, tls_version_max; /* 12 or 13 */
    struct span            server_name;         /* SNI and name to verify; empty: the request's host */
    struct span            ca_pem, client_chain_pem, client_key_pem;
    uint8_t                tls_digest[32];
    uint8_t                digest[32];          /* of everything: an unchanged upstream keeps its connections */
};

/* Before the key of a field (escaped, in its quotes), behind the key of one whose value is a text or a number, at the end. */
#define ACCESS_MARK_FIELD  '\x01'
#define ACCESS_MARK_TEXT   '\x02'
#define ACCESS_MARK_NUMBER '\x03'
#define ACCESS_MARK_END    '\x04'

struct access_log {
    bool        is_on;
    bool        is_json;
    bool        has_fields;           /* format is the fields of a JSON object, with the marks below: made by compile_access_log.c */
    bool        omits_empty;          /* what has no value is left out, in place of `-` */
    struct span path;                 /* "" = stderr */
    struct span format;               /* Envoy operators; empty: the default */
    struct span mesh;                 /* %KUMA_MESH% */
};

struct snapshot {
    uint64_t               generation;
    struct conf_arena     *arena;
    const struct listener *listeners;
    uint32_t               listeners_n;
    const struct upstream *upstreams;
    uint32_t               upstreams_n;
    struct access_log      access_log;
    uint32_t               worker_state_bytes;  /* of all chains' policies, for each worker */
    uint32_t               documents_n;
    const struct shadow_cell *shadow_cells;
    uint32_t               shadow_cells_n;
    uint64_t              *shadow_counts;  /* [thread][cell]: written by that thread alone, as its other counters are */
    /* Filled by control after compiling: TLS contexts, one set a worker, [worker][index]; see conn/tls.h. */
    struct tls_server   ***tls_servers;   /* [worker][listener-wide number of tls_host] */
    struct tls_client   ***tls_clients;   /* [worker][upstream] */
    struct access_format  *access_format; /* compiled from access_log; NULL: no records */
    uint32_t               tls_held_n;    /* contexts that control holds for this snapshot */
};
