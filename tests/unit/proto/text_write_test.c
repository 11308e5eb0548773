/* text_write_test.c - text lands whole or the writer says that it did not.
 *
 * Goal:   flat buffers are never overrun, queues never pass their maximum, an empty pool is a why.
 * Method: the same text into each size from nothing to enough; a long text through several chunks and back.
 */
#include "lib/check.h"

#include "base/limits.h"
#include "proto/text_write.h"

TEST(text_flat_at_each_size)
{
    for (uint32_t size = 0; size <= 40; size++) {
        char out[48];
        struct text_write w;
        memset(out, '#', sizeof(out));
        text_write_init(&w, out, size);
        text_write_str(&w, "abc");
        text_write_u64(&w, 12345);
        text_write_byte(&w, '!');
        uint32_t n = text_write_length(&w);
        CHECK(n == 0 || (n == 9 && memcmp(out, "abc12345!", 9) == 0), "size %u: %u bytes\n", size, n);
        CHECK((n == 9) == (size >= 3 + DECIMAL_BYTES_MAX), "size %u: %u bytes\n", size, n);
        CHECK(w.is_full == (n == 0), "size %u: full is %d\n", size, w.is_full);
        for (uint32_t i = size; i < sizeof(out); i++)
            CHECK(out[i] == '#', "size %u: byte %u overrun\n", size, i);
    }
}

TEST(text_full_sticks)
{
    char out[4];
    struct text_write w;

    text_write_init(&w, out, sizeof(out));
    text_write_str(&w, "12345");
    text_write_byte(&w, 'x');
    text_write_str(&w, "");
    CHECK(w.is_full && text_write_length(&w) == 0, "something fitted\n");
}

/* A text of bytes bytes, in pieces of several lengths, to a queue that may hold bytes_max. */
static enum why write_counted(struct bufq_env *env, struct bufq *q, uint32_t bytes, uint32_t bytes_max)
{
    struct text_write w;
    char piece[1000];
    uint32_t written = 0;

    text_write_init_bufq(&w, env, q, bytes_max);
    while (written < bytes) {
        uint32_t n = written % 997 + 1;
        if (n > bytes - written)
            n = bytes - written;
        for (uint32_t i = 0; i < n; i++)
            piece[i] = (char)('a' + (written + i) % 26);
        text_write_span(&w, span_of(piece, n));
        written += n;
    }
    return text_write_finish(&w);
}

TEST(text_queue_holds_it_all)
{
    static const uint32_t sizes[] = { 0, 1, 511, 512, 513, BUF_SMALL_BYTES, BUF_SMALL_BYTES + 1, BUF_LARGE_BYTES + 1,
                                      100000 };

    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct bufq_env env;
        struct bufq q = { 0 };
        uint32_t seen = 0;
        CHECK(bufq_env_open(&env, 64, 64, 64) == WHY_OK, "no memory for the test\n");
        CHECK(bufq_push_copy(&env, &q, SPAN_LIT("head")) == WHY_OK, "push\n");
        CHECK(write_counted(&env, &q, sizes[i], sizes[i]) == WHY_OK, "size %u: refused\n", sizes[i]);
        CHECK(q.bytes == sizes[i] + 4, "size %u: %u bytes\n", sizes[i], q.bytes);
        bufq_eat(&env, &q, 4);
        while (q.bytes > 0) {
            struct span front = bufq_front(&q);
            for (size_t k = 0; k < front.len; k++, seen++)
                CHECK(front.at[k] == 'a' + seen % 26, "size %u: byte %u\n", sizes[i], seen);
            bufq_eat(&env, &q, (uint32_t)front.len);
        }
        CHECK(seen == sizes[i], "size %u: %u seen\n", sizes[i], seen);
        bufq_clear(&env, &q);
        CHECK(buf_pool_live_n(&env.bufs) == 0 && env.segs.live_n == 0, "size %u: leak\n", sizes[i]);
        bufq_env_close(&env);
    }
}

TEST(text_queue_has_a_maximum)
{
    static const uint32_t sizes[] = { 2, 513, BUF_SMALL_BYTES + 1, 50000 };

    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct bufq_env env;
        struct bufq q = { 0 };
        CHECK(bufq_env_open(&env, 64, 64, 64) == WHY_OK, "no memory for the test\n");
        CHECK(write_counted(&env, &q, sizes[i], sizes[i] - 1) == WHY_TEXT_TOO_LONG, "size %u: taken\n", sizes[i]);
        CHECK(q.bytes <= sizes[i] - 1, "size %u: %u bytes\n", sizes[i], q.bytes);
        bufq_clear(&env, &q);
        bufq_env_close(&env);
    }
}

TEST(text_queue_with_an_empty_pool)
{
    for (uint32_t fail = 1; fail <= 3; fail++) {
        struct bufq_env env;
        struct bufq q = { 0 };
        CHECK(bufq_env_open(&env, 2, 2, 2) == WHY_OK, "no memory for the test\n");
        pool_fail_after(&env.segs, fail == 1 ? 1 : 0);
        CHECK(write_counted(&env, &q, 100000, 200000) == WHY_POOL_BUFFER_EMPTY, "memory from nowhere\n");
        bufq_clear(&env, &q);
        CHECK(buf_pool_live_n(&env.bufs) == 0 && env.segs.live_n == 0, "leak\n");
        bufq_env_close(&env);
    }
}

CHECK_RUN(RUN(text_flat_at_each_size), RUN(text_full_sticks), RUN(text_queue_holds_it_all),
          RUN(text_queue_has_a_maximum),
          RUN(text_queue_with_an_empty_pool))
