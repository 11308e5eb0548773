/* pool_test.c - slots are exclusive, stale handles find nothing, and the count is the bound. */
#include "base/pool.h"

#include <unistd.h>

#include "lib/check.h"

static void open_pool(struct pool *p, uint32_t slot_bytes, uint32_t slots_max)
{
    enum why why = pool_open(p, "test", slot_bytes, slots_max);

    CHECK(why == WHY_OK, "open: %s\n", why_name(why));
}

TEST(pool_gives_out_each_slot_once_and_then_null)
{
    static const uint32_t sizes[] = { 1, 8, 24, 64, 65, 448, 4136, 17448 };
    for (size_t s = 0; s < COUNT(sizes); s++) {
        struct pool p;
        void       *slot[7];
        open_pool(&p, sizes[s], 7);
        for (uint32_t i = 0; i < 7; i++) {
            slot[i] = pool_take(&p);
            CHECK(slot[i] != NULL, "size %u: slot %u is NULL\n", sizes[s], i);
            memset(slot[i], 0xa5, sizes[s]);
            CHECK(pool_slot(&p, slot[i]) == i, "size %u: slot %u has number %u\n", sizes[s], i, pool_slot(&p, slot[i]));
        }
        CHECK(pool_take(&p) == NULL, "an eighth slot of seven\n");
        CHECK(p.live_n == 7 && p.live_max == 7, "live %u, max %u\n", p.live_n, p.live_max);
        pool_give(&p, slot[3]);
        CHECK(pool_take(&p) == slot[3], "the last one given is the next one taken\n");
        CHECK(*(uint8_t *)slot[3] == 0, "take zeroes\n");
        for (uint32_t i = 0; i < 7; i++)
            pool_give(&p, slot[i]);
        CHECK(p.live_n == 0, "live %u\n", p.live_n);
        pool_close(&p);
    }
}

TEST(pool_finds_live_slots_only)
{
    struct pool p;
    open_pool(&p, 100, 4);
    CHECK(pool_find(&p, 0, 0) == NULL && pool_find(&p, 0, 1) == NULL, "never taken, found\n");
    void    *slot = pool_take(&p);
    uint32_t gen = pool_generation(&p, slot);
    CHECK(pool_find(&p, 0, gen) == slot, "live, not found\n");
    CHECK(pool_find(&p, 1, gen) == NULL && pool_find(&p, UINT32_MAX, gen) == NULL, "found beyond what was taken\n");
    pool_give(&p, slot);
    CHECK(pool_find(&p, 0, gen) == NULL && pool_find(&p, 0, gen + 1) == NULL, "free, found\n");
    CHECK(pool_take_dirty(&p) == slot, "another slot\n");
    CHECK(pool_find(&p, 0, gen) == NULL, "found by its earlier tenant's handle\n");
    CHECK(pool_find(&p, 0, pool_generation(&p, slot)) == slot, "not found by its own handle\n");
    pool_give(&p, slot);
    pool_close(&p);
}

TEST(pool_fails_the_nth_take_once)
{
    struct pool p;
    open_pool(&p, 16, 8);
    for (int round = 0; round < 2; round++) { /* fresh slots first, then given ones */
        void *a, *b;
        pool_fail_after(&p, 2);
        a = pool_take(&p);
        CHECK(a != NULL, "round %d: the first take failed\n", round);
        CHECK(pool_take(&p) == NULL, "round %d: the second take worked\n", round);
        b = pool_take(&p);
        CHECK(b != NULL, "round %d: the third take failed\n", round);
        pool_give(&p, a);
        pool_give(&p, b);
    }
    pool_close(&p);
}

static long resident_pages(void)
{
    long  total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    CHECK(f != NULL && fscanf(f, "%ld %ld", &total, &resident) == 2, "no /proc/self/statm\n");
    fclose(f);
    return resident;
}

TEST(pool_costs_memory_for_touched_slots_only)
{
    struct pool p;
    long        before = resident_pages();
    open_pool(&p, 17448, 1 << 16); /* more than a gigabyte of address space */
    void *slot = pool_take(&p);
    CHECK(slot != NULL, "take failed\n");
    CHECK(resident_pages() - before < 1024, "%ld pages became resident\n", resident_pages() - before);
    pool_give(&p, slot);
    pool_close(&p);
}

TEST(pool_close_accepts_a_zeroed_one)
{
    struct pool p = { 0 };
    pool_close(&p);
    CHECK(p._mem == NULL, "not zeroed\n");
}

CHECK_RUN(RUN(pool_gives_out_each_slot_once_and_then_null), RUN(pool_finds_live_slots_only),
          RUN(pool_fails_the_nth_take_once), RUN(pool_costs_memory_for_touched_slots_only),
          RUN(pool_close_accepts_a_zeroed_one))
