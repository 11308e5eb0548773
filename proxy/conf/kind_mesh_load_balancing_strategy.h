/* kind_mesh_load_balancing_strategy.h - MeshLoadBalancingStrategy: which endpoint of a service is next.
 *
 * Layer:  conf.
 */
#pragma once

#include "conf/kind.h"

/* Of a hash policy; its SourceIP is HASH_CONNECTION's older name. */
enum hash_type { HASH_HEADER = 0, HASH_COOKIE, HASH_CONNECTION, HASH_QUERY, HASH_FILTER_STATE, HASH_SOURCE_IP };
/* Behind those of enum balance, which are the ones that exist. */
enum algorithm { ALGORITHM_RING_HASH = 16, ALGORITHM_RANDOM, ALGORITHM_MAGLEV };
enum zone_type { ZONES_NONE = 0, ZONES_ONLY, ZONES_ANY, ZONES_ANY_EXCEPT };

struct balance_header {
    const struct node *node;
    struct span name;
};

struct balance_cookie {
    const struct node *node;
    struct span name;
    int64_t ttl;
    struct span path;
};

struct balance_connection {
    const struct node *node;
    int64_t source_ip;
};

struct balance_query {
    const struct node *node;
    struct span name;
};

struct balance_filter_state {
    const struct node *node;
    struct span key;
};

struct balance_hash_policy {
    const struct node *node;
    int64_t type;
    int64_t terminal;
    const struct balance_header *header;
    const struct balance_cookie *cookie;
    const struct balance_connection *connection;
    const struct balance_query *query_parameter;
    const struct balance_filter_state *filter_state;
};

struct balance_least_request {
    const struct node *node;
    int64_t choice_count;
    struct span active_request_bias;
};

struct balance_ring_hash {
    const struct node *node;
    int64_t hash_function;
    int64_t min_ring_size;
    int64_t max_ring_size;
    struct list hash_policies;
};

struct balance_maglev {
    const struct node *node;
    int64_t table_size;
    struct list hash_policies;
};

struct balance_algorithm {
    const struct node *node;
    int64_t type;
    const struct balance_least_request *least_request;
    const struct balance_ring_hash *ring_hash;
    const struct balance_maglev *maglev;
};

struct balance_affinity_tag {
    const struct node *node;
    struct span key;
    int64_t weight;
};

struct balance_local_zone {
    const struct node *node;
    struct list affinity_tags;
};

struct balance_zones {
    const struct node *node;
    struct list zones;
};

struct balance_failover_to {
    const struct node *node;
    int64_t type;
    struct list zones;
};

struct balance_failover {
    const struct node *node;
    const struct balance_zones *from;
    const struct balance_failover_to *to;
};

struct balance_threshold {
    const struct node *node;
    int64_t percentage;
};

struct balance_cross_zone {
    const struct node *node;
    struct list failover;
    const struct balance_threshold *failover_threshold;
};

struct balance_locality {
    const struct node *node;
    int64_t disabled;
    const struct balance_local_zone *local_zone;
    const struct balance_cross_zone *cross_zone;
};

struct balance_conf {
    const struct node *node;
    const struct balance_algorithm *load_balancer;
    struct list hash_policies;
    const struct balance_locality *locality_awareness;
};

extern const struct kind kind_mesh_load_balancing_strategy;
