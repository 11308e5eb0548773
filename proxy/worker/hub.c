/* hub.c - see hub.h. */
#include "worker/hub.h"

#include <string.h>

#include "base/must.h"

enum why hub_open(struct hub *hub, uint32_t workers_n)
{
    enum why why;

    MUST(workers_n >= 1 && workers_n <= WORKERS_MAX);
    memset(hub, 0, sizeof(*hub));
    hub->workers_n = workers_n;
    for (uint32_t from = 0; from <= workers_n; from++) {
        for (uint32_t to = 0; to <= workers_n; to++) {
            if (from != to && (why = mailbox_open(&hub->boxes[from][to])) != WHY_OK) {
                hub_close(hub);
                return why;
            }
        }
    }
    return WHY_OK;
}

void hub_close(struct hub *hub)
{
    for (uint32_t from = 0; from <= hub->workers_n; from++) {
        for (uint32_t to = 0; to <= hub->workers_n; to++) {
            if (hub->boxes[from][to] != NULL)
                mailbox_close(hub->boxes[from][to]);
            hub->boxes[from][to] = NULL;
        }
    }
}

enum why hub_send(struct hub *hub, uint32_t from, uint32_t to, struct message m)
{
    bool must_wake = false;
    enum why why;

    MUST(from != to && from <= hub->workers_n && to <= hub->workers_n);
    m.from = from;
    why = mailbox_push(hub->boxes[from][to], m, &must_wake);
    if (why == WHY_OK && must_wake) {
        struct ring *target = __atomic_load_n(&hub->rings[to], __ATOMIC_ACQUIRE);

        MUST(target != NULL);
        ring_post(hub->rings[from], target, handle_of(HANDLE_WAKE, from, 0));
    }
    return why;
}

bool hub_receive(struct hub *hub, uint32_t to, struct message *out_message)
{
    for (uint32_t from = 0; from <= hub->workers_n; from++) {
        if (from != to && mailbox_pop(hub->boxes[from][to], out_message))
            return true;
    }
    return false;
}
