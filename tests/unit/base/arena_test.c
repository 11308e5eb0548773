/* arena_test.c - allocations do not overlap, the cap holds, fullness sticks and all blocks come back. */
#include "base/arena.h"

#include "base/limits.h"
#include "lib/check.h"

static void bufs_open(struct buf_pool *bufs)
{
    enum why why = buf_pool_open(bufs, 32, 8);
    CHECK(why == WHY_OK, "open: %s\n", why_name(why));
}

static void bufs_close(struct buf_pool *bufs)
{
    CHECK(buf_pool_live_n(bufs) == 0, "%u blocks left\n", buf_pool_live_n(bufs));
    buf_pool_close(bufs);
}

TEST(arena_allocations_do_not_overlap)
{
    struct buf_pool bufs;
    struct arena    a;
    uint8_t        *at[100];
    size_t          len[100];

    bufs_open(&bufs);
    arena_init(&a, &bufs, 100000);
    for (unsigned i = 0; i < 100; i++) {
        len[i] = i % 10 == 9 ? 6000 : i * 7 % 300;
        at[i] = arena_take(&a, len[i]);
        CHECK(at[i] != NULL && ((uintptr_t)at[i] & 7) == 0, "%u: %p\n", i, (void *)at[i]);
        memset(at[i], (int)i, len[i]);
        if (i % 10 == 9 && i > 50)
            break;
    }
    for (unsigned i = 0; i < 60; i++)
        for (size_t k = 0; k < len[i]; k++)
            CHECK(at[i][k] == (uint8_t)i, "%u was overwritten at %zu\n", i, k);
    arena_fini(&a);
    CHECK(a.bytes == 0 && !a.is_full, "not as after init\n");
    CHECK(arena_take(&a, 1) != NULL, "not usable after fini\n");
    arena_fini(&a);
    bufs_close(&bufs);
}

TEST(arena_is_full_at_its_cap_and_stays_so)
{
    struct buf_pool bufs;
    struct arena    a;

    bufs_open(&bufs);
    arena_init(&a, &bufs, 1000);
    CHECK(arena_take(&a, 1000) != NULL && !a.is_full, "the last good size\n");
    CHECK(arena_take(&a, 1) == NULL && a.is_full, "the first bad size\n");
    CHECK(arena_copy(&a, SPAN_LIT("x")).at == NULL && a.is_full, "copy\n");
    arena_fini(&a);
    arena_init(&a, &bufs, 1 << 20);
    CHECK(arena_take(&a, BUF_LARGE_BYTES - 64) != NULL, "the largest\n");
    CHECK(arena_take(&a, BUF_LARGE_BYTES - 63) == NULL && a.is_full, "larger than the largest\n");
    CHECK(arena_take(&a, SIZE_MAX) == NULL, "absurd\n");
    arena_fini(&a);
    arena_init(&a, &bufs, 1 << 20);
    pool_fail_after(&bufs._pool[BUF_SMALL], 1);
    CHECK(arena_take(&a, 1) == NULL && a.is_full, "pool was empty: %s\n", why_name(WHY_ARENA_FULL));
    arena_fini(&a);
    bufs_close(&bufs);
}

TEST(arena_appends_in_place_where_it_can)
{
    struct buf_pool bufs;
    struct arena    a;

    bufs_open(&bufs);
    arena_init(&a, &bufs, 50000);
    struct span s = arena_append(&a, SPAN_NONE, SPAN_LIT("abc"));
    struct span t = arena_append(&a, s, SPAN_LIT("defgh"));
    CHECK(t.at == s.at && span_is(t, SPAN_LIT("abcdefgh")), "not in place\n");
    struct span other = arena_copy(&a, SPAN_LIT("X"));
    struct span u = arena_append(&a, t, SPAN_LIT("i"));
    CHECK(u.at != t.at && span_is(u, SPAN_LIT("abcdefghi")) && span_is(other, SPAN_LIT("X")), "copied wrongly\n");
    CHECK(span_is(t, SPAN_LIT("abcdefgh")), "the old span changed\n");
    struct span e = arena_copy(&a, SPAN_NONE);
    CHECK(e.at != NULL && e.len == 0 && !a.is_full, "an empty span is no failure\n");
    static const uint8_t block[1000];
    for (int i = 0; i < 12; i++)
        u = arena_append(&a, u, span_of(block, sizeof block));
    CHECK(u.len == 12009 && span_is(span_of(u.at, 9), SPAN_LIT("abcdefghi")), "grown to %zu\n", u.len);
    arena_fini(&a);
    bufs_close(&bufs);
}

TEST(arena_fini_accepts_a_zeroed_one)
{
    struct arena a = { 0 };
    arena_fini(&a);
    CHECK(a.bytes == 0, "bytes\n");
}

CHECK_RUN(RUN(arena_allocations_do_not_overlap), RUN(arena_is_full_at_its_cap_and_stays_so),
          RUN(arena_appends_in_place_where_it_can), RUN(arena_fini_accepts_a_zeroed_one))
