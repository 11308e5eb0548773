/* balance_round_robin.c - in turn, by weight, without bursts.
 *
 * Smooth weighted round robin: each endpoint gains its weight a turn, the richest is picked and pays the sum. With weights 5,1,1
 * the order is a a b a c a a, not a a a a a b c. Per worker.
 */
#include "base/must.h"
#include "up/balance.h"

static struct up_endpoint *round_robin_pick(struct up *u, struct rng *rng, const struct up_endpoint *avoid)
{
    struct up_endpoint *best = NULL;
    int32_t sum = 0;

    UNUSED(rng);
    MUST(u->endpoints_n > 1);
    for (uint32_t i = 0; i < u->endpoints_n; i++) {
        struct up_endpoint *ep = u->endpoints[i];

        if (ep == avoid)
            continue;
        ep->turn += (int32_t)ep->conf.weight;
        sum += (int32_t)ep->conf.weight;
        if (best == NULL || ep->turn > best->turn)
            best = ep;
    }
    MUST(best != NULL);
    best->turn -= sum;
    return best;
}

const struct balancer balance_round_robin = { .name = "round-robin", .pick = round_robin_pick };
