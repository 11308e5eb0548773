/* list_test.c - a list keeps order, and a node knows whether it is in one. */
#include "base/list.h"

#include "lib/check.h"

TEST(list_keeps_order_and_membership)
{
    struct list      l;
    struct list_node a = { 0 }, b = { 0 }, c = { 0 };
    list_init(&l);
    list_push(&l, &a);
    list_push(&l, &b);
    list_push_front(&l, &c);
    list_remove(&b);
    list_remove(&b);
    CHECK(!list_has(&b) && list_pop(&l) == &c && list_pop(&l) == &a && list_pop(&l) == NULL, "order\n");
    CHECK(list_is_empty(&l) && !list_has(&a), "left over\n");
}

CHECK_RUN(RUN(list_keeps_order_and_membership))
