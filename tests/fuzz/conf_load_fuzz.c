/* conf_load_fuzz.c - whole configurations of any bytes.
 *
 * Goal:   no byte string breaks the tables, checks or compiler; what is refused has a sentence; what is taken is a snapshot that
 *         the workers can rely on.
 * Method: load; then walk the snapshot and check what its header promises: order, indexes, chains, sums.
 * Replay: conf_load_fuzz FILE
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/chain.h"
#include "conf/host_index.h"
#include "conf/load.h"
#include "conf/route_index.h"
#include "conf/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_route(const struct snapshot *s, const struct route *r)
{
    uint64_t sum = 0;
    uint32_t bytes = 0;

    for (uint32_t i = 0; i < r->backends_n; i++) {
        MUST(r->backends[i].upstream < s->upstreams_n);
        sum += r->backends[i].weight;
    }
    MUST(sum == r->weight_sum && (sum > 0 || r->backends_broken || r->redirect != NULL));
    for (uint32_t i = 0; i < r->chain_n; i++) {
        MUST(r->chain[i].policy < POLICY_LIST_N && (i == 0 || r->chain[i].policy > r->chain[i - 1].policy));
        MUST(r->chain[i].exchange_offset == bytes && bytes % 8 == 0);
        bytes += chain_state[r->chain[i].policy].exchange_bytes;
    }
    MUST(r->chain_bytes == bytes && r->name.len > 0);
    MUST(!r->match.has_path || (r->match.path_type == MATCH_REGEX) == (r->match.path_regex != NULL));
    for (uint32_t i = 0; i < r->match.headers_n; i++)
        MUST((r->match.headers[i].type == MATCH_REGEX) == (r->match.headers[i].regex != NULL));
}

static void check_host(const struct snapshot *s, const struct virtual_host *h)
{
    for (uint32_t i = 0; i < h->routes_n; i++) {
        const struct route_match *m = &h->routes[i].match;
        const struct route_bucket *b;
        bool is_found = false;
        uint32_t level = 0;
        check_route(s, &h->routes[i]);
        if (!m->has_path || m->path_type == MATCH_REGEX) {
            MUST(i >= h->index->rest_first);
            continue;
        }
        b = m->path_type == MATCH_EXACT ? route_index_exact(h->index, m->path) : route_index_prefix(h->index, m->path, &level);
        MUST(b != NULL && span_is(b->path, m->path));
        for (uint32_t k = 0; k < b->routes_n; k++)
            is_found |= b->routes[k] == i;
        MUST(is_found);
    }
    MUST(h->fallback == NULL || (host_covers(h->fallback->hostname, h->hostname) &&
                                 h->fallback->listener_key == h->listener_key));
}

static void check_listener(const struct snapshot *s, const struct listener *l)
{
    MUST(l->address.bytes_n > 0 && l->name.len > 0 && l->hosts_n > 0 && l->idle_timeout_ns > 0 && l->head_timeout_ns > 0);
    for (uint32_t i = 0; i < l->hosts_n; i++) {
        MUST(host_index_cover(l->host_index, l->hosts[i].hostname) == (int32_t)i);
        MUST(i == 0 || host_order(l->hosts[i - 1].hostname, l->hosts[i].hostname) < 0);
        check_host(s, &l->hosts[i]);
    }
    MUST(l->is_tls == (l->tls_hosts_n > 0));
    for (uint32_t i = 0; i < l->tls_hosts_n; i++) {
        const struct tls_host *h = &l->tls_hosts[i];
        MUST(host_index_cover(l->tls_host_index, h->hostname) == (int32_t)i);
        MUST(h->certificates_n >= 1 && h->certificates_n <= 2 && h->version_min >= 12 && h->version_min <= h->version_max &&
             h->version_max <= 13);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct snapshot *s = NULL;

    MUST(diag != NULL);
    diag_init(diag);
    if (conf_load_text("fuzz.yaml", span_of(data, size), diag, &s) == WHY_OK) {
        MUST(diag->errors_n == 0 && s->listeners_n <= CONF_LISTENERS_MAX && s->upstreams_n <= UPSTREAMS_A_SNAPSHOT_MAX);
        for (uint32_t i = 0; i < s->listeners_n; i++)
            check_listener(s, &s->listeners[i]);
        for (uint32_t i = 0; i < s->upstreams_n; i++)
            MUST(s->upstreams[i].name.len > 0 && s->upstreams[i].connect_timeout_ns > 0 &&
                 (s->upstreams[i].protocol != UP_ECHO || s->upstreams[i].endpoints_n == 0));
    } else {
        MUST(diag->errors_n > 0 && s == NULL);
    }
    conf_free(s);
    free(diag);
    return 0;
}
