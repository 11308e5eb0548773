/* policy_list_test.c - the list is whole, in order, and fits what chains are laid out by. */
#include "lib/check.h"

#include "policy/policy_list.h"

TEST(list_is_whole)
{
    policy_list_check();
    CHECK(policy_list[POLICY_BODY_CAP] == &body_cap_policy && policy_list[POLICY_PEDANT] == &pedant_policy, "order\n");
}

CHECK_RUN(RUN(list_is_whole))
