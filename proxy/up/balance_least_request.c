/* balance_least_request.c - the less busy of two drawn by chance (power of two choices), weights considered.
 *
 * Requests in progress are counted per worker: with many workers each sees its share, which is enough for the choice of two
 * (Mitzenmacher 2001: two choices already give log log n).
 */
#include "base/must.h"
#include "up/balance.h"

static struct up_endpoint *least_request_pick(struct up *u, struct rng *rng, const struct up_endpoint *avoid)
{
    uint32_t n = u->endpoints_n;

    MUST(n > 1);
    uint32_t first = rng_below(rng, n);
    uint32_t second = (first + 1 + rng_below(rng, n - 1)) % n;
    struct up_endpoint *a = u->endpoints[first], *b = u->endpoints[second];

    MUST(a != b);
    if (a == avoid)
        return b;
    if (b == avoid)
        return a;
    uint64_t load_a = (uint64_t)(a->requests_n + 1) * b->conf.weight;
    uint64_t load_b = (uint64_t)(b->requests_n + 1) * a->conf.weight;
    return load_a <= load_b ? a : b;
}

const struct balancer balance_least_request = { .name = "least-request", .pick = least_request_pick };
