/* policy_list.h - the policies there are; policy_list.c puts them in order.
 *
 * Layer:  policy.
 */
#pragma once

#include "policy/policy.h"

extern const struct policy body_cap_policy;
extern const struct policy header_modifier_policy;
extern const struct policy chop_policy;   /* test-only */
extern const struct policy pedant_policy; /* test-only */

/* Each policy's state fits the row that the compiler lays chains out by (conf/chain.c). Aborts when one does not:
 * called once at start, and by the unit tests. */
void policy_list_check(void);
