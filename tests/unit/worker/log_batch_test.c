/* log_batch_test.c - records fill batches, full or old batches go, and with all away records are refused, not queued. */
#include "worker/log_batch.h"

#include "lib/check.h"

static void open_source(struct log_source *s)
{
    enum why why = log_source_open(s, 3);

    CHECK(why == WHY_OK, "open: %s\n", why_name(why));
}

TEST(log_batch_goes_when_it_is_old)
{
    struct log_source s;

    open_source(&s);
    CHECK(log_source_ready(&s, 1, true) == NULL, "an empty source has nothing to send\n");
    memcpy(log_source_reserve(&s, 1000), "x\n", 2);
    log_source_commit(&s, 2);
    CHECK(log_source_ready(&s, 1000 + LOG_FLUSH_NS - 1, false) == NULL, "too early\n");
    struct log_batch *b = log_source_ready(&s, 1000 + LOG_FLUSH_NS, false);
    CHECK(b != NULL && b->bytes == 2 && b->worker == 3, "not ready when it is old\n");
    log_source_give_back(&s, b);
    CHECK(s.free_n == LOG_BATCHES_N, "free %u\n", s.free_n);
    log_source_close(&s);
}

TEST(log_batch_refuses_when_all_are_away)
{
    struct log_source s;
    struct log_batch *away[LOG_BATCHES_N];
    uint32_t records = 0;

    open_source(&s);
    for (uint32_t i = 0; i < LOG_BATCHES_N; i++) {
        while (log_source_reserve(&s, 1) != NULL) {
            log_source_commit(&s, LOG_RECORD_BYTES_MAX);
            records++;
        }
        away[i] = log_source_ready(&s, 1, false);
        CHECK(away[i] != NULL, "batch %u is full and not ready\n", i);
    }
    CHECK(records == (uint32_t)LOG_BATCHES_N * (LOG_BATCH_BYTES / LOG_RECORD_BYTES_MAX), "%u records\n", records);
    CHECK(log_source_reserve(&s, 1) == NULL, "room when all are away\n");
    log_source_give_back(&s, away[0]);
    CHECK(log_source_reserve(&s, 1) != NULL, "no room after one came back\n");
    for (uint32_t i = 1; i < LOG_BATCHES_N; i++)
        log_source_give_back(&s, away[i]);
    log_source_close(&s);
}

CHECK_RUN(RUN(log_batch_goes_when_it_is_old), RUN(log_batch_refuses_when_all_are_away))
