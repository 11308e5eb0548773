/* chain.c - how much state each policy may keep.
 *
 * Layer:  conf.
 */
#include "conf/chain.h"

const struct chain_state chain_state[POLICY_LIST_N] = {
    [POLICY_BODY_CAP]        = { .exchange_bytes = 8, .may_be_shadow = true },
    [POLICY_HEADER_MODIFIER] = { .exchange_bytes = 0 },
    [POLICY_CHOP]            = { .exchange_bytes = 64 },
    [POLICY_PEDANT]          = { .exchange_bytes = 64, .worker_bytes = 64 },
};
