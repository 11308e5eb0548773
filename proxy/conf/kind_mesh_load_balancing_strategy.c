/* kind_mesh_load_balancing_strategy.c - MeshLoadBalancingStrategy.
 *
 * Spec:   kuma-dialect.md 3.3.
 * Layer:  conf.
 */
#include "conf/kind_mesh_load_balancing_strategy.h"

#include "base/clock.h"
#include "base/must.h"
#include "conf/document.h"
#include "conf/policy_spec.h"
#include "conf/snapshot.h"

#define LONGEST (1000 * 3600 * (int64_t)NS_PER_S)
#define OLD_HASH_POLICIES "write `hashPolicies` beside `loadBalancer`"
#define NOT_CHOSEN "endpoints are chosen by RoundRobin or LeastRequest: write one of them"

static const struct field_row balance_header_rows[] = {
    { .name = "name", .type = TYPE_HEADER_NAME, .offset = offsetof(struct balance_header, name), .is_required = true,
      .doc = "the header's name in lower case" },
    { .name = NULL },
};
static const struct object_table balance_header_table = {
    .name = "header", .rows = balance_header_rows, .bytes = sizeof(struct balance_header), .doc = "a header to hash",
};

static const struct field_row balance_cookie_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct balance_cookie, name), .is_required = true,
      .min = 1, .max = 256, .doc = "the cookie's name" },
    { .name = "ttl", .type = TYPE_DURATION, .offset = offsetof(struct balance_cookie, ttl), .min = 0, .max = LONGEST,
      .doc = "how long a cookie that we set lives; none is set when absent" },
    { .name = "path", .type = TYPE_STRING, .offset = offsetof(struct balance_cookie, path), .min = 1, .max = 1024,
      .doc = "path of a cookie that we set" },
    { .name = NULL },
};
static const struct object_table balance_cookie_table = {
    .name = "cookie", .rows = balance_cookie_rows, .bytes = sizeof(struct balance_cookie), .doc = "a cookie to hash",
};

static const struct field_row balance_connection_rows[] = {
    { .name = "sourceIP", .type = TYPE_BOOL, .offset = offsetof(struct balance_connection, source_ip),
      .doc = "the client's address" },
    { .name = NULL },
};
static const struct object_table balance_connection_table = {
    .name = "connection", .rows = balance_connection_rows, .bytes = sizeof(struct balance_connection),
    .doc = "the connection to hash",
};

static const struct field_row balance_query_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct balance_query, name), .is_required = true,
      .min = 1, .max = 256, .doc = "the parameter's name" },
    { .name = NULL },
};
static const struct object_table balance_query_table = {
    .name = "queryParameter", .rows = balance_query_rows, .bytes = sizeof(struct balance_query),
    .doc = "a query parameter to hash",
};

static const struct field_row balance_filter_state_rows[] = {
    { .name = "key", .type = TYPE_STRING, .offset = offsetof(struct balance_filter_state, key), .is_required = true,
      .min = 1, .max = 256, .doc = "its key" },
    { .name = NULL },
};
static const struct object_table balance_filter_state_table = {
    .name = "filterState", .rows = balance_filter_state_rows, .bytes = sizeof(struct balance_filter_state),
    .doc = "a value of Envoy's filters to hash",
};

static const struct enum_row hash_types[] = {
    { .name = "Header", .value = HASH_HEADER },
    { .name = "Cookie", .value = HASH_COOKIE },
    { .name = "Connection", .value = HASH_CONNECTION },
    { .name = "QueryParameter", .value = HASH_QUERY },
    { .name = "FilterState", .value = HASH_FILTER_STATE },
    { .name = "SourceIP", .value = HASH_SOURCE_IP,
      .older = "write `type: Connection` with `connection: {sourceIP: true}`" },
    { .name = NULL },
};

static const struct enum_row hash_functions[] = {
    { .name = "XXHash", .value = 0 },
    { .name = "MurmurHash2", .value = 1 },
    { .name = NULL },
};

static const struct enum_row algorithms[] = {
    { .name = "RoundRobin", .value = BALANCE_ROUND_ROBIN },
    { .name = "LeastRequest", .value = BALANCE_LEAST_REQUEST },
    { .name = "RingHash", .value = ALGORITHM_RING_HASH, .not_enforced = NOT_CHOSEN },
    { .name = "Random", .value = ALGORITHM_RANDOM, .not_enforced = NOT_CHOSEN },
    { .name = "Maglev", .value = ALGORITHM_MAGLEV, .not_enforced = NOT_CHOSEN },
    { .name = NULL },
};

static const struct enum_row zone_types[] = {
    { .name = "None", .value = ZONES_NONE },
    { .name = "Only", .value = ZONES_ONLY },
    { .name = "Any", .value = ZONES_ANY },
    { .name = "AnyExcept", .value = ZONES_ANY_EXCEPT },
    { .name = NULL },
};

static const struct field_row balance_hash_policy_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct balance_hash_policy, type), .is_required = true,
      .enums = hash_types, .doc = "what is hashed" },
    { .name = "terminal", .type = TYPE_BOOL, .offset = offsetof(struct balance_hash_policy, terminal),
      .fallback = "false", .doc = "when it has a value, the policies after it are not asked" },
    { .name = "header", .type = TYPE_OBJECT, .offset = offsetof(struct balance_hash_policy, header),
      .object = &balance_header_table, .doc = "a header" },
    { .name = "cookie", .type = TYPE_OBJECT, .offset = offsetof(struct balance_hash_policy, cookie),
      .object = &balance_cookie_table, .doc = "a cookie" },
    { .name = "connection", .type = TYPE_OBJECT, .offset = offsetof(struct balance_hash_policy, connection),
      .object = &balance_connection_table, .doc = "the client's address" },
    { .name = "queryParameter", .type = TYPE_OBJECT, .offset = offsetof(struct balance_hash_policy, query_parameter),
      .object = &balance_query_table, .doc = "a query parameter" },
    { .name = "filterState", .type = TYPE_OBJECT, .offset = offsetof(struct balance_hash_policy, filter_state),
      .object = &balance_filter_state_table, .doc = "a value of Envoy's filters" },
    { .name = NULL },
};
static const struct object_table balance_hash_policy_table = {
    .name = "hash policy", .rows = balance_hash_policy_rows, .bytes = sizeof(struct balance_hash_policy),
    .doc = "what of a request chooses its endpoint",
};

static const struct field_row balance_least_request_rows[] = {
    { .name = "choiceCount", .type = TYPE_INT, .offset = offsetof(struct balance_least_request, choice_count), .min = 2,
      .max = 4294967295, .fallback = "2", .doc = "how many are drawn",
      .not_enforced = "two endpoints are drawn: write 2 or leave it out", .harmless = "2" },
    { .name = "activeRequestBias", .type = TYPE_INT_OR_STRING,
      .offset = offsetof(struct balance_least_request, active_request_bias), .fallback = "1",
      .doc = "how much being busy counts beside the weight",
      .not_enforced = "being busy counts fully: write \"1\" or leave it out", .harmless = "1" },
    { .name = NULL },
};
static const struct object_table balance_least_request_table = {
    .name = "leastRequest", .rows = balance_least_request_rows, .bytes = sizeof(struct balance_least_request),
    .doc = "the less busy of some drawn by chance",
};

static const struct field_row balance_ring_hash_rows[] = {
    { .name = "hashFunction", .type = TYPE_ENUM, .offset = offsetof(struct balance_ring_hash, hash_function),
      .fallback = "XXHash", .enums = hash_functions, .doc = "the hash" },
    { .name = "minRingSize", .type = TYPE_INT, .offset = offsetof(struct balance_ring_hash, min_ring_size), .min = 1,
      .max = 8388608, .fallback = "1024", .doc = "fewest places of the ring" },
    { .name = "maxRingSize", .type = TYPE_INT, .offset = offsetof(struct balance_ring_hash, max_ring_size), .min = 1,
      .max = 8388608, .fallback = "8388608", .doc = "most places of the ring" },
    { .name = "hashPolicies", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct balance_ring_hash, hash_policies), .min = 1, .max = 256,
      .object = &balance_hash_policy_table, .doc = "what of a request chooses its endpoint",
      .older = OLD_HASH_POLICIES },
    { .name = NULL },
};
static const struct object_table balance_ring_hash_table = {
    .name = "ringHash", .rows = balance_ring_hash_rows, .bytes = sizeof(struct balance_ring_hash),
    .doc = "a ring of hashes",
};

static const struct field_row balance_maglev_rows[] = {
    { .name = "tableSize", .type = TYPE_INT, .offset = offsetof(struct balance_maglev, table_size), .min = 2,
      .max = 5000011, .fallback = "65537", .doc = "places of the table, a prime number" },
    { .name = "hashPolicies", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct balance_maglev, hash_policies), .min = 1, .max = 256,
      .object = &balance_hash_policy_table, .doc = "what of a request chooses its endpoint",
      .older = OLD_HASH_POLICIES },
    { .name = NULL },
};
static const struct object_table balance_maglev_table = {
    .name = "maglev", .rows = balance_maglev_rows, .bytes = sizeof(struct balance_maglev), .doc = "Maglev's table",
};

static const struct field_row balance_algorithm_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct balance_algorithm, type), .is_required = true,
      .enums = algorithms, .doc = "the algorithm" },
    { .name = "leastRequest", .type = TYPE_OBJECT, .offset = offsetof(struct balance_algorithm, least_request),
      .object = &balance_least_request_table, .doc = "of LeastRequest" },
    { .name = "ringHash", .type = TYPE_OBJECT, .offset = offsetof(struct balance_algorithm, ring_hash),
      .object = &balance_ring_hash_table, .doc = "of RingHash" },
    { .name = "maglev", .type = TYPE_OBJECT, .offset = offsetof(struct balance_algorithm, maglev),
      .object = &balance_maglev_table, .doc = "of Maglev" },
    { .name = NULL },
};
static const struct object_table balance_algorithm_table = {
    .name = "loadBalancer", .rows = balance_algorithm_rows, .bytes = sizeof(struct balance_algorithm),
    .doc = "which endpoint is next",
};

static const struct field_row balance_affinity_tag_rows[] = {
    { .name = "key", .type = TYPE_STRING, .offset = offsetof(struct balance_affinity_tag, key), .is_required = true,
      .min = 1, .max = 256, .doc = "the tag" },
    { .name = "weight", .type = TYPE_INT, .offset = offsetof(struct balance_affinity_tag, weight), .min = 1,
      .max = 4294967295, .doc = "its share; all tags have one, or none" },
    { .name = NULL },
};
static const struct object_table balance_affinity_tag_table = {
    .name = "affinity tag", .rows = balance_affinity_tag_rows, .bytes = sizeof(struct balance_affinity_tag),
    .doc = "a tag that near endpoints share with us",
};

static const struct field_row balance_local_zone_rows[] = {
    { .name = "affinityTags", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct balance_local_zone, affinity_tags), .min = 1, .max = 32,
      .object = &balance_affinity_tag_table, .doc = "tags that near endpoints share with us" },
    { .name = NULL },
};
static const struct object_table balance_local_zone_table = {
    .name = "localZone", .rows = balance_local_zone_rows, .bytes = sizeof(struct balance_local_zone),
    .doc = "endpoints of this zone",
};

static const struct field_row balance_zones_rows[] = {
    { .name = "zones", .type = TYPE_LIST, .of = TYPE_STRING, .offset = offsetof(struct balance_zones, zones),
      .is_required = true, .min = 1, .max = 256, .doc = "their names" },
    { .name = NULL },
};
static const struct object_table balance_zones_table = {
    .name = "from", .rows = balance_zones_rows, .bytes = sizeof(struct balance_zones), .doc = "zones",
};

static const struct field_row balance_failover_to_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct balance_failover_to, type), .is_required = true,
      .enums = zone_types, .doc = "which zones" },
    { .name = "zones", .type = TYPE_LIST, .of = TYPE_STRING, .offset = offsetof(struct balance_failover_to, zones),
      .min = 1, .max = 256, .doc = "their names; of Only and AnyExcept" },
    { .name = NULL },
};
static const struct object_table balance_failover_to_table = {
    .name = "to", .rows = balance_failover_to_rows, .bytes = sizeof(struct balance_failover_to),
    .doc = "zones to go to",
};

static const struct field_row balance_failover_rows[] = {
    { .name = "from", .type = TYPE_OBJECT, .offset = offsetof(struct balance_failover, from),
      .object = &balance_zones_table, .doc = "the zones that it is for; all when absent" },
    { .name = "to", .type = TYPE_OBJECT, .offset = offsetof(struct balance_failover, to), .is_required = true,
      .object = &balance_failover_to_table, .doc = "where to go" },
    { .name = NULL },
};
static const struct object_table balance_failover_table = {
    .name = "failover rule", .rows = balance_failover_rows, .bytes = sizeof(struct balance_failover),
    .doc = "where requests go when this zone cannot take them",
};

static const struct field_row balance_threshold_rows[] = {
    { .name = "percentage", .type = TYPE_PERCENTAGE, .offset = offsetof(struct balance_threshold, percentage),
      .fallback = "50", .doc = "healthy endpoints below which other zones are used" },
    { .name = NULL },
};
static const struct object_table balance_threshold_table = {
    .name = "failoverThreshold", .rows = balance_threshold_rows, .bytes = sizeof(struct balance_threshold),
    .doc = "when this zone counts as failing",
};

static const struct field_row balance_cross_zone_rows[] = {
    { .name = "failover", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct balance_cross_zone, failover),
      .min = 1, .max = 256, .object = &balance_failover_table,
      .doc = "where requests go when this zone cannot take them" },
    { .name = "failoverThreshold", .type = TYPE_OBJECT,
      .offset = offsetof(struct balance_cross_zone, failover_threshold), .is_atomic = true,
      .object = &balance_threshold_table, .doc = "when this zone counts as failing" },
    { .name = NULL },
};
static const struct object_table balance_cross_zone_table = {
    .name = "crossZone", .rows = balance_cross_zone_rows, .bytes = sizeof(struct balance_cross_zone),
    .doc = "endpoints of other zones",
};

static const struct field_row balance_locality_rows[] = {
    { .name = "disabled", .type = TYPE_BOOL, .offset = offsetof(struct balance_locality, disabled), .fallback = "false",
      .doc = "true treats all endpoints alike, which this version does anyway" },
    { .name = "localZone", .type = TYPE_OBJECT, .offset = offsetof(struct balance_locality, local_zone),
      .object = &balance_local_zone_table, .doc = "endpoints of this zone",
      .not_enforced = "all endpoints count as near: leave it out" },
    { .name = "crossZone", .type = TYPE_OBJECT, .offset = offsetof(struct balance_locality, cross_zone),
      .object = &balance_cross_zone_table, .doc = "endpoints of other zones",
      .not_enforced = "all endpoints count as near: leave it out" },
    { .name = NULL },
};
static const struct object_table balance_locality_table = {
    .name = "localityAwareness", .rows = balance_locality_rows, .bytes = sizeof(struct balance_locality),
    .doc = "prefer near endpoints",
};

static const struct field_row balance_conf_rows[] = {
    { .name = "loadBalancer", .type = TYPE_OBJECT, .offset = offsetof(struct balance_conf, load_balancer),
      .object = &balance_algorithm_table, .doc = "which endpoint is next" },
    { .name = "hashPolicies", .type = TYPE_LIST, .of = TYPE_OBJECT,
      .offset = offsetof(struct balance_conf, hash_policies), .min = 1, .max = 32, .object = &balance_hash_policy_table,
      .doc = "what of a request chooses its endpoint, with RingHash and Maglev" },
    { .name = "localityAwareness", .type = TYPE_OBJECT, .offset = offsetof(struct balance_conf, locality_awareness),
      .object = &balance_locality_table, .doc = "prefer near endpoints" },
    { .name = NULL },
};
static const struct object_table balance_conf_table = {
    .name = "MeshLoadBalancingStrategy's default", .rows = balance_conf_rows, .bytes = sizeof(struct balance_conf),
    .doc = "which endpoint is next",
};

static const struct field_row to_rows[] = {
    POLICY_ENTRY_TARGET_ROW,
    POLICY_ENTRY_DEFAULT_ROW(&balance_conf_table),
    { .name = NULL },
};
static const struct object_table to_table = {
    .name = "`to` entry", .rows = to_rows, .bytes = sizeof(struct policy_entry),
    .doc = "what holds for requests to one service",
};

static const struct field_row rows[] = {
    POLICY_TARGET_ROW,
    POLICY_TO_ROW(&to_table),
    POLICY_NO_FROM_ROW,
    { .name = NULL },
};
static const struct object_table table = {
    .name = "MeshLoadBalancingStrategy", .rows = rows, .bytes = sizeof(struct policy_spec),
    .doc = "how endpoints are chosen",
};

static const struct policy_shape shape = {
    .conf = &balance_conf_table, .top_mask = POLICY_TOP_KINDS,
    .to_mask = POLICY_TO_KINDS | 1u << TARGET_MESH_HTTP_ROUTE,
};

/* Each type has a field of its own that must be there, and the others not. */
static bool check_hash_policy(const struct balance_hash_policy *p, struct diag *diag)
{
    static const char *const fields[] = {
        [HASH_HEADER] = "header", [HASH_COOKIE] = "cookie", [HASH_CONNECTION] = "connection",
        [HASH_QUERY] = "queryParameter", [HASH_FILTER_STATE] = "filterState",
    };

    for (size_t i = 0; i < COUNT(fields); i++)
        if (field_is_written(p, fields[i]) != ((int64_t)i == p->type)) {
            diag_error(diag, field_place(p, "type"), "`%s` %s `type: %s`", fields[i],
                       (int64_t)i == p->type ? "is missing, which is needed by" : "has no meaning with",
                       hash_types[p->type].name);
            return false;
        }
    return true;
}

static bool check_hash_policies(const struct list *list, struct diag *diag)
{
    const struct balance_hash_policy *items = list->items;
    bool is_good = true;

    for (uint32_t i = 0; i < list->n; i++)
        is_good &= check_hash_policy(&items[i], diag);
    return is_good;
}

static bool is_prime(int64_t n)
{
    for (int64_t i = 2; i * i <= n; i++)
        if (n % i == 0)
            return false;
    return n > 1;
}

static bool check_algorithm(const struct balance_algorithm *a, struct diag *diag)
{
    bool is_good = true;

    if (a->ring_hash != NULL) {
        is_good &= check_hash_policies(&a->ring_hash->hash_policies, diag);
        if (a->ring_hash->min_ring_size > a->ring_hash->max_ring_size) {
            diag_error(diag, node_place(a->ring_hash->node), "`minRingSize` is above `maxRingSize`: no size is left");
            is_good = false;
        }
    }
    if (a->maglev != NULL) {
        is_good &= check_hash_policies(&a->maglev->hash_policies, diag);
        if (!is_prime(a->maglev->table_size)) {
            diag_error(diag, field_place(a->maglev, "tableSize"), "`tableSize` must be a prime number such as 65537");
            is_good = false;
        }
    }
    return is_good;
}

static bool check_zone(const struct balance_locality *l, struct diag *diag)
{
    const struct balance_affinity_tag *tags = l->local_zone != NULL ? l->local_zone->affinity_tags.items : NULL;
    const struct balance_failover *rules = l->cross_zone != NULL ? l->cross_zone->failover.items : NULL;
    bool is_good = true;

    for (uint32_t i = 1; tags != NULL && i < l->local_zone->affinity_tags.n; i++)
        if ((tags[i].weight == FIELD_ABSENT) != (tags[0].weight == FIELD_ABSENT)) {
            diag_error(diag, node_place(tags[i].node), "`weight` stands with all affinity tags or with none");
            is_good = false;
        }
    for (uint32_t i = 0; rules != NULL && i < l->cross_zone->failover.n; i++) {
        const struct balance_failover_to *to = rules[i].to;
        bool needs_zones = to->type == ZONES_ONLY || to->type == ZONES_ANY_EXCEPT;
        if (needs_zones != (to->zones.n > 0)) {
            diag_error(diag, field_place(to, "type"), "`zones` are written with Only and AnyExcept, and with these alone");
            is_good = false;
        }
    }
    return is_good;
}

static bool check_conf(const void *of, struct diag *diag)
{
    const struct balance_conf *conf = of;
    bool is_good = check_hash_policies(&conf->hash_policies, diag);

    if (conf->load_balancer == NULL && conf->hash_policies.node == NULL && conf->locality_awareness == NULL) {
        diag_error(diag, node_place(conf->node), "this default says nothing: write `loadBalancer` below it");
        is_good = false;
    }
    if (conf->load_balancer != NULL)
        is_good &= check_algorithm(conf->load_balancer, diag);
    if (conf->locality_awareness != NULL)
        is_good &= check_zone(conf->locality_awareness, diag);
    return is_good;
}

static bool check(const struct conf_document *doc, struct diag *diag)
{
    return policy_spec_check(doc, diag, check_conf);
}

/* An upstream is one for all gateways and routes. */
static bool check_enforced(const struct conf_document *doc, struct diag *diag)
{
    const struct policy_spec *spec = doc->spec;
    const struct policy_entry *to = spec->to.items;
    bool is_good = true;

    if (spec->target != NULL && spec->target->kind != TARGET_MESH) {
        diag_error(diag, field_place(spec->target, "kind"), "endpoints for some gateways or routes are understood but not enforced by "
                   "this version: a service has one strategy for all: write `targetRef: {kind: Mesh}`, `to` the service");
        is_good = false;
    }
    for (uint32_t i = 0; i < spec->to.n; i++)
        if (to[i].target->kind == TARGET_MESH_HTTP_ROUTE) {
            diag_error(diag, field_place(to[i].target, "kind"), "endpoints for some routes are understood but not enforced by this "
                       "version: a service has one strategy for all: write it `to` the service");
            is_good = false;
        }
    return is_good;
}

const struct kind kind_mesh_load_balancing_strategy = {
    .type = "MeshLoadBalancingStrategy", .plural = "meshloadbalancingstrategies", .short_name = "mlbs",
    .has_spec = true, .policy = &shape, .table = &table, .check = check, .check_enforced = check_enforced,
};
