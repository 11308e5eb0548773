/* world_sim.h - the simulated world from inside: what ring_sim.c, socket_sim.c and clock_sim.c share.
 *
 * Layer:  io (simulation). Tests include io/ring_sim.h instead.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "io/net_sim.h"
#include "io/ring_sim.h"

struct world_sim_later {
    uint64_t     at_ns;
    ring_sim_fn *fn;
    void        *arg;
};

struct world_sim {
    uint64_t               now_ns;
    struct rng             chance;
    struct ring_sim_odds   odds;
    struct net_sim         net;
    struct world_sim_later later[RING_SIM_LATER_MAX]; /* in no order */
    uint32_t               later_n;
    uint32_t               fail_in;  /* operations until one fails; 0: none will */
    enum why               fail_why;
    uint32_t               rings_n;
    uint32_t               ops_n;    /* in flight, of all rings                  */
    uint16_t               silent_port_be; /* connects to it never complete; 0: none */
};

/* The open one; NULL when there is none. */
struct world_sim *world_sim_now(void);
bool world_sim_happens(struct world_sim *w, uint16_t odds_of_1000);
/* A moment from now, later by chance. */
uint64_t world_sim_soon_ns(struct world_sim *w);
/* Let it be at_ns and run the callbacks that have come due. */
void world_sim_come_to(struct world_sim *w, uint64_t at_ns);
/* When the next callback is due; UINT64_MAX when there is none. */
uint64_t world_sim_next_ns(const struct world_sim *w);
