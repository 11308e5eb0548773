/* publisher_test.c - a configuration is whole before a worker hears of it, or nothing has changed.
 *
 * Method: texts, real sockets; another socket takes a port away. What workers would say is said by the test.
 */
#include "worker/publisher.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/check.h"

#include "conf/candidate.h"
#include "conf/load.h"
#include "io/socket.h"
#include "proto/address.h"
#include "worker/self_signed.h"

#include "io/socket_address.h"

enum { WORKERS = 2 };

struct world {
    struct publisher p;
    struct diag     *diag;
    char             dir[64];
};

static struct world *world_open(void)
{
    struct world *w = calloc(1, sizeof(*w));

    CHECK(w != NULL && (w->diag = calloc(1, sizeof(*w->diag))) != NULL && tls_init() == WHY_OK, "no memory\n");
    snprintf(w->dir, sizeof(w->dir), "/tmp/publisher_test.XXXXXX");
    CHECK(mkdtemp(w->dir) != NULL && self_signed_ensure(w->dir), "no folder\n");
    CHECK(publisher_open(&w->p, WORKERS) == WHY_OK, "no memory\n");
    return w;
}

static void world_close(struct world *w)
{
    char path[128];

    publisher_close(&w->p);
    snprintf(path, sizeof(path), "%s/self-signed.pem", w->dir);
    (void)unlink(path);
    rmdir(w->dir);
    free(w->diag);
    free(w);
}

/* A port that nobody has, as far as one can know. */
static uint16_t free_port(void)
{
    static const uint8_t here[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };
    struct socket_address addr;
    uint8_t address[16];
    uint16_t port;
    int fd, error;

    socket_address_join(here, 0, &addr);
    CHECK(socket_listen(&addr, 1, &fd, &error) == WHY_OK, "no port\n");
    socket_local(fd, &addr);
    socket_address_split(&addr, address, &port);
    socket_close_now(fd);
    return port;
}

static enum why prepare(struct world *w, const char *text, struct publication **out)
{
    struct candidate_options options = { .state_dir = w->dir };
    struct snapshot *snapshot = NULL;
    enum why why;

    diag_init(w->diag);
    struct candidate *c = candidate_open(&options, w->diag);
    candidate_add(c, "a.yaml", span_str(text));
    why = candidate_compile(c, 1, &snapshot);
    candidate_close(c);
    CHECK(why == WHY_OK, "%s\n", w->diag->items[0].text);
    why = publisher_prepare(&w->p, snapshot, w->diag, out);
    if (why != WHY_OK)
        conf_free(snapshot); /* It stayed ours. */
    return why;
}

/* ... and published. */
static enum why publish(struct world *w, const char *text, struct publication **out)
{
    enum why why = prepare(w, text, out);

    if (why == WHY_OK)
        publisher_publish(&w->p, *out);
    return why;
}

/* What every worker would do with its sockets, and then: nothing of it is used any more. */
static void close_sockets(struct publication *pub)
{
    for (uint32_t worker = 0; worker < WORKERS; worker++)
        for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++)
            if (pub->fds[worker][slot] >= 0)
                socket_close_now(pub->fds[worker][slot]);
}

static void leave(struct world *w, const struct publication *pub)
{
    const struct snapshot *s = pub->snapshot;

    for (uint32_t worker = 0; worker < WORKERS; worker++)
        publisher_left(&w->p, s);
}

/* Descriptors of this process. */
static uint32_t open_n(void)
{
    DIR *dir = opendir("/proc/self/fd");
    uint32_t n = 0;

    CHECK(dir != NULL, "/proc\n");
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static uint32_t sockets_n(const struct publication *pub)
{
    uint32_t n = 0;

    for (uint32_t worker = 0; worker < WORKERS; worker++)
        for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++)
            n += pub->fds[worker][slot] >= 0;
    return n;
}

static uint32_t list_n(const struct list *l)
{
    uint32_t n = 0;

    for (const struct list_node *node = l->head.next; node != &l->head; node = node->next)
        n++;
    return n;
}

#define CLEAR "{type: MeshGateway, name: edge, conf: {listeners: [{port: %u, protocol: HTTP}]}}\n"                    \
    "---\n{type: ForgeListener, name: l, spec: {targetRef: {kind: MeshGateway, name: edge}, addresses: [127.0.0.1]}}\n"
#define TWO "{type: MeshGateway, name: edge, conf: {listeners: [{port: %u, protocol: HTTP}, {port: %u, protocol: HTTP}]}}\n" \
    "---\n{type: ForgeListener, name: l, spec: {targetRef: {kind: MeshGateway, name: edge}, addresses: [127.0.0.1]}}\n"
#define SECURE "{type: MeshGateway, name: edge, conf: {listeners: [{port: %u, protocol: HTTPS, hostname: %s, tls: {certificates: [{secret: forge-self-signed}]}}]}}\n" \
    "---\n{type: ForgeListener, name: l, spec: {targetRef: {kind: MeshGateway, name: edge}, addresses: [127.0.0.1]}}\n"

TEST(publisher_binds_what_is_new)
{
    struct world *w = world_open();
    struct publication *first = NULL, *second = NULL, *third = NULL;
    uint16_t port = free_port(), other = free_port();
    char text[1024];

    snprintf(text, sizeof(text), CLEAR, port);
    enum why why = publish(w, text, &first);
    CHECK(why == WHY_OK, "%s\n", w->diag->items[0].text);
    CHECK(sockets_n(first) == WORKERS, "%u sockets\n", sockets_n(first));
    CHECK(publish(w, text, &second) == WHY_OK && sockets_n(second) == 0, "bound again\n");
    uint32_t slot = 0;
    while (slot < LISTENERS_MAX && second->listeners[slot] == NULL)
        slot++;
    CHECK(slot < LISTENERS_MAX && first->listeners[slot] != NULL, "the same address has another slot\n");
    snprintf(text, sizeof(text), CLEAR, other);
    CHECK(publish(w, text, &third) == WHY_OK && sockets_n(third) == WORKERS && third->listeners[slot] == NULL, "moved\n");
    CHECK(list_n(&w->p.live) == 3, "%u live\n", list_n(&w->p.live));
    close_sockets(first);
    close_sockets(third);
    leave(w, second);
    leave(w, first);
    leave(w, third);
    world_close(w);
}

TEST(publisher_changes_nothing_when_it_fails)
{
    struct world *w = world_open();
    struct publication *first = NULL, *none = NULL;
    uint16_t port = free_port(), taken = free_port();
    struct socket_address addr;
    uint8_t here[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };
    char text[1024];

    snprintf(text, sizeof(text), CLEAR, port);
    CHECK(publish(w, text, &first) == WHY_OK, "%s\n", w->diag->items[0].text);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* Without SO_REUSEPORT, as another program would. */
    socket_address_join(here, taken, &addr);
    CHECK(fd >= 0 && bind(fd, &addr.any, addr.bytes_n) == 0 && listen(fd, 1) == 0, "port\n");
    snprintf(text, sizeof(text), CLEAR, taken);
    CHECK(publish(w, text, &none) == WHY_CONF_BAD && none == NULL, "taken\n");
    CHECK(strstr(w->diag->items[0].text, "cannot listen") != NULL && strstr(w->diag->items[0].text, "another program has this address") != NULL,
          "%s\n", w->diag->items[0].text);
    CHECK(list_n(&w->p.live) == 1 && w->p.publications.live_n == 1, "something has changed\n");
    for (uint32_t slot = 0; slot < LISTENERS_MAX; slot++)
        CHECK(w->p.slots[slot].is_used == (first->listeners[slot] != NULL), "slot %u\n", slot);
    char both[1024];
    uint32_t before_n = open_n();
    snprintf(both, sizeof(both), TWO, free_port(), taken); /* What was bound before the one that fails is let go. */
    CHECK(publish(w, both, &none) == WHY_CONF_BAD && open_n() == before_n, "%u descriptors, %u before\n", open_n(), before_n);
    pool_fail_after(&w->p.publications, 1);
    CHECK(publish(w, text, &none) == WHY_POOL_EPOCH_EMPTY && w->diag->errors_n == 1, "no room\n");
    socket_close_now(fd);
    CHECK(publish(w, text, &none) == WHY_OK, "the port is free again: %s\n", w->diag->items[0].text);
    close_sockets(first);
    close_sockets(none);
    leave(w, none);
    leave(w, first);
    world_close(w);
}

TEST(publisher_discards_without_a_trace)
{
    struct world *w = world_open();
    struct publication *first = NULL, *second = NULL;
    uint16_t port = free_port();
    uint32_t before_n = open_n();
    char text[1024];

    snprintf(text, sizeof(text), SECURE, port, "a.example");
    CHECK(prepare(w, text, &first) == WHY_OK && sockets_n(first) == WORKERS && list_n(&w->p.live) == 0, "%s\n", w->diag->items[0].text);
    publisher_discard(&w->p, first);
    CHECK(open_n() == before_n && w->p.publications.live_n == 0 && w->p.tls_entries.live_n == 0, "something is left\n");
    CHECK(publish(w, text, &second) == WHY_OK && sockets_n(second) == WORKERS, "its address counts as bound\n");
    close_sockets(second);
    leave(w, second);
    world_close(w);
}

TEST(publisher_frees_when_the_last_worker_left)
{
    struct world *w = world_open();
    struct publication *first = NULL;
    char text[1024];

    snprintf(text, sizeof(text), CLEAR, free_port());
    CHECK(publish(w, text, &first) == WHY_OK, "%s\n", w->diag->items[0].text);
    close_sockets(first);
    publisher_left(&w->p, first->snapshot);
    CHECK(w->p.publications.live_n == 1 && first->left_n == 1, "freed under a worker\n");
    publisher_left(&w->p, first->snapshot);
    CHECK(w->p.publications.live_n == 0 && list_is_empty(&w->p.live), "not freed\n");
    world_close(w);
}

/* The same certificate and settings are the same context, over all snapshots and listeners; the last user frees it. */
TEST(publisher_shares_contexts_by_digest)
{
    struct world *w = world_open();
    struct publication *first = NULL, *second = NULL, *third = NULL;
    uint16_t port = free_port();
    char text[2048];

    snprintf(text, sizeof(text), SECURE, port, "a.example");
    CHECK(publish(w, text, &first) == WHY_OK, "%s\n", w->diag->items[0].text);
    CHECK(w->p.tls_entries.live_n == 1 && first->snapshot->tls_servers[0][0] != NULL, "%u contexts\n", w->p.tls_entries.live_n);
    CHECK(first->snapshot->tls_servers[0][0] != first->snapshot->tls_servers[1][0], "two workers share one\n");
    CHECK(publish(w, text, &second) == WHY_OK && w->p.tls_entries.live_n == 1, "%u contexts\n", w->p.tls_entries.live_n);
    CHECK(second->snapshot->tls_servers[1][0] == first->snapshot->tls_servers[1][0], "made again\n");
    snprintf(text + strlen(text), sizeof(text) - strlen(text),
             "---\n{type: ForgeListener, name: m, spec: {targetRef: {kind: MeshGateway, name: edge}, tls: {versionMin: TLS13}}}\n");
    CHECK(publish(w, text, &third) == WHY_OK && w->p.tls_entries.live_n == 2, "%u contexts\n", w->p.tls_entries.live_n);
    close_sockets(first);
    leave(w, first);
    CHECK(w->p.tls_entries.live_n == 2, "freed under the second\n");
    leave(w, second);
    CHECK(w->p.tls_entries.live_n == 1, "not freed\n");
    leave(w, third);
    CHECK(w->p.tls_entries.live_n == 0, "not freed\n");
    world_close(w);
}

TEST(publisher_refuses_a_context_that_cannot_be_made)
{
    struct world *w = world_open();
    struct publication *none = NULL;
    char text[2048];

    snprintf(text, sizeof(text), SECURE, free_port(), "a.example");
    pool_fail_after(&w->p.tls_entries, 1);
    CHECK(publish(w, text, &none) == WHY_CONF_BAD && strstr(w->diag->items[0].text, "too many different TLS") != NULL, "%s\n", w->diag->items[0].text);
    CHECK(w->p.tls_entries.live_n == 0 && w->p.publications.live_n == 0, "something is left\n");
    snprintf(text, sizeof(text), "{type: MeshGateway, name: edge, conf: {listeners: [{port: %u, protocol: HTTPS, hostname: a, tls: {certificates: ["
             "{inlineString: \"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n-----BEGIN PRIVATE KEY-----\\nAAAA\\n"
             "-----END PRIVATE KEY-----\\n\"}]}}]}}\n", free_port());
    CHECK(publish(w, text, &none) == WHY_CONF_BAD && strstr(w->diag->items[0].text, "host 'a'") != NULL, "%s\n", w->diag->items[0].text);
    CHECK(w->p.tls_entries.live_n == 0 && w->p.publications.live_n == 0, "something is left\n");
    world_close(w);
}

CHECK_RUN(RUN(publisher_binds_what_is_new), RUN(publisher_changes_nothing_when_it_fails),
          RUN(publisher_discards_without_a_trace), RUN(publisher_frees_when_the_last_worker_left),
          RUN(publisher_shares_contexts_by_digest), RUN(publisher_refuses_a_context_that_cannot_be_made))
