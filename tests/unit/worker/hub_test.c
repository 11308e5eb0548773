/* hub_test.c - a message reaches the thread that it is for, in the order of its sender, and wakes a ring that sleeps.
 *
 * Method: one real ring a thread number, all in the test's own thread.
 */
#include "worker/hub.h"

#include "lib/check.h"

enum { WORKERS = 3, THREADS = WORKERS + 1 };

static void open_all(struct hub *hub)
{
    char error[256] = "";

    CHECK(hub_open(hub, WORKERS) == WHY_OK, "no memory\n");
    for (uint32_t i = 0; i < THREADS; i++)
        CHECK(ring_open(&hub->rings[i], error, sizeof(error)) == WHY_OK, "%s\n", error);
}

static void close_all(struct hub *hub)
{
    for (uint32_t i = 0; i < THREADS; i++)
        ring_close(hub->rings[i]);
    hub_close(hub);
}

TEST(hub_every_pair_has_its_own_box)
{
    struct hub hub;
    struct message m;

    open_all(&hub);
    for (uint32_t from = 0; from < THREADS; from++)
        for (uint32_t to = 0; to < THREADS; to++) {
            CHECK((hub.boxes[from][to] != NULL) == (from != to), "%u -> %u\n", from, to);
            if (from != to)
                CHECK(hub_send(&hub, from, to, (struct message){ .kind = MESSAGE_ADOPT, .value = from * 10 + to }) == WHY_OK,
                      "%u -> %u\n", from, to);
        }
    for (uint32_t to = 0; to < THREADS; to++) {
        uint32_t got_n = 0;
        while (hub_receive(&hub, to, &m)) {
            CHECK(m.from != to && m.value == m.from * 10 + to && m.kind == MESSAGE_ADOPT, "%u got %llu from %u\n", to,
                  (unsigned long long)m.value, m.from);
            got_n++;
        }
        CHECK(got_n == WORKERS, "%u got %u\n", to, got_n);
    }
    close_all(&hub);
}

TEST(hub_keeps_the_order_of_a_sender)
{
    struct hub hub;
    struct message m;

    open_all(&hub);
    for (uint64_t i = 0; i < 100; i++)
        CHECK(hub_send(&hub, 1, 2, (struct message){ .kind = MESSAGE_ADOPT, .value = i }) == WHY_OK, "send\n");
    for (uint64_t i = 0; i < 100; i++)
        CHECK(hub_receive(&hub, 2, &m) && m.value == i, "%llu in place of %llu\n", (unsigned long long)m.value,
              (unsigned long long)i);
    CHECK(!hub_receive(&hub, 2, &m) && !hub_receive(&hub, 1, &m), "more\n");
    close_all(&hub);
}

TEST(hub_wakes_once_and_says_when_it_is_full)
{
    struct ring_event events[8];
    struct hub hub;
    struct message m;
    enum why why = WHY_OK;
    uint32_t sent_n = 0;

    open_all(&hub);
    while ((why = hub_send(&hub, WORKERS, 0, (struct message){ .kind = MESSAGE_DRAIN })) == WHY_OK)
        CHECK(++sent_n <= MAILBOX_MESSAGES_MAX, "a box without an end\n");
    CHECK(why == WHY_MAILBOX_FULL && sent_n == MAILBOX_MESSAGES_MAX, "%u, %s\n", sent_n, why_name(why));
    (void)ring_wait(hub.rings[WORKERS], events, COUNT(events), 0, 1, 0); /* A wake-up leaves with the sender's wait. */
    CHECK(ring_wait(hub.rings[0], events, COUNT(events), RING_WAIT_NS_MAX, 1, 0) == 1, "not woken exactly once\n");
    CHECK(handle_kind(events[0].handle) == HANDLE_WAKE && handle_slot(events[0].handle) == WORKERS, "who\n");
    while (hub_receive(&hub, 0, &m))
        sent_n--;
    CHECK(sent_n == 0, "%u are lost\n", sent_n);
    CHECK(hub_send(&hub, WORKERS, 0, (struct message){ .kind = MESSAGE_DRAIN }) == WHY_OK, "not after it was emptied\n");
    (void)ring_wait(hub.rings[WORKERS], events, COUNT(events), 0, 1, 0);
    CHECK(ring_wait(hub.rings[0], events, COUNT(events), RING_WAIT_NS_MAX, 1, 0) == 1, "asleep again, not woken\n");
    close_all(&hub);
}

CHECK_RUN(RUN(hub_every_pair_has_its_own_box), RUN(hub_keeps_the_order_of_a_sender), RUN(hub_wakes_once_and_says_when_it_is_full))
