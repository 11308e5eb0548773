/* chain.h - a route's policies, in order, as the compiler lays them out: which, with what configuration, state where.
 *
 * Layer:  conf. Plain data; the policies themselves (policy/policy_list.c) stand above and are found by index.
 * Bounds: CHAIN_*_BYTES are what a policy's state may take; policy_list.c checks each policy against its row.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct header_modifier;

/* Evaluation order: index is the phase. */
enum policy_index {
    POLICY_BODY_CAP = 0,
    POLICY_HEADER_MODIFIER,
    POLICY_CHOP,     /* test-only */
    POLICY_PEDANT,   /* test-only */
    POLICY_LIST_N
};

/* Bytes of state: rounded up to 8, so that each state block is aligned. */
struct chain_state {
    uint16_t exchange_bytes, worker_bytes;
    bool     may_be_shadow;   /* asked for its verdict alone it changes nothing: no head, no body, no state that others see */
};
extern const struct chain_state chain_state[POLICY_LIST_N];

enum { CHAIN_ENTRIES_MAX = 2 * POLICY_LIST_N }; /* each enforced, and as a shadow */

struct body_cap_conf {
    uint64_t body_bytes_max;
};

struct header_modifier_conf {
    const struct header_modifier *request, *response; /* conf/snapshot.h; either may be NULL */
};

struct chop_conf {
    uint64_t seed; /* sizes are drawn from it; printed by the test */
};
