/* bufq_test.c - bytes come out as they went in, whatever the path, and every buffer comes back.
 *
 * Method: directed tests for each path, then random operations on three queues against plain arrays.
 */
#include "base/bufq.h"

#include "base/limits.h"
#include "base/rng.h"
#include "lib/check.h"
#include "lib/fault.h"

enum { SEGS_N = 256, SMALL_N = 64, LARGE_N = 16 };

/* A ring buffer as the kernel would hand it out: full, home elsewhere, counted when it comes back. */
struct foreign {
    struct buf buf;
    uint8_t    mem[65536];
    unsigned   back_n;
};

static void foreign_back(struct buf *b)
{
    ((struct foreign *)b->home)->back_n++;
}

static struct buf *foreign_open(struct foreign *f)
{
    for (size_t i = 0; i < sizeof f->mem; i++)
        f->mem[i] = (uint8_t)(i * 31 + i / 251);
    f->back_n = 0;
    f->buf = (struct buf){ .mem = f->mem, .bytes = sizeof f->mem, .refs = 1, .used = sizeof f->mem, .home = f,
                           .on_free = foreign_back };
    return &f->buf;
}

static struct foreign foreign_of(void)
{
    return (struct foreign){ .back_n = 0 };
}

static void env_open(struct bufq_env *env)
{
    enum why why = bufq_env_open(env, SEGS_N, SMALL_N, LARGE_N);
    CHECK(why == WHY_OK, "open: %s\n", why_name(why));
}

static void env_close(struct bufq_env *env)
{
    CHECK(env->segs.live_n == 0, "%u segments left\n", env->segs.live_n);
    CHECK(buf_pool_live_n(&env->bufs) == 0, "%u buffers left\n", buf_pool_live_n(&env->bufs));
    bufq_env_close(env);
}

static bool holds(const struct bufq *q, const void *bytes, uint32_t len)
{
    static uint8_t got[1 << 20];
    return q->bytes == len && bufq_peek(q, got, sizeof got) == len && memcmp(got, bytes, len) == 0;
}

TEST(push_buf_copies_small_pieces_and_gives_the_buffer_back)
{
    struct foreign  f = foreign_of();
    struct bufq_env env;
    struct bufq     q = { 0 };

    env_open(&env);
    struct buf *b = foreign_open(&f);
    CHECK(bufq_push_buf(&env, &q, b, b->mem, BUFQ_COPY_BYTES_MAX) == WHY_OK, "push\n");
    CHECK(f.back_n == 1 && q.segs == 1 && q.first->buf != b, "a small piece pins its buffer\n");
    b = foreign_open(&f);
    CHECK(bufq_push_buf(&env, &q, b, b->mem + BUFQ_COPY_BYTES_MAX, 100) == WHY_OK, "push\n");
    CHECK(q.segs == 1, "the second small piece did not join the first: %u\n", q.segs);
    b = foreign_open(&f);
    CHECK(bufq_push_buf(&env, &q, b, b->mem + BUFQ_COPY_BYTES_MAX + 100, BUFQ_COPY_BYTES_MAX + 1) == WHY_OK, "push\n");
    CHECK(f.back_n == 0 && q.segs == 2 && q.last->buf == b, "a large piece was copied\n");
    CHECK(holds(&q, f.mem, 2 * BUFQ_COPY_BYTES_MAX + 101), "wrong bytes\n");
    bufq_clear(&env, &q);
    CHECK(f.back_n == 1, "cleared, not back\n");
    env_close(&env);
}

TEST(push_buf_grows_a_piece_that_goes_on)
{
    struct foreign  f = foreign_of();
    struct bufq_env env;
    struct bufq     q = { 0 };

    env_open(&env);
    struct buf *b = foreign_open(&f);
    buf_hold(b);
    CHECK(bufq_push_buf(&env, &q, b, b->mem, 5000) == WHY_OK, "push\n");
    CHECK(bufq_push_buf(&env, &q, b, b->mem + 5000, 3) == WHY_OK, "push\n");
    CHECK(q.segs == 1 && b->refs == 1, "%u pieces, %u references\n", q.segs, b->refs);
    CHECK(holds(&q, f.mem, 5003), "wrong bytes\n");
    bufq_eat(&env, &q, 5003);
    CHECK(f.back_n == 1, "eaten, not back\n");
    env_close(&env);
}

TEST(push_is_all_or_nothing_when_pools_run_out)
{
    struct foreign  f = foreign_of();
    struct bufq_env env;
    static uint8_t  bytes[400000];
    struct bufq     q = { 0 };

    env_open(&env);
    memset(bytes, 7, sizeof bytes);
    CHECK(bufq_push_copy(&env, &q, span_of(bytes, 100)) == WHY_OK, "push\n");
    uint32_t limit = 0;
    for (; bufq_push_copy(&env, &q, span_of(bytes, 50000)) == WHY_OK; limit++)
        ;
    CHECK(limit > 0 && q.bytes == 100 + limit * 50000, "%u bytes after %u pushes\n", q.bytes, limit);
    enum why why = bufq_push_copy(&env, &q, span_of(bytes, sizeof bytes));
    CHECK(why == WHY_POOL_BUFFER_EMPTY && q.bytes == 100 + limit * 50000, "%s, %u bytes\n", why_name(why), q.bytes);
    bufq_clear(&env, &q);
    for (uint32_t n = 1; n <= 2; n++) { /* first the segment, then the chunk is missing */
        struct buf *b = foreign_open(&f);
        pool_fail_after(n == 1 ? &env.segs : &env.bufs._pool[BUF_SMALL], 1);
        pool_fail_after(&env.bufs._pool[BUF_LARGE], 1);
        why = bufq_push_buf(&env, &q, b, b->mem, n == 1 ? 5000 : 10);
        CHECK(why == WHY_POOL_BUFFER_EMPTY && f.back_n == 1 && q.segs == 0, "%u: %s\n", n, why_name(why));
        pool_fail_after(&env.segs, 0);
        pool_fail_after(&env.bufs._pool[BUF_LARGE], 0);
    }
    env_close(&env);
}

TEST(reserve_and_commit)
{
    struct bufq_env env;
    struct bufq     q = { 0 };
    uint32_t        room = 0;

    env_open(&env);
    uint8_t *at = bufq_reserve(&env, &q, 10, &room);
    CHECK(at != NULL && room == BUF_SMALL_BYTES, "room %u\n", room);
    memcpy(at, "0123456789", 10);
    bufq_commit(&q, 5);
    CHECK(holds(&q, "01234", 5), "wrong bytes\n");
    CHECK(bufq_reserve(&env, &q, 10, &room) == at + 5 && room == BUF_SMALL_BYTES - 5, "not behind the end\n");
    bufq_commit(&q, 0);
    at = bufq_reserve(&env, &q, BUF_LARGE_BYTES, &room);
    CHECK(at != NULL && room == BUF_LARGE_BYTES && q.segs == 2, "large: room %u, %u pieces\n", room, q.segs);
    bufq_commit(&q, 0);
    CHECK(bufq_front(&q).len == 5, "front\n");
    bufq_eat(&env, &q, 5);
    CHECK(q.segs == 0 && buf_pool_live_n(&env.bufs) == 0, "unused room stays with an empty queue\n");
    CHECK(bufq_front(&q).len == 0 && bufq_is_empty(&q), "not empty\n");
    /* Room that was not used is used by the next push. */
    at = bufq_reserve(&env, &q, 100, &room);
    CHECK(at != NULL, "reserve\n");
    bufq_commit(&q, 0);
    CHECK(bufq_push_copy(&env, &q, SPAN_LIT("abc")) == WHY_OK && q.segs == 1, "%u pieces\n", q.segs);
    CHECK(holds(&q, "abc", 3), "wrong bytes\n");
    bufq_clear(&env, &q);
    env_close(&env);
}

TEST(reserve_wants_one_piece_or_nothing)
{
    struct bufq_env env;
    struct bufq     q = { 0 };
    uint32_t        room = 0;

    env_open(&env);
    pool_fail_after(&env.bufs._pool[BUF_LARGE], 1);
    CHECK(bufq_reserve(&env, &q, BUF_SMALL_BYTES + 1, &room) == NULL, "a small chunk stood in for a large one\n");
    pool_fail_after(&env.bufs._pool[BUF_SMALL], 1);
    CHECK(bufq_reserve(&env, &q, 1, &room) != NULL && room == BUF_LARGE_BYTES, "a large chunk may stand in\n");
    bufq_clear(&env, &q);
    env_close(&env);
}

TEST(move_relinks_whole_pieces_and_splits_by_reference)
{
    struct foreign  f = foreign_of();
    struct bufq_env env;
    struct bufq     a = { 0 }, b = { 0 };

    env_open(&env);
    struct buf *buf = foreign_open(&f);
    CHECK(bufq_push_buf(&env, &a, buf, buf->mem, 60000) == WHY_OK, "push\n");
    CHECK(bufq_move(&env, &a, &b, 20000) == WHY_OK, "move\n");
    CHECK(buf->refs == 2 && holds(&b, f.mem, 20000) && holds(&a, f.mem + 20000, 40000), "split\n");
    CHECK(bufq_move(&env, &a, &b, UINT32_MAX) == WHY_OK, "move\n");
    CHECK(buf->refs == 1 && b.segs == 1 && a.segs == 0 && holds(&b, f.mem, 60000), "the halves did not join\n");
    CHECK(bufq_move(&env, &b, &a, 100) == WHY_OK && buf->refs == 1 && a.first->buf != buf, "a small part is copied\n");
    bufq_clear(&env, &a);
    bufq_clear(&env, &b);
    CHECK(f.back_n == 1, "not back\n");
    env_close(&env);
}

TEST(settle_lets_receive_buffers_go)
{
    struct foreign  f = foreign_of();
    struct bufq_env env;
    struct bufq     q = { 0 };

    env_open(&env);
    struct buf *b = foreign_open(&f);
    CHECK(bufq_push_buf(&env, &q, b, b->mem, 5000) == WHY_OK, "push\n");
    CHECK(bufq_settle(&env, &q) == WHY_OK && f.back_n == 0, "a large piece was copied\n");
    bufq_eat(&env, &q, 4900);
    pool_fail_after(&env.bufs._pool[BUF_SMALL], 1);
    CHECK(bufq_settle(&env, &q) == WHY_POOL_BUFFER_EMPTY && holds(&q, f.mem + 4900, 100), "no chunk\n");
    CHECK(bufq_settle(&env, &q) == WHY_OK && f.back_n == 1, "the rest pins its buffer\n");
    CHECK(holds(&q, f.mem + 4900, 100), "wrong bytes\n");
    bufq_clear(&env, &q);
    env_close(&env);
}

TEST(iovec_shows_the_front)
{
    struct foreign  f = foreign_of();
    struct bufq_env env;
    struct bufq     q = { 0 };
    struct iovec    iov[4];
    uint32_t        bytes = 0;

    env_open(&env);
    CHECK(bufq_iovec(&q, iov, 4, &bytes) == 0 && bytes == 0, "empty\n");
    struct buf *b = foreign_open(&f);
    CHECK(bufq_push_copy(&env, &q, SPAN_LIT("head")) == WHY_OK, "push\n");
    CHECK(bufq_push_buf(&env, &q, b, b->mem, 3000) == WHY_OK, "push\n");
    CHECK(bufq_push_copy(&env, &q, SPAN_LIT("tail")) == WHY_OK, "push\n");
    CHECK(bufq_iovec(&q, iov, 4, &bytes) == 3 && bytes == 3008, "%u bytes\n", bytes);
    CHECK(iov[1].iov_base == b->mem && iov[1].iov_len == 3000, "middle\n");
    CHECK(bufq_iovec(&q, iov, 2, &bytes) == 2 && bytes == 3004, "%u bytes\n", bytes);
    bufq_clear(&env, &q);
    env_close(&env);
}

enum { MODEL_BYTES = 1 << 20 };

struct model {
    struct bufq q;
    uint8_t     bytes[MODEL_BYTES];
    uint32_t    len;
};

static void model_eat(struct bufq_env *env, struct model *m, uint32_t len)
{
    bufq_eat(env, &m->q, len);
    m->len -= len;
    memmove(m->bytes, m->bytes + len, m->len);
}

static void model_append(struct model *m, const uint8_t *at, uint32_t len)
{
    memcpy(m->bytes + m->len, at, len);
    m->len += len;
}

static void model_reserve(struct bufq_env *env, struct rng *r, struct model *m)
{
    uint32_t want = 1 + rng_below(r, rng_below(r, 2) ? 5000 : BUF_LARGE_BYTES), room = 0;
    uint8_t *at = bufq_reserve(env, &m->q, want, &room);

    if (at == NULL)
        return;
    CHECK(room >= want, "room %u for %u\n", room, want);
    uint32_t len = rng_below(r, want + 1);
    memset(at, (int)rng_below(r, 256), len);
    model_append(m, at, len);
    bufq_commit(&m->q, len);
}

static void model_move(struct bufq_env *env, struct rng *r, struct model *from, struct model *to)
{
    uint32_t max = rng_below(r, 30000), before = from->q.bytes;

    if (from == to)
        return;
    enum why why = bufq_move(env, &from->q, &to->q, max);
    uint32_t moved = before - from->q.bytes;
    CHECK(why == WHY_POOL_BUFFER_EMPTY || moved == (max < before ? max : before), "moved %u of %u\n", moved, max);
    model_append(to, from->bytes, moved);
    from->len -= moved;
    memmove(from->bytes, from->bytes + moved, from->len);
}

static void random_step(struct bufq_env *env, struct rng *r, struct model *models, struct foreign *f)
{
    struct model *m = &models[rng_below(r, 3)];
    uint32_t      at = rng_below(r, 30000), len = rng_below(r, rng_below(r, 2) ? 2000 : 30000);

    if (m->len > 200000)
        model_eat(env, m, m->len - rng_below(r, 1000));
    if (rng_below(r, 40) == 0)
        pool_fail_after(rng_below(r, 2) ? &env->segs : &env->bufs._pool[BUF_SMALL], 1 + rng_below(r, 2));
    switch (rng_below(r, 6)) {
    case 0:
        buf_hold(&f->buf);
        if (bufq_push_buf(env, &m->q, &f->buf, f->mem + at, len) == WHY_OK)
            model_append(m, f->mem + at, len);
        break;
    case 1:
        if (bufq_push_copy(env, &m->q, span_of(f->mem + at, len)) == WHY_OK)
            model_append(m, f->mem + at, len);
        break;
    case 2:
        model_reserve(env, r, m);
        break;
    case 3:
        model_move(env, r, m, &models[rng_below(r, 3)]);
        break;
    case 4:
        model_eat(env, m, m->len > 0 ? rng_below(r, m->len + 1) : 0);
        break;
    default:
        (void)(bufq_settle(env, &m->q) == WHY_OK);
    }
}

TEST(random_operations_match_plain_arrays)
{
    static struct model models[3];
    static struct foreign f;
    struct bufq_env env;

    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct rng r;
        env_open(&env);
        rng_init(&r, seed);
        foreign_open(&f);
        memset(models, 0, sizeof models);
        for (int step = 0; step < 3000; step++) {
            random_step(&env, &r, models, &f);
            for (int i = 0; i < 3; i++)
                CHECK(holds(&models[i].q, models[i].bytes, models[i].len), "seed %llu, step %d: queue %d differs\n",
                      (unsigned long long)seed, step, i);
        }
        for (int i = 0; i < 3; i++)
            bufq_clear(&env, &models[i].q);
        CHECK(f.buf.refs == 1, "seed %llu: %u references left\n", (unsigned long long)seed, f.buf.refs);
        env_close(&env);
    }
}

/* A message through all paths of a queue; every take of the pool may be the one that fails. */
static bool run_with_failure(uint32_t k, void *arg)
{
    static struct foreign f;
    struct bufq_env env;
    struct bufq     q = { 0 }, to = { 0 };
    struct buf     *large[LARGE_N];
    uint32_t        room = 0;

    env_open(&env);
    struct pool *p = arg == NULL ? &env.segs : &env.bufs._pool[BUF_SMALL];
    struct buf  *b = foreign_open(&f);
    for (int i = 0; i < LARGE_N; i++) /* none may stand in for a small one */
        large[i] = buf_take(&env.bufs, BUF_LARGE);
    pool_fail_after(p, k);
    uint8_t *at = bufq_reserve(&env, &q, 100, &room);
    if (at != NULL) {
        memset(at, 1, 100);
        bufq_commit(&q, 100);
    }
    bool is_ok = at != NULL && bufq_push_copy(&env, &q, span_of(f.mem, 9000)) == WHY_OK;
    buf_hold(b);
    is_ok = bufq_push_buf(&env, &q, b, b->mem, 20000) == WHY_OK && is_ok;
    is_ok = bufq_push_buf(&env, &q, b, b->mem + 30000, 20) == WHY_OK && is_ok;
    is_ok = bufq_move(&env, &q, &to, 50) == WHY_OK && is_ok;
    is_ok = bufq_move(&env, &q, &to, 15000) == WHY_OK && is_ok;
    is_ok = bufq_settle(&env, &to) == WHY_OK && is_ok;
    bool has_failed = fault_pool_fired(p);
    CHECK(is_ok == !has_failed, "take %u failed %d, and all went well %d\n", k, has_failed, is_ok);
    pool_fail_after(p, 0);
    bufq_clear(&env, &q);
    bufq_clear(&env, &to);
    for (int i = 0; i < LARGE_N; i++)
        buf_drop(large[i]);
    CHECK(f.back_n == 1, "the receive buffer came back %u times\n", f.back_n);
    env_close(&env);
    return has_failed;
}

TEST(each_single_failure_is_survived)
{
    bool is_buffers = true;

    CHECK(fault_each(run_with_failure, NULL) > 3, "segments\n");
    CHECK(fault_each(run_with_failure, &is_buffers) > 3, "buffers\n");
}

CHECK_RUN(RUN(push_buf_copies_small_pieces_and_gives_the_buffer_back), RUN(push_buf_grows_a_piece_that_goes_on),
          RUN(push_is_all_or_nothing_when_pools_run_out), RUN(reserve_and_commit),
          RUN(reserve_wants_one_piece_or_nothing),
          RUN(move_relinks_whole_pieces_and_splits_by_reference), RUN(settle_lets_receive_buffers_go),
          RUN(iovec_shows_the_front), RUN(each_single_failure_is_survived),
          RUN(random_operations_match_plain_arrays))
