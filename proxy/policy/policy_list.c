/* policy_list.c - all policies in evaluation order: first to last on the way in, last to first on the way out.
 *
 * Layer:  policy.
 *
 * What is cheap and refuses stands before what changes, so that nothing is changed for a request that is refused; the
 * two test-only ones stand last, so that they see what every other policy left and answers meet them first.
 */
#include "policy/policy_list.h"

#include "base/must.h"

const struct policy *const policy_list[POLICY_LIST_N] = {
    [POLICY_BODY_CAP] = &body_cap_policy,
    [POLICY_HEADER_MODIFIER] = &header_modifier_policy,
    [POLICY_CHOP] = &chop_policy,
    [POLICY_PEDANT] = &pedant_policy,
};

void policy_list_check(void)
{
    for (unsigned i = 0; i < POLICY_LIST_N; i++) {
        MUST(policy_list[i] != NULL && policy_list[i]->name != NULL);
        MUST(policy_list[i]->exchange_bytes <= chain_state[i].exchange_bytes);
        MUST(policy_list[i]->worker_bytes <= chain_state[i].worker_bytes);
    }
}
