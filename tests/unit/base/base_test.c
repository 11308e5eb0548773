/* base_test.c - the small modules: must, why, metric, rng, clock, log, list, shard. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/must.h"
#include "base/rng.h"
#include "base/shard.h"
#include "base/why.h"
#include "lib/check.h"

/* What a child process that ran act wrote to stderr; out_status as of waitpid. */
static size_t stderr_of(void (*act)(void), char *out_text, size_t room, int *out_status)
{
    int    ends[2], devnull;
    size_t used = 0;
    CHECK(pipe(ends) == 0, "pipe\n");
    pid_t child = fork();
    if (child == 0) {
        devnull = open("/dev/null", O_WRONLY);
        dup2(devnull, STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        act();
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t n; used < room - 1 && (n = read(ends[0], out_text + used, room - 1 - used)) > 0;)
        used += (size_t)n;
    out_text[used] = 0;
    close(ends[0]);
    waitpid(child, out_status, 0);
    return used;
}

static void break_promise(void)
{
    MUST(1 + 1 == 3);
}

TEST(must_says_where_and_aborts)
{
    char text[1024];
    int  status = 0;
    stderr_of(break_promise, text, sizeof text, &status);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %d\n", status);
    CHECK(strstr(text, "base_test.c:") != NULL && strstr(text, "1 + 1 == 3") != NULL, "said: %s\n", text);
}

static void log_things(void)
{
    log_error("listener \"%s\" failed", "a\nb\x7f");
    log_debug("not shown");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("shown");
    log_info("%02000d", 0);
}

TEST(log_writes_one_clean_line_each)
{
    char text[8192];
    int  status = 0, lines = 0;
    stderr_of(log_things, text, sizeof text, &status);
    for (const char *c = text; *c != 0; c++)
        lines += *c == '\n';
    CHECK(lines == 3, "%d lines: %s\n", lines, text);
    CHECK(strstr(text, "Z error listener \"a?b?\" failed\n") != NULL, "said: %s\n", text);
    CHECK(strstr(text, "not shown") == NULL && strstr(text, "Z debug shown\n") != NULL, "level: %s\n", text);
    CHECK(strlen(text) < 1500 && text[strlen(text) - 1] == '\n', "a long line is cut, its end stays\n");
}

TEST(why_rows_are_complete)
{
    CHECK(strcmp(why_name(WHY_OK), "ok") == 0 && strcmp(why_name(WHY_IO_NO_BUFFERS), "io-no-buffers") == 0, "%s\n",
          why_name(WHY_IO_NO_BUFFERS));
    for (int i = 0; i < WHY_N; i++) {
        enum why    why = (enum why)i;
        const char *sentence = why_sentence(why);
        CHECK(why_name(why)[0] != 0 && sentence != NULL && strlen(sentence) > 8, "%s\n", why_name(why));
        CHECK(sentence[strlen(sentence) - 1] != '.', "%s ends with a stop\n", why_name(why));
        CHECK(why_http(why) == 0 || (why_http(why) >= 400 && why_http(why) <= 599), "%s: %d\n", why_name(why), why_http(why));
        for (int k = 0; k < i; k++)
            CHECK(strcmp(why_name(why), why_name((enum why)k)) != 0, "%s twice\n", why_name(why));
    }
    CHECK(why_fault(WHY_IO_REFUSED) == WHY_FAULT_UP && why_may_retry(WHY_IO_REFUSED), "refused\n");
    CHECK(why_fault(WHY_MAILBOX_FULL) == WHY_FAULT_US && !why_may_retry(WHY_MAILBOX_FULL), "mailbox\n");
}

TEST(metrics_have_names_and_count)
{
    static struct counters c;
    for (int i = 0; i < METRIC_N; i++)
        CHECK(strncmp(metric_name((enum metric)i), "forge_", 6) == 0 && strlen(metric_help((enum metric)i)) > 5, "%d\n", i);
    counter_add(&c, METRIC_REQUESTS, 2);
    counter_add(&c, METRIC_REQUESTS, 3);
    counter_why(&c, WHY_IO_RESET);
    CHECK(counter_get(&c, METRIC_REQUESTS) == 5 && counter_get_why(&c, WHY_IO_RESET) == 1, "wrong counts\n");
}

TEST(rng_replays_and_is_fair)
{
    struct rng a, b;
    unsigned   hits[3] = { 0 };
    rng_init(&a, 7);
    rng_init(&b, 7);
    for (int i = 0; i < 30000; i++) {
        uint32_t n = rng_below(&a, 3);
        CHECK(n < 3 && n == rng_below(&b, 3), "below 3: %u\n", n);
        hits[n]++;
    }
    for (int i = 0; i < 3; i++)
        CHECK(hits[i] > 9500 && hits[i] < 10500, "%d: %u of 30000\n", i, hits[i]);
    rng_init(&b, 8);
    CHECK(rng_u64(&a) != rng_u64(&b), "seeds do not matter\n");
    uint8_t x[32] = { 0 }, y[32] = { 0 };
    random_secure(x, sizeof x);
    random_secure(y, sizeof y);
    CHECK(memcmp(x, y, sizeof x) != 0, "the kernel repeats itself\n");
}

/* First output of the reference algorithm for the state that splitmix64(0) makes. */
TEST(rng_is_the_published_algorithm)
{
    struct rng r = { { 1, 2, 3, 4 } };
    static const uint64_t want[] = { 11520, 0, 1509978240, UINT64_C(1215971899390074240) };
    for (size_t i = 0; i < COUNT(want); i++) {
        uint64_t got = rng_u64(&r);
        CHECK(got == want[i], "%zu: %llu\n", i, (unsigned long long)got);
    }
}

TEST(clock_goes_forward)
{
    uint64_t a = clock_mono_ns(), b = clock_mono_ns();
    CHECK(a > 0 && b >= a && b - a < NS_PER_S, "%llu then %llu\n", (unsigned long long)a, (unsigned long long)b);
    CHECK(clock_wall_ns() > UINT64_C(1700000000) * NS_PER_S, "the wall clock is before 2023\n");
}

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

CHECK_RUN(RUN(must_says_where_and_aborts), RUN(log_writes_one_clean_line_each), RUN(why_rows_are_complete),
          RUN(metrics_have_names_and_count), RUN(rng_replays_and_is_fair), RUN(rng_is_the_published_algorithm),
          RUN(clock_goes_forward), RUN(list_keeps_order_and_membership), RUN(shard_opens_and_wakes_once))
