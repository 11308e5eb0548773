/* shard_test.c - a shard opens with all its parts, and a task is in its ready list once. */
#include "base/shard.h"

#include "lib/check.h"

TEST(shard_opens_and_wakes_once)
{
    static struct shard s;
    struct task         t = { .kind = TASK_CONN };
    enum why            why = shard_open(&s, 3, 1);
    CHECK(why == WHY_OK && s.id == 3 && s.now_ns > 0 && s.wall_ns > 0, "%s\n", why_name(why));
    shard_wake(&s, &t);
    shard_wake(&s, &t);
    CHECK(list_pop(&s.ready) == &t.node && list_is_empty(&s.ready), "in the list twice\n");
    shard_close(&s);
}

CHECK_RUN(RUN(shard_opens_and_wakes_once))
