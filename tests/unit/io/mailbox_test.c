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
#include "base/rng.h"
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
            struct message sent = { .kind = MESSAGE_STOP, .value = i, .moved = &m };
            enum why       why = mailbox_push(box, sent, &must_wake);
            CHECK(why == WHY_OK, "%llu: %s\n", (unsigned long long)i, why_name(why));
            CHECK(must_wake == (i == 0), "%llu: wake %d\n", (unsigned long long)i, must_wake);
        }
        enum why why = mailbox_push(box, (struct message){ .kind = MESSAGE_STOP }, &must_wake);
        CHECK(why == WHY_MAILBOX_FULL, "full: %s\n", why_name(why));
        for (uint64_t i = 0; i < MAILBOX_MESSAGES_MAX; i++) {
            CHECK(mailbox_pop(box, &m), "%llu is missing\n", (unsigned long long)i);
            CHECK(m.kind == MESSAGE_STOP && m.value == i && m.moved == &m, "%llu is wrong\n", (unsigned long long)i);
        }
        why = mailbox_push(box, (struct message){ .kind = MESSAGE_STOP, .value = 7 }, &must_wake);
        CHECK(why == WHY_OK, "room again: %s\n", why_name(why));
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

enum { MESSAGES_N = 50000 };

struct pair {
    struct mailbox  *box;
    sem_t            bell;
    _Atomic uint64_t taken; /* messages that the consumer has popped                     */
    _Atomic bool     is_over;
    uint32_t         ahead; /* messages that may be under way at a time                  */
    uint64_t         wakes;
};

static void *produce(void *arg)
{
    struct pair *p = arg;
    struct rng   chance;

    rng_init(&chance, 1);
    for (uint64_t i = 0; i < MESSAGES_N && !p->is_over;) {
        bool must_wake = false;
        if (i - p->taken >= p->ahead)
            continue;
        /* The consumer has just taken the last message and is falling asleep: push at about that moment. A wake-up lost
         * here is not made good by a later message, because there is none before this one is taken. */
        for (volatile uint64_t spins = rng_below(&chance, 200); spins > 0; spins--)
            ;
        if (mailbox_push(p->box, (struct message){ .kind = MESSAGE_STARTED, .value = i }, &must_wake) != WHY_OK)
            continue;
        i++;
        if (must_wake) {
            p->wakes++;
            sem_post(&p->bell);
        }
    }
    return NULL;
}

/* Answers how often the consumer slept; its last good message is in p->taken. */
static uint64_t consume(struct pair *p)
{
    struct message m;
    uint64_t       sleeps = 0;

    while (p->taken < MESSAGES_N) {
        if (mailbox_pop(p->box, &m)) {
            if (m.value != p->taken)
                return sleeps;
            p->taken++;
            continue;
        }
        struct timespec limit;
        clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_sec += 5;
        if (sem_timedwait(&p->bell, &limit) != 0)
            return sleeps;
        sleeps++;
    }
    return sleeps;
}

TEST(mailbox_between_two_threads_loses_nothing)
{
    static const uint32_t aheads[] = { 1, 3, 2 * MAILBOX_MESSAGES_MAX };
    for (size_t i = 0; i < COUNT(aheads); i++) {
        struct pair p = { .box = box_open(), .ahead = aheads[i] };
        pthread_t   producer;
        sem_init(&p.bell, 0, 0);
        CHECK(pthread_create(&producer, NULL, produce, &p) == 0, "thread\n");
        uint64_t sleeps = consume(&p);
        p.is_over = true;
        pthread_join(producer, NULL);
        CHECK(p.taken == MESSAGES_N, "%u ahead: out of order, or asleep for ever, at %llu\n", aheads[i],
              (unsigned long long)p.taken);
        CHECK(sleeps > 0 && p.wakes > 0, "%llu sleeps, %llu wakes\n", (unsigned long long)sleeps,
              (unsigned long long)p.wakes);
        mailbox_close(p.box);
    }
}

CHECK_RUN(RUN(mailbox_is_bounded_and_keeps_order), RUN(mailbox_close_accepts_null),
          RUN(mailbox_between_two_threads_loses_nothing))
