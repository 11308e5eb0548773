/* balance.h - which endpoint next: one file per algorithm, one row each in balance.c.
 *
 * Layer:  up. Pure: reads and writes the upstream's own balancing fields only.
 */
#pragma once

#include "base/rng.h"
#include "up/up.h"

struct balancer {
    const char *name;
    /* Pre: u->endpoints_n > 1. avoid may be NULL. Never NULL. */
    struct up_endpoint *(*pick)(struct up *u, struct rng *rng, const struct up_endpoint *avoid);
};

extern const struct balancer balance_round_robin, balance_least_request;
