/* mailbox_test.c - every message arrives once and in order, a full box says so, and no wake-up is lost.
 *
 * Method: one thread, then two that really sleep: the consumer on a semaphore that only must_wake posts. Run under
 *         the thread sanitizer too.
 */
#include "io/mailbox.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "base/limits.h"
#include "lib/check.h"

static struct mailbox *box_open(void)
{
    struct mailbox *box = NULL;
    enum why        why = mailbox_open(&box);
    CHECK(why == WHY_OK && box != NULL, "open: %s\n", why_name(why));
    return box;
}

TEST(mailbox_is_bounded_and_keeps_order)
{
    struct mailbox *box = box_open();
    struct message  m;
    bool            must_wake = false;

    for (uint64_t round = 0; round < 5; round++) {
        CHECK(!mailbox_pop(box, &m), "a message from nobody\n");
        for (uint64_t i = 0; i < MAILBOX_MESSAGES_MAX; i++) {
            enum why why = mailbox_push(box, (struct message){ .kind = MESSAGE_STOP, .value = i, .moved = &m }, &must_wake);
            CHECK(why == WHY_OK, "%llu: %s\n", (unsigned long long)i, why_name(why));
            CHECK(must_wake == (i == 0), "%llu: wake %d\n", (unsigned long long)i, must_wake);
        }
        enum why why = mailbox_push(box, (struct message){ .kind = MESSAGE_STOP }, &must_wake);
        CHECK(why == WHY_MAILBOX_FULL, "full: %s\n", why_name(why));
        for (uint64_t i = 0; i < MAILBOX_MESSAGES_MAX; i++) {
            CHECK(mailbox_pop(box, &m), "%llu is missing\n", (unsigned long long)i);
            CHECK(m.kind == MESSAGE_STOP && m.value == i && m.moved == &m, "%llu is wrong\n", (unsigned long long)i);
        }
        CHECK(mailbox_push(box, (struct message){ .kind = MESSAGE_STOP, .value = 7 }, &must_wake) == WHY_OK, "room again\n");
        CHECK(mailbox_pop(box, &m) && m.value == 7, "after being full\n");
    }
    mailbox_close(box);
}

TEST(mailbox_close_accepts_null)
{
    struct mailbox *box = box_open();
    mailbox_close(NULL);
    mailbox_close(box);
    CHECK(box != NULL, "opened\n");
}

enum { MESSAGES_N = 200000 };

struct pair {
    struct mailbox *box;
    sem_t           bell;
    uint64_t        wakes, full;
};

static void *produce(void *arg)
{
    struct pair *p = arg;

    for (uint64_t i = 0; i < MESSAGES_N; i++) {
        bool must_wake = false;
        while (mailbox_push(p->box, (struct message){ .kind = MESSAGE_STARTED, .value = i }, &must_wake) != WHY_OK)
            p->full++;
        if (must_wake) {
            p->wakes++;
            sem_post(&p->bell);
        }
        if (i % 64 == 0) /* let the consumer fall asleep now and then */
            for (struct timespec t = { .tv_nsec = 1000 }; nanosleep(&t, &t) != 0;)
                ;
    }
    return NULL;
}

TEST(mailbox_between_two_threads_loses_nothing)
{
    struct pair    p = { .box = box_open() };
    pthread_t      producer;
    struct message m;
    uint64_t       next = 0, sleeps = 0;

    sem_init(&p.bell, 0, 0);
    CHECK(pthread_create(&producer, NULL, produce, &p) == 0, "thread\n");
    while (next < MESSAGES_N) {
        if (mailbox_pop(p.box, &m)) {
            CHECK(m.value == next, "%llu instead of %llu\n", (unsigned long long)m.value, (unsigned long long)next);
            next++;
            continue;
        }
        struct timespec limit;
        clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_sec += 10;
        CHECK(sem_timedwait(&p.bell, &limit) == 0, "nobody woke the consumer at %llu\n", (unsigned long long)next);
        sleeps++;
    }
    pthread_join(producer, NULL);
    CHECK(sleeps > 0 && p.wakes <= sleeps + 1, "%llu sleeps, %llu wakes\n", (unsigned long long)sleeps,
          (unsigned long long)p.wakes);
    mailbox_close(p.box);
}

CHECK_RUN(RUN(mailbox_is_bounded_and_keeps_order), RUN(mailbox_close_accepts_null),
          RUN(mailbox_between_two_threads_loses_nothing))
