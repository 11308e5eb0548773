/* buf_test.c - chunks come back to their pool at the last drop, and not before. */
#include "base/buf.h"

#include "base/limits.h"
#include "lib/check.h"

TEST(buf_comes_back_at_the_last_drop)
{
    struct buf_pool p;
    enum why        why = buf_pool_open(&p, 2, 1);

    CHECK(why == WHY_OK, "open: %s\n", why_name(why));
    struct buf *a = buf_take(&p, BUF_SMALL), *b = buf_take(&p, BUF_SMALL), *large = buf_take(&p, BUF_LARGE);
    CHECK(a != NULL && b != NULL && large != NULL && buf_take(&p, BUF_SMALL) == NULL, "not two small ones\n");
    CHECK(buf_take(&p, BUF_LARGE) == NULL && buf_pool_live_n(&p) == 3, "%u live\n", buf_pool_live_n(&p));
    CHECK(a->bytes == BUF_SMALL_BYTES && large->bytes == BUF_LARGE_BYTES && a->used == 0 && a->refs == 1, "fresh\n");
    memset(a->mem, 1, a->bytes);
    memset(b->mem, 2, b->bytes);
    memset(large->mem, 3, large->bytes);
    CHECK(a->mem[a->bytes - 1] == 1 && b->mem[0] == 2 && b->refs == 1, "chunks overlap\n");
    buf_hold(a);
    buf_drop(a);
    CHECK(buf_take(&p, BUF_SMALL) == NULL, "came back while it was held\n");
    buf_drop(a);
    CHECK(buf_take(&p, BUF_SMALL) == a && a->refs == 1 && a->used == 0, "did not come back\n");
    buf_drop(a);
    buf_drop(b);
    buf_drop(large);
    CHECK(buf_pool_live_n(&p) == 0, "%u live\n", buf_pool_live_n(&p));
    buf_pool_close(&p);
}

CHECK_RUN(RUN(buf_comes_back_at_the_last_drop))
